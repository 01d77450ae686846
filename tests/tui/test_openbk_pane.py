"""The OpenBK pane: the form from cache, edits, diff, apply and read back; whole at 80x24."""

from __future__ import annotations

import asyncio
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path

import pytest

from core.events import Failed, Note, Phase, Started
from core.openbk import faults, history
from core.openbk.metering import Quantity
from core.openbk.wire import Energy
from core.profile.model import SECTIONS, Names, Pin, Profile, Secret, flat
from core.profile.toml_file import dump
from core.store.store import Store
from tests.tui.openbk_stage import (
    MAC,
    PLUG,
    SAMPLES,
    a_device,
    bk_stage,
    plugged,
    quiet,
)
from tests.tui.stage import golden
from tui.panes.openbk.calibrate import Asker
from tui.panes.openbk.dialogs import matching
from tui.panes.openbk.link import Read, Unread
from tui.panes.openbk.sections import TABS, paths
from tui.panes.openbk.sheet import Sheet
from tui.panes.openbk.strip import spark
from tui.panes.openbk.values import channels_of, parsed, profile_of

__all__ = ["quiet"]
SIZES = [(80, 24), (160, 45)]
RUNNING = (
    Started("openbk-apply", f"Apply: {PLUG}"),
    Phase("Read", 1, 5),
    Phase("Plan", 2, 5),
    Phase("Send", 3, 5),
    Note("SENT", "plug1: roles of P6"),
)
CHANGED = Failed(
    faults.CHANGED(
        what=f"{PLUG} was changed since it was read: mqtt.host.",
        cause="Somebody else configured it meanwhile.",
        next="Read it again, then decide.",
    ).fault
)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
async def test_every_state_looks_as_it_was_kept(tmp_path: Path, size: tuple[int, int]) -> None:
    name = f"{size[0]}x{size[1]}"
    device = await a_device()
    async with bk_stage(tmp_path, size) as bk:
        golden(f"openbk-empty-{name}", bk.stage.text)
        await bk.open(PLUG)
        golden(f"openbk-pins-{name}", await bk.give(Read(device), *SAMPLES))
        await bk.at("pins.6")
        await bk.press("enter")
        golden(f"openbk-role-{name}", await bk.type("led_"))
        await bk.press("enter")
        golden(f"openbk-typing-{name}", bk.stage.text)
        await bk.press("enter")
        golden(f"openbk-diff-{name}", await bk.press("d"))
        await bk.press("escape")
        for tab in TABS[1:]:
            golden(f"openbk-{tab.lower()}-{name}", await bk.to(tab))
        bk.stage.job = "20261120T140233Z-openbk-apply-01"
        golden(f"openbk-applying-{name}", await bk.stage.feed(*RUNNING, t=2.0))
        golden(f"openbk-fault-{name}", await bk.stage.feed(CHANGED, t=3.0))


async def test_a_pin_is_edited_diffed_applied_and_read_back(tmp_path: Path) -> None:
    async with plugged() as served, bk_stage(tmp_path) as bk:
        await bk.open(served.host)
        await bk.until("P8    PWM2           Rel")
        await bk.at("pins.2")
        await bk.press("enter")
        await bk.type("dInput")
        await bk.press("enter")
        await bk.type("3")
        text = await bk.press("enter")
        assert "* P2" in text and "▸Pins*" in text and not served.device.config.role(2)
        text = await bk.press("d")
        assert "pins.2: None;0 -> dInput;3" in text or "-> dInput;" in text
        await bk.press("escape", "a")
        await bk.until("Send these")
        await bk.press("y")
        await bk.until("sent and read back")
        text = await bk.until("  P2                   dInput")
        assert not bk.pane.sheet.edits and "Changed on the device" not in text
        kept = bk.stage.app.host.store.devices.history(MAC)
        assert kept[-1].why == "applied" and "dInput" in kept[-1].profile


def written(folder: Path) -> list[bytes]:
    """All files of a data folder."""
    found = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert found
    return found


