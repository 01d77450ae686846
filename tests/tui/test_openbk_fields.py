"""Small things that a new user runs into: addresses, lists, faults of a row, marks, messages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.events import Facts, Finished, Started, Warned
from core.openbk.read import Device
from core.openbk.standing import FLEET
from core.profile.model import Profile
from tests.tui.openbk_stage import PLUG, SAMPLES, a_device, bk_stage, plugged, quiet
from tests.tui.test_openbk_many import ENDED, HALF, HOSTS, JOB, WORKING, a_profile, listed, row
from tui.panes.openbk.link import Read, Unread
from tui.panes.openbk.places import Place
from tui.panes.openbk.sections import DEVICES
from tui.panes.openbk.standings import Fleet

__all__ = ["quiet"]


@pytest.mark.usefixtures("quiet")
async def test_an_address_is_typed_into_an_empty_line(tmp_path: Path) -> None:
    device = await a_device()
    async with bk_stage(tmp_path) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        text = await bk.press("h")
        assert f"Now: {PLUG}" in text and bk.pane.query_one("#edit").value == ""  # type: ignore[attr-defined]
        await bk.type("192.168.1.51")
        await bk.press("enter")
        assert bk.pane.sheet.host == "192.168.1.51"


async def test_a_refused_address_comes_back_for_correction(tmp_path: Path) -> None:
    async with bk_stage(tmp_path) as bk:
        await bk.press("h")
        await bk.type("10.0.0.5:99999")
        text = await bk.press("enter")
        assert "OBK-RANGE" in text and "10.0.0.5:99999" in text
        assert bk.pane.state == "editing" and not bk.pane.sheet.host
        assert "OBK-RANGE" not in await bk.press("escape")


@pytest.mark.usefixtures("quiet")
async def test_only_what_answered_is_listed_and_delete_takes_it_off(tmp_path: Path) -> None:
    device = await a_device()
    long = replace(device, host="a-very-long-name-of-a-plug.example.net")
    async with bk_stage(tmp_path) as bk:
        await bk.open("10.0.0.99")
        assert not bk.pane.places
        assert bk.stage.app.host.store.settings.get("openbk_host") == ""
        await bk.open(PLUG)
        await bk.give(Read(device))
        await bk.open(long.host)
        await bk.give(Read(long))
        text = await bk.to(DEVICES)
        line = next(line for line in text.splitlines() if "] a-very-long" in line)
        assert line.index("plug1") == len("▸[x] ") + 21 + 1
        rows = {"host": PLUG, "name": "x", "chip": "", "version": "", "mac": ""}
        bk.stage.job = JOB.replace("apply", "find")
        await bk.stage.feed(Started("openbk-find", ""), Facts("found", {"devices": [rows]}))
        bk.pane.table.select(PLUG)
        await bk.press("space", "backspace")
        assert PLUG in bk.pane.places  # that key is for fields only
        assert PLUG not in (await bk.press("delete")).split("\n", 4)[4]
        await bk.stage.feed(Finished({"summary": "1 device"}))  # the search is over, not found anew
        assert list(bk.pane.places) == [long.host] and not bk.pane.marked


@pytest.mark.usefixtures("quiet")
async def test_a_message_goes_with_the_field_it_was_about(tmp_path: Path) -> None:
    device = await a_device()
    async with bk_stage(tmp_path) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        assert "No older configuration" in await bk.press("u")
        assert "No older configuration" not in await bk.press("right")
        assert "Nothing was changed." in await bk.press("a")
        await bk.press("enter")
        assert "Nothing was changed." not in await bk.press("escape")


@pytest.mark.usefixtures("quiet")
async def test_space_switches_a_flag_and_the_cursor_is_a_glyph(tmp_path: Path) -> None:
    device = await a_device()
    async with bk_stage(tmp_path) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device), *SAMPLES)
        await bk.to("Flags")
        await bk.at("flags.2")
        text = await bk.press("space")
        assert bk.pane.sheet.edits == {"flags.2": True} and "▸* flag 2 " in text
        assert "  flag 3 " in text
        await bk.press("space")
        assert not bk.pane.sheet.edits


async def test_the_profiles_keep_their_order_and_the_last_one_is_under_the_cursor(
    tmp_path: Path,
) -> None:
    a_profile(tmp_path)
    (tmp_path / "profiles" / "a-first.toml").write_text("[flags]\n2 = true\n")
    async with plugged() as served, bk_stage(tmp_path) as bk:
        await listed(bk, served.host)
        text = await bk.press("space", "a")
        assert text.index("a-first.toml") < text.index("mine.toml")
        await bk.press("down", "enter")
        text = await bk.until("to 1 device, as mine.toml says?")
        assert "mqtt.host: 192.168.1.2 -> 10.0.0.5" in text and "1. " in text
        await bk.press("n")
        await bk.until("DECLINED")
        await bk.press("escape")
        text = await bk.press("a")
        assert text.index("a-first.toml") < text.index("mine.toml")
        await bk.press("enter")
        await bk.until("as mine.toml says?")


@pytest.mark.usefixtures("quiet")
async def test_a_row_that_failed_has_its_page_and_says_so_until_it_is_read(tmp_path: Path) -> None:
    device: Device = await a_device()
    async with bk_stage(tmp_path) as bk:
        await listed(bk, *HOSTS)
        bk.stage.job, bk.pane.fleet = JOB, Fleet(HOSTS, Profile(), "mine.toml", JOB)
        told = Warned(HALF.code, f"{HOSTS[0]}  OBK-HALF-SENT: 'MQTT'. Next: {HALF.next}")
        begun = Started("openbk-apply", ""), Facts(FLEET, {"hosts": list(HOSTS)})
        text = await bk.stage.feed(*begun, *WORKING, told, *ENDED)
        assert "Run the same" not in text and "Do the same again (a)" in text
        bk.pane.table.select(HOSTS[0])
        assert "A plan was interrupted" in await bk.press("e")
        text = await bk.press("escape", "escape")  # the page, then the results
        assert "failed: OBK-HALF-SENT" in row(text, HOSTS[0])
        assert "A plan was interrupted" in await bk.press("e")
        await bk.press("escape", "enter")
        assert bk.pane.sheet.host == HOSTS[0]
        bk.pane.places[HOSTS[0]] = Place(HOSTS[0])
        await bk.give(Unread(HALF))
        assert "failed" in row(await bk.to(DEVICES), HOSTS[0])
        await bk.give(Read(replace(device, host=HOSTS[0])))
        assert "failed" not in row(await bk.stage.settled(), HOSTS[0])
