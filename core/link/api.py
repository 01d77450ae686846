"""What every serial line looks like to a device client.

A link is strictly half duplex in use: a client writes a request, then reads until it has the
answer or the deadline is past.  The real one is in `core.link.serial_port`, the one for tests in
`core.link.memory`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol


class Link(Protocol):
    """An open serial line.  All times are seconds of the loop's clock.

    Every call may raise FaultError `LINK-GONE` (unplugged, or the other end closed).
    """

    @property
    def name(self) -> str:
        """The port as the technician named it."""

    @property
    def baud(self) -> int:
        """The speed now set on our side."""

    async def write(self, data: bytes) -> None:
        """Hand all of `data` to the port in one piece; returns when the port has taken it.

        Raises FaultError `LINK-STUCK` when the port does not take it in time.
        """

    async def flush(self) -> None:
        """Wait until everything written has left the wire (line time and adapter queue)."""

    async def read(self, limit: int, timeout: float) -> bytes:
        """Whatever has arrived, up to `limit` bytes, at once when there is something; waits up
        to `timeout` for the first byte.  Empty means that nothing came."""

    async def read_exactly(self, count: int, timeout: float) -> bytes:
        """Up to `count` bytes; fewer when `timeout` passes before all have come."""

    async def quiet(self, silence: float, limit: float) -> bytes:
        """Throw input away until the line was silent for `silence`, at most `limit` seconds.
        Returns the last 256 bytes thrown away (evidence)."""

    async def set_baud(self, baud: int) -> None:
        """Change our side's speed in place; unread input stays.  Raises `LINK-BAUD`."""

    async def set_lines(self, *, dtr: bool, rts: bool) -> None:
        """Drive the modem lines (True is asserted, low at the adapter's pin).  Ports without
        them (pty, socket) ignore it."""

    async def send_break(self, seconds: float) -> None:
        """Hold TX low.  Ports that cannot ignore it."""

    async def close(self) -> None:
        """Close once, without waiting for the other side.  Never raises; may be repeated."""


OpenPort = Callable[[str, int, str], Awaitable[Link]]
"""(port, baud, holder) -> an open link.  `holder` names the job for whoever finds the port busy.
Raises the LINK-* faults of opening."""
