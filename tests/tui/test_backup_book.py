"""What the Backup pane makes of damaged dumps, and of real ones: every page of every row."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.tui.backup_stage import stock
from tui.panes.backup.book import Book, open_book, unread
from tui.panes.backup.goto import address_of
from tui.panes.backup.inspect import number_words, place_words
from tui.panes.backup.papers import merged, pair
from tui.panes.backup.tree import first_closed, nodes, visible
from tui.panes.backup.value import page
from tui.widgets.hex_paper import Range

DUMPS = sorted((Path(__file__).parents[3] / "shared" / "dumps").glob("*.bin.xz"))


def look_at_all(book: Book) -> int:
    """Every page with and without secrets, and bytes here and there; how many rows."""
    rows = nodes(book)
    for node in rows:
        for reveal in (False, True):
            page(book, node, 60, reveal=reveal, flips=frozenset({8}), earlier=0, difference=None)
    chance = random.Random(1)
    for plain in (False, True):
        paper = pair(book, None, plain=plain, reveal=False)
        assert merged(list(paper.hidden)) == paper.hidden
        for _ in range(100 if paper.data else 0):
            at = chance.randrange(paper.base, paper.end)
            assert place_words(book.seen, at).startswith(f"0x{at:06X}")
            number_words(paper, at)
    return len(rows)


def damaged(number: int) -> bytes:
    """The stock flash with holes, some of them cut short."""
    chance = random.Random(number)
    data = bytearray(stock())
    for _ in range(chance.choice((1, 20, 300))):
        at = chance.randrange(len(data))
        data[at : at + 16] = chance.randbytes(16)
    cut = chance.randrange(len(data))
    return bytes((data, data[:cut], data[0x1D0000 + cut // 16 :])[number % 3])


@pytest.mark.parametrize("number", range(9))
def test_damaged_dumps_have_pages_as_well(tmp_path: Path, number: int) -> None:
    path = tmp_path / "dump.bin"
    path.write_bytes(damaged(number))
    assert look_at_all(open_book(path)) >= 2


@pytest.mark.skipif(not DUMPS, reason="no folder of real dumps beside the project")
@pytest.mark.parametrize("path", DUMPS, ids=lambda path: path.name)
def test_real_dumps_show_pins_and_their_bytes(path: Path) -> None:
    book = open_book(path)
    assert look_at_all(book) > 20
    assert {"pins", "config", "values"} <= {node.path for node in nodes(book)}
    assert "user_param_key" in place_words(book.seen, address_of("user_param_key", book.seen, 0))


def test_long_groups_begin_closed(tmp_path: Path) -> None:
    path = tmp_path / "dump.bin"
    path.write_bytes(stock())
    rows = nodes(open_book(path))
    closed = first_closed(rows)
    assert closed and all(group.startswith(("map/", "older")) for group in closed)
    shown = visible(rows, closed)
    assert len(shown) < len(rows) and not [n for n in shown if n.text.endswith("block 3")]


def test_what_is_unread_is_told_in_ranges() -> None:
    assert unread("RR  R ") == (Range(0x2000, 0x4000), Range(0x5000, 0x6000))
    assert unread("") == ()
    assert merged([Range(4, 6), Range(0, 5), Range(8, 9)]) == (Range(0, 6), Range(8, 9))
