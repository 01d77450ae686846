"""The arithmetic of a pulse-counting meter: values typed, steps of one pulse, signs of wrong pins.

One pulse a second is 1.5 W, 12 mA or 0.13 V with the default factors, so a light load cannot be
calibrated finely (HTTP sheet 11, rulings O5).
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.fault import FaultError
from core.openbk import faults, wire
from core.openbk.wire import Factors
from core.profile.model import Calibration

MAINS = (80.0, 270.0)
USUAL = 230.0
FAR = 1.6
"""A board's true factor is nearer to the default than this; what is farther off is a wrong pin."""
NO_FACTOR = 100
"""A factor this many times off is damage."""
HIGHEST_CURRENT = 20.0
HIGHEST_POWER = 4600.0
OVERALL = 0.01
PULSES = 0.6
SAME = 0.05
"""Voltage and current windows nearer to each other than this count the same pulses: for a load of
a socket the second would be above 20 A."""
NOTHING = 1.0
"""Watts below which a load counts as none."""


class Quantity(StrEnum):
    """What is calibrated, in this order."""

    VOLTAGE = "voltage"
    CURRENT = "current"
    POWER = "power"


@dataclass(frozen=True, slots=True)
class Kind:
    """Unit, command, the default factor, and how the reading is called."""

    unit: str
    command: str
    factor: float
    index: int


KINDS = {
    Quantity.VOLTAGE: Kind("V", "VoltageSet", 0.13253012048, 0),
    Quantity.CURRENT: Kind("A", "CurrentSet", 0.0118577075, 1),
    Quantity.POWER: Kind("W", "PowerSet", 1.5, 2),
}
WINDOWS = {
    Quantity.VOLTAGE: MAINS,
    Quantity.CURRENT: (0.005, HIGHEST_CURRENT),
    Quantity.POWER: (NOTHING, HIGHEST_POWER),
}
EXAMPLES = {
    Quantity.VOLTAGE: "231.4 or 231,4",
    Quantity.CURRENT: "4.35 or 4,35",
    Quantity.POWER: "1004.5 or 1004,5",
}


def parse_value(text: str, quantity: Quantity) -> float:
    """A value as people type it, with point or comma.  Raises OBK-REFERENCE."""
    bare = text.strip().removesuffix(KINDS[quantity].unit).strip()
    if not re.fullmatch(r"\+?\d{1,5}(?:[.,]\d{0,6})?", bare):
        raise faults.REFERENCE(
            what=f"'{text.strip()[:24]}' is no number above zero.",
            cause="It is mistyped.",
            next=f"Type the {quantity} as a number, such as {EXAMPLES[quantity]}.",
        )
    value = float(bare.replace(",", "."))
    require_plausible(value, quantity)
    return value


def require_plausible(value: float, quantity: Quantity) -> None:
    """Raise OBK-REFERENCE for what no reference meter shows at a socket."""
    low, high = WINDOWS[quantity]
    if not math.isfinite(value) or not low <= value <= high:
        unit = KINDS[quantity].unit
        raise _not_plausible(
            quantity,
            f"{value:g} {unit} is not between {low:g} and {high:g} {unit}",
            cause=f"It is mistyped, or not in {unit}.",
            next_step=f"Read the reference meter again and type the {quantity} in {unit}.",
        )


def require_factor(value: float, quantity: Quantity) -> None:
    """Raise OBK-REFERENCE for a factor that is far from the default of its quantity."""
    usual = KINDS[quantity].factor
    if not (math.isfinite(value) and usual / FAR <= value <= usual * FAR):
        raise faults.REFERENCE(
            what=f"The {quantity} factor {value:g} is far from {usual:.4g}, a BL0937's usual one.",
            cause="It is of another meter chip, or was set with wrong pins.",
            next="Take another configuration, or calibrate with a reference meter.",
        )


def require_resistive(volts: float, amperes: float, watts: float) -> None:
    """Raise OBK-REFERENCE unless power is near voltage times current."""
    apparent = volts * amperes
    if apparent and abs(watts / apparent - 1) > 0.1:
        raise _not_plausible(
            Quantity.POWER,
            f"{watts:g} W is not near {volts:g} V x {amperes:g} A = {apparent:.0f} W",
            cause="A value is mistyped, or the load is not resistive.",
            next_step="Read the reference meter again; use a heater or an incandescent lamp.",
        )


def require_fits(
    energy: wire.Energy, references: Mapping[Quantity, float], factors: Factors
) -> None:
    """Raise OBK-REFERENCE for a reference that no factor of a BL0937 brings together with what
    the plug shows, where the plug shows something; `symptom` tells what else it may be."""
    wrong = [
        quantity
        for quantity, value in references.items()
        if (shown := value_of(energy, quantity) / factor_of(factors, quantity)) > 0
        and not 1 / FAR <= value / (shown * KINDS[quantity].factor) <= FAR
    ]
    if wrong:
        words = (
            f"{references[q]:g} {KINDS[q].unit} for the {q}, the plug shows "
            f"{four(value_of(energy, q))} {KINDS[q].unit}"
            for q in wrong
        )
        raise faults.REFERENCE(
            what=f"The reference does not fit what the plug shows: {'; '.join(words)}.",
            cause="The reference is mistyped, or it was read at another load; if it is right, the "
            "metering pins of the plug's profile are wrong.",
            next="Read the reference meter again. Only if it shows the same, compare the pins with "
            "the profile of this plug.",
        )


