"""Leaving, losing the terminal, and a screen that breaks, while a job runs and while none does."""

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.live.bench import IMAGE, Table
from tests.live.terminal import Terminal, environment
from tests.live.test_flash import expected


def last_event(table: Table) -> dict[str, Any]:
    """The end of the only job's journal."""
    (journal,) = (table.folder / "home" / "jobs").glob("*/journal.jsonl")
    event: dict[str, Any] = json.loads(journal.read_text().splitlines()[-1])
    return event


def to_the_plan(app: Terminal) -> None:
    app.until(IMAGE)
    app.keys("f")
    app.until("y  yes    n  no")
    app.keys("y")
    app.until("Write this now?")


def to_the_boot_check(app: Terminal) -> None:
    """The write is done; the job waits for a person."""
    to_the_plan(app)
    app.keys("y")
    app.until("Did it start?")


def hang_up(app: Terminal) -> None:
    app.hang_up()


def sighup(app: Terminal) -> None:
    app.signal(signal.SIGHUP)


GONE = pytest.mark.parametrize("gone", [hang_up, sighup])


@GONE
def test_without_a_job_a_lost_terminal_ends_the_program(
    table: Table, gone: Callable[[Terminal], None]
) -> None:
    with table.app() as app:
        app.until(IMAGE)
        gone(app)
        app.end()


@GONE
def test_a_terminal_lost_before_the_first_erase_cancels(
    table: Table, gone: Callable[[Terminal], None]
) -> None:
    with table.plug() as plug:
        table.remember_port(plug.path)
        with table.app() as app:
            to_the_plan(app)
            gone(app)
            assert app.end() == 130
        assert last_event(table)["code"] == "CANCELLED"
        assert plug.flash() == table.stock


@GONE
def test_a_terminal_lost_after_the_write_lets_the_job_end_without_a_screen(
    table: Table, gone: Callable[[Terminal], None]
) -> None:
    with table.plug() as plug:
        table.remember_port(plug.path)
        with table.app() as app:
            to_the_boot_check(app)
            gone(app)
            assert app.end() == 0
        assert last_event(table)["booted"] == "not checked"
        assert plug.flash() == expected(table)


def test_a_terminal_lost_in_the_middle_of_the_write_does_not_stop_it(table: Table) -> None:
    with table.plug("silent:write:2") as plug:  # the retries make it last
        table.remember_port(plug.path)
        with table.app() as app:
            to_the_plan(app)
            app.keys("y")
            app.until("9/10  Write")
            app.hang_up()
            assert app.end() == 0
        assert last_event(table)["verified"] is True
        assert plug.flash() == expected(table)


def test_sigterm_before_the_first_erase_cancels(table: Table) -> None:
    with table.plug() as plug:
        table.remember_port(plug.path)
        with table.app() as app:
            to_the_plan(app)
            app.signal(signal.SIGTERM)
            assert app.end() == 130
        assert last_event(table)["code"] == "CANCELLED"
        assert plug.flash() == table.stock


def test_ctrl_c_stops_the_job_first_and_leaves_when_idle(table: Table) -> None:
    with table.plug() as plug:
        table.remember_port(plug.path)
        with table.app() as app:
            to_the_plan(app)
            app.keys("ctrl+c")
            app.until("CANCELLED  in step 7/10, Plan")
            app.keys("ctrl+c")
            assert app.end() == 0
        assert plug.flash() == table.stock


def test_quit_and_keep_going_prints_lines_until_the_job_has_ended(table: Table) -> None:
    with table.plug("silent:backup:3") as plug:
        table.remember_port(plug.path)
        with table.app() as app:
            app.until(IMAGE)
            app.keys("b")
            app.until("1/4")
            app.keys("q")
            app.until("k  ")
            app.keys("k")
            app.until("The job goes on.")
            assert app.end() == 0
            app.until("bk7231n-0001.bin")
        assert last_event(table)["event"] == "result"


def test_quit_and_stop_never_says_that_the_job_goes_on(table: Table) -> None:
    with table.plug("silent:write:2") as plug:  # the retries make it last
        table.remember_port(plug.path)
        with table.app() as app:
            to_the_plan(app)
            app.keys("y")
            app.until("9/10  Write")
            app.keys("q")
            app.until("k  ")
            app.keys("s")
            app.until("The job stops at a safe place")
            app.end()
            assert b"The job goes on" not in app.raw


BROKEN = """
import sys
from tui.app import WattbenchApp
from tui.cli import main

def broken(self):
    password = "hunter2" + "-secret"
    raise RuntimeError("the screen broke")

WattbenchApp.do_redraw = broken
sys.exit(main())
"""


def test_a_screen_that_breaks_is_dropped_and_the_job_goes_on(table: Table) -> None:
    with table.plug() as plug:
        table.remember_port(plug.path)
        program = ("-c", BROKEN)
        home = str(table.folder / "home")
        with Terminal("--home", home, cwd=table.folder, program=program) as app:
            to_the_boot_check(app)
            app.keys("escape")
            app.until("Did it start?")
            app.keys("y")
            app.until("it started")
            app.keys("\x0c")
            assert app.end() == 1
            screen = app.until("The screen failed: RuntimeError: the screen broke.")
            assert "hunter2" not in app.raw.decode()
            assert "Traceback" not in screen
        log = (table.folder / "home" / "log" / "wattbench.log").read_text()
        assert "RuntimeError: the screen broke" in log
        assert "hunter2-secret" not in log
        assert plug.flash() == expected(table)


def test_a_screen_that_breaks_during_the_job_does_not_stop_it(table: Table) -> None:
    with table.plug("silent:backup:3") as plug:
        table.remember_port(plug.path)
        with Terminal(
            "--home", str(table.folder / "home"),
            cwd=table.folder, program=("-c", BROKEN), env=environment(),
        ) as app:  # fmt: skip
            app.until(IMAGE)
            app.keys("b")
            app.until("1/4")
            app.keys("\x0c")
            app.until("The screen failed")
            assert app.end() == 1
        assert last_event(table)["event"] == "result"
