"""`wattbench scan`: frames as events, recordings there and back, and every way to end it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.air.recording import Recorder
from core.radio.advert import Advert
from core.store.store import Store
from tests.core.air.module import ADDRESS, KEY, POWER, TARIFFS, Module
from tui import cli

SECOND = "A4:C1:38:11:22:33"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A plain meter, an encrypted one, and somebody's telephone."""
    path = tmp_path / "air.jsonl"
    recorder = Recorder(path, Store(tmp_path / "elsewhere"))
    plain, sealed = Module(), Module(KEY, SECOND)
    for module in (plain, sealed):
        module.poll(TARIFFS, POWER)
    for _ in range(10):
        heard = (*plain.adverts(2), *sealed.adverts(2))
        for one in sorted(heard, key=lambda one: one.time):
            recorder.put(one)
        recorder.put(Advert(plain.time, "5A:00:00:00:00:01", "\x1b[2J", -90, {}, {0x4C: b"\x10"}))
    recorder.close()
    return path


def scan(
    capsys: pytest.CaptureFixture[str], *words: object, as_json: bool = True
) -> tuple[int, list[dict[str, Any]], str]:
    code = cli.main(["scan", *map(str, words), *(["--json"] if as_json else [])])
    out = capsys.readouterr()
    objects = [json.loads(line) for line in out.out.splitlines()] if as_json else []
    return code, objects, out.out + out.err


def test_one_event_a_frame_and_the_devices_at_the_end(
    capsys: pytest.CaptureFixture[str], recording: Path, tmp_path: Path
) -> None:
    code, objects, text = scan(capsys, "--replay", recording, "--home", tmp_path / "home")
    assert code == 0
    *events, result = objects
    assert [e["event"] for e in events] == ["advert"] * 40
    first = next(e for e in events if e["kind"] == "power")
    assert first["address"] == ADDRESS and first["packet_id"] == 3
    assert {"id": 74, "instance": 1, "quantity": "voltage", "value": 236.0, "unit": "V"} in first[
        "readings"
    ]
    assert first["time"].endswith("Z") and first["t"] == pytest.approx(0.3, abs=0.31)
    assert [e["t"] for e in events] == sorted(e["t"] for e in events)
    assert result["event"] == "result" and result["frames"] == 40 and result["adverts"] == 50
    by_address = {d["address"]: d for d in result["devices"]}
    assert by_address[ADDRESS]["key"] == "plain" and by_address[SECOND]["key"] == "no key"
    assert "\x1b" not in text


def test_keys_of_a_file_open_the_encrypted_ones(
    capsys: pytest.CaptureFixture[str], recording: Path, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f'"{SECOND}" = "{KEY.hex()}"\n')
    keys.chmod(0o600)
    words = ("--replay", recording, "--key-file", keys, "--home", tmp_path / "home")
    _, objects, text = scan(capsys, *words)
    opened = [e for e in objects if e.get("address") == SECOND]
    assert {e["state"] for e in opened} == {"opened"}
    assert opened[1]["counter"] == 4
    assert KEY.hex() not in text


def test_everything_tells_of_the_others_too(
    capsys: pytest.CaptureFixture[str], recording: Path, tmp_path: Path
) -> None:
    words = ("--replay", recording, "--all", "--home", tmp_path / "home")
    _, objects, text = scan(capsys, *words)
    others = [e for e in objects if e.get("version") == 0 and e["event"] == "advert"]
    assert len(others) == 10 and others[0]["kind"] == "Apple"
    assert "\x1b" not in text


def test_lines_for_people_leave_repeats_out(
    capsys: pytest.CaptureFixture[str], recording: Path, tmp_path: Path
) -> None:
    words = ("--replay", recording, "--home", tmp_path / "home")
    _, _, text = scan(capsys, *words, as_json=False)
    lines = text.splitlines()
    assert sum("energy 1 7308.600 kWh" in line for line in lines) == 1
    assert lines[-1] == "40 frames of 2 BTHome devices"


def test_a_replay_may_be_recorded_again(
    capsys: pytest.CaptureFixture[str], recording: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.jsonl"
    words = ("--replay", recording, "--record", copy, "--home", tmp_path / "home")
    code, objects, _ = scan(capsys, *words)
    assert code == 0 and objects[-1]["recorded"] == 50
    assert copy.read_text().splitlines()[1:] == recording.read_text().splitlines()[1:]
    code, objects, _ = scan(capsys, *words)
    assert (code, objects[-1]["code"]) == (1, "AIR-EXISTS")


@pytest.mark.parametrize("text", ["", "nonsense\n", '{"format": "other"}\n'])
def test_another_file_is_a_fault(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    path = tmp_path / "x"
    path.write_text(text)
    code, objects, _ = scan(capsys, "--replay", path, "--home", tmp_path / "home")
    assert (code, objects[-1]["event"], objects[-1]["code"]) == (1, "fault", "AIR-RECORDING")


def test_without_bluetooth_the_fault_says_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = f"unix:path={tmp_path / 'no-bus'}"
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", nowhere)
    code, objects, _ = scan(capsys, "--seconds", 20, "--home", tmp_path / "home")
    assert (code, objects[-1]["code"]) == (1, "RADIO-NO-DBUS")
    assert objects[-1]["command"]


@contextmanager
def bench_process(root: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The verb on the simulated bench, in a process of its own."""
    command = [sys.executable, "-m", "tui", "--demo", "scan", "--json", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_ends_a_scan_with_its_result(
    root: Path, tmp_path: Path, sent: signal.Signals
) -> None:
    """A scan has no other end, so it is no cancelled job; a dropped SSH line ends it too."""
    record = tmp_path / "live.jsonl"
    with bench_process(root, "--record", str(record)) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "advert"
        process.send_signal(sent)
        rest = process.stdout.read().splitlines()
        assert process.wait(20) == 0
    result = json.loads(rest[-1])
    assert result["event"] == "result"
    assert result["recorded"] == result["adverts"] == len(record.read_text().splitlines()) - 1
