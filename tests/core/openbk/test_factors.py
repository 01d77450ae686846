"""Known factors are put back without a reference meter (HTTP sheet 11.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core import faults as job_faults
from core.events import Event, Failed, Finished
from core.job import Job
from core.openbk import history
from core.openbk.client import Client
from core.openbk.metering import KINDS, Quantity
from core.openbk.tasks.factors import FactorsOptions, put_factors
from core.profile.model import Calibration, Profile
from core.sim.openbk_http import Served
from core.sim.openbk_meter import Load
from tests.core.openbk.bench import Bench, Given, fault_of, lsc, plugged, result_of
from tests.virtual_clock import virtual

TRUE = (0.1300, 0.01160, 1.46)
LOAD = Load(volts=231.4, watts=1000.0, true_factors=TRUE, jitter=0.01)
WANTED = Calibration(voltage=0.1305, current=0.0117, power=1.47)


def bench_in(folder: Path, **answers: str) -> Bench:
    return Bench(folder, answers=Given({"closed": "yes", "load": "yes", **answers}))


async def put(
    bench: Bench,
    served: Served,
    wanted: Calibration = WANTED,
    on_event: Callable[[Job, Event], None] | None = None,
) -> Finished | Failed:
    chosen = FactorsOptions(host=served.host, wanted=wanted, source="mine.toml")
    return await bench.run(
        lambda r: put_factors(r, chosen, connect=Client, store=bench.store), on_event
    )


@virtual
async def test_the_factors_land_on_the_wanted_ones(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=LOAD, late_body=0.0) as served:
        result = result_of(await put(bench, served))
        named = (WANTED.voltage, WANTED.current, WANTED.power)
        for index, (quantity, wanted) in enumerate(zip(Quantity, named, strict=True)):
            part = result[quantity]
            assert isinstance(part, dict) and part["within"] and part["wanted"] == wanted
            assert part["factor"] == pytest.approx(served.device.config.factor(index), rel=1e-6)
            assert part["factor"] == pytest.approx(wanted, rel=0.01)
            assert part["deviation"] == pytest.approx(part["factor"] / wanted - 1, abs=1e-6)
        assert result["without_pulses"] == [] and served.device.channels[1] == 0
    assert "factors put back: voltage +0.00 %" in str(result["summary"])
    assert "deviation" in str(bench.facts("calibration")["lines"])
    kept = history.profile_of(bench.store.devices.history("A4:C1:38:5C:94:FA")[-1]).calibration
    assert kept.power == pytest.approx(1.47, rel=0.01)


@virtual
async def test_what_has_no_pulses_is_left_and_named(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=replace(LOAD, watts=0.0), late_body=0.0) as served:
        result = result_of(await put(bench, served))
        assert result["without_pulses"] == ["current", "power"] and "current left" in str(
            result["summary"]
        )
        assert served.device.config.factor(0) == pytest.approx(0.1305, rel=0.01)
        assert not served.device.config.factor(1) and not served.device.config.factor(2)
    assert "left as it was, there are no pulses" in str(bench.facts("calibration")["lines"])
    async with plugged(load=replace(LOAD, watts=0.0), late_body=0.0) as served:
        fault = fault_of(await put(bench, served, Calibration(power=1.47)))
        assert fault.code == "OBK-NO-METER" and "0 W" in fault.what
        assert fault.state == "No factor was changed. The relay is off again."


@virtual
async def test_factors_that_are_there_already_move_nothing(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    config = lsc(Profile(calibration=WANTED))
    async with plugged(load=LOAD, late_body=0.0, config=config) as served:
        result = result_of(await put(bench, served))
        assert "already" in str(result["summary"])
        assert not served.device.switched and not bench.answers.asked


@virtual
async def test_zero_stands_for_the_default(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    config = lsc(Profile(calibration=WANTED))
    async with plugged(load=LOAD, late_body=0.0, config=config) as served:
        result = result_of(await put(bench, served, Calibration(voltage=0.0)))
        usual = KINDS[Quantity.VOLTAGE].factor
        assert served.device.config.factor(0) == pytest.approx(usual, rel=0.01)
        assert set(result) & set(Quantity) == {"voltage"}
        assert served.device.config.factor(2) == pytest.approx(1.47)


@virtual
async def test_what_is_no_factor_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=LOAD, late_body=0.0) as served:
        for wanted, code in (
            (Calibration(), "OBK-NO-FACTORS"),
            (Calibration(power_max=3000.0), "OBK-NO-FACTORS"),
            (Calibration(power=0.2), "OBK-REFERENCE"),  # of another meter chip
            (Calibration(voltage=float("nan")), "OBK-REFERENCE"),
        ):
            fault = fault_of(await put(bench, served, wanted))
            assert fault.code == code and fault.exit == 3
        assert not served.requests and not bench.answers.asked


@virtual
async def test_the_same_gates_stand_in_front(tmp_path: Path) -> None:
    for key in ("closed", "load"):
        bench = bench_in(tmp_path, **{key: "no"})
        async with plugged(load=LOAD, late_body=0.0) as served:
            assert fault_of(await put(bench, served)).code == job_faults.DECLINED.code
            assert not served.device.switched


@virtual
async def test_a_device_that_says_ok_and_keeps_its_factor_is_found_out(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=LOAD, late_body=0.0) as served:

        def keep(_job: Job, event: Event) -> None:
            if getattr(event.body, "name", "") == "Put the factors back":
                served.device.suspended = True  # nothing goes to flash any more

        fault = fault_of(await put(bench, served, on_event=keep))
        assert fault.code == "OBK-NOT-IN-TOLERANCE" and "voltage factor" in fault.what
        assert fault.state.endswith("The relay is off again.")
