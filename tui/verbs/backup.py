"""dumps of plugs: list, show, check, compare, extract pins and keys

    wattbench backup list
    wattbench backup show F [--reveal]
    wattbench backup check F
    wattbench backup compare F F2
    wattbench backup compare F --port P
    wattbench backup extract F --key K [--reveal]
    wattbench backup extract F --range A:B [--reveal]
    wattbench backup extract F --template | --profile | --script [--from-store]
    wattbench backup export F --redact --out G

F is any dump, also a part of one, also packed with xz.  extract writes to standard output.
check ends with 0 only for a full backup worth trusting; compare with 4 when they differ.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.fault import Exit, FaultError
from core.job import Reporter, Result
from tui.backup_own import OWN, own_configuration
from tui.lines import Bench
from tui.work import Tools, Work

if TYPE_CHECKING:
    from core.link.api import Link
    from core.tuya.opening import Opened
    from core.tuya.outputs import Configuration
    from core.tuya.survey import Survey

LEADS = ("gnd", "vcc", "cen")
SUPPLIES = ("external", "adapter")


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="list|show|check|compare|extract|export"
    )
    actions.add_parser("list", help="every backup that is kept, newest first")
    show = actions.add_parser("show", help="what a dump is: map, store, pins")
    check = actions.add_parser("check", help="is it a full backup worth trusting?")
    compare = actions.add_parser("compare", help="with another dump, or with the chip itself")
    extract = actions.add_parser("extract", help="a value, a range, the OpenBeken configuration")
    export = actions.add_parser("export", help="a copy that can be shared")
    for action in (show, check, compare, extract, export):
        action.add_argument("file", type=Path, metavar="F", help="the dump")
    for action in (show, extract):
        action.add_argument("--reveal", action="store_true", help="do not hide secrets")
    _add_extract(extract)
    _add_compare(compare)
    export.add_argument("--redact", action="store_true", required=True, help="without secrets")
    export.add_argument("--out", type=Path, required=True, metavar="G", help="the new file")


def _add_extract(extract: argparse.ArgumentParser) -> None:
    what = extract.add_mutually_exclusive_group(required=True)
    what.add_argument("--key", metavar="K", help="the bytes of one value of the store")
    what.add_argument("--range", metavar="A:B", help="bytes by flash address, B not included")
    what.add_argument("--template", action="store_true", help="OpenBeken's device template")
    what.add_argument("--profile", action="store_true", help="a profile for this program, TOML")
    what.add_argument("--script", action="store_true", help="commands for OpenBeken's console")
    add = extract.add_argument
    add("--flip", type=int, action="append", default=[], metavar="PIN",
        help="turn over the polarity of this pin")  # fmt: skip
    add("--no-overload-line", action="store_true",
        help="leave out the line that switches off above the rated current")  # fmt: skip
    add("--from-store", action="store_true",
        help="that of the stock firmware's store, also where OpenBeken has its own")  # fmt: skip


def _add_compare(compare: argparse.ArgumentParser) -> None:
    compare.add_argument("other", type=Path, nargs="?", metavar="F2", help="the other dump")
    add = compare.add_argument
    add("--port", default="", help="compare with the chip at this port, by its checksums")
    add("--baud", default="auto", metavar="auto|N", help="speed after the link")
    add("--chip", default="", help="the chip that you expect, e.g. bk7231n")
    add("--lead", choices=LEADS, default="gnd", help="the reset lead")
    add("--supply", choices=SUPPLIES, default="", help="what feeds 3.3 V")
    add("--link-timeout", type=float, default=60.0, metavar="S")
    add("--tape", type=Path, metavar="FILE", help="record the wire there (private)")


def run(args: argparse.Namespace, bench: Bench) -> int:
    if args.action == "list":
        return _list(bench)
    if args.action == "compare":
        return _compare(args, bench)
    from core.tuya.opening import load
    from core.tuya.survey import survey

    opened = load(args.file)
    seen = survey(opened.data)
    if args.action == "show":
        return _show(opened, seen, bench, reveal=args.reveal)
    if args.action == "check":
        return _check(opened, seen, bench)
    if args.action == "export":
        return _export(args, seen, bench)
    return _extract(args, seen, bench)


# -- looking ----------------------------------------------------------------------------------


def _list(bench: Bench) -> int:
    from core.tuya.catalogue import growing, items
    from tui.backup_lines import growing_lines, item_lines, item_values

    backups = bench.host.store.backups
    kept, parts = items(backups), growing(backups)
    lines = [line for item in kept for line in item_lines(item)]
    lines += [line for part in parts for line in growing_lines(part)]
    bench.out.result(
        {
            "backups": [item_values(item) for item in kept],
            "unfinished": [
                {"file": str(p.path), "read": p.done, "sectors": len(p.cells)} for p in parts
            ],
        },
        lines or ["No backups yet. `wattbench plug backup --port P` makes one."],
    )
    return Exit.DONE


def _show(opened: Opened, seen: Survey, bench: Bench, *, reveal: bool) -> int:
    from core.tuya.catalogue import verdict
    from tui.backup_lines import show_lines, show_values

    health = verdict(opened, seen)
    bench.out.result(
        show_values(opened, seen, health, reveal=reveal),
        show_lines(opened, seen, health, reveal=reveal),
    )
    return Exit.DONE


def _check(opened: Opened, seen: Survey, bench: Bench) -> int:
    from core.tuya import faults
    from core.tuya.catalogue import verdict
    from tui.backup_lines import verdict_lines

    health = verdict(opened, seen, thorough=True)
    if not health.trusted:
        raise faults.DOUBT(
            what=f"{opened.path.name}: {' '.join(health.reasons)}",
            cause="The file is damaged, incomplete, or was not read from a whole flash.",
            next="Make a new backup of the device before you write to it.",
            command=("wattbench", "backup", "show", str(opened.path)),
        )
    values = {
        "file": str(opened.path),
        "trusted": True,
        "proven": opened.record is not None,
        "sha256": opened.sha256,
        "notes": list(health.notes),
    }
    bench.out.result(values, [opened.path.name, *verdict_lines(health)])
    return Exit.DONE


# -- comparing --------------------------------------------------------------------------------


def _compare(args: argparse.Namespace, bench: Bench) -> int:
    if (args.other is None) == (not args.port):
        raise _usage("Give another dump, or --port for the chip itself.")
    from core.tuya.opening import load
    from core.tuya.survey import survey

    seen = survey(load(args.file).data)
    if args.port:
        return bench.run(compare_work(link_options(args), args.file.name, seen, args.tape))
    from core.tuya.compare import compare

    found = compare(seen, survey(load(args.other).data))
    areas = [
        {"name": a.name, "start": a.start, "end": a.end, "bytes": a.size, "sectors": a.sectors}
        for a in found.areas
    ]
    lines = [
        f"  {a.start:06x}-{a.end - 1:06x}  {a.name:<18} {a.size} bytes, sectors: {a.sectors}"
        for a in found.areas
    ]
    bench.out.result(
        {
            "equal": found.equal,
            "summary": found.summary,
            "areas": areas,
            "ranges": [list(part) for part in found.ranges],
        },
        [found.summary, *lines],
    )
    return Exit.DONE if found.equal else Exit.DIFFERENT


def link_options(args: argparse.Namespace) -> dict[str, Any]:
    """How to reach the plug, as the task takes it."""
    from core.beken.wiring import Lead

    options: dict[str, Any] = {
        "port": args.port,
        "chip": args.chip,
        "lead": Lead.named(args.lead),
        "supply": args.supply,
        "link_timeout": args.link_timeout,
    }
    if args.baud != "auto":
        if not args.baud.isdigit():
            raise _usage("--baud is auto or a number.")
        options["baud"] = int(args.baud)
    return options


def compare_work(
    options: dict[str, Any], name: str, seen: Survey, tape: Path | None = None
) -> Work:
    """Compare the chip with a dump."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.beken.tasks.compare import CompareOptions, compare

        def named(start: int, end: int) -> str:
            inside = (a.name for a in seen.areas if a.start < end and a.end > start)
            return next(inside, f"{start:#08x}")

        full = CompareOptions(**options, dump=seen.data, base=seen.base, name=named)
        return await compare(report, full, ports=_ports(tools, tape))

    return Work("plug-compare", f"Compare: {options['port']} with {name}", task)


