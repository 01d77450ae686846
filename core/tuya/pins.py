"""From the fields of `user_param_key` to what hangs on which pin, in OpenBeken's words.

The active level (`_lv`) decides the polarity of a role; a person can flip it, because reports say
that it is not always true.  Nothing is dropped: what has no role is listed with its value.
Source: Tuya backup sheet 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.tuya import lights, loose
from core.tuya.modules import chip_of, pad_of
from core.tuya.pin_rules import (
    COLOURS,
    METER_CHIPS,
    METER_DRIVERS,
    METER_PULSES,
    RULES,
    Rule,
    meaning,
)

HIGHEST = 28
FLAG_CW_BY_TEMPERATURE = 8
TRIP_MOST = 16000
"""mA: the most that a plug is made for (ruling P23)."""


@dataclass(frozen=True, slots=True)
class Use:
    """One pin.  `role` is OpenBeken's name, empty for a pin that is only shown.

    `level` is 1 active high, 0 active low, None where that means nothing; `other` is the role of
    the other polarity, empty where there is none.
    """

    gpio: int
    field: str
    what: str
    role: str
    channel: int
    level: int | None
    other: str
    pad: str = ""
    note: str = ""

    @property
    def words(self) -> str:
        """`Relay 1 on P8, active high`."""
        active = {None: "", 0: ", active low", 1: ", active high"}[self.level]
        return f"{self.what} on P{self.gpio}{active}"

    def flipped(self) -> Use:
        """The same pin with the other polarity; itself where there is none."""
        if not self.other or self.level is None:
            return self
        return replace(self, role=self.other, other=self.role, level=1 - self.level)


@dataclass(frozen=True, slots=True)
class Field:
    """A field that is no pin; `meaning` is empty where nobody knows it."""

    name: str
    value: Any
    meaning: str


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a configuration says.

    `commands` are lines for OpenBeken's start-up, `trip` is the proposed overload line or empty.
    `flags` are OpenBeken's flag numbers; `warnings` are sentences.
    """

    module: str
    chip: str
    uses: tuple[Use, ...]
    fields: tuple[Field, ...]
    commands: tuple[str, ...]
    trip: str
    flags: tuple[int, ...]
    meter: str
    driver: str
    power_up: str
    warnings: tuple[str, ...]

    def with_flipped(self, gpios: frozenset[int]) -> Wiring:
        """The same wiring with the polarity of these pins turned over."""
        uses = tuple(use.flipped() if use.gpio in gpios else use for use in self.uses)
        return replace(self, uses=uses)

    @property
    def lines(self) -> list[str]:
        """The pins in words, one a line."""
        return [use.words + (f" (pad {use.pad})" if use.pad else "") for use in self.uses]


def translate(fields: Mapping[str, Any]) -> Wiring:
    """What flat fields say.  Any values; never raises."""
    warnings: list[str] = []
    told = fields.get("module")
    module = loose.one_word(told) if isinstance(told, str) else ""
    uses = _uses(fields, module, warnings)
    uses, driver = _with_light_driver(uses, fields, warnings)
    uses = _with_colours(uses, fields)
    uses = _with_keys(uses)
    meter, meter_commands = _meter(fields, uses, warnings)
    commands = meter_commands + (lights.commands(driver, fields) if driver else [])
    commands += _extra(uses, fields)
    by_temperature = fields.get("cwtype") == 1 and any(u.field == "w_pin" for u in uses)
    return Wiring(
        module=module,
        chip=chip_of(module),
        uses=tuple(sorted(uses, key=lambda use: use.gpio)),
        fields=tuple(_rest(fields, uses)),
        commands=tuple(commands),
        trip=_trip(fields, uses),
        flags=(FLAG_CW_BY_TEMPERATURE,) if by_temperature else (),
        meter=meter,
        driver=driver.name if driver else "",
        power_up=_power_up(fields),
        warnings=tuple(warnings),
    )


# -- pins -------------------------------------------------------------------------------------


def _uses(fields: Mapping[str, Any], module: str, warnings: list[str]) -> list[Use]:
    """Every field that names a pin; where two name one, the upper rule has it."""
    found: dict[int, Use] = {}
    seen: set[str] = set()
    for rule in RULES:
        for name in sorted(fields):
            match = rule.pattern.fullmatch(name)
            if match is None or name in seen:
                continue
            seen.add(name)
            digits = match[1] if rule.pattern.groups else ""
            use = _use(rule, name, digits, fields, module, warnings)
            if use is None:
                continue
            if use.gpio in found:
                other = found[use.gpio]
                warnings.append(
                    f"P{use.gpio} is named twice: {other.what} ({other.field}) and {use.what} "
                    f"({use.field}); the first is used."
                )
                continue
            found[use.gpio] = use
    return list(found.values())


def _use(
    rule: Rule,
    name: str,
    digits: str,
    fields: Mapping[str, Any],
    module: str,
    warnings: list[str],
) -> Use | None:
    gpio = fields[name]
    if not isinstance(gpio, int) or isinstance(gpio, bool) or not 0 <= gpio <= HIGHEST:
        warnings.append(f"{name} is {str(gpio)[:40]!r}, which is no pin; it is left out.")
        return None
    channel = int(digits[:2] or 0) if rule.channel is None else rule.channel
    level: int | None = None
    if rule.high != rule.low:
        level = _level(rule.lv.replace("{d}", digits), fields, rule.level, warnings)
    role, other = (rule.low, rule.high) if level == 0 else (rule.high, rule.low)
    what = rule.what.replace(" {n}", f" {channel}" if channel else "")
    other = other if level is not None else ""
    return Use(gpio, name, what, role, channel, level, other, pad_of(module, gpio))


