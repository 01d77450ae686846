"""From the meter's raw numbers to units: the divisor word, and where it is known to be wrong.

Source: meter sheet 1.5; rulings M9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

FACTORS = {"1": 0, "0.1": 1, "0.01": 2, "0.001": 3, "10": 5, "100": 6, "1000": 7}
"""What a person writes -> the three bits in the word.  Code 4 also means 1."""
_TEXTS = {code: text for text, code in FACTORS.items()} | {4: "1"}
_STEPS = (1, 10, 100, 1000)
FIELD_BITS = 3
USED_BITS = 0x0FFF


class Scale(NamedTuple):
    """A code of three bits for each quantity, in the order of the word from its low end."""

    power: int
    voltage: int
    current: int
    tariffs: int

    @classmethod
    def of(cls, word: int) -> Scale:
        """The fields of a divisor word; the four bits above them are unused."""
        return cls(*((word >> shift) & 7 for shift in range(0, 4 * FIELD_BITS, FIELD_BITS)))

    @property
    def word(self) -> int:
        """The divisor word."""
        return sum(code << (FIELD_BITS * at) for at, code in enumerate(self))

    @property
    def text(self) -> str:
        """As a person writes it: "1000 0.1 1 10"."""
        return " ".join(_TEXTS[code] for code in self)


def apply(raw: int, code: int) -> int:
    """What the module makes of a raw number: whole numbers, cut off."""
    factor = _STEPS[code & 3]
    return raw * factor if code & 4 else raw // factor


@dataclass(frozen=True, slots=True)
class Quantity:
    """One live value: its field in the word, the size of a step in an advert, its unit.

    `limit` is what the advert's field holds; the module cuts off above it.
    """

    field: str
    label: str
    per: int
    unit: str
    limit: int


QUANTITIES = {
    "tariff1": Quantity("tariffs", "T1", 1000, "kWh", 1 << 24),
    "tariff2": Quantity("tariffs", "T2", 1000, "kWh", 1 << 24),
    "tariff3": Quantity("tariffs", "T3", 1000, "kWh", 1 << 24),
    "power": Quantity("power", "Power", 100, "W", 1 << 24),
    "voltage": Quantity("voltage", "Voltage", 10, "V", 1 << 16),
    "current": Quantity("current", "Current", 1000, "A", 1 << 16),
}

OLD_SCALE = Scale(0, 1, 0, 5)
"""What firmware without the word does: tariffs x10, voltage /10, power as it is (sheet 1.7)."""


def steps(name: str, raw: int, word: int | None) -> int:
    """The value in steps of the advert, before its field cuts it off."""
    scale = OLD_SCALE if word is None else Scale.of(word)
    code: int = getattr(scale, QUANTITIES[name].field)
    return apply(raw, code)


def value(name: str, raw: int, word: int | None) -> float:
    """The value in its unit."""
    return steps(name, raw, word) / QUANTITIES[name].per


def shown(name: str, raw: int, word: int | None) -> str:
    """The value with its unit and as many places as it has."""
    quantity = QUANTITIES[name]
    places = len(str(quantity.per)) - 1
    return f"{value(name, raw, word):.{places}f} {quantity.unit}"


RIGHT = {1: 0x0A0F, 2: 0x0A05, 3: 0x0B46, 4: 0x0A09}
"""The word that gives right values, by kind of meter."""
KNOWN_WRONG = {1: (0x0A4F,), 2: (0x0A0F, 0), 3: (0x0D46, 0), 4: (0,)}
"""Words that firmware loads by itself and that give wrong values, by kind of meter."""


def correction(model: int | None, word: int | None) -> int | None:
    """The word to offer when the one in use is known to be wrong for this kind, else None."""
    if model is None or word is None or word & USED_BITS not in KNOWN_WRONG.get(model, ()):
        return None
    return RIGHT[model]


def parse(text: str) -> int | None:
    """The word that a person wrote: "0x0A0F", or four factors for power, voltage, current and
    tariffs, "1000 0.1 1 10".  None when it is neither."""
    text = text.strip()
    if text.lower().startswith("0x"):
        try:
            word = int(text, 16)
        except ValueError:
            return None
        return word if 0 <= word <= USED_BITS else None
    parts = text.replace(";", " ").replace("/", " ").split()
    if len(parts) == 1:
        parts = text.split(",")
    codes = [FACTORS.get(part.strip(" ,").replace(",", ".")) for part in parts]
    if len(codes) != 4 or None in codes:
        return None
    return Scale(*(code for code in codes if code is not None)).word
