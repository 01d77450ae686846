"""A simulated programmer with its module as a serial port, ready to be opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.sim.module import Module
from core.sim.module_options import DEFAULT, ModuleOptions
from core.sim.serve import Served

GAP = 0.002
"""A pty delivers in pieces, so a request ends with a longer silence than 24 bits."""
OWN_TIME = 0.001
"""What a pty and the two programs at its ends need themselves, per request."""


def for_pty(options: ModuleOptions) -> ModuleOptions:
    """The same options for a pty: its own times count as part of the host's."""
    return replace(options, gap=GAP, host=max(0.0, options.host - GAP - OWN_TIME))


async def serve_module(
    flash: bytes,
    options: ModuleOptions = DEFAULT,
    symlink: Path | None = None,
    returns_after: float | None = None,
) -> tuple[Module, Served[Module]]:
    """A module with this flash and its programmer's port, on the running loop; see `Served`.

    Raises FaultError SIM-PTY.
    """
    served = Served(Module(flash, for_pty(options)), symlink, returns_after)
    return served.device, served
