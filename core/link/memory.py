"""A serial line in memory: a device client on one end, a simulated device on the other.

No file descriptor, no thread: with a loop whose clock jumps, minutes of line time take
milliseconds.  The host's bytes reach the peer at once together with the host's speed; how long
they take on the wire is the peer's business, in both directions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from core.fault import FaultError
from core.link import faults
from core.link.inbox import Inbox


class Peer(Protocol):
    """A device at the far end."""

    def attach(self, send: Callable[[bytes], None]) -> None:
        """Called once; the device calls `send` at the moment its bytes reach the host."""

    def received(self, data: bytes, baud: int) -> None:
        """The host handed `data` to its port, set to `baud` bits a second."""


class MemoryLink:
    """A `Link` to `peer`.  Must be made and used inside a running loop."""

    def __init__(self, peer: Peer, name: str = "memory", baud: int = 115200) -> None:
        self._name = name
        self._baud = baud
        self._inbox = Inbox()
        self._sent_by = 0.0
        self._open = True
        self._peer = peer
        peer.attach(self._arrived)

    def _arrived(self, data: bytes) -> None:
        if self._open:
            self._sent_by = min(self._sent_by, asyncio.get_running_loop().time())
            self._inbox.feed(data)

    @property
    def name(self) -> str:
        return self._name

    @property
    def baud(self) -> int:
        return self._baud

    async def write(self, data: bytes) -> None:
        self._inbox.check()
        now = asyncio.get_running_loop().time()
        self._sent_by = max(now, self._sent_by) + len(data) * 10 / self._baud
        self._peer.received(bytes(data), self._baud)
        self._inbox.check()  # a peer may vanish on exactly these bytes

    async def flush(self) -> None:
        self._inbox.check()
        await asyncio.sleep(max(0.0, self._sent_by - asyncio.get_running_loop().time()))
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

    async def close(self) -> None:
        self._stop(faults.closed(self._name))

    def unplug(self) -> None:
        """Pull the adapter out: the call that waits now and every later one raise LINK-GONE."""
        self._stop(faults.gone(self._name, "it was unplugged"))

    def _stop(self, why: FaultError) -> None:
        self._open = False
        self._inbox.fail(why.fault)
