"""A simulated plug as a serial port, ready to be opened."""

from __future__ import annotations

from pathlib import Path

from core.sim.plug import Plug, PlugOptions
from core.sim.plug_options import DEFAULT
from core.sim.pty import PtyPort


async def serve_plug(
    flash: bytes, options: PlugOptions = DEFAULT, symlink: Path | None = None
) -> tuple[Plug, PtyPort]:
    """Put a plug with this flash behind a new port; `port.unplug()` ends it.

    Raises FaultError SIM-PTY or SIM-FLASH.
    """
    plug = Plug(flash, options)
    port = PtyPort(plug, symlink)
    plug.host_baud = lambda: port.host_baud
    plug.on_vanish = port.unplug
    return plug, port
