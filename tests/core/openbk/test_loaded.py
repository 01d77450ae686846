"""The relay goes back however the work under load ends, also by a mistake of the program."""

from __future__ import annotations

import asyncio
import math
import re
import struct
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import faults as job_faults
from core.events import Failed
from core.job import Job, Recorder, Reporter, Result
from core.openbk import wire
from core.openbk.client import Client, Connect
from core.openbk.metering import Quantity, factor_of, reachable, symptom
from core.openbk.tasks.calibrate import CalibrateOptions, Reference, calibrate, fixed
from core.openbk.transport import DeviceTransport
from core.sim.openbk_http import Served
from tests.core.openbk.bench import Bench, Given, fault_of, plugged, result_of
from tests.core.openbk.test_calibrate import HEATER, TRUE, YES, bench_in, calibrated, connect
from tests.virtual_clock import virtual


async def run_with(
    folder: Path, served: Served, reference: Reference, to: Connect = connect
) -> tuple[Failed, str, str]:
    """How a calibration ends with this reference, what it said, and what the log has of it."""
    bench, traced = Bench(folder), list[str]()

    async def task(report: Reporter) -> Result:
        chosen = CalibrateOptions(host=served.host, again=False)
        return await calibrate(report, chosen, reference, connect=to, store=bench.store)

    async def synced() -> None:
        return None

    job = Job("x", "calibrate", "Calibrate", task, answers=Given(YES),
              sinks=[bench.events.append],
              recorder=Recorder(lambda _event: None, synced, traced.append))  # fmt: skip
    outcome = await job.run()
    assert isinstance(outcome, Failed)
    return outcome, bench.texts(), "".join(traced)


@virtual
async def test_a_mistake_of_the_program_leaves_no_load_on(tmp_path: Path) -> None:
    async def reference(quantity: Quantity, energy: wire.Energy) -> float | None:
        if quantity is Quantity.CURRENT:
            raise OverflowError("int too large to convert to float")
        return HEATER.volts

    async with plugged(load=HEATER, late_body=0.0) as served:
        outcome, said, traced = await run_with(tmp_path, served, reference)
        assert served.device.channels[1] == 0 and served.device.switched
    assert fault_of(outcome).code == job_faults.INTERNAL.code and "OverflowError" in traced
    assert "Set and kept: voltage. The relay is off again." in said


@virtual
async def test_a_cancel_from_outside_leaves_no_load_on(tmp_path: Path) -> None:
    async def reference(quantity: Quantity, energy: wire.Energy) -> float | None:
        raise asyncio.CancelledError

    async with plugged(load=HEATER, late_body=0.0) as served:
        _outcome, said, _traced = await run_with(tmp_path, served, reference)
        assert served.device.channels[1] == 0 and served.device.switched
    assert "No factor was changed. The relay is off again." in said


class Altered(DeviceTransport):
    """The device's answers, with another number for the voltage from the third reading on."""

    def __init__(self, number: bytes) -> None:
        self.number, self.seen = number, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        self.seen += b'"ENERGY"' in answer.content
        if self.seen < 3:
            return answer
        content = re.sub(rb'(?<="Voltage":)[0-9.]+', self.number, answer.content)
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


@pytest.mark.parametrize("number", [b"9" * 400, b"9" * 5000, b"nan", b"-inf", b"1e999", b"-230.5"])
@virtual
async def test_readings_that_are_no_numbers_end_in_a_fault_with_the_relay_off(
    tmp_path: Path, number: bytes
) -> None:
    async def reference(quantity: Quantity, energy: wire.Energy) -> float | None:
        return HEATER.volts

    def altered(host: str) -> Client:
        return Client(host, transport=Altered(number))

    async with plugged(load=HEATER, late_body=0.0) as served:
        outcome, _said, traced = await run_with(tmp_path, served, reference, altered)
        assert served.device.channels[1] == 0 and served.device.switched
    assert not traced and "The relay is off again." in fault_of(outcome).state


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.13, 1e30, 1e-30])
@virtual
async def test_a_broken_factor_is_named_and_calibrated_all_the_same(
    tmp_path: Path, value: float
) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=HEATER, late_body=0.0) as served:
        for index in range(3):
            served.device.config.set_factor(index, value)
        served.device.save()
        result = result_of(await calibrated(bench, served))
        assert served.device.channels[1] == 0
        for index, quantity in enumerate(Quantity):
            part = result[quantity]
            assert isinstance(part, dict) and part["within"]
            assert served.device.config.factor(index) == pytest.approx(TRUE[index], rel=0.012)
            assert f"The {quantity} factor in the device is {struct_text(value)}" in bench.texts()


def struct_text(value: float) -> str:
    """As a float of 32 bits prints."""
    return f"{struct.unpack('<f', struct.pack('<f', value))[0]:g}"


@virtual
async def test_a_broken_factor_of_what_is_not_calibrated_becomes_the_usual_one(
    tmp_path: Path,
) -> None:
    bench = bench_in(tmp_path)
    async with plugged(load=HEATER, late_body=0.0) as served:
        served.device.config.set_factor(2, -1.5)
        served.device.save()
        chosen = CalibrateOptions(host=served.host, again=False)
        outcome = await bench.run(
            lambda r: calibrate(r, chosen, fixed(voltage=231.4), connect=connect, store=bench.store)
        )
        assert result_of(outcome)["voltage"]
        assert served.device.config.factor(2) == pytest.approx(1.5, rel=0.05)


@given(st.tuples(*[st.floats(width=32)] * 3))
@settings(max_examples=200, deadline=None)
def test_any_factors_give_factors_that_can_be_divided_by(raw: tuple[float, float, float]) -> None:
    factors = wire.Factors(*raw)
    assert all(factor_of(factors, quantity) > 1e-5 for quantity in Quantity)
    assert "W" in reachable(factors)
    symptom(wire.Energy(*[230.0] * 7), {}, factors)
