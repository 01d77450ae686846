"""The calibration wizard on the screen, driven by keys against a device whose clock runs faster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.events import Asked, Facts, Failed, Finished, Phase, Progress, Started
from core.job import Job, Reporter
from core.openbk import faults, history
from core.openbk.calibrated import Setting, table
from core.openbk.loaded import ask
from core.openbk.metering import Quantity
from core.openbk.read import Device
from core.openbk.setting import Pace
from core.openbk.wire import Energy
from core.profile.model import Calibration, Profile
from core.profile.toml_file import dump
from core.sim.openbk_http import Served
from core.sim.openbk_meter import Load
from tests.core.openbk.bench import Given
from tests.tui.openbk_stage import (
    MAC,
    PLUG,
    SAMPLES,
    BkStage,
    a_device,
    bk_stage,
    plugged,
    quiet,
    sector,
)
from tests.tui.stage import golden
from tui.panes.openbk.calibrate import Asker
from tui.panes.openbk.link import Read
from tui.panes.openbk.strip import job_line

__all__ = ["quiet"]
SIZES = [(80, 24), (160, 45)]
SPEED = 100.0
FAST = Pace(settle=0.05, every=0.06, mean=0.3, stable_within=20.0, saved=0.03, again=0.12)
"""Slow enough that the screen comes to rest between two readings."""
TRUE = (0.1300, 0.01160, 1.46)
HEATER = Load(volts=231.4, watts=1000.0, true_factors=TRUE, jitter=0.005)


@asynccontextmanager
async def wizard(
    home: Path, load: Load = HEATER, config: bytes | None = None
) -> AsyncIterator[tuple[BkStage, Served]]:
    """The pane with a device that was read; waits are as short as its clock is fast."""
    more = {} if config is None else {"config": config}
    async with (
        plugged(load=load, speed=SPEED, late_body=0.0, **more) as served,
        bk_stage(home) as bk,
    ):
        bk.pane.pace = FAST
        await bk.open(served.host)
        await bk.until("P8    PWM2           Rel")
        yield bk, served


async def quick(bk: BkStage) -> None:
    """Start it without the second look, and answer both questions."""
    await bk.press("c")
    await bk.press("down", "enter")
    await bk.until("closed and reassembled")
    await bk.press("y")
    await bk.until("Is only a resistive load behind it")
    await bk.press("y")


async def give(bk: BkStage, name: str, text: str) -> str:
    """Type the value of the reference meter, once it is asked for."""
    await bk.until(f"{name} of the reference meter")
    if text:
        await bk.type(text)
    return await bk.press("enter")


async def test_the_whole_procedure(tmp_path: Path) -> None:
    async with wizard(tmp_path) as (bk, served):
        text = await bk.press("c")
        assert "about 4 minutes, and a second look 5 minutes later" in text
        assert "One pulse" not in text  # that is said once, with the question
        assert not served.device.switched
        await bk.press("enter")
        text = await bk.until("closed and reassembled")
        assert MAC in text
        await bk.press("y")
        text = " ".join((await bk.until("Is only a resistive load behind it")).split())
        assert "within the plug's rating" in text and "1 % needs 150 W and 1.2 A" in text
        assert not served.device.switched
        await bk.press("y")
        await give(bk, "Voltage", "231,4")
        assert served.device.channels[1] == 1
        await bk.until("averaging the voltage")
        await give(bk, "Current", "4.3215")
        assert served.device.config.factor(0)  # the voltage is set before the current is read
        await bk.until("averaging the current")
        await give(bk, "Power", "1000")
        await bk.until("averaging the power")
        text = await bk.until("Result: Calibrate")
        row = next(line for line in bk.stage.lines if "current" in line and " A " in line)
        assert row.split()[1:3] == ["4.322", "A"] and int(row.split()[-1]) <= 2
        for word in ("reference", "before", "after", "error", "tolerance", "uncertain", "tries",
                     "power factor in flash: 1.5 ->", "without load: 0.0 W, 0.000 A",
                     "second reading: voltage "):  # fmt: skip
            assert word in text
        for index, true in enumerate(TRUE):
            assert served.device.config.factor(index) == pytest.approx(true, rel=0.012)
        assert served.device.channels[1] == 0
        await bk.press("escape")
        await bk.to("Metering")
        await bk.until(f"Voltage factor         {served.device.config.factor(0):.6g}"[:29])
        assert not bk.pane.sheet.edits and "Changed on the device" not in bk.stage.text


async def test_a_value_that_cannot_be_true_is_refused_and_asked_again(tmp_path: Path) -> None:
    async with wizard(tmp_path) as (bk, served):
        await quick(bk)
        for bad, why, remedy in (
            ("abc", "no number above zero", "Type the voltage as a number, such as 231.4 or"),
            ("23", "between 80 and 270 V", "Read the reference meter again"),
            ("110", "does not fit what the plug shows: 110 V", "Read the reference meter again"),
        ):
            text = " ".join((await give(bk, "Voltage", bad)).split())
            assert why in text and remedy in text and "heater" not in text
            await bk.press(*["backspace"] * len(bad))
        await give(bk, "Voltage", "231,4")
        await give(bk, "Current", "4.3215")
        text = await give(bk, "Power", "500")
        assert "not near 231.4 V x 4.3215 A" in " ".join(text.split())
        await bk.press("backspace", "backspace", "backspace")
        assert "667 pulses/s: 0.1 % per pulse" in await bk.type("1000")
        assert not served.device.config.factor(2)
        await bk.press("ctrl+c")
        text = " ".join((await bk.until("STOPPED")).split())
        assert "Set and kept: voltage and current. The relay is off again." in text


async def test_the_card_shows_what_the_plug_shows_while_it_waits(tmp_path: Path) -> None:
    async with wizard(tmp_path) as (bk, served):
        text = await bk.press("c", "up", "enter")
        assert "No kept configuration and no profile names other factors." in text
        await quick(bk)
        await bk.until("The plug shows 23")
        asker = bk.pane.asker
        bk.pane.do_calibrate()  # as the palette might; it must not take the question away
        assert bk.pane.asker is asker
        served.device.meter.load = replace(HEATER, volts=220.0)
        await bk.until("The plug shows 22")
        assert "Voltage of the reference meter" in bk.stage.text
        assert "waiting for the reference voltage" in bk.stage.text
        await bk.press("ctrl+c")
        text = await bk.until("STOPPED")
        assert "of the reference meter" not in text
        assert "No factor was changed. The relay is off again." in " ".join(text.split())
        assert served.device.channels[1] == 0


async def test_stop_while_averaging(tmp_path: Path) -> None:
    async with wizard(tmp_path) as (bk, served):
        bk.pane.pace = replace(FAST, mean=60.0)
        await quick(bk)
        await give(bk, "Voltage", "231.4")
        await bk.until("averaging the voltage, ")
        await bk.until(" s left, spread ")
        await bk.press("x")
        text = " ".join((await bk.until("STOPPED")).split())
        assert "No factor was changed. The relay is off again." in text
        assert served.device.channels[1] == 0


async def test_a_growing_load_ends_out_of_tolerance_and_what_is_left_empty_stays(
    tmp_path: Path,
) -> None:
    async with wizard(tmp_path, replace(HEATER, drift=0.0016)) as (bk, served):
        await quick(bk)
        await bk.until("Voltage of the reference meter")
        await bk.press("escape")
        await give(bk, "Current", "")
        await give(bk, "Power", "1050")
        text = await bk.until("OBK-NOT-IN-TOLERANCE: Calibrate")
        row = next(line for line in text.splitlines() if line.startswith(" power   "))
        assert " ! " in row and row.split()[-1] == "5"
        text = " ".join((await bk.press("escape")).split())
        assert "Set and kept: power. The relay is off again." in text
        assert not served.device.config.factor(0) and not served.device.config.factor(1)


async def test_a_device_that_is_lost_in_the_middle(tmp_path: Path) -> None:
    async with wizard(tmp_path) as (bk, served):
        await quick(bk)
        await bk.until("Voltage of the reference meter")
        served.stop_listening()
        text = " ".join((await bk.until("OBK-SILENT")).split())
        assert "No factor was changed. The relay does not answer; the load may be on." in text
        assert "of the reference meter" not in text
        assert bk.pane.asker is None


async def test_leaving_the_screen_ends_the_wait_with_the_relay_off(tmp_path: Path) -> None:
    async with plugged(load=HEATER, speed=SPEED, late_body=0.0) as served:
        async with bk_stage(tmp_path) as bk:
            bk.pane.pace = FAST
            await bk.open(served.host)
            await bk.until("P8    PWM2           Rel")
            await quick(bk)
            await bk.until("Voltage of the reference meter")
            host = bk.stage.app.host
            await bk.pane.remove()
            for _ in range(200):
                if not host.running():
                    break
                await asyncio.sleep(0.02)
        assert not host.running() and served.device.channels[1] == 0
    events = host.store.jobs.events(next(job.id for job in host.store.jobs.all()))
    assert events[-1]["code"] == "UNANSWERED" and "screen was left" in events[-1]["cause"]


async def test_factors_of_a_kept_configuration_are_put_back(tmp_path: Path) -> None:
    device = await a_device()
    kept = Calibration(voltage=0.1305, current=0.0117, power=1.47)
    old = replace(device.profile, drivers=None, calibration=kept)
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "mine.toml").write_text("[calibration]\npower = 1.48\n")
    (folder / "other.toml").write_text("[flags]\n21 = true\n")
    now = sector(Profile(calibration=Calibration(voltage=0.1312)))
    async with wizard(tmp_path, config=now) as (bk, served):
        store = bk.stage.app.host.store
        fresh = replace(old, calibration=Calibration(0.0, 0.0, 0.0))
        for profile in (fresh, old):
            store.devices.add(MAC, "read", served.host, dump(profile), history.secrets_of(profile))
        await bk.press("c", "up", "enter")
        text = await bk.until("Which factors are put back?")
        assert "V 0.1305  A 0.0117  W 1.47" in text and "mine.toml  W 1.48" in text
        assert "other.toml" not in text and "V 0.1312" not in text  # as it is now
        assert "V default  A default  W default" in text
        await bk.press("enter")
        await bk.until("closed and reassembled")
        await bk.press("y")
        await bk.until("Is only a resistive load behind it")
        await bk.press("y")
        text = await bk.until("Result: Put factors back")
        assert "wanted" in text and "in flash" in text and "deviation" in text
        for index, wanted in enumerate((0.1305, 0.0117, 1.47)):
            assert served.device.config.factor(index) == pytest.approx(wanted, rel=0.01)


def test_the_line_of_a_job_says_what_is_measured_and_how_long_it_takes() -> None:
    live = {"voltage": 231.41, "current": 4.3217, "power": 1000.2, "doing": "averaging the power"}
    assert job_line(live, "Calibrate") == "231.4 V  4.322 A  1000 W  averaging the power"
    assert job_line({**live, "left": 18.0, "spread": 0.0123}, "Calibrate").endswith(
        "averaging the power, 18 s left, spread 1.2 %"
    )
    assert job_line({}, "Apply: plug1") == "live view waits for: Apply: plug1"


# -- how it looks ------------------------------------------------------------------------------

SHOWN = Energy(1027.4, 1027.4, 0.0, 1.0, 235.9, 4.418, 1.0)
LIVE = {"voltage": 235.91, "current": 4.4182, "power": 1027.4}
DONE = [
    Setting(Quantity.VOLTAGE, 231.4, 235.9, 231.5, 0.13253, 0.130003, 0.01, 1),
    Setting(Quantity.CURRENT, 4.3215, 4.418, 4.323, 0.0118577, 0.0115991, 0.01, 1),
    Setting(Quantity.POWER, 1000.0, 1027.4, 1012.3, 1.5, 1.47812, 0.01, 5),
]
LINES = [
    *table([*DONE[:2], replace(DONE[2], after=1000.4, factor=1.46, tries=2)]),
    "power factor shown: 1.00",
    "without load: 0.0 W, 0.000 A",
    "energy total before: 70.6 Wh",
    "second reading: voltage +0.1 %, current -0.2 %, power +0.0 %",
]


FAULT = Failed(
    faults.NOT_CALIBRATED(
        what=f"{DONE[2].line()}.",
        cause="The load or the mains changed while it was measured.",
        next="Wait until the load is warm and the mains is steady, then repeat.",
        state="Set and kept: voltage, current and power. The relay is off again.",
    ).fault
)


async def questions(device: Device) -> list[Asked]:
    """Both questions before the relay moves, as the job asks them."""
    asked: list[Asked] = []

    async def task(report: Reporter) -> dict[str, object]:
        await ask(report, device, 1, Pace().lasts(3), Pace().again)
        return {}

    job = Job("x", "x", "x", task, answers=Given({"closed": "yes"}))
    job._sinks.append(lambda e: asked.append(e.body) if isinstance(e.body, Asked) else None)
    await job.run()
    return asked


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
async def test_every_state_looks_as_it_was_kept(tmp_path: Path, size: tuple[int, int]) -> None:
    name = f"{size[0]}x{size[1]}"
    device = await a_device()
    kept = replace(device.profile, drivers=None, calibration=Calibration(0.1305, 0.0117, 1.47))
    async with bk_stage(tmp_path, size) as bk:
        stage, host = bk.stage, bk.stage.app.host
        profile = host.store.profiles_folder / "plug1.toml"
        host.store.files.write(profile, dump(kept).encode())
        await bk.open(PLUG)
        await bk.give(Read(device), *SAMPLES)
        await bk.to("Metering")
        golden(f"openbk-calibrate-ways-{name}", await bk.press("c"))
        await bk.press("up")
        golden(f"openbk-calibrate-factors-{name}", await bk.press("enter"))
        await bk.press("escape")
        stage.job = "20261120T140233Z-openbk-calibrate-01"
        await stage.feed(Started("openbk-calibrate", f"Calibrate: {PLUG}"), Phase("Read", 1, 7))
        for question, key in zip(await questions(device), ("closed", "load"), strict=True):
            golden(f"openbk-calibrate-{key}-{name}", await stage.feed(question, t=1.0))
            await bk.press("y")
        bk.pane.asker = asker = Asker()
        given = host.stream(asker(Quantity.VOLTAGE, SHOWN))
        live = Facts("live", {**LIVE, "doing": "waiting for the reference voltage"})
        await stage.feed(Phase("Driver and relay", 2, 7), Phase("Set the voltage", 3, 7), t=12.0)
        await bk.until("Voltage of the reference meter")
        await stage.feed(live, t=14.0)
        golden(f"openbk-calibrate-reference-{name}", await bk.type("231,4"))
        await bk.press("enter")
        assert await asyncio.wrap_future(given) == 231.4
        text = await stage.feed(
            Phase("Set the power", 5, 7),
            Progress("Set the power", 7, 30, "readings", 0.5, 46.0),
            Facts("live", {**LIVE, "doing": "averaging the power", "left": 16.0, "spread": 0.0123}),
            t=160.0,
        )
        golden(f"openbk-calibrate-averaging-{name}", text)
        await stage.feed(Facts("calibration", {"lines": LINES}), Finished({"summary": "x"}))
        golden(f"openbk-calibrate-result-{name}", stage.text)
        await bk.press("escape")
        stage.job = "20261120T140733Z-openbk-calibrate-02"
        await stage.feed(Started("openbk-calibrate", f"Calibrate: {PLUG}"), t=0.0)
        await stage.feed(Phase("Record", 7, 7), Facts("calibration", {"lines": table(DONE)}), t=300)
        await stage.feed(FAULT, t=301.0)
        golden(f"openbk-calibrate-off-{name}", stage.text)
        golden(f"openbk-calibrate-fault-{name}", await bk.press("escape"))