def remembered(home: Path, host: str, profile: Profile) -> None:
    """A device that was read before with this data folder."""
    store = Store(home)
    plain = replace(profile, drivers=None)
    store.devices.add(MAC, "read", host, dump(plain), history.secrets_of(plain))
    store.settings.set("openbk_host", host)


async def test_the_form_is_there_in_the_first_frame(tmp_path: Path) -> None:
    device = await a_device()
    async with plugged() as served:
        old = replace(device.profile, names=Names("before", "Before"))
        remembered(tmp_path, served.host, old)
        async with bk_stage(tmp_path) as bk:
            text = bk.stage.text  # no tick was made, so nothing of the device can be in it
            assert "P8 " in text and "Rel" in text and "kept 20" in text
            assert "before" in await bk.to("Names")
            text = await bk.until("Plug 1")
            assert "Changed on the device since 20" in text and "names.short" in text


async def test_what_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    async with plugged() as served, bk_stage(tmp_path) as bk:
        await bk.open(served.host)
        await bk.until("P8    PWM2           Rel")
        await bk.to("Names")
        await bk.press("enter")
        await bk.type("x")
        await bk.press("enter")
        served.device.config.put("mqtt.host", "10.0.0.9")
        await bk.press("a")
        text = await bk.until("OBK-CHANGED")
        assert "mqtt.host" in text
        await bk.until("OBK-CHANGED")
        text = await bk.press("escape")
        assert "* Short name" in text and bk.pane.sheet.edits == {"names.short": "plug1x"}
        assert served.device.config.get("names.short") == "plug1"


async def test_a_password_is_asked_for_by_the_device_and_never_shown(tmp_path: Path) -> None:
    async with plugged("401@1") as served, bk_stage(tmp_path) as bk:
        await bk.open(served.host)
        await bk.until("OBK-PASSWORD")
        await bk.press("m", "down", "down", "enter")
        text = await bk.type("sesame")
        assert "sesame" not in text
        await bk.press("enter")
        await bk.until("P8    PWM2           Rel")
        assert bk.pane.passwords == {served.host: "sesame"}
        assert not any(b"sesame" in data for data in written(tmp_path))


@pytest.mark.usefixtures("quiet")
async def test_secrets_are_masked_until_asked_for(tmp_path: Path) -> None:
    device = await a_device()
    async with bk_stage(tmp_path) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        text = await bk.to("Network")
        assert "one two three" not in text and "***" in text
        assert "one two three" in await bk.press("v")
        assert "one two three" not in await bk.press("v")
        await bk.at("wifi.password")
        await bk.press("enter")
        assert "new words" not in await bk.type("new words")
        text = await bk.press("enter")
        assert "* Wi-Fi password" in text and "new words" not in text
        text = await bk.press("d")
        assert "wifi.password: *** -> ***" in text
        await bk.press("escape", "z")
        assert not bk.pane.sheet.edits
        await bk.press("enter", "enter")  # nothing typed leaves a secret as it is
        assert not bk.pane.sheet.edits
        await bk.press("delete")
        assert bk.pane.sheet.edits == {"wifi.password": Secret("")}


@pytest.mark.usefixtures("quiet")
async def test_a_value_the_firmware_cannot_hold_is_said_and_not_taken(tmp_path: Path) -> None:
    device = await a_device()
    async with bk_stage(tmp_path) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        await bk.to("Names")
        await bk.press("enter")
        await bk.type("x" * 40)
        text = await bk.press("enter")
        assert "PROFILE-VALUE" in text and "31" in text and not bk.pane.sheet.edits
        assert bk.pane.state == "editing" and "x" * 40 in text  # to be corrected, not typed anew
        await bk.type("d")
        assert bk.pane.state == "editing"  # a letter is no command here
        text = await bk.press("escape")
        assert "PROFILE-VALUE" not in text and "plug1" in text
        await bk.to("MQTT")
        await bk.at("mqtt.port")
        await bk.press("enter")
        await bk.type("x")
        assert "no whole number" in await bk.press("enter")
        await bk.press("backspace")
        text = await bk.press("enter")
        assert "no whole number" not in text and bk.pane.state == "moving"


