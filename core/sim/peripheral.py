"""What a simulated Bluetooth device looks like to the simulated air and to a central.

A device is a `Peripheral`: bytes that it advertises, and an attribute table when it can be
connected.  It lives on the air's loop.  All its methods but `read` and `write` are instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

BASE_UUID = "0000{:04x}-0000-1000-8000-00805f9b34fb"


def uuid16(number: int) -> str:
    """The 128-bit text of an assigned 16-bit UUID."""
    return BASE_UUID.format(number)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One descriptor with the value that reading it gives."""

    handle: int
    uuid: str
    value: bytes = b""


@dataclass(frozen=True, slots=True)
class Characteristic:
    """`handle` is that of the declaration, as BlueZ shows it; the value is at handle + 1.

    `flags` are BlueZ's words: read, write, write-without-response, notify, indicate.
    """

    handle: int
    uuid: str
    flags: tuple[str, ...]
    descriptors: tuple[Descriptor, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """One primary service."""

    handle: int
    uuid: str
    characteristics: tuple[Characteristic, ...] = ()


class AttError(Exception):
    """An error response of the device; `code` is the ATT error."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error 0x{code:02x}")
        self.code = code


class Central(Protocol):
    """The other end of a connection, as the device sees it."""

    @property
    def address(self) -> str:
        """The address of the central's adapter."""

    def notify(self, handle: int, data: bytes) -> None:
        """Send a notification; `handle` is that of the declaration."""

    def hang_up(self) -> None:
        """End the connection from the device's side (reason 0x13)."""


class Peripheral:
    """One device in the air; subclasses say what it is.  This one advertises nothing.

    `interval` is the advertising interval in seconds, to which the air adds up to 10 ms by
    chance.  `setup` and `delay` are what connecting and each ATT answer take, in seconds.
    """

    interval: tuple[float, float] = (0.25, 0.30)
    public = True
    setup = 0.3
    delay = 0.03
    wants_bond = False
    """Whether it sends a Security Request after each connect."""

    def __init__(self, address: str, rssi: int = -60) -> None:
        self.address, self.rssi = address, rssi

    def advert(self) -> bytes:
        """AD structures of the next advertising event, at most 31 bytes; empty is silence."""
        return b""

    def scan_response(self) -> bytes:
        """AD structures that only an active scanner gets."""
        return b""

    @property
    def connectable(self) -> bool:
        """Whether its adverts may be answered with a connection."""
        return bool(self.services())

    def services(self) -> tuple[Service, ...]:
        """Its attribute table; empty for a mere broadcaster."""
        return ()

    def accepts(self, central: str) -> bool:
        """Whether its link layer hears a CONNECT_IND of this address at all."""
        return True

    def connected(self, central: Central) -> None:
        """A central has connected; advertising has stopped."""

    def disconnected(self) -> None:
        """The connection is over; advertising goes on."""

    def subscribe(self, handle: int, on: bool) -> None:
        """The CCCD of a characteristic is written."""

    async def read(self, handle: int) -> bytes:
        """The value of a characteristic.  Raises AttError."""
        raise AttError(0x02)

    async def write(self, handle: int, data: bytes, *, response: bool) -> None:
        """Write a characteristic.  Raises AttError (a command without response has no answer)."""
        raise AttError(0x03)

    def bonded(self, central: str) -> None:
        """Pairing with this central is complete."""

    def knows(self, central: str) -> bool:
        """Whether it holds a bond with this central, so that stored keys fit."""
        return False
