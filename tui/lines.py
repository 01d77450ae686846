"""Jobs on the command line: events as lines, questions at the prompt, one exit code."""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import select
import sys
import termios
import threading
import traceback
from collections.abc import Callable
from typing import Any

from core import faults
from core.events import (
    Asked,
    Event,
    Failed,
    Finished,
    Question,
)
from core.fault import Exit, FaultError, Touched
from core.job import exit_code
from tui.host import Host, Options
from tui.output import Output
from tui.streams import fill_streams
from tui.work import Work

Run = Callable[[argparse.Namespace, "Bench"], int]


class Bench:
    """What a verb gets: the host, and where to print."""

    def __init__(self, host: Host, out: Output) -> None:
        self.host, self.out = host, out

    def run(self, work: Work) -> int:
        """Run one job to its end, printing its events; returns the exit code."""
        events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.host.subscribe(events.put)
        try:
            job_id = self.host.start(work)
            return follow(self.host, events, self.out, {job_id})
        finally:
            self.host.unsubscribe(events.put)


def follow(host: Host, events: queue.SimpleQueue[Event], out: Output, jobs: set[str]) -> int:
    """Print events until these jobs have ended; the worst exit code wins."""
    worst = Exit.DONE
    waiting = set(jobs)
    echo = Echo()
    while waiting:
        event = events.get()
        out.event(event)
        if isinstance(event.body, Asked) and host.people:
            _ask(host, out, event.job, event.body.question, echo)
        if isinstance(event.body, Finished | Failed):
            waiting.discard(event.job)
            worst = max(worst, exit_code(event.body))
            echo.on()
    return worst


def _ask(host: Host, out: Output, job_id: str, question: Question, echo: Echo) -> None:
    """Ask at the prompt on a thread of its own, so that Ctrl-C and the printer stay alive."""
    if _by_flag(host.options, question):
        return

    def prompt() -> None:
        while True:
            if question.secret:
                echo.off()  # before the prompt: a fast typist must not be seen
            forget_typed()
            out.prompt(prompt_text(question))
            line = read_line()
            echo.on()
            if line is None:
                host.people = False
                return
            answer = line.rstrip("\r\n") if question.secret else line.strip()
            if question.secret and not answer:
                continue
            if question.secret or question.expect or answer in {c.value for c in question.choices}:
                host.answer(job_id, question.key, answer)
                return

    threading.Thread(target=prompt, name="prompt", daemon=True).start()


def forget_typed() -> None:
    """Drop what was typed at the terminal before the question: nobody had seen it."""
    with contextlib.suppress(termios.error):  # a pipe is left as it is
        termios.tcflush(0, termios.TCIFLUSH)


def read_line() -> str | None:
    """A line typed at the terminal; None at its end.

    Not by sys.stdin: a thread that waits in there at the end of the process would abort it.  One
    byte at a time: what a pipe holds behind the line belongs to the next one.  The last line of a
    pipe may have no end.
    """
    line = b""
    while not line.endswith(b"\n"):
        try:
            more = os.read(0, 1)
        except OSError:  # the terminal hung up
            return None
        if not more:
            return line.decode(errors="replace") or None
        line += more
    return line.decode(errors="replace")


def waits_to_be_read(seconds: float) -> bool:
    """Whether something stands on standard input, or comes within so many seconds; its end, too."""
    try:
        return bool(select.select([0], [], [], seconds)[0])
    except (OSError, ValueError):  # closed: reading it says so
        return True


class Echo:
    """What the terminal shows of what is typed: nothing while a secret is.

    The prompt's thread may still wait for input when the program ends, so `on` belongs to the
    thread that follows the job too.
    """

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def off(self) -> None:
        with contextlib.suppress(termios.error):
            before = termios.tcgetattr(0)
            unseen = [*before]
            unseen[3] &= ~termios.ECHO
            termios.tcsetattr(0, termios.TCSADRAIN, unseen)
            self._before = before

    def on(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(0, termios.TCSADRAIN, before)


def _by_flag(options: Options, question: Question) -> bool:
    if question.expect:
        return options.confirm == question.expect
    return options.yes and question.flag == "--yes" and not question.secret


def prompt_text(question: Question) -> str:
    """What to type, in brackets."""
    if question.secret:
        return "[type it, it is not shown]"
    if question.expect:
        return f"[type {question.expect} to go on, anything else to stop]"
    return f"[{'/'.join(choice.value for choice in question.choices)}]"


def run_verb(run: Run, args: argparse.Namespace, options: Options) -> int:
    """Run a verb inside a host; faults become one message and their exit code."""
    fill_streams()
    out = Output(as_json=options.json, ascii_only=options.ascii)
    try:
        host = Host(options)
    except FaultError as error:
        out.fault(error.fault)
        return error.fault.exit
    host.install_signals()
    host.people = all(stream and stream.isatty() for stream in (sys.stdin, sys.stderr))
    if host.home_note:
        out.aside(host.home_note)
    if host.store.settings.problem:
        out.aside(host.store.settings.problem)
    try:
        return whole(out, run(args, Bench(host, out)))
    except FaultError as error:
        out.fault(error.fault)
        return error.fault.exit
    except Exception as error:
        host.log("".join(traceback.format_exception(error)))
        fault = internal(error, Touched.UNKNOWN if host.running() else Touched.NOTHING)
        out.fault(fault.fault)
        return fault.fault.exit
    finally:
        host.join()


def whole(out: Output, code: int) -> int:
    """The exit code of a verb: what was done is worth nothing to a script whose file is cut."""
    if out.problem:
        out.aside(f"wattbench: {out.problem}")
    return code or (Exit.FAULT if out.problem else Exit.DONE)


def internal(error: Exception, touched: Touched = Touched.NOTHING) -> FaultError:
    """The fault that a mistake in the program means."""
    state = "Nothing was changed." if touched is Touched.NOTHING else "A job is still running."
    return faults.INTERNAL(
        what=f"{type(error).__name__} in the program.",
        cause="A mistake in the program, not in your wiring.",
        next="Keep the log file; it shows what happened.",
        state=state,
        touched=touched,
        command=("wattbench", "info"),
    )
