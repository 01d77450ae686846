"""What the web configurator does, row by row of the meter sheet 4.2: each is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.meter import models, ota, scale
from core.meter.tasks import care, live, show, whitelist
from core.meter.tasks import ota as update
from core.meter.tasks import set as setting_up
from core.meter.wanted import Wanted
from core.sim.module_images import meter_image
from tests.core.meter.bench import KEY, MAC, Bench, bench, module_of
from tests.virtual_clock import virtual

ROWS = {
    1: "Connect", 2: "Disconnect", 3: "Reconnect", 4: "Hide unknown, name prefix",
    5: "Status line", 6: "Device type", 7: "Table of values", 8: "Divisors",
    9: "Select firmware", 10: "Firmware ver", 11: "Start flashing", 12: "Set BindKey",
    13: "Reset BindKey", 14: "Measurement period", 15: "Clear Config", 16: "Device address",
    17: "Reset Whitelist", 18: "Reset Module", 19: "Log of the host", 20: "MCU log",
    21: "Menu link",
}  # fmt: skip
ELSEWHERE = {21: "the Watermeter is another device and not of this program"}


async def setting(b: Bench, **wanted: Any) -> Any:
    options = setting_up.SetOptions(address=MAC, wanted=Wanted(**wanted), leave="open")
    return await b.result(setting_up.set_up, options)


@virtual
async def test_row_1_2_connect_and_disconnect(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.result(show.show, show.ShowOptions(address=MAC))
        assert b.module._central is None and b.module.received


@virtual
async def test_row_3_reconnect(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        assert (await b.result(live.live, live.LiveOptions(address=MAC, visits=2)))["visits"] == 2


@virtual
async def test_row_4_a_name_is_enough(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        found = await b.result(show.show, show.ShowOptions(address="Electricity_meter_5C94FA"))
        assert found["mac"] == MAC


@virtual
async def test_row_5_and_19_steps_and_log_of_the_host(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await setting(b, period=3)
        phases = [e.body.name for e in b.events if e.body.event == "phase"]  # type: ignore[attr-defined]
        assert phases[0] == "Find and connect" and "Write and read back" in phases
        assert "period: written and read back" in b.said()


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
@virtual
async def test_row_6_device_type(tmp_path: Path, kind: int) -> None:
    async with bench(tmp_path, module_of(meter_address=0)) as b:
        b.answers.given["scale"] = "no"
        options = setting_up.SetOptions(address=MAC, wanted=Wanted(model=kind), leave="open")
        await b.run(setting_up.set_up, options)
        assert b.module.settings.kind == kind


@virtual
async def test_row_7_the_table_with_units(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        found = await b.result(show.show, show.ShowOptions(address=MAC))
        assert set(scale.QUANTITIES) <= set(found)
        assert found["serial"] and found["made"]


@virtual
async def test_row_8_divisors_and_what_is_none_is_refused(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        word = scale.parse("1000 0,1 1 10")
        await setting(b, scale=word)
        assert b.module.settings.scale == 0x0A0F and scale.parse("1 1 1 7") is None


@virtual
async def test_row_9_10_11_firmware(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of("1.6")) as b:
        b.answers.given["ota"] = "yes"
        path = tmp_path / "fw.bin"
        path.write_bytes(meter_image("V1.7", 0x4404))
        assert ota.image_of(path.read_bytes()).version == "V1.7"
        found = await b.result(update.update, update.OtaOptions(address=MAC, image=path))
        assert found["firmware"] == "V1.7"


@virtual
async def test_row_12_13_bind_key_set_and_reset(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await setting(b, key=models.key_of(KEY.hex()))
        assert b.module.settings.key == KEY
        await setting(b, key=b"")
        assert not b.module.settings.key


@virtual
async def test_row_14_period(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await setting(b, period=models.period_of(255))
        assert b.module.settings.period == 255


@virtual
async def test_row_15_clear_asks(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.answers.given["clear"] = "no"
        fault = await b.fault(care.clear, care.CareOptions(address=MAC))
        assert fault.code == "DECLINED" and b.module.settings.address == 20109


@virtual
async def test_row_16_address(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(meter_address=0)) as b:
        found = await setting(b, address=models.address_of("ID-20109", models.MODELS[0]))
        assert "3171112520109" in found["answer"]


@virtual
async def test_row_17_whitelist(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        found = await b.result(whitelist.release, whitelist.WhitelistOptions(address=MAC))
        assert found["summary"] == "whitelist released"


@virtual
async def test_row_18_reset_does_the_disconnect_too(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.result(care.reboot, care.CareOptions(address=MAC))
        assert b.module.boots == 2


@virtual
async def test_row_20_log_of_the_module(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        found = await b.result(care.follow_log, care.CareOptions(address=MAC, seconds=70))
        assert found["lines"] > 5 and "tariff1: 730860" in b.said()


def test_every_row_has_a_test_that_names_it() -> None:
    import re

    names = re.findall(r"def test_(row_[\d_and]+)", Path(__file__).read_text())
    named = {int(n) for name in names for n in re.findall(r"\d+", name)}
    assert named | ELSEWHERE.keys() == ROWS.keys()