@pytest.mark.usefixtures("quiet")
async def test_a_profile_is_loaded_into_the_form(tmp_path: Path) -> None:
    device = await a_device()
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "mine.toml").write_text('[names]\nshort = "p-{mac6}"\n[flags]\n21 = true\n')
    async with bk_stage(tmp_path) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        assert "mine.toml" in await bk.press("p")
        text = await bk.press("enter")
        assert "mine.toml: 2 fields differ" in text and "Names*" in text and "Flags*" in text
        assert bk.pane.sheet.edits == {"names.short": "p-5C94FA", "flags.21": True}


@pytest.mark.usefixtures("quiet")
async def test_a_template_is_loaded_by_its_path(tmp_path: Path) -> None:
    device = await a_device()
    template = tmp_path / "theirs.json"
    template.write_text('{"name": "x", "chip": "BK7231N", "pins": {"6": "LED_n;1", "20": "Btn;2"}}')
    async with bk_stage(tmp_path / "home") as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        text = await bk.press("p", "end")
        assert "another file: type its path" in text
        assert "a template (.json)" in await bk.press("enter")
        await bk.type(str(tmp_path / "none.json"))
        assert "STORE-UNREADABLE" in await bk.press("enter")
        await bk.press("p", "end", "enter")
        await bk.type(str(template))
        assert "theirs.json: 2 fields differ" in await bk.press("enter")
        edits = bk.pane.sheet.edits
        assert (edits["pins.6"], edits["pins.20"]) == (Pin("LED_n", 1), Pin("Btn", 2))


@pytest.mark.usefixtures("quiet")
async def test_what_a_device_says_cannot_steer_the_terminal(tmp_path: Path) -> None:
    device = await a_device()
    evil = Names("\x1b[2Jname", "a\u202eb")
    hostile = replace(device, profile=replace(device.profile, names=evil))
    hostile = replace(hostile, info=replace(device.info, short_name="\x1b]0;x\x07"))
    fault = replace(CHANGED.fault, what="\x1b[31mred")
    async with bk_stage(tmp_path) as bk:
        await bk.open(PLUG)
        await bk.give(Read(hostile), Unread(fault))
        text = await bk.to("Names")
        assert "\x1b" not in text and "\u202e" not in text and "·[2Jname" in text


@pytest.mark.usefixtures("quiet")
async def test_startup_text_of_several_lines(tmp_path: Path) -> None:
    device = await a_device()
    async with bk_stage(tmp_path) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        await bk.to("Startup")
        assert "Startup command" in await bk.press("enter")
        await bk.type("backlog a\nb")
        await bk.press("enter", "c", "f2")
        assert bk.pane.sheet.edits == {"startup": "backlog a\nb\nc"}


async def test_find_lists_devices_and_a_profile_goes_to_the_marked_ones(tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "mine.toml").write_text("[flags]\n21 = true\n")
    other = plugged(mac=bytes.fromhex("a4c1385c94fb"))
    async with plugged() as one, other as two, bk_stage(tmp_path) as bk:
        await bk.press("f")
        await bk.type(f"{one.host} {two.host}")
        await bk.press("enter")
        text = await bk.until("2 devices at 2 addresses")
        assert MAC in text and "A4:C1:38:5C:94:FB" in text
        await bk.press("space", "down", "space", "a")
        await bk.press("enter")
        await bk.until("Send these")
        await bk.press("y")
        await bk.until("2 of 2 devices are as the profile says")
        assert one.device.config.flag(21) and two.device.config.flag(21)


