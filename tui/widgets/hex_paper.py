"""What a hex view shows: bytes at flash addresses, and what is known of ranges of them.

Rows are made here as runs of text with a look; no terminal is needed for that.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from mmap import mmap
from typing import NamedTuple

WIDTHS = (32, 16, 8)
ADDRESS = 7
PLAIN, FAINT, HIDDEN, UNREAD, MARKED, DIFFERS, FOUND, CURSOR = range(8)
"""How a byte stands out; a higher one lies over a lower one."""
_DULL = bytes(FAINT if value in (0x00, 0xFF) else PLAIN for value in range(256))
_SIGNS = bytes(value if 0x20 <= value < 0x7F else 0x2E for value in range(256))
_SAID = {UNREAD: ("--", " "), HIDDEN: ("**", "*")}


class Range(NamedTuple):
    """Flash addresses; `end` is exclusive."""

    start: int
    end: int


class Stretch(NamedTuple):
    """A range of one colour; stretches are in order and do not overlap."""

    start: int
    end: int
    look: str


class Run(NamedTuple):
    """Text of one row: its tone, and the look of its stretch (empty between the bytes)."""

    text: str
    tone: int
    look: str


@dataclass(frozen=True, slots=True)
class Paper:
    """Bytes whose first has flash address `base`.

    `hidden` bytes are secret and stay covered, `unread` ones are not there yet; both are sorted.
    `other` is shown beside them, at `other_base`.
    """

    data: bytes | mmap
    base: int = 0
    stretches: Sequence[Stretch] = ()
    hidden: Sequence[Range] = ()
    unread: Sequence[Range] = ()
    other: bytes | mmap | None = None
    other_base: int = 0

    @property
    def end(self) -> int:
        """One past the last address."""
        return self.base + len(self.data)

    def is_hidden(self, start: int, end: int) -> bool:
        """True if a secret may stand in that range."""
        return bool(_inside(self.hidden, start, end))


def needed(count: int, *, two: bool = False) -> int:
    """Columns of a row with `count` bytes, twice beside each other for `two`."""
    block = 3 * count - 1 + (count - 1) // 8 + 2 + count
    return ADDRESS + (2 * block + 2 if two else block)


def bytes_a_row(width: int, *, two: bool = False) -> int:
    """The most bytes that fit `width` columns: 32, 16 or 8."""
    return next((n for n in WIDTHS if needed(n, two=two) <= width), WIDTHS[-1])


def row_of(
    paper: Paper,
    start: int,
    count: int,
    *,
    cursor: int | None = None,
    marked: Range | None = None,
    found: Range | None = None,
) -> list[Run]:
    """The row of `count` bytes from address `start`: address, bytes, signs."""
    raw = paper.data[start - paper.base : start - paper.base + count]
    tones = bytearray(raw.translate(_DULL))
    other, there = b"", range(0)
    if paper.other is not None:
        other, there = _beside(paper, start, count)
        _differences(tones, raw, other, there)
    over = [(HIDDEN, paper.hidden), (UNREAD, paper.unread)]
    over += [(MARKED, (marked,) if marked else ()), (FOUND, (found,) if found else ())]
    covered = bytearray(len(raw))
    for tone, ranges in over:
        for part in _inside(ranges, start, start + len(raw)):
            low, high = max(part.start - start, 0), min(part.end - start, len(raw))
            if tone in _SAID:
                covered[low:high] = bytes([tone]) * (high - low)
            tones[low:high] = bytes([tone]) * (high - low)
    if cursor is not None and 0 <= cursor - start < len(raw):
        tones[cursor - start] = CURSOR
    looks = _looks(paper.stretches, start, len(raw))
    runs = [Run(f"{start:06X} ", FAINT, looks[0][2] if looks else "")]
    runs += _painted(raw, tones, covered, looks, count)
    if paper.other is not None:
        runs.append(Run("  ", PLAIN, ""))
        runs += _painted(other, _shifted(tones, other, there), covered, looks, count)
    return runs


def _inside(ranges: Sequence[Range], start: int, end: int) -> Sequence[Range]:
    """Those of sorted `ranges` that reach into start..end."""
    first = bisect_right(ranges, start, key=lambda part: part.end)
    last = first
    while last < len(ranges) and ranges[last].start < end:
        last += 1
    return ranges[first:last]


def _beside(paper: Paper, start: int, count: int) -> tuple[bytes, range]:
    """The other's bytes of this row, and which columns of the row they are."""
    assert paper.other is not None
    at = start - paper.other_base
    low, high = max(at, 0), min(max(at + count, 0), len(paper.other))
    if low >= high:
        return bytes(count), range(0)
    own = bytes(paper.other[low:high])
    return own.rjust(high - at, b"\0").ljust(count, b"\0"), range(low - at, high - at)


