"""The kept configurations of a device: list them, compare, and go back to one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.fault import Exit, FaultError
from core.job import Reporter, Result
from core.openbk import faults, history, wire
from core.openbk.client import Client, Connect
from core.openbk.difference import changes, complete
from core.openbk.exchange import normal_host
from core.openbk.fleet import on_host
from core.openbk.standing import counted
from core.openbk.tasks.apply import ApplyOptions, apply
from core.store.store import Store


async def past(report: Reporter, who: str, *, connect: Connect, store: Store) -> Result:
    """Every kept configuration of a device, and what changed from each to the next.

    `who` is a MAC, or a host that is asked for it.  Result: `entries` (number, when, why,
    changes).  Raises OBK-NO-HISTORY, and what asking the device raises.
    """
    mac = await mac_of(who, connect, store)
    entries = store.devices.history(mac)
    if not entries:
        name = who if who == mac else f"{who} ({mac})"
        raise _nothing_of(name, who, store.devices.damage(mac))
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


async def mac_of(who: str, connect: Connect, store: Store) -> str:
    """The MAC in `who`, or of the device that answers there.

    Raises OBK-NO-HISTORY for a device without a MAC, and what asking it raises: of one that does
    not answer the fault says under which MAC it was known here.
    """
    mac = wire.normal_mac(who)
    if mac:
        return mac
    try:
        mac = await on_host(connect, who, _mac)
    except FaultError as error:
        known = wire.normal_mac(store.devices.at(normal_host(who)))
        if error.fault.code != faults.SILENT.code or not known:
            raise
        raise FaultError(
            replace(
                error.fault,
                next=f"Ask by its MAC: {known} was at this address before.",
                command=("wattbench", "openbk", "history", known),
            )
        ) from error
    if not mac:
        raise _nothing_of(f"{who}, which names no MAC,", who)
    return mac


async def _mac(client: Client) -> str:
    status = await client.status()
    try:
        return (await client.info()).mac or status.mac
    except FaultError as error:
        if error.fault.code != faults.NO_PATH.code:  # in safe mode
            raise
        return status.mac


def _nothing_of(name: str, who: str, damage: str = "") -> FaultError:
    return faults.NO_HISTORY(
        what=f"No configuration of {name} is kept here.",
        cause=damage or "It was never read or applied with this data folder.",
        next="Read the device once; from then on every configuration is kept.",
        command=("wattbench", "openbk", *(("find",) if wire.normal_mac(who) else ("show", who))),
    )


async def undo(
    report: Reporter, host: str, number: int, *, connect: Connect, store: Store
) -> Result:
    """Apply an old configuration; `number` as in `history.entry_of`.  Result: as `apply`."""
    entry = history.entry_of(store, await mac_of(host, connect, store), number)
    report.note("UNDO", f"Going back to configuration {entry.number} of {entry.when}.")
    options = ApplyOptions(hosts=(host,), profile=complete(history.profile_of(entry)))
    result = await apply(report, options, connect=connect, store=store)
    return {**result, "exit": result.get("exit", Exit.DONE)}
