"""an electricity meter's module over Bluetooth: show, set, release, ota

    wattbench meter show    ADDRESS
    wattbench meter set     ADDRESS --type kaskad-1-mt --meter-address 20109
    wattbench meter set     ADDRESS --undo
    wattbench meter release ADDRESS

ADDRESS is the module's Bluetooth address, or the end of its name.  set reads back all that it
writes and asks the meter at once; unlock guides through the release at the module itself.
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
    from core.meter.wanted import Wanted

TYPES = ("kaskad-1-mt", "kaskad-11", "mercury-206", "ce-102m")
ACTIONS = {
    "show": "all that the module says; changes nothing",
    "set": "kind, address, period, scale, key; each read back",
    "release": "take the whitelist's lock off",
    "bind": "only this computer's adapter may connect",
    "unlock": "guided release at the module itself, by its pin SWS",
    "reboot": "restart the module",
    "clear": "factory settings; asks first",
    "log": "the module's log as it comes",
    "live": "live values as they come, until Ctrl-C",
    "ota": "new firmware over the air",
}


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="|".join(ACTIONS))
    for name, text in ACTIONS.items():
        action = actions.add_parser(name, help=text, allow_abbrev=False)
        action.add_argument("address", metavar="ADDRESS")
        action.add_argument("--adapter", default="", help="the adapter, by address or name")
        _add_own(name, action)


def _add_own(name: str, action: argparse.ArgumentParser) -> None:
    add = action.add_argument
    if name == "show":
        add("--keep-key", action="store_true", help="store the module's key in keys.toml")
        add("--reveal", action="store_true", help="put the key into the result")
    elif name == "set":
        add("--type", choices=TYPES, help="the kind of meter")
        add("--meter-address", metavar="N", help='its address, as on the display after "ID-"')
        add("--period", type=int, metavar="MIN", help="asked every 1 to 255 minutes")
        add("--scale", metavar="S", help='"right", "1000 0.1 1 10", or 0x0A0F')
        key = action.add_mutually_exclusive_group()
        key.add_argument("--key-file", type=Path, metavar="F", help="a file with the bind key")
        key.add_argument("--new-key", action="store_true", help="make a random key and store it")
        key.add_argument("--no-key", action="store_true", help="switch encryption off")
        add("--undo", action="store_true", help="back to what was before the last set")
        left = action.add_mutually_exclusive_group()
        left.add_argument("--leave-open", dest="leave", action="store_const", const="open")
        left.add_argument("--bind", dest="leave", action="store_const", const="bind")
    elif name == "log":
        add("--seconds", type=float, default=0.0, metavar="N", help="end after N seconds")
    elif name == "ota":
        add("--image", type=Path, required=True, help="electricity_meter_V1.7.bin")


def run(args: argparse.Namespace, bench: Bench) -> int:
    return bench.run(_work(args))


def _work(args: argparse.Namespace) -> Work:
    where = {"address": args.address, "adapter": args.adapter}
    match args.action:
        case "show":
            return show_work(where, keep_key=args.keep_key, reveal=args.reveal)
        case "set":
            return set_work(where, **set_options(args))
        case "log":
            return care_work("log", where, seconds=args.seconds)
        case "live":
            return live_work(where)
        case "ota":
            return ota_work(where, image=args.image)
        case "release" | "bind" | "unlock":
            return whitelist_work(args.action, where)
    return care_work(args.action, where)


def set_options(args: argparse.Namespace) -> dict[str, Any]:
    """The options of `set_work` as the command line gives them.  Raises METER-*."""
    key = b"" if args.no_key else None
    if args.key_file is not None:
        from core.meter import models
        from core.store.files import read

        key = models.key_of(read(args.key_file, 4096).decode("ascii", "replace"))
    wanted = wanted_of(
        kind=args.type or "",
        number=args.meter_address or "",
        period=args.period,
        scale="" if args.scale in (None, "right") else args.scale,
        key=key,
    )
    return {
        "wanted": wanted,
        "new_key": args.new_key,
        "right_scale": args.scale == "right",
        "undo": args.undo,
        "leave": args.leave or "",
    }


def wanted_of(
    *, kind: str = "", number: str = "", period: int | None = None, scale: str = "",
    key: bytes | None = None,
) -> Wanted:  # fmt: skip
    """What was typed, checked as far as it goes without the module.  Raises METER-*."""
    from core.meter import faults, models
    from core.meter import scale as scales
    from core.meter.wanted import Wanted

    model = models.named(kind) if kind else None
    address = None
    if number:
        address = models.address_of(number, model or models.named("mercury-206"))
    word = scales.parse(scale) if scale else None
    if scale and word is None:
        raise faults.SCALE(
            what=f"{scale!r} is no scale.",
            cause="Not four factors, or one that does not exist.",
            next='Write "right", four factors as in "1000 0.1 1 10", or the word as in 0x0A0F.',
        )
    minutes = models.period_of(period) if period is not None else None
    return Wanted(model.number if model else None, address, minutes, word, key)


Task = Callable[..., Awaitable[Result]]


Load = Callable[[], tuple[Task, Any]]


def _reaching(kind: str, title: str, where: dict[str, Any], load: Load) -> Work:
    """Work over the radio; `load` imports core and gives the task with its options."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.meter.reach import Reach

        run, options = load()
        radio = tools.radio(where.get("adapter", ""))
        async with Reach(radio, f"{title} ({report.job_id})") as reach:
            return await run(report, options, reach=reach, store=tools.store)

    return Work(kind, title, task)


