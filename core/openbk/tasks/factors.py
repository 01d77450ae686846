"""Put known factors back into a meter, without a reference meter (HTTP sheet 11.4).

The reference is what the device shows, times the wanted factor by the present one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.fault import Touched
from core.job import Reporter, Result
from core.openbk import faults
from core.openbk.calibrated import columns, percent
from core.openbk.client import Client, Connect
from core.openbk.fleet import on_host
from core.openbk.loaded import (
    ask,
    check_no_load,
    keep_factors,
    read_checked,
    relay_of,
    under_load,
)
from core.openbk.metering import (
    KINDS,
    Quantity,
    factor_of,
    factors_of,
    require_factor,
    tolerance,
    value_of,
)
from core.openbk.setting import TRIES, Pace, Readings, Session, no_pulses
from core.profile.model import Calibration
from core.store.store import Store

PHASES = 5
EQUAL = 1e-4
"""A factor nearer than this to the wanted one is left as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorsOptions:
    """`wanted` names the factors, 0 for the driver's default; what it does not name stays.
    `source` says where they are from.  `channel` is the relay's, None for the only one."""

    host: str
    wanted: Calibration
    source: str
    channel: int | None = None
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Landed:
    """What came of one factor.  `deviation` is a share of the wanted one."""

    quantity: Quantity
    wanted: float
    before: float
    factor: float
    tolerance: float
    tries: int

    @property
    def deviation(self) -> float:
        return self.factor / self.wanted - 1

    @property
    def good(self) -> bool:
        return abs(self.deviation) <= self.tolerance

    def to_json(self) -> dict[str, Any]:
        return {
            "wanted": self.wanted,
            "factor_before": self.before,
            "factor": self.factor,
            "deviation": round(self.deviation, 6),
            "tolerance": round(self.tolerance, 5),
            "tries": self.tries,
            "within": self.good,
        }


async def put_factors(
    report: Reporter,
    options: FactorsOptions,
    *,
    connect: Connect,
    store: Store,
    bench_holder: Callable[[str], str] = lambda _mac: "",
) -> Result:
    """Bring the factors in flash to the wanted ones, within the jitter of a window.

    Result: one entry a quantity (wanted, factor_before, factor, deviation, tries),
    `without_pulses` names those that were left, `no_load`.  Raises OBK-NO-FACTORS, OBK-REFERENCE,
    OBK-OPEN-DEVICE, OBK-DRIVER-PINS, OBK-NO-METER, OBK-UNSTABLE, OBK-NOT-IN-TOLERANCE.
    """
    wanted = wanted_factors(options.wanted, options.source)
    return await on_host(
        connect,
        options.host,
        lambda client: _put(report, client, options, wanted, store, bench_holder),
    )


def wanted_factors(calibration: Calibration, source: str) -> dict[Quantity, float]:
    """The factors that are named.  Raises OBK-NO-FACTORS for none, OBK-REFERENCE for one that no
    BL0937 has."""
    named = (calibration.voltage, calibration.current, calibration.power)
    found = {
        quantity: value or KINDS[quantity].factor
        for quantity, value in zip(Quantity, named, strict=True)
        if value is not None
    }
    if not found:
        raise faults.NO_FACTORS(
            what=f"{source} names no factor.",
            cause="It has no [calibration] with voltage, current or power.",
            next="Choose a profile or a kept configuration that has, or calibrate with a "
            "reference meter.",
        )
    for quantity, value in found.items():
        require_factor(value, quantity)
    return found


