"""what was done: list jobs, show one, go on with one that was cut off

wattbench jobs list
wattbench jobs show ID [--markdown]
wattbench jobs resume ID [--port P]
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
from dataclasses import asdict
from typing import Any

from core import faults
from core.store.store import Store
from tui.lines import Bench
from tui.report import job_lines, job_markdown
from tui.work import Work


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|resume")
    actions.add_parser("list", help="every job, newest first")
    show = actions.add_parser("show", help="all that one job said")
    show.add_argument("id", help="the id, or its beginning or last part")
    show.add_argument("--markdown", action="store_true", help="as a record to hand over")
    resume = actions.add_parser("resume", help="go on with a job that was cut off")
    resume.add_argument("id", help="the id, or its beginning or last part")
    resume.add_argument("--port", help="where the device is now, if not where it was")


def run(args: argparse.Namespace, bench: Bench) -> int:
    if args.action == "list":
        return _list(bench)
    if args.action == "resume":
        return bench.run(resume_work(bench.host.store, args.id, args.port))
    return _show(args, bench)


def resume_work(store: Store, job_id: str, port: str | None = None) -> Work:
    """What goes on with a job, by the verb of its device.  Raises STORE-NO-JOB, NOT-RESUMABLE."""
    info = store.jobs.info(job_id)
    verb = info.kind.partition("-")[0]
    known = verb.isidentifier() and importlib.util.find_spec(f"tui.verbs.{verb}") is not None
    module = importlib.import_module(f"tui.verbs.{verb}") if known else None
    make = getattr(module, "resume_work", None)
    if make is None:
        raise faults.NOT_RESUMABLE(
            what=f"{info.id} cannot be resumed: it changed nothing that lasts.",
            cause=f"Jobs of the kind '{info.kind}' are simply started again.",
            next="Start the job again.",
        )
    work: Work = make(store, info.id, port=port)
    return work


def _list(bench: Bench) -> int:
    jobs = bench.host.store.jobs.all()
    lines = [f"{j.id:<36} {j.state:<12} {j.title}" for j in jobs]
    bench.out.result({"jobs": [asdict(j) for j in jobs]}, lines or ["No jobs yet."])
    return 0


def _show(args: argparse.Namespace, bench: Bench) -> int:
    jobs = bench.host.store.jobs
    info = jobs.info(args.id)
    events: list[dict[str, Any]] = jobs.events(info.id)
    lines = job_markdown(info, events) if args.markdown else job_lines(info, events)
    values: dict[str, Any] = {**asdict(info), "events": events}
    if args.markdown:
        values["markdown"] = "\n".join(lines)
    bench.out.result(values, lines)
    return 0
