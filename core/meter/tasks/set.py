"""Set: kind, address, period, scale, key; each read back, the meter asked at once, the air
compared, and the whitelist left as the technician wants it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace

from core.events import Question
from core.fault import FaultError
from core.job import Reporter, Result
from core.meter import adverts, faults, log, models, scale, whitelist, wire
from core.meter.reach import Reach
from core.meter.session import LISTEN, MeterOptions, Visit, visit
from core.meter.tasks.show import texts, wrong_scale
from core.meter.wanted import Wanted, checked, of_before, scale_step, steps
from core.meter.wire import Id
from core.meter.writing import (
    ANSWER,
    answer_of,
    asked,
    confirmed,
    no_answer,
    so_far,
    write_all,
)
from core.store.store import Store

PHASES = 6
BACK_ON_AIR = 8.0
"""Seconds until both frames of the module are heard again after a disconnect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOptions(MeterOptions):
    """`new_key` makes a random key and stores it.  `right_scale` takes the word that fits the
    kind of meter.  `undo` goes back to what was before the last `set`.  `leave` answers how the
    whitelist is left, "open" or "bind"; empty asks.  `go_on` is the command that continues."""

    wanted: Wanted = field(default_factory=Wanted)
    new_key: bool = False
    right_scale: bool = False
    undo: bool = False
    leave: str = ""
    go_on: tuple[str, ...] = ()


async def set_up(report: Reporter, options: SetOptions, *, reach: Reach, store: Store) -> Result:
    """Result: the settings now, `confirmed`, `answer`, `left`, `summary`.

    Raises METER-NO-ANSWER when all is set and the meter keeps silent, METER-UNCHANGED, METER-OLD,
    METER-ADDRESS, METER-NO-UNDO, METER-LOST, and the faults of connecting.
    """
    if options.wanted.nothing and not (options.new_key or options.right_scale or options.undo):
        raise faults.NOTHING(
            what="No setting was given.",
            cause="The command names the module only.",
            next="Say what to set, as in --meter-address 20109.",
        )
    report.will_change()
    go_on = options.go_on
    async with visit(report, options, reach=reach, store=store, steps=(1, PHASES)) as here:
        await texts(here)
        here.tell()
        wanted = checked(_wanted(options, here), here.status)
        report.facts("plan", lines=wanted.lines)
        report.phase("Compare", 3, PHASES)
        await _sure(here)
        old, old_key = here.status, await _key_of(here)
        if not options.undo:  # an interrupted undo must find the old settings again
            here.records.keep_before(old, old_key)
        report.phase("Write and read back", 4, PHASES)
        done = await write_all(here, steps(wanted, here.status), go_on)
        if wanted.key:
            store.keys.set_bind_key(here.address, wanted.key)
        done += await _mend_scale(here, wanted, options)
        report.phase("Ask the meter", 5, PHASES)
        answer = await _asked(here, done, go_on, by_kind_only=wanted.address is None)
        silent = None if answer or not _expected(here) else no_answer(here, done, go_on)
        if silent is None or options.undo:
            here.records.settled()
            if options.undo:
                here.records.keep_before(old, old_key)
                here.records.settled()
        report.phase("Leave", 6, PHASES)
        told = answer or "The meter did not answer."
        as_it_was = f"{so_far(done, ())} {told} Who may connect is as before."
        await report.point_of_no_return(as_it_was, go_on)
        with confirmed(done, go_on):  # never broken off: half released is locked out
            left = await _leave(here, options.leave, silent)
        found = here.result()
    if silent is not None:
        raise silent
    await _compared(report, here, reach, store)
    return {**found, "confirmed": done, "answer": answer, "left": left, "summary": _summary(here)}


def _wanted(options: SetOptions, here: Visit) -> Wanted:
    wanted = options.wanted
    if options.undo:
        before = here.records.before()
        if before is None:
            raise faults.NO_UNDO(
                what=f"No older settings of {here.address} are kept here.",
                cause="It was never set from this computer, or the data folder is another one.",
                next="Set it anew.",
            )
        if not before.address and here.status.address:
            here.report.warn(
                "METER-UNDO",
                f"No address was set before; {here.status.address} stays, because the module takes "
                "no empty one. Clear removes it.",
            )
        return of_before(before, here.records.key_before())
    if options.new_key:
        wanted = replace(wanted, key=secrets.token_bytes(16))
    if options.right_scale and here.status.generation.has_scale:
        kind = models.model_of(wanted.model if wanted.model is not None else here.status.model)
        wanted = replace(wanted, scale=scale.RIGHT[kind.number])
    return wanted


