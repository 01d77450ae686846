"""Typed commands are translated and guarded; the live view survives a device that goes away."""

from __future__ import annotations

import asyncio

import pytest

from core.fault import FaultError
from core.openbk.client import Client
from core.openbk.console import Spoken, prepare, send
from core.openbk.guarded import GUARDED, Kind, kind_of, only_reads, risks_of
from core.openbk.watch import Trend, watch
from core.openbk.words import masked, translate, translate_text
from core.profile.block import Block
from core.profile.model import Pin, Profile
from tests.core.openbk.bench import lsc, talking
from tests.virtual_clock import virtual


async def speak(client: Client, line: str) -> Spoken:
    """A line to which a person says yes, if there is a question."""
    return await send(client, await prepare(client, line))


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("POWER ON", [Kind.SWITCHES]),
        ("power2 toggle", [Kind.SWITCHES]),
        ("powerAll 0", [Kind.SWITCHES]),
        ("SetChannel 1 0", [Kind.SWITCHES]),
        ("ch1 1", [Kind.SWITCHES]),
        ("SetPinRole 8 None", [Kind.SWITCHES]),
        ("clearConfig", [Kind.LOSES]),
        ("CLEARIO", [Kind.LOSES]),
        ("lfs_format", [Kind.LOSES]),
        ("restart 1", [Kind.RESTARTS]),
        ("ota_http http://10.0.0.1/x.rbl", [Kind.WRITES]),
        ("OpenAP", [Kind.LEAVES]),
        ("Password1 geheim", [Kind.LEAVES]),
        ("backlog echo x; POWER OFF; restart", [Kind.SWITCHES, Kind.RESTARTS]),
        ("backlog backlog clearAll", [Kind.LOSES]),
        ("echo x\nclearConfig", [Kind.LOSES]),
        ("alias quiet POWER OFF", [Kind.RUNS]),
        ("addRepeatingEvent 5 1 ToggleChannel 1", [Kind.RUNS]),
        ('StartupCommand "POWER ON" 1', [Kind.RUNS]),
        ("quiet", [Kind.UNKNOWN]),
        ('"POWER" ON', [Kind.SWITCHES]),
        ("SetFlag 21 1", []),
        ("backlog VoltageSet 230; CurrentSet 1.2", []),
        ("ShortName POWER", []),
        ("MqttHost 10.0.0.5", []),
        ("PowerMax 3000", []),
    ],
)
def test_what_a_command_does_is_known_before_it_is_sent(line: str, kinds: list[Kind]) -> None:
    assert [risk.kind for risk in risks_of(line)] == kinds
    assert not only_reads(line)


def test_reads_go_unasked_and_what_writes_is_no_read() -> None:
    for line in ("POWER", "Power1 STATUS", "status 8", "GetChannel 1", "ch", "ch1", "MqttHost",
                 "backlog status 0; echo POWER OFF", "Flags", ""):  # fmt: skip
        assert only_reads(line) and not risks_of(line), line
    assert not only_reads("MqttHost other") and not only_reads("Flags 0")
    assert all(kind_of(name.upper()) is kind for name, kind in GUARDED.items())


def test_the_question_shows_no_password() -> None:
    for line in ("Password1 geheim", "alias x Password1 geheim", "exec geheim", "geheim"):
        (risk,) = risks_of(line)
        assert "geheim" not in risk.text or line == "geheim"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("SetFlag 2 1", "SetFlag 2 1"),
        ('Password1 "ge heim"', "Password1 ***"),
        ("backlog mqttpassword a b; ShortName c", "backlog mqttpassword ***; ShortName c"),
        ('alias x "MqttPassword geheim; echo 1"', 'alias x "MqttPassword ***; echo 1"'),
        ("ota_http http://me:geheim@10.0.0.1/a.rbl", "ota_http http://***@10.0.0.1/a.rbl"),
        ("MqttPassword", "MqttPassword"),
    ],
)
def test_passwords_of_a_line_are_masked(line: str, said: str) -> None:
    assert masked(line) == said


@virtual
async def test_what_switches_or_wipes_is_asked_and_nothing_is_sent_before() -> None:
    async with talking() as (client, served):
        for line in ("POWER ON", "setChannel 1 1", "restart", "clearConfig", "clearAll"):
            ready = await prepare(client, line)
            assert ready.question is not None and client.host in ready.question.text
            assert line.split()[0] in ready.question.text
        assert all(method == "GET" for method, _ in served.requests)
        assert (await prepare(client, "setChannel 40 1")).question is None  # drives no pin
        for line in ("status 0", "SetFlag 21 1", "SpannungSet 230"):
            assert (await prepare(client, line)).question is None


@virtual
async def test_read_only_takes_reads_alone() -> None:
    async with talking() as (client, _):
        assert (await prepare(client, "status 8", read_only=True)).reads
        for line in ("SetFlag 2 1", "POWER ON", "whatever"):
            with pytest.raises(FaultError) as caught:
                await prepare(client, line, read_only=True)
            assert caught.value.fault.code == "READ-ONLY"


@virtual
async def test_a_device_without_relays_has_none_that_is_on() -> None:
    async with talking(config=Block.new().sector()) as (client, _):
        assert (await client.status()).relays == {}
        assert (await speak(client, "clearIO")).changed


@virtual
async def test_a_relay_that_goes_on_while_a_person_thinks_stops_the_clearing() -> None:
    async with talking() as (client, served):
        ready = await prepare(client, "clearConfig")
        served.device.set_channel(1, 1)
        with pytest.raises(FaultError) as caught:
            await send(client, ready)
        assert (caught.value.fault.code, caught.value.fault.exit) == ("OBK-RELAY-ON", 3)
        assert served.device.config.role(8) == 1


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
        for line in ("SpannungSet -5", 'VoltageSet "-5"', "backlog PowerSet  '-1'; CurrentSet 2"):
            with pytest.raises(FaultError) as caught:
                await speak(client, line)
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
