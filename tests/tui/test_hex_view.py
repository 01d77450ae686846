"""The hex view: rows, looks, moving, searching; without a device and without a dump."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from tui.widgets import hex_find
from tui.widgets.hex_paper import (
    CURSOR,
    DIFFERS,
    FAINT,
    HIDDEN,
    MARKED,
    PLAIN,
    Paper,
    Range,
    Stretch,
    bytes_a_row,
    needed,
    row_of,
)
from tui.widgets.hex_view import HexView

SOME = bytes(range(0x40, 0x60)) + b"Hello \x00\xff!"


def text_of(paper: Paper, start: int, count: int) -> str:
    return "".join(run.text for run in row_of(paper, start, count))


def tones(paper: Paper, start: int, count: int, **more: object) -> dict[str, int]:
    return {run.text: run.tone for run in row_of(paper, start, count, **more)}  # type: ignore[arg-type]


def test_a_row_is_address_bytes_and_signs() -> None:
    paper = Paper(SOME, 0x1D0000)
    assert text_of(paper, 0x1D0000, 16) == (
        "1D0000 40 41 42 43 44 45 46 47  48 49 4A 4B 4C 4D 4E 4F  @ABCDEFGHIJKLMNO"
    )
    last = text_of(paper, 0x1D0020, 16)
    assert last == f"{'1D0020 48 65 6C 6C 6F 20 00 FF  21':<57}{'Hello ..!':<16}"


@pytest.mark.parametrize("count", [8, 16, 32])
@pytest.mark.parametrize("two", [False, True])
def test_every_row_is_as_wide_as_needed(count: int, two: bool) -> None:
    paper = Paper(bytes(100), other=bytes(70) if two else None)
    for start in range(0, 100, count):
        assert len(text_of(paper, start, count)) == needed(count, two=two)
    assert bytes_a_row(needed(count, two=two), two=two) == count


def test_what_is_too_narrow_still_gets_eight() -> None:
    assert (bytes_a_row(10), bytes_a_row(72), bytes_a_row(73), bytes_a_row(138)) == (8, 8, 16, 16)


def test_a_secret_never_reaches_the_row_whatever_lies_over_it() -> None:
    paper = Paper(b"password" * 2, hidden=(Range(0, 8),))
    runs = row_of(paper, 0, 16, cursor=2, marked=Range(0, 16), found=Range(3, 12))
    text = "".join(run.text for run in runs)
    assert text.startswith("000000 ** ** ** ** ** ** ** **  70 61") and "********password" in text
    assert next(run.tone for run in runs if run.text == "**") == CURSOR
    beside = Paper(b"A" * 8, other=b"password", hidden=(Range(0, 8),))
    assert "70" not in text_of(beside, 0, 8) and "p" not in text_of(beside, 0, 8)


def test_unread_sectors_are_not_shown_as_bytes() -> None:
    paper = Paper(bytes(16), unread=(Range(8, 16),))
    assert "00 00  -- --" in text_of(paper, 0, 16)


def test_blanks_are_faint_and_a_mark_stands_out() -> None:
    found = tones(Paper(b"\x00\xffAB"), 0, 8, cursor=3, marked=Range(2, 3))
    assert found["00 FF"] == FAINT and found["41"] == MARKED and found["42"] == CURSOR


def test_regions_have_their_looks_also_inside_of_a_row() -> None:
    paper = Paper(SOME, stretches=(Stretch(0, 4, "boot"), Stretch(6, 20, "code")))
    looks = [(run.text, run.look) for run in row_of(paper, 0, 8) if run.text.strip()]
    assert looks[1:4] == [("40 41 42 43", "boot"), ("44 45", ""), ("46 47", "code")]


def test_two_dumps_differ_where_they_differ() -> None:
    paper = Paper(b"ABCDEFGH", 16, other=b"xxABXDEFGH", other_base=14)
    found = tones(paper, 16, 8)
    assert found["43"] == DIFFERS and found["58"] == DIFFERS and found["41 42"] == PLAIN
    short = Paper(b"ABCDEFGH", other=b"ABC")
    assert "41 42 43 -- -- -- -- --" in text_of(short, 0, 8)


def test_hidden_is_told_for_ranges_that_touch() -> None:
    paper = Paper(bytes(100), hidden=(Range(10, 20), Range(40, 50)))
    assert [paper.is_hidden(at, at + 1) for at in (9, 10, 19, 20, 49)] == [
        False, True, True, False, True,
    ]  # fmt: skip
    assert paper.is_hidden(0, 100) and not paper.is_hidden(20, 40)
    assert HIDDEN in [run.tone for run in row_of(paper, 8, 8)]


# -- searching --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("relay", b"relay"),
        ("x 55 aa", b"\x55\xaa"),
        ("x 55AA", b"\x55\xaa"),
        ("u16 513", b"\x01\x02"),
        ("u16be 513", b"\x02\x01"),
        ("u32 0x11223344", b"\x44\x33\x22\x11"),
        ("u32be 0x11223344", b"\x11\x22\x33\x44"),
        ("x-ray", b"x-ray"),
        ("u8 1", b"u8 1"),
    ],
)
def test_what_can_be_typed(typed: str, wanted: bytes) -> None:
    assert hex_find.parse(typed).plain == wanted


@pytest.mark.parametrize("typed", ["", "x 5", "x 5G", "x ?? ??", "u16 65536", "a" * 65,
                                   "x " + "00" * 65])  # fmt: skip
def test_what_cannot_be_typed_is_told(typed: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        hex_find.parse(typed)


def test_wildcards_match_any_byte_also_a_line_feed() -> None:
    needle = hex_find.parse("x 41 ?? 2A 28")
    data = b"..A\n*(..A\x00*(.."
    assert needle.find(data) == 2 and needle.find(data, 3) == 8
    assert needle.rfind(data, len(data)) == 8 and needle.rfind(data, 8) == 2
    assert needle.rfind(data, 2) == -1


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.binary(min_size=1, max_size=3), st.integers(0, 300),
       st.booleans())  # fmt: skip
def test_both_ways_agree_with_a_plain_walk(data: bytes, wanted: bytes, at: int, wild: bool) -> None:
    pairs = [f"{value:02x}" for value in wanted]
    if wild and len(pairs) > 1:
        pairs[1] = "??"
    needle = hex_find.parse("x " + " ".join(pairs))
    hits = [
        n for n in range(len(data) - len(wanted) + 1)
        if all(p == "??" or int(p, 16) == data[n + i] for i, p in enumerate(pairs))
    ]  # fmt: skip
    assert needle.find(data, at) == next((n for n in hits if n >= at), -1)
    assert needle.rfind(data, at) == next((n for n in reversed(hits) if n < at), -1)


def test_backwards_over_the_bounds_of_its_steps() -> None:
    data = bytearray(300_000)
    for at in (65_534, 131_072, 200_001):
        data[at : at + 3] = b"\x01\x02\x03"
    needle = hex_find.parse("x 01 ?? 03")
    found, at = [], len(data)
    while (at := needle.rfind(bytes(data), at)) >= 0:
        found.append(at)
    assert found == [200_001, 131_072, 65_534]


# -- the widget -------------------------------------------------------------------------------


class Bare(App[None]):
    def __init__(self, paper: Paper) -> None:
        super().__init__()
        self._paper = paper

    def compose(self) -> ComposeResult:
        yield HexView("hex")

    def on_mount(self) -> None:
        self.hex.show(self._paper)
        self.hex.focus()

    @property
    def hex(self) -> HexView:
        return self.query_one(HexView)

    @property
    def text(self) -> list[str]:
        strips = self.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


async def test_the_arrows_stay_inside_and_the_view_follows() -> None:
    app = Bare(Paper(bytes(range(256)) * 16))
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.press("up", "left")
        assert app.hex.cursor == 0
        await pilot.press("down", "right", "right")
        assert app.hex.cursor == 18
        await pilot.press("pagedown")
        assert (app.hex.cursor, app.text[0][:6]) == (178, "0000A0")
        await pilot.press("end")
        assert (app.hex.cursor, app.text[-1][:6]) == (4095, "000FF0")
        await pilot.press("down", "right")
        assert app.hex.cursor == 4095
        await pilot.press("home")
        assert (app.hex.cursor, app.text[0][:6]) == (0, "000000")


async def test_going_somewhere_shows_it_and_marks_grow_with_the_cursor() -> None:
    app = Bare(Paper(bytes(4096), 0x1EE000))
    async with app.run_test(size=(80, 10)) as pilot:
        app.hex.go(0x1EE800, found=Range(0x1EE800, 0x1EE804), top=True)
        await pilot.pause()
        assert app.text[0].startswith("1EE800") and app.hex.chosen == (0x1EE800, 0x1EE804)
        app.hex.mark()
        await pilot.press("right", "right", "left", "down")
        assert app.hex.marked == (0x1EE800, 0x1EE812)
        app.hex.mark()
        assert app.hex.marked is None
        app.hex.go(0)
        assert app.hex.cursor == 0x1EE000


async def test_a_part_of_a_flash_that_begins_within_a_row_is_in_step() -> None:
    app = Bare(Paper(b"A" * 30, 0x10009))
    async with app.run_test(size=(80, 10)):
        assert app.text[0].startswith("010000 -- -- -- -- -- -- -- --  -- 41 41")
        assert app.text[2].startswith("010020 41 41 41 41 41 41 41 ")


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17])
async def test_any_size_is_shown(size: int) -> None:
    app = Bare(Paper(random.Random(size).randbytes(size)))
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.press("end", "pagedown", "up", "home", "pageup", "right")
        assert 0 <= app.hex.cursor <= max(size - 1, 0)
        await pilot.resize_terminal(160, 5)
        await pilot.pause()
        assert len(app.text) == 5
