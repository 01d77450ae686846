"""A paste comes whole and in order, or not at all."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual._xterm_parser import XTermParser
from textual.events import Key, Paste
from textual.message import Message

from core.events import Asked, Question
from tests.tui import scenes
from tests.tui.stage import Stage, StageHost, staged
from tui.pasting import END, REFUSED, START, Pasting, is_text
from tui.widgets.entry import Entry

COLOURED = "hello\x1b[31mworld"
PIECES = st.sampled_from(["a", "\x1b", "[", "2", "0", "1", "~", "[31m", "\x1b[A", "\n", "\x1bO"])


def parsed(*reads: str) -> list[Message]:
    """The events of these reads, as the driver makes them."""
    parser, pasting = XTermParser(), Pasting()
    found: list[Message] = []
    for read in reads:
        if through := pasting.through(read):
            found += parser.feed(through)
    return found


def as_text(events: list[Message]) -> list[str]:
    return [e.text if isinstance(e, Paste) else e.key for e in events if isinstance(e, Paste | Key)]


PASTED = st.lists(PIECES, max_size=12).map("".join).filter(lambda text: END not in text)


@settings(max_examples=200, deadline=None)
@given(PASTED, st.lists(st.integers(0, 40), max_size=5))
def test_a_paste_is_one_event_wherever_the_reads_are_cut(text: str, cuts: list[int]) -> None:
    sent = f"x{START}{text}{END}y"
    edges = sorted({0, *(cut for cut in cuts if cut < len(sent)), len(sent)})
    reads = [sent[a:b] for a, b in pairwise(edges)]
    assert as_text(parsed(*reads)) == ["x", text.replace("\x1b", "\x1a"), "y"]


def test_without_a_paste_everything_passes_at_once() -> None:
    pasting = Pasting()
    for read in ("a", "\x1b", "[A", "\x1b[20", "1", "~", "\x1b[201~", "é"):
        assert pasting.through(read) == read


@pytest.mark.parametrize("sign", ["\x1a", "\x00", "\x07", "\x7f", "\x9b", "\x85"])
def test_control_characters_are_no_text(sign: str) -> None:
    assert not is_text(f"a{sign}b")
    assert is_text("one\r\ntwo\tthree 漢字 é")


async def test_such_a_paste_is_refused_and_it_is_said(tmp_path: Path) -> None:
    async with staged(StageHost(tmp_path)) as stage:
        await stage.press("enter", "end", "enter", "ctrl+u")
        stage.app.post_message(Paste(COLOURED))
        assert REFUSED in await stage.settled()
        assert stage.app.screen.query_one(Entry).value == ""
        stage.app.post_message(Paste("hello world"))
        await stage.settled()
        assert stage.app.screen.query_one(Entry).value == "hello world"


async def test_no_half_of_a_password_is_taken(stage: Stage) -> None:
    answers: list[tuple[str, str, str]] = []
    stage.app.host.answer = lambda *given: answers.append(given)  # type: ignore[method-assign]
    await stage.feed(*scenes.BEGUN, Asked(Question("wifi", "The Wi-Fi password?", secret=True)))
    stage.app.post_message(Paste(COLOURED))
    assert REFUSED in await stage.settled()
    await stage.press("enter")
    assert answers == []
