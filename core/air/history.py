"""The last quarter of an hour of a quantity, in steps of fifteen seconds."""

from __future__ import annotations

import math
from array import array
from collections import deque

STEP = 15.0
STEPS = 60
_EMPTY = (math.nan,) * STEPS


class History:
    """The last value of each step, in a ring: half a kilobyte, whatever comes."""

    __slots__ = ("_newest", "_ring")

    def __init__(self) -> None:
        self._ring = array("d", _EMPTY)
        self._newest: int | None = None

    def add(self, now: float, value: float) -> None:
        """A value heard at `now`, in seconds; what is older than the newest step is left out."""
        step, newest = int(now // STEP), self._newest
        if step != newest:
            if newest is not None:
                if step < newest:
                    return
                for skipped in range(max(newest + 1, step - STEPS + 1), step):
                    self._ring[skipped % STEPS] = math.nan
            self._newest = step
        self._ring[step % STEPS] = value

    def series(self, now: float) -> tuple[float | None, ...]:
        """The last value of each step, oldest first; None where nothing was heard."""
        newest = self._newest
        if newest is None:
            return (None,) * STEPS
        end = max(int(now // STEP), newest)
        return tuple(
            None if at > newest or at <= newest - STEPS or (v := self._ring[at % STEPS]) != v else v
            for at in range(end - STEPS + 1, end + 1)
        )


class Rate:
    """Frames a minute, from counts in slices of ten seconds."""

    __slots__ = ("_first", "_slices")

    SLICE = 10.0
    WINDOW = 60.0

    def __init__(self) -> None:
        self._first: float | None = None
        self._slices: deque[list[float]] = deque(maxlen=int(self.WINDOW / self.SLICE) + 1)

    def add(self, now: float) -> None:
        piece = now // self.SLICE
        if self._slices and self._slices[-1][0] == piece:
            self._slices[-1][1] += 1
            return
        if self._first is None:
            self._first = now
        self._slices.append([piece, 1])

    def per_minute(self, now: float) -> float:
        """How many in the last minute, scaled up when it is not a minute yet."""
        if self._first is None:
            return 0.0
        oldest = (now - self.WINDOW) // self.SLICE
        count = sum(n for piece, n in self._slices if piece > oldest)
        begun = max(self._first, (oldest + 1) * self.SLICE)
        return count * 60 / max(now - begun, 5.0)
