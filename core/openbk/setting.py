"""Set one quantity of a meter: mean over 30 s, the value that lands on it, factor read back.

The firmware divides what it is told by the pulses of its last window alone, so a value is sent
that makes up for that window: `reference x shown now / mean` (rulings O5).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

from core.fault import FaultError
from core.job import Reporter
from core.openbk import faults, wire
from core.openbk.calibrated import Setting
from core.openbk.client import Client
from core.openbk.metering import KINDS, Quantity, factor_of, tolerance, value_of
from core.openbk.read import Device

T = TypeVar("T")
STABLE = 3
JITTER = 0.03
TRIES = 5
"""Values sent for one quantity; the best one is kept (rulings O5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long is waited for what, in seconds.  A simulated meter whose clock runs faster takes
    all of it shorter."""

    settle: float = 5.0
    every: float = 2.0
    mean: float = 30.0
    stable_within: float = 60.0
    saved: float = 4.0
    again: float = 300.0

    @property
    def looks(self) -> int:
        """Readings in one mean."""
        return max(1, round(self.mean / self.every))

    @property
    def one(self) -> float:
        """Seconds that one quantity takes when its first value lands: two means, and what is
        waited after the value."""
        return 2 * self.mean + self.saved + self.settle

    def lasts(self, quantities: int) -> float:
        """Seconds from the relay on to the record, without a second look and without the time
        that a person takes to type."""
        return self.settle + STABLE * self.every + quantities * self.one + self.settle


@dataclass(frozen=True, slots=True)
class Readings:
    """Three readings that agree, and the last of them."""

    values: tuple[wire.Energy, ...]

    @property
    def energy(self) -> wire.Energy:
        return self.values[-1]

    def mean(self, quantity: Quantity) -> float:
        return mean(self.values, quantity)

    def to_json(self) -> dict[str, float]:
        return {str(q): round(self.mean(q), 4) for q in Quantity}


def mean(values: tuple[wire.Energy, ...], quantity: Quantity) -> float:
    return sum(value_of(energy, quantity) for energy in values) / len(values)


@dataclass(frozen=True, slots=True)
class Session:
    """One calibration: the device, who is told, how long is waited, and what is set so far:
    `begun` are quantities that a value was sent for.

    Every reading becomes the fact `live`: voltage, current, power, `doing` in words, and while a
    mean is taken the seconds `left` and the `spread` of its readings as a share.
    """

    client: Client
    report: Reporter
    device: Device
    pace: Pace = field(default_factory=Pace)
    begun: list[Quantity] = field(default_factory=list)
    done: list[Setting] = field(default_factory=list)

    async def shown(self, doing: str, **more: float) -> wire.Energy:
        """One reading.  Raises OBK-NO-METER when the driver has stopped."""
        energy = await self.client.energy()
        if energy is None:
            raise faults.NO_METER(
                what="The device stopped measuring.",
                cause="The driver was stopped, or the device restarted.",
                next="Begin again.",
            )
        values = {str(q): value_of(energy, q) for q in Quantity}
        self.report.facts("live", **values, doing=doing, **more)
        return energy

    async def readings(self) -> Readings:
        """Three readings in a row that agree within the jitter of a window and one pulse.

        Raises OBK-UNSTABLE after a minute.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self.pace.stable_within
        last: list[wire.Energy] = []
        while loop.time() < end:
            last = [*last[1 - STABLE :], await self.shown("waiting for readings that agree")]
            if len(last) == STABLE and all(_agree(last, q) for q in Quantity):
                return Readings(tuple(last))
            await self.pause(self.pace.every)
        spread = ", ".join(f"{value_of(energy, Quantity.POWER):.1f} W" for energy in last)
        raise faults.UNSTABLE(
            what=f"The last readings were {spread}.",
            cause="The load switches or warms up, or the mains is unsteady.",
            next="Use a steady resistive load and wait until it is warm.",
        )

    async def pause(self, seconds: float) -> None:
        """Wait; a stop is honoured here."""
        await self.report.waiting(asyncio.sleep(seconds))

    async def watching(self, wanted: Awaitable[T], doing: str) -> T:
        """Wait for `wanted`, and go on telling what the device shows meanwhile."""

        async def both() -> T:
            work = asyncio.ensure_future(wanted)
            try:
                while not (await asyncio.wait([work], timeout=self.pace.every))[0]:
                    await self.shown(doing)
                return work.result()
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

        return await self.report.waiting(both())

    async def average(self, quantity: Quantity, turn: int) -> float:
        """The mean over 30 s; `turn` means of this quantity were taken before."""
        pace, values = self.pace, []
        doing = f"averaging the {quantity}"
        told: dict[str, float] = {"left": pace.mean}
        for count in range(1, pace.looks + 1):
            values.append(value_of(await self.shown(doing, **told), quantity))
            told = {"left": (pace.looks - count) * pace.every, "spread": _spread(values)}
            done, total = turn * pace.looks + count, max(turn + 1, 2) * pace.looks
            left = (total - done) * pace.every + (0.0 if turn else pace.saved + pace.settle)
            self.report.progress(done, total, "readings", left=left)
            await self.pause(pace.every)
        return sum(values) / len(values)

    # -- factors ---------------------------------------------------------------------------

    async def factors(self) -> wire.Factors:
        """The factors in the configuration sector; the device saves them within two seconds."""
        place = wire.CONFIG_AT[self.device.chip]
        return wire.Factors.unpack(await self.client.flash(place + wire.FACTORS_AT, 12))

    async def factor(self, quantity: Quantity) -> float:
        """The factor in the configuration sector, or the default."""
        return factor_of(await self.factors(), quantity)

    async def land(self, quantity: Quantity, target: float, room: float, tries: int) -> int:
        """Bring the stored factor within the share `room` of `target`; the best one is kept.

        At most `tries` values are sent; returns how many were.  Raises OBK-REFUSED.
        """
        best, present, sent = math.inf, math.inf, 0
        while sent < tries and (sent == 0 or abs(best / target - 1) > room):
            sent += 1
            old, present = await self._send(quantity, target)
            if abs(present / target - 1) < abs(best / target - 1):
                best = present
            self.report.note(
                "SET", f"{quantity}: factor {old:.6g} -> {present:.6g}, wanted {target:.6g}"
            )
        if abs(present / target - 1) > abs(best / target - 1) + 1e-6:
            await self._send(quantity, best)
        return sent

    async def _send(self, quantity: Quantity, target: float) -> tuple[float, float]:
        """Tell the value that lands on `target` with what is shown now; the factor that was, and
        the one it gave."""
        present = await self.factor(quantity)
        now = value_of(await self.shown(f"setting the {quantity}"), quantity)
        if now <= 0:
            raise no_pulses(quantity)
        if quantity not in self.begun:
            self.begun.append(quantity)
        await self.client.must(f"{KINDS[quantity].command} {now * target / present:.6f}")
        await asyncio.sleep(self.pace.saved)  # and both kinds of window are counted anew
        return present, await self.factor(quantity)


def _agree(values: list[wire.Energy], quantity: Quantity) -> bool:
    found = [value_of(energy, quantity) for energy in values]
    room = 2 * max(JITTER * max(found), KINDS[quantity].factor)
    return max(found) - min(found) <= room


def _spread(values: list[float]) -> float:
    highest = max(values)
    return (highest - min(values)) / highest if highest > 0 else 0.0


def no_pulses(quantity: Quantity) -> FaultError:
    """The fault of a quantity that shows nothing."""
    return faults.NO_METER(
        what=f"It shows 0 {KINDS[quantity].unit}.",
        cause="No pulses arrive: no load, relay off, or the wrong pin.",
        next="Check the load and the metering pins.",
    )


async def set_quantity(session: Session, quantity: Quantity, reference: float) -> Setting:
    """Set one quantity; the factor that shows it best is kept.

    Each round sends the value that the mean asks for and takes a new mean; it ends when that is
    within the tolerance, or after five values.  Raises OBK-NO-METER when nothing is shown,
    OBK-REFUSED.
    """
    before = shows = await session.average(quantity, 0)
    if before <= 0:
        raise no_pulses(quantity)
    old = factor = await session.factor(quantity)
    allowed = tolerance(reference, old * reference / before)
    tries, turn = 0, 0
    rounds: list[tuple[float, float, float]] = []
    while not rounds or (rounds[-1][0] > allowed and tries < TRIES):
        target = factor * reference / shows
        tries += await session.land(quantity, target, allowed / 2, TRIES - tries)
        await session.pause(session.pace.settle)
        turn += 1
        shows = await session.average(quantity, turn)
        if shows <= 0:
            raise no_pulses(quantity)
        factor = await session.factor(quantity)
        rounds.append((abs(shows / reference - 1), factor, shows))
    _error, best, after = min(rounds)
    if best != factor:
        await session.land(quantity, best, allowed / 2, 1)
        factor = await session.factor(quantity)
    return Setting(quantity, reference, before, after, old, factor, allowed, tries)
