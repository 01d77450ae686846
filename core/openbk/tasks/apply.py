"""Apply a profile to one device or many: read, show the plan, ask, send, read back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core.fault import FaultError, Touched
from core.job import Reporter, Result
from core.openbk import faults, history
from core.openbk.carry import Applied, carry_out
from core.openbk.client import Client, Connect
from core.openbk.fleet import PARALLEL, Outcome, each, fleet_result, on_host, require_any, warn_each
from core.openbk.lost import switching
from core.openbk.plan import plan_for
from core.openbk.prepared import Prepared, plan_lines, plan_question, relays_question
from core.openbk.read import read_device
from core.openbk.standing import Board, State, counted, differ, some
from core.openbk.still import require_still, require_unchanged
from core.openbk.twins import Twins, client_question, find_twins
from core.openbk.waiting import BackAgain
from core.profile.model import Profile
from core.store.store import Store

PHASES = 5
NO_MACS = ("", "00:00:00:00:00:00")
"""What a device says that knows none."""
BREATH = 0.02
"""Seconds before each device of a fleet in which a stop of the job is honoured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """`expected` is the configuration that somebody looked at: if the device differs from it by
    now, nothing is sent.  `source` names the profile in the question; `taking_over` says that
    somebody agreed already to give a device the names of another one."""

    hosts: tuple[str, ...]
    profile: Profile
    expected: Profile | None = None
    parallel: int = PARALLEL
    source: str = ""
    taking_over: bool = False


async def diff(
    report: Reporter, options: ApplyOptions, *, connect: Connect, store: Store
) -> Result:
    """Read and compare; changes nothing.  Exit 4 when something differs.

    Facts: how each device stands (`core.openbk.standing`).
    Result: `changes` (path, before, after), `steps`, `warnings`, `restart`; per device for many.
    """
    report.phase("Read", 1, 1)
    board = Board(report, options.hosts)
    outcomes = await _prepare(report, board, State.DIFFERS, options, connect, store)
    await _say_plans(report, outcomes, store)
    rows = [
        Outcome(o.host, _diff_row(o.value) if o.value else None, o.fault, board.known(o.host))
        for o in outcomes
    ]
    board.tell()
    return fleet_result(rows, "compared", different=lambda row: bool(row["changes"]))


def _diff_row(prepared: Prepared) -> Result:
    plan, device = prepared.plan, prepared.device
    count = len(plan.changes)
    return {
        "summary": f"{device.name}: {differ(count) if count else 'no change'}",
        "mac": device.mac,
        "changes": [change.to_json() for change in plan.changes],
        "steps": [step.title for step in plan.steps],
        "warnings": list(plan.warnings),
        "restart": plan.restarts,
    }


async def apply(
    report: Reporter, options: ApplyOptions, *, connect: Connect, store: Store
) -> Result:
    """Make the devices what the profile says.  A second run sends only what is missing.

    Facts: how each device stands (`core.openbk.standing`).  With several devices the report is
    in the log: a line each, those that failed last.
    Result: `sent` requests, `changed` paths, `restarted`; per device for many.
    Raises what reading, planning and sending raise; OBK-CHANGED.
    """
    report.phase("Read", 1, PHASES)
    board = Board(report, options.hosts)
    outcomes = await _prepare(report, board, State.PLANNED, options, connect, store)
    require_any(outcomes)
    warn_each(report, outcomes)
    report.phase("Plan", 2, PHASES)
    lines, alike = await _say_plans(report, outcomes, store)
    todo = [o.value for o in outcomes if o.value is not None and not o.value.plan.empty]
    if todo:
        await report.confirm(plan_question(todo, lines, options.source))
        client = None if options.taking_over else client_question(alike, todo)
        for question in (client, relays_question(todo)):
            if question is not None:
                await report.confirm(question)
        if len(todo) == 1:  # with several, each is looked at right before its own turn
            await on_host(connect, todo[0].host, partial(_still, todo[0]))
        await report.point_of_no_return("Some requests of the plan were sent; the log names them.")
        report.phase("Send", 3, PHASES)
    finished = {o.host: o for o in await _send(report, board, todo, options, connect, store)}
    report.phase("Report", PHASES, PHASES)
    board.tell()
    rows = [_row(o, finished.get(o.host), board.known(o.host)) for o in outcomes]
    return fleet_result(rows, "are as the profile says", committed=report.committed)


