"""The update over the air: image checks, pacing, every way to fail, the settings afterwards."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.events import Warned
from core.fault import FaultError, Touched
from core.job import Job
from core.meter import ota
from core.meter.tasks.ota import OtaOptions, update
from core.meter.tasks.set import SetOptions, set_up
from core.radio.radio import Radio
from core.sim import meter_gatt_ota
from core.sim.air import Air, backends
from core.sim.module_images import meter_image
from core.stops import Stop
from tests.core.meter.bench import KEY, MAC, Bench, Given, bench, module_of
from tests.virtual_clock import virtual
from tui.sims.meter import OLD as DEMO_OLD
from tui.sims.meter import _fill

SMALL = 0x4004 + 0x400
OLD = module_of("1.6", next_release="1.7", key=KEY, period=7)


def image_file(folder: Path, version: str = "V1.7", data: bytes | None = None) -> OtaOptions:
    path = folder / "image.bin"
    path.write_bytes(meter_image(version, SMALL) if data is None else data)
    return OtaOptions(address=MAC, image=path)


def test_the_messages_of_the_sheet() -> None:
    first = bytes.fromhex("0000568000000000 5d024b4e4c5454078800")
    assert ota.crc16(first) == meter_gatt_ota.crc16(first) == 0x77D6
    last = bytes.fromhex("4b12456b8050ffffffffffffffffffffffff")
    assert ota.crc16(last).to_bytes(2, "little").hex() == "77ae"
    assert ota.block_count(bytes(74932)) == 4684
    assert ota.end(bytes(74932)).hex(" ") == "02 ff 4b 12 b4 ed"


@virtual
async def test_an_update_in_time_with_its_settings_kept(tmp_path: Path) -> None:
    async with bench(tmp_path, OLD) as b:
        b.answers.given["ota"] = "yes"
        found = await b.result(update, image_file(tmp_path))
        assert (found["before"], found["firmware"]) == ("V1.6", "V1.7")
        assert found["blocks"] == ota.block_count(bytes(SMALL)) and found["seconds"] < 40
        assert found["mended"] == [] and found["period"] == 7
        progress = [e.body for e in b.events if e.body.event == "progress"]
        assert any(p.unit == "blocks" and p.rate and p.left is not None for p in progress)


@virtual
async def test_bluez_forgets_the_attribute_table_of_before(tmp_path: Path) -> None:
    async with bench(tmp_path, SCRAMBLING) as b:
        b.answers.given["ota"] = "yes"
        known = []

        def on_event(_job: Job, event: Any) -> None:
            if event.body.event == "phase" and event.body.name in ("Send", "Wait for it"):
                known.append(f"hci0/{MAC}" in b.stack.stack.devices)

        await b.result(update, image_file(tmp_path), on_event=on_event)
        assert known == [True, False]


@virtual
async def test_scrambled_settings_are_cleared_and_written_anew(tmp_path: Path) -> None:
    """V1.2 to V1.7: period 0x656C is the signature."""
    async with bench(tmp_path, replace(OLD, release="1.2")) as b:
        b.answers.given["ota"] = "yes"
        found = await b.result(update, image_file(tmp_path))
        assert "METER-SCRAMBLED" in b.said(Warned)
        s = b.module.settings
        assert (s.address, s.period, s.key, s.kind) == (20109, 7, KEY, 1)
        assert set(found["mended"]) == {"address", "period", "bind key"}


@pytest.mark.parametrize("code", range(1, 0x10))
@virtual
async def test_each_error_of_the_module_leaves_the_old_firmware(tmp_path: Path, code: int) -> None:
    async with bench(tmp_path, replace(OLD, ota_error=code, ota_error_at=50)) as b:
        b.answers.given["ota"] = "yes"
        fault = await b.fault(update, image_file(tmp_path))
        assert fault.code == "METER-UPDATE" and "old firmware is still active" in fault.state
        assert fault.touched is Touched.UNKNOWN
        assert b.module.release.name == "1.6" and b.module.settings.period == 7


@virtual
async def test_a_lost_connection_leaves_the_old_firmware(tmp_path: Path) -> None:
    async with bench(tmp_path, replace(OLD, drop_after_ota_blocks=77)) as b:
        b.answers.given["ota"] = "yes"
        fault = await b.fault(update, image_file(tmp_path))
        assert fault.code == "METER-UPDATE" and "connection broke" in fault.cause


@virtual
async def test_a_slow_connection_is_named(tmp_path: Path) -> None:
    async with bench(tmp_path, OLD) as b:
        b.answers.given["ota"] = "yes"
        b.module.delay = 1.0
        fault = await b.fault(update, image_file(tmp_path))
        assert fault.code == "METER-UPDATE" and "gives up after 40 s" in fault.cause


@pytest.mark.parametrize("stop", [Stop.CANCEL, Stop.TERMINATE, Stop.HANGUP])
@virtual
async def test_a_stop_while_sending(tmp_path: Path, stop: Stop) -> None:
    async with bench(tmp_path, OLD) as b:
        b.answers.given["ota"] = "yes"

        def on_event(job: Job, event: Any) -> None:
            if event.body.event == "progress" and event.body.done == 80:
                job.stop(stop)

        outcome = await b.run(update, image_file(tmp_path), on_event)
        fault = getattr(outcome, "fault", None)
        if stop is Stop.HANGUP:
            assert fault is None and b.module.release.name == "1.7"
        else:
            assert fault is not None and fault.code == "STOPPED"
            assert "old firmware is still active" in fault.state
            assert b.module.release.name == "1.6" and b.module._central is None


PHASES = ("Find and connect", "Identify", "Ask", "Send", "Wait for it", "Settings")
SCRAMBLING = replace(OLD, release="1.2")


def at_phase(name: str, strike: Callable[[Job], None]) -> Callable[[Job, Any], None]:
    """Strike once, when the job comes to this phase for the first time."""
    struck = False

    def on_event(job: Job, event: Any) -> None:
        nonlocal struck
        if event.body.event == "phase" and event.body.name == name and not struck:
            struck = True
            strike(job)

    return on_event


@pytest.mark.parametrize("stop", [Stop.CANCEL, Stop.TERMINATE, Stop.HANGUP])
@pytest.mark.parametrize("phase", PHASES)
@virtual
async def test_a_stop_in_each_step(tmp_path: Path, phase: str, stop: Stop) -> None:
    async with bench(tmp_path, SCRAMBLING) as b:
        b.answers.given["ota"] = "yes"
        on_event = at_phase(phase, lambda job: job.stop(stop))
        outcome = await b.run(update, image_file(tmp_path), on_event)
        fault = getattr(outcome, "fault", None)
        if phase in PHASES[:4]:  # "Send" begins before the first block
            assert fault is not None and fault.code == "CANCELLED"
            assert b.module.release.name == "1.2" and {w[0] for w in b.module.received} <= {0xF4}
        elif stop is Stop.HANGUP:
            assert fault is None and b.module.release.name == "1.7"
            assert b.module.settings.address == 20109
        else:
            assert fault is not None and fault.code == "STOPPED"
            assert fault.touched is not Touched.NOTHING
            assert "old firmware" not in fault.state  # by then it may be the new one
            assert fault.command[-1] == ("--undo" if phase == "Settings" else MAC)
        assert b.module._central is None


@pytest.mark.parametrize("loss", ["hang up", "power", "unplug"])
@pytest.mark.parametrize("phase", PHASES)
@virtual
async def test_a_disconnect_in_each_step(tmp_path: Path, phase: str, loss: str) -> None:
    async with bench(tmp_path, SCRAMBLING) as b:
        b.answers.given["ota"] = "yes"

        def strike(_job: Job) -> None:
            if loss == "power":
                b.stack.stack.set_power("hci0", False)
            elif loss == "unplug":
                b.stack.stack.unplug("hci0")
            b.module._hang_up()

        outcome = await b.run(update, image_file(tmp_path), at_phase(phase, strike))
        fault = getattr(outcome, "fault", None)
        assert b.module._central is None
        if fault is None:
            assert b.module.release.name == "1.7" and b.module.settings.address == 20109
        elif phase in PHASES[:2]:
            assert fault.touched is Touched.NOTHING and b.module.release.name == "1.2"
        elif phase in PHASES[2:4]:
            assert "old firmware is still active" in fault.state
            assert b.module.release.name == "1.2"
        elif phase == "Settings":
            assert "runs V1.7" in fault.state
            assert fault.command == ("wattbench", "meter", "set", MAC, "--undo")
        else:
            assert fault.code == "METER-UPDATE-UNSEEN" and fault.state


@virtual
async def test_settings_that_were_not_written_back_come_by_undo(tmp_path: Path) -> None:
    async with bench(tmp_path, SCRAMBLING) as b:
        b.answers.given["ota"] = "yes"
        lose = at_phase("Settings", lambda _job: b.module._hang_up())
        fault = await b.fault(update, image_file(tmp_path), on_event=lose)
        assert "--undo" in fault.command and b.module.settings.address != 20109
        await b.result(set_up, SetOptions(address=MAC, undo=True))
        s = b.module.settings
        assert (s.address, s.period, s.key) == (20109, 7, KEY)


@virtual
async def test_the_old_module_of_the_demo_can_be_updated(tmp_path: Path) -> None:
    air = Air(noise=0)
    _fill(air)
    simulated = backends(air)
    radio = Radio(backends=simulated)
    b = Bench(tmp_path, air, radio, simulated, [], answers=Given({"ota": "yes"}))
    path = tmp_path / "image.bin"
    path.write_bytes(meter_image())
    found = await b.result(update, OtaOptions(address=DEMO_OLD, image=path))
    assert (found["before"], found["firmware"]) == ("V1.2", "V1.7")
    assert found["mended"] == ["address"] and found["seconds"] < 40
    await radio.close()
    simulated.close()
    air.close()


def other_product(data: bytes) -> bytes:
    """A sound Telink image of a thermometer."""
    body = data[:-4].replace(b"Electricity_meter", b"ATC_MiThermometer")
    assert body != data[:-4]
    return body + (zlib.crc32(body) ^ 0xFFFFFFFF).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda d: d[:8] + b"XXXX" + d[12:], "TLIMG-NOT-IMAGE"),
        (lambda d: d[:6] + b"\0\0" + d[8:], "TLIMG-UNMARKED"),
        (lambda d: d + b"\0" * 16, "TLIMG-LENGTH"),
        (lambda d: d[:-1] + bytes([d[-1] ^ 1]), "TLIMG-DAMAGED"),
        (lambda d: d[: len(d) // 2], "TLIMG-LENGTH"),
        (lambda d: b"", "TLIMG-NOT-IMAGE"),
        (other_product, "TLIMG-OTHER"),
    ],
)
@virtual
async def test_a_bad_image_is_refused_before_the_radio_is_used(
    tmp_path: Path, damage: Any, code: str
) -> None:
    async with bench(tmp_path, OLD) as b:
        options = image_file(tmp_path, data=damage(meter_image("V1.7", SMALL)))
        fault = await b.fault(update, options)
        assert fault.code == code and fault.exit == 3 and not b.module.received


def test_sizes_that_only_the_wire_takes() -> None:
    for size in (0x3FF4, 0x1F004, 0x1FFF4):
        with pytest.raises(FaultError) as caught:
            ota.image_of(meter_image("V1.7", size))
        assert caught.value.fault.code == "METER-IMAGE"


@virtual
async def test_the_same_version_is_refused(tmp_path: Path) -> None:
    async with bench(tmp_path, OLD) as b:
        fault = await b.fault(update, image_file(tmp_path, "V1.6"))
        assert fault.code == "METER-SAME"


@virtual
async def test_too_weak_is_refused(tmp_path: Path) -> None:
    async with bench(tmp_path, OLD) as b:
        b.module.rssi = -81
        fault = await b.fault(update, image_file(tmp_path))
        assert fault.code == "METER-FAR" and "door" in fault.next
