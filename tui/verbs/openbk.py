"""OpenBeken devices in the network: find, read, configure, calibrate, update

    wattbench openbk find [NET...] [--wifi]
    wattbench openbk show HOST... [--reveal]
    wattbench openbk export HOST [--template | --script] [--reveal] [--out F]
    wattbench openbk diff HOST... --profile F
    wattbench openbk apply HOST... --profile F
    wattbench openbk calibrate HOST --voltage V --current A --power W
    wattbench openbk calibrate HOST --factors F.toml
    wattbench openbk ota HOST --image F.rbl
    wattbench openbk watch HOST [--seconds N]
    wattbench openbk console HOST [COMMAND WORD...]
    wattbench openbk backup HOST [--sector]
    wattbench openbk restore HOST --backup F [--raw]
    wattbench openbk history HOST|MAC [--undo N]

What stands behind HOST of console is one command; several come on standard input, a line each.
What switches a load, clears, writes flash or restarts is asked before it is sent; -y says yes.
HOST is a name or an address, also address:port.  A web password comes from --password-file.
For show, export, diff and apply it may be a flash dump; apply then needs --out for the new one.
"""

from __future__ import annotations

import argparse
import contextlib
import queue
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.events import Event, Failed, Finished
from core.fault import Exit, FaultError
from tui.lines import Bench
from tui.work import Work

if TYPE_CHECKING:
    from core.openbk.client import Connect
    from core.profile.model import Profile

MANY = ("show", "diff", "apply")
ONE = ("export", "calibrate", "ota", "watch", "console", "backup", "restore", "history")
HELP = {
    "find": "search a network",
    "show": "the whole configuration; kept by MAC",
    "export": "the configuration as a file, to standard output",
    "diff": "what a profile would change; exit 4 when something differs",
    "apply": "make devices what a profile says, and prove it",
    "calibrate": "set the meter of a closed plug with a known load",
    "ota": "update the firmware",
    "watch": "readings, relay and state, live",
    "console": "one command, or line by line from standard input; asks where it hurts",
    "backup": "copy the whole flash (not proven by the chip)",
    "restore": "bring a configuration back out of a backup",
    "history": "the configurations that are kept, and back to one",
}


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="|".join(HELP))
    made = {name: actions.add_parser(name, help=text) for name, text in HELP.items()}
    made["find"].add_argument("targets", nargs="*", metavar="NET", help="192.168.1.0/24, or hosts")
    made["find"].add_argument("--port", type=int, default=80)
    made["find"].add_argument("--wifi", action="store_true",
        help="also look for open access points of new or reset devices")  # fmt: skip
    for name in MANY:
        made[name].add_argument("hosts", nargs="+", metavar="HOST")
    for name in ONE:
        made[name].add_argument("host", metavar="HOST")
    for action in made.values():
        action.add_argument("--password-file", type=Path, metavar="F", help="the web password")
    for name in ("diff", "apply"):
        made[name].add_argument("--profile", required=True, metavar="F",
            help="a file, or a name in profiles/ or among the shipped ones")  # fmt: skip
    for name in ("show", "export"):
        made[name].add_argument("--reveal", action="store_true", help="do not hide secrets")
    _add_files(made)
    _add_calibrate(made["calibrate"])
    made["console"].add_argument("words", nargs="*", metavar="COMMAND",
        help="its words; without one, commands come from standard input, a line each")  # fmt: skip
    made["watch"].add_argument("--seconds", type=float, default=0.0, help="end after so long")
    made["history"].add_argument("--undo", type=int, metavar="N",
        help="apply configuration N again; 0 is the newest, -1 the one before")  # fmt: skip


def _add_files(made: dict[str, argparse.ArgumentParser]) -> None:
    form = made["export"].add_mutually_exclusive_group()
    form.add_argument("--template", action="store_true", help="the web page's template, JSON")
    form.add_argument("--script", action="store_true", help="commands for the console")
    made["export"].add_argument("--out", type=Path, metavar="F", help="write there")
    made["ota"].add_argument("--image", type=Path, required=True, help="Open<chip>_<version>.rbl")
    made["backup"].add_argument("--sector", action="store_true", help="the configuration only")
    made["apply"].add_argument("--out", type=Path, metavar="G", help="of a dump: the new file")
    restore = made["restore"].add_argument
    restore("--backup", type=Path, required=True, help="a flash dump, or a configuration sector")
    restore("--raw", action="store_true", help="byte for byte; needs a power cut")


def _add_calibrate(parser: argparse.ArgumentParser) -> None:
    for name, unit in (("voltage", "V"), ("current", "A"), ("power", "W")):
        parser.add_argument(f"--{name}", default="", metavar=unit,
                            help="what the reference meter shows")  # fmt: skip
    parser.add_argument("--factors", default="", metavar="F",
        help="no reference meter: put back the factors that this profile names")  # fmt: skip
    parser.add_argument("--channel", type=int, help="of the relay, where there are several")
    parser.add_argument("--reset-energy", action="store_true", help="set the total to 0")
    parser.add_argument("--no-again", action="store_true", help="no second reading after 5 min")


def run(args: argparse.Namespace, bench: Bench) -> int:
    from core.openbk.lost import marked, were_said
    from tui.openbk_works import connect_of, read_password

    left = marked(bench.host.store)
    for device in left:
        bench.out.aside(device.text)
    were_said(bench.host.store, left)
    dump = file_named(args)
    if dump is not None:
        from tui.openbk_dump import run_on_dump

        return run_on_dump(args, bench, dump)
    connect = connect_of(bench.host, read_password(args.password_file))
    _require_addresses(args)
    if args.action == "watch":
        from tui.openbk_watch import run_watch

        return run_watch(bench, connect, args.host, args.seconds)
    if args.action == "console":
        from tui.openbk_watch import run_console

        return run_console(bench, connect, args.host, args.words)
    if args.action == "export":
        return _export(args, bench, connect)
    return _run_job(args, bench, connect)