async def _prepare(
    report: Reporter,
    board: Board,
    differs: State,
    options: ApplyOptions,
    connect: Connect,
    store: Store,
) -> list[Outcome[Prepared]]:
    """Read and plan; a device that is not as the profile says is in the state `differs` then."""

    async def one(host: str) -> Prepared:
        board.put(host, State.READING)
        with board.failing(host):
            device = await on_host(connect, host, read_device)
            board.put(host, State.READING, name=device.info.short_name, mac=device.mac)
            if options.expected is not None:
                require_unchanged(device, options.expected)
            await history.keep(store, device, "before")
            plan = plan_for(device, options.profile)
        state = State.SAME if plan.empty else differs
        board.put(host, state, changes=len(plan.changes), of=len(plan.steps))
        return Prepared(host, device, plan)

    found = await each(
        tuple(dict.fromkeys(options.hosts)),
        str,
        one,
        parallel=options.parallel,
        tell=lambda done, of: report.progress(done, of, "devices"),
    )
    return [_only_once(board, outcome, found) for outcome in found]


def _only_once(
    board: Board, outcome: Outcome[Prepared], found: Sequence[Outcome[Prepared]]
) -> Outcome[Prepared]:
    """The outcome, or the fault that this is a device of the fleet under another name."""
    if outcome.value is None or outcome.value.device.mac in NO_MACS:
        return outcome
    mac, host = outcome.value.device.mac, outcome.host
    first = next(o.host for o in found if o.value is not None and o.value.device.mac == mac)
    if first == host:
        return outcome
    fault = faults.TWICE(
        what=f"{host} is the same device as {first}: both have the MAC {mac}.",
        cause="One device has two names here.",
        next="Leave one of them out; the device is set up once.",
        state="Nothing was sent under this address.",
    ).fault
    board.put(host, State.FAILED, fault=fault)
    return Outcome(host, None, fault)


async def _say_plans(
    report: Reporter, outcomes: Sequence[Outcome[Prepared]], store: Store
) -> tuple[list[str], list[Twins]]:
    """The plan of each device, and which of them could not be told apart any more."""
    found = await find_twins([o.value for o in outcomes if o.value is not None], store)
    lines = [*plan_lines(outcomes), *(f"! {twin.line}" for twin in found)]
    report.facts("plan", lines=lines)
    return lines, found


async def _send(
    report: Reporter,
    board: Board,
    todo: Sequence[Prepared],
    options: ApplyOptions,
    connect: Connect,
    store: Store,
) -> list[Outcome[Applied]]:
    total = sum(len(p.plan.steps) for p in todo)
    sent = 0
    back = BackAgain(report, {p.host: p.plan.restarts for p in todo}, PHASES)

    async def one(prepared: Prepared) -> Applied:
        host = prepared.host
        mine = 0

        def say(title: str) -> None:
            nonlocal sent, mine
            sent, mine = sent + 1, mine + 1
            report.note("SENT", f"{prepared.device.name}: {title}")
            report.progress(sent, total, "requests")
            board.put(host, State.SENDING, sent=mine)

        def staged(state: State) -> None:
            board.put(host, state)
            back.at(host, state)

        with board.failing(host), back.ending(host):
            if len(todo) > 1:
                await _stop_between(report, host)
            client = connect(host)
            try:
                if len(todo) > 1:
                    await _still(prepared, client)
                with switching(store, prepared.device, prepared.plan.relays):
                    done = await carry_out(
                        client,
                        prepared.device,
                        prepared.plan,
                        connect,
                        report=report,
                        say=say,
                        stage=staged,
                    )
            finally:
                await client.close()
            await history.keep(store, done.device, "applied")
        name = done.device.info.short_name
        board.put(host, State.DONE, name=name, address=done.host, sent=done.sent)
        return done

    return await each(todo, lambda prepared: prepared.host, one, parallel=options.parallel)


async def _still(prepared: Prepared, client: Client) -> None:
    await require_still(client, prepared.device)


async def _stop_between(report: Reporter, host: str) -> None:
    """Raise STOPPED for a device that was not begun when the job was told to stop."""
    try:
        report.stop_point()
        await report.waiting(asyncio.sleep(BREATH))
    except FaultError as error:
        raise FaultError(
            replace(
                error.fault,
                what=f"{host} was not begun: the job was stopped before.",
                state="Nothing was sent to it.",
                touched=Touched.NOTHING,
            )
        ) from error


def _row(
    outcome: Outcome[Prepared], done: Outcome[Applied] | None, known: dict[str, Any]
) -> Outcome[Result]:
    fault = outcome.fault if done is None else done.fault
    if outcome.value is None or fault is not None:
        return Outcome(outcome.host, None, fault, known)
    device, plan = outcome.value.device, outcome.value.plan
    applied = done.value if done else None
    sent = applied.sent if applied else 0
    read_back = some([change.path for change in plan.changes])
    proven = f"{counted(sent, 'request')} sent and read back: {read_back}"
    device = applied.device if applied else device
    return Outcome(
        outcome.host,
        {
            "summary": f"{device.name}: {proven if applied else 'already as the profile says'}",
            "mac": device.mac,
            "name": device.name,
            "address": applied.host if applied else device.host,
            "sent": sent,
            "changed": [change.path for change in plan.changes] if applied else [],
            "restarted": applied.restarted if applied else False,
            "warnings": list(plan.warnings),
        },
    )
