"""Reboot, clear and log: looking after a module."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from core.events import Question
from core.fault import FaultError, Touched
from core.job import Reporter, Result
from core.meter import faults, log, wire
from core.meter.reach import Reach
from core.meter.session import MeterOptions, Visit, visit
from core.meter.wire import Status
from core.meter.writing import ANSWER, so_far
from core.store.store import Store

BACK = 30.0
"""Seconds within which a module that restarts is heard again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CareOptions(MeterOptions):
    """`seconds` is how long the log is followed; 0 means until it is stopped."""

    seconds: float = 0.0


async def reboot(report: Reporter, options: CareOptions, *, reach: Reach, store: Store) -> Result:
    """Restart the module.  It restarts after the disconnect, so that is part of it.

    Raises METER-UNCHANGED when it did not take the command.
    """
    report.will_change()
    async with visit(report, options, reach=reach, store=store, steps=(1, 4), live=False) as here:
        report.phase("Restart", 3, 4)
        await report.point_of_no_return("The restart was sent and not confirmed.")
        await here.client.send(wire.REBOOT)
        if not await here.log_says(log.REBOOT_ARMED):
            await here.client.send(wire.REBOOT)
            if not await here.log_says(log.REBOOT_ARMED):
                raise _not_taken("Restart")
        address = here.address
    await report.point_of_no_return("The module took the restart; it was not heard again yet.")
    report.phase("Wait for it", 4, 4)
    if not await report.waiting(reach.listen(address, BACK)):
        report.warn("METER-AWAY", f"The module was not heard within {BACK:.0f} s.")
    return {"mac": address, "summary": "restarted"}


def _not_taken(what: str) -> FaultError:
    return faults.UNCHANGED(
        what=f"{what}: the module's log did not confirm it, though it was told twice.",
        cause="The command was lost, or the log was.",
        next="Repeat.",
        state="As before, or the command was taken and its confirmation lost.",
        touched=Touched.UNKNOWN,
    )


async def clear(report: Reporter, options: CareOptions, *, reach: Reach, store: Store) -> Result:
    """Back to factory settings; asks first and says what is lost.  Pairings stay.

    Raises METER-UNCHANGED.
    """
    report.will_change()
    async with visit(report, options, reach=reach, store=store, steps=(1, 4)) as here:
        report.phase("Ask", 3, 4)
        if here.status.encrypted:
            await here.client.until(lambda: here.client.key is not None, ANSWER)
        await report.confirm(Question("clear", _lost(here)))
        here.records.keep_before(here.status, here.client.key)
        report.phase("Clear", 4, 4)
        await report.point_of_no_return(so_far((), ("factory settings",)))
        here.client.key = None
        await here.client.send(wire.CLEAR)
        # the status that the command itself sends is stale in parts: only fresh ones count
        if not await report.waiting(here.client.read_back(factory)):
            raise _not_taken("Clear")
        here.records.settled()
        here.tell()
        found = here.result()
    return {**found, "summary": "settings cleared; the pairing is as it was"}


def factory(status: Status) -> bool:
    return status.address == 0 and status.period == 1 and not status.encrypted


def _lost(here: Visit) -> str:
    s = here.status
    key = ", the bind key (receivers stop until they are told)" if s.encrypted else ""
    kind = f", kind of meter {s.model}" if s.model is not None else ""
    scale = f", scale 0x{s.scale:04X}" if s.scale is not None else ""
    return (
        f"Clear loses the meter's address {s.address}, the period of {s.period} min{kind}{scale}"
        f"{key} and all readings until the meter is set up again. The whitelist stays as it is. "
        "Clear it?"
    )


async def follow_log(
    report: Reporter, options: CareOptions, *, reach: Reach, store: Store
) -> Result:
    """The module's log, line by line, until stopped, until the module hangs up, or for
    `seconds`.  The key that it prints is left out.  Result: how many `lines`."""
    count = 0

    def line(text: str) -> None:
        nonlocal count
        count += 1
        report.note("METER-LOG", text)

    async with visit(
        report, options, reach=reach, store=store, log_line=line, steps=(1, 3), live=False
    ) as here:
        report.phase("Follow the log", 3, 3)
        lasts = min(options.seconds or here.client.seconds_left, here.client.seconds_left)
        try:
            async with asyncio.timeout(lasts):
                await here.link.lost.wait()
        except TimeoutError:
            pass
    return {"mac": here.address, "lines": count, "summary": f"{count} lines"}
