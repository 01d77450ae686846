"""a BK7231N or T plug over its serial port: back up, flash, restore, configure, listen

    wattbench plug info    --port P
    wattbench plug backup  --port P [--out F]
    wattbench plug flash   --port P --image F [--backup F] [--profile F.toml]
    wattbench plug restore --port P --backup F [--rf-only]
    wattbench plug resume  --port P [--job ID]
    wattbench plug config  --port P [--profile F.toml]
    wattbench plug console --port P [--seconds N]
    wattbench plug selftest --port P

flash makes a proven backup first, shows the plan, asks, writes, verifies.  config shows the
configuration of OpenBeken, or puts a profile on top of it.  console listens to the boot log on
TX2; selftest wants TX and RX of the adapter joined and nothing else on them.
"""

from __future__ import annotations

import argparse
import asyncio
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.job import Reporter, Result
from tui import plug_setup
from tui.lines import Bench
from tui.work import Tools, Work

if TYPE_CHECKING:
    from core.link.api import Link
    from core.store.store import Store

LEADS = ("gnd", "vcc", "cen")
SUPPLIES = ("external", "adapter")
UNNAMED_CEILING = 921600
"""For an adapter that no table has; each step is proven anyway."""


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(
        dest="action",
        required=True,
        metavar="info|backup|flash|restore|resume|config|console|selftest",
    )
    info = actions.add_parser("info", help="link and say who is there; changes nothing")
    backup = actions.add_parser("backup", help="read the whole flash, every byte proven")
    flash = actions.add_parser("flash", help="back up, show the plan, ask, write, verify")
    restore = actions.add_parser("restore", help="write a backup of this very plug back")
    resume = actions.add_parser("resume", help="go on with a job that was cut off")
    for action in (info, backup, flash, restore, resume):
        add_link(action)
    backup.add_argument("--out", type=Path, metavar="FILE", help="put a copy of the backup there")
    flash.add_argument("--image", type=Path, required=True, help="OpenBK7231N_QIO_*.bin")
    flash.add_argument("--backup", type=Path, help="a backup of this very plug, made before")
    flash.add_argument("--profile", type=Path, metavar="F.toml", help="configuration to write too")
    restore.add_argument("--backup", type=Path, required=True, help="the backup to write back")
    restore.add_argument("--rf-only", action="store_true", help="only radio calibration and MAC")
    restore.add_argument("--mac", default="", help="the MAC that a missing RF block gets")
    resume.add_argument("--job", default="", metavar="ID", help="which job; else the newest")
    plug_setup.add(actions, add_link)


def add_link(action: argparse.ArgumentParser) -> None:
    """The options that say how to reach the plug."""
    add = action.add_argument
    add("--port", required=True, help="serial port, or socket:// or rfc2217://host:port")
    add("--baud", type=speed, default=0, metavar="auto|N", help="speed after the link")
    add("--chip", default="", help="the chip that you expect, e.g. bk7231n")
    add("--lead", choices=LEADS, default="gnd", help="the reset lead")
    add("--supply", choices=SUPPLIES, default="", help="what feeds 3.3 V")
    add("--link-timeout", type=seconds, default=60.0, metavar="S")
    add("--tape", type=Path, metavar="FILE", help="record the wire there (private)")


def speed(text: str) -> int:
    """A speed, or 0 for `auto`: the fastest that is proven.  Raises ValueError."""
    baud = 0 if text == "auto" else int(text)
    if baud and not 9600 <= baud <= 5_200_000:  # the chip's divider ends there (sheet 3)
        raise ValueError(text)
    return baud


def seconds(text: str) -> float:
    """A time to wait: more than none, and not for ever.  Raises ValueError."""
    wait = float(text)
    if not 0 < wait < math.inf:
        raise ValueError(text)
    return wait


def run(args: argparse.Namespace, bench: Bench) -> int:
    if args.action in plug_setup.LISTENING:
        return plug_setup.listen(args, bench)
    options = link_options(
        port=args.port,
        baud=args.baud,
        chip=args.chip,
        lead=args.lead,
        supply=args.supply,
        link_timeout=args.link_timeout,
    )
    if args.action == "info":
        return bench.run(info_work(options, args.tape))
    if args.action == "backup":
        return bench.run(backup_work(options, args.tape, args.out))
    if args.action == "restore":
        return bench.run(
            restore_work(
                options, backup=args.backup, rf_only=args.rf_only, mac=args.mac, tape=args.tape
            )
        )
    if args.action == "resume":
        return bench.run(_resume(bench, args.job, options, args.tape))
    if args.action == "config":
        return plug_setup.config(args, bench, options)
    return bench.run(
        flash_work(
            options,
            image=args.image,
            backup=args.backup,
            profile=args.profile,
            tape=args.tape,
        )
    )