async def _sure(here: Visit) -> None:
    """Show which module this is, and ask when another one is in range (rulings M3)."""
    status, live = here.status, here.client.live
    tariffs = "  ".join(
        scale.shown(name, live[name], status.scale)
        for name in ("tariff1", "tariff2", "tariff3")
        if name in live
    )
    model = models.model_of(status.model)
    text = (
        f"{here.address} at {here.reach.rssi(here.address)} dBm, {model.title}, "
        f"meter address {status.address}, serial {here.client.serial or 'not read'}, "
        f"T1 to T3: {tariffs}"
    )
    here.report.note("METER-IS", text)
    others = [
        f"{a.address} at {a.rssi} dBm" for a in here.reach.modules() if a.address != here.address
    ]
    if others:
        await here.report.confirm(
            Question(
                "twin",
                f"Another module is in range: {', '.join(others)}. Connected is {text}. Is this "
                "the right one? Compare the tariffs with the meter's display.",
            )
        )


async def _key_of(here: Visit) -> bytes | None:
    """The module's key, which goes into the record for --undo."""
    client = here.client
    if here.status.encrypted:
        await client.until(lambda: client.key is not None, ANSWER)
    return client.key


async def _mend_scale(here: Visit, wanted: Wanted, options: SetOptions) -> list[str]:
    """Offer the right word where the kind of meter brought a wrong one (rulings M9)."""
    status = here.status
    right = scale.correction(status.model, status.scale)
    if right is None or wanted.scale is not None:
        return []
    text = wrong_scale(status.model, status.scale, right)
    answer = await here.report.ask(Question("scale", f"{text} Set it?", unattended="no"))
    if answer != "yes":
        here.report.warn("METER-SCALE", text)
        return []
    return await write_all(here, [scale_step(right)], options.go_on)


def _expected(here: Visit) -> bool:
    """Whether a meter is to be expected at all: with address 0 nothing is set up yet."""
    model = models.model_of(here.status.model)
    return not model.has_address or here.status.address != 0


async def _asked(
    here: Visit, done: list[str], go_on: tuple[str, ...], *, by_kind_only: bool
) -> str:
    """`_ask_meter`, and the live values after it; may be stopped, for all is written."""
    report = here.report
    await report.point_of_no_return(f"{so_far(done, ())} The meter was not asked.", go_on)
    with confirmed(done, go_on):
        answer = await report.waiting(_ask_meter(here, by_kind_only=by_kind_only))
        await report.waiting(here.client.read_live())
    here.tell()
    return answer


async def _ask_meter(here: Visit, *, by_kind_only: bool) -> str:
    """The meter's answer, as a sentence; empty for none (rulings M8).

    A poll that F9 made ran at the speed of the kind before, so its silence says nothing.
    """
    client, status = here.client, here.status
    certain = log.polled(here.poll_lines)
    if by_kind_only and log.trouble(here.poll_lines):
        certain = False
    if not certain and status.generation.knows(Id.MODEL):
        # the same kind again: the module forgets the serial number and asks anew
        client.texts = 0
        await client.send(wire.set_model(models.model_of(status.model).number))
        await asked(here)
    elif not certain and not client.serial:
        client.texts = 0
        await client.send(wire.IDENTIFY)
        await asked(here)
    answer = answer_of(here)
    if answer:
        here.report.note("METER-ANSWERED", answer)
    address, serial = here.status.address, client.serial
    if answer and here.status.model in (1, 2) and serial.isdigit():
        own = int(serial[-5:])
        if own != address:
            here.report.warn(
                "METER-OTHER-SERIAL",
                f"The serial number ends in {own}, the address is {address}: compare both with "
                "the display.",
            )
    return answer


async def _leave(here: Visit, leave: str, silent: FaultError | None) -> str:
    """How the whitelist is left.  After a silent meter somebody comes back: as it was."""
    if silent is not None and not leave:
        return ""
    bonded = await here.reach.bonded(here.address)
    choice = leave or await here.report.ask(whitelist.question(here, bonded))
    left = await whitelist.finish(here, choice)
    here.report.note("METER-LEFT", left)
    return left


async def _compared(report: Reporter, here: Visit, reach: Reach, store: Store) -> None:
    """`_compare`; it may be stopped, because all that was asked for is done."""
    try:
        await report.waiting(_compare(report, here, reach, store))
    except FaultError as error:
        if error.fault.code != "STOPPED":
            raise
        report.warn("METER-ADVERT", "Stopped before the adverts were compared; all else is done.")


async def _compare(report: Reporter, here: Visit, reach: Reach, store: Store) -> None:
    """The first adverts after the connection against its live values (rulings M7)."""
    key = store.keys.bind_key(here.address)
    heard = adverts.merged(await reach.listen(here.address, BACK_ON_AIR + LISTEN), key)
    if not heard:
        report.warn("METER-ADVERT", "No readable advert came after the connection.")
        return
    odd = adverts.disagreements(heard, here.client.live, here.status.scale)
    for text in odd:
        report.warn("METER-ADVERT", text)
    if not odd:
        report.note("METER-ADVERT", "The adverts agree with the meter's values.")


def _summary(here: Visit) -> str:
    status = here.status
    what = f"address {status.address} set, read back" if status.address else "set, read back"
    return f"{what}, meter serial {here.client.serial}" if here.client.serial else what
