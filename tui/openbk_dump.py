"""The openbk verb on a flash dump in place of a device."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from core.fault import Exit
from core.openbk import in_file
from core.openbk.difference import Change
from core.profile import over_file
from core.profile.model import Profile
from core.profile.secrets import filled, needed
from core.profile.toml_file import parse
from core.store.files import read
from tui.lines import Bench
from tui.openbk_works import find_profile


def run_on_dump(args: argparse.Namespace, bench: Bench, path: Path) -> int:
    """Show, export, compare or edit; an edited dump is a new file.  Raises PROFILE-*, STORE-*."""
    data = read(path)
    if args.action == "show":
        found = in_file.show(data, path.name, reveal=args.reveal)
        lines = [f"{name:<22} {text}" for name, text in found["profile"].items()]
        bench.out.result(found, [found["summary"], *lines])
        return Exit.DONE
    if args.action == "export":
        return _export(args, bench, in_file.export(data, reveal=args.reveal))
    profile = _profile(bench, args.profile)
    mac = in_file.owner_of(data, path.absolute())
    changes = in_file.compare(data, profile, mac)
    if args.action == "diff":
        return _say(bench, changes, Exit.DIFFERENT if changes else Exit.DONE)
    if args.out is None:
        bench.out.aside("apply to a dump needs --out: the dump itself stays as it is.")
        bench.out.result({"exit": Exit.USAGE})
        return Exit.USAGE
    made = in_file.apply(data, profile, mac)
    kept = in_file.keep_as(bench.host.store, path, made, args.out)
    return _say(bench, changes, Exit.DONE, str(asyncio.run(kept)))


def _export(args: argparse.Namespace, bench: Bench, text: str) -> int:
    if args.out:
        values = write_out(bench, args.out, text, keep=not args.reveal)
        if bench.host.options.json:
            bench.out.result({"text": text, **values})
    elif bench.host.options.json:
        bench.out.result({"text": text})
    else:
        bench.out.raw(text.encode())
    return Exit.DONE


def write_out(bench: Bench, path: Path, text: str, *, keep: bool) -> dict[str, object]:
    """Write what was exported and say it; with `keep` a profile that is there is changed, and
    its comments stay.  The values for the result of the verb.

    Raises PROFILE-TEXT for a file there that is no profile, STORE-EXISTS for the record of a
    backup, and other STORE-*.
    """
    old, made = path.exists(), None
    if keep:
        made = over_file.written(path, parse(text))
        text = made.text
    else:
        over_file.require_replaceable(path)
    bench.host.store.files.write(path.absolute(), text.encode())
    if made is None or not old:
        bench.out.aside(f"{'Written over' if old else 'Written to'} {path}.")
        return {"out": str(path)}
    bench.out.aside(f"Written to {path}: {made.line}.")
    return {
        "out": str(path),
        "changed": made.changed,
        "added": made.added,
        "removed": made.removed,
        "comments_kept": made.comments is not False,
    }


def _profile(bench: Bench, name: str) -> Profile:
    profile, keys = find_profile(bench.host, name), bench.host.store.keys
    known = {secret: keys.secret(secret) for secret in needed(profile)}
    return filled(profile, {name: value for name, value in known.items() if value is not None})


def _say(bench: Bench, changes: list[Change], code: int, out: str = "") -> int:
    """The differences, and the file `out` that was written with them."""
    lines = [change.line() for change in changes] or ["no change"]
    lines += [f"Written: {out}"] if out else []
    values = {"changes": [change.to_json() for change in changes], "exit": code}
    bench.out.result(values | ({"out": out} if out else {}), lines)
    return code
