"""Calibrate the meter of a closed plug with a known load (rulings O4, O5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from core.fault import Touched
from core.job import Reporter, Result
from core.openbk import faults, wire
from core.openbk.calibrated import percent
from core.openbk.client import Client, Connect
from core.openbk.fleet import on_host
from core.openbk.loaded import (
    ask,
    check_no_load,
    keep_factors,
    off_limits,
    read_checked,
    relay_of,
    tell_table,
    under_load,
)
from core.openbk.metering import (
    Quantity,
    factor_of,
    factors_of,
    one_pulse,
    pulse_line,
    require_fits,
    require_plausible,
    require_resistive,
    symptom,
)
from core.openbk.setting import Pace, Readings, Session, set_quantity
from core.store.store import Store

PHASES = 7
RESISTIVE = 0.95
"""Power factors below this are not those of a heater."""
FINE = 0.005
"""Share of the reference that one pulse may be until the load counts as too light."""

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
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A reference whose values were read before."""

    values: dict[Quantity, float]

    async def __call__(self, quantity: Quantity, _energy: wire.Energy) -> float | None:
        return self.values.get(quantity)


def fixed(
    *, voltage: float | None = None, current: float | None = None, power: float | None = None
) -> Fixed:
    """References that were read before.  Raises OBK-REFERENCE when they cannot be true."""
    given = {Quantity.VOLTAGE: voltage, Quantity.CURRENT: current, Quantity.POWER: power}
    values = {quantity: value for quantity, value in given.items() if value is not None}
    require_true(values)
    return Fixed(values)


def require_true(values: dict[Quantity, float]) -> None:
    """Raise OBK-REFERENCE for values that no resistive load at a socket has."""
    for quantity, value in values.items():
        require_plausible(value, quantity)
    if len(values) == len(Quantity):
        require_resistive(*(values[quantity] for quantity in Quantity))


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
    entry a quantity (reference, before, after, factor, error, tolerance, uncertainty, tries),
    `power_factor`, `no_load`, `again`, `energy_before`.  Raises OBK-OPEN-DEVICE, OBK-DRIVER-PINS,
    OBK-NO-METER, OBK-UNSTABLE, OBK-REFERENCE, OBK-NOT-IN-TOLERANCE.
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
    device = await read_checked(report, client, store, bench_holder)
    channel = relay_of(device, options.channel)
    known = reference.values if isinstance(reference, Fixed) else {}
    now = factors_of(device.profile.calibration)
    for quantity, value in known.items():
        report.note("PULSES", pulse_line(quantity, value, factor_of(now, quantity)))
    count = len(known) if isinstance(reference, Fixed) else len(Quantity)
    await ask(
        report,
        device,
        channel,
        options.pace.lasts(count),
        options.pace.again if options.again else 0.0,
    )
    report.phase("Driver and relay", 2, PHASES)
    session = Session(client, report, device, options.pace)

    async def work(first: Readings) -> Result:
        return await _set_all(session, store, channel, options, reference, first)

    return await under_load(session, store, channel, work)


async def _set_all(
    session: Session,
    store: Store,
    channel: int,
    options: CalibrateOptions,
    reference: Reference,
    first: Readings,
) -> Result:
    """Every quantity, the check without load, and the record."""
    report = session.report
    factors = await session.factors()
    require_right_pins(first.energy, {}, factors)
    wanted: dict[Quantity, float] = {}
    for index, quantity in enumerate(Quantity, 3):
        report.phase(f"Set the {quantity}", index, PHASES)
        value = await _reference(session, reference, quantity)
        if value is None:
            continue
        wanted[quantity] = value
        require_true(wanted)
        require_right_pins(first.energy, wanted, factors)
        session.done.append(await set_quantity(session, quantity, value))
    seen: dict[str, Any] = {"power_factor": await _power_factor(session)}
    report.phase("Without load", 6, PHASES)
    seen["no_load"] = await check_no_load(session, channel)
    report.phase("Record", 7, PHASES)
    await keep_factors(session, store)
    seen |= await _record(session, channel, options, wanted)
    result = _result(session, seen)
    _require_tolerance(session)
    tell_table(session, *_other_lines(result))
    return result


