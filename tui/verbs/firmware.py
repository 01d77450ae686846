"""firmware images: what is here, is it sound, fetch one

    wattbench firmware list
    wattbench firmware check FILE
    wattbench firmware get [RELEASE|ADDRESS] --chip bk7231n

list and check look at contents, never at names.  Only get needs the internet.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.job import Reporter, Result
from tui.host import Host
from tui.lines import Bench
from tui.work import Tools, Work

if TYPE_CHECKING:
    from core.guide.shelf import Shelf

CHIPS = {"n": "bk7231n", "t": "bk7231t", "meter": "tlsr8253"}


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|check|get")
    actions.add_parser("list", help="every image in the firmware folder")
    check = actions.add_parser("check", help="is this file sound, and for what")
    check.add_argument("file", type=Path, help="a path, or a name on the shelf")
    get = actions.add_parser("get", help="fetch an image onto the shelf")
    get.add_argument("what", nargs="?", default="", metavar="RELEASE|ADDRESS",
                     help="e.g. 1.18.100, V1.7 or https://...; else the newest")  # fmt: skip
    get.add_argument("--chip", required=True, choices=[*CHIPS, *CHIPS.values()])
    get.add_argument("--update", action="store_true", help="the file for updates by network")
    get.add_argument("--releases", default="", metavar="URL", help="another release server")
    get.add_argument("--meter-files", default="", metavar="URL", help="another file server")


def run(args: argparse.Namespace, bench: Bench) -> int:
    if args.action == "list":
        return _list(bench)
    if args.action == "check":
        return _check(args.file, bench)
    return bench.run(get_work(args))


def _shelf(host: Host) -> Shelf:
    from core.guide.shelf import Shelf

    return Shelf(host.store.firmware_folder, host.store.files)


def _list(bench: Bench) -> int:
    shelf = _shelf(bench.host)
    found = shelf.all()
    lines = [f"{f.name:<40} {f.title}" for f in found]
    nothing = [f"No image in {shelf.folder}. Copy one there, or `wattbench firmware get`."]
    values = {"folder": str(shelf.folder), "firmware": [f.to_json() for f in found]}
    bench.out.result(values, lines or nothing)
    return 0


def _check(path: Path, bench: Bench) -> int:
    found = _shelf(bench.host).check(path)
    lines = [
        f"{found.name}: sound. {found.title}.",
        f"  kind     {found.kind}" + (f", key {found.key}" if found.key else ""),
        f"  size     {found.size} bytes",
        f"  sha256   {found.sha256}",
    ]
    bench.out.result({**found.to_json(), "summary": lines[0]}, lines)
    return 0


def get_work(args: argparse.Namespace) -> Work:
    """Fetch one image."""
    chip = CHIPS.get(args.chip, args.chip)

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.guide.download import METER_FILES, RELEASES, GetOptions, get
        from core.guide.shelf import Shelf

        options = GetOptions(
            chip=chip,
            what=args.what,
            update=args.update,
            releases=args.releases or RELEASES,
            meter_files=args.meter_files or METER_FILES,
        )
        shelf = Shelf(tools.store.firmware_folder, tools.store.files)
        return await get(report, options, shelf=shelf)

    return Work("firmware-get", f"Fetch: {args.what or 'newest'} for {chip}", task)
