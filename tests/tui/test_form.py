"""The form: letters are commands while moving and text while editing."""

from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui import scenes
from tests.tui.stage import Stage, StageHost, a_port, staged
from tui.panes.flash.choices import SPEEDS


async def edit_port(stage: Stage) -> None:
    """Open the list of ports and choose to type one."""
    await stage.press("enter", "end", "enter")
    assert "editing" in stage.lines[-1]


def edited(stage: Stage) -> str:
    return stage.app.screen.query_one("#edit", Input).value


async def test_the_key_line_names_the_state(stage: Stage) -> None:
    assert stage.lines[-1].startswith(" moving  f Flash")
    await edit_port(stage)
    assert stage.lines[-1].strip() == "editing  Enter take  Esc leave"
    await stage.press("escape")
    assert stage.lines[-1].startswith(" moving")


async def test_the_arrows_move_between_the_fields_and_stop_at_the_ends(stage: Stage) -> None:
    names = ["Port", "Supply", "Reset lead", "Image", "Backup", "Speed", "Profile"]
    for name in [*names, "Profile"]:
        (marked,) = [line for line in stage.lines if line.startswith("▸")]
        assert marked.startswith(f"▸ {name}")
        await stage.press("down")
    await stage.press(*["up"] * 9)
    assert stage.lines[1].startswith("▸ Port")


async def test_letters_are_text_while_editing(stage: Stage) -> None:
    await edit_port(stage)
    started: list[object] = []
    stage.app.start = started.append  # type: ignore[method-assign]
    before = edited(stage)
    await stage.press("f", "q", "1", "6", "question_mark", "colon", "x")
    assert edited(stage) == f"{before}fq16?:x"
    assert "[1 Flash]" in stage.text
    assert started == []


async def test_enter_takes_and_the_value_is_remembered(folder: Path) -> None:
    async with staged(StageHost(folder / "home")) as stage:
        await edit_port(stage)
        await stage.press("ctrl+u")  # all before the cursor
        await stage.type("socket://pi")
        text = await stage.press("enter")
        assert "Port        socket://pi" in text
        assert "moving" in stage.lines[-1]
    async with staged(StageHost(folder / "home")) as stage:
        assert "Port        socket://pi" in stage.text


async def test_escape_leaves_the_value_as_it_was(stage: Stage) -> None:
    await edit_port(stage)
    await stage.press("z", "z", "escape")
    assert stage.lines[1].startswith("▸ Port        /dev/ttyUSB0")


async def test_the_edited_field_stays_marked_and_the_line_has_room(stage: Stage) -> None:
    await edit_port(stage)
    text = await stage.type("x" * 60)
    assert stage.lines[1].startswith("▸ Port")
    assert "x" * 60 in text


async def test_function_keys_work_while_editing(stage: Stage) -> None:
    await edit_port(stage)
    assert "[6 Jobs]" in await stage.press("f6")
    assert "editing" in (await stage.press("f1")).splitlines()[-1]


async def test_left_and_right_go_through_the_choices_and_round(stage: Stage) -> None:
    await stage.press(*["down"] * 5)
    speeds = [text for _value, text in SPEEDS]
    for step in range(1, len(speeds) + 1):
        text = await stage.press("right")
        assert f"Speed       {speeds[step % len(speeds)]}" in text
    await stage.press("left")
    assert f"Speed       {speeds[-1]}" in stage.text


async def test_left_and_right_do_nothing_to_a_text(stage: Stage) -> None:
    before = stage.text
    assert await stage.press("left", "right") == before


async def test_enter_offers_the_choices_of_a_field(stage: Stage) -> None:
    await stage.press("down")
    text = await stage.press("enter")
    assert "adapter pin (often too weak)" in text
    text = await stage.press("down", "enter")
    assert "Supply      adapter pin (often too weak)" in text


@pytest.mark.parametrize("key", ["f", "b", "i"])
async def test_without_a_port_the_command_says_what_to_choose(folder: Path, key: str) -> None:
    async with staged(StageHost(folder / "home", ports=[])) as stage:
        text = await stage.press(key)
        assert "Port: choose one first (Enter)." in text
        assert not stage.app.host.running()
        assert "choose one first" not in await stage.press("down", "question_mark", "escape")


async def test_without_an_image_flash_says_so(folder: Path) -> None:
    (folder / "home" / "firmware" / scenes.IMAGE).unlink()
    async with staged(StageHost(folder / "home")) as stage:
        assert "Image       choose one: Enter" in stage.text
        assert "Image: choose one first (Enter)." in await stage.press("f")


async def test_of_two_ports_none_is_taken_by_itself(folder: Path) -> None:
    ports = [a_port("/dev/ttyUSB0"), a_port("/dev/ttyUSB1")]
    async with staged(StageHost(folder / "home", ports=ports)) as stage:
        assert "/dev/ttyUSB" not in stage.lines[1]
        text = await stage.press("enter")
        assert "/dev/ttyUSB0  CH340  free" in text
        assert "/dev/ttyUSB1  CH340  free" in text
        assert "▸ Port        /dev/ttyUSB1" in await stage.press("down", "enter")


async def test_a_long_port_keeps_its_end(folder: Path) -> None:
    host = StageHost(folder / "home", ports=[a_port(scenes.PORT)])
    async with staged(host) as stage:
        assert stage.lines[1].split()[-1].startswith("~")
        assert stage.lines[1].endswith("Serial-if00-port0")


async def test_a_settings_file_that_cannot_be_written_does_not_break_the_screen(
    stage: Stage, folder: Path
) -> None:
    (folder / "home" / "settings.toml").mkdir()
    text = await stage.press("down", "right")
    assert "Supply      adapter pin" in text
    assert "Not remembered for the next time" in text
