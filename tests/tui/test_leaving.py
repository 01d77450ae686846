"""Leaving asks when edits would be lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.profile.model import Pin
from tests.tui.openbk_stage import PLUG, BkStage, a_device, bk_stage, quiet
from tui.panes.openbk.link import Read
from tui.widgets.dialog import LeaveDialog, QuitDialog

__all__ = ["quiet"]
SAID = f"Edits of {PLUG} were not sent"


@pytest.fixture
async def edited(tmp_path: Path, quiet: None) -> AsyncIterator[BkStage]:
    async with bk_stage(tmp_path) as bk:
        await bk.open(PLUG)
        await bk.give(Read(await a_device()))
        bk.pane.put("pins.6", Pin("LED_n", 1, 0))
        assert bk.pane.sheet.edits
        yield bk


async def test_q_asks_and_s_and_escape_stay(edited: BkStage) -> None:
    for key in "s", "escape":
        assert SAID in await edited.press("q")
        await edited.press("enter", "y", "q", "ctrl+q")
        assert isinstance(edited.stage.app.screen, LeaveDialog)
        await edited.press(key)
        assert edited.pane.is_attached and SAID not in edited.stage.text
        assert not edited.stage.app._exit
    assert edited.pane.sheet.edits


async def test_q_asks_from_another_pane_too_and_l_leaves(edited: BkStage) -> None:
    await edited.press("1")
    assert SAID in await edited.press("q")
    await edited.stage.pilot.press("l")
    assert edited.stage.app._exit


async def test_ctrl_c_says_it_once(edited: BkStage) -> None:
    assert SAID in await edited.press("ctrl+c")
    assert not edited.stage.app._exit
    await edited.stage.pilot.press("ctrl+c")
    assert edited.stage.app._exit


async def test_while_a_job_runs_it_is_one_card(edited: BkStage) -> None:
    app = edited.stage.app
    app.host.running = lambda: [app]  # type: ignore[method-assign, list-item, return-value]
    text = await edited.press("q")
    assert isinstance(app.screen, QuitDialog)
    assert "A job is running." in text and SAID in text
    del app.host.running


async def test_without_edits_q_leaves_at_once(edited: BkStage) -> None:
    edited.pane.sheet.edits.clear()
    await edited.stage.pilot.press("q")
    assert edited.stage.app._exit
