"""Packet ids and counters: repeat, next, wrap, restart and a real step back told apart.

A number space belongs to one stream: an address and its ordered object ids.  The electricity
meter numbers its two kinds of plain packet apart, and shares one encryption counter between them
while each kind repeats its last one (BTHome sheet 6, 7; meter sheet 1.3, 1.4).
"""

from __future__ import annotations

from enum import StrEnum


class Relation(StrEnum):
    """How a frame stands to the one before it in its stream."""

    FIRST = "first"
    REPEAT = "repeat"
    NEXT = "next"
    WRAP = "wrap"
    RESTART = "restart"
    BACK = "back"
    """The number is lower than before and no restart explains it: an old frame sent again."""
    SAME = "same number"
    """Other data under the number of the frame before."""
    FREE = "unnumbered"


PACKET_IDS = 1 << 8
COUNTERS = 1 << 32

LOW_COUNTER = 100
"""A counter below this after a higher one means that the device began anew."""
LOW_ID = 2
"""The first packet id after power-up: 1 in older firmware of the meter, 2 in V1.7."""
NEAR_END = 512
"""How close to the end of its space a number stands when the next one may be a wrap."""
FAR = 100_000
"""A counter that jumps further than this did not count there."""
SETTLED = 2
"""Frames that go on from a lower number until it counts as a restart."""
GAP_OF_A_RESTART = 16


class Numbering:
    """Judges the numbers of one stream.  Frames that repeat the last bytes do not come here."""

    __slots__ = ("_low", "_run", "_space", "_spacing", "_time", "last")

    def __init__(self, space: int) -> None:
        self._space = space
        self.last: int | None = None
        self._time = 0.0
        self._spacing: float | None = None
        self._low: int | None = None
        self._run = 0

    def judge(self, number: int, now: float, *, fresh: bool = False) -> Relation:
        """The relation of a new number; `fresh` says that the frame holds no measurement yet, as
        after power-up."""
        last, elapsed = self.last, now - self._time
        if last is None:
            relation = Relation.FIRST
        elif number == last:
            relation = Relation.RESTART if fresh else Relation.SAME
        elif self._space == COUNTERS:
            relation = self._judge_counter(number, last)
        else:
            relation = self._judge_id(number, last, elapsed, fresh=fresh)
        if relation is not Relation.BACK:
            self.last, self._time, self._low = number, now, None
        return relation

    def _judge_counter(self, number: int, last: int) -> Relation:
        if number > last:
            return Relation.NEXT if number - last < FAR else Relation.RESTART
        for end in (COUNTERS, 1 << 16):  # some firmware counts in 16 bits
            if end - NEAR_END <= last < end and number < NEAR_END:
                return Relation.WRAP
        if number < LOW_COUNTER:
            return Relation.RESTART
        return self._step_back(number)

    def _judge_id(self, number: int, last: int, elapsed: float, *, fresh: bool) -> Relation:
        ahead = (number - last) % PACKET_IDS
        plausible = self._spacing is not None and elapsed >= ahead * self._spacing / 2
        if fresh or (number <= LOW_ID and ahead > GAP_OF_A_RESTART and not plausible):
            return Relation.RESTART
        if ahead < PACKET_IDS // 2 or plausible:
            if ahead <= GAP_OF_A_RESTART:
                each = elapsed / ahead
                self._spacing = each if self._spacing is None else (3 * self._spacing + each) / 4
            return Relation.WRAP if number < last else Relation.NEXT
        return self._step_back(number)

    def _step_back(self, number: int) -> Relation:
        """Lower than before: a frame of the past, until some more go on from there."""
        most = min(NEAR_END, self._space // 4)
        forward = self._low is not None and 0 < (number - self._low) % self._space < most
        self._run = self._run + 1 if forward else 0
        self._low = number
        return Relation.RESTART if self._run >= SETTLED else Relation.BACK


class Loss:
    """Numbers that were never heard.  One that comes late after all is taken off again."""

    __slots__ = ("_high", "_missing", "_space", "heard", "lost")

    MOST = 256
    """Missing numbers that are remembered; a longer gap says nothing about single frames."""

    def __init__(self, space: int) -> None:
        self._space = space
        self._high: int | None = None
        self._missing: dict[int, None] = {}
        self.heard = self.lost = 0

    def note(self, number: int, relation: Relation) -> int:
        """Count a frame; how many were lost right before it."""
        if relation in (Relation.REPEAT, Relation.SAME):
            return 0
        self.heard += 1
        high = self._high
        ahead = (number - high) % self._space if high is not None else 0
        short_wrap = relation is Relation.WRAP and ahead >= self._space // 2
        if high is None or relation is Relation.RESTART or short_wrap:
            self._high = number
            self._missing.clear()
            return 0
        if ahead == 0 or ahead >= self._space // 2:
            if number in self._missing:
                del self._missing[number]
                self.lost -= 1
            return 0
        self._high = number
        gap = ahead - 1
        if not gap or gap > self.MOST:
            return 0
        for offset in range(1, ahead):
            self._missing[(high + offset) % self._space] = None
        while len(self._missing) > self.MOST:
            del self._missing[next(iter(self._missing))]
        self.lost += gap
        return gap
