"""Typed commands are translated and guarded; the live view survives a device that goes away."""

from __future__ import annotations

import asyncio

import pytest

from core.fault import FaultError
from core.openbk.console import speak
from core.openbk.watch import Trend, watch
from core.openbk.words import translate, translate_text
from core.profile.model import Pin, Profile
from tests.core.openbk.bench import lsc, talking
from tests.virtual_clock import virtual


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("SpannungSet 232,5", "VoltageSet 232.5"),
        ("stromset 0,475", "CurrentSet 0.475"),
        ("LeistungSet 110", "PowerSet 110"),
        ("backlog SpannungSet 230,1; StromSet 1,2", "backlog VoltageSet 230.1; CurrentSet 1.2"),
        ("VoltageSet 232.5", "VoltageSet 232.5"),
        ("ShortName a,b", "ShortName a,b"),
        ("backlog StromSet 1; echo a  b", "backlog CurrentSet 1; echo a  b"),
        ("", ""),
    ],
)
def test_words_of_the_german_guide(typed: str, sent: str) -> None:
    line, notes = translate(typed)
    assert line == sent
    assert bool(notes) == (typed != sent)
    assert translate_text(f"echo  x\n{typed}") == (f"echo  x\n{sent}", notes)


@virtual
async def test_the_meter_driver_is_not_started_without_its_pins() -> None:
    half = lsc(Profile(pins={24: Pin("None", 0)}))
    async with talking(config=half) as (client, served):
        for line in ("startDriver BL0937", 'backlog echo x; startdriver "bl0937"'):
            with pytest.raises(FaultError) as caught:
                await speak(client, line)
            assert caught.value.fault.code == "OBK-DRIVER-PINS"
            assert "BL0937CF1" in caught.value.fault.what
        assert all(method == "GET" for method, _ in served.requests)
        assert not served.device.stuck_pins
    async with talking() as (client, served):
        assert (await speak(client, "startDriver BL0937")).ok


@virtual
async def test_pins_are_not_cleared_while_a_relay_is_on() -> None:
    async with talking() as (client, served):
        assert (await speak(client, "Power ON")).ok
        with pytest.raises(FaultError) as caught:
            await speak(client, "clearIO")
        assert "relay is on" in caught.value.fault.what
        assert served.device.config.role(8) == 1
        await speak(client, "Power OFF")
        assert (await speak(client, "clearIO")).ok


@virtual
async def test_negative_calibration_values_are_refused() -> None:
    async with talking() as (client, _):
        with pytest.raises(FaultError) as caught:
            await speak(client, "SpannungSet -5")
        assert caught.value.fault.code == "OBK-REFERENCE"


@virtual
async def test_answers_of_reads_and_reasons_of_failures() -> None:
    async with talking() as (client, _):
        assert (await speak(client, "MqttHost")).text == '{"MQTTHost":""}'
        assert (await speak(client, "GetChannel 1")).text == "0"
        failed = await speak(client, "CurrentSet 0.5")
        assert not failed.ok
        assert any("connect load first" in line for line in failed.log)
        assert (await speak(client, "SpannungSet 230")).notes


@virtual
async def test_samples_come_at_their_pace_and_a_lost_device_does_not_end_them() -> None:
    async with talking("vanish@9") as (client, _):
        samples = []
        async for sample in watch(client):
            samples.append(sample)
            if sample.fault is not None and len(samples) > 6:
                break
        good = [s for s in samples if s.fault is None]
        assert len(good) == 4
        assert good[0].drivers == ("BL0937",) and good[-1].energy is not None
        assert samples[-1].energy == good[-1].energy  # the last known
        assert good[1].at - good[0].at == pytest.approx(2.0, abs=0.2)
        trend = Trend()
        for sample in samples:
            trend.add(sample)
        assert len(trend.volts) == len([s for s in samples if s.energy is not None])


@virtual
async def test_a_restart_is_noticed() -> None:
    async with talking() as (client, served):
        await asyncio.sleep(100)
        stream = watch(client)
        first = await anext(stream)
        served.device.boot()
        second = await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
    assert not first.restarted and second.restarted
