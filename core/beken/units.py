"""Which erase units bring a range to its target in the least time.

A block of 64 KiB is erased in the time of a few sectors, but all of it has to be sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from core.beken.plan import Span
from core.beken.wire import Unit
from core.bkimage.flashmap import BLOCK, SECTOR

BLOCK_ERASE = 0.3
SECTOR_ERASE = 0.045
PROGRAM = 0.01
"""Seconds, as commonly seen (BK7231 sheet 10.3); only the choice of the unit rests on them."""
BLANK = b"\xff" * SECTOR


class Piece(NamedTuple):
    """One erase unit to be written."""

    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size

    @property
    def sectors(self) -> range:
        return range(self.start, self.end, SECTOR)

    @property
    def unit(self) -> Unit:
        return Unit.BLOCK if self.size == BLOCK else Unit.SECTOR


def pieces(
    span: Span, wrong: Sequence[int], needs_erase: Callable[[int], bool], baud: int
) -> list[Piece]:
    """The units for `span`, of which the sectors at the ascending addresses `wrong` have to
    change; `needs_erase` says of a sector that it is not blank; `baud` is the speed of sending."""
    found: list[Piece] = []
    left = list(wrong)
    while left:
        block = left[0] // BLOCK * BLOCK
        here = [at for at in left if at < block + BLOCK]
        left = left[len(here) :]
        inside = span.start <= block and block + BLOCK <= span.end
        if inside and _block_is_quicker(span, block, here, needs_erase, baud):
            found.append(Piece(block, BLOCK))
        else:
            found += [Piece(at, SECTOR) for at in here]
    return found


def _block_is_quicker(
    span: Span, block: int, wrong: list[int], needs_erase: Callable[[int], bool], baud: int
) -> bool:
    def send(sectors: Sequence[int]) -> float:
        filled = sum(
            span.data[at - span.start : at - span.start + SECTOR] != BLANK for at in sectors
        )
        return filled * (41080 / baud + PROGRAM)

    every = range(block, block + BLOCK, SECTOR)
    erases = sum(map(needs_erase, wrong))
    return BLOCK_ERASE + send(every) < SECTOR_ERASE * erases + send(wrong)
