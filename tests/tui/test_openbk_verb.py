"""`wattbench openbk` against `wattbench sim openbk`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from core.bkimage import rf
from core.openbk import wifi_tools
from core.profile.block import Block
from core.store.store import Store
from tui.cli import main
from tui.host import STOPS
from tui.openbk_works import long_names


class Done(NamedTuple):
    """How a verb ended."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]
ROOT = Path(__file__).parents[2]
LOOK = wifi_tools.look
MAC = "A4:C1:38:5C:94:FA"


@pytest.fixture(scope="module")
def device() -> Iterator[str]:
    """host:port of a simulated device with the LSC profile."""
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "tui", "sim", "openbk", "--latency", "0", "--mac", MAC],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(process.terminate)
        assert process.stdout is not None
        yield process.stdout.readline().strip().removeprefix("http://")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """The verb in this process: its exit code and what it printed."""
    handlers = {number: signal.getsignal(number) for number in STOPS}

    def go(*words: str, json_out: bool = False) -> Done:
        capsys.readouterr()
        code = main(["openbk", *words, "--home", str(tmp_path), *(["--json"] if json_out else [])])
        return Done(code, *capsys.readouterr())

    yield go
    for number, handler in handlers.items():
        signal.signal(number, handler)


def last(done: Done) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_find_show_and_history(device: str, run: Run) -> None:
    found = last(run("find", device, json_out=True))
    assert found["event"] == "result" and found["devices"][0]["mac"] == "A4:C1:38:5C:94:FA"
    shown = run("show", device)
    assert shown.returncode == 0
    assert "P8   PWM2           Rel;1" in shown.stdout and "***" in shown.stdout
    profile = last(run("show", device, json_out=True))["profile"]
    assert profile["pins.8"] == {"role": "Rel", "channel": 1, "channel2": None}
    assert profile["flags.10"] is True and profile["flags.2"] is False
    assert profile["mqtt.port"] == 1883 and profile["mqtt.password"] == "***"
    assert profile["names.short"] == "" or profile["names.short"]
    assert profile["calibration.power_max"] is not None
    kept = last(run("history", "A4:C1:38:5C:94:FA", json_out=True))
    assert [entry["why"] for entry in kept["entries"]] == ["read"]


def test_export_is_only_the_file_and_applies_to_nothing(
    device: str, run: Run, tmp_path: Path
) -> None:
    done = run("export", device)
    assert done.returncode == 0 and done.stdout.startswith('chip = "bk7231n"')
    assert "Secrets are left out: mqtt.password" in done.stderr
    assert "password" not in done.stdout
    (tmp_path / "plug.toml").write_text(done.stdout)
    mine = tmp_path / "mine.toml"
    mine.write_text('# stairwell\nchip = "bk7231n"  # CB2S\n')
    assert run("export", device, "--out", str(mine)).returncode == 0
    assert mine.read_text().startswith('# stairwell\nchip = "bk7231n"  # CB2S\n')
    assert "[pins]" in mine.read_text()
    same = run("diff", device, "--profile", str(tmp_path / "plug.toml"))
    assert same.returncode == 0, same.stdout
    template = json.loads(run("export", device, "--template").stdout)
    assert template["pins"]["8"] == "Rel;1"
    as_json = last(run("export", device, json_out=True))
    assert as_json["text"] == done.stdout


def test_what_is_revealed_is_printed_and_in_no_journal(
    device: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "secret.toml").write_text('[mqtt]\npassword = { secret = "broker" }\n')
    (tmp_path / "keys.toml").write_text('[secrets]\nbroker = "tief-4711"\n')
    applied = run("apply", device, "--profile", str(tmp_path / "secret.toml"), "-y")
    assert applied.returncode == 0, applied.stderr
    (tmp_path / "keys.toml").unlink()
    for words in (("show", device), ("show", device, "127.0.0.1:1"), ("export", device)):
        for json_out in (False, True):
            done = run(*words, "--reveal", json_out=json_out)
            assert "tief-4711" in done.stdout, words
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "journal.jsonl" for path in kept)
    clear = [path for path in kept if b"tief-4711" in path.read_bytes()]
    # the history goes back to an old configuration, so its private file has the passwords
    assert {path.parent.name for path in clear} == {"devices"}


