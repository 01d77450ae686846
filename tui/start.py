"""Opens the app: what must be right before the first Textual import, and what follows the last."""

from __future__ import annotations

import gc
import os
import queue
import shutil
import signal
import sys

from core.events import Event, Failed, Finished
from core.fault import Exit, FaultError
from core.job import exit_code
from tui.host import Host, Options
from tui.output import Output

SMALLEST = (60, 16)


def open_app(options: Options) -> int:
    """Run the app to its end and every job with it; returns the exit code."""
    reason = _unfit()
    if reason:
        print(f"wattbench: {reason} `wattbench --help` lists the verbs that need no screen.",
              file=sys.stderr)  # fmt: skip
        return Exit.USAGE
    _environment()
    try:
        host = Host(options)
    except FaultError as error:
        Output(as_json=options.json).fault(error.fault)
        return error.fault.exit
    host.install_signals()
    try:
        return _run(host)
    finally:
        host.join()


def _run(host: Host) -> int:
    from tui.app import WattbenchApp

    gc.freeze()
    gc.enable()
    host.people = True
    app = WattbenchApp(host)
    app.run(mouse=False)
    host.people = False
    late: queue.SimpleQueue[Event] = queue.SimpleQueue()
    host.subscribe(late.put)
    running = {job.id for job in host.running()}
    left = running | app.left | host.met_by_stop  # some may have ended while the screen closed
    out = Output(as_json=False)
    if running and app.stopping:
        out.text("The job stops at a safe place, and its end is told here.")
    elif running and host.stopped_by is None:
        out.text("The job goes on. It is written down in its folder; Ctrl-C stops it safely.")
    told = _print_until_ended(host, late, out)
    ends = {job_id: outcome for job_id in left if (outcome := host.outcome(job_id))}
    for job_id in ends.keys() - told:
        out.event(Event(job_id, 0.0, ends[job_id]))
    if app.crash:
        out.aside(f"The screen failed: {app.crash} The log file has the details.")
        return Exit.FAULT
    worst = max(map(exit_code, ends.values()), default=0)
    if host.stopped_by in (signal.SIGTERM, signal.SIGINT) and not left:
        return Exit.CANCELLED
    return worst


def _print_until_ended(host: Host, late: queue.SimpleQueue[Event], out: Output) -> set[str]:
    """Print what the jobs still say; the ids of those whose end was among it."""
    told: set[str] = set()
    while host.running() or not late.empty():
        try:
            event = late.get(timeout=0.5)
        except queue.Empty:
            continue
        out.event(event)
        if isinstance(event.body, Finished | Failed):
            told.add(event.job)
    return told


def _unfit() -> str:
    """Why no screen can be opened here, or nothing."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "this is not a terminal, so the app cannot open."
    if os.environ.get("TERM", "") in ("", "dumb"):
        return "the terminal type is 'dumb', so the app cannot open."
    size = shutil.get_terminal_size()
    if size.columns < SMALLEST[0] or size.lines < SMALLEST[1]:
        return f"the terminal is {size.columns}x{size.lines}; the app needs 60x16, best 80x24."
    return ""


def _environment() -> None:
    """Textual reads these when it is first imported."""
    over_ssh = bool(os.environ.get("SSH_CONNECTION"))
    settings = {
        "TEXTUAL_FPS": "15" if over_ssh else "60",
        "TEXTUAL_ANIMATIONS": "none",
        "TEXTUAL_SMOOTH_SCROLL": "0",
        "ESCDELAY": "500" if over_ssh else "50",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
