"""The BL0937 of a simulated plug: pulses that follow relay, load and mains; readings by factors.

Power is counted every second, voltage and current every two, alternately (HTTP sheet 11.1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

DEFAULTS = (0.13253012048, 0.0118577075, 1.5)
"""Volts, amperes and watts for one pulse a second."""
POWER_MAX = 3680.0
SMALLEST = 0.001
VOLTS, AMPERES, WATTS = range(3)


@dataclass
class Load:
    """What hangs on the plug: a resistive load at the mains.

    `volts` and `watts` are true values; `true_factors` are what a perfect calibration gives;
    `jitter` is how much a counting window varies, as a share; `drift` how much more the load
    takes with every second.
    """

    volts: float = 230.0
    watts: float = 1000.0
    true_factors: tuple[float, float, float] = (0.1300, 0.01160, 1.46)
    jitter: float = 0.0
    drift: float = 0.0

    @property
    def amperes(self) -> float:
        return self.watts / self.volts if self.volts else 0.0

    def pulses(self, relay: bool, seconds: int = 0) -> tuple[float, float, float]:
        """Pulses a second of V, I and P, so long after the start; current and power only through
        the relay."""
        v, i, p = self.true_factors
        through = 1.0 + self.drift * seconds if relay else 0.0
        return self.volts / v, through * self.amperes / i, through * self.watts / p


@dataclass
class Meter:
    """The driver: what it counted last, what it shows, and the total in Wh."""

    load: Load
    running: bool = False
    known: bool = False  # its commands stay once it has run in this boot
    counted: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    shown: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    total: float = 0.0
    began: float = 0.0
    at: float = 0.0
    seconds: int = 0
    swap_sel: bool = False
    swap_cf: bool = False
    stuck_sel: int | None = None  # VOLTS or AMPERES: CF1 counts only that, whatever SEL says

    def start(self, now: float) -> None:
        if self.running:
            return
        self.running = self.known = True
        self.began = self.at = now
        self.seconds = 0
        self.counted, self.shown = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]

    def stop(self) -> None:
        self.running = False

    def advance(self, now: float, relay: bool, factors: tuple[float, float, float]) -> None:
        """Count every whole second up to `now`; long gaps are taken in one step."""
        if not self.running:
            self.at = now
            return
        due = int(now - self.began)
        steps = range(max(self.seconds, due - 4), due)
        true = self.load.pulses(relay, due)
        for second in steps:
            self._window(second, true, factors)
        passed = due - self.seconds
        self.total += max(0.0, self.shown[WATTS]) * passed / 3600
        self.seconds, self.at = due, now

    def _window(
        self, second: int, true: tuple[float, float, float], factors: tuple[float, float, float]
    ) -> None:
        """One counting window: power, and voltage or current in turn."""
        length = 1.0 + self.load.jitter * math.sin(second * 2.399)
        voltage_turn = (second % 2 == 0) != self.swap_sel
        which = VOLTS if second % 2 == 0 else AMPERES
        seen = true[VOLTS] if voltage_turn else true[AMPERES]
        if self.stuck_sel is not None:
            seen = true[self.stuck_sel]
        power = true[WATTS]
        if self.swap_cf:
            seen, power = power, seen
        for index, pulses in ((which, seen), (WATTS, power)):
            self.counted[index] = math.floor(pulses * length + 0.5)
            self.shown[index] = max(0.0, self.counted[index] * factors[index] / 1.0)

    def readings(self) -> dict[str, float]:
        """V, A, W, VA, var, factor as the device works them out."""
        volts, amperes, watts = self.shown
        apparent = volts * amperes
        reactive = math.sqrt(max(0.0, apparent * apparent - watts * watts))
        factor = watts / apparent if apparent > 0.001 else (0.0 if volts == 0 else 1.0)
        return {
            "Voltage": volts,
            "Current": amperes,
            "Power": watts,
            "ApparentPower": apparent,
            "ReactivePower": reactive,
            "Factor": factor,
        }
