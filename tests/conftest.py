"""The program as a process, for every test that wants it whole."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

Started = Callable[..., str]


def pytest_collection_finish() -> None:
    """What was imported and collected stays; looking through it again and again is a tenth of the
    time of the suite."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test, and no process that a test starts, comes near the user's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WATTBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture
def sim_plug(root: Path) -> Iterator[Started]:
    """Starts `wattbench sim plug` with the options given; the path of its port."""
    with ExitStack() as running:

        def start(*options: str) -> str:
            process = running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tui", "sim", "plug", *options],
                    cwd=root,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            running.callback(process.terminate)
            assert process.stdout is not None
            path = process.stdout.readline().strip()
            assert path, "the simulated plug did not start"
            return path

        yield start
