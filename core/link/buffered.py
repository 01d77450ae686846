"""What every link of ours is made of: a name, a speed, an inbox, and the line time it owes."""

from __future__ import annotations

import asyncio

from core.link import faults
from core.link.inbox import Inbox

BITS = 10
"""A byte on the wire: start, eight data bits, stop (8N1)."""


class BufferedLink:
    """A `Link` but for `write` and `close`; whoever has modem lines drives them, too.

    What arrives is fed to `_inbox`, which is failed when the line is lost.
    """

    def __init__(self, name: str, baud: int) -> None:
        self._name = name
        self._baud = baud
        self._inbox = Inbox()
        self._sent_by = 0.0

    @property
    def name(self) -> str:
        return self._name

    @property
    def baud(self) -> int:
        return self._baud

    async def flush(self) -> None:
        self._inbox.check()
        await asyncio.sleep(self._owed)
        self._inbox.check()

    async def read(self, limit: int, timeout: float) -> bytes:
        return await self._inbox.read(limit, timeout)

    async def read_exactly(self, count: int, timeout: float) -> bytes:
        return await self._inbox.read_exactly(count, timeout)

    async def quiet(self, silence: float, limit: float) -> bytes:
        return await self._inbox.quiet(silence, limit)

    async def set_baud(self, baud: int) -> None:
        self._inbox.check()
        if baud <= 0:
            raise faults.bad_baud(self._name, baud, "it is not a speed")
        self._baud = baud

    async def set_lines(self, *, dtr: bool, rts: bool) -> None:
        self._inbox.check()

    async def send_break(self, seconds: float) -> None:
        self._inbox.check()

    # -- line time ---------------------------------------------------------------------------

    def _line_time(self, count: int) -> float:
        """Seconds that `count` bytes take on the wire."""
        return count * BITS / self._baud

    def _sends(self, count: int) -> None:
        """So many bytes follow on the wire as soon as it is free."""
        now = asyncio.get_running_loop().time()
        self._sent_by = max(now, self._sent_by) + self._line_time(count)

    def _sent(self) -> None:
        """Half duplex: an answer proves that the request before it has left."""
        self._sent_by = min(self._sent_by, asyncio.get_running_loop().time())

    @property
    def _owed(self) -> float:
        """Seconds until the last byte has left."""
        return max(0.0, self._sent_by - asyncio.get_running_loop().time())