def test_diff_apply_and_the_exit_codes(device: str, run: Run, tmp_path: Path) -> None:
    profile = tmp_path / "more.toml"
    profile.write_text(
        '[mqtt]\nhost = "10.0.0.5"\npassword = { secret = "broker" }\n'
        '[pins]\n14 = { role = "LED" }\n[flags]\n2 = true\n'
    )
    unanswered = run("diff", device, "--profile", str(profile))
    assert unanswered.returncode == 3 and "broker" in unanswered.stdout + unanswered.stderr
    (tmp_path / "keys.toml").write_text('[secrets]\nbroker = "geheim-4711"\n')
    differs = run("diff", device, "--profile", str(profile))
    assert differs.returncode == 4 and "mqtt.host: (empty) -> 10.0.0.5" in differs.stdout
    assert "flags.2: False -> True  (publish own state every N (60) s)" in differs.stdout
    declined = run("apply", device, "--profile", str(profile))
    assert declined.returncode == 3 and "--yes" in declined.stderr
    applied = run("apply", device, "--profile", str(profile), "-y", json_out=True)
    assert applied.returncode == 0, applied.stdout
    assert last(applied)["changed"] == ["mqtt.host", "mqtt.password", "pins.14", "flags.2"]
    again = last(run("apply", device, "--profile", str(profile), "-y", json_out=True))
    assert again["sent"] == 0
    everything = "".join(p.read_text() for p in (tmp_path / "jobs").rglob("*.jsonl"))
    assert "geheim-4711" not in everything + applied.stdout + applied.stderr


def test_a_shipped_profile_by_name_for_the_other_chip_is_refused(device: str, run: Run) -> None:
    done = run("apply", device, "--profile", "lsc-3202088.toml", "-y", json_out=True)
    assert done.returncode == 3 and last(done)["code"] == "OBK-CHIP"


