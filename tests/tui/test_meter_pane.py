"""The Meter pane: few keys, honest lines, whole at 80x24."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.radio.advert import Advert
from tests.tui.meter_stage import BEGUN, DONE, MAC, QUICK, SILENT, WRITING, AirHost, other
from tests.tui.stage import Stage, golden, staged
from tui.panes.meter.near import MOST, Nearby

SIZES = [(80, 24), (160, 45)]


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
async def test_every_state_looks_as_it_was_kept(tmp_path: Path, size: tuple[int, int]) -> None:
    name = f"{size[0]}x{size[1]}"
    async with staged(AirHost(tmp_path), size) as stage:
        golden(f"meter-idle-{name}", await stage.press("4"))
        await stage.press("a")
        golden(f"meter-typing-{name}", await stage.type("ID-07943"))
        await stage.press("escape")
        await stage.feed(*BEGUN, t=2.0)
        golden(f"meter-writing-{name}", await stage.feed(*WRITING, t=9.0))
        golden(f"meter-done-{name}", await stage.feed(*DONE, t=14.0))
        golden(f"meter-fault-{name}", await stage.feed(*BEGUN, *WRITING, SILENT, t=21.0))


async def keys(stage: Stage, *pressed: str) -> int:
    for key in pressed:
        await stage.press(key)
    return len(pressed)


async def test_address_from_a_cold_start_in_five_keys_plus_digits(tmp_path: Path) -> None:
    host = AirHost(tmp_path)
    async with staged(host) as stage:
        count = await keys(stage, "4", "a")
        await stage.type("20109")
        count += await keys(stage, "enter")
        await stage.until("leave open")
        count += await keys(stage, "l")
        await stage.until("address 20109 set, read back, meter serial 3171112520109")
        assert count <= 5
        assert host.module.settings.address == 20109


async def test_release_from_a_cold_start_in_five_keys(tmp_path: Path) -> None:
    host = AirHost(tmp_path, other(bonded_to="B8:27:EB:00:00:01", meter_address=20109))
    async with staged(host) as stage:
        count = await keys(stage, "4", "w")
        await stage.until("whitelist released")
        assert count <= 5 and not host.module.locked_to


async def test_several_modules_are_a_choice(tmp_path: Path) -> None:
    twin = "A4:C1:38:11:22:33"
    async with staged(AirHost(tmp_path, QUICK, other(address=twin))) as stage:
        await keys(stage, "4", "i")
        text = await stage.until("Which module?")
        assert MAC in text and twin in text


async def test_a_module_by_its_typed_address(tmp_path: Path) -> None:
    twin = "A4:C1:38:11:22:33"
    host = AirHost(tmp_path, QUICK, other(address=twin, meter_address=20109))
    async with staged(host) as stage:
        await keys(stage, "4", "enter", "end", "enter")
        await stage.type("a4c138112233")
        await keys(stage, "enter", "w")
        await stage.until("whitelist released")
        assert not host.module.received and host.air_tools.modules[1].received


async def test_a_number_out_of_range_never_leaves_the_form(tmp_path: Path) -> None:
    host = AirHost(tmp_path)
    host.store.settings.set("meter_kind", "kaskad-1-mt")
    async with staged(host) as stage:
        await keys(stage, "4", "a")
        assert "not between 1 and 65000" in await stage.type("65001")
        text = await stage.press("enter")
        assert "METER-ADDRESS" in text and not host.running()


async def test_live_values_make_way_for_a_job(tmp_path: Path) -> None:
    host = AirHost(tmp_path, other(meter_address=20109))
    async with staged(host) as stage:
        await keys(stage, "4", "v")
        await stage.until("hangs up in")
        await stage.until("120.00 W  raw 12")
        await stage.press("w")
        await stage.until("whitelist released")


def test_an_air_full_of_modules_stays_a_short_list_of_those_heard_lately(tmp_path: Path) -> None:
    nearby = Nearby(AirHost(tmp_path))
    name = "Electricity_meter_X"
    for number in range(3000):
        address = f"A4:C1:38:00:{number // 256:02X}:{number % 256:02X}"
        nearby._take(Advert(number / 100, address, name, -60, {}))
    assert len(nearby.modules(29.99)) == MOST
    nearby._take(Advert(100.0, MAC, name, -60, {}))
    assert [near.address for near in nearby.modules(100.0)] == [MAC]


def test_names_of_the_kinds_are_those_of_core() -> None:
    from core.meter.models import NAMES
    from tui.verbs.meter import TYPES

    assert TYPES == NAMES


async def test_a_radio_that_does_not_work_says_what_to_do(tmp_path: Path) -> None:
    host = AirHost(tmp_path, other(address=MAC))
    host.air_tools.powered = False
    async with staged(host) as stage:
        await keys(stage, "4", "w")
        await stage.until("RADIO-OFF: Switch the adapter on.")
