"""Real signals to a real process: what ends, with which exit code, and what is on disk."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from core.store.store import Store
from tests.tui.toy_process import toy

INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
ALL = [INT, TERM, HUP]


@pytest.mark.parametrize("number", ALL)
@pytest.mark.parametrize("doing", ["compute", "wait"])
def test_before_the_point_every_signal_cancels(
    tmp_path: Path, number: signal.Signals, doing: str
) -> None:
    with toy(tmp_path, doing, "--json") as it:
        it.until("READY")
        it.signal(number)
        assert it.end() == 130
        assert (it.last()["event"], it.last()["code"]) == ("fault", "CANCELLED")
        assert it.end_event() == ("fault", "CANCELLED")
        assert "Traceback" not in it.errors()


@pytest.mark.parametrize(
    ("number", "doing", "code", "end"),
    [
        (INT, "compute", 0, ("result", "all done")),
        (HUP, "compute", 0, ("result", "all done")),
        (TERM, "compute", 1, ("fault", "STOPPED")),
        (INT, "wait", 1, ("fault", "STOPPED")),
        (HUP, "wait", 0, ("result", "all done")),
        (TERM, "wait", 1, ("fault", "STOPPED")),
    ],
)
def test_after_the_point(
    tmp_path: Path, number: signal.Signals, doing: str, code: int, end: tuple[str, str]
) -> None:
    with toy(tmp_path, doing, "--after", "--json") as it:
        it.until("READY")
        it.signal(number)
        assert it.end() == code
        assert it.end_event() == end
        assert it.last()["event"] == end[0]  # output that is no terminal hears of the end
        (info,) = Store(tmp_path).jobs.all()
        assert info.state == ("done" if code == 0 else "failed")


def test_a_host_that_goes_down_sends_more_than_one_signal(tmp_path: Path) -> None:
    with toy(tmp_path, "compute", "--after", "--json") as it:
        it.until("READY")
        for number in (TERM, HUP, INT, TERM):
            it.signal(number)
        assert it.end() == 1
        assert it.end_event() == ("fault", "STOPPED")


@pytest.mark.parametrize("number", ALL)
def test_a_signal_before_the_job_starts_is_not_lost(tmp_path: Path, number: signal.Signals) -> None:
    with toy(tmp_path, "early") as it:
        it.until("READY")
        it.signal(number)
        assert it.end() == 130
        assert it.end_event() == ("fault", "CANCELLED")


def test_killed_outright_the_next_start_says_interrupted(tmp_path: Path) -> None:
    with toy(tmp_path, "compute", "--after", "--json") as it:
        it.until("READY")
        (info,) = Store(tmp_path).jobs.all()
        assert (info.state, info.pid) == ("running", it.process.pid)
        it.signal(signal.SIGKILL)
        it.end()
        (info,) = Store(tmp_path).jobs.all()
        assert (info.state, info.title) == ("interrupted", "A toy job")


def test_a_reader_that_goes_away_does_not_end_the_job(tmp_path: Path) -> None:
    release = tmp_path / "release"
    with toy(tmp_path, "compute", "--after", "--json", "--until", release) as it:
        it.until("READY")
        assert it.process.stdout is not None and it.process.stderr is not None
        it.process.stdout.close()
        release.touch()
        errors = it.process.stderr.read().decode()
        assert it.process.wait(30) == 0
        assert it.end_event() == ("result", "all done")
        assert "all done" in errors and "Traceback" not in errors


def test_an_error_reader_that_goes_away_costs_no_json(tmp_path: Path) -> None:
    release = tmp_path / "release"
    with toy(tmp_path, "compute", "--json", "--until", release) as it:
        it.until("READY")
        assert it.process.stderr is not None
        it.process.stderr.close()
        release.touch()
        assert it.end() == 0
        assert it.last()["summary"] == "all done"


def test_a_terminal_that_takes_nothing_does_not_hold_the_job_up(tmp_path: Path) -> None:
    done = tmp_path / "done"
    nowhere = {"stderr": subprocess.DEVNULL}
    with toy(tmp_path, "flood", "--json", "--until", done, **nowhere) as it:
        it.until('"started"')  # from here on nobody reads; a pipe takes 64 KiB of the megabyte
        while not done.exists():
            assert it.process.poll() is None
            with pytest.raises(subprocess.TimeoutExpired):
                it.process.wait(0.02)
        assert it.end() == 0
        assert sum('"FLOOD"' in line for line in it.seen) == 2000
