"""The same work on one device or two hundred; one bad device stops nothing."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from core import faults as job_faults
from core.fault import Exit, Fault, FaultError, Touched
from core.job import Reporter, Result
from core.openbk.client import Client, Connect

T = TypeVar("T")
S = TypeVar("S")
PARALLEL = 20


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What came of one device: a value, or the fault.  `known` says who it is in either case."""

    host: str
    value: T | None
    fault: Fault | None = None
    known: Mapping[str, Any] = field(default_factory=dict)


async def each(
    items: Sequence[S],
    host_of: Callable[[S], str],
    work: Callable[[S], Awaitable[T]],
    *,
    parallel: int = PARALLEL,
    tell: Callable[[int, int], None] | None = None,
) -> list[Outcome[T]]:
    """Run `work` on every item, in the order of `items`; a FaultError is an outcome, too, and so
    is a mistake of the program that one strange device brings to light."""
    gate = asyncio.Semaphore(parallel)
    done = 0

    async def one(item: S) -> Outcome[T]:
        nonlocal done
        async with gate:
            try:
                outcome = Outcome(host_of(item), await work(item))
            except FaultError as error:
                outcome = Outcome(host_of(item), None, error.fault)
            except Exception as error:
                fault = unexpected(host_of(item), error).fault
                outcome = Outcome(host_of(item), None, fault)
        done += 1
        if tell is not None:
            tell(done, len(items))
        return outcome

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(item)) for item in items]
    return [task.result() for task in tasks]


def unexpected(host: str, error: Exception) -> FaultError:
    """The fault that stands for an exception nobody expected; where it came from is in it, and
    the traceback is its evidence."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return job_faults.INTERNAL(
        what=f"{host}: {type(error).__name__}{where}.",
        cause="A mistake in the program, brought to light by what this device answers.",
        next="Report it with this line; the other devices are not concerned.",
        state="Unknown after the last finished step.",
        touched=Touched.UNKNOWN,
        evidence="".join(traceback.format_exception(error))[-4000:],
    )


async def on_host(connect: Connect, host: str, work: Callable[[Client], Awaitable[T]]) -> T:
    """Run `work` with a client of `host`, closed at the end."""
    client = connect(host)
    try:
        return await work(client)
    finally:
        await client.close()


def require_any(outcomes: Sequence[Outcome[T]]) -> None:
    """Raise the fault of a single device; with several, only that the job was stopped."""
    for outcome in outcomes:
        if outcome.fault is None:
            continue
        if len(outcomes) == 1:
            raise FaultError(outcome.fault)
        if outcome.fault.code == job_faults.STOPPED.code:
            raise _stopped(outcome.fault, outcomes)


def _stopped(fault: Fault, outcomes: Sequence[Outcome[T]]) -> FaultError:
    """What a stop means for all of them; the fault is that of one."""
    good = sum(outcome.fault is None for outcome in outcomes)
    return FaultError(
        replace(
            fault,
            what=f"The job was stopped when {good} of {len(outcomes)} devices were done.",
            state="The log has a line for each device.",
            touched=Touched.PARTIAL,
        )
    )


def fleet_result(
    outcomes: Sequence[Outcome[Result]],
    did: str,
    *,
    different: Callable[[Result], bool] | None = None,
    committed: bool = False,
) -> Result:
    """One device: its own result.  Several: `devices`, one each, and one exit code: a fault goes
    before a difference, because not all could be compared.

    With `committed` some of them may be changed, so a device that refused is a fault: exit 3
    would promise that nothing was.
    """
    require_any(outcomes)
    if len(outcomes) == 1 and outcomes[0].value is not None:
        result = outcomes[0].value
        if different is not None and different(result):
            result = {**result, "exit": Exit.DIFFERENT}
        return result
    rows, worst, differ = [], Exit.DONE, 0
    for outcome in outcomes:
        if outcome.fault is not None:
            rows.append({"host": outcome.host, "ok": False, **outcome.known,
                         **outcome.fault.to_json()})  # fmt: skip
            worst = max(worst, Exit.FAULT if committed else outcome.fault.exit)
        elif outcome.value is not None:
            rows.append({"host": outcome.host, "ok": True, **outcome.value})
            if different is not None and different(outcome.value):
                differ += 1
    worst = worst or (Exit.DIFFERENT if differ else Exit.DONE)
    good = sum(bool(row["ok"]) for row in rows)
    summary = f"{good} of {len(rows)} devices {did}"
    summary += f", {differ} differ{'s' * (differ == 1)}" if differ else ""
    summary += f", {len(rows) - good} failed" if good < len(rows) else ""
    return {"summary": summary, "devices": rows, **({"exit": worst} if worst else {})}


def warn_each(report: Reporter, outcomes: Sequence[Outcome[T]]) -> None:
    """Say the fault of every device that failed, when there are several."""
    if len(outcomes) > 1:
        for outcome in outcomes:
            if outcome.fault is not None:
                what = outcome.fault.what
                named = what if outcome.host in what else f"{outcome.host}: {what}"
                report.warn(outcome.fault.code, named)
