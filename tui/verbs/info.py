"""version, folders, kept backups and jobs; the help page of a fault

    wattbench info
    wattbench info CODE

Says where this program keeps its files, so that they can be copied or removed.  With a code of a
fault, such as PROFILE-TEXT, it prints the help page of that fault.
"""

from __future__ import annotations

import argparse
import platform

from core.fault import Exit
from core.store.clock import synchronised
from tui.lines import Bench
from tui.version import __version__


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", nargs="?", type=_code, metavar="CODE",
                        help="the help page of this fault")  # fmt: skip


def _code(text: str) -> str:
    """The code of a fault that there is."""
    from tui.fault_help import kinds

    code = text.upper()
    if code not in {kind.code for kind in kinds()}:
        raise argparse.ArgumentTypeError(f"there is no fault {code}")
    return code


def run(args: argparse.Namespace, bench: Bench) -> int:
    if args.code:
        return _page(args.code, bench)
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


def _page(code: str, bench: Bench) -> int:
    """The help page of a fault, as `e` shows it on the screen."""
    from tui.fault_help import help_page

    page = help_page(code)
    bench.out.result({"code": code, "page": page}, [code, *page.splitlines()])
    return Exit.DONE
