"""The end of a visit: leave the module open, or bind it to this computer (rulings M2)."""

from __future__ import annotations

from core.events import Choice, Question
from core.fault import FaultError, Touched
from core.meter import faults
from core.meter.session import LOCK_MEANS, OPEN_MEANS, Visit, leave_open

LEAVE_OPEN, BIND = "open", "bind"


def question(here: Visit, bonded: bool) -> Question:
    """Which of the two it shall be.  `bonded` is whether this computer is paired with it now."""
    now = "It is bound to this computer now." if here.was_bonded else "It is open now."
    if bonded and not here.was_bonded:
        now = (
            "Just now this computer has paired with it though nobody asked, because another "
            "program answers pairing requests here."
        )
    as_it_was = BIND if here.was_bonded else LEAVE_OPEN
    return Question(
        "whitelist",
        f"{LOCK_MEANS} {now} How shall it be left?",
        choices=(
            Choice(LEAVE_OPEN, "leave open: any computer may set it up, and read its key"),
            Choice(BIND, f"bind: only this adapter, {here.reach.adapter}"),
        ),
        assumed=as_it_was,
        unattended=as_it_was,
    )


async def finish(here: Visit, choice: str) -> str:
    """Do it; returns how the module is left, as a sentence.  Ends the connection when it was
    released.  Raises METER-NOT-RELEASED, METER-NOT-BOUND."""
    if choice == BIND:
        await bind(here)
        return f"Bound to this computer's adapter {here.reach.adapter}."
    if here.was_bonded or await here.reach.bonded(here.address):
        await release(here)
    else:
        here.records.bound_to("")
    return OPEN_MEANS


async def release(here: Visit) -> None:
    """Release the whitelist, with the module's log as the proof.  Raises METER-NOT-RELEASED."""
    await here.report.point_of_no_return("The release was sent and not confirmed.")
    if not await leave_open(here):
        raise faults.NOT_RELEASED(
            what='The module\'s log did not say "Reset whitelist", though it was told twice.',
            cause="The command was lost, or the log was.",
            next="Repeat the release.",
            state="The module is probably still bound to this computer.",
            touched=Touched.UNKNOWN,
        )
    here.report.note("METER-RELEASED", "The module confirmed the release; no computer owns it now.")


async def bind(here: Visit) -> None:
    """Pair, and leave it so.  Raises METER-NOT-BOUND."""
    if not await here.reach.bonded(here.address):
        await here.report.point_of_no_return("The pairing was begun and not confirmed.")
        here.keep_bond = True
        try:
            async with here.reach.radio.agent():
                await here.link.pair()
        except FaultError as error:
            raise _not_bound(error.fault.what) from error
        if not await here.reach.bonded(here.address):
            raise _not_bound("The pairing ended without a stored bond.")
    here.keep_bond = True
    here.records.bound_to(here.reach.adapter)
    here.report.note(
        "METER-BOUND-HERE", f"Bound: from now on only {here.reach.adapter} can connect."
    )


def _not_bound(what: str) -> FaultError:
    return faults.NOT_BOUND(
        what=what,
        cause="The connection was too weak, or another program answers pairing requests here.",
        next="Go nearer and repeat; or leave the module open.",
        state="The module is probably open, as it was.",
        touched=Touched.UNKNOWN,
    )
