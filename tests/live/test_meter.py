"""The Meter pane and the meter verb in a real terminal: scan, address, release; one command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.sim.module_images import meter_image
from tests.live.terminal import ROOT, Terminal, environment

MAC = "A4:C1:38:5C:94:FA"


def test_scan_address_release_on_the_simulated_bench(tmp_path: Path) -> None:
    with Terminal("--demo", cwd=tmp_path, env=environment()) as app:
        app.until("[1 Flash]")
        app.keys("3")
        app.until(lambda screen: "meter 5C94FA" in screen)
        app.keys("m")
        app.until("[4 Meter]")
        app.until("editing")
        app.keys("020109", "enter")
        app.until("Another module")  # the bench has others; which one is asked first
        app.keys("y")
        app.until("leave open")
        app.read()
        app.keys("l")
        app.until("address 20109 set, read back, meter serial 3171112520109")
        app.keys("w")
        app.until("whitelist released")
        app.keys("q")
        assert app.end() == 0


@pytest.fixture
def bus(request: pytest.FixtureRequest) -> Iterator[str]:
    """A Bluetooth service of its own with one module; bleak's real backend talks to it."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed (sudo apt install dbus-daemon)")
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "sim", "meter", *getattr(request, "param", ())],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.startswith("DBUS_SYSTEM_BUS_ADDRESS="), line
        yield line.partition("=")[2]
        process.terminate()


def meter(
    bus: str, home: Path, *words: str, stop_at: str = ""
) -> tuple[int, list[dict[str, object]]]:
    """Run the verb with --json: exit code and events.  `stop_at` sends SIGHUP at that phase."""
    command = [sys.executable, "-m", "tui", "meter", *words, "--json", "--home", str(home)]
    env = environment(DBUS_SYSTEM_BUS_ADDRESS=bus)
    events = []
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=env
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            events.append(json.loads(line))
            if stop_at and events[-1].get("name") == stop_at:
                os.kill(process.pid, signal.SIGHUP)
    return process.returncode, events


def test_one_command_through_the_real_backend(bus: str, tmp_path: Path) -> None:
    code, events = meter(
        bus, tmp_path, "set", MAC, "--meter-address", "20109", "--type", "kaskad-1-mt",
        "--new-key", "--leave-open", "-y",
    )  # fmt: skip
    assert code == 0, events[-1]
    assert events[-1]["confirmed"] == ["kind of meter", "address", "bind key"]
    assert "3171112520109" in str(events[-1]["answer"])
    assert f'"{MAC}"' in (tmp_path / "keys.toml").read_text()

    code, events = meter(bus, tmp_path, "show", MAC)
    assert code == 0 and events[-1]["meter_address"] == 20109 and events[-1]["encrypted"]
    assert "key" not in events[-1]

    code, events = meter(bus, tmp_path, "bind", MAC)
    assert code == 0, events[-1]
    code, events = meter(bus, tmp_path, "release", MAC, stop_at="Identify")
    assert code == 130 and events[-1]["code"] == "CANCELLED"
    code, events = meter(bus, tmp_path, "release", MAC)
    assert code == 0, events[-1]


@pytest.mark.slow
@pytest.mark.parametrize("bus", [("--release", "1.6")], indirect=True)
def test_update_and_care_through_the_real_backend(bus: str, tmp_path: Path) -> None:
    image = tmp_path / "electricity_meter_V1.7.bin"
    image.write_bytes(meter_image("V1.7", 0x4004))
    code, events = meter(bus, tmp_path, "ota", MAC, "--image", str(image), "-y")
    assert code == 0, events[-1]
    assert (events[-1]["before"], events[-1]["firmware"]) == ("V1.6", "V1.7")
    code, events = meter(bus, tmp_path, "clear", MAC, "-y")
    assert code == 0 and events[-1]["meter_address"] == 0, events[-1]
    code, events = meter(bus, tmp_path, "log", MAC, "--seconds", "1")
    assert code == 0, events[-1]
    code, events = meter(bus, tmp_path, "reboot", MAC)
    assert code == 0 and events[-1]["summary"] == "restarted", events[-1]
