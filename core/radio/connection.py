"""One connection to one device: reads, writes and notifications with deadlines.

Characteristics are named by UUID, never by handle: BlueZ shows declaration handles, others do
not (bleak notes 4).  Every failure is a fault of `core.radio.faults`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from core.fault import FaultError
from core.radio import errors, faults
from core.radio.api import Host, Known

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.backends.characteristic import BleakGATTCharacteristic
    from bleak.backends.service import BleakGATTService

T = TypeVar("T")

ANSWER = 10.0
"""Seconds for one request; the meter's module may listen only every 2.5 s (meter sheet 2.3)."""
CLOSING = 12.0


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One characteristic as the device declares it; UUIDs in their 128-bit form, lower case."""

    service: str
    uuid: str
    handle: int
    properties: tuple[str, ...]


class Connection:
    """An open connection.  `lost` is set once it has ended, whoever ended it.

    Close it in any case: BlueZ keeps a connection when a program dies, and locks others out.
    """

    def __init__(
        self,
        client: BleakClient,
        host: Host,
        adapter: str,
        address: str,
        released: Callable[[], None],
        forgotten: Callable[[str], None],
    ) -> None:
        self.adapter, self.address = adapter, address
        self.lost = asyncio.Event()
        self._client, self._host, self._released = client, host, released
        self._forgotten = forgotten
        self._closed = False

    # -- the table -------------------------------------------------------------------------

    def characteristics(self) -> list[Characteristic]:
        """The attribute table, by handle."""
        found = [
            Characteristic(c.service_uuid, c.uuid, c.handle, tuple(c.properties))
            for service in self._services()
            for c in service.characteristics
        ]
        return sorted(found, key=lambda c: c.handle)

    def has(self, uuid: str, *, service: str = "") -> bool:
        """Whether the device has this characteristic."""
        return bool(self._named(uuid, service))

    def _services(self) -> list[BleakGATTService]:
        from bleak.exc import BleakError

        try:
            return list(self._client.services)
        except BleakError:
            raise self._ended("Looking at its services") from None

    def _named(self, uuid: str, service: str) -> list[BleakGATTCharacteristic]:
        return [
            c
            for s in self._services()
            for c in s.characteristics
            if c.uuid == uuid.lower() and service.lower() in ("", c.service_uuid)
        ]

    def _one(self, uuid: str, service: str, doing: str) -> BleakGATTCharacteristic:
        found = self._named(uuid, service)
        if not found:
            raise faults.GATT(
                what=f"{doing} failed: {self.address} has no characteristic {uuid}.",
                cause="Its firmware is older than this value, or it is another kind of device.",
                next="Check which device and which firmware this is.",
            )
        return found[0]

    # -- requests --------------------------------------------------------------------------

    async def read(self, uuid: str, *, service: str = "", timeout: float = ANSWER) -> bytes:
        """The value of a characteristic.  Raises RADIO-LOST, RADIO-SLOW, RADIO-GATT."""
        doing = f"Reading {short(uuid)}"
        char = self._one(uuid, service, doing)
        return bytes(await self._ask(self._client.read_gatt_char(char), doing, timeout))

    async def write(
        self,
        uuid: str,
        data: bytes,
        *,
        response: bool = False,
        service: str = "",
        timeout: float = ANSWER,
    ) -> None:
        """Write a characteristic.  Without `response` only the sending is sure.

        Raises RADIO-LOST, RADIO-SLOW, RADIO-GATT.
        """
        doing = f"Writing {short(uuid)}"
        char = self._one(uuid, service, doing)
        writing = self._client.write_gatt_char(char, data, response=response)
        await self._ask(writing, doing, timeout)

    async def subscribe(
        self,
        uuid: str,
        sink: Callable[[bytes], None],
        *,
        service: str = "",
        timeout: float = ANSWER,
    ) -> None:
        """Call `sink` with each notification until the end.  Raises as `read`."""
        doing = f"Subscribing to {short(uuid)}"
        char = self._one(uuid, service, doing)

        def notified(_: BleakGATTCharacteristic, data: bytearray) -> None:
            sink(bytes(data))

        await self._ask(self._client.start_notify(char, notified), doing, timeout)

    async def pair(self, timeout: float = 30.0) -> None:
        """Bond with the device; an agent must be there (`Radio.agent`).  Raises as `read`."""
        await self._ask(self._client.pair(), "Pairing", timeout)

    async def known(self) -> Known:
        """What this computer holds of the device: connected, paired, bonded."""
        return await self._host.known(self.adapter, self.address)

    async def forget(self) -> None:
        """Remove the device with its bond from this computer; that ends the connection."""
        await self._host.forget(self.adapter, self.address)
        self._forgotten(self.address)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING):
                await self.lost.wait()

    async def _ask(self, request: Awaitable[T], doing: str, timeout: float) -> T:
        """One request against its deadline and against the end of the connection."""
        asked = asyncio.ensure_future(request)
        ended = asyncio.ensure_future(self.lost.wait())
        try:
            await asyncio.wait([asked, ended], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                raise self._ended(doing) if self.lost.is_set() else self._slow(doing, timeout)
            return asked.result()
        except Exception as error:
            raise self._fault(error, doing) from error
        finally:
            for task in (asked, ended):
                task.cancel()
            await asyncio.gather(asked, ended, return_exceptions=True)

    # -- its end ---------------------------------------------------------------------------

    async def close(self) -> None:
        """Disconnect and give the radio back.  Never raises; may be repeated; a cancel of the
        caller does not stop it half-way."""
        if not self._closed:
            self._closed = True
            await asyncio.shield(asyncio.ensure_future(self._close()))

    async def _close(self) -> None:
        try:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(CLOSING):
                    await self._client.disconnect()
        finally:
            self.lost.set()
            self._released()

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # -- faults ----------------------------------------------------------------------------

    def _fault(self, error: Exception, doing: str) -> FaultError:
        from bleak.exc import BleakGATTProtocolError

        if isinstance(error, FaultError):
            return error
        if self.lost.is_set() or not self._client.is_connected:
            return self._ended(doing)
        if isinstance(error, BleakGATTProtocolError):
            code = int(error.code)
            return faults.GATT(
                what=f"{doing} failed: {self.address} answered with ATT error 0x{code:02X}.",
                cause=_ATT.get(code, "The device refuses this request."),
                next="Try again; if it stays so, connect anew.",
            )
        return errors.fault_of(error, doing)

    def _ended(self, doing: str) -> FaultError:
        return faults.LOST(
            what=f"{doing} failed: the connection to {self.address} has ended.",
            cause="The device hung up (the meter's module does after 5 minutes) or went out of "
            "range.",
            next="Connect again.",
            state="What was answered before has been done; the last request may have been.",
        )

    def _slow(self, doing: str, timeout: float) -> FaultError:
        return faults.SLOW(
            what=f"{doing} failed: {self.address} did not answer within {timeout:.0f} s.",
            cause="The device is busy, for example with its meter, or the link is bad.",
            next="Try again; if it stays so, connect anew.",
            state="The last request may have been done.",
        )


_ATT = {
    0x02: "This value cannot be read.",
    0x03: "This value cannot be written.",
    0x05: "The device wants a pairing first.",
    0x0D: "The length of the value is wrong for this firmware.",
    0x0E: "The device did not answer for 30 s.",
    0x0F: "The device wants an encrypted link.",
}


def short(uuid: str) -> str:
    """An assigned UUID as its four digits, others as they are."""
    assigned = uuid.lower().endswith("-0000-1000-8000-00805f9b34fb")
    return uuid[4:8].upper() if assigned else uuid