def _not_plausible(quantity: Quantity, why: str, *, cause: str, next_step: str) -> FaultError:
    return faults.REFERENCE(
        what=f"The reference for {quantity} is not plausible: {why}.", cause=cause, next=next_step
    )


def factor_of(factors: Factors, quantity: Quantity) -> float:
    """The factor in use; 0 in the sector stands for the default, and so does one that cannot be."""
    kind = KINDS[quantity]
    return kind.factor if quantity in broken(factors) else factors[kind.index] or kind.factor


def broken(factors: Factors) -> list[Quantity]:
    """Those whose factor is no number, negative, or so far off that no pulse rate shows anything.
    The firmware takes and keeps such factors."""
    return [
        quantity
        for quantity, kind in KINDS.items()
        if (value := factors[kind.index])
        and not kind.factor / NO_FACTOR <= value <= kind.factor * NO_FACTOR
    ]


def factors_of(calibration: Calibration) -> Factors:
    """The factors that a profile names; 0 for those it does not."""
    c = calibration
    return Factors(c.voltage or 0.0, c.current or 0.0, c.power or 0.0)


def value_of(energy: wire.Energy, quantity: Quantity) -> float:
    """What the device shows of a quantity; 0 when it has no number for it."""
    found = {
        Quantity.VOLTAGE: energy.voltage,
        Quantity.CURRENT: energy.current,
        Quantity.POWER: energy.power,
    }[quantity]
    return found or 0.0


def four(value: float) -> str:
    """A value with the four digits that such a meter has, the last ones also when they are 0."""
    return f"{value:#.4g}".rstrip(".")


def one_pulse(reference: float, factor: float) -> float:
    """How much one pulse a second is of the reference, as a share."""
    return factor / reference


def tolerance(reference: float, factor: float) -> float:
    """max(1 %, 0.6 pulse), as a share (rulings O5)."""
    return max(OVERALL, PULSES * one_pulse(reference, factor))


def pulse_line(quantity: Quantity, reference: float, factor: float) -> str:
    """The pulse error of this load, and what would be better."""
    pulses = reference / factor
    share = 100 * one_pulse(reference, factor)
    text = f"{quantity}: {pulses:.0f} pulses/s: {share:.1f} % per pulse"
    if quantity is not Quantity.VOLTAGE and share > 0.6:
        text += "; use 500 W or more"
    return text


def reachable(factors: Factors) -> str:
    """How fine each quantity can be, and the load that 1 % takes; said before anything moves."""
    volts, amperes, watts = (factor_of(factors, quantity) for quantity in Quantity)
    return (
        f"One pulse a second is {watts:.2g} W, {1000 * amperes:.0f} mA and {volts:.2f} V: 1 % "
        f"needs {_heavy(100 * watts)} W and {100 * amperes:.1f} A. 500 W is recommended, 1 kW is "
        "better."
    )


def _heavy(watts: float) -> str:
    return f"{math.ceil(watts / 10) * 10:.0f}"


def symptom(energy: wire.Energy, references: Mapping[Quantity, float], factors: Factors) -> str:
    """What readings with a load say about exchanged pins; nothing when they look right.

    Readings are taken back to the default factors first, because a wrong factor is what a
    calibration is there to mend; only pulses that cannot be this load's speak of pins.
    """
    volts, amperes, power = (
        (shown or 0.0) * KINDS[q].factor / factor_of(factors, q)
        for q, shown in zip(Quantity, (energy.voltage, energy.current, energy.power), strict=True)
    )
    mains = references.get(Quantity.VOLTAGE, USUAL)
    watts = references.get(Quantity.POWER)
    fits = 1 / FAR <= volts / mains <= FAR
    if not fits and amperes > HIGHEST_CURRENT * 0.75:
        return (
            f"It shows {volts:.1f} V and {amperes:.1f} A: voltage and current look exchanged. "
            "Give the SEL pin the other role: BL0937SEL_n instead of BL0937SEL, or back."
        )
    same = _same_pulses(volts, amperes)
    resistive = 1 / FAR <= power / (mains * amperes or 1.0) <= FAR
    if not fits and (power > FAR * (watts or 1000.0) or (same and not resistive)):
        return (
            f"It shows {power:.0f} W and {volts:.1f} V: CF and CF1 look exchanged. Exchange the "
            "roles of their two pins."
        )
    if same:
        return (
            f"It shows {amperes:.1f} A from as many pulses as {volts:.1f} V: the current is "
            "constant and does not follow the load. BL0937SEL is on the wrong pin."
        )
    if power < NOTHING and (watts is None or watts > 5 * NOTHING):
        if amperes > 0.05:
            return (
                f"It shows 0 W with {amperes:.2f} A: no power pulses arrive. BL0937CF is on the "
                "wrong pin."
            )
        return "It shows 0 W: the load is off, the relay is off, or BL0937CF is on the wrong pin."
    if not fits:
        return f"It shows {volts:.1f} V at the mains: BL0937CF1 or BL0937SEL is on the wrong pin."
    return ""


def _same_pulses(volts: float, amperes: float) -> bool:
    counts = volts / KINDS[Quantity.VOLTAGE].factor, amperes / KINDS[Quantity.CURRENT].factor
    return min(counts) > 0 and abs(counts[1] / counts[0] - 1) < SAME


def meter_pins(roles: Collection[str]) -> list[str]:
    """The metering roles that no pin has; empty when the driver may start."""
    missing = [role for role in ("BL0937CF", "BL0937CF1") if role not in roles]
    if not {"BL0937SEL", "BL0937SEL_n"} & set(roles):
        missing.append("BL0937SEL")
    return missing
