"""Bytes on the wire between host and plug, each at its own time."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable

from core.sim.plug_rom import op_of
from core.sim.plug_wire import PREAMBLE, Request

# Replies reach the host in pieces of about this many seconds of line time.
PIECE = 0.002
# Times closer than this are the same; far below one bit, far above rounding.
SAME = 1e-9
# What a UART makes of bytes at another speed: runs of equal bits, never a packet.
_GARBLE = bytes((0x00, 0x80, 0xE0, 0xF8, 0xFE, 0xFF)[byte % 6] for byte in range(256))


def garbled(data: bytes) -> bytes:
    """`data` as heard at the wrong speed."""
    return data.translate(_GARBLE)


def stage_of(data: bytes) -> str:
    """The stage of the first request that begins in `data`; "" when none does."""
    at = data.find(PREAMBLE)
    head = data[at + 3 : at + 8]
    if at < 0 or len(head) < 2:
        return ""
    long = head[:2] == b"\xff\xf4"
    if long and len(head) < 5:
        return ""
    return op_of(Request(long, head[4] if long else head[1], b"")).stage


class Piece:
    """Bytes in flight to the chip: byte `i` has arrived at `start + (i + 1) * step`."""

    def __init__(self, data: bytes, start: float, step: float, baud: int) -> None:
        self.baud = baud
        self._data, self._start, self._step, self._at = data, start, step, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def arrived(self, now: float) -> int:
        """How many more bytes have arrived by `now`."""
        if not self._step:
            return self.left
        count = math.floor((now - self._start + SAME) / self._step)
        return min(max(count - self._at, 0), self.left)

    def before(self, when: float) -> int:
        """How many more bytes arrive earlier than `when`."""
        if not self._step:
            return self.left if self._start < when - SAME else 0
        count = math.ceil((when - SAME - self._start) / self._step) - 1
        return min(max(count - self._at, 0), self.left)

    def time_of(self, count: int) -> float:
        """When the next `count` bytes, or as many as are left, have all arrived."""
        return self._start + (self._at + min(count, self.left)) * self._step

    def drop(self, count: int) -> None:
        """Lose the next `count` bytes."""
        self._at += count

    def take(self, count: int) -> tuple[bytes, float]:
        """The next `count` bytes and when the last of them arrived."""
        at = self.time_of(count)
        self._at += count
        return self._data[self._at - count : self._at], at


class Incoming:
    """Everything in flight to the chip; one byte after the other."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self._free = 0.0

    @property
    def first(self) -> Piece | None:
        """The first piece that has bytes left."""
        while self._pieces and not self._pieces[0].left:
            self._pieces.popleft()
        return self._pieces[0] if self._pieces else None

    def add(self, data: bytes, now: float, step: float, baud: int) -> None:
        """Bytes that follow as soon as the line is free."""
        start = max(now, self._free)
        self._free = start + len(data) * step
        self._pieces.append(Piece(data, start, step, baud))

    def clear(self) -> None:
        self._pieces.clear()
        self._free = 0.0


class Outgoing:
    """Everything on its way to the host, delivered piece by piece."""

    def __init__(self, deliver: Callable[[bytes], None]) -> None:
        self._deliver = deliver
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, data: bytes, start: float, step: float, latency: float) -> float:
        """Begin to send `data` at `start`; returns when the chip has sent its last byte.

        The last piece reaches the host `latency` later than that.
        """
        size = max(1, int(PIECE / step)) if step else len(data) or 1
        for at in range(0, len(data), size):
            piece = data[at : at + size]
            last = latency if at + size >= len(data) else 0.0
            self._pieces.append((start + (at + len(piece)) * step + last, piece))
        self._run()
        return start + len(data) * step

    def clear(self) -> None:
        """Lose everything not yet delivered."""
        self._pieces.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = loop.time()
        while self._pieces and self._pieces[0][0] <= now + SAME:
            self._deliver(self._pieces.popleft()[1])
        if self._pieces:
            self._timer = loop.call_at(self._pieces[0][0], self._run)
