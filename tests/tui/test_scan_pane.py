"""The Scan pane: what the air says, readable at 80x24, whatever is sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from core.radio.advert import Advert
from core.radio.errors import by_reason
from tests.core.air.module import ADDRESS, KEY, POWER, TARIFFS, Module, advert
from tests.tui.air_stage import AirStage, on_air
from tests.tui.stage import StageHost, golden
from tui.panes.scan.words import age, pace, sparkline

SIZES = [(80, 24), (160, 45)]
SECOND = "A4:C1:38:11:22:33"


@pytest.fixture
async def air(host: StageHost, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AirStage]:
    async with on_air(host, monkeypatch) as found:
        yield found


def module(key: bytes | None = None, address: str = ADDRESS, at: float = 1000.0) -> Module:
    made = Module(key, address)
    made.time = at
    made.poll(TARIFFS, POWER)
    return made


def neighbourhood() -> list[Advert]:
    """Two meters, a thermometer, things of other kinds."""
    plain, sealed = module(), module(KEY, SECOND, at=1000.1)
    found = [*plain.adverts(200)]
    found += [replace(one, name="Electricity_meter_112233") for one in sealed.adverts(200)]
    for number in range(20):
        t = 1000.0 + 3 * number
        climate = bytes.fromhex(f"4000{number:02x}015d02ca0903bf13")
        found.append(advert(climate, t, "A4:C1:38:AA:BB:CC", "ATC_AABBCC", -71))
        found.append(advert(bytes.fromhex("443a01"), t, "3C:2E:F5:00:00:01", "SBBT-002C", -88))
        found.append(Advert(t, "5A:00:00:00:00:01", "", -93, {}, {0x004C: b"\x10"}))
        found.append(Advert(t, "5A:00:00:00:00:02", "LE-Bose", -55, {}, {0x009E: b"\x10"}))
    return sorted(found, key=lambda one: one.time)


def _polled(source: Module, polls: int) -> Iterator[Advert]:
    for step in range(polls):
        source.poll(TARIFFS, (step, *POWER[1:]))
        yield from (replace(one, rssi=-78) for one in source.adverts(2))


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
async def test_every_view_looks_as_it_was_kept(
    host: StageHost, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    name = f"{size[0]}x{size[1]}"
    async with on_air(host, monkeypatch, size) as air:
        golden(f"scan-silent-{name}", await air.look())
        await air.hear(neighbourhood())
        golden(f"scan-table-{name}", await air.look())
        golden(f"scan-everything-{name}", await air.press("a"))
        await air.press("a")
        golden(f"scan-detail-{name}", await air.press("enter"))
        await air.press("escape", "down")
        golden(f"scan-key-{name}", await air.press("k"))
        await air.press("escape")
        await air.press("up", "w")
        walker = module(at=1060.2)
        walker.reboot()
        walker.poll(TARIFFS, (999, *POWER[1:]))
        await air.hear(walker.adverts(40))
        await air.press("space")
        lossy = [one for n, one in enumerate(_polled(walker, 20)) if n % 8 > 1]
        golden(f"scan-walk-{name}", await air.hear(lossy))


async def test_a_meter_shows_all_its_values_on_two_lines(air: AirStage) -> None:
    text = await air.hear(module().adverts(20))
    for value in ("7308.600", "6915.480", "9263.310", "120.00", "236.0", "0.180", "58"):
        assert value in text
    line = next(row for row in text.splitlines() if "meter 5C94FA" in row)
    assert "plain" in line and "-60" in line


async def test_meters_stand_first_and_others_wait_for_a(air: AirStage) -> None:
    text = await air.hear(neighbourhood())
    at = [text.index(name) for name in ("meter 5C94FA", "meter 112233", "ATC_AABBCC", "SBBT-002C")]
    assert max(at[:2]) < min(at[2:])
    assert "LE-Bose" not in text and "Apple" not in text
    text = await air.press("a")
    assert "LE-Bose" in text and "Apple" in text
    assert air.source.everything
    assert "LE-Bose" not in await air.press("a")


async def test_a_key_is_tried_while_it_is_typed_and_values_appear_at_once(air: AirStage) -> None:
    text = await air.hear(module(KEY).adverts(20))
    assert "no key" in text and "7308" not in text
    await air.press("k")
    assert "0 of 32 digits" in air.stage.text
    text = await air.stage.type(KEY.hex()[:31])
    assert "31 of 32 digits" in text
    assert KEY.hex()[:31] not in text
    await air.stage.press("backspace")
    text = await air.stage.type(KEY.hex()[30:])
    text = await air.stage.until("right")
    assert "It opens 2 of the last 2 frames: right." in text
    await air.stage.press("enter")
    text = await air.stage.until("7308.600")
    assert "key ok" in text
    store = air.stage.app.host.store
    assert store.keys.bind_key(ADDRESS) == KEY
    assert store.keys.path.stat().st_mode & 0o777 == 0o600
    await air.press("k", "enter")
    text = await air.stage.until("no key")
    assert "7308.600" not in text
    assert store.keys.bind_key(ADDRESS) is None


async def test_a_wrong_key_says_so_before_it_is_kept(air: AirStage) -> None:
    await air.hear(module(KEY).adverts(20))
    await air.press("k")
    await air.stage.type("00" * 16)
    await air.stage.until("It opens none of the last 2 frames: wrong.")
    text = await air.stage.type("zz")
    assert "is no hex digit" in text
    await air.stage.press("enter")
    assert "needs 32 hex digits" in air.stage.text
    await air.stage.press("escape")
    assert air.stage.app.host.store.keys.bind_key(ADDRESS) is None


async def test_the_key_of_a_module_that_has_a_new_address_can_be_moved(air: AirStage) -> None:
    store = air.stage.app.host.store
    store.keys.set_bind_key(SECOND, KEY)
    await air.hear(replace(one, name="Electricity_meter_X") for one in module(KEY).adverts(4))
    text = " ".join((await air.press("k")).split())
    assert f"The key of {SECOND} is kept, and that device is not heard." in text
    assert "0x76000-0x77FFF" in text
    await air.stage.press("f3")
    await air.stage.until("7308.600")
    assert store.keys.bind_keys == {ADDRESS: KEY}


async def test_filter_as_you_type(air: AirStage) -> None:
    await air.hear(neighbourhood())
    await air.press("slash")
    assert "editing" in air.stage.lines[-1]
    text = await air.stage.type("temperature")
    assert "ATC_AABBCC" in text and "meter 5C94FA" not in text
    text = await air.press("enter")
    assert "filter: temperature" in text and "moving" in air.stage.lines[-1]
    assert "meter 5C94FA" in await air.press("escape")


async def test_sort_and_pin(air: AirStage) -> None:
    await air.hear(neighbourhood())
    await air.press("end", "t")
    text = await air.look()
    first = next(line for line in text.splitlines() if "*" in line[:3])
    assert "SBBT" in first or "ATC" in first
    assert text.index(first) < text.index("meter 5C94FA")
    for name in ("strength", "name", "frames", "last seen", "first heard"):
        await air.stage.press("s")
        assert f"Sorted by: {name}" in air.stage.text


async def test_pause_holds_the_table_still_and_loses_nothing(air: AirStage) -> None:
    source = module()
    await air.hear(source.adverts(4))
    await air.press("p")
    source.poll(TARIFFS, (55_500, *POWER[1:]))
    text = await air.hear(source.adverts(4))
    assert "PAUSED" in text and "555.00" not in text
    for key in ("down", "up", "enter"):
        assert "555.00" not in await air.press(key)
    assert "120.00 W" in await air.press("end")
    await air.press("escape")
    assert "555.00" in await air.press("p")


async def test_detail_shows_bytes_nonce_counter_and_history(air: AirStage) -> None:
    host = air.stage.app.host
    host.store.keys.set_bind_key(ADDRESS, KEY)
    air.feed.clear()
    await air.hear(module(KEY).adverts(20))
    text = await air.press("enter")
    for part in ("nonce  a4c1385c94fa d2fc 41 03000000", "counter 3", "0a 38 85 6f", "7308.600 kWh",
                 "energy 1", "The key opens all of the last 2 frames."):  # fmt: skip
        assert part in text, part
    await air.press("pagedown")
    assert "120.00 W" in air.stage.text
    assert KEY.hex() not in air.stage.text


async def test_restart_and_no_poll_are_said(air: AirStage) -> None:
    source = module()
    for step in range(30):
        source.poll(TARIFFS, (step, *POWER[1:]))
        await air.hear(source.adverts(2)) if step == 29 else list(source.adverts(2))
    source.reboot()
    text = await air.hear(source.adverts(4))
    assert "no poll yet" in text
    line = next(row for row in text.splitlines() if "meter 5C94FA" in row)
    assert line.rstrip().endswith("R")
    assert "the device restarted" in await air.press("enter")


async def test_a_strong_meter_that_fell_silent_is_connected_elsewhere(air: AirStage) -> None:
    await air.hear(module().adverts(20))
    air.now += 60
    other = advert(bytes.fromhex("400105"), air.now, "00:00:00:00:00:01")
    await air.hear([other])
    text = await air.hear([advert(bytes.fromhex("400106"), air.now, "00:00:00:00:00:01")])
    assert "probably connected elsewhere; back within 5 min" in text


async def test_record_then_play(air: AirStage) -> None:
    await air.press("r")
    await air.stage.until("REC 0")
    assert "REC 20" in await air.hear(module().adverts(20))
    await air.press("r")
    await air.stage.until("20 adverts in")
    (path,) = (air.stage.app.host.store.home / "air").glob("*.jsonl")
    assert len(path.read_text().splitlines()) == 21
    await air.press("o")
    assert path.name in air.stage.text
    await air.press("down", "enter")
    text = await air.stage.until("7308.600")
    assert "plays" in text or "is over" in text
    await air.press("o", "enter")
    await air.stage.until("passive on hci0")


async def test_walk_test_from_place_to_closed_door(air: AirStage) -> None:
    source = module()
    await air.hear(source.adverts(20))
    await air.press("w")
    text = await air.hear(source.adverts(20))
    assert "Walk test: meter 5C94FA" in text and "place 1" in text
    text = await air.press("space")
    assert "place 2" in text
    await air.hear(source.adverts(20))
    await air.press("z")
    text = await air.stage.until("The walk is in")
    assert "door closed" in text
    (path,) = (air.stage.app.host.store.home / "air").glob("*walk*.json")
    record = json.loads(path.read_text())
    assert [s["name"] for s in record["samples"]] == ["place 1", "door closed"]
    assert "meter 5C94FA" in await air.press("escape")


async def test_the_bell_rings_for_each_loss_on_a_walk_and_only_there(
    air: AirStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(air.stage.app, "bell", lambda: rung.append(1))
    source = module()
    await air.hear(source.adverts(20))
    await air.press("w")
    await air.hear(_polled(source, 10))
    assert not rung
    await air.hear([one for n, one in enumerate(_polled(source, 20)) if n not in (8, 9)])
    assert len(rung) == 1
    assert "lost 1 of" in air.stage.text
    await air.press("escape")
    await air.hear([one for n, one in enumerate(_polled(source, 20)) if n not in (8, 9)])
    assert len(rung) == 1


async def test_export_and_copy(air: AirStage) -> None:
    await air.hear(neighbourhood())
    await air.press("e")
    await air.stage.until("devices in")
    folder = air.stage.app.host.store.home / "air"
    (table,) = folder.glob("*-table.csv")
    assert len(table.read_text().splitlines()) == 7
    await air.press("enter", "e")
    (copied,) = folder.glob("*-device-*.json")
    assert json.loads(copied.read_text())["address"] == ADDRESS


async def test_a_radio_that_does_not_work_says_what_to_type(air: AirStage) -> None:
    air.source.fault = by_reason("POWERED_OFF", "Starting the scan").fault
    text = await air.look()
    assert "RADIO-" in text
    assert " ".join(air.source.fault.command) in text
    assert await air.hear(module().adverts(2))
    assert "7308.600" in air.stage.text


async def test_what_the_radio_costs_is_said(air: AirStage) -> None:
    air.source.hint = "Values may be up to 11 s old."
    assert "up to 11 s old" in await air.look()


HOSTILE = {
    "escape": "\x1b]0;x\x07\x1b[2Jm", "markup": "[red]x[/] [@click=app.quit]y[/]",
    "bidi": "abc\u202etxt\u2066", "zero": "a\u200bb\ufeffc\u2028d", "emoji": "🔥" * 62,
    "family": "👨‍👩‍👧" * 30, "wide": "漢字" * 100,
    "odd": "\ud800\x9b31m", "marks": "e" + "\u0301" * 240,
}  # fmt: skip


async def test_hostile_names_are_text(host: StageHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is looked at in the table, in the detail below it, in the key dialog, on a walk."""
    async with on_air(host, monkeypatch, (100, 45)) as air:
        adverts = []
        for number, name in enumerate(HOSTILE.values()):
            sent = name.encode("utf-8", "replace")[:100]
            said = b"\x44\x53" + bytes([len(sent)]) + sent
            adverts.append(advert(said, 1000.0, f"00:00:00:00:00:{number:02X}", name))
        screens = [await air.hear(adverts)]
        for _ in HOSTILE:
            screens.append(await air.press("down"))
        for key in ("k", "escape", "w", "escape", "a", "enter"):
            screens.append(await air.press(key))
    for text in screens:
        for line in text.splitlines():
            assert not set(line) & {*map(chr, range(32)), *map(chr, range(127, 160))}
            assert not set(line) & set("\u202e\u2066\u2028\u200b\ufeff")
        assert len(text.splitlines()) == 45


