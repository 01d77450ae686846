"""Where `g` goes: an address, a step, a region, a value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.tuya.survey import Survey

HELP = "0x1EE000, 1EE000h, 2023424, +4096, -0x100, file:0x40, a region or a value by name."
_NUMBER = re.compile(r"([+-]?)(?:file:)?(0[xX][0-9a-fA-F]+|[0-9a-fA-F]+[hH]|\d+)")


def address_of(text: str, seen: Survey, cursor: int) -> int:
    """The address meant.  Raises ValueError with a sentence."""
    wanted = text.strip()
    number = _NUMBER.fullmatch(wanted)
    if number is None:
        return _named(wanted, seen)
    digits = number[2]
    value = (
        int(digits[:-1], 16)
        if digits[-1] in "hH"
        else int(digits, 0 if "x" in digits.lower() else 10)
    )
    if number[1]:
        value = cursor + (value if number[1] == "+" else -value)
    elif wanted.startswith("file:"):
        value = seen.base + (value + seen.shift) % max(len(seen.data), 1)
    if not seen.base <= value < seen.base + len(seen.data):
        last = seen.base + len(seen.data) - 1
        raise ValueError(f"0x{max(value, 0):X} is not between 0x{seen.base:X} and 0x{last:X}.")
    return value


def _named(wanted: str, seen: Survey) -> int:
    """A value before a region; the whole name before a part of it."""
    places: list[tuple[str, int]] = []
    for entry in seen.store.entries if seen.store is not None else ():
        spot = entry.spans[0] if entry.spans else entry.index
        places.append((entry.name, seen.address(spot.at)))
    places += [(area.name, area.start) for area in seen.areas]
    low = wanted.lower()
    if low:
        for fits in (str.__eq__, str.startswith, str.__contains__):
            for name, at in places:
                if fits(name.lower(), low):
                    return at
    raise ValueError(f"{wanted[:40]!r} is no address, region or value here.")
