"""Starts the toy verb and watches it: its lines, its exit code, its journal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LIMIT = 30.0
ROOT = Path(__file__).parents[2]


class Toy:
    """A running toy.  `home` is its data folder."""

    def __init__(self, process: subprocess.Popen[bytes], home: Path) -> None:
        self.process, self.home = process, home
        self.seen: list[str] = []

    def until(self, text: str) -> None:
        """Read lines of standard output up to one that contains `text`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen.append(line.decode())
            if text in self.seen[-1]:
                return
        raise AssertionError(f"no {text!r} in {self.seen}, {self.errors()}")

    def errors(self) -> str:
        """All of standard error."""
        return self.process.stderr.read().decode() if self.process.stderr else ""

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Read on to the end; the exit code."""
        if self.process.stdout is not None and not self.process.stdout.closed:
            self.seen += [line.decode() for line in self.process.stdout]
        return self.process.wait(LIMIT)

    def last(self) -> dict[str, Any]:
        """The last line of standard output, as JSON."""
        found: dict[str, Any] = json.loads(self.seen[-1])
        return found

    def journal(self) -> list[dict[str, Any]]:
        """Every event in the journal of the one job."""
        (path,) = self.home.glob("jobs/*/journal.jsonl")
        return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]

    def end_event(self) -> tuple[str, str]:
        """The journal's last line: (event, fault code or summary)."""
        last = self.journal()[-1]
        return last["event"], last.get("code") or last.get("summary", "")


@contextmanager
def toy(home: Path, *arguments: object, **streams: Any) -> Iterator[Toy]:
    """Run the toy; pipes for output and no terminal unless told otherwise.  A toy that hangs is
    killed after `LIMIT` seconds."""
    command = [sys.executable, "-m", "tests.tui.toy", "--home", home, *map(str, arguments)]
    streams = {
        "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
    } | streams  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, cwd=home, **streams) as process:
        guard = threading.Timer(LIMIT, process.kill)
        guard.start()
        try:
            yield Toy(process, home)
        finally:
            guard.cancel()
            process.kill()