async def test_undo_goes_back_to_what_was_kept(tmp_path: Path) -> None:
    async with plugged() as served, bk_stage(tmp_path) as bk:
        device = await a_device()
        store = bk.stage.app.host.store
        old = replace(device.profile, drivers=None, flags={**device.profile.flags, 21: True})
        store.devices.add(MAC, "read", served.host, dump(old), history.secrets_of(old))
        await bk.open(served.host)
        await bk.until("BK7231N")
        await bk.press("u")
        text = bk.stage.text
        assert f"{datetime.now():%Y-%m-%d}" in text and "as it was read" in text
        assert "1 field: flags.21" in text
        await bk.press("enter")
        await bk.until("Send these")
        await bk.press("y")
        await bk.until("sent and read back")
        assert served.device.config.flag(21)


async def test_a_new_web_password_is_used_at_once(tmp_path: Path) -> None:
    async with plugged() as served, bk_stage(tmp_path) as bk:
        await bk.open(served.host)
        await bk.until("P8    PWM2           Rel")
        await bk.to("Network")
        await bk.at("wifi.web_password")
        await bk.press("enter")
        await bk.type("open sesame")
        await bk.press("enter", "a")
        await bk.until("Send these")
        await bk.press("y")
        await bk.until("sent and read back")
        await bk.until("  Web password           ***")
        assert bk.pane.passwords == {served.host: "open sesame"} and not bk.pane.sheet.edits


@pytest.mark.usefixtures("quiet")
async def test_the_profile_of_the_flash_pane_is_offered_first(tmp_path: Path) -> None:
    device = await a_device()
    handed = tmp_path / "from-backup.toml"
    handed.write_text("[flags]\n22 = true\n")
    Store(tmp_path).settings.set("plug_profile", str(handed))
    async with bk_stage(tmp_path) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        assert "from-backup.toml  (from the Flash pane)" in await bk.press("p")
        await bk.press("enter")
        assert bk.pane.sheet.edits == {"flags.22": True}


async def test_the_relay_is_switched_after_a_question(tmp_path: Path) -> None:
    async with plugged() as served, bk_stage(tmp_path) as bk:
        await bk.open(served.host)
        await bk.until("P8    PWM2           Rel")
        await bk.press("m", "enter")
        text = await bk.until("will be switched on")
        assert "may lose power" in " ".join(text.split()) and not served.device.channels[1]
        await bk.press("y")
        await bk.until("relay 1 is on")
        assert served.device.channels[1] == 1


async def test_the_console_translates_and_remembers(tmp_path: Path) -> None:
    async with plugged() as served, bk_stage(tmp_path) as bk:
        await bk.open(served.host)
        await bk.until("P8    PWM2           Rel")
        await bk.press("m", "down", "enter")
        await bk.type("SetFlag 21 1")
        await bk.press("enter")
        await bk.until("ok:")
        assert served.device.config.flag(21)
        await bk.press("up")
        assert "SetFlag 21 1" in bk.stage.lines[-2] + bk.stage.lines[-3] + bk.stage.lines[-4]


async def test_the_console_asks_and_the_form_follows(tmp_path: Path) -> None:
    async with plugged() as served, bk_stage(tmp_path) as bk:
        await bk.open(served.host)
        await bk.until("P8    PWM2           Rel")
        await bk.press("m", "down", "enter")
        for answer, said in (("no", "not sent"), ("yes", "ok:")):
            await bk.type("Power ON")
            await bk.press("enter")
            await bk.until("Power ON: it may switch the load")
            assert "yes and Enter sends it" in bk.stage.text and not served.device.channels[1]
            await bk.type(answer)
            await bk.press("enter")
            await bk.until(said)
        assert served.device.channels[1] == 1
        await bk.type("backlog Power OFF; clearIO")
        await bk.press("enter")
        await bk.until("OBK-RELAY-ON")
        served.device.set_channel(1, 0)
        await bk.type("clearIO")
        await bk.press("enter")
        await bk.until("all roles and channels")
        await bk.type("yes")
        await bk.press("enter")
        await bk.until("ok: OK")
        assert served.device.config.role(8) == 0
        await bk.press("escape")
        await bk.until("P8    PWM2           -")
        assert "relay on" not in bk.stage.text


