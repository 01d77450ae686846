"""Calibration against a load whose true values are known to the simulated device."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core import faults as job_faults
from core.events import Asked, Event, Facts, Failed, Finished, Note, Phase
from core.fault import FaultError, Touched
from core.job import Job
from core.openbk import history, wire
from core.openbk.calibrated import Setting, percent, table
from core.openbk.client import Client
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
from core.openbk.tasks.calibrate import CalibrateOptions, calibrate, fixed
from core.profile.model import Pin, Profile
from core.sim.openbk_http import Served
from core.sim.openbk_meter import AMPERES, DEFAULTS, VOLTS, Load
from core.stops import Stop
from tests.core.openbk.bench import Bench, Given, fault_of, lsc, plugged, result_of, talking
from tests.virtual_clock import virtual

YES = {"closed": "yes", "load": "yes"}
TRUE = (0.1300, 0.01160, 1.46)
HEATER = Load(volts=231.4, watts=1000.0, true_factors=TRUE, jitter=0.01)


def connect(host: str) -> Client:
    return Client(host, connect_timeout=1.0)


def bench_in(folder: Path, **answers: str) -> Bench:
    return Bench(folder, answers=Given({**YES, **answers}))


async def calibrated(
    bench: Bench,
    served: Served,
    on_event: Callable[[Job, Event], None] | None = None,
    **more: object,
) -> Finished | Failed:
    load = served.options.load
    reference = fixed(voltage=load.volts, current=load.amperes, power=load.watts)
    chosen = CalibrateOptions(host=served.host, **{"again": False, **more})  # type: ignore[arg-type]
    return await bench.run(
        lambda r: calibrate(r, chosen, reference, connect=connect, store=bench.store), on_event
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
        assert result["power_factor"] == pytest.approx(1.0, abs=0.03)
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
    assert result["power"]["uncertainty"] == pytest.approx(0.0133, abs=2e-4)
    assert result["current"]["uncertainty"] == pytest.approx(0.0245, abs=2e-4)


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
        assert f"before it is set to 0: {result['energy_before']} Wh" in bench.texts()
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
    for swap, value, word in (
        ("swap_sel", True, "BL0937SEL_n"),
        ("swap_cf", True, "CF and CF1"),
        ("stuck_sel", VOLTS, "current is constant"),
        ("stuck_sel", AMPERES, "current is constant"),
    ):
        bench = bench_in(tmp_path)
        async with plugged(load=HEATER, late_body=0.0) as served:
            setattr(served.device.meter, swap, value)
            fault = fault_of(await calibrated(bench, served))
            assert fault.code == "OBK-NO-METER" and word in fault.what
            assert fault.state == "No factor was changed. The relay is off again."
            assert not any(served.device.config.factor(n) for n in range(3))
            assert served.device.channels[1] == 0


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


# -- before, while and after -------------------------------------------------------------------


@virtual
async def test_what_can_be_reached_is_said_before_the_relay_moves(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, load="no")
    bulb = replace(HEATER, watts=110.0, volts=232.0)
    async with plugged(load=bulb, late_body=0.0) as served:
        await calibrated(bench, served)
        assert not served.device.switched
    assert "1 % needs 150 W and 1.2 A" in bench.answers.asked[1].text
    order = [e.body for e in bench.events if isinstance(e.body, Asked | Note)]
    said = [getattr(body, "code", "?") for body in order]
    assert said == ["PULSES", "PULSES", "PULSES", "?", "?"]
    assert "power: 73 pulses/s: 1.4 % per pulse" in bench.texts()


@virtual
async def test_the_live_fact_tells_what_is_done_and_how_long_it_takes(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=HEATER, late_body=0.0) as served:
        result_of(await calibrated(bench, served))
    live = [e.body.values for e in bench.events
            if isinstance(e.body, Facts) and e.body.key == "live"]  # fmt: skip
    mean = [v for v in live if v["doing"] == "averaging the power"]
    assert [round(v["left"]) for v in mean][:15] == list(range(30, 0, -2))
    assert mean[0]["power"] == pytest.approx(1027, rel=0.02)  # as the wrong factor shows it
    assert 0 < mean[14]["spread"] < 0.03 and "spread" not in mean[0]
    assert {v["doing"] for v in live} >= {"waiting for readings that agree", "without load"}
    assert "uncertain" in str(bench.facts("calibration")["lines"])


@virtual
async def test_what_is_shown_goes_on_being_told_while_a_value_is_awaited(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)

    async def slow(quantity: Quantity, _energy: wire.Energy) -> float | None:
        await asyncio.sleep(60)
        return HEATER.volts if quantity is Quantity.VOLTAGE else None

    async with plugged(load=HEATER, late_body=0.0) as served:
        chosen = CalibrateOptions(host=served.host, again=False)
        outcome = await bench.run(
            lambda r: calibrate(r, chosen, slow, connect=connect, store=bench.store)
        )
        assert set(result_of(outcome)) & set(Quantity) == {"voltage"}
    told = [e.body.values["doing"] for e in bench.events
            if isinstance(e.body, Facts) and e.body.key == "live"]  # fmt: skip
    assert told.count("waiting for the reference voltage") == pytest.approx(30, abs=2)


@virtual
async def test_the_factors_that_were_set_are_kept_in_the_history(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=HEATER, late_body=0.0) as served:
        result_of(await calibrated(bench, served))
    entries = bench.store.devices.history("A4:C1:38:5C:94:FA")
    assert [entry.why for entry in entries] == ["before", "applied"]
    kept = history.profile_of(entries[-1]).calibration
    assert (kept.voltage, kept.power) == pytest.approx((TRUE[0], TRUE[2]), rel=0.02)


@virtual
async def test_a_load_that_grows_ends_out_of_tolerance_with_the_best_kept(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=replace(HEATER, drift=0.0006), late_body=0.0) as served:
        outcome = await bench.run(
            lambda r: calibrate(
                r,
                CalibrateOptions(host=served.host, again=False),
                fixed(power=HEATER.watts * 1.05),
                connect=connect,
                store=bench.store,
            )
        )
        fault = fault_of(outcome)
        assert fault.code == "OBK-NOT-IN-TOLERANCE" and fault.touched is Touched.COMPLETE
        assert "changed while it was measured" in fault.cause  # 1 kW gives pulses enough
        assert fault.state == "Set and kept: power. The relay is off again."
        assert served.device.channels[1] == 0
    lines = bench.facts("calibration")["lines"]
    assert isinstance(lines, list) and " ! " in lines[1] and lines[1].endswith("5")
    notes = [e for e in bench.events if getattr(e.body, "code", "") == "SET"]
    assert 5 <= len(notes) <= 6  # five tries, and the best one once more


@virtual
async def test_a_stop_while_averaging_puts_the_relay_back(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)

    def stop(job: Job, event: Event) -> None:
        if (
            isinstance(event.body, Facts)
            and event.body.values.get("doing") == "averaging the power"
        ):
            job.stop(Stop.CANCEL)

    async with plugged(load=HEATER, late_body=0.0) as served:
        fault = fault_of(await calibrated(bench, served, stop))
        assert fault.code == job_faults.STOPPED.code
        assert fault.state == "Set and kept: voltage and current. The relay is off again."
        assert served.device.channels[1] == 0
        assert bench.facts("calibration")["lines"]
    assert not bench.store.devices.load("A4:C1:38:5C:94:FA")["relay_may_be_off"]


@virtual
async def test_a_device_lost_in_the_middle_may_still_be_on(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=HEATER, late_body=0.0) as served:

        def lose(_job: Job, event: Event) -> None:
            if getattr(event.body, "code", "") == "SET":
                served.stop_listening()

        fault = fault_of(await calibrated(bench, served, lose))
    assert fault.code == "OBK-SILENT" and fault.touched is Touched.PARTIAL
    assert "Changed, and not judged yet: voltage." in fault.state
    assert "the load may be on" in fault.state
    assert bench.store.devices.load("A4:C1:38:5C:94:FA")["relay_may_be_off"] == "plug1"


@virtual
async def test_a_relay_that_was_on_is_on_again(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=HEATER, late_body=0.0) as served:
        served.device.set_channel(1, 1)
        assert result_of(await calibrated(bench, served))["no_load"]
        assert served.device.channels[1] == 1


@virtual
async def test_a_load_that_is_not_resistive_is_said(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=HEATER, late_body=0.0) as served:
        chosen = CalibrateOptions(host=served.host, again=False)
        given = fixed(voltage=231.4, current=4.6, power=1000.0)  # 0.94, as a small motor has
        outcome = await bench.run(
            lambda r: calibrate(r, chosen, given, connect=connect, store=bench.store)
        )
        assert result_of(outcome)["power_factor"] == pytest.approx(0.94, abs=0.02)
    assert "the load is not resistive, or a value was misread" in bench.texts()


@virtual
async def test_a_current_that_does_not_follow_the_relay_is_named(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=HEATER, late_body=0.0) as served:

        def stick(_job: Job, event: Event) -> None:
            if isinstance(event.body, Phase) and event.body.name == "Without load":
                served.device.meter.stuck_sel = VOLTS

        result = result_of(await calibrated(bench, served, stick))
    assert result["no_load"]["zero"] is False  # type: ignore[index]
    assert "does not follow the relay: BL0937SEL or BL0937CF1" in bench.texts()


# -- the commands of the firmware (HTTP sheet 11.2) --------------------------------------------


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
