"""The module with the real program: in a terminal with keys, and as processes that are killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.sim.module_images import meter_image, module_flash
from tests.live.processes import until, wattbench
from tests.live.terminal import Terminal, environment

IMAGE = "electricity_meter_V1.7.bin"
OLD = meter_image("V1.6", 12340, 1)
NEW = meter_image("V1.7", 16404, 2)
PATIENCE = 20.0
AT_MOST = 6


@dataclass
class Bench:
    """A folder with an image; what the module holds before."""

    folder: Path
    before: bytes

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def after(self) -> bytes:
        return NEW.ljust(0x5000, b"\xff") + self.before[0x5000:]

    def run(self, *words: str) -> tuple[int, list[dict[str, Any]]]:
        """One `wattbench module ...` to its end: exit code and JSON lines."""
        ended = subprocess.run(
            wattbench("module", *words, "--home", self.home, "--json", "-y"),
            cwd=self.folder, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60,
        )  # fmt: skip
        return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()]

    @contextlib.contextmanager
    def starting(self, *words: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
        """The same, still running, with the tape of its line."""
        tape = self.folder / "tape"
        command = wattbench("module", *words, "--home", self.home, "--json", "-y", "--tape", tape)
        with subprocess.Popen(
            command, cwd=self.folder, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        ) as process:  # fmt: skip
            try:
                yield process, tape
            finally:
                process.kill()


class SimulatedModule:
    """`wattbench sim module` in a process of its own; `flash` is what it held at the end."""

    def __init__(self, bench: Bench, *arguments: str) -> None:
        self._saved = bench.folder / "saved.bin"
        given = bench.folder / "before.bin"
        given.write_bytes(bench.before)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tui", "sim", "module", "--rate", "max", "--flash", str(given),
             "--save", str(self._saved), *arguments],
            env=environment(), cwd=bench.folder, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.path = self._process.stdout.readline().strip()
        assert self.path, "the simulated module did not start"

    def __enter__(self) -> SimulatedModule:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        self._process.wait(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def flash(self) -> bytes:
        """Stop it and look into its flash."""
        self.__exit__()
        return self._saved.read_bytes()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = Bench(tmp_path, module_flash(OLD))
    (tmp_path / IMAGE).write_bytes(NEW)
    return found


def pages(tape: Path) -> int:
    """How many page writes are on the tape."""
    text = tape.read_text() if tape.exists() else ""
    return text.count('"dir": ">", "hex": "02')


def codes(said: list[dict[str, Any]]) -> set[str]:
    return {line["code"] for line in said if line["event"] in ("note", "warning", "fault")}


def test_backup_and_flash_with_keys_and_the_flash_is_right_byte_for_byte(bench: Bench) -> None:
    pressed = []

    def press(key: str) -> None:
        pressed.append(key)
        app.keys(key)

    with SimulatedModule(bench) as module:
        bench.home.mkdir()
        (bench.home / "settings.toml").write_text(f'module_port = "{module.path}"\n')
        with Terminal("--home", str(bench.home), cwd=bench.folder, env=environment()) as app:
            app.until("1 Flash")
            press("7")
            screen = app.until(IMAGE)
            assert module.path in screen and "kit with TLSRPGM" in screen
            press("f")
            app.until("y  yes    n  no")
            press("y")
            plan = app.until("Write this now?")
            assert "erase, write 0x000000-0x004FFF  electricity_meter V1.7" in plan
            assert "MAC and calibration (never touched)" in plan
            press("y")
            screen = app.until("the firmware has started")
            assert "A4:C1:38:AA:BB:CC" in screen and "✓ 12/12 Start" in screen
            app.keys("q")
            assert app.end() == 0
        assert len(pressed) <= AT_MOST
        assert module.flash() == bench.after
    backups = list((bench.home / "backups").rglob("*.bin"))
    assert [path.read_bytes() for path in backups] == [bench.before]


def test_an_adapter_pulled_while_writing_is_resumed(bench: Bench) -> None:
    link = bench.folder / "port"
    options = ("--fault", "vanish:write:30", "--link", str(link), "--returns", "0.3")
    with SimulatedModule(bench, *options) as module:
        code, said = bench.run("flash", "--port", str(link), "--image", IMAGE)
        assert (code, said[-1]["code"], said[-1]["touched"]) == (1, "LINK-GONE", "partial")
        assert said[-1]["command"] == ["wattbench", "module", "resume", "--port", str(link)]
        until(link.exists, "the adapter is back")
        code, said = bench.run("resume", "--port", str(link))
        assert (code, said[-1]["event"], said[-1]["started"]) == (0, "result", "running")
        assert module.flash() == bench.after


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_or_ended_program_leaves_a_job_that_goes_on(
    bench: Bench, number: signal.Signals
) -> None:
    with SimulatedModule(bench) as module:
        words = ("flash", "--port", module.path, "--image", IMAGE)
        with bench.starting(*words) as (process, tape):
            until(lambda: pages(tape) >= 20, "20 pages are written")
            process.send_signal(number)
            process.wait(PATIENCE)
        code, said = bench.run("resume", "--port", module.path)
        assert (code, said[-1]["event"]) == (0, "result")
        assert ("LEFT-FAST" in codes(said)) == (number == signal.SIGKILL)
        assert module.flash() == bench.after


def test_ctrl_c_while_reading_changes_nothing_and_puts_the_speed_back(bench: Bench) -> None:
    with SimulatedModule(bench) as module:
        with bench.starting("backup", "--port", module.path) as (process, tape):
            until(lambda: tape.exists() and '"hex": "0e' in tape.read_text(), "it reads")
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 130
        code, said = bench.run("info", "--port", module.path)
        assert code == 0 and "LEFT-FAST" not in codes(said)
        assert module.flash() == bench.before


def test_a_lost_terminal_does_not_end_the_write(bench: Bench) -> None:
    with SimulatedModule(bench) as module:
        with bench.starting("flash", "--port", module.path, "--image", IMAGE) as (process, tape):
            until(lambda: pages(tape) >= 5, "5 pages are written")
            os.kill(process.pid, signal.SIGHUP)
            assert process.wait(PATIENCE) == 0
        assert module.flash() == bench.after


def test_refusals_have_their_exit_codes(bench: Bench) -> None:
    (bench.folder / "cut.bin").write_bytes(NEW[:-16])
    with SimulatedModule(bench) as module:
        code, said = bench.run("flash", "--port", module.path, "--image", "cut.bin")
        assert (code, said[-1]["code"]) == (3, "TLIMG-LENGTH")
        code, said = bench.run("info", "--port", module.path, "--baud", "460800")
        assert (code, said[-1]["code"]) == (2, "TL-BAUD")
        code, said = bench.run("resume", "--port", module.path)
        assert (code, said[-1]["code"]) == (3, "TL-NO-RESUME")
        assert module.flash() == bench.before
