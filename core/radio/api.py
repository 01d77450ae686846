"""What the radio runs on: bleak's classes, and a host that knows its adapters.

The real ones are bleak's own BlueZ backend and `core.radio.bluez`.  `--demo` and fast tests put
others here; nothing else of the radio is ever replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bleak.backends.client import BaseBleakClient
    from bleak.backends.scanner import BaseBleakScanner


@dataclass(frozen=True, slots=True)
class Adapter:
    """One Bluetooth adapter.

    `name` is the kernel's (hci0), which may change at each boot; the address stays.  `blocked` is
    rfkill.  `monitor` says whether adverts can be watched passively, `pairable` whether the host
    would bond now, which on BlueZ means that an agent is registered.
    """

    name: str
    address: str
    powered: bool
    blocked: bool = False
    monitor: bool = False
    pairable: bool = False
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the host knows of one device."""

    connected: bool = False
    paired: bool = False
    bonded: bool = False


class Host(Protocol):
    """The Bluetooth stack of this computer.  Every call may raise the faults of `core.radio`."""

    @property
    def epoch(self) -> int:
        """Counts the events that end a running scan: power off, adapter gone, stack restarted."""

    async def adapters(self) -> list[Adapter]:
        """All adapters, ordered by name."""

    async def known(self, adapter: str, address: str) -> Known:
        """What it knows of a device; a device that it does not know is nothing of all this."""

    async def forget(self, adapter: str, address: str) -> None:
        """Drop the device with its bond, and the connection to it."""

    async def hang_up(self, adapter: str, address: str) -> None:
        """End the connection to a device, whichever program of this computer made it."""

    def agent(self) -> AbstractAsyncContextManager[None]:
        """While inside, the host pairs without asking anybody (NoInputNoOutput)."""

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever an adapter or the stack comes, goes or changes its power."""

    async def close(self) -> None:
        """Let go of the connection to the stack."""


class Backends(Protocol):
    """Where bleak and its host come from.  None for a class means bleak's own."""

    @property
    def scanner(self) -> type[BaseBleakScanner] | None:
        """For `BleakScanner(backend=)`."""

    @property
    def client(self) -> type[BaseBleakClient] | None:
        """For `BleakClient(backend=)`."""

    def host(self) -> Host:
        """A host for the loop that runs now."""
