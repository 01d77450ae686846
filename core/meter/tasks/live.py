"""Live values: connected for as long as somebody looks, with the five minutes counted down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from core.fault import FaultError
from core.job import Reporter, Result
from core.meter.reach import Reach
from core.meter.session import MeterOptions, Visit, visit
from core.meter.tasks.show import oddities, texts
from core.store.store import Store

TICK = 1.0
REREAD = 10.0
"""How often all values are read: for some of them firmware tells no change (sheet 2.2)."""
TOUCHED = 120.0
"""Seconds after the last key within which a connection is made anew (rulings M6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions(MeterOptions):
    """`idle` says how many seconds ago somebody last touched the form."""

    idle: Callable[[], float] = lambda: 0.0
    visits: int = 0
    """How many connections at most; 0 is as many as are wanted."""


async def live(report: Reporter, options: LiveOptions, *, reach: Reach, store: Store) -> Result:
    """Show live values until stopped.  After a hang-up it connects again only while the form is
    in use, because a connected module is invisible to everybody else.

    Result: `visits`, `summary`.
    """
    visits = 0
    while True:
        visits += 1
        try:
            await _one(report, options, reach, store, first=visits == 1)
        except FaultError as error:
            if error.fault.code not in ("METER-LOST", "RADIO-LOST"):
                raise
            report.note("METER-HUNG-UP", error.fault.cause)
        if visits == options.visits or options.idle() > TOUCHED:
            break
        report.note("METER-AGAIN", "Connecting again, because the form is in use.")
    return {"visits": visits, "summary": "watched; the module is on the air again"}


async def _one(
    report: Reporter, options: LiveOptions, reach: Reach, store: Store, *, first: bool
) -> None:
    async with visit(report, options, reach=reach, store=store, steps=(1, 3)) as here:
        await texts(here)
        if first:
            for code, text in oddities(here):
                report.warn(code, text)
        await here.client.watch_live()
        report.phase("Live", 3, 3)
        await _watch(here)


async def _watch(here: Visit) -> None:
    """Until the connection ends, which raises METER-LOST."""
    loop = asyncio.get_running_loop()
    reread = loop.time() + REREAD
    while True:
        here.tell()
        await here.client.until(lambda: False, TICK)
        if loop.time() >= reread:
            reread = loop.time() + REREAD
            await here.client.read_live()
