"""Set one quantity of a meter: mean over 30 s, the value that lands on it, factor read back.

The firmware divides what it is told by the pulses of its last window alone, so a value is sent
that makes up for that window: `reference x shown now / mean` (rulings O5).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from core.job import Reporter
from core.openbk import faults, wire
from core.openbk.client import Client
from core.openbk.metering import KINDS, Quantity, factor_of, tolerance
from core.openbk.read import Device

SETTLE = 5.0
EVERY = 2.0
AVERAGE = 30.0
ONE_MEAN = int(AVERAGE / EVERY)
STABLE = 3
STABLE_WITHIN = 60.0
JITTER = 0.03
TRIES = 5


@dataclass(frozen=True, slots=True)
class Readings:
    """Three readings that agree, and the last of them."""

    values: tuple[wire.Energy, ...]

    @property
    def energy(self) -> wire.Energy:
        return self.values[-1]

    def mean(self, quantity: Quantity) -> float:
        return mean(self.values, quantity)

    def to_json(self) -> dict[str, Any]:
        return {str(q): round(self.mean(q), 4) for q in Quantity}


@dataclass(frozen=True, slots=True)
class Setting:
    """What came of one quantity; `error` and `tolerance` are shares, `uncertainty` too."""

    quantity: Quantity
    reference: float
    before: float
    after: float
    factor_before: float
    factor: float
    error: float
    tolerance: float
    tries: int

    @property
    def good(self) -> bool:
        return abs(self.error) <= self.tolerance

    def line(self) -> str:
        unit = KINDS[self.quantity].unit
        return (
            f"{self.quantity} {self.after:.4g} {unit} for {self.reference:.4g} {unit} "
            f"({100 * self.error:+.1f} %, tolerance {100 * self.tolerance:.1f} %)"
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "before": round(self.before, 4),
            "after": round(self.after, 4),
            "factor_before": self.factor_before,
            "factor": self.factor,
            "error": round(self.error, 5),
            "tolerance": round(self.tolerance, 5),
            "uncertainty": round(max(self.tolerance, abs(self.error)), 5),
            "tries": self.tries,
            "within": self.good,
        }


def value_of(energy: wire.Energy, quantity: Quantity) -> float:
    found = {
        Quantity.VOLTAGE: energy.voltage,
        Quantity.CURRENT: energy.current,
        Quantity.POWER: energy.power,
    }[quantity]
    return found or 0.0


def mean(values: tuple[wire.Energy, ...], quantity: Quantity) -> float:
    return sum(value_of(energy, quantity) for energy in values) / len(values)


async def shown(client: Client) -> wire.Energy:
    """One reading.  Raises OBK-NO-METER when the driver has stopped."""
    energy = await client.energy()
    if energy is None:
        raise faults.NO_METER(
            what="The device stopped measuring.",
            cause="The driver was stopped, or the device restarted.",
            next="Begin again.",
        )
    return energy


async def readings(client: Client, report: Reporter) -> Readings:
    """Three readings in a row that agree within the jitter of a window and one pulse.

    Raises OBK-UNSTABLE after a minute.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + STABLE_WITHIN
    last: list[wire.Energy] = []
    while loop.time() < end:
        last = [*last[1 - STABLE :], await shown(client)]
        report.facts("live", **{str(q): value_of(last[-1], q) for q in Quantity})
        if len(last) == STABLE and all(_agree(last, q) for q in Quantity):
            return Readings(tuple(last))
        await report.waiting(asyncio.sleep(EVERY))
    spread = ", ".join(f"{value_of(energy, Quantity.POWER):.1f} W" for energy in last)
    raise faults.UNSTABLE(
        what=f"The last readings were {spread}.",
        cause="The load switches or warms up, or the mains is unsteady.",
        next="Use a steady resistive load and wait until it is warm.",
        state="The relay is on.",
    )


def _agree(values: list[wire.Energy], quantity: Quantity) -> bool:
    found = [value_of(energy, quantity) for energy in values]
    room = 2 * max(JITTER * max(found), KINDS[quantity].factor)
    return max(found) - min(found) <= room


async def average(client: Client, report: Reporter, quantity: Quantity, before: int) -> float:
    """The mean over 30 s; `before` readings of this quantity were taken already."""
    values = []
    for count in range(1, ONE_MEAN + 1):
        values.append(await shown(client))
        report.progress(before + count, 2 * ONE_MEAN, "readings")
        await report.waiting(asyncio.sleep(EVERY))
    return mean(tuple(values), quantity)


async def set_quantity(
    client: Client, report: Reporter, device: Device, quantity: Quantity, reference: float
) -> Setting:
    """Set one quantity in at most five tries; the best factor is kept.

    Every try is judged by the factor that the device stored, against the one that the mean
    asks for.  Raises OBK-NO-METER when nothing is shown, OBK-REFUSED.
    """
    kind = KINDS[quantity]
    before = await average(client, report, quantity, 0)
    if before <= 0:
        raise faults.NO_METER(
            what=f"It shows 0 {kind.unit} with a reference of {reference:g} {kind.unit}.",
            cause="No pulses arrive: no load, relay off, or the wrong pin.",
            next="Check the load and the metering pins.",
            state="The relay is on.",
        )
    old = await stored_factor(client, device, quantity)
    target = old * reference / before
    allowed = tolerance(reference, target)
    best, tries = old, 0
    while tries < TRIES and (tries == 0 or abs(best / target - 1) > allowed / 2):
        tries += 1
        present = await _send(client, device, quantity, target)
        if abs(present / target - 1) < abs(best / target - 1):
            best = present
        report.note("SET", f"{quantity}: try {tries}, factor {present:.6g} for {target:.6g}")
    if present_is_worse(await stored_factor(client, device, quantity), best, target):
        await _send(client, device, quantity, best)
    await report.waiting(asyncio.sleep(SETTLE))
    after = await average(client, report, quantity, ONE_MEAN)
    final = await stored_factor(client, device, quantity)
    return Setting(
        quantity, reference, before, after, old, final, after / reference - 1, allowed, tries
    )


def present_is_worse(present: float, best: float, target: float) -> bool:
    return abs(present / target - 1) > abs(best / target - 1) + 1e-6


async def _send(client: Client, device: Device, quantity: Quantity, target: float) -> float:
    """One try: tell the value that lands on `target` with what is shown now; the factor it gave."""
    present = await stored_factor(client, device, quantity)
    now = value_of(await shown(client), quantity)
    await client.must(f"{KINDS[quantity].command} {now * target / present:.6f}")
    await asyncio.sleep(2 * EVERY)  # saved, and both kinds of window are counted anew
    return await stored_factor(client, device, quantity)


async def stored_factor(client: Client, device: Device, quantity: Quantity) -> float:
    """The factor in the configuration sector, or the default."""
    place = wire.CONFIG_AT[device.chip]
    raw = await client.flash(place + wire.FACTORS_AT, 12)
    return factor_of(wire.Factors.unpack(raw), quantity)
