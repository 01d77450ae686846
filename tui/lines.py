"""Jobs on the command line: events as lines, questions at the prompt, one exit code."""

from __future__ import annotations

import argparse
import queue
import sys
import threading
from collections.abc import Callable

from core.fault import Exit, FaultError
from core.job import Asked, Event, Failed, Finished, Question, exit_code
from tui.host import Host, Options, Work
from tui.output import Output

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
    while waiting:
        event = events.get()
        out.event(event)
        if isinstance(event.body, Asked) and host.people:
            _ask(host, event.job, event.body.question)
        if isinstance(event.body, Finished | Failed):
            waiting.discard(event.job)
            worst = max(worst, exit_code(event.body))
    return worst


def _ask(host: Host, job_id: str, question: Question) -> None:
    """Ask at the prompt on a thread of its own, so that Ctrl-C and the printer stay alive."""
    if _by_flag(host.options, question):
        return

    def prompt() -> None:
        while True:
            sys.stderr.write(f"{prompt_text(question)} ")
            sys.stderr.flush()
            line = sys.stdin.readline()
            if not line:
                host.answer(job_id, question.key, "no")
                return
            answer = line.strip()
            if question.expect or answer in {c.value for c in question.choices}:
                host.answer(job_id, question.key, answer)
                return

    threading.Thread(target=prompt, name="prompt", daemon=True).start()


def _by_flag(options: Options, question: Question) -> bool:
    if question.expect:
        return options.confirm == question.expect
    return options.yes and question.flag == "--yes"


def prompt_text(question: Question) -> str:
    """What to type, in brackets."""
    if question.expect:
        return f"[type {question.expect} to go on, anything else to stop]"
    return f"[{'/'.join(choice.value for choice in question.choices)}]"


def run_verb(run: Run, args: argparse.Namespace, options: Options) -> int:
    """Run a verb inside a host; faults become one message and their exit code."""
    out = Output(as_json=options.json)
    try:
        host = Host(options)
    except FaultError as error:
        out.fault(error.fault)
        return error.fault.exit
    host.install_signals()
    host.people = sys.stdin.isatty() and sys.stderr.isatty()
    if host.home_note:
        out.aside(host.home_note)
    if host.store.settings.problem:
        out.aside(host.store.settings.problem)
    try:
        return run(args, Bench(host, out))
    except FaultError as error:
        out.fault(error.fault)
        return error.fault.exit
    finally:
        host.join()
