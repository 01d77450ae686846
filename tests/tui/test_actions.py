"""One registry: keys, key line, help, palette and screens.md say the same."""

import re
from functools import partial
from pathlib import Path

import pytest

from core.events import Started
from tests.tui.stage import Stage
from tui.actions import APP_ACTIONS, PaneInfo, key_text, panes
from tui.panes.base import BasePane

BUILT = panes()
DIGITS = [pane.digit for pane in panes()]
SAMPLE = BUILT
ROOMY = (240, 80)
"""A terminal in which every key has room."""
PANE_ACTIONS = [(pane, action) for pane in BUILT for action in pane.actions]


def test_the_panes_stand_on_the_digits_one_to_seven() -> None:
    assert "".join(DIGITS) == "1234567"
    assert [pane.title for pane in panes()] == [
        "Flash", "Backup", "Scan", "Meter", "OpenBK", "Jobs", "Module",
    ]  # fmt: skip


@pytest.mark.parametrize("pane", BUILT, ids=lambda pane: pane.name)
def test_no_two_actions_of_a_screen_share_a_key(pane: PaneInfo) -> None:
    keys = [key for action in (*pane.actions, *APP_ACTIONS) for key in action.keys]
    keys += [*DIGITS, *(f"f{digit}" for digit in DIGITS), "ctrl+c", "ctrl+q"]
    assert sorted(keys) == sorted(set(keys))


def test_each_pane_has_a_digit_of_its_own_and_the_name_of_its_folder() -> None:
    assert len(set(DIGITS)) == len(DIGITS)
    folder = Path(__file__).parents[2] / "tui" / "panes"
    assert {pane.name for pane in BUILT} == {p.parent.name for p in folder.glob("*/actions.py")}


def test_no_name_is_used_twice_on_a_screen() -> None:
    for pane in BUILT:
        names = [action.name for action in (*pane.actions, *APP_ACTIONS)]
        assert len(names) == len(set(names))


def test_no_ctrl_chord_is_without_a_plain_key() -> None:
    for action in (*APP_ACTIONS, *(action for _, action in PANE_ACTIONS)):
        plain = [key for key in action.keys if not key.startswith("ctrl+")]
        assert plain or not action.shown, action.name


@pytest.mark.parametrize("pane", BUILT, ids=lambda pane: pane.name)
async def test_each_key_of_a_pane_runs_the_method_of_its_action(
    stage: Stage, pane: PaneInfo
) -> None:
    await stage.press(pane.digit)
    for action in pane.actions:
        ran: list[str] = []
        here = stage.app.screen.query_one("#pane")
        setattr(here, f"do_{action.name}", partial(ran.append, "x"))
        stage.app.screen.set_focus(None)  # a list in it has an Enter of its own
        for key in action.keys:
            await stage.press(key)
        assert len(ran) == len(action.keys), action.name


@pytest.mark.parametrize("digit", [pane.digit for pane in SAMPLE])
async def test_the_apps_keys_work_on_every_pane(
    stage: Stage, digit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.press(digit)
    for action in APP_ACTIONS:
        ran: list[str] = []
        monkeypatch.setattr(stage.app, f"do_{action.name}", partial(ran.append, "x"))
        for key in action.keys:
            await stage.press(key)
        assert len(ran) == len(action.keys), action.name


@pytest.mark.parametrize("pane", SAMPLE, ids=lambda pane: pane.name)
async def test_the_key_line_names_keys_of_the_registry_only(stage: Stage, pane: PaneInfo) -> None:
    registered = {f"{a.key_text} {a.label}" for a in (*pane.actions, *APP_ACTIONS)}
    due = {f"{a.key_text} {a.label}" for a in (*pane.actions, *APP_ACTIONS) if a.shown}
    seen = set()
    await stage.pilot.resize_terminal(*ROOMY)
    await stage.press(pane.digit)
    here = stage.app.screen.query_one("#pane", BasePane)
    for text in (stage.text, await stage.feed(Started("plug-flash", "Flash"))):
        line = text.splitlines()[-1].strip()
        items = [item for item in line.split("  ") if item not in (here.state, "moving", "fault")]
        assert set(items) <= registered
        assert {"? Help", "q Quit"} <= set(items)
        seen |= set(items)
    waiting = {f"{a.key_text} {a.label}" for a in pane.actions if a.name in here.idle}
    assert due - waiting <= seen <= due


@pytest.mark.parametrize("pane", SAMPLE, ids=lambda pane: pane.name)
async def test_help_has_every_key_of_the_pane(stage: Stage, pane: PaneInfo) -> None:
    await stage.pilot.resize_terminal(*ROOMY)
    await stage.press(pane.digit)
    shown = (await stage.press("question_mark")).replace("│", " ")
    text = " ".join(shown.split())
    assert " ".join(pane.about.split()) in text
    for action in (*pane.actions, *APP_ACTIONS):
        assert f"{action.key_text} {' '.join(action.help.split())}" in text
    for other in panes():
        assert f"{other.digit} {other.title}" in text
    assert f" {pane.title}" in await stage.press("escape")


@pytest.mark.parametrize("pane", SAMPLE, ids=lambda pane: pane.name)
async def test_the_palette_has_every_action(stage: Stage, pane: PaneInfo) -> None:
    await stage.press(pane.digit)
    names = [(e.name, e.key, e.help) for e in stage.app.palette_entries()]
    wanted = [
        (a.label, a.key_text, a.help) for a in (*pane.actions, *APP_ACTIONS) if a.name != "palette"
    ]
    assert set(wanted) < set(names)
    assert {pane.title for pane in panes()} <= {name for name, _, _ in names}


def test_screens_md_has_each_action_in_one_row() -> None:
    page = (Path(__file__).parents[2] / "screens.md").read_text(encoding="utf-8")
    rows = [
        tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
        for line in page.splitlines()
        if line.lstrip().startswith("|")
    ]
    missing = [
        (action.key_text, action.label, action.help)
        for action in (*APP_ACTIONS, *(action for _, action in PANE_ACTIONS))
        if not any(
            re.sub(r"`", "", row[0]) == action.key_text and row[1:3] == (action.label, action.help)
            for row in rows
        )
    ]
    assert not missing


@pytest.mark.parametrize(
    ("key", "text"),
    [("question_mark", "?"), ("f10", "F10"), ("f", "f"), ("ctrl+p", "Ctrl-P"), ("enter", "Enter")],
)
def test_keys_are_printed_as_people_call_them(key: str, text: str) -> None:
    assert key_text(key) == text
