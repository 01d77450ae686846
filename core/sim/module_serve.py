"""A simulated programmer with its module as a serial port, ready to be opened."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from core.sim.module import Module
from core.sim.module_options import DEFAULT, ModuleOptions
from core.sim.pty import PtyPort

GAP = 0.002
"""A pty delivers in pieces, so a request ends with a longer silence than 24 bits."""
OWN_TIME = 0.001
"""What a pty and the two programs at its ends need themselves, per request."""


def for_pty(options: ModuleOptions) -> ModuleOptions:
    """The same options for a pty: its own times count as part of the host's."""
    return replace(options, gap=GAP, host=max(0.0, options.host - GAP - OWN_TIME))


class ServedModule:
    """A module with this flash behind a port of its own, until `unplug`.  Needs a running loop.

    When the adapter vanishes on order it is plugged in again `returns_after` seconds later; None
    leaves it out.  `symlink`, if given, points to the port.  Raises FaultError SIM-PTY.
    """

    def __init__(
        self,
        flash: bytes,
        options: ModuleOptions = DEFAULT,
        symlink: Path | None = None,
        returns_after: float | None = None,
    ) -> None:
        self.module = Module(flash, for_pty(options))
        self._symlink = symlink
        self._returns_after = returns_after
        self._return: asyncio.TimerHandle | None = None
        self._port = PtyPort(self.module, symlink)
        self.module.host_baud = lambda: self._port.host_baud
        self.module.on_vanish = self._vanished

    @property
    def path(self) -> str:
        """What a client opens."""
        return self._port.path if self._symlink is None else str(self._symlink)

    def unplug(self) -> None:
        """Close the port for good; may be repeated."""
        if self._return is not None:
            self._return.cancel()
        self.module.detach()
        self._port.unplug()

    def _vanished(self) -> None:
        self._port.unplug()
        if self._returns_after is not None:
            loop = asyncio.get_running_loop()
            self._return = loop.call_later(self._returns_after, self._plugged_in)

    def _plugged_in(self) -> None:
        self._port = PtyPort(self.module, self._symlink)