def _level(name: str, fields: Mapping[str, Any], usual: int, warnings: list[str]) -> int:
    value = fields.get(name)
    if value in (0, 1):
        return int(value)
    if value is not None:
        warnings.append(f"{name} is {str(value)[:40]!r}, not 0 or 1; {usual} is assumed.")
    return usual


def _with_light_driver(
    uses: list[Use], fields: Mapping[str, Any], warnings: list[str]
) -> tuple[list[Use], lights.Driver | None]:
    """The two pins of an LED driver get its roles."""
    driver = lights.driver_of(fields)
    if driver is None:
        if any(use.field in ("iicsda", "iicscl") for use in uses):
            warnings.append("An LED driver is wired, but nothing says which; its pins are shown.")
        return uses, None
    roles = {"iicsda": driver.data, "iicscl": driver.clock}
    found = [replace(use, role=roles.get(use.field, use.role)) for use in uses]
    return found, driver if any(use.field in roles for use in uses) else None


def _with_colours(uses: list[Use], fields: Mapping[str, Any]) -> list[Use]:
    """PWM channels by colour: five for RGBCW, 1 and 2 for white alone."""
    present = {use.field for use in uses}
    order = dict(COLOURS)
    if fields.get("cwtype") == 1:  # w carries temperature, which OpenBeken wants first
        order["w_pin"], order["c_pin"] = order["c_pin"], order["w_pin"]
    if not present & {"r_pin", "g_pin", "b_pin"}:
        whites = sorted(present & {"c_pin", "w_pin"}, key=lambda name: order[name])
        order |= {name: number for number, name in enumerate(whites, 1)}
    return [replace(u, channel=order[u.field]) if u.field in COLOURS else u for u in uses]


def _with_keys(uses: list[Use]) -> list[Use]:
    """Buttons whose role depends on what else is there, and the backlight's free channel."""
    relays = [use for use in uses if use.role in ("Rel", "Rel_n", "BridgeFWD")]
    light = any(use.field in COLOURS or use.field == "iicsda" for use in uses)
    free = 1 + max((use.channel for use in uses), default=0)
    found = []
    for use in uses:
        if use.field in ("reset_pin", "reset_bt_pin") and len(relays) > 1:
            use = _renamed(use, "Btn", "Btn_ScriptOnly")
        elif use.what.startswith("Key ") and light:
            use = replace(_renamed(use, "Btn", "Btn_SmartLED"), channel=0)
        elif use.field == "backlit_io_pin":
            use = replace(use, channel=free)
        found.append(use)
    return found


def _renamed(use: Use, old: str, new: str) -> Use:
    return replace(use, role=use.role.replace(old, new), other=use.other.replace(old, new))


# -- meter ------------------------------------------------------------------------------------


def _meter(
    fields: Mapping[str, Any], uses: list[Use], warnings: list[str]
) -> tuple[str, list[str]]:
    """The meter chip's name and the lines that start it."""
    pulses = {use.role for use in uses} & set(METER_PULSES)
    serial = any(use.field.startswith(("ele_rx", "ele_tx")) for use in uses)
    number = fields.get("chip_type")
    if not isinstance(number, int) or number not in METER_CHIPS:
        number = 0 if pulses else 3 if serial else None
    if number is None:
        return "", []
    if number in METER_DRIVERS:
        return METER_CHIPS[number], [f"startDriver {METER_DRIVERS[number]}"]
    if not pulses:
        return "", []
    if not {"BL0937CF", "BL0937CF1"} <= pulses or len(pulses) != 3:
        warnings.append("The meter needs CF, CF1 and SEL; one of them is not named.")
    return METER_CHIPS[number], []


def _trip(fields: Mapping[str, Any], uses: list[Use]) -> str:
    """The overload line of ruling P23 where the stock firmware tripped; else empty."""
    current, voltage = fields.get("over_cur"), fields.get("over_vol")
    limit = current if isinstance(current, int) and current > 0 else 0
    if not limit and not (isinstance(voltage, int) and voltage > 0):
        return ""
    relays = sorted({use.channel for use in uses if use.role in ("Rel", "Rel_n", "BridgeFWD")})
    most = min(limit or TRIP_MOST, TRIP_MOST)
    return "; ".join(f"AddChangeHandler Current > {most} SetChannel {n} 0" for n in relays)


# -- the rest ---------------------------------------------------------------------------------


def _extra(uses: list[Use], fields: Mapping[str, Any]) -> list[str]:
    found = []
    if any(use.role == "SM16703P_DIN" for use in uses):
        found.append("startDriver SM16703P")
    hertz = fields.get("pwmhz")
    if isinstance(hertz, int) and hertz > 0:
        found.append(f"PWMFrequency {hertz}")
    low, high = fields.get("min_V"), fields.get("max_V")
    battery = any(use.role == "BAT_ADC" for use in uses)
    if battery and isinstance(low, int) and isinstance(high, int) and 0 < low < high:
        found.append(f"Battery_Setup {low} {high}")
    return found


def _power_up(fields: Mapping[str, Any]) -> str:
    """`off`, `on`, `remember`, or empty where the fields do not say."""
    values = [fields.get("total_stat"), *(fields.get(f"ch{n}_stat") for n in range(1, 10))]
    first = next((v for v in values if isinstance(v, int)), None)
    return {0: "off", 1: "on", 2: "remember"}.get(-1 if first is None else first, "")


def _rest(fields: Mapping[str, Any], uses: list[Use]) -> list[Field]:
    taken = {use.field for use in uses}
    return [Field(n, v, meaning(n)) for n, v in sorted(fields.items()) if n not in taken]
