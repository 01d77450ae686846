"""A plug with its load on, and off again: what is checked and asked before the relay moves, and
how it is put back however the work ends (rulings O1, O4)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from core.events import Question
from core.fault import FaultError, Touched
from core.job import Reporter
from core.openbk import faults, history, wire
from core.openbk.calibrated import Setting, names, table
from core.openbk.client import Client
from core.openbk.console import require_meter_pins
from core.openbk.lost import Mark, switching
from core.openbk.metering import KINDS, NOTHING, Quantity, broken, factors_of, reachable
from core.openbk.read import Device, read_device
from core.openbk.setting import Readings, Session
from core.openbk.still import require_same
from core.store.store import Store

T = TypeVar("T")
PUT_BACK_TRIES = 3
ANY = {Quantity.VOLTAGE: 230, Quantity.CURRENT: 5, Quantity.POWER: 100}
"""Values that make a factor above the firmware's least one with any load of a socket."""
REST = 0.05
"""Amperes that still show with the relay off when the current does not follow it."""


async def read_checked(
    report: Reporter, client: Client, store: Store, bench_holder: Callable[[str], str]
) -> Device:
    """The device, if its meter may be set: nobody has it open, its factors can be read back.

    Raises OBK-OPEN-DEVICE, OBK-CHIP, OBK-DRIVER-PINS.
    """
    device = await read_device(client)
    await history.keep(store, device, "before")
    holder = bench_holder(device.mac)
    if holder:
        raise faults.SERIAL_BUSY(
            what=f"{device.name} is in use on the bench: {holder}.",
            cause="A serial job of this device runs, so it is open.",
            next="Finish that job and close the case first.",
        )
    if device.chip not in wire.CONFIG_AT:
        raise faults.WRONG_CHIP(
            what=f"Where a {device.chip} keeps its factors is not known.",
            cause="Only BK7231N and BK7231T are.",
            next="Calibrate it by hand on its page.",
        )
    require_meter_pins(await client.pins())
    return device


def relay_of(device: Device, wanted: int | None) -> int:
    """The channel that the load hangs on.  Raises OBK-NO-METER when that is not clear."""
    channels = device.relays
    if wanted is not None and wanted in channels:
        return wanted
    if wanted is None and len(channels) == 1:
        return channels[0]
    raise faults.NO_METER(
        what=f"{device.name} has relays on channels {', '.join(map(str, channels)) or 'none'}.",
        cause="It is not clear which relay the load hangs on.",
        next="Name its channel with --channel." if channels else "Give a pin the role Rel.",
    )


async def ask(
    report: Reporter, device: Device, channel: int, lasts: float, again: float = 0.0
) -> None:
    """The two questions before mains and relay; the second says what the load can give and how
    long it takes: `lasts` seconds, and a second look `again` seconds later."""
    await report.confirm(
        Question(
            "closed",
            f"{device.name}, {device.mac}: is this plug closed and reassembled, not open on a "
            "bench? Mains on an open plug kills.",
        )
    )
    await report.confirm(
        Question(
            "load",
            f"The relay of {device.name} (channel {channel}) will be switched on and off; at the "
            "end it is as it is now. Is only a resistive load behind it, within the plug's rating, "
            "that may lose power: no computer, no router?\n"
            f"{duration_line(lasts, again)}\n{reachable(factors_of(device.profile.calibration))}",
        )
    )
    await report.point_of_no_return("The relay and some factors may have been changed.")


async def under_load(
    session: Session, store: Store, channel: int, work: Callable[[Readings], Awaitable[T]]
) -> T:
    """Driver and relay on, readings steady, then `work`; the relay is put back in any case.

    A fault says what is set and what the relay is.  Raises OBK-NO-METER, OBK-UNSTABLE.
    """
    client, pace = session.client, session.pace
    await require_same(client, session.device)
    with switching(store, session.device, (channel,)) as mark:
        mark.settled = True  # nothing was switched yet
        before = await relay_on(client, channel)
        mark.settled = False
        try:
            await start_driver(session)
            await client.must(f"SetChannel {channel} 1")
            session.report.note(
                "SETTLE", f"Relay on; waiting {pace.settle:.0f} s, then for readings that agree."
            )
            await session.pause(pace.settle)
            await renew_broken(session)
            first = await session.readings()
            require_pulses(first)
            session.report.facts("readings", **first.to_json())
            result = await work(first)
            await client.must(f"SetChannel {channel} {int(before)}")
        except FaultError as error:
            relay = await _put_back(session, channel, before, mark)
            tell_table(session)
            whole = error.fault.touched is Touched.COMPLETE
            raise FaultError(
                replace(
                    error.fault,
                    state=f"{_so_far(session)} {relay}",
                    touched=Touched.COMPLETE if whole else Touched.PARTIAL,
                )
            ) from error
        except (Exception, asyncio.CancelledError):  # a mistake of the program leaves no load on
            relay = await _put_back(session, channel, before, mark)
            session.report.warn("RELAY", f"{_so_far(session)} {relay}")
            tell_table(session)
            raise
    return result


