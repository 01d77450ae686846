"""Nothing that steers a terminal is painted, whichever widget shows it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static, TextArea

from tests.tui.stage import Stage
from tui.harmless import harmless
from tui.panes.openbk.dialogs import LongDialog
from tui.text import clean
from tui.widgets.entry import Entry

POISON = "a\x1b]0;pwn\x07\x1b[5mb\x9b31m\u202ec\u200b"
ANY = st.text(st.characters(codec=None), max_size=60)


def assert_harmless(stage: Stage) -> None:
    for line in stage.app.screen._compositor.render_strips():
        assert clean(line.text) == line.text


@settings(max_examples=300, deadline=None)
@given(ANY | st.text(st.sampled_from("ae\u0301\u200d\x1b\u202e漢👩👦\ufe0f❤ "), max_size=12))
def test_the_columns_stay_and_nothing_steers(text: str) -> None:
    painted = harmless(text)
    assert clean(painted) == painted
    assert cell_len(painted) == cell_len(text)


def test_what_does_not_steer_is_painted_as_it_is() -> None:
    assert harmless("│ 漢字 · é ▸ ok") == "│ 漢字 · é ▸ ok"
    assert harmless(POISON) == "a]0;pwn[5mb31mc"


class Poisoned(ModalScreen[None]):
    """Every stock widget with a hostile text."""

    def compose(self) -> ComposeResult:
        yield Input(POISON, compact=True)
        yield Entry(POISON, compact=True)
        yield TextArea(f"{POISON}\n{POISON}")
        yield Static(POISON, markup=False)
        yield OptionList(POISON)


async def test_no_widget_can_be_forgotten(stage: Stage) -> None:
    stage.app.push_screen(Poisoned())
    text = await stage.settled()
    assert_harmless(stage)
    assert text.count("]0;pwn") == 6


async def test_the_edited_line_shows_each_and_keeps_its_value(stage: Stage) -> None:
    stage.app.push_screen(Poisoned())
    text = await stage.settled()
    assert clean(POISON) in text
    line = stage.app.screen.query_one(Entry)
    assert line.value == POISON
    assert line._cursor_offset == len(POISON) + 1
    assert line._cell_offset_to_index(3) == 3
    assert line._cell_offset_to_index(99) == len(POISON)


async def test_the_long_text_comes_back_as_it_was(stage: Stage) -> None:
    taken: list[str | None] = []
    odd = f"{POISON}\x0b1\n2\r3\u20284"
    stage.app.push_screen(LongDialog("Startup", odd), taken.append)
    text = await stage.settled()
    assert "]0;pwn" in text and "cannot be shown: 8." in text
    assert_harmless(stage)
    await stage.press("f2")
    assert taken == [odd]
    stage.app.push_screen(LongDialog("Startup", "one"), taken.append)
    assert "cannot be shown" not in await stage.settled()
    await stage.press("x", "f2")
    assert taken[-1] == "xone"
