"""The arithmetic of a pulse-counting meter, and what its commands do (HTTP sheet 11)."""

from __future__ import annotations

import asyncio
import math

import pytest

from core.fault import FaultError
from core.openbk import wire
from core.openbk.calibrated import Setting, percent, table
from core.openbk.metering import (
    Quantity,
    meter_pins,
    parse_value,
    pulse_line,
    reachable,
    require_resistive,
    symptom,
    tolerance,
)
from core.openbk.tasks.calibrate import fixed
from core.profile.model import Profile
from core.sim.openbk_meter import DEFAULTS
from tests.core.openbk.bench import lsc, talking
from tests.virtual_clock import virtual


@pytest.mark.parametrize(
    ("text", "value"), [("232.5", 232.5), ("232,5", 232.5), (" 230 V ", 230.0), ("+229,", 229.0)]
)
def test_values_with_point_or_comma(text: str, value: float) -> None:
    assert parse_value(text, Quantity.VOLTAGE) == value


@pytest.mark.parametrize("text", ["-230", "0", "nan", "inf", "1e3", "2.3.0", "", "23", "500", "x"])
def test_values_that_cannot_be_true_are_refused(text: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse_value(text, Quantity.VOLTAGE)
    assert caught.value.fault.code == "OBK-REFERENCE"


def test_power_must_be_near_voltage_times_current() -> None:
    require_resistive(232.0, 0.475, 110.0)
    with pytest.raises(FaultError):
        require_resistive(232.0, 4.75, 110.0)
    with pytest.raises(FaultError):
        fixed(voltage=230.0, current=4.0, power=100.0)


def test_the_pulse_error_of_a_small_load_is_said() -> None:
    assert pulse_line(Quantity.POWER, 110.0, 1.5) == (
        "power: 73 pulses/s: 1.4 % per pulse; use 500 W or more"
    )
    assert "500 W" not in pulse_line(Quantity.POWER, 1000.0, 1.5)
    assert "500 W" not in pulse_line(Quantity.VOLTAGE, 230.0, 0.13)


def test_the_tolerance_is_one_percent_or_six_tenths_of_a_pulse() -> None:
    assert tolerance(1000.0, 1.5) == 0.01
    assert tolerance(45.0, 1.5) == pytest.approx(0.02)
    assert tolerance(150.0, 1.5) == 0.01 and tolerance(1.2, 0.0118577) == 0.01  # rulings O5


def test_what_a_load_can_give_is_said_in_watts_and_amperes() -> None:
    text = reachable(wire.Factors(0.0, 0.0, 0.0))  # rulings O5
    assert "1.5 W, 12 mA and 0.13 V" in text and "1 % needs 150 W and 1.2 A" in text
    assert "500 W is recommended, 1 kW is better" in text


def test_the_uncertainty_is_never_below_one_pulse() -> None:
    """A 110 W bulb passes as 1.4 % and 2.5 % (rulings O5)."""
    power = Setting(Quantity.POWER, 110.0, 108.0, 110.1, 1.5, 1.50685, 0.01, 1)
    current = Setting(Quantity.CURRENT, 0.475, 0.46, 0.474, 0.01186, 0.011875, 0.015, 1)
    heavy = Setting(Quantity.POWER, 1000.0, 990.0, 1012.0, 1.5, 1.5, 0.01, 5)
    assert power.uncertainty == pytest.approx(0.0137, abs=1e-4)
    assert current.uncertainty == pytest.approx(0.025)
    assert heavy.uncertainty == pytest.approx(0.012) and not heavy.good
    assert percent(-0.0001) == "+0.0 %" and percent(-0.0123, 2) == "-1.23 %"


def test_the_table_says_it_all_in_the_width_of_a_small_screen() -> None:
    done = [
        Setting(Quantity.VOLTAGE, 231.4, 235.9, 231.5, 0.13253, 0.13, 0.01, 1),
        Setting(Quantity.POWER, 1000.0, 1027.4, 1012.0, 1.5, 1.46, 0.01, 5),
    ]
    lines = table(done)
    assert lines[0].split() == ["reference", "before", "after", "error", "tolerance",
                                "uncertain", "tries"]  # fmt: skip
    assert "231.4 V" in lines[1] and "+0.0 %" in lines[1] and lines[1].endswith("1")
    assert "1027 W" in lines[2] and "+1.2 % !" in lines[2] and "1.2 %" in lines[2][-22:]
    assert lines[-1] == "power factor in flash: 1.5 -> 1.46"
    assert max(map(len, lines)) <= 76


def energy(volts: float, amperes: float, watts: float) -> wire.Energy:
    return wire.Energy(watts, 0.0, 0.0, 1.0, volts, amperes, 0.0)


@pytest.mark.parametrize(
    ("seen", "watts", "word"),
    [
        (energy(230.0, 4.3, 1000.0), 1000.0, ""),
        (energy(230.0, 20.6, 1000.0), 1000.0, "constant and does not follow the load. BL0937SEL"),
        (energy(48.0, 4.3, 1000.0), 1000.0, "constant and does not follow the load. BL0937SEL"),
        (energy(90.7, 8.1, 557.0), 1000.0, "CF and CF1"),
        (energy(48.0, 20.2, 1000.0), 1000.0, "BL0937SEL_n"),
        (energy(90.7, 4.3, 2660.0), 1000.0, "CF and CF1"),
        (energy(60.0, 8.1, 2660.0), 1000.0, "CF and CF1"),
        (energy(230.0, 4.3, 0.0), 1000.0, "BL0937CF"),
        (energy(230.0, 0.0, 0.0), 1000.0, "relay is off"),
        (energy(12.0, 0.1, 900.0), 1000.0, "BL0937CF1"),
    ],
)
def test_signs_of_wrong_pins(seen: wire.Energy, watts: float, word: str) -> None:
    references = {Quantity.VOLTAGE: 231.4, Quantity.POWER: watts}
    text = symptom(seen, references, wire.Factors(0.0, 0.0, 0.0))
    assert (word in text) if word else text == ""


def test_a_wrong_factor_is_no_wrong_pin() -> None:
    """A plug that was told 10 V once still has the right pins."""
    seen = energy(10.0, 4.3, 1000.0)
    factors = wire.Factors(0.13253 * 10 / 230, 0.0, 0.0)
    assert symptom(seen, {Quantity.VOLTAGE: 230.0, Quantity.POWER: 1000.0}, factors) == ""


def test_the_three_roles() -> None:
    assert meter_pins({"BL0937CF", "BL0937CF1", "BL0937SEL_n"}) == []
    assert meter_pins({"BL0937CF"}) == ["BL0937CF1", "BL0937SEL"]


@virtual
async def test_a_factor_is_the_value_by_the_pulses_of_the_last_window() -> None:
    async with talking(late_body=0.0) as (client, served):
        meter, config = served.device.meter, served.device.config
        meter.stop()
        meter.counted = [1702.0, 40.0, 73.0]
        for command, factor in (
            ("VoltageSet 232.0", 0.13631),
            ("CurrentSet 0.475", 0.011875),
            ("PowerSet 110.0", 1.50685),
        ):
            assert (await client.command(command)).code == 200
            index = ("V", "C", "P").index(command[0])
            assert config.factor(index) == pytest.approx(factor, rel=1e-4)


@virtual
@pytest.mark.parametrize(
    ("command", "code", "factor"),
    [
        ("VoltageSet 0", 400, 0.0),
        ("VoltageSet abc", 400, 0.0),
        ("VoltageSet", 400, 0.0),
        ("VoltageSet 232,5", 200, 232 / 1702),  # taken as 232
        ("VoltageSet -232", 200, -232 / 1702),  # stored; it shows 0 then
        ("VoltageSet 1", 400, 1 / 1702),  # refused, and yet used until the restart
    ],
)
async def test_what_the_firmware_says_to_other_values(
    command: str, code: int, factor: float
) -> None:
    async with talking(late_body=0.0) as (client, served):
        served.device.meter.stop()
        served.device.meter.counted = [1702.0, 0.0, 0.0]
        assert (await client.command(command)).code == code
        assert served.device.config.factor(0) == pytest.approx(factor, rel=1e-4)
        await asyncio.sleep(5)
        saved = wire.Factors.unpack(await client.flash(0x1D1498, 12)).voltage
        assert saved == pytest.approx(factor if code == 200 else 0.0, rel=1e-4)


@virtual
async def test_without_pulses_or_driver_nothing_can_be_set() -> None:
    async with talking(late_body=0.0) as (client, _):
        await asyncio.sleep(5)
        for command in ("CurrentSet 4.3", "PowerSet 1000"):  # the relay is off
            assert (await client.command(command)).code == 400
        assert (await client.command("VoltageSet 230")).code == 200
    config = lsc(Profile(flags={36: True}))
    async with talking(late_body=0.0, config=config) as (client, _):
        assert (await client.command("VoltageSet 230")).code == 501
        assert await client.energy() is None
        await client.must("startDriver BL0937")
        await client.must("stopDriver BL0937")
        assert await client.energy() is None  # the command stays, and uses old counts
        assert (await client.command("VoltageSet 230")).code == 400


def test_the_simulated_meter_starts_from_the_firmwares_factors() -> None:
    assert DEFAULTS[0] == pytest.approx(0.13253012048) and not math.isnan(DEFAULTS[2])