def show_work(where: dict[str, Any], *, keep_key: bool = False, reveal: bool = False) -> Work:
    """Show the module."""

    def load() -> tuple[Task, Any]:
        from core.meter.tasks.show import ShowOptions, show

        return show, ShowOptions(**where, keep_key=keep_key, reveal=reveal)

    return _reaching("meter-show", f"Meter: {where['address']}", where, load)


def set_work(where: dict[str, Any], **options: Any) -> Work:
    """Set the module up; the options are those of `SetOptions`."""

    def load() -> tuple[Task, Any]:
        from core.meter.tasks.set import SetOptions, set_up

        return set_up, SetOptions(**where, **options, go_on=_again(where, options))

    return _reaching("meter-set", f"Set up: {where['address']}", where, load)


def _again(where: dict[str, Any], options: dict[str, Any]) -> tuple[str, ...]:
    """The command that repeats a `set`; a key is never part of it."""
    from core.meter import models

    wanted: Wanted | None = options.get("wanted")
    command = ["wattbench", "meter", "set", where["address"]]
    if wanted is None or options.get("undo"):
        return (*command, "--undo") if options.get("undo") else tuple(command)
    if wanted.model is not None:
        command += ["--type", models.model_of(wanted.model).name]
    if wanted.address is not None:
        command += ["--meter-address", str(wanted.address)]
    if wanted.period is not None:
        command += ["--period", str(wanted.period)]
    if wanted.scale is not None:
        command += ["--scale", f"0x{wanted.scale:04X}"]
    return tuple(command)


def whitelist_work(action: str, where: dict[str, Any]) -> Work:
    """release, bind or unlock."""

    def load() -> tuple[Task, Any]:
        from core.meter.tasks import whitelist

        tasks = {
            "release": whitelist.release,
            "bind": whitelist.bind,
            "unlock": whitelist.unlock,
        }
        return tasks[action], whitelist.WhitelistOptions(**where)

    return _reaching(f"meter-{action}", f"{action.title()}: {where['address']}", where, load)


def care_work(action: str, where: dict[str, Any], *, seconds: float = 0.0) -> Work:
    """reboot, clear or log."""

    def load() -> tuple[Task, Any]:
        from core.meter.tasks import care

        tasks = {"reboot": care.reboot, "clear": care.clear, "log": care.follow_log}
        return tasks[action], care.CareOptions(**where, seconds=seconds)

    return _reaching(f"meter-{action}", f"{action.title()}: {where['address']}", where, load)


def live_work(where: dict[str, Any], idle: Callable[[], float] | None = None) -> Work:
    """Live values until stopped; `idle` says how long nobody has touched the form."""

    def load() -> tuple[Task, Any]:
        from core.meter.tasks.live import LiveOptions, live

        return live, LiveOptions(**where) if idle is None else LiveOptions(**where, idle=idle)

    return _reaching("meter-live", f"Live: {where['address']}", where, load)


def ota_work(where: dict[str, Any], *, image: Path) -> Work:
    """Update the module's firmware."""

    def load() -> tuple[Task, Any]:
        from core.meter.tasks.ota import OtaOptions, update

        return update, OtaOptions(**where, image=image)

    return _reaching("meter-ota", f"Update: {where['address']} with {image.name}", where, load)
