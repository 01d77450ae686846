"""a BK7231N plug over its serial port: info, backup, flash

    wattbench plug info   --port P
    wattbench plug backup --port P
    wattbench plug flash  --port P --image F [--backup F]

flash makes a proven backup first, shows the plan, asks, writes, verifies.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.job import Reporter, Result
from tui.host import Tools, Work
from tui.lines import Bench

if TYPE_CHECKING:
    from core.link.api import Link

LEADS = ("gnd", "vcc", "cen")
SUPPLIES = ("external", "adapter")


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="info|backup|flash")
    info = actions.add_parser("info", help="link and say who is there; changes nothing")
    backup = actions.add_parser("backup", help="read the whole flash, every byte proven")
    flash = actions.add_parser("flash", help="back up, show the plan, ask, write, verify")
    for action in (info, backup, flash):
        action.add_argument("--port", required=True, help="serial port or socket://host:port")
        action.add_argument("--baud", type=int, default=921600, help="speed after the link")
        action.add_argument("--chip", default="", help="the chip that you expect, e.g. bk7231n")
        action.add_argument("--lead", choices=LEADS, default="gnd", help="the reset lead")
        action.add_argument("--supply", choices=SUPPLIES, default="", help="what feeds 3.3 V")
        action.add_argument("--link-timeout", type=float, default=60.0, metavar="S")
        action.add_argument("--tape", type=Path, metavar="FILE",
                            help="record the wire there (private)")  # fmt: skip
    flash.add_argument("--image", type=Path, required=True, help="OpenBK7231N_QIO_*.bin")
    flash.add_argument("--backup", type=Path, help="a backup of this very plug, made before")


def run(args: argparse.Namespace, bench: Bench) -> int:
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
        return bench.run(backup_work(options, args.tape))
    return bench.run(flash_work(options, image=args.image, backup=args.backup, tape=args.tape))


def link_options(*, lead: str, **options: Any) -> dict[str, Any]:
    """How to reach the plug, as the tasks take it."""
    from core.beken.wiring import Lead

    return {**options, "lead": Lead.named(lead)}


def info_work(options: dict[str, Any], tape: Path | None = None) -> Work:
    """Identify the plug."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.beken.tasks.info import InfoOptions, info

        return await info(report, InfoOptions(**options), ports=_ports(tools, tape))

    return Work("plug-info", f"Identify: {options['port']}", task)


def backup_work(options: dict[str, Any], tape: Path | None = None) -> Work:
    """Back the plug up."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.beken.tasks.backup import BackupOptions, backup

        return await backup(
            report, BackupOptions(**options), ports=_ports(tools, tape), store=tools.store
        )

    return Work("plug-backup", f"Back up: {options['port']}", task)


def flash_work(
    options: dict[str, Any], *, image: Path, backup: Path | None, tape: Path | None = None
) -> Work:
    """Back up and flash, or flash on the strength of an older backup."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.beken.tasks.flash import FlashOptions, flash

        return await flash(
            report,
            FlashOptions(**options, image=image, backup=backup),
            ports=_ports(tools, tape),
            store=tools.store,
        )

    return Work("plug-flash", f"Flash: {options['port']} with {image.name}", task)


def _ports(tools: Tools, tape: Path | None) -> Callable[[str, int, str], Awaitable[Link]]:
    async def open_port(url: str, baud: int, holder: str) -> Link:
        return await tools.open_port(url, baud, holder, tape)

    return open_port
