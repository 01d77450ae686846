"""What has arrived and was not read yet, with the waiting that every link needs."""

from __future__ import annotations

import asyncio

from core.fault import Fault, FaultError

EVIDENCE = 256
"""Bytes of thrown-away input that `quiet` hands back."""
LIMIT = 1 << 22
"""Unread bytes from which on the older half is dropped: a babbling line that nobody reads must not
fill the memory of a Pi."""


class Inbox:
    """A receive buffer for one reader.  Whoever owns the line calls `feed` and `fail`.

    A waiting reader is woken once, when the count it waits for has come, and not for every chunk:
    that keeps a 2 Mbaud stream cheap.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._end: Fault | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._wanted = 0

    def feed(self, data: bytes) -> None:
        """Bytes arrived."""
        self._data += data
        if len(self._data) > LIMIT:
            del self._data[: -LIMIT // 2]
        if len(self._data) >= self._wanted:
            self._wake()

    def fail(self, fault: Fault) -> None:
        """The line is lost: the reader that waits now and every later call gets `fault`."""
        if self._end is None:
            self._end = fault
            self._wake()

    def check(self) -> None:
        """Raises the FaultError that `fail` left behind."""
        if self._end is not None:
            raise FaultError(self._end)

    async def read(self, limit: int, timeout: float) -> bytes:
        """See `Link.read`."""
        self.check()
        if not self._data and timeout <= 0:
            # A poll still lets the loop look at the port: one round to see it, one to take it.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        else:
            await self._have(1, asyncio.get_running_loop().time() + timeout)
        self.check()
        return self._take(limit)

    async def read_exactly(self, count: int, timeout: float) -> bytes:
        """See `Link.read_exactly`."""
        self.check()
        await self._have(count, asyncio.get_running_loop().time() + timeout)
        self.check()
        return self._take(count)

    async def quiet(self, silence: float, limit: float) -> bytes:
        """See `Link.quiet`.  Silence counts from the call, or from the last byte if later."""
        clock = asyncio.get_running_loop().time
        end = clock() + limit
        tail = b""
        while True:
            self.check()
            tail = (tail + self._take(len(self._data)))[-EVIDENCE:]
            if clock() >= end:
                return tail
            await self._have(1, min(clock() + silence, end))
            if not self._data:
                self.check()
                return tail

    def _take(self, limit: int) -> bytes:
        taken = bytes(self._data[:limit])
        del self._data[:limit]
        return taken

    async def _have(self, count: int, deadline: float) -> None:
        """Wait until `count` bytes are here, the line is lost, or the loop's clock says so."""
        loop = asyncio.get_running_loop()
        if len(self._data) >= count or self._end is not None or deadline <= loop.time():
            return
        self._wanted = count
        self._waiter = waiter = loop.create_future()
        timer = loop.call_at(deadline, self._wake)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None
            self._wanted = 0

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