def _ports(tools: Tools, tape: Path | None) -> Callable[[str, int, str], Awaitable[Link]]:
    async def open_port(url: str, baud: int, holder: str) -> Link:
        return await tools.open_port(url, baud, holder, tape)

    return open_port


# -- taking out -------------------------------------------------------------------------------


def _extract(args: argparse.Namespace, seen: Survey, bench: Bench) -> int:
    from core.tuya.take import key_bytes, range_bytes

    if args.key is not None:
        return _raw(key_bytes(seen, args.key, reveal=args.reveal), bench)
    if args.range is not None:
        return _raw(range_bytes(seen, args.range, reveal=args.reveal), bench)
    made = _extracted(args, seen)
    both = "" if made.source != OWN else "; --from-store gives one made from the stock store"
    bench.out.aside(f"From {made.source}{both}.")
    for note in made.notes:
        bench.out.aside(note)
    if args.template:
        return _raw(made.template().encode(), bench)
    return _raw((made.toml() if args.profile else made.script()).encode(), bench)


def _extracted(args: argparse.Namespace, seen: Survey) -> Configuration:
    """OpenBeken's own configuration where the dump holds one, else that of the stock store."""
    from core.tuya.outputs import configuration

    flipped = frozenset(args.flip)
    if not (args.from_store or flipped or args.no_overload_line):
        own = own_configuration(seen)
        if own is not None:
            return own
    return configuration(seen, flipped=flipped, trip=not args.no_overload_line)


def _raw(data: bytes, bench: Bench) -> int:
    """The bytes and nothing else; as `text` or `base64` of the result with --json."""
    if not bench.host.options.json:
        bench.out.raw(data)
        return Exit.DONE
    import base64

    try:
        bench.out.result({"text": data.decode("utf-8")})
    except UnicodeDecodeError:
        bench.out.result({"base64": base64.b64encode(data).decode("ascii")})
    return Exit.DONE


def _export(args: argparse.Namespace, seen: Survey, bench: Bench) -> int:
    from core.tuya import faults
    from core.tuya.redact import redact

    if args.out.exists():
        raise faults.EXISTS(
            what=f"{args.out} is there already.",
            cause="Files are never overwritten.",
            next="Choose another name with --out.",
        )
    made = redact(seen)
    bench.host.store.files.write(args.out.absolute(), made.data)
    kept, dropped = ", ".join(made.kept) or "none", ", ".join(made.dropped) or "none"
    bench.out.result(
        {
            "file": str(args.out),
            "size": len(made.data),
            "kept": list(made.kept),
            "dropped": list(made.dropped),
            "searched": made.searched,
        },
        [
            f"{args.out}: a copy without secrets, {len(made.data)} bytes.",
            f"  values kept: {kept}; left out: {dropped}",
            f"  searched for {made.searched} secrets in every form; half of the MAC is kept",
        ],
    )
    return Exit.DONE


def _usage(text: str) -> FaultError:
    from core.tuya import faults

    return faults.ARGUMENT(
        what=text,
        cause="The command line is not complete.",
        next="Read `wattbench backup --help`.",
        command=("wattbench", "backup", "--help"),
    )
