"""LED driver chips in Tuya's lights: which one, its roles, its current, its order of colours.

Source: Tuya backup sheet 3.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

NO_OUTPUT = 255
"""What LED_Map wants for a colour that is not there."""
_OUTPUTS = ("iicr", "iicg", "iicb", "iicc", "iicw")


class Driver(NamedTuple):
    """One chip as OpenBeken names it; `colour` and `white` are the fields with its currents."""

    name: str
    data: str
    clock: str
    colour: str
    white: str
    milliampere_codes: bool = False


DRIVERS = (
    Driver("SM2135", "SM2135DAT", "SM2135CLK", "ehccur", "ehwcur"),
    Driver("SM2135", "SM2135DAT", "SM2135CLK", "iicccur", "iicwcur"),
    Driver("SM2135", "SM2135DAT", "SM2135CLK", "campere", "wampere", milliampere_codes=True),
    Driver("BP5758D", "BP5758D_DAT", "BP5758D_CLK", "drgbcur", "dccur"),
    Driver("BP1658CJ", "BP1658CJ_DAT", "BP1658CJ_CLK", "cjccur", "cjwcur"),
    Driver("SM2235", "SM2235DAT", "SM2235CLK", "2235ccur", "2235wcur"),
    Driver("SM2235", "SM2235DAT", "SM2235CLK", "2335ccur", "2335wcur"),
    Driver("KP18058", "KP18058_DAT", "KP18058_CLK", "kp58ccur", "kp58wcur"),
)
"""Tried in this order: the currents tell the chip."""
_BY_DMOD = {2: 2, 3: 0, 4: 1, 5: 4, 6: 3, 7: 5}
"""`dmod` to the place in the table, where no current is given."""


def driver_of(fields: Mapping[str, Any]) -> Driver | None:
    """The LED driver that the fields speak of; None for plain PWM."""
    for driver in DRIVERS:
        if driver.colour in fields or driver.white in fields:
            return driver
    if "drcur" in fields or "dwcur" in fields:
        return DRIVERS[3]
    place = _BY_DMOD.get(_number(fields.get("dmod"), -1))
    return DRIVERS[place] if place is not None and "iicsda" in fields else None


def commands(driver: Driver, fields: Mapping[str, Any]) -> list[str]:
    """The lines that set current and order of colours."""
    colour, white = _currents(driver, fields)
    found = []
    if colour is not None or white is not None:
        found.append(f"{driver.name}_Current {colour or 0} {white or 0}")
    outputs = [_number(fields.get(name), NO_OUTPUT) for name in _OUTPUTS]
    if any(output != NO_OUTPUT for output in outputs):
        found.append("LED_Map " + " ".join(map(str, _distinct(outputs))))
    return found


def _currents(driver: Driver, fields: Mapping[str, Any]) -> tuple[int | None, int | None]:
    colour = _optional(fields.get(driver.colour))
    white = _optional(fields.get(driver.white))
    if driver.name == "BP5758D":
        singles = [_optional(fields.get(name)) for name in ("drcur", "dgcur", "dbcur")]
        colour = colour if colour is not None else max((s for s in singles if s), default=None)
        white = max((w for w in (white, _optional(fields.get("dwcur"))) if w), default=white)
    if driver.milliampere_codes:  # 10, 15 .. 60 mA are the codes 0 .. 10
        colour, white = _code(colour), _code(white)
    return colour, white


def _code(current: int | None) -> int | None:
    return None if current is None else min(10, max(0, (current - 10) // 5))


def _distinct(outputs: list[int]) -> list[int]:
    """An output named twice belongs to the first colour (rgbc lights repeat one for warm)."""
    return [o if o not in outputs[:i] else NO_OUTPUT for i, o in enumerate(outputs)]


def _optional(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _number(value: Any, default: int) -> int:
    return value if isinstance(value, int) and 0 <= value <= NO_OUTPUT else default
