"""What is special about the electricity meter's frames (meter sheet 1)."""

from __future__ import annotations

from collections.abc import Iterable

from core.bthome.objects import BATTERY, CURRENT, ENERGY24, PACKET_ID, POWER, VOLTAGE
from core.bthome.reading import Reading

NAME = "Electricity_meter_"

TARIFFS = "tariffs"
POWERS = "power"

_TARIFF_IDS = (PACKET_ID, ENERGY24, ENERGY24, ENERGY24)
_POWER_IDS = (PACKET_ID, POWER, VOLTAGE)
_POWER_TAILS = ((), (BATTERY,), (CURRENT, BATTERY))

WRAP_KWH = 1 << 24
"""Raw steps of the 24-bit energy register, 0.001 kWh each: it begins anew at 16777.216 kWh."""

HIGHEST_MAINS = 1000.0


def frame_kind(ids: tuple[int, ...]) -> str:
    """ "tariffs" or "power" for a frame of the meter, of any firmware; else empty."""
    if ids == _TARIFF_IDS:
        return TARIFFS
    if ids[:3] == _POWER_IDS and ids[3:] in _POWER_TAILS:
        return POWERS
    return ""


def is_blank(readings: Iterable[Reading]) -> bool:
    """Whether every value but the packet id is zero, as before the first poll of the meter."""
    numbers = [r.value for r in readings if r.id != PACKET_ID]
    return bool(numbers) and not any(numbers)


def oddities(ids: tuple[int, ...], readings: Iterable[Reading]) -> tuple[str, ...]:
    """What an older firmware is known to send wrong (meter sheet 1.7)."""
    if frame_kind(ids) != POWERS or CURRENT in ids:
        return ()
    notes = ["older meter firmware without current: power may be 1000 times too low"]
    if any(r.id == VOLTAGE and (r.number or 0) > HIGHEST_MAINS for r in readings):
        notes.append("older meter firmware (V1.1): voltage is ten times too high")
    return tuple(notes)


class Register:
    """A 24-bit energy register: recognises when it begins anew."""

    __slots__ = ("last", "wraps")

    HALF = WRAP_KWH / 2000

    def __init__(self) -> None:
        self.last: float | None = None
        self.wraps = 0

    def note(self, value: float) -> str:
        """Take a value in kWh: "", "wrapped", or "back" when it fell and no wrap explains it."""
        last, self.last = self.last, value
        if last is None or value >= last:
            return ""
        if last - value > self.HALF:
            self.wraps += 1
            return "wrapped"
        return "back"

    @property
    def total(self) -> float | None:
        """Energy with the wraps that were seen, in kWh."""
        return None if self.last is None else round(self.last + self.wraps * WRAP_KWH / 1000, 3)
