"""Calibrate the meter of a closed plug with a known load (rulings O4, O5)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from core.events import Question
from core.fault import Touched
from core.job import Reporter, Result
from core.openbk import faults, history, wire
from core.openbk.client import Client, Connect
from core.openbk.console import require_meter_pins
from core.openbk.fleet import on_host
from core.openbk.lost import switching
from core.openbk.metering import (
    NOTHING,
    Quantity,
    factor_of,
    pulse_line,
    require_plausible,
    require_resistive,
    symptom,
)
from core.openbk.read import Device, read_device
from core.openbk.setting import SETTLE, Readings, Setting, readings, set_quantity
from core.store.store import Store

PHASES = 8
DRIVER_WITHIN = 10.0
AGAIN_AFTER = 300.0

Reference = Callable[[Quantity, wire.Energy], Awaitable[float | None]]
"""Gives the true value of a quantity when it is asked for, with what the device shows; None
leaves the quantity as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateOptions:
    """`channel` is the relay's, None for the only one; `reset_energy` sets the total to 0 (the old
    one is recorded); `again` takes a second reading five minutes later."""

    host: str
    channel: int | None = None
    reset_energy: bool = False
    again: bool = True


def fixed(
    *, voltage: float | None = None, current: float | None = None, power: float | None = None
) -> Reference:
    """References that were read before.  Raises OBK-REFERENCE when they cannot be true."""
    values = {Quantity.VOLTAGE: voltage, Quantity.CURRENT: current, Quantity.POWER: power}
    for quantity, value in values.items():
        if value is not None:
            require_plausible(value, quantity)
    if voltage and current and power:
        require_resistive(voltage, current, power)

    async def give(quantity: Quantity, _energy: wire.Energy) -> float | None:
        return values[quantity]

    return give


async def calibrate(
    report: Reporter,
    options: CalibrateOptions,
    reference: Reference,
    *,
    connect: Connect,
    store: Store,
    bench_holder: Callable[[str], str] = lambda _mac: "",
) -> Result:
    """Set voltage, current and power by the averaging rule and judge each by its tolerance.

    `bench_holder(mac)` names a serial job of this device that runs, or is empty.  Result: one
    entry a quantity (reference, before, after, factor, error, tolerance, tries), `no_load`,
    `again`, `energy_before`.  Raises OBK-OPEN-DEVICE, OBK-DRIVER-PINS, OBK-NO-METER,
    OBK-UNSTABLE, OBK-REFERENCE, OBK-NOT-IN-TOLERANCE.
    """
    return await on_host(
        connect,
        options.host,
        lambda client: _calibrate(report, client, options, reference, store, bench_holder),
    )


async def _calibrate(
    report: Reporter,
    client: Client,
    options: CalibrateOptions,
    reference: Reference,
    store: Store,
    bench_holder: Callable[[str], str],
) -> Result:
    report.phase("Read", 1, PHASES)
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
    channel = _channel(device, options.channel)
    require_meter_pins(await client.pins())
    await _ask(report, device, channel)
    await report.point_of_no_return("The relay and some factors may have been changed.")
    with switching(store, device, device.relays):
        return await _with_load(report, client, device, channel, options, reference)


def _channel(device: Device, wanted: int | None) -> int:
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


async def _ask(report: Reporter, device: Device, channel: int) -> None:
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
            f"The relay of {device.name} (channel {channel}) will be switched on, and off at the "
            "end. Is only a resistive load behind it, within the plug's rating, that may lose "
            "power: no computer, no router?",
        )
    )


async def _with_load(
    report: Reporter,
    client: Client,
    device: Device,
    channel: int,
    options: CalibrateOptions,
    reference: Reference,
) -> Result:
    report.phase("Driver and relay", 2, PHASES)
    await start_driver(client)
    await client.must(f"SetChannel {channel} 1")
    report.note("SETTLE", f"Relay on; waiting {SETTLE:.0f} s, then for three readings that agree.")
    await report.waiting(asyncio.sleep(SETTLE))
    first = await readings(client, report)
    report.facts("readings", **first.to_json())
    report.phase("References", 3, PHASES)
    wanted = await _references(report, client, device, reference, first)
    done: list[Setting] = []
    for index, quantity in enumerate(Quantity, 4):
        value = wanted.get(quantity)
        if value is None:
            continue
        report.phase(f"Set the {quantity}", index, PHASES)
        done.append(await set_quantity(client, report, device, quantity, value))
    report.phase("Without load", 7, PHASES)
    no_load = await _no_load(report, client, channel)
    report.phase("Record", 8, PHASES)
    extra = await _record(report, client, channel, options, device, wanted)
    result = _result(device, done, no_load, extra)
    _require_tolerance(done, result)
    return result


