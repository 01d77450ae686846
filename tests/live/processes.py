"""The real program and a simulated plug as processes, watched by what they leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 60.0
ROOT = Path(__file__).parents[2]


def wattbench(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "tui", *map(str, arguments)]


def until(state: Callable[[], bool], what: str) -> None:
    """Wait for a named state; it is looked at often, and never for ever."""
    end = time.monotonic() + PATIENCE
    while not state():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.02)


@dataclass
class SimPlug:
    """A running `wattbench sim plug`; `flash()` ends it and gives what it holds then."""

    process: subprocess.Popen[str]
    port: str
    saved: Path

    def flash(self) -> bytes:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        return self.saved.read_bytes()


@contextmanager
def sim_plug(folder: Path, flash: bytes, *options: str) -> Iterator[SimPlug]:
    before, after = folder / "before.bin", folder / "after.bin"
    before.write_bytes(flash)
    command = wattbench("sim", "plug", "--rate", "max", "--flash", before, "--save", after)
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            assert process.stdout is not None
            yield SimPlug(process, process.stdout.readline().strip(), after)
        finally:
            process.kill()


@dataclass
class Run:
    """A running `wattbench plug flash`."""

    process: subprocess.Popen[str]
    home: Path
    tape: Path
    out: Path

    def sent(self, prefix: str) -> int:
        """How many requests that begin so are on the tape."""
        text = self.tape.read_text() if self.tape.exists() else ""
        return text.count(f'"dir": ">", "hex": "{prefix}')

    def said(self) -> list[dict[str, Any]]:
        """The JSON lines so far; a line still being written is left out."""
        lines = self.out.read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def phase(self, name: str) -> bool:
        return any(e["event"] == "phase" and e["name"] == name for e in self.said())

    def journal(self) -> list[dict[str, Any]]:
        (path,) = self.home.glob("jobs/*/journal.jsonl")
        return [json.loads(line) for line in path.read_text().splitlines()]


@contextmanager
def flash_run(folder: Path, port: str, image: Path, *options: str) -> Iterator[Run]:
    home, tape, out = folder / "home", folder / "tape", folder / "out.jsonl"
    command = wattbench(
        "plug", "flash", "--port", port, "--image", image, "--supply", "external",
        "--home", home, "--tape", tape, "--json", "--yes", "--link-timeout", "30", *options,
    )  # fmt: skip
    with out.open("w") as stdout, subprocess.Popen(
        command, stdout=stdout, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True,
        cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        try:
            yield Run(process, home, tape, out)
        finally:
            process.kill()
