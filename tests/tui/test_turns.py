"""A burst of keys does what the same keys do when they come one by one."""

from pathlib import Path

import pytest
from textual.events import Key
from textual.keys import _character_to_key

from core.events import Asked, Question
from tests.tui import scenes
from tests.tui.openbk_stage import bk_stage, quiet
from tests.tui.stage import Stage, StageHost, staged
from tui.widgets.dialog import HelpDialog

__all__ = ["quiet"]


def burst(stage: Stage, *parts: str) -> None:
    """Named keys between angle brackets, and text; all in one go."""
    for part in parts:
        if part.startswith("<"):
            stage.app.post_message(Key(part[1:-1], None))
            continue
        for character in part:
            stage.app.post_message(Key(_character_to_key(character), character))


async def settled(stage: Stage) -> str:
    """Until every key of the burst had its turn."""
    for _ in range(1000):
        text = await stage.settled()
        if not stage.app._busy and not stage.app._held:
            return text
    raise AssertionError("a key never had its turn")


async def test_backspace_stays_between_its_letters(tmp_path: Path) -> None:
    async with staged(StageHost(tmp_path)) as stage:
        burst(stage, "<enter>", "<end>", "<enter>", "<ctrl+u>", "socket://po", "<backspace>",
              "i:44", "<left>", "<backspace>", "9", "<enter>", "?")  # fmt: skip
        await settled(stage)
        assert isinstance(stage.app.screen, HelpDialog)  # ? was no letter of the field
        await stage.press("escape")
        assert "Port        socket://pi:94" in stage.text


@pytest.mark.usefixtures("quiet")
async def test_what_follows_enter_goes_to_the_form(tmp_path: Path) -> None:
    async with bk_stage(tmp_path) as bk:
        burst(bk.stage, "h", "192.168.1.77", "<backspace>", "8", "<enter>", "h")
        await settled(bk.stage)
        assert bk.pane.sheet.host == "192.168.1.78"
        assert bk.pane.state == "editing"
        line = bk.pane.query_one("#edit")
        assert line.value == ""  # type: ignore[attr-defined]


async def test_a_digit_and_the_keys_of_that_pane(tmp_path: Path) -> None:
    async with staged(StageHost(tmp_path)) as stage:
        burst(stage, "6", "1", "5", "f", "10.0.0.0/30", "<backspace>", "<backspace>", "24")
        text = await settled(stage)
        assert "[5 OpenBK]" in text
        assert "10.0.0.0/24" in text


async def test_a_key_whose_widget_goes_away_holds_nobody_up(tmp_path: Path) -> None:
    async with staged(StageHost(tmp_path)) as stage:
        burst(stage, "?", "<escape>", "?", "<escape>", "4", ":", "<escape>", "1")
        text = await settled(stage)
        assert "[1 Flash]" in text


async def test_a_burst_answers_nothing(tmp_path: Path) -> None:
    async with staged(StageHost(tmp_path)) as stage:
        stage.app.settle = 60.0
        answers: list[object] = []
        stage.app.host.answer = lambda *given: answers.append(given)  # type: ignore[method-assign]
        burst(stage, "y" * 200)
        await stage.feed(*scenes.BEGUN, Asked(Question("gate", "Is the plug closed?")))
        burst(stage, "y" * 200)
        text = await settled(stage)
        assert "Is the plug closed?" in text
        assert answers == []