async def start_driver(client: Client) -> None:
    """The driver runs, proven by a Status 8 with readings.  Raises OBK-NO-METER."""
    if await client.energy() is None:
        require_meter_pins(await client.pins())
        await client.must("startDriver BL0937")
    loop = asyncio.get_running_loop()
    end = loop.time() + DRIVER_WITHIN
    while loop.time() < end:
        energy = await client.energy()
        if energy is not None and (energy.voltage or energy.current or energy.power):
            return
        await asyncio.sleep(1.0)
    raise faults.NO_METER(
        what="The metering driver was started and shows nothing.",
        cause="BL0937CF1 or BL0937SEL is on the wrong pin, or the plug is not at the mains.",
        next="Check the pins against the profile of this plug.",
    )


async def _references(
    report: Reporter, client: Client, device: Device, reference: Reference, first: Readings
) -> dict[Quantity, float]:
    """What is wanted of each quantity; pins that look exchanged end it here."""
    factors = await read_factors(client, device)
    energy = first.energy
    found: dict[Quantity, float] = {}
    for quantity in Quantity:
        value = await report.waiting(_value(reference, quantity, energy))
        if value is not None:
            require_plausible(value, quantity)
            found[quantity] = value
            report.note("PULSES", pulse_line(quantity, value, factor_of(factors, quantity)))
    words = symptom(energy, found, factors)
    if words:
        raise faults.NO_METER(
            what=words,
            cause="The roles of the metering pins do not fit this board, or there is no load.",
            next="Correct the role, restart the device, and begin again.",
            state="The relay is on; no factor was changed.",
            touched=Touched.PARTIAL,
        )
    return found


async def _value(reference: Reference, quantity: Quantity, energy: wire.Energy) -> float | None:
    return await reference(quantity, energy)


async def read_factors(client: Client, device: Device) -> wire.Factors:
    """The factors in flash; the device saves them within two seconds."""
    place = wire.CONFIG_AT.get(device.chip)
    if place is None:
        return wire.Factors(0.0, 0.0, 0.0)
    return wire.Factors.unpack(await client.flash(place + wire.FACTORS_AT, 12))


async def _no_load(report: Reporter, client: Client, channel: int) -> dict[str, Any]:
    """Relay off: current and power must go to 0."""
    await client.must(f"SetChannel {channel} 0")
    await asyncio.sleep(SETTLE)
    energy = await client.energy()
    power = (energy.power if energy else None) or 0.0
    current = (energy.current if energy else None) or 0.0
    good = power < NOTHING and current < 0.02
    if not good:
        report.warn(
            "NO-LOAD",
            f"With the relay off it still shows {power:.1f} W and {current:.3f} A. Flag 38 forces "
            "0 when all relays are off.",
        )
    return {"power": power, "current": current, "zero": good}


async def _record(
    report: Reporter,
    client: Client,
    channel: int,
    options: CalibrateOptions,
    device: Device,
    wanted: dict[Quantity, float],
) -> dict[str, Any]:
    """The old total, and the second reading with the load on again."""
    found: dict[str, Any] = {}
    energy = await client.energy()
    found["energy_before"] = energy.total if energy else None
    if options.reset_energy:
        await client.must("EnergyCntReset")
    if options.again and wanted:
        await client.must(f"SetChannel {channel} 1")
        report.note("AGAIN", f"A second reading follows in {AGAIN_AFTER / 60:.0f} minutes.")
        await report.waiting(asyncio.sleep(AGAIN_AFTER))
        later = await readings(client, report)
        found["again"] = {
            str(quantity): round(later.mean(quantity) / value - 1, 5)
            for quantity, value in wanted.items()
        }
    was_on = any(device.status.relays.values())
    await client.must(f"SetChannel {channel} {1 if was_on else 0}")
    return found


def _result(
    device: Device, done: list[Setting], no_load: dict[str, Any], extra: dict[str, Any]
) -> Result:
    words = ", ".join(setting.line() for setting in done) or "nothing to set"
    return {
        "summary": f"{device.name}: {words}",
        "mac": device.mac,
        "name": device.name,
        **{str(setting.quantity): setting.to_json() for setting in done},
        "no_load": no_load,
        **extra,
    }


def _require_tolerance(done: list[Setting], result: Result) -> None:
    wrong = [setting for setting in done if not setting.good]
    if wrong:
        raise faults.NOT_CALIBRATED(
            what="; ".join(setting.line() for setting in wrong) + ".",
            cause="The load gives too few pulses, or it is not steady.",
            next="Use a resistive load of 500 W or more and repeat.",
            state=f"The best factors are kept. {result['summary']}.",
            touched=Touched.COMPLETE,
        )
