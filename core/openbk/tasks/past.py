"""The kept configurations of a device: list them, compare, and go back to one."""

from __future__ import annotations

from typing import Any

from core.fault import Exit
from core.job import Reporter, Result
from core.openbk import history, wire
from core.openbk.client import Connect
from core.openbk.difference import changes, complete
from core.openbk.fleet import on_host
from core.openbk.network import probe
from core.openbk.standing import counted
from core.openbk.tasks.apply import ApplyOptions, apply
from core.store.store import Store


async def past(report: Reporter, who: str, *, connect: Connect, store: Store) -> Result:
    """Every kept configuration of a device, and what changed from each to the next.

    `who` is a MAC, or a host that is asked for it.  Result: `entries` (number, when, why,
    changes).  Raises OBK-NO-HISTORY.
    """
    mac = await mac_of(who, connect)
    entries = store.devices.history(mac)
    if not entries:
        history.entry_of(store, mac, 0)
    rows = []
    before = None
    for entry in entries:
        profile = history.profile_of(entry)
        found: list[dict[str, Any]] = (
            [] if before is None else [c.to_json() for c in changes(before, complete(profile))]
        )
        rows.append({
            "number": entry.number,
            "when": entry.when,
            "why": entry.why,
            "host": entry.host,
            "changes": found,
        })  # fmt: skip
        before = profile
    report.facts("history", lines=[_line(row) for row in rows])
    return {"summary": f"{mac}: {counted(len(rows), 'configuration')}", "mac": mac, "entries": rows}


def _line(row: Result) -> str:
    paths = [change["path"] for change in row["changes"]]
    more = f"{counted(len(paths), 'change')}: {', '.join(paths[:4])}" if paths else ""
    return f"{row['number']:>3}  {row['when']}  {row['why']:<8} {more}"


async def mac_of(who: str, connect: Connect) -> str:
    """The MAC in `who`, or of the device that answers there."""
    mac = wire.normal_mac(who)
    if mac:
        return mac
    found = await on_host(connect, who, probe)
    return found.mac if found is not None else ""


async def undo(
    report: Reporter, host: str, number: int, *, connect: Connect, store: Store
) -> Result:
    """Apply an old configuration; `number` as in `history.entry_of`.  Result: as `apply`."""
    entry = history.entry_of(store, await mac_of(host, connect), number)
    report.note("UNDO", f"Going back to configuration {entry.number} of {entry.when}.")
    options = ApplyOptions(hosts=(host,), profile=complete(history.profile_of(entry)))
    result = await apply(report, options, connect=connect, store=store)
    return {**result, "exit": result.get("exit", Exit.DONE)}
