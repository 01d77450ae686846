"""Release, bind, and unlock at the module itself: who may connect (meter sheet 3)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from core.events import Question
from core.fault import FaultError, Touched
from core.job import Reporter, Result
from core.meter import whitelist
from core.meter.reach import Reach
from core.meter.records import Records
from core.meter.session import LOCK_MEANS, OPEN_MEANS, MeterOptions, address_in, visit
from core.store.store import Store

SHORT_FOR, ACTS_AT = 10, 6
"""Seconds that SWS is held at GND, and from when on it may have acted (rulings M4)."""
POWER_UP = 3
"""Seconds until the module is on the air again."""
TOO_SHORT = (
    f"SWS was at GND for less than {ACTS_AT} s: the lock is most likely still on. Take the wire "
    "away."
)
PERHAPS = (
    f"SWS was at GND for {ACTS_AT} s or more: the lock may be off; nobody has connected to look. "
    "Take the wire away."
)
HELD = (
    f"SWS was at GND for {SHORT_FOR} s: the lock is off, unless the module was asking its meter "
    "just then. Nobody has connected to look."
)
REFUSED = f"SWS was at GND for {SHORT_FOR} s; that the lock is off is not proven."


@dataclass(frozen=True, slots=True, kw_only=True)
class WhitelistOptions(MeterOptions):
    """`tick` is how long a second of the guided release lasts; a test has no 10 s."""

    tick: float = 1.0


async def release(
    report: Reporter, options: WhitelistOptions, *, reach: Reach, store: Store
) -> Result:
    """Take the lock off.  Result: mac, `left`, `summary`.  Raises METER-NOT-RELEASED."""
    report.will_change()
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
    report.will_change()
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

    From the moment the wire is at SWS the module may change, though no byte is sent to it; every
    end from there on says how far it came.  Result: mac and `summary`.  Raises the faults of
    connecting when the lock is still there.
    """
    report.will_change()
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
    await _stopwatch(report, options)
    look = ("wattbench", "meter", "show", options.address)
    await report.point_of_no_return(HELD, look)
    await report.waiting(asyncio.sleep(POWER_UP * options.tick))
    report.phase("Forget the old pairing here", 3, 5)
    address = address_in(options.address)
    if address and await reach.bonded(address):
        await reach.radio.forget(address)
        report.note("METER-FORGOT", "The old pairing of this computer is removed.")
        await report.waiting(reach.survey(POWER_UP * options.tick))
    try:
        async with visit(
            report, options, reach=reach, store=store, steps=(4, 5), live=False
        ) as here:
            report.note("METER-OPEN", "The module accepts this computer: the lock is off.")
            Records(store, here.address).bound_to("")
            address = here.address
    except FaultError as error:
        if error.fault.code == "STOPPED":
            raise
        state = replace(error.fault, state=REFUSED, touched=Touched.UNKNOWN)
        raise FaultError(state) from error
    return {"mac": address, "summary": "unlocked by SWS", "touched": str(Touched.COMPLETE)}


async def _stopwatch(report: Reporter, options: WhitelistOptions) -> None:
    """Count the seconds with the wire at SWS, and have it taken away."""
    again = ("wattbench", "meter", "unlock", options.address)
    for second in range(SHORT_FOR + 1):
        if second in (0, ACTS_AT):
            await report.point_of_no_return(PERHAPS if second else TOO_SHORT, again)
        report.progress(second, SHORT_FOR, "seconds")
        if second < SHORT_FOR:
            await report.waiting(asyncio.sleep(options.tick))
    report.note("METER-SWS", f"{SHORT_FOR} s are over: take the wire away now.")
    await report.confirm(Question("sws-away", "Is the wire away?"))