async def test_read_only_sends_nothing(tmp_path: Path) -> None:
    async with plugged() as served, bk_stage(tmp_path, read_only=True) as bk:
        await bk.open(served.host)
        await bk.until("P8    PWM2           Rel")
        assert "READ-ONLY" in await bk.press("m", "down", "enter")
        await bk.press("m", "enter")
        await bk.until("will be switched on")
        await bk.press("y")
        await bk.until("READ-ONLY")
        assert not served.device.channels[1]


@pytest.mark.parametrize("trouble", ["cut:60@9", "reset@4", "json@5"])
async def test_a_bad_answer_is_read_again(tmp_path: Path, trouble: str) -> None:
    async with plugged(trouble) as served, bk_stage(tmp_path) as bk:
        await bk.open(served.host)
        await bk.until("P8    PWM2           Rel")


@pytest.mark.usefixtures("quiet")
async def test_calibration_asks_for_each_value(tmp_path: Path) -> None:
    device = await a_device()
    energy = Energy(998.0, 998.0, 0.0, 1.0, 229.0, 4.36, 1.0)
    async with bk_stage(tmp_path) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        host, asker = bk.stage.app.host, Asker()
        bk.pane.asker = asker

        async def ask_all() -> list[float | None]:
            return [await asker(quantity, energy) for quantity in Quantity]

        given = host.stream(ask_all())
        await bk.until("Voltage of the reference meter, in V")
        assert "The plug shows 229.0 V" in bk.stage.text
        assert "no number above zero" in await bk.type("-230")
        await bk.press("enter")
        assert not given.done()
        await bk.press(*["backspace"] * 4)
        assert "pulses/s" in await bk.type("231,5")
        await bk.press("enter")
        await bk.until("Current of the reference meter")
        await bk.type("4.3")
        await bk.press("enter")
        await bk.until("Power of the reference meter")
        text = await bk.type("500")
        assert "not near" in text  # 231.5 V x 4.3 A is no 500 W
        await bk.press("escape")
        assert await asyncio.wrap_future(given) == [231.5, 4.3, None]


def test_a_profile_of_paths_is_the_opposite_of_flat() -> None:
    values = {"names.short": "a", "pins.8": Pin("Rel", 1), "flags.3": True, "startup": "x",
              "files.a.b": "text"}  # fmt: skip
    assert flat(profile_of(values)) == values


def test_every_named_field_of_a_profile_is_in_a_section() -> None:
    sheet = Sheet(PLUG, when="now")
    told = {path for tab in TABS[:-1] for path in paths(sheet, tab)}
    for section, kind in SECTIONS.items():
        for field in fields(kind):
            assert f"{section}.{field.name}" in told


def test_what_is_typed_becomes_a_value() -> None:
    assert parsed("calibration.power", "1,5") == 1.5
    assert parsed("mqtt.port", " 1883 ") == 1883
    assert parsed("drivers", "NTP, BL0937") == ("NTP", "BL0937")
    assert parsed("wifi.password", " with blanks ") == Secret(" with blanks ")
    assert channels_of(Pin("Rel", 1), "2, 3") == Pin("Rel", 2, 3)
    with pytest.raises(ValueError, match="no whole number"):
        parsed("channels.1.start", "on")
    with pytest.raises(ValueError, match="one or two"):
        channels_of(Pin("Rel", 1), "1 2 3")


def test_roles_are_found_by_their_first_letters() -> None:
    roles = ("Btn", "Btn_n", "Rel", "Rel_n", "BAT_Relay")
    assert matching(roles, "rel") == ["Rel", "Rel_n", "BAT_Relay"]
    assert matching(roles, "REL_N") == ["Rel_n"]


def test_a_steady_load_is_a_level_line() -> None:
    assert spark([0.0, 0.0]) == "▁▁" and len(set(spark([1000.0, 1001.0, 1002.0]))) == 1
    assert spark([0.0, 1000.0]) == "▁█"
