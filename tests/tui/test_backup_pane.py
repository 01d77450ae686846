"""The Backup pane: from the list to a value, its bytes, a second dump, and out of it."""

from __future__ import annotations

import json
import lzma
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.profile import toml_file
from core.tuya.survey import survey
from core.tuya.take import key_bytes
from tests.tui.backup_stage import (
    RELAY_AT,
    begin,
    changed,
    facts,
    keep,
    own_sector,
    stock,
)
from tests.tui.stage import Stage, StageHost, golden, staged
from tui.panes.backup.pane import Pane

SIZES = [(80, 24), (160, 45)]
LOOK = survey(stock())
LICENCE = json.loads(key_bytes(LOOK, "gw_bi", reveal=True).rstrip(b"\0"))
SECRETS = [LICENCE[name] for name in ("uuid", "psk_key", "auth_key")]


@pytest.fixture
def home(tmp_path: Path) -> StageHost:
    return StageHost(tmp_path)


@pytest.fixture
async def opened(home: StageHost) -> AsyncIterator[Stage]:
    """The newest of two backups, open in a large terminal."""
    await keep(home, changed((0x1D0040, b"\xab\xcd")))
    await keep(home, stock())
    async with staged(home, (160, 45)) as stage:
        await to_dump(stage)
        yield stage


async def to_dump(stage: Stage) -> str:
    await stage.press("2")
    await stage.until("backup 1 of")
    await stage.press("enter")
    return await stage.until("About")


def pane(stage: Stage) -> Pane:
    found = stage.app.screen.query_one("#pane")
    assert isinstance(found, Pane)
    return found


async def go(stage: Stage, where: str) -> str:
    await stage.press("g")
    await stage.type(where)
    return await stage.press("enter")


async def find(stage: Stage, what: str) -> str:
    await stage.press("slash")
    await stage.type(what)
    return await stage.press("enter")


async def row(stage: Stage, path: str) -> str:
    """The cursor of the tree on this row."""
    pane(stage).rows.select("map" if path == "about" else "about")
    pane(stage).rows.select(path)
    stage.app.screen.set_focus(pane(stage).rows)
    return await stage.settled()


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
async def test_every_page_looks_as_it_was_kept(
    home: StageHost, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(home.store.home))  # folders are shown from there on
    name = f"{size[0]}x{size[1]}"
    async with staged(home, size) as stage:
        golden(f"backup-empty-{name}", await stage.press("2"))
    await keep(home, changed((RELAY_AT, b"\0" * 8), (0x1D0040, b"\xab\xcd")), true=False)
    await keep(home, stock())
    async with staged(home, size) as stage:
        await stage.press("2")
        golden(f"backup-list-{name}", await stage.until("backup 2 of 2"))
        await stage.press("enter")
        golden(f"backup-about-{name}", await stage.until("About"))
        golden(f"backup-pins-{name}", await row(stage, "pins"))
        golden(f"backup-value-{name}", await row(stage, "values/0"))
        golden(f"backup-hex-{name}", await go(stage, "1EE000h"))
        await stage.press("v")
        golden(f"backup-plain-{name}", await go(stage, "user_param_key"))
        await stage.press("d", "enter")
        golden(f"backup-compare-{name}", await stage.until("differ"))


async def test_enter_goes_from_a_value_to_its_bytes_and_back(opened: Stage) -> None:
    text = await row(opened, "values/1")
    assert "user_param_key" in text and pane(opened).front == "value"
    text = await opened.press("enter")
    assert pane(opened).front == "hex" and pane(opened).hex.cursor == RELAY_AT
    assert "value user_param_key, byte 0" in text
    await opened.press("down", "right")
    await opened.press("enter")
    assert pane(opened).front == "value" and pane(opened).rows.key == "values/1"


async def test_enter_on_a_byte_of_the_map_opens_the_group_of_its_region(opened: Stage) -> None:
    await go(opened, "0x1EF000")
    await opened.press("enter")
    node = pane(opened).node
    assert node is not None and "block 0" in node.text


async def test_groups_open_and_shut(opened: Stage) -> None:
    text = await row(opened, "values")
    assert "gw_bi" in text
    assert "gw_bi" not in await opened.press("left")
    assert "gw_bi" in await opened.press("right")
    await opened.press("down")
    await opened.press("left")
    assert pane(opened).rows.key == "values"


PLACES = {
    "0x11000": 0x11000,
    "11000h": 0x11000,
    "69633": 0x11001,
    "file:0x40": 0x40,
    "RF": 0x1D0000,
    "user_param_key": RELAY_AT,
}


async def test_go_to_addresses_and_names(opened: Stage) -> None:
    for where, at in PLACES.items():
        await go(opened, where)
        assert pane(opened).hex.cursor == at, where
    assert "value gw_wsm, byte 0" in await go(opened, "gw_w")


