"""How long until the first word, how much memory, how many bytes when nothing happens.

python tests/bench/startup.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from screen import Terminal
from table import Row, show

HERE = Path(__file__).parent
WATTBENCH = str(Path(sys.executable).with_name("wattbench"))
ROUNDS = 40
PAINTS = 9
IDLE = 5.0


def wall(*command: str) -> float:
    """Seconds of one run."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def alternating(ours: list[str], theirs: list[str]) -> tuple[float, float]:
    """Medians of runs that take turns, so that a busy machine is busy for both."""
    wall(*ours), wall(*theirs)
    pairs = [(wall(*ours), wall(*theirs)) for _ in range(ROUNDS)]
    return median(a for a, _ in pairs), median(b for _, b in pairs)


def paint(text: str, *command: str) -> float:
    with Terminal(*command) as terminal:
        return terminal.until(text)


def main() -> bool:
    empty = [sys.executable, "-c", "pass"]
    with tempfile.TemporaryDirectory() as home:
        ours = (WATTBENCH, "--home", home)
        demo = (WATTBENCH, "--demo")
        bare = (sys.executable, str(HERE / "bare_app.py"))
        version, nothing = alternating([WATTBENCH, "--version"], empty)
        usage, nothing_again = alternating([WATTBENCH, "--help"], empty)
        paint("Flash", *ours), paint("READY", *bare)
        paints = [
            (paint("Flash", *ours), paint("READY", *bare), paint("Flash", *demo))
            for _ in range(PAINTS)
        ]
        app, plain, on_bench = (median(column) for column in zip(*paints, strict=True))
        with Terminal(*ours) as terminal:
            terminal.until("Flash")
            terminal.read(2)
            wire = terminal.read(IDLE) / IDLE
            memory = terminal.memory()
        with Terminal(*bare) as terminal:
            terminal.until("READY")
            terminal.read(2)
            bare_memory = terminal.memory()
    return show(
        "Start and rest",
        [
            Row("--version / python -c pass", version, 3.0, theirs=nothing),
            Row("--help / python -c pass", usage, None, theirs=nothing_again),
            Row("first paint / bare Textual app", app, 1.5, theirs=plain),
            Row("first paint of --demo / bare", on_bench, None, theirs=plain),
            Row("idle app to the terminal", wire, 0, "B/s"),
            Row("idle app in memory", memory, 60, "MB"),
            Row("idle app / bare, in memory", memory, None, "MB", theirs=bare_memory),
        ],
    )


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
