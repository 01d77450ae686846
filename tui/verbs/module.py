"""a meter module through a TLSRPGM programmer: info, backup, flash, restore, resume, wipe, selftest

    wattbench module info     --port P
    wattbench module backup   --port P [--out F]
    wattbench module flash    --port P --image F [--backup F]
    wattbench module restore  --port P --backup F
    wattbench module resume   --port P [--job ID]
    wattbench module wipe     --port P [--backup F]
    wattbench module selftest --port P

flash makes a proven backup first, shows the plan, asks, writes, verifies, starts the firmware.
MAC and calibration are never erased or written.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.job import Reporter, Result
from tui.lines import Bench
from tui.work import Tools, Work

if TYPE_CHECKING:
    from core.link.api import Link
    from core.store.store import Store

AUTO = 0
HELP = {
    "info": "find programmer and module, say who is there; changes nothing",
    "backup": "read the whole flash, every KiB proven",
    "flash": "back up, show the plan, ask, write, verify, start",
    "restore": "put a backup of this very module back, all but MAC and calibration",
    "resume": "go on with a job that was interrupted after its first erase",
    "wipe": "erase configuration and pairing, nothing else",
    "selftest": "D4 on the kit's own SWS pin: does the kit read itself?",
}


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="|".join(HELP))
    for name, text in HELP.items():
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("--port", required=True, help="port of the programmer")
        action.add_argument("--baud", type=speed, default=AUTO, help="auto, or a speed")
        action.add_argument("--tape", type=Path, metavar="FILE",
                            help="record the wire there (private)")  # fmt: skip
        if name == "backup":
            action.add_argument("--out", type=Path, help="put a copy of the backup there")
        if name == "flash":
            action.add_argument("--image", type=Path, required=True, help="electricity_meter_*.bin")
        if name in ("flash", "wipe", "restore"):
            action.add_argument("--backup", type=Path, required=name == "restore",
                                help="a backup of this very module, made before")  # fmt: skip
        if name == "resume":
            action.add_argument("--job", default="", help="its id; else the newest one")


def speed(text: str) -> int:
    """A speed in baud; 0 for `auto`."""
    return AUTO if text == "auto" else int(text)


def run(args: argparse.Namespace, bench: Bench) -> int:
    more = {
        name: getattr(args, name)
        for name in ("out", "image", "backup", "job")
        if getattr(args, name, None)
    }
    options = {"port": args.port, "baud": args.baud, **more}
    return bench.run(module_work(args.action, options, args.tape))


def module_work(action: str, options: dict[str, Any], tape: Path | None = None) -> Work:
    """One job on a module; `options` are those of its task."""

    async def task(report: Reporter, tools: Tools) -> Result:
        return await _tasks()[action](report, options, _ports(tools, tape), tools)

    what = Path(options["image"]).name if "image" in options else options["port"]
    return Work(f"module-{action}", f"Module {action}: {what}", task)


def resume_work(store: Store, job: str, port: str | None = None) -> Work:
    """Go on with a job, through the port it had or another one.

    Raises TL-NO-RESUME, STORE-NO-JOB.
    """
    from core.telink.tasks.resume import port_of

    options = {"port": port or port_of(store, job), "baud": AUTO, "job": job}
    return module_work("resume", options)


_Run = Callable[[Reporter, dict[str, Any], Any, Tools], Awaitable[Result]]


def _tasks() -> dict[str, _Run]:
    from core.telink.tasks import backup, flash, info, resume

    async def selftest(report: Reporter, given: dict[str, Any], ports: Any, _: Tools) -> Result:
        return await info.selftest(report, info.InfoOptions(**given), ports=ports)

    def with_store(task: Callable[..., Awaitable[Result]], kind: Callable[..., Any]) -> _Run:
        def call(
            report: Reporter, given: dict[str, Any], ports: Any, tools: Tools
        ) -> Awaitable[Result]:
            return task(report, kind(**given), ports=ports, store=tools.store)

        return call

    return {
        "info": with_store(info.info, info.InfoOptions),
        "backup": with_store(backup.backup, backup.BackupOptions),
        "flash": with_store(flash.flash, flash.FlashOptions),
        "wipe": with_store(flash.wipe, flash.WipeOptions),
        "restore": with_store(flash.restore, flash.RestoreOptions),
        "resume": with_store(resume.resume, resume.ResumeOptions),
        "selftest": selftest,
    }


def _ports(tools: Tools, tape: Path | None) -> Callable[[str, int, str], Awaitable[Link]]:
    async def open_port(url: str, baud: int, holder: str) -> Link:
        return await tools.open_port(url, baud, holder, tape)

    return open_port