async def test_go_to_steps_and_what_is_not_there(opened: Stage) -> None:
    await go(opened, "0x1000")
    await go(opened, "+0x10")
    await go(opened, "-1")
    assert pane(opened).hex.cursor == 0x100F
    assert "is not between 0x0 and 0x1FFFFF" in await go(opened, "0x200000")
    await opened.press("escape")
    assert "is no address" in await go(opened, "nowhere")
    await opened.press("escape")
    assert pane(opened).hex.cursor == 0x100F


async def test_text_in_the_store_is_found_in_the_decrypted_view_only(opened: Stage) -> None:
    assert "Not in the raw bytes" in await find(opened, "em_sys_env")
    await opened.press("escape", "v")
    text = await find(opened, "em_sys_env")
    assert "index page of em_sys_env, name" in text


async def test_text_in_the_code_is_found_across_its_checksums(opened: Stage) -> None:
    from core.bkimage import strides
    from core.bkimage.flashmap import APP_START

    await opened.press("v")
    book = pane(opened).book
    assert book is not None
    at = 32 * 40 - 4
    wanted = book.seen.app[at : at + 8]
    await find(opened, "x " + wanted.hex(" "))
    assert pane(opened).hex.chosen == (
        APP_START + strides.physical(at), APP_START + strides.physical(at + 7) + 1,
    )  # fmt: skip


async def test_next_and_previous_go_round(opened: Stage) -> None:
    await find(opened, "RBL")
    hits = [pane(opened).hex.cursor]
    for key in ("n", "n", "N"):
        await opened.press(key)
        hits.append(pane(opened).hex.cursor)
    assert hits == [0x10F9A, 0x129F0A, 0x10F9A, 0x129F0A]


async def test_secrets_are_covered_until_asked_for_and_then_again(opened: Stage) -> None:
    await opened.press("v")
    for view in ("values/0", "bytes"):
        text = await go(opened, "gw_bi") if view == "bytes" else await row(opened, view)
        assert not [secret for secret in SECRETS if secret in text]
    assert "** ** **" in text and "secret: s shows it" in text
    assert "TUYA-SECRET" in await opened.press("y")
    text = await opened.press("s")
    assert LICENCE["uuid"][:4] in text.replace("\n", "")
    text = await row(opened, "values/0")
    assert SECRETS[0] in text
    await opened.press("s")
    assert SECRETS[0] not in await row(opened, "values/0")


async def test_the_inspector_says_what_a_byte_is(opened: Stage) -> None:
    text = await go(opened, "0x10F9A")
    assert "bootloader header: container header, magic" in text
    assert "u8 82" in text and "u16 16978" in text and "u32 4997714" in text
    assert "BE 21058 " in text and "text RBL." in text


async def test_a_mark_is_saved_and_copied(opened: Stage, home: StageHost) -> None:
    await go(opened, "0x11000")
    await opened.press("m", "right", "right", "right")
    assert "4 marked" in opened.text
    await opened.press("e")
    (saved,) = (home.store.home / "exports").iterdir()
    assert saved.read_bytes() == stock()[0x11000:0x11004] and saved.name.endswith("011003.bin")
    await opened.press("y")
    assert opened.app.clipboard == stock()[0x11000:0x11004].hex(" ").upper()
    assert len(list((home.store.home / "exports").iterdir())) == 2


async def test_a_value_is_copied_as_text(opened: Stage) -> None:
    await row(opened, "values/5")
    await opened.press("y")
    assert opened.app.clipboard == key_bytes(LOOK, "em_sys_env").rstrip(b"\0").decode()


async def test_two_dumps_beside_each_other(opened: Stage) -> None:
    await opened.press("d", "enter")
    text = await opened.until("Only RF and MAC differs.")
    assert pane(opened).hex.cursor == 0x1D0040
    assert "Different areas: 1" in text and "AB CD" in text
    await opened.press("j")
    assert pane(opened).hex.cursor == 0x1D0040
    await opened.press("d")
    assert "Different areas" not in opened.text


async def test_the_configuration_goes_to_the_flash_pane(opened: Stage, home: StageHost) -> None:
    await opened.press("f", "enter")
    assert "turned over" in await row(opened, "pins")
    await opened.press("h", "enter")
    text = await opened.until("[1 Flash]")
    (path,) = home.store.profiles_folder.iterdir()
    assert home.store.settings.get("plug_profile") == str(path)
    assert f"Profile     {path.name}" in text
    profile = toml_file.load(path)
    assert set(profile.pins) == {6, 7, 8, 10, 11, 24, 26}
    await opened.press("2", "h", "down", "enter")
    assert "[5 OpenBK]" in await opened.until("goes into the form of the device")
    assert list(home.store.profiles_folder.iterdir()) == [path]