async def _put(
    report: Reporter,
    client: Client,
    options: FactorsOptions,
    wanted: dict[Quantity, float],
    store: Store,
    bench_holder: Callable[[str], str],
) -> Result:
    report.phase("Read", 1, PHASES)
    device = await read_checked(report, client, store, bench_holder)
    channel = relay_of(device, options.channel)
    now = factors_of(device.profile.calibration)
    report.facts("wanted", lines=_wanted_lines(wanted, options.source))
    if all(_equal(factor_of(now, q), value) for q, value in wanted.items()):
        return {
            "summary": f"{device.name} has these factors already",
            "mac": device.mac,
            "name": device.name,
            "without_pulses": [],
        }
    pace = options.pace
    await ask(report, device, channel, pace.settle + len(wanted) * (pace.saved + pace.settle))
    report.phase("Driver and relay", 2, PHASES)
    session = Session(client, report, device, options.pace)

    async def work(first: Readings) -> Result:
        report.phase("Put the factors back", 3, PHASES)
        landed, left = await _land_all(session, wanted, first)
        report.phase("Without load", 4, PHASES)
        no_load = await check_no_load(session, channel)
        report.phase("Record", 5, PHASES)
        await keep_factors(session, store)
        return _result(session, landed, left, no_load)

    return await under_load(session, store, channel, work)


def _equal(factor: float, wanted: float) -> bool:
    return abs(factor / wanted - 1) <= EQUAL


def _wanted_lines(wanted: dict[Quantity, float], source: str) -> list[str]:
    words = ", ".join(f"{quantity} {value:.6g}" for quantity, value in wanted.items())
    return [f"Factors of {source}: {words}"]


async def _land_all(
    session: Session, wanted: dict[Quantity, float], first: Readings
) -> tuple[list[Landed], list[Quantity]]:
    """Every factor that has pulses to be set by; and those that have none."""
    landed: list[Landed] = []
    left: list[Quantity] = []
    for quantity, target in wanted.items():
        before = await session.factor(quantity)
        shown = value_of(first.energy, quantity)
        room = tolerance(shown * target / before, target) if shown > 0 else 0.0
        tries = 0
        if not _equal(before, target):
            if shown <= 0:
                left.append(quantity)
                session.report.warn(
                    "NO-PULSES",
                    f"The {quantity} shows 0 {KINDS[quantity].unit}: without pulses its factor "
                    "cannot be set, it stays as it is.",
                )
                continue
            tries = await session.land(quantity, target, EQUAL, TRIES)
        factor = await session.factor(quantity)
        landed.append(Landed(quantity, target, before, factor, room or EQUAL, tries))
    if not landed:
        raise no_pulses(left[0])
    session.report.facts("calibration", lines=_table(landed, left))
    return landed, left


HEAD = ("", "wanted", "before", "in flash", "deviation", "tries")


def _table(landed: list[Landed], left: list[Quantity]) -> list[str]:
    rows = [HEAD]
    rows += [
        (
            f"{one.quantity} factor",
            f"{one.wanted:.6g}",
            f"{one.before:.6g}",
            f"{one.factor:.6g}",
            percent(one.deviation, 2) + ("" if one.good else " !"),
            str(one.tries),
        )
        for one in landed
    ]
    lines = columns(rows)
    return lines + [f"{quantity} factor: left as it was, there are no pulses" for quantity in left]


def _result(
    session: Session, landed: list[Landed], left: list[Quantity], no_load: dict[str, Any]
) -> Result:
    words = [f"{one.quantity} {percent(one.deviation, 2)}" for one in landed]
    words += [f"{quantity} left" for quantity in left]
    wrong = [one for one in landed if not one.good]
    if wrong:
        raise faults.NOT_CALIBRATED(
            what="; ".join(
                f"{one.quantity} factor {one.factor:.6g}, wanted {one.wanted:.6g}" for one in wrong
            )
            + ".",
            cause="The load or the mains changes from one second to the next.",
            next="Use a steady resistive load of 500 W or more and repeat.",
            touched=Touched.COMPLETE,
        )
    return {
        "summary": f"{session.device.name}: factors put back: {', '.join(words)}",
        "mac": session.device.mac,
        "name": session.device.name,
        **{str(one.quantity): one.to_json() for one in landed},
        "without_pulses": [str(quantity) for quantity in left],
        "no_load": no_load,
    }
