"""Which erase units are chosen: never beyond the range, each wrong sector in exactly one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.beken.plan import Span
from core.beken.units import Piece, pieces
from core.bkimage.flashmap import BLOCK, SECTOR

START = 0x11000
END = 0x40000
SPAN = Span("application", START, b"\x5a" * (END - START))
SECTORS = list(range(START, END, SECTOR))


def always(_at: int) -> bool:
    return True


def never(_at: int) -> bool:
    return False


def test_a_block_that_is_all_wrong_is_erased_at_once_where_it_is_whole() -> None:
    found = pieces(SPAN, SECTORS, always, 115200)
    assert found == [
        *(Piece(at, SECTOR) for at in range(START, 0x20000, SECTOR)),
        Piece(0x20000, BLOCK),
        Piece(0x30000, BLOCK),
    ]


@pytest.mark.parametrize("baud", [115200, 2_000_000])
def test_few_wrong_sectors_are_written_alone(baud: int) -> None:
    assert pieces(SPAN, [0x21000, 0x23000], always, baud) == [
        Piece(0x21000, SECTOR), Piece(0x23000, SECTOR),
    ]  # fmt: skip


def test_what_needs_no_erase_is_never_erased_as_a_block() -> None:
    found = pieces(SPAN, SECTORS, never, 2_000_000)
    assert {piece.size for piece in found} == {SECTOR}


@settings(max_examples=60, deadline=None)
@given(
    wrong=st.sets(st.sampled_from(SECTORS)),
    blank=st.sets(st.sampled_from(SECTORS)),
    baud=st.sampled_from([115200, 921600, 2_000_000]),
)
def test_every_wrong_sector_is_in_exactly_one_unit(
    wrong: set[int], blank: set[int], baud: int
) -> None:
    found = pieces(SPAN, sorted(wrong), lambda at: at not in blank, baud)
    covered = [at for piece in found for at in piece.sectors]
    assert len(covered) == len(set(covered))
    assert wrong <= set(covered) and min(covered, default=START) >= START
    assert all(at in wrong for piece in found if piece.size == SECTOR for at in piece.sectors)
    assert [piece.start for piece in found] == sorted(piece.start for piece in found)
