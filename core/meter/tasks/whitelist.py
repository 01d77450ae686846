"""Release, bind, and unlock at the module itself: who may connect (meter sheet 3)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from core.events import Question
from core.fault import Touched
from core.job import Reporter, Result
from core.meter import whitelist
from core.meter.reach import Reach
from core.meter.records import Records
from core.meter.session import LOCK_MEANS, OPEN_MEANS, MeterOptions, address_in, visit
from core.store.store import Store

SHORT_FOR = 10
"""Seconds that SWS is held at GND; it acts after 6 to 7 (rulings M4)."""
POWER_UP = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WhitelistOptions(MeterOptions):
    """Nothing more than which module."""


async def release(
    report: Reporter, options: WhitelistOptions, *, reach: Reach, store: Store
) -> Result:
    """Take the lock off.  Result: mac, `left`, `summary`.  Raises METER-NOT-RELEASED."""
    async with visit(report, options, reach=reach, store=store, steps=(1, 3), live=False) as here:
        report.phase("Release", 3, 3)
        if not here.was_bonded:
            report.note("METER-OPEN", "This computer is not paired with it: it was open already.")
        await whitelist.release(here)
        address = here.address
    report.note("METER-LEFT", OPEN_MEANS)
    return {"mac": address, "left": OPEN_MEANS, "summary": "whitelist released"}


async def bind(
    report: Reporter, options: WhitelistOptions, *, reach: Reach, store: Store
) -> Result:
    """Pair, so that only this adapter may connect.  Raises METER-NOT-BOUND."""
    async with visit(report, options, reach=reach, store=store, steps=(1, 3), live=False) as here:
        report.phase("Bind", 3, 3)
        report.note("METER-LOCK", LOCK_MEANS)
        await whitelist.bind(here)
        address = here.address
    return {
        "mac": address,
        "adapter": reach.adapter,
        "summary": f"bound to the adapter {reach.adapter}",
    }


async def unlock(
    report: Reporter, options: WhitelistOptions, *, reach: Reach, store: Store
) -> Result:
    """Guide through the release by the pin SWS, with a stopwatch, then prove it by connecting.

    Result: mac and `summary`.  Raises the faults of connecting when the lock is still there.
    """
    report.phase("Prepare", 1, 5)
    await report.confirm(
        Question(
            "sws-safe",
            "The module is off the meter and out of the cabinet, it is fed with 5 V from a power "
            "bank, and nothing of it is near the mains. Is all of this so?",
        )
    )
    report.phase("Short SWS to GND", 2, 5)
    await report.confirm(
        Question(
            "sws-start",
            f"Take a wire between SWS (PA7) and GND. It must stay for {SHORT_FOR} s; the module "
            "shows nothing. Connect it and say yes at the same moment.",
        )
    )
    for second in range(SHORT_FOR + 1):
        report.progress(second, SHORT_FOR, "seconds")
        if second < SHORT_FOR:
            await report.waiting(asyncio.sleep(1.0))
    report.note("METER-SWS", f"{SHORT_FOR} s are over: take the wire away now.")
    await report.confirm(Question("sws-away", "Is the wire away?"))
    await asyncio.sleep(POWER_UP)
    report.phase("Forget the old pairing here", 3, 5)
    address = address_in(options.address)
    if address and await reach.bonded(address):
        await reach.radio.forget(address)
        report.note("METER-FORGOT", "The old pairing of this computer is removed.")
        await reach.survey(POWER_UP)
    async with visit(report, options, reach=reach, store=store, steps=(4, 5), live=False) as here:
        report.note("METER-OPEN", "The module accepts this computer: the lock is off.")
        Records(store, here.address).bound_to("")
        address = here.address
    return {"mac": address, "summary": "unlocked by SWS", "touched": str(Touched.COMPLETE)}
