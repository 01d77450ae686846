"""version, folders, and how many backups and jobs are kept

Says where this program keeps its files, so that they can be copied or removed.
"""

from __future__ import annotations

import argparse
import platform

from core.store.clock import synchronised
from tui.lines import Bench
from tui.version import __version__


def add(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(args: argparse.Namespace, bench: Bench) -> int:
    store = bench.host.store
    backups, jobs = store.backups.all(), store.jobs.all()
    interrupted = [job.id for job in jobs if job.state == "interrupted"]
    clock = {True: "synchronised", False: "not synchronised", None: "unknown"}[synchronised()]
    values = {
        "version": __version__,
        "python": platform.python_version(),
        "home": str(store.home),
        "log": str(store.log_folder / "wattbench.log"),
        "backups": len(backups),
        "jobs": len(jobs),
        "interrupted": interrupted,
        "clock": clock,
        "settings_problem": store.settings.problem,
    }
    lines = [
        f"wattbench {__version__}, Python {values['python']}",
        f"home      {values['home']}",
        f"log       {values['log']}",
        f"backups   {len(backups)}",
        f"jobs      {len(jobs)}" + (f", interrupted: {', '.join(interrupted)}" * bool(interrupted)),
        f"clock     {clock}",
    ]
    bench.out.result(values, lines)
    return 0
