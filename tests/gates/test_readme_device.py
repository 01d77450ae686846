"""The lamp of the README, built from its page in a copy of the program: it lints, it runs."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

BLOCK = re.compile(r"^`(\S+\.py)`:.*?^```python\n(.*?)^```$", re.S | re.M)


@pytest.fixture(scope="module")
def program(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program with the lamp added as the page says."""
    copy = tmp_path_factory.mktemp("lamp")
    for package in ("core", "tui"):
        shutil.copytree(
            root / package, copy / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    table = text.replace("(core.beken) |", "(core.beken) | (core.lamp) |")
    assert table.count("core.lamp") == 2
    (copy / "pyproject.toml").write_text(table, encoding="utf-8")
    blocks = BLOCK.findall((root / "README.md").read_text(encoding="utf-8"))
    assert len(blocks) == 6
    for name, code in blocks:
        path = copy / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code, encoding="utf-8")
        (path.parent / "__init__.py").touch()
    return copy


def run(program: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=program,
        env={**os.environ, "PYTHONPATH": str(program), "WATTBENCH_HOME": str(program / "home")},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "ruff", "check", "core/lamp", "tui/verbs/lamp.py", "tui/panes/lamp"),
        ("-m", "ruff", "format", "--check", "core/lamp", "tui/verbs/lamp.py", "tui/panes/lamp"),
        ("-m", "mypy", "--no-incremental", "core/lamp", "tui/panes/lamp", "tui/verbs/lamp.py"),
        ("-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"),
    ],
)
def test_the_checks_pass(program: Path, command: tuple[str, ...]) -> None:
    ended = run(program, *command)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture
def lamp() -> Iterator[str]:
    """A lamp on a port: every line is answered with OK."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    path = os.ttyname(slave)

    def answer() -> None:
        try:
            while data := os.read(master, 64):
                os.write(master, b"OK\n" * data.count(b"\n"))
        except OSError:
            return

    thread = threading.Thread(target=answer)
    thread.start()
    yield path
    os.close(slave)
    thread.join(10)
    os.close(master)


def test_the_verb_runs(program: Path, lamp: str) -> None:
    ended = run(program, "-m", "tui", "lamp", "--port", lamp, "--yes", "--json")
    assert ended.returncode == 0, ended.stderr
    last = json.loads(ended.stdout.splitlines()[-1])
    assert (last["event"], last["summary"]) == ("result", "blinked 3 times")
    assert run(program, "-m", "tui", "lamp", "--port", lamp).returncode == 3
    read_only = run(program, "-m", "tui", "lamp", "--port", lamp, "--yes", "--read-only")
    assert (read_only.returncode, "READ-ONLY" in read_only.stderr) == (3, True)
    assert "a lamp on a serial port" in run(program, "-m", "tui", "--help").stdout


SHOW = """
import asyncio
from tui.app import WattbenchApp
from tui.host import Host, Options
host = Host(Options())
app = WattbenchApp(host)
async def look():
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("8")
        await pilot.pause()
        print(app.screen.INFO.title)
        print(app.screen.query_one("#keys").render())
asyncio.run(look())
host.join()
"""


def test_the_pane_opens(program: Path) -> None:
    ended = run(program, "-c", SHOW)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("Lamp\n")
    assert "b Blink" in ended.stdout