async def test_openbekens_own_configuration_is_shown_and_handed_over(home: StageHost) -> None:
    await keep(home, changed((0x1D1000, own_sector())))
    async with staged(home, (160, 45)) as stage:
        text = await to_dump(stage)
        assert "its own configuration is in this dump (name kitchen, 7 pins" in text
        assert 'short = "kitchen"' in await row(stage, "own")
        assert "knows neither names nor MQTT" in await row(stage, "config")
        assert "Which configuration of this dump?" in await stage.press("h")
        await stage.press("enter")
        assert "Give the OpenBeken configuration to:" in stage.text
        await stage.press("enter")
        await stage.until("[1 Flash]")
        (path,) = home.store.profiles_folder.iterdir()
        profile = toml_file.load(path)
        assert profile.names.short == "kitchen" and profile.mqtt.host == "192.0.2.7"
        assert profile.flags[21] and len(profile.pins) == 7
        await stage.press("2", "h", "down", "enter", "up", "enter")
        found = set(home.store.profiles_folder.iterdir()) - {path}
        assert toml_file.load(found.pop()).names.short is None


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
async def test_a_second_dump_is_folded_to_the_width_that_there_is(
    home: StageHost, size: tuple[int, int]
) -> None:
    await keep(home, changed((0x1D0040, b"\xab\xcd")), true=False)
    await keep(home, stock())
    async with staged(home, size) as stage:
        await to_dump(stage)
        await stage.press("escape")
        await stage.until("backup 1 of 2")
        await stage.press("down")
        await stage.press("enter")
        await stage.until("Do not rely on it.")
        first = await stage.settled()
        pane(stage).paint_page()
        assert await stage.settled() == first
        assert "Folder" in first


async def test_the_chip_is_compared_by_the_port_of_the_flash_pane(opened: Stage) -> None:
    assert "Choose the port" in await opened.press("c")
    opened.app.host.store.settings.set("plug_port", "/dev/none")
    await opened.press("c")
    assert "Compare: /dev/none" in await opened.until("LINK-NO-PORT")


async def test_a_backup_is_watched_while_it_grows(home: StageHost) -> None:
    part = begin(home, len(stock()))
    half = len(stock()) // 2
    await part.write(0, stock()[:half])
    for sector in range(half // 4096):
        part.mark(sector, "R")
    async with staged(home, (160, 45)) as stage:
        await stage.press("2")
        await stage.until("256 of 512 sectors read")
        await stage.press("enter")
        await stage.until("About")
        text = await go(stage, "0x180000")
        assert "-- -- --" in text and "not read yet" in text and "????" in text
        await stage.press("tab")
        await part.write(half, stock()[half:])
        for sector in range(half // 4096, 512):
            part.mark(sector, "R")
        await stage.until("512 of 512 sectors read")
        await part.finish(facts(len(stock())))
        assert "user_param_key" in await stage.until("worth trusting")


ODD = {"nothing": b"", "one byte": b"\0", "blank": b"\xff" * 4096, "text": b"all of it " * 5000}


async def test_any_file_opens_and_says_what_it_is(home: StageHost, tmp_path: Path) -> None:
    async with staged(home) as stage:
        await stage.press("2")
        for name, data in ODD.items():
            path = tmp_path / f"{name}.bin"
            path.write_bytes(data)
            await stage.press("o")
            await stage.type(str(path))
            await stage.press("enter")
            assert path.name in await stage.until("Do not rely on it")
            for key in "v", "tab", "m", "down", "pagedown", "end", "n", "h", "y", "f", "enter", "t":
                await stage.press(key)
                if len(stage.app.screen_stack) > 1:
                    await stage.press("escape")
            await stage.press("t", "escape", "escape", "escape")
            assert "[2 Backup]" in stage.text and pane(stage).book is None


async def test_what_cannot_be_opened_is_told(home: StageHost, tmp_path: Path) -> None:
    async with staged(home) as stage:
        await stage.press("2")
        for name in ("", "none.bin"):
            await stage.press("o")
            await stage.type(str(tmp_path / name))
            await stage.press("enter")
            assert "[2 Backup]" in await stage.until("STORE-UNREADABLE")
            await stage.press("l")


async def test_a_part_of_a_flash_packed_with_xz(home: StageHost, tmp_path: Path) -> None:
    path = tmp_path / "store.bin.xz"
    path.write_bytes(lzma.compress(stock()[0x1EE000:], preset=0))
    async with staged(home, (160, 45)) as stage:
        await stage.press("2", "o")
        await stage.type(str(path))
        await stage.press("enter")
        await stage.until("only a part of a flash")
        text = await go(stage, "user_param_key")
        assert "1EF300" in text and "value user_param_key, byte 0" in text