async def test_a_thousand_devices(air: AirStage) -> None:
    adverts = [
        advert(bytes([0x40, 0x00, n % 256, 0x01, n % 100]), 1000.0 + n / 500,
               f"A4:C1:38:00:{n // 256:02X}:{n % 256:02X}")
        for n in range(1000)
    ]  # fmt: skip
    text = await air.hear(adverts)
    assert "1000 of 1000 devices" in text
    await air.press("end")
    assert "A4:C1:38:00:03:E7" in air.stage.text


async def test_a_full_table_says_whom_it_dropped(air: AirStage) -> None:
    async def shrink() -> None:
        air.feed.air._limit = 5

    air.stage.app.host.stream(shrink()).result()
    adverts = [advert(b"\x40\x01\x05", 1000.0 + n, f"00:00:00:00:00:{n:02X}") for n in range(9)]
    text = await air.hear(adverts)
    assert "5 of 5 devices" in text and "4 silent ones dropped" in text


async def test_nothing_is_painted_when_nothing_changed(air: AirStage) -> None:
    await air.hear(module().adverts(20))
    table = air.pane.table
    painted: list[object] = []
    table.refresh_lines = lambda *lines: painted.append(lines)  # type: ignore[method-assign]
    await air.look()
    assert painted == []


def test_small_words() -> None:
    assert [age(n) for n in (0, 5, 99, 100, 6000)] == ["now", "5 s", "99 s", "2 min", "2 h"]
    assert [pace(n) for n in (0, 99.4, 203.0)] == ["0", "99", "200"]
    assert sparkline([1, None, 2, 3], 4, plain=False) == "▁ ▅█"
    assert sparkline([1, 1], 4, plain=True) == "--"
    assert sparkline([None], 4, plain=True) == ""