def _differences(tones: bytearray, raw: bytes, other: bytes, there: range) -> None:
    if raw == other[: len(raw)] and len(there) >= len(raw):
        return
    for at, value in enumerate(raw):
        if at in there and other[at] != value:
            tones[at] = DIFFERS


def _shifted(tones: bytearray, other: bytes, there: range) -> bytearray:
    """Tones of the other side: the same, and UNREAD where it has no bytes."""
    full = tones.ljust(len(other), bytes([PLAIN]))
    dull = other.translate(_DULL)
    for at, tone in enumerate(full):
        if at not in there:
            full[at] = UNREAD
        elif tone in (PLAIN, FAINT):
            full[at] = dull[at]
    return full


def _looks(stretches: Sequence[Stretch], start: int, size: int) -> list[tuple[int, int, str]]:
    """(first column, last column + 1, look) of a row, without a gap."""
    found: list[tuple[int, int, str]] = []
    number = bisect_right(stretches, start, key=lambda part: part.end)
    at = 0
    while at < size:
        inside = number < len(stretches) and stretches[number].start - start < size
        low = stretches[number].start - start if inside else size
        if low > at:
            found.append((at, low, ""))
            at = low
        if at < size and inside:
            high = min(stretches[number].end - start, size)
            found.append((at, high, stretches[number].look))
            at, number = high, number + 1
    return found


def _painted(
    raw: bytes,
    tones: bytearray,
    covered: bytearray,
    looks: list[tuple[int, int, str]],
    count: int,
) -> list[Run]:
    """Bytes as hex, then as signs; both end at the column where `count` bytes would."""
    pairs = [raw[at : at + 1].hex().upper() for at in range(len(raw))]
    signs = list(raw.translate(_SIGNS).decode("ascii"))
    for at, tone in enumerate(tones):
        said = _SAID.get(tone) or (_SAID.get(covered[at]) if at < len(covered) else None)
        if said is not None:
            pairs[at], signs[at] = said
    cuts = _cuts(tones, looks, len(raw))
    runs: list[Run] = []
    for low, high, tone, look in cuts:
        text = " ".join(
            f" {pair}" if at % 8 == 0 and at > low else pair
            for at, pair in enumerate(pairs[low:high], low)
        )
        runs += [Run(text, tone, look), Run("  " if high % 8 == 0 else " ", PLAIN, "")]
    width = 3 * count - 1 + (count - 1) // 8 + 2
    used = sum(len(run.text) for run in runs)
    if used > width:
        runs[-1] = runs[-1]._replace(text=runs[-1].text[: width - used])
    else:
        runs.append(Run(" " * (width - used), PLAIN, ""))
    runs += [Run("".join(signs[low:high]), tone, look) for low, high, tone, look in cuts]
    runs.append(Run(" " * (count - len(raw)), PLAIN, ""))
    return [run for run in runs if run.text]


def _cuts(
    tones: bytearray, looks: list[tuple[int, int, str]], size: int
) -> list[tuple[int, int, int, str]]:
    """Columns of one tone and look: (first, last + 1, tone, look)."""
    found = []
    for low, high, look in looks:
        at = low
        while at < high:
            tone, end = tones[at], at + 1
            while end < high and tones[end] == tone:
                end += 1
            found.append((at, end, tone, look))
            at = end
    reached = looks[-1][1] if looks else 0
    if reached < size:
        found.append((reached, size, tones[reached], ""))
    return found
