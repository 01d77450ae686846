"""A simulated plug as a serial port, ready to be opened."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.sim.plug import Plug, PlugOptions
from core.sim.plug_options import DEFAULT
from core.sim.pty import PtyPort


class ServedPlug:
    """A plug with this flash behind a port of its own, until `unplug`.  Needs a running loop.

    When the adapter vanishes on order it is plugged in again `returns_after` seconds later, the
    same chip in the state it was left in; None leaves it out.  The new port has a new `path`;
    `symlink`, if given, points to it again.  Raises FaultError SIM-PTY or SIM-FLASH.
    """

    def __init__(
        self,
        flash: bytes,
        options: PlugOptions = DEFAULT,
        symlink: Path | None = None,
        returns_after: float | None = None,
    ) -> None:
        self.plug = Plug(flash, options)
        self._symlink = symlink
        self._returns_after = returns_after
        self._return: asyncio.TimerHandle | None = None
        self._port = PtyPort(self.plug, symlink)
        self.plug.host_baud = lambda: self._port.host_baud
        self.plug.on_vanish = self._vanished

    @property
    def path(self) -> str:
        """What a client opens."""
        return self._port.path if self._symlink is None else str(self._symlink)

    def unplug(self) -> None:
        """Close the port for good; may be repeated."""
        if self._return is not None:
            self._return.cancel()
        self._port.unplug()

    def _vanished(self) -> None:
        self._port.unplug()
        if self._returns_after is not None:
            loop = asyncio.get_running_loop()
            self._return = loop.call_later(self._returns_after, self._plugged_in)

    def _plugged_in(self) -> None:
        self._port = PtyPort(self.plug, self._symlink)


async def serve_plug(
    flash: bytes,
    options: PlugOptions = DEFAULT,
    symlink: Path | None = None,
    returns_after: float | None = None,
) -> tuple[Plug, ServedPlug]:
    """The plug and its port, on the running loop; see `ServedPlug`."""
    served = ServedPlug(flash, options, symlink, returns_after)
    return served.plug, served