def test_watch_ends_after_its_time(device: str, run: Run) -> None:
    done = run("watch", device, "--seconds", "1", json_out=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and lines[-1]["event"] == "result"
    assert all(0 <= line["t"] < 30 and "job" not in line for line in lines)
    assert lines[0]["drivers"] == ["BL0937"] and lines[0]["voltage"] is not None


def test_the_console_translates_guards_and_answers(device: str, run: Run) -> None:
    assert run("console", device, "GetChannel 1").stdout.startswith("0\n")
    said = run("console", device, "SpannungSet 230,5")
    assert "translated word" in said.stdout and "sent as a point" in said.stdout
    failed = run("console", device, "FooBar", "-y")
    assert failed.returncode == 1 and "Unknown command" in failed.stdout
    negative = run("console", device, "SpannungSet -5")
    assert negative.returncode == 3 and "OBK-REFERENCE" in negative.stderr
    assert run("console", device, "Power ON", "--read-only").returncode == 3


def test_the_console_asks_before_it_switches_wipes_or_restarts(device: str, run: Run) -> None:
    before = run("export", device, "--script").stdout
    for words in (("Power", "ON"), ("setChannel", "1", "1"), ("clearConfig",), ("restart", "1")):
        done = run("console", device, *words, json_out=True)
        faults = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == 3 and faults[0]["code"] == "UNANSWERED", words
        assert "--yes" in faults[0]["next"] and words[0] in done.stderr
    assert run("export", device, "--script").stdout == before
    assert "setPinRole 8 Rel" in before
    assert run("console", device, "GetChannel", "1").stdout.startswith("0\n")
    switched = run("console", device, "Power", "ON", "-y")
    assert switched.returncode == 0 and "answered: yes (--yes)" in switched.stderr
    refused = run("console", device, "clearIO", "-y")
    assert refused.returncode == 3 and "OBK-RELAY-ON" in refused.stderr
    assert run("console", device, "Power", "OFF", "-y").returncode == 0
    assert run("console", device, "GetChannel", "1", "--read-only").stdout.startswith("0\n")
    assert run("console", device, "SetFlag", "2", "1", "--read-only").returncode == 3


def test_the_words_after_the_host_are_one_command(device: str, run: Run) -> None:
    done = run("console", device, "ShortName", "my plug", json_out=True)
    reply, result = (json.loads(line) for line in done.stdout.splitlines())
    assert reply["command"] == 'ShortName "my plug"' and reply["ok"]
    assert 0 < reply["t"] <= result["t"] and "job" not in reply
    secret = run("console", device, "MqttPassword", "geheim-4711", json_out=True)
    assert json.loads(secret.stdout.splitlines()[0])["command"] == "MqttPassword ***"
    assert run("console", device, "ShortName", "plug1", json_out=True).returncode == 0


def test_several_commands_come_line_by_line(device: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui", "openbk", "console", device, "--home", str(tmp_path)],
        cwd=ROOT,
        input="GetChannel 1\nPower ON\nGetChannel 2\n\nGetChannel 3",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["0", "0", "0"], done.stderr
    assert done.returncode == 3 and "UNANSWERED" in done.stderr
    mixed = [sys.executable, "-m", "tui", "openbk", "console", device, "--home", str(tmp_path)]
    more = subprocess.run(mixed, cwd=ROOT, input="SetFlag 2 0\nPower ON\n", text=True,
                          capture_output=True, timeout=60)  # fmt: skip
    assert more.returncode == 1 and "UNANSWERED" in more.stderr  # 3 would say: nothing changed


def test_calibration_refuses_what_cannot_be_true(device: str, run: Run) -> None:
    done = run("calibrate", device, "--voltage", "-230", "-y")
    assert done.returncode == 2 or "OBK-REFERENCE" in done.stderr
    done = run("calibrate", device, "--voltage=23,0", "-y", json_out=True)
    assert (done.returncode, last(done)["code"]) == (3, "OBK-REFERENCE")
    for words in ((), ("--power", "1000", "--factors", "lsc-3202087.toml")):
        assert run("calibrate", device, *words, "-y").returncode == 2
    done = run("calibrate", device, "--power", "5000", "-y", json_out=True)
    assert (done.returncode, last(done)["code"]) == (3, "OBK-REFERENCE")


def test_the_pulse_error_is_printed_before_the_questions(device: str, run: Run) -> None:
    done = run("calibrate", device, "--power=110", "--current=0,475")
    lines = done.stdout.splitlines()
    questions = [n for n, line in enumerate(lines) if line.startswith("?")]
    assert done.returncode == 3 and "closed and reassembled" in lines[questions[0]]
    before = "\n".join(lines[: questions[0]])
    assert "power: 73 pulses/s: 1.4 % per pulse; use 500 W or more" in before
    assert "current: 40 pulses/s: 2.5 % per pulse; use 500 W or more" in before


def test_factors_come_out_of_a_profile(device: str, run: Run, tmp_path: Path) -> None:
    none = run("calibrate", device, "--factors", "lsc-3202087.toml", "-y", json_out=True)
    assert (none.returncode, last(none)["code"]) == (3, "OBK-NO-FACTORS")
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "usual.toml").write_text("[calibration]\npower = 0\n")
    done = run("calibrate", device, "--factors", "usual.toml", "-y")
    assert done.returncode == 0 and "has these factors already" in done.stdout
    assert "Factors of usual.toml: power 1.5" in done.stdout
    (folder / "mine.toml").write_text("[calibration]\npower = 1.47\n")
    asked = run("calibrate", device, "--factors", "mine.toml")
    assert asked.returncode == 3 and "closed and reassembled" in asked.stdout


def test_history_says_who_was_asked(device: str, run: Run, tmp_path: Path) -> None:
    gone = last(run("history", "127.0.0.1:1", json_out=True))
    assert gone["code"] == "OBK-SILENT" and "127.0.0.1:1" in gone["what"]
    Store(tmp_path).devices.add("A4:C1:38:00:00:02", "read", "127.0.0.1:1", "", {})
    known = last(run("history", "127.0.0.1:1", json_out=True))
    assert known["code"] == "OBK-SILENT" and "A4:C1:38:00:00:02" in known["next"]
    assert known["command"] == ["wattbench", "openbk", "history", "A4:C1:38:00:00:02"]
    new = last(run("history", device, json_out=True))
    assert new["code"] == "OBK-NO-HISTORY" and device in new["what"] and device in new["command"]
    unknown = last(run("history", "A4:C1:38:00:00:01", json_out=True))
    assert "A4:C1:38:00:00:01" in unknown["what"] and unknown["command"][-1] == "find"


def test_what_is_mistyped_is_a_usage_error(device: str, run: Run, tmp_path: Path) -> None:
    gone = str(tmp_path / "no.toml")
    for words in (
        ("find", "999.1.1.1/24"),
        ("show", "not a host"),
        ("diff", device, "--profile", gone),
        ("apply", device, "--profile", gone),
        ("calibrate", device, "--factors", gone),
        ("calibrate", device, "--voltage", "abc"),
    ):
        done = run(*words, json_out=True)
        assert done.returncode == 2 and last(done)["event"] == "fault", words


def test_nobody_there_is_a_fault(run: Run) -> None:
    done = run("show", "127.0.0.1:1", json_out=True)
    assert (done.returncode, last(done)["code"]) == (1, "OBK-SILENT")


def test_the_bench_of_the_demo_has_its_own_devices(run: Run) -> None:
    found = last(run("find", "--demo", json_out=True))
    assert len(found["devices"]) == 1 and found["searched"] == 2
    done = run("show", "192.168.1.1", "--demo", json_out=True)
    assert last(done)["code"] == "OBK-RANGE"


def test_find_looks_for_open_access_points_when_told_to(
    device: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called, tool = tmp_path / "called", tmp_path / "bin" / "nmcli"
    monkeypatch.setattr(wifi_tools, "look", partial(LOOK, path=str(tool.parent)))
    assert run("show", device).returncode == 0  # its long name is kept
    ((name, mac),) = long_names(Store(tmp_path)).items()
    tool.parent.mkdir()
    tool.write_text(
        f"""#!/bin/sh
echo once >> {called}
echo '{b"OpenBK7231N_1A2B3C4D".hex()}:1C\\:90\\:FF\\:1A\\:2B\\:3C:1:2412 MHz:72:'
echo '{name.encode().hex()}:1C\\:90\\:FF\\:38\\:5C\\:94:1:2412 MHz:41:'
"""
    )
    tool.chmod(0o755)
    assert last(run("find", device, json_out=True))["access_points"] == []
    assert not called.exists()
    monkeypatch.setenv("SSH_CONNECTION", "203.0.113.9 50022 203.0.113.2 22")
    found = run("find", device, "--wifi")
    assert found.returncode == 0
    assert "OpenBK7231N_1A2B3C4D  72 %  channel 1  2412 MHz" in found.stdout
    assert "192.168.4.1" in found.stdout and "cuts the session" in found.stdout
    points = last(run("find", device, "--wifi", json_out=True))["access_points"]
    assert [(p["chip"], p["mac_tail"], p["mac"]) for p in points] == [
        ("BK7231N", "1A2B3C4D", ""),
        ("", "385C94FA", mac),
    ]
    called.unlink()
    on_bench = run("find", "--demo", "--wifi")
    assert not called.exists() and "no Wi-Fi card is asked" in on_bench.stderr


def test_a_dump_in_place_of_a_device(run: Run, tmp_path: Path) -> None:
    dump, made = tmp_path / "old.bin", tmp_path / "new.bin"
    data = bytearray(b"\xff" * 0x200000)
    data[0x1D0000:0x1D1000] = rf.build(bytes.fromhex("a4c1385c94fa"), bytes(16))
    data[0x1D1000:0x1D2000] = Block.new().sector()
    dump.write_bytes(data)
    assert "mqtt.user" in run("show", str(dump)).stdout
    profile = "lsc-3202087.toml"
    assert run("diff", str(dump), "--profile", profile).returncode == 4
    assert run("apply", str(dump), "--profile", profile).returncode == 2
    assert run("apply", str(dump), "--profile", profile, "--out", str(made)).returncode == 0
    assert run("diff", str(made), "--profile", profile).returncode == 0
    assert "5C94FA" in run("show", str(made)).stdout
    again = run("apply", str(dump), "--profile", profile, "--out", str(made), json_out=True)
    assert last(again)["code"] == "STORE-EXISTS"
    assert dump.read_bytes() == bytes(data)
    assert "[pins.8]" in run("export", str(made)).stdout
    stock = tmp_path / "stock.bin"
    stock.write_bytes(b"\xff" * 0x200000)
    assert last(run("show", str(stock), json_out=True))["code"] == "PROFILE-BLOCK"
