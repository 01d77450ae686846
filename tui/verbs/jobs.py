"""what was done: list jobs, show one, follow a running one

wattbench jobs list
wattbench jobs show ID [--markdown]
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from tui.lines import Bench
from tui.report import job_lines, job_markdown


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show")
    actions.add_parser("list", help="every job, newest first")
    show = actions.add_parser("show", help="all that one job said")
    show.add_argument("id", help="the id, or its beginning or last part")
    show.add_argument("--markdown", action="store_true", help="as a record to hand over")


def run(args: argparse.Namespace, bench: Bench) -> int:
    if args.action == "list":
        return _list(bench)
    return _show(args, bench)


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