async def _reference(session: Session, reference: Reference, quantity: Quantity) -> float | None:
    """The true value, asked for right before it is needed: the mains drifts by a percent within a
    minute."""
    doing = f"waiting for the reference {quantity}"
    value = await session.watching(reference(quantity, await session.shown(doing)), doing)
    if value is not None and not isinstance(reference, Fixed):
        factor = await session.factor(quantity)
        session.report.note("PULSES", pulse_line(quantity, value, factor))
    return value


def require_right_pins(
    energy: wire.Energy, wanted: dict[Quantity, float], factors: wire.Factors
) -> None:
    """Raise OBK-NO-METER when the first readings, with the factors that they were made with, look
    like those of exchanged pins, and OBK-REFERENCE when only a typed value does not fit them."""
    words = symptom(energy, {}, factors)
    if not words:
        require_fits(energy, wanted, factors)
        words = symptom(energy, wanted, factors)
    if words:
        raise faults.NO_METER(
            what=words,
            cause="The roles of the metering pins do not fit this board, or there is no load.",
            next="Correct the role, restart the device, and begin again.",
        )


async def _power_factor(session: Session) -> float | None:
    """What the plug makes of voltage, current and power together; 1 with a resistive load."""
    factor = (await session.shown("looking at the power factor")).factor
    if len(session.done) == len(Quantity) and factor is not None and factor < RESISTIVE:
        session.report.warn(
            "POWER-FACTOR",
            f"The plug shows a power factor of {factor:.2f}: the load is not resistive, or a value "
            "was misread.",
        )
    return None if factor is None else round(factor, 3)


async def _record(
    session: Session, channel: int, options: CalibrateOptions, wanted: dict[Quantity, float]
) -> dict[str, Any]:
    """The old total, and the second reading with the load on again."""
    client, report, pace = session.client, session.report, session.pace
    energy = await client.energy()
    total = energy.total if energy else None
    found: dict[str, Any] = {"energy_before": None if total is None else round(total, 3)}
    if options.reset_energy:
        report.note("ENERGY", f"Energy total before it is set to 0: {found['energy_before']} Wh")
        await client.must("EnergyCntReset")
    if options.again and wanted:
        await client.must(f"SetChannel {channel} 1")
        report.note("AGAIN", f"A second reading follows in {pace.again / 60:.0f} minutes.")
        await _until_again(session)
        later = await session.readings()
        found["again"] = {
            str(quantity): round(later.mean(quantity) / value - 1, 5)
            for quantity, value in wanted.items()
        }
    return found


async def _until_again(session: Session) -> None:
    """Five minutes with the load on; what is shown goes on being told."""
    pace = session.pace
    for left in range(round(pace.again / pace.every), 0, -1):
        await session.shown("waiting for the second reading", left=left * pace.every)
        await session.pause(pace.every)


def _result(session: Session, seen: dict[str, Any]) -> Result:
    words = ", ".join(setting.line() for setting in session.done) or "nothing to set"
    return {
        "summary": f"{session.device.name}: {words}",
        "mac": session.device.mac,
        "name": session.device.name,
        **{str(setting.quantity): setting.to_json() for setting in session.done},
        **seen,
    }


def _other_lines(result: Result) -> list[str]:
    """What came of the rest, for people."""
    rest = result["no_load"]
    lines = [f"without load: {rest['power']:.1f} W, {rest['current']:.3f} A"]
    if result["power_factor"] is not None:
        lines[:0] = [f"power factor shown: {result['power_factor']:.2f}"]
    if result["energy_before"] is not None:
        lines.append(f"energy total before: {result['energy_before']:.1f} Wh")
    if "again" in result:
        words = (f"{name} {percent(error)}" for name, error in result["again"].items())
        lines.append(f"second reading: {', '.join(words)}")
    return lines


def _require_tolerance(session: Session) -> None:
    wrong = off_limits(session.done)
    if wrong:
        coarse = any(one_pulse(setting.reference, setting.factor) > FINE for setting in wrong)
        raise faults.NOT_CALIBRATED(
            what="; ".join(setting.line() for setting in wrong) + ".",
            cause="The load gives few pulses a second."
            if coarse
            else "The load or the mains changed while it was measured.",
            next="Use a resistive load of 500 W or more and repeat."
            if coarse
            else "Wait until the load is warm and the mains is steady, then repeat.",
            touched=Touched.COMPLETE,
        )
