"""A toy verb with one job, run as a process of its own: `python -m tests.tui.toy ...`.

The job says READY when it is where the test wants it, and stays there until a signal came, the
file `--until` exists, or its question is answered.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import sys
import termios
from pathlib import Path

from core.events import Question
from core.job import Reporter, Result
from tui.cli import _options, global_parser
from tui.lines import Bench, run_verb
from tui.work import Tools, Work


def main() -> int:
    flags, rest = global_parser().parse_known_args()
    parser = argparse.ArgumentParser()
    parser.add_argument("doing", choices=["compute", "wait", "ask", "flood", "crash", "early"])
    parser.add_argument("--after", action="store_true", help="pass the point of no return first")
    parser.add_argument("--until", type=Path, default=Path("/nonexistent"))
    parser.add_argument("--take-terminal", action="store_true")
    parser.add_argument("--expect", default="")
    parser.add_argument("--unattended", default="")
    parser.add_argument("--secret", action="store_true")
    args = parser.parse_args(rest)
    if args.take_terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY)
    return run_verb(run, args, _options(flags))


def run(args: argparse.Namespace, bench: Bench) -> int:
    if args.doing == "crash":
        raise ZeroDivisionError("in the verb")
    if args.doing == "early":
        bench.out.text("READY")
        wait_for_signal(bench)

    async def task(report: Reporter, tools: Tools) -> Result:
        if args.after:
            await report.point_of_no_return()
        if args.doing == "flood":
            await flood(report, args.until)
        elif args.doing == "ask":
            if args.secret:
                typed = await report.ask(Question("password", "Password?", secret=True))
                return {"summary": f"{len(typed)} characters"}
            await report.confirm(question(args))
        else:
            report.note("READY", "Here we are.")
            await stay(report, bench, args)
        return {"summary": "all done"}

    return bench.run(Work("toy", "A toy job", task))


def question(args: argparse.Namespace) -> Question:
    return Question("gate", "Go on?", expect=args.expect, unattended=args.unattended)


async def stay(report: Reporter, bench: Bench, args: argparse.Namespace) -> None:
    while bench.host.stopped_by is None and not args.until.exists():
        if args.doing == "wait":
            await report.waiting(asyncio.sleep(0.01))
        else:
            await asyncio.sleep(0.01)
            report.stop_point()
    for number in range(30):  # some sectors more, in which a stop may be honoured
        report.note("MORE", f"sector {number}")
        if args.doing == "wait":  # the host knows of the signal a moment before the job does
            await report.waiting(asyncio.sleep(0.01))
        await asyncio.sleep(0.01)
        report.stop_point()


async def flood(report: Reporter, done: Path) -> None:
    for number in range(2000):
        report.note("FLOOD", f"{number} " + "x" * 500)
        await asyncio.sleep(0)
    await asyncio.to_thread(done.touch)


def wait_for_signal(bench: Bench) -> None:
    import signal

    while bench.host.stopped_by is None:
        signal.sigtimedwait([], 0.05)


if __name__ == "__main__":
    sys.exit(main())