def duration_line(lasts: float, again: float = 0.0) -> str:
    """ "It takes about 4 minutes; with the second look 5 more." """
    text = f"It takes about {_minutes(lasts)}"
    return f"{text}; with the second look {again / 60:.0f} more." if again else f"{text}."


def _minutes(seconds: float) -> str:
    whole = max(1, math.ceil(seconds / 60))
    return "1 minute" if whole == 1 else f"{whole} minutes"


def _so_far(session: Session) -> str:
    """Which factors are set, and which one was being set."""
    done = [setting.quantity for setting in session.done]
    half = [quantity for quantity in session.begun if quantity not in done]
    if not session.begun:
        return "No factor was changed."
    words = [f"Set and kept: {names(done)}."] if done else []
    words += [f"Changed, and not judged yet: {names(half)}."] if half else []
    return " ".join(words)


async def _put_back(session: Session, channel: int, on: bool, mark: Mark) -> str:
    """The relay as it was, after a fault; what is known of it now.  A load must not stay on for
    the sake of one lost answer, so it is tried again."""
    for left in reversed(range(PUT_BACK_TRIES)):
        try:
            await session.client.must(f"SetChannel {channel} {int(on)}")
            mark.settled = True
            return f"The relay is {'on as before' if on else 'off again'}."
        except Exception:  # whatever stands in the way of one try
            if left:
                await asyncio.sleep(session.pace.every)
    return "The relay does not answer; the load may be on. Switch it off at the plug's button."


async def relay_on(client: Client, channel: int) -> bool:
    """The relay's state, as the device has it now."""
    return wire.int_of((await client.must(f"GetChannel {channel}")).value) != 0


async def start_driver(session: Session) -> None:
    """The driver runs, proven by a Status 8 with readings.  Raises OBK-NO-METER."""
    client = session.client
    if await client.energy() is not None:
        return
    require_meter_pins(await client.pins())
    await client.must("startDriver BL0937")
    if await client.energy() is None:
        raise faults.NO_METER(
            what="The metering driver was started and there are no readings.",
            cause="Another metering driver runs, or this build has none.",
            next="Look at the drivers on the device's page.",
        )


async def renew_broken(session: Session) -> None:
    """Give broken factors their usual value: what is shown with them says nothing.

    The firmware has no command for a factor, so it is told any value first and one that lands on
    the usual factor then.  Where no pulses come it stays: the readings will say why.
    """
    client, factors = session.client, await session.factors()
    for quantity in broken(factors):
        kind = KINDS[quantity]
        session.report.warn(
            "FACTOR",
            f"The {quantity} factor in the device is {factors[kind.index]:g}, which is none. It is "
            f"set to the usual {kind.factor:.4g} before anything is measured.",
        )
        session.begun.append(quantity)
        if (await client.command(f"{kind.command} {ANY[quantity]}")).ok:
            await session.pause(session.pace.saved)
            await session.land(quantity, kind.factor, 0.05, 2)
            await session.pause(session.pace.settle)


def require_pulses(readings: Readings) -> None:
    """Raise OBK-NO-METER when nothing at all is shown; many boards show the mains even with the
    relay off, and some only through it."""
    if not any(readings.to_json().values()):
        raise faults.NO_METER(
            what="The driver runs, the relay is on, and the meter shows 0 V, 0 A and 0 W.",
            cause="BL0937CF1 or BL0937SEL is on the wrong pin, or the plug is not at the mains.",
            next="Check the pins against the profile of this plug.",
        )


async def check_no_load(session: Session, channel: int) -> dict[str, Any]:
    """Relay off: current and power must go to 0."""
    await session.client.must(f"SetChannel {channel} 0")
    await session.pause(session.pace.settle)
    energy = await session.shown("without load")
    power, current = energy.power or 0.0, energy.current or 0.0
    good = power < NOTHING and current < 0.02
    if not good:
        cause = (
            "The current does not follow the relay: BL0937SEL or BL0937CF1 is on the wrong pin."
            if power < NOTHING and current > REST
            else "Flag 38 forces 0 when all relays are off."
        )
        session.report.warn(
            "NO-LOAD",
            f"With the relay off it still shows {power:.1f} W and {current:.3f} A. {cause}",
        )
    return {"power": power, "current": current, "zero": good}


async def keep_factors(session: Session, store: Store) -> None:
    """The configuration with the factors that are in flash now, kept in the device's history."""
    device = session.device
    found = await session.factors()
    calibration = replace(
        device.profile.calibration,
        voltage=found.voltage,
        current=found.current,
        power=found.power,
    )
    now = replace(device, profile=replace(device.profile, calibration=calibration))
    await history.keep(store, now, "applied")


def tell_table(session: Session, *more: str) -> None:
    """What is set: a table for people, and the values for the record; nothing when nothing is."""
    if session.done:
        values = {str(setting.quantity): setting.to_json() for setting in session.done}
        session.report.facts("calibration", lines=[*table(session.done), *more], **values)


def off_limits(done: list[Setting]) -> list[Setting]:
    """Those that did not reach their tolerance."""
    return [setting for setting in done if not setting.good]