def file_named(args: argparse.Namespace) -> Path | None:
    """The dump that stands in place of a host, if it is one."""
    if args.action not in ("show", "export", "diff", "apply"):
        return None
    names = getattr(args, "hosts", None) or [args.host]
    path = Path(names[0])
    return path if len(names) == 1 and path.is_file() else None


@contextlib.contextmanager
def _mistyped(only: type[BaseException] | None = None) -> Iterator[None]:
    """What fails in here was said wrong on the command line: exit 2.  With `only` that holds for
    faults that come of such an error."""
    try:
        yield
    except FaultError as error:
        if only is not None and not isinstance(error.__cause__, only):
            raise
        raise FaultError(replace(error.fault, exit=Exit.USAGE)) from error


def _require_addresses(args: argparse.Namespace) -> None:
    """Raise OBK-RANGE for what is no address.  A MAC is one where only history is asked for."""
    from core.openbk.exchange import normal_host, require_host
    from core.openbk.network import addresses
    from core.openbk.wire import normal_mac

    with _mistyped():
        if args.action == "find":
            addresses(args.targets, args.port)
            return
        for name in getattr(args, "hosts", None) or [args.host]:
            if not (args.action == "history" and normal_mac(name)):
                require_host(normal_host(name))


def _profile(bench: Bench, name: str) -> Profile:
    from tui.openbk_works import find_profile

    with _mistyped(FileNotFoundError):
        return find_profile(bench.host, name)


def _run_job(args: argparse.Namespace, bench: Bench, connect: Connect) -> int:
    from tui import openbk_works as works

    match args.action:
        case "find":
            targets = tuple(args.targets) or works.demo_hosts(bench.host)
            work = works.find_work(connect, targets, args.port, wifi=_wifi(args, bench))
        case "show":
            work = works.show_work(connect, tuple(args.hosts), reveal=args.reveal)
        case "diff" | "apply":
            profile = _profile(bench, args.profile)
            work = works.apply_work(
                connect, tuple(args.hosts), profile, only_diff=args.action == "diff"
            )
        case "calibrate":
            return _calibrate(args, bench, connect)
        case "ota":
            work = works.ota_work(connect, args.host, args.image)
        case "backup":
            work = works.backup_work(connect, args.host, sector=args.sector)
        case "restore":
            work = works.restore_work(connect, args.host, args.backup, raw=args.raw)
        case _:
            work = (
                works.history_work(connect, args.host)
                if args.undo is None
                else works.undo_work(connect, args.host, args.undo)
            )
    return bench.run(work)


def _wifi(args: argparse.Namespace, bench: Bench) -> bool:
    """Whether to look into the air: not on the simulated bench, which has none."""
    if args.wifi and bench.host.demo is not None:
        bench.out.aside("With --demo no Wi-Fi card is asked.")
    return bool(args.wifi) and bench.host.demo is None


def _calibrate(args: argparse.Namespace, bench: Bench, connect: Connect) -> int:
    from core.openbk.metering import Quantity, parse_value
    from core.openbk.tasks.calibrate import fixed
    from tui.openbk_works import bench_holder, calibrate_work

    given = {}
    for quantity in Quantity:
        if text := getattr(args, quantity):
            digits = any(c.isdecimal() for c in text)  # else it is no value at all
            with contextlib.nullcontext() if digits else _mistyped():
                given[str(quantity)] = parse_value(text, quantity)
    if bool(given) == bool(args.factors):
        bench.out.aside("calibrate needs --voltage, --current and --power, or --factors alone.")
        bench.out.result({"exit": Exit.USAGE})
        return Exit.USAGE
    if args.factors:
        return bench.run(_factors_work(args, bench, connect))
    return bench.run(
        calibrate_work(
            connect,
            args.host,
            fixed(**given),
            channel=args.channel,
            reset_energy=args.reset_energy,
            again=not args.no_again,
            bench_holder=bench_holder(bench.host),
        )
    )


def _factors_work(args: argparse.Namespace, bench: Bench, connect: Connect) -> Work:
    from tui.openbk_works import bench_holder, factors_work

    return factors_work(
        connect,
        args.host,
        _profile(bench, args.factors).calibration,
        Path(args.factors).name,
        channel=args.channel,
        bench_holder=bench_holder(bench.host),
    )


def _export(args: argparse.Namespace, bench: Bench, connect: Connect) -> int:
    """Only the file on standard output; everything else is said aside."""
    from tui.openbk_dump import write_out
    from tui.openbk_works import export_work

    form = "template" if args.template else "script" if args.script else "profile"
    work = export_work(connect, (args.host,), reveal=args.reveal, form=form)
    if bench.host.options.json and not args.out:
        return bench.run(work)
    body = _outcome(bench, work)
    if isinstance(body, Failed):
        bench.out.fault(body.fault)
        return body.fault.exit
    text = str(body.values["text"])
    if body.values["left_out"]:
        bench.out.aside(f"Secrets are left out: {', '.join(body.values['left_out'])}.")
    if not args.out:
        bench.out.raw(text.encode())
        return 0
    written = write_out(bench, args.out, text, keep=form == "profile" and not args.reveal)
    if bench.host.options.json:
        bench.out.result({**body.values, **written})
    return 0


def _outcome(bench: Bench, work: Work) -> Finished | Failed:
    """Run a job that asks nothing, without a word."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    bench.host.subscribe(events.put)
    try:
        bench.host.start(work)
        while True:
            body = events.get().body
            if isinstance(body, Finished | Failed):
                return body
    finally:
        bench.host.unsubscribe(events.put)
