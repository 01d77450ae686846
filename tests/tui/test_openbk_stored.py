"""The OpenBK pane and files: dumps, backups, profiles handed over; and fields that are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.openbk import in_file
from core.profile import template_in
from core.profile.in_dump import PLACES
from core.profile.model import Calibration, Channel, Mqtt, Names, Pin, Profile, Secret, Wifi
from core.profile.toml_file import load, parse
from tests.tui.openbk_stage import MAC, PLUG, BkStage, a_device, bk_stage, plugged, quiet, sector
from tests.tui.stage import StageHost, golden
from tui.panes.openbk.actions import MORE
from tui.panes.openbk.dump import DumpSheet, as_path
from tui.panes.openbk.link import Read

__all__ = ["quiet"]
SIZES = [(80, 24), (160, 45)]
OLD = Profile(names=Names("old-name"), pins={2: Pin("dInput", 5)})


def flash(over: Profile | None = None, chip: str = "bk7231n") -> bytes:
    """A flash with a configuration, and FF everywhere else."""
    data = bytearray(b"\xff" * 0x200000)
    data[PLACES[chip] : PLACES[chip] + 4096] = sector(over)
    return bytes(data)


def with_backup(*overs: Profile | None) -> Callable[[StageHost], None]:
    """What fills the data folder: a dump for each, without a record."""

    def before(host: StageHost) -> None:
        folder = host.store.backups.root / MAC.replace(":", "").lower()
        folder.mkdir(parents=True)
        for number, over in enumerate(overs, 1):
            name = f"20261120T14023{number}Z-bk7231n-{number:04d}.bin"
            (folder / name).write_bytes(flash(over))

    return before


async def more(bk: BkStage, name: str) -> str:
    """One entry of More, as if it were picked."""
    assert name in dict(MORE)
    bk.pane.pane_screen.action_do(name)
    bk.stage.app.tick()
    return await bk.stage.settled()


async def at(bk: BkStage, path: str) -> str:
    """Put the cursor on a field."""
    bk.pane.table.select(path)
    assert bk.pane.key == path
    return await bk.stage.settled()


async def to(bk: BkStage, tab: str) -> str:
    """Go to a section."""
    bk.pane.turn_to(tab)
    return await bk.stage.settled()


# -- a dump in place of a device -----------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
async def test_a_dump_is_opened_edited_and_kept_as_a_new_one(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    name = f"{size[0]}x{size[1]}"
    async with bk_stage(tmp_path, size, before=with_backup(None, OLD)) as bk:
        where = [entry for entry, _text in MORE].index("dump")
        await bk.press("m", *["down"] * where)
        golden(f"openbk-dumps-{name}", await bk.press("enter"))
        text = await bk.press("enter")  # the newest
        assert "dInput" in text and "BK7231N  no device" in text
        golden(f"openbk-dump-{name}", text)
        await to(bk, "Names")
        await bk.press("enter")
        await bk.type("-2")
        await bk.press("enter")
        golden(f"openbk-dump-diff-{name}", await bk.press("d"))
        source = bk.pane.sheet.path  # type: ignore[attr-defined]
        before = source.read_bytes()
        await bk.press("escape", "a")
        text = await bk.until("New dump:")
        assert "1 field read back" in " ".join(text.split())
        sheet = bk.pane.sheet
        assert isinstance(sheet, DumpSheet) and sheet.path != source and not sheet.edits
        assert sheet.path.parent == source.parent and source.read_bytes() == before
        kept = bk.stage.app.host.store.backups.load(sheet.path)
        assert kept.facts.reasons[0].startswith("edited") and not kept.facts.true
        assert in_file.configuration(kept.read()).names.short == "old-name-2"


async def test_h_takes_a_path_and_what_is_no_dump_is_said(tmp_path: Path) -> None:
    (tmp_path / "own.bin").write_bytes(flash())
    (tmp_path / "stock.bin").write_bytes(b"\xff" * 0x200000)
    (tmp_path / "one.sector").write_bytes(sector(OLD))
    async with bk_stage(tmp_path / "home") as bk:
        await bk.open(f"{tmp_path}/stock.bin")
        assert "PROFILE-BLOCK" in bk.stage.text and not bk.pane.sheet.known
        await bk.open(f"{tmp_path}/nothing.bin")
        assert "STORE-UNREADABLE" in bk.stage.text
        assert "dump  own.bin  BK7231N" in await bk.open(f"{tmp_path}/own.bin")
        assert "one.sector  any chip" in await bk.open(f"{tmp_path}/one.sector")
        assert "one two three" not in await to(bk, "Network")
        assert "Static IP" in bk.stage.text and "***" in bk.stage.text
    assert as_path("192.168.1.50") is None and as_path("plug-1.fritz.box:8080") is None
    assert as_path("http://plug/index") is None and as_path("~/x") == Path.home() / "x"


async def test_what_needs_a_device_says_so_and_a_dump_keeps_its_edits(tmp_path: Path) -> None:
    (tmp_path / "own.bin").write_bytes(flash())
    async with plugged() as served, bk_stage(tmp_path / "home") as bk:
        await bk.open(f"{tmp_path}/own.bin")
        for name in ("relay", "console", "password", "read", "update", "backup", "restore_raw"):
            bk.pane.said = []
            assert "No device" in await more(bk, name), name
        assert "No device" in await bk.press("u")
        await at(bk, "pins.2")
        await bk.press("enter")
        await bk.type("dInput")
        await bk.press("enter", "enter")
        await bk.open(served.host)
        await bk.until("P8    PWM2           Rel")
        assert not bk.pane.sheet.edits
        await bk.open(f"{tmp_path}/own.bin")
        assert bk.pane.sheet.edits == {"pins.2": Pin("dInput", 0, 0)} and bk.pane.link is None
        assert bk.stage.app.host.store.settings.get("openbk_host") == served.host
        assert "another file" not in await to(bk, "Startup")
        assert "Drivers" not in await to(bk, "Metering")


async def test_a_full_disk_is_said_and_the_edits_stay(tmp_path: Path) -> None:
    (tmp_path / "own.bin").write_bytes(flash(OLD))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "backups").write_bytes(b"")  # no folder can be made here
    async with bk_stage(tmp_path / "home") as bk:
        await bk.open(f"{tmp_path}/own.bin")
        await to(bk, "Names")
        await bk.press("enter")
        await bk.type("x")
        await bk.press("enter", "a")
        text = await bk.until("STORE-")
        assert "* Short name" in text and bk.pane.sheet.edits


# -- configurations out of backups ----------------------------------------------------------------


async def test_a_backup_goes_into_the_form_and_from_there_to_the_device(tmp_path: Path) -> None:
    more_pins = Profile(pins={3: Pin("dInput", 7)})
    config = sector(more_pins)
    async with (
        plugged(config=config) as served,
        bk_stage(tmp_path, before=with_backup(None, OLD)) as bk,
    ):
        await bk.open(served.host)
        await bk.until("P8    PWM2           Rel")
        await more(bk, "restore")
        text = await bk.press("enter")
        assert "3 fields differ" in text
        text = await bk.press("d")
        assert "pins.3: dInput;7 -> None;0" in text and "names.short" in text
        await bk.press("escape", "a")
        await bk.until("Send these")
        await bk.press("y")
        await bk.until("sent and read back")
        await bk.until("  P2                   dInput")
        assert served.device.config.get("names.short") == "old-name"
        assert served.device.config.role(2) and not served.device.config.role(3)
        assert not bk.pane.sheet.edits


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
async def test_a_backup_of_another_plug_is_told(tmp_path: Path, size: tuple[int, int]) -> None:
    device = await a_device()
    over = Profile(
        names=Names("theirs"),
        mqtt=Mqtt(client="their-id", password=Secret("")),
        calibration=Calibration(voltage=0.25),
    )
    for mac, name in (("c0ffee123456", "theirs.bin"), (MAC, "own.bin")):
        path = tmp_path / mac.replace(":", "").lower() / name
        path.parent.mkdir()
        path.write_bytes(flash(over if name == "theirs.bin" else None))
    async with bk_stage(tmp_path / "home", size) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        bk.pane.tried(lambda: bk.pane.restore(tmp_path / "c0ffee123456" / "theirs.bin"))
        text = await bk.stage.settled()
        golden(f"openbk-foreign-{size[0]}x{size[1]}", text)
        text = " ".join(text.split())
        assert "C0:FF:EE:12:34:56" in text and f"this device is {MAC}" in text
        assert "short name 'theirs'" in text and "MQTT client 'their-id'" in text
        assert "the factors of the meter (voltage)" in text and "c puts factors" in text
        assert "does not have mqtt.password" in text
        text = " ".join((await bk.press("escape")).split())
        assert "The backup is of C0:FF:EE:12:34:56, this device is A4:C1" in text
        bk.pane.said = []
        bk.pane.restore(tmp_path / MAC.replace(":", "").lower() / "own.bin")
        assert "! " not in "".join(bk.pane.said) and len(bk.stage.app.screen_stack) == 1


async def test_a_raw_restore_asks_and_waits_for_the_power_cut(tmp_path: Path) -> None:
    web = Profile(names=Names("old-name"), wifi=Wifi(web_password=Secret("came back")))
    async with plugged() as served, bk_stage(tmp_path, before=with_backup(web)) as bk:
        served.device.began -= 100  # it runs for a while already
        await bk.open(served.host)
        await bk.until("P8    PWM2           Rel")
        await more(bk, "restore_raw")
        await bk.press("enter")
        text = await bk.until("Write the configuration sector")
        assert "must be cut" in " ".join(text.split())
        await bk.press("y")
        await bk.until("Pull the plug now")
        served.device.power_cut()
        await bk.until("configuration sector restored")
        await to(bk, "Names")
        await bk.until("old-name")
        assert bk.pane.passwords == {served.host: "came back"}


@pytest.mark.usefixtures("quiet")
async def test_a_raw_restore_is_offered_for_the_same_chip_only(tmp_path: Path) -> None:
    def before(host: StageHost) -> None:
        with_backup(None)(host)
        (tmp_path / "backups" / "x").mkdir()
        (tmp_path / "backups" / "x" / "t.bin").write_bytes(flash(None, "bk7231t"))
        (tmp_path / "backups" / "x" / "any.sector").write_bytes(sector())

    device = await a_device()
    other = replace(device, info=replace(device.info, chip="BL602"))
    async with bk_stage(tmp_path, before=before) as bk:
        await bk.open(PLUG)
        assert "not read yet" in await more(bk, "restore_raw")
        await bk.give(Read(other))
        assert "not on a BL602" in await more(bk, "restore_raw")
        await bk.give(Read(device))
        text = await more(bk, "restore_raw")
        assert "any.sector" in text and "0001.bin" in text and "t.bin" not in text
        await bk.press("escape")
        assert "t.bin" in await more(bk, "restore")


# -- profiles -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("quiet")
async def test_a_profile_that_is_handed_over_waits_for_a_form(tmp_path: Path) -> None:
    device = await a_device()
    given = tmp_path / "given.toml"
    given.write_text("[flags]\n22 = true\n")
    async with bk_stage(tmp_path / "home") as bk:
        bk.pane.take_profile(given)
        assert "when one is opened" in await bk.stage.settled()
        await bk.open(PLUG)
        assert not bk.pane.sheet.edits
        text = await bk.give(Read(device))
        assert bk.pane.sheet.edits == {"flags.22": True}
        assert "given.toml: 1 field differs" in text and "Flags*" in text
        given.write_text("[flags]\n23 = true\n")
        bk.pane.take_profile(given)  # a form is there already
        assert bk.pane.sheet.edits == {"flags.22": True, "flags.23": True}
        given.write_text("not a profile")
        bk.pane.take_profile(given)
        assert "PROFILE-TEXT" in await bk.stage.settled() and bk.pane.handed is None
        page = await bk.press("e", "end")
        assert '"autoexec.bat" = "text"' in page  # the end of the list of all keys
        await bk.press("escape")
        given.write_text("[flags]\n24 = true\n")
        bk.pane.take_profile(given)
        assert "No fault is shown" in await bk.press("e")


@pytest.mark.usefixtures("quiet")
async def test_a_profile_of_another_chip_leaves_the_form_as_it_was(tmp_path: Path) -> None:
    device = await a_device()
    given = tmp_path / "given.toml"
    given.write_text('chip = "bk7231t"\n[flags]\n22 = true\n')
    (tmp_path / "own.bin").write_bytes(flash())
    async with bk_stage(tmp_path / "home") as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        bk.pane.put("flags.2", True)
        bk.pane.take_profile(given)
        assert "OBK-CHIP" in await bk.stage.settled()
        assert bk.pane.sheet.edits == {"flags.2": True}
        assert "1 field put back" in await more(bk, "forget")
        assert not bk.pane.sheet.edits
        await bk.open(f"{tmp_path}/own.bin")
        bk.pane.take_profile(given)
        assert "PROFILE-VALUE" in await bk.stage.settled() and not bk.pane.sheet.edits
        given.write_text('chip = "BK7231N"\n[flags]\n22 = true\n')
        bk.pane.take_profile(given)
        assert bk.pane.sheet.edits == {"chip": "BK7231N", "flags.22": True}


@pytest.mark.usefixtures("quiet")
async def test_the_form_is_kept_in_each_format(tmp_path: Path) -> None:
    device = await a_device()
    folder = tmp_path / "profiles"
    folder.mkdir()
    path = folder / "a4c1385c94fa.toml"
    path.write_text('# my plug\n[names]\nshort = "was"  # on the shelf\n')
    async with bk_stage(tmp_path) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        bk.pane.put("channels.1.start", 1)
        assert "comments in the file stay" in await more(bk, "save")
        text = await bk.press("enter")
        assert "plug1.toml" in text and "Name of the file" in text  # the short name
        bk.pane.query_one("#edit").value = "a4c1385c94fa"  # type: ignore[attr-defined]
        said = " ".join((await bk.press("enter")).split())
        assert "1 changed" in said and "added, comments kept" in said
        text = path.read_text()
        assert "# my plug" in text and 'short = "plug1"  # on the shelf' in text
        assert "one two three" not in text and "hidden" not in text
        assert load(path).channels[1] == Channel("Toggle", 1)
        for _ in range(2):
            await more(bk, "save")
            await bk.press("down", "enter")
        names = sorted(p.name for p in folder.glob("*.json"))
        assert names == ["a4c1385c94fa-2.json", "a4c1385c94fa.json"]
        kept = template_in.parse((folder / names[0]).read_text())
        assert kept.pins[8] == Pin("Rel", 1)
        await more(bk, "save")
        await bk.press("down", "down", "enter")
        assert "setPinRole 8 Rel" in (folder / "a4c1385c94fa.txt").read_text()
        record = 'sha256 = "0"\ntrue = false\nwhole = true\n'
        for there, code in (("not a profile", "PROFILE-TEXT"), (record, "STORE-EXISTS")):
            (folder / "plug1.toml").write_text(there)
            await more(bk, "save")
            await bk.press("enter")
            assert code in await bk.press("enter")
            assert (folder / "plug1.toml").read_text() == there
        await more(bk, "save")
        await bk.press("enter")
        bk.pane.query_one("#edit").value = "../x"  # type: ignore[attr-defined]
        assert "no name of a file" in await bk.press("enter")
        assert not (tmp_path / "x.toml").exists()


# -- fields that are made -----------------------------------------------------------------------


async def test_a_file_is_typed_sent_and_read_back(tmp_path: Path) -> None:
    async with plugged() as served, bk_stage(tmp_path) as bk:
        await bk.open(served.host)
        await bk.until("P8    PWM2           Rel")
        await to(bk, "Startup")
        await at(bk, "add-file")
        assert "type it here" in await bk.press("enter")
        await bk.press("enter")
        await bk.type("web/../x")
        assert "PROFILE-VALUE" in await bk.press("enter")
        await bk.press("escape", "enter", "enter")
        await bk.type("autoexec.bat")
        await bk.press("enter")
        await bk.type("startDriver NTP")
        text = await bk.press("f2")
        assert "* file autoexec.bat" in text and bk.pane.key == "files.autoexec.bat"
        await bk.press("a")
        await bk.until("Send these")
        await bk.press("y")
        await bk.until("sent and read back")
        await bk.until("  file autoexec.bat")
        assert served.device.files["autoexec.bat"] == b"startDriver NTP"


@pytest.mark.usefixtures("quiet")
async def test_a_file_of_this_computer_is_taken(tmp_path: Path) -> None:
    device = await a_device()
    (tmp_path / "page.html").write_text("<b>ü</b>")
    (tmp_path / "pixels").write_bytes(b"\xff\xfe")
    (tmp_path / "much").write_bytes(b"x" * 32769)
    async with bk_stage(tmp_path / "home") as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        await to(bk, "Startup")
        for name, said in (("pixels", "OBK-FILE"), ("much", "STORE-"), ("none", "STORE-")):
            await at(bk, "add-file")
            await bk.press("enter", "down", "enter")
            await bk.type(f"{tmp_path}/{name}")
            bk.pane.said = []
            assert said in await bk.press("enter"), name
            await bk.press("escape")
        await bk.press("enter", "down", "enter")
        await bk.type(f"{tmp_path}/page.html")
        text = await bk.press("enter")
        assert bk.pane.sheet.edits == {"files.page.html": "<b>ü</b>"}
        assert "* file page.html         9 bytes" in text


@pytest.mark.usefixtures("quiet")
async def test_a_channel_that_no_pin_uses_gets_a_type(tmp_path: Path) -> None:
    device = await a_device()
    async with bk_stage(tmp_path) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        await to(bk, "Startup")
        await at(bk, "add-channel")
        for typed, said in (("x", "no number"), ("64", "There is no channel 64")):
            await bk.press("enter")
            await bk.type(typed)
            assert said in await bk.press("enter")
            await bk.press("escape")
        await bk.press("enter")
        await bk.type("20")
        assert "channel 20 starts with" in await bk.press("enter")
        assert bk.pane.key == "channels.20.type" and not bk.pane.sheet.edits
        await bk.press("enter")
        await bk.type("Temperature")
        await bk.press("enter")
        assert bk.pane.sheet.edits == {"channels.20": Channel("Temperature")}
        await bk.press("down", "enter")
        await bk.type("25")
        await bk.press("enter")
        assert bk.pane.sheet.edits == {"channels.20": Channel("Temperature", 25)}


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
async def test_what_relays_do_when_the_power_is_back(tmp_path: Path, size: tuple[int, int]) -> None:
    device = await a_device()
    two = {**device.profile.pins, 9: Pin("Rel_n", 13)}
    device = replace(device, profile=replace(device.profile, pins=two))
    async with bk_stage(tmp_path, size) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        text = await to(bk, "Startup")
        assert "off  (channel 1, 13)" in text
        await at(bk, "on_power_up")
        golden(f"openbk-power-{size[0]}x{size[1]}", await bk.press("enter"))
        text = await bk.press("down", "down", "enter")
        assert "only channels below 12 can remember" in text and not bk.pane.sheet.edits
        text = await bk.press("enter", "down", "enter")
        assert bk.pane.sheet.edits == {"channels.1": Channel(start=1),
                                       "channels.13": Channel(start=1)}  # fmt: skip
        assert "* Relays after power     on  (channel 1, 13)" in text
        assert "1  (on)" in text and "Now on the device: off" in text
        await at(bk, "channels.1.start")
        text = await bk.press("enter", "down", "down", "enter")
        assert "channel 1 remembers, channel 13 on" in text
        assert "channels.1.start: 0 -> -1" in await bk.press("d")
        await bk.press("escape")
        await at(bk, "on_power_up")
        await bk.press("z")
        assert not bk.pane.sheet.edits
        assert "cannot be empty" in await bk.press("delete") and not bk.pane.sheet.edits


@pytest.mark.usefixtures("quiet")
async def test_a_profile_says_it_for_all_relays(tmp_path: Path) -> None:
    device = await a_device()
    (tmp_path / "given.toml").write_text('on_power_up = "on"\n')
    async with bk_stage(tmp_path / "home") as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        bk.pane.take_profile(tmp_path / "given.toml")
        assert bk.pane.sheet.edits == {"channels.1": Channel(start=1)}
        await more(bk, "save")
        await bk.press("enter", "enter")
        (path,) = (tmp_path / "home" / "profiles").iterdir()
        assert parse(path.read_text()).channels[1] == Channel("Toggle", 1)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
async def test_what_does_not_fit_together_is_said_at_the_field(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    device = await a_device()
    async with bk_stage(tmp_path, size) as bk:
        await bk.open(PLUG)
        await bk.give(Read(device))
        assert "!" not in bk.stage.text  # P10 and P11 are so already
        await at(bk, "pins.7")
        bk.pane.put("pins.7", Pin("Rel", 1))
        text = await bk.stage.settled()
        assert "! 2 relays are on channel 1" in text
        bk.pane.put("pins.26", Pin("None", 0, 0))
        await at(bk, "pins.26")
        text = await bk.stage.settled()
        assert "! The meter chip needs CF, CF1 and SEL" in text
        golden(f"openbk-warned-{size[0]}x{size[1]}", text)
        text = await bk.press("d")
        assert "! 2 relays" in text and "! The meter chip" in text
        await bk.press("escape", "z")
        assert "!" not in next(line for line in bk.stage.lines if " P26" in line)
        bk.pane.put("pins.10", Pin("Btn", 2))
        assert bk.pane.sheet.warned("pins.10") == [
            "P10 is the serial line for flashing; after the first boot with Btn it is gone. "
            "Take RX1 and TX1 off before that boot."
        ]


@pytest.mark.usefixtures("quiet")
async def test_flags_have_a_text_before_the_device_answers(tmp_path: Path) -> None:
    (tmp_path / "own.bin").write_bytes(flash())
    async with bk_stage(tmp_path / "home") as bk:
        await bk.open(f"{tmp_path}/own.bin")
        assert "flag 2   [ ] publish own state every N (60) s" in await to(bk, "Flags")
        await bk.press("enter")
        assert bk.pane.sheet.edits == {"flags.0": True}
