"""Where a device and a wanted profile differ, in the firmware's own terms.

A pin without a role is "None", a channel without a type "Default", a start value that is not set
0.  What the profile does not name is no difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from core.openbk import faults
from core.openbk.read import Device
from core.openbk.words import translate_text
from core.profile.check import require_possible
from core.profile.flags import FLAG_TEXTS
from core.profile.model import POWER_UP, Channel, Pin, Profile, Secret, flat, for_mac
from core.profile.tables import CHANNELS, PINS, RELAYS

MASK = "***"
NEAR = 1e-5


@dataclass(frozen=True, slots=True)
class Change:
    """One field: what it is and what it should be.  `secret` values are never shown."""

    path: str
    before: Any
    after: Any

    @property
    def secret(self) -> bool:
        return isinstance(self.after, Secret)

    def line(self) -> str:
        """`path: before -> after`, secrets masked; of a flag also what it does."""
        return f"{self.path}: {shown(self.before)} -> {shown(self.after)}{flag_text(self.path)}"

    def to_json(self) -> dict[str, Any]:
        return {"path": self.path, "before": shown(self.before), "after": shown(self.after)}


def flag_text(path: str) -> str:
    """What a flag does, in brackets behind its values; nothing for all other fields."""
    section, _, number = path.partition(".")
    known = section == "flags" and number.isdecimal() and int(number) < len(FLAG_TEXTS)
    return f"  ({FLAG_TEXTS[int(number)]})" if known else ""


def shown(value: Any, *, reveal: bool = False) -> str:
    """A value for people and JSON; a secret only as set or empty, unless `reveal`."""
    match value:
        case Secret() if reveal:
            return value.value or value.name
        case Secret():
            return MASK if value.value or value.name else "(empty)"
        case Pin():
            channels = [str(c) for c in (value.channel, value.channel2) if c is not None]
            return ";".join([value.role, *channels])
        case Channel():
            parts = [value.type or "", "" if value.start is None else f"start {value.start}"]
            return " ".join(part for part in parts if part) or "(not named)"
        case None | "":
            return "(empty)"
        case float():
            return f"{value:.6g}"
        case tuple():
            return ", ".join(map(str, value)) or "(none)"
        case str() if len(value) > 60 or "\n" in value:
            return repr(value if len(value) <= 60 else value[:57] + "...")
    return str(value)


def as_json(value: Any, *, reveal: bool = False) -> Any:
    """A value in JSON's own types: a pin and a channel as objects, what is not set as null, a
    list as a list; a secret as text, masked unless `reveal`, empty where there is none."""
    match value:
        case Secret() if reveal:
            return value.value or value.name
        case Secret():
            return MASK if value.value or value.name else ""
        case Pin():
            return {"role": value.role, "channel": value.channel, "channel2": value.channel2}
        case Channel():
            return {"type": value.type, "start": value.start}
        case float() if not math.isfinite(value):
            return None
        case float():
            return float(f"{value:.6g}")
        case tuple():
            return list(value)
    return value


def wanted_for(profile: Profile, device: Device) -> Profile:
    """The profile as it is meant for this device: names filled in, `on_power_up` by channel, the
    startup command in the firmware's words.

    Raises OBK-CHIP when it is made for another chip, PROFILE-VALUE for impossible values, and
    PROFILE-SECRET's kin when a secret was not looked up before.
    """
    if profile.chip and profile.chip.lower() != device.chip.lower():
        raise faults.WRONG_CHIP(
            what=f"The profile is for {profile.chip}, the device is a {device.chip}.",
            cause="Another kind of plug, or the wrong profile.",
            next="Choose the profile of this chip; compare the pins first.",
        )
    filled = for_mac(profile, device.mac)
    roles = ("None", *device.pins.role_names[1:])
    require_possible(filled, roles)
    if filled.on_power_up is not None:
        filled = _with_power_up(filled, device)
        require_possible(filled, roles)
    if filled.startup:
        filled = replace(filled, startup=translate_text(filled.startup)[0])
    return replace(filled, base=None, chip=None, module=None, on_power_up=None)


def complete(profile: Profile) -> Profile:
    """A whole configuration that says what it leaves out, too: a pin without a role, a channel
    without a type, a start value that is 0.  To go back to it means to have these again."""
    free = dict.fromkeys(range(PINS), Pin("None", 0, 0))
    plain = dict.fromkeys(range(CHANNELS), Channel("Default", 0))
    named = {n: Channel(c.type or "Default", c.start or 0) for n, c in profile.channels.items()}
    return replace(profile, pins={**free, **profile.pins}, channels={**plain, **named})


def _with_power_up(profile: Profile, device: Device) -> Profile:
    """Start values of all relay channels, where the profile does not name one itself."""
    start = POWER_UP[profile.on_power_up or "off"]
    pins = {**device.profile.pins, **profile.pins}
    channels = dict(profile.channels)
    for pin in pins.values():
        if pin.role in RELAYS and pin.channel is not None:
            channel = channels.get(pin.channel, Channel())
            if channel.start is None:
                channels[pin.channel] = replace(channel, start=start)
    return replace(profile, channels=channels)


def changes(now: Profile, wanted: Profile) -> list[Change]:
    """What would have to be sent, in the order of the model."""
    return list(_changes(now, wanted))


def _changes(now: Profile, wanted: Profile) -> Iterator[Change]:
    old = flat(now)
    for path, value in flat(wanted).items():
        section = path.partition(".")[0]
        before = old.get(path)
        if section == "pins":
            before = before or Pin("None", 0)
            if not _same_pin(before, value):
                yield Change(path, before, _filled_pin(before, value))
        elif section == "channels":
            yield from _channel_changes(path, before or Channel(), value)
        elif section == "flags":
            if bool(before) != value:
                yield Change(path, bool(before), value)
        elif section == "drivers":
            runs = {name.strip().upper() for name in before or ()}
            missing = [name.strip() for name in value if name.strip().upper() not in runs]
            if missing:
                yield Change(path, before or (), tuple(missing))
        elif section == "calibration":
            if not math.isclose(before or 0.0, value, rel_tol=NEAR, abs_tol=1e-9):
                yield Change(path, before, value)
        elif section in ("chip", "module", "on_power_up"):
            continue
        elif not _same(before, value):
            yield Change(path, before, value)


def _same(before: Any, after: Any) -> bool:
    if isinstance(after, Secret):
        old = before.value if isinstance(before, Secret) else ""
        return old == after.value
    return (before or "") == (after or "") if isinstance(after, str) else before == after


def _same_pin(before: Pin, after: Pin) -> bool:
    if before.role.lower() != after.role.lower():
        return False
    first = after.channel is None or (before.channel or 0) == after.channel
    return first and (after.channel2 is None or (before.channel2 or 0) == after.channel2)


def _filled_pin(before: Pin, after: Pin) -> Pin:
    channel = before.channel if after.channel is None else after.channel
    second = before.channel2 if after.channel2 is None else after.channel2
    return Pin(after.role, channel, second or None)


def _channel_changes(path: str, before: Channel, after: Channel) -> Iterator[Change]:
    kind = after.type
    if kind is not None and (before.type or "Default") != kind:
        yield Change(f"{path}.type", before.type or "Default", kind)
    if after.start is not None and (before.start or 0) != after.start:
        yield Change(f"{path}.start", before.start or 0, after.start)


DEFAULT_FLAG = 10
"""On in a fresh device, so that off must be said."""


def without_defaults(profile: Profile) -> Profile:
    """What of a whole configuration belongs into a profile: only flags that say something."""
    said = {n: on for n, on in profile.flags.items() if on or n == DEFAULT_FLAG}
    return replace(profile, flags=said)
