"""A simulated device behind an adapter: a serial port, ready to be opened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from core.sim.plug import Plug, PlugOptions
from core.sim.plug_options import DEFAULT
from core.sim.pty import Device, PtyPort


class Adapted(Device, Protocol):
    """A device whose adapter can be pulled out.

    It calls `on_vanish` when that happens on order, and asks `host_baud` how fast the host
    listens.
    """

    on_vanish: Callable[[], None] | None
    host_baud: Callable[[], int] | None

    def detach(self) -> None:
        """The adapter is pulled out."""


D = TypeVar("D", bound=Adapted)


class Served(Generic[D]):
    """`device` behind a port of its own, until `unplug`.  Needs a running loop.

    When the adapter vanishes on order it is plugged in again `returns_after` seconds later, the
    same device in the state it was left in; None leaves it out.  The new port has a new `path`;
    `symlink`, if given, points to it again.  Raises FaultError SIM-PTY.
    """

    def __init__(
        self, device: D, symlink: Path | None = None, returns_after: float | None = None
    ) -> None:
        self.device = device
        self._symlink = symlink
        self._returns_after = returns_after
        self._return: asyncio.TimerHandle | None = None
        self._port = PtyPort(device, symlink)
        device.host_baud = lambda: self._port.host_baud
        device.on_vanish = self._vanished

    @property
    def path(self) -> str:
        """What a client opens."""
        return self._port.path if self._symlink is None else str(self._symlink)

    def unplug(self) -> None:
        """Close the port for good; may be repeated."""
        if self._return is not None:
            self._return.cancel()
        self.device.detach()
        self._port.unplug()

    def _vanished(self) -> None:
        self._port.unplug()
        if self._returns_after is not None:
            loop = asyncio.get_running_loop()
            self._return = loop.call_later(self._returns_after, self._plugged_in)

    def _plugged_in(self) -> None:
        self._port = PtyPort(self.device, self._symlink)


async def serve_plug(
    flash: bytes,
    options: PlugOptions = DEFAULT,
    symlink: Path | None = None,
    returns_after: float | None = None,
) -> tuple[Plug, Served[Plug]]:
    """A plug with this flash and its port, on the running loop; see `Served`.

    Raises FaultError SIM-PTY or SIM-FLASH.
    """
    served = Served(Plug(flash, options), symlink, returns_after)
    return served.device, served
