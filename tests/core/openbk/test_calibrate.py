"""Calibration against a load whose true values are known to the simulated device."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from core import faults as job_faults
from core.fault import FaultError
from core.openbk import wire
from core.openbk.client import Client
from core.openbk.metering import (
    Quantity,
    meter_pins,
    parse_value,
    pulse_line,
    require_resistive,
    symptom,
    tolerance,
)
from core.openbk.tasks.calibrate import CalibrateOptions, calibrate, fixed
from core.profile.model import Pin, Profile
from core.sim.openbk_http import Served
from core.sim.openbk_meter import DEFAULTS, Load
from tests.core.openbk.bench import Bench, Given, fault_of, lsc, plugged, result_of
from tests.virtual_clock import virtual

YES = {"closed": "yes", "load": "yes"}
TRUE = (0.1300, 0.01160, 1.46)
HEATER = Load(volts=231.4, watts=1000.0, true_factors=TRUE, jitter=0.01)


def connect(host: str) -> Client:
    return Client(host, connect_timeout=1.0)


def bench_in(folder: Path, **answers: str) -> Bench:
    return Bench(folder, answers=Given({**YES, **answers}))


async def calibrated(bench: Bench, served: Served, **more: object):  # type: ignore[no-untyped-def]
    load = served.options.load
    reference = fixed(voltage=load.volts, current=load.amperes, power=load.watts)
    chosen = CalibrateOptions(host=served.host, **{"again": False, **more})  # type: ignore[arg-type]
    return await bench.run(
        lambda r: calibrate(r, chosen, reference, connect=connect, store=bench.store)
    )


# -- arithmetic --------------------------------------------------------------------------------


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


def energy(volts: float, amperes: float, watts: float) -> wire.Energy:
    return wire.Energy(watts, 0.0, 0.0, 1.0, volts, amperes, 0.0)


@pytest.mark.parametrize(
    ("seen", "watts", "word"),
    [
        (energy(230.0, 4.3, 1000.0), 1000.0, ""),
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


# -- the procedure -----------------------------------------------------------------------------


@virtual
async def test_factors_land_on_the_true_ones(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=HEATER, late_body=0.0) as served:
        result = result_of(await calibrated(bench, served))
        config = served.device.config
        for index, quantity in enumerate(Quantity):
            part = result[quantity]
            assert isinstance(part, dict) and part["within"]
            assert part["factor"] == pytest.approx(config.factor(index), rel=1e-6)
            assert config.factor(index) == pytest.approx(TRUE[index], rel=0.012)
            assert part["uncertainty"] >= 0.01
        assert result["no_load"] == {"power": 0.0, "current": 0.0, "zero": True}
        assert served.device.channels[1] == 0  # as it was
        assert "pulses/s" in bench.texts()


@virtual
async def test_a_bulb_passes_with_the_tolerance_of_its_pulses(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    bulb = replace(HEATER, watts=110.0, volts=232.0)
    async with plugged(load=bulb, late_body=0.0) as served:
        result = result_of(await calibrated(bench, served))
    assert isinstance(result["power"], dict) and isinstance(result["current"], dict)
    assert result["power"]["tolerance"] == 0.01
    assert "1.3 % per pulse" in bench.texts() or "1.4 % per pulse" in bench.texts()
    assert "use 500 W or more" in bench.texts()


@virtual
async def test_only_what_is_given_is_set(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=HEATER, late_body=0.0) as served:
        chosen = CalibrateOptions(host=served.host, again=False)
        outcome = await bench.run(
            lambda r: calibrate(r, chosen, fixed(voltage=231.4), connect=connect, store=bench.store)
        )
        assert result_of(outcome)["voltage"]
        assert served.device.config.factor(0) and not served.device.config.factor(2)
        sent = b"".join(served.bodies)
        assert b"PowerSet" not in sent and b"EnergyCntReset" not in sent


@virtual
async def test_the_total_is_kept_unless_asked_for_and_recorded(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=HEATER, late_body=0.0) as served:
        result = result_of(await calibrated(bench, served, reset_energy=True))
        assert isinstance(result["energy_before"], float) and result["energy_before"] > 5
        assert b"EnergyCntReset" in served.bodies
        assert served.device.meter.total < result["energy_before"]


@virtual
async def test_a_second_reading_five_minutes_later_is_recorded(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=HEATER, late_body=0.0) as served:
        result = result_of(await calibrated(bench, served, again=True))
    again = result["again"]
    assert isinstance(again, dict) and set(again) == {"voltage", "current", "power"}
    assert all(abs(error) < 0.03 for error in again.values())


@virtual
async def test_nothing_moves_before_the_questions_and_a_no_is_the_end(tmp_path: Path) -> None:
    for key in YES:
        bench = bench_in(tmp_path, **{key: "no"})
        async with plugged(load=HEATER, late_body=0.0) as served:
            assert fault_of(await calibrated(bench, served)).code == job_faults.DECLINED.code
            assert not served.device.switched
            assert "A4:C1:38:5C:94:FA" in bench.answers.asked[0].text


@virtual
async def test_a_serial_job_of_this_device_refuses_it(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=HEATER, late_body=0.0) as served:
        chosen = CalibrateOptions(host=served.host)
        outcome = await bench.run(
            lambda r: calibrate(
                r,
                chosen,
                fixed(voltage=230.0),
                connect=connect,
                store=bench.store,
                bench_holder=lambda mac: f"Flash: {mac}",
            )
        )
        assert fault_of(outcome).code == "OBK-OPEN-DEVICE"
        assert not served.device.switched


@virtual
async def test_without_the_three_pins_the_driver_is_never_started(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    config = lsc(Profile(pins={11: Pin("None", 0)}))
    async with plugged(load=HEATER, config=config, late_body=0.0) as served:
        assert fault_of(await calibrated(bench, served)).code == "OBK-DRIVER-PINS"
        assert not served.device.stuck_pins and not served.device.switched


@virtual
async def test_exchanged_pins_are_named_before_a_factor_is_set(tmp_path: Path) -> None:
    for swap, word in (("swap_sel", "BL0937SEL_n"), ("swap_cf", "CF")):
        bench = bench_in(tmp_path)
        async with plugged(load=HEATER, late_body=0.0) as served:
            setattr(served.device.meter, swap, True)
            fault = fault_of(await calibrated(bench, served))
            assert fault.code == "OBK-NO-METER" and word in fault.what
            assert not any(served.device.config.factor(n) for n in range(3))


@virtual
async def test_a_load_that_switches_is_not_stable(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    wild = replace(HEATER, jitter=0.4)
    async with plugged(load=wild, late_body=0.0) as served:
        assert fault_of(await calibrated(bench, served)).code == "OBK-UNSTABLE"


@virtual
async def test_no_load_is_named(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=replace(HEATER, watts=0.0), late_body=0.0) as served:
        chosen = CalibrateOptions(host=served.host, again=False)
        outcome = await bench.run(
            lambda r: calibrate(r, chosen, fixed(power=1000.0), connect=connect, store=bench.store)
        )
        assert fault_of(outcome).code == "OBK-NO-METER" and "0 W" in fault_of(outcome).what


def test_the_simulated_meter_starts_from_the_firmwares_factors() -> None:
    assert DEFAULTS[0] == pytest.approx(0.13253012048) and not math.isnan(DEFAULTS[2])