def link_options(*, lead: str, **options: Any) -> dict[str, Any]:
    """How to reach the plug, as the tasks take it."""
    from core.beken.wiring import Lead

    return {**options, "lead": Lead.named(lead)}


def info_work(options: dict[str, Any], tape: Path | None = None) -> Work:
    """Identify the plug."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.beken.tasks.info import InfoOptions, info

        return await info(report, InfoOptions(**options), ports=ports_of(tools, tape))

    return Work("plug-info", f"Identify: {options['port']}", task)


def backup_work(options: dict[str, Any], tape: Path | None = None, out: Path | None = None) -> Work:
    """Back the plug up, and put a copy at `out`."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.beken.tasks.backup import BackupOptions, backup
        from core.store.files import require_new

        for path in () if out is None else (out, out.with_suffix(".toml")):
            require_new(path)
        found = await backup(
            report,
            BackupOptions(**await on_adapter(tools, options)),
            ports=ports_of(tools, tape),
            store=tools.store,
        )
        if out is not None:
            await asyncio.to_thread(_copy, tools, Path(found["file"]), out)
            found["out"] = str(out)
        return found

    return Work("plug-backup", f"Back up: {options['port']}", task)


def _copy(tools: Tools, path: Path, out: Path) -> None:
    """The backup and its record, complete or not at all."""
    from core.store.files import read

    for source, copy in ((path, out), (path.with_suffix(".toml"), out.with_suffix(".toml"))):
        tools.store.files.write(copy, read(source))


def flash_work(
    options: dict[str, Any],
    *,
    image: Path,
    backup: Path | None,
    profile: Path | None = None,
    tape: Path | None = None,
) -> Work:
    """Back up and flash, or flash on the strength of an older backup; with `profile` write the
    configuration too."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.beken.tasks.flash import FlashOptions, flash

        report.will_change()  # before the secrets of the profile are asked for
        reach = await on_adapter(tools, options)
        configure = await plug_setup.configured(report, tools, profile) if profile else None
        return await flash(
            report,
            FlashOptions(**reach, image=image, backup=backup),
            ports=ports_of(tools, tape),
            store=tools.store,
            describe=plug_setup.described(tools),
            configure=configure,
        )

    return Work("plug-flash", f"Flash: {options['port']} with {image.name}", task)


def restore_work(
    options: dict[str, Any],
    *,
    backup: Path,
    rf_only: bool = False,
    mac: str = "",
    tape: Path | None = None,
) -> Work:
    """Write a backup back."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.beken.tasks.restore import RestoreOptions, restore

        reach = await on_adapter(tools, options)
        return await restore(
            report,
            RestoreOptions(**reach, backup=backup, rf_only=rf_only, mac=mac),
            ports=ports_of(tools, tape),
            store=tools.store,
        )

    return Work("plug-restore", f"Restore: {options['port']} from {backup.name}", task)


def resume_work(store: Store, job: str, tape: Path | None = None, **changes: Any) -> Work:
    """Go on with a job, reaching the plug as it did but for `changes` that are not None.

    Raises BK-RESUME, STORE-NO-JOB.
    """
    from core.beken.tasks.resume import options_from

    options = options_from(store.jobs.path_of(job), **changes)

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.beken.tasks.resume import ResumeOptions, resume

        reach = await on_adapter(tools, options)
        return await resume(
            report, ResumeOptions(**reach, job=job), ports=ports_of(tools, tape), store=tools.store
        )

    return Work("plug-resume", f"Resume: {job}", task)


def _resume(bench: Bench, job: str, options: dict[str, Any], tape: Path | None) -> Work:
    """The work that goes on with `job`, or with the newest that can be."""
    from core.beken.faults import RESUME
    from core.beken.tasks.resume import resumable

    store = bench.host.store
    found = job or next(iter(resumable(store)), "")
    if not found:
        raise RESUME(
            what="No job of a plug was cut off.",
            cause="Every job ended, or this is another data folder.",
            next="Look at the list of jobs.",
            command=("wattbench", "jobs", "list"),
        )
    return resume_work(store, found, tape, **options)


async def on_adapter(tools: Tools, options: dict[str, Any]) -> dict[str, Any]:
    """The options with what is known of the adapter: its ceiling, and its name to remember a
    speed by.  A port that is on no list (socket, simulated plug) has neither."""
    if options.get("baud"):
        return options
    ports = await asyncio.to_thread(tools.list_ports)
    for port in ports:
        if port.vid is not None and options["port"] in (port.device, port.stable):
            ceiling = port.ceiling_baud if port.chip else UNNAMED_CEILING
            return {**options, "ceiling": ceiling, "adapter": port.stable}
    return options


def ports_of(tools: Tools, tape: Path | None) -> Callable[[str, int, str], Awaitable[Link]]:
    async def open_port(url: str, baud: int, holder: str) -> Link:
        return await tools.open_port(url, baud, holder, tape)

    return open_port
