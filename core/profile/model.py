"""The configuration of one OpenBeken device, as far as somebody named it.

Every field that is None is not named and will not be touched.  Times are seconds, channels 0 to
63, pins 0 to 31.  A profile is the same thing whether it came from TOML, a device, a flash sector
or a Tuya dump.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

REMEMBER = -1
POWER_UP = {"off": 0, "on": 1, "remember": REMEMBER}


@dataclass(frozen=True, slots=True)
class Secret:
    """A password: its value, or the name under which keys.toml keeps it.  Never printed."""

    value: str = ""
    name: str = ""

    def __repr__(self) -> str:
        return f"Secret(name={self.name!r})" if self.name else "Secret(...)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Pin:
    """What a pin does: a role by the firmware's own name, and its channels."""

    role: str
    channel: int | None = None
    channel2: int | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel's type by name, and the value it starts with (-1 remembers)."""

    type: str | None = None
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """Short and long device name; `{mac6}` stands for the last six hex digits of the MAC."""

    short: str | None = None
    long: str | None = None


@dataclass(frozen=True, slots=True)
class Wifi:
    """Two networks to try, and the password of the web pages."""

    ssid: str | None = None
    password: Secret | None = None
    ssid2: str | None = None
    password2: Secret | None = None
    web_password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Mqtt:
    """The broker and the names on it."""

    host: str | None = None
    port: int | None = None
    user: str | None = None
    password: Secret | None = None
    client: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """Static address, all four as dotted text; `ip` "0.0.0.0" is DHCP."""

    ip: str | None = None
    mask: str | None = None
    gateway: str | None = None
    dns: str | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """The ping watchdog; `seconds` without an answer until it acts, 0 is off."""

    host: str | None = None
    seconds: int | None = None
    interval: int | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Factors of the meter chip in units per pulse per second; `power_max` in watts."""

    voltage: float | None = None
    current: float | None = None
    power: float | None = None
    power_max: float | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """All of it.  `base` is the file it builds on; `chip` and `module` what it is made for."""

    base: str | None = None
    chip: str | None = None
    module: str | None = None
    startup: str | None = None
    on_power_up: str | None = None
    drivers: tuple[str, ...] | None = None
    names: Names = field(default_factory=Names)
    wifi: Wifi = field(default_factory=Wifi)
    mqtt: Mqtt = field(default_factory=Mqtt)
    network: Network = field(default_factory=Network)
    ping: Ping = field(default_factory=Ping)
    calibration: Calibration = field(default_factory=Calibration)
    pins: Mapping[int, Pin] = field(default_factory=dict)
    channels: Mapping[int, Channel] = field(default_factory=dict)
    flags: Mapping[int, bool] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


SECTIONS = {
    "names": Names,
    "wifi": Wifi,
    "mqtt": Mqtt,
    "network": Network,
    "ping": Ping,
    "calibration": Calibration,
}


def merged(base: Profile, over: Profile) -> Profile:
    """`over` on top of `base`: what it names wins, the rest stays."""
    changes: dict[str, Any] = {}
    for part in fields(Profile):
        lower, upper = getattr(base, part.name), getattr(over, part.name)
        if part.name in SECTIONS:
            named = {f.name: getattr(upper, f.name) for f in fields(upper)}
            changes[part.name] = replace(lower, **{k: v for k, v in named.items() if v is not None})
        elif isinstance(lower, Mapping):
            changes[part.name] = {**lower, **upper}
        else:
            changes[part.name] = lower if upper is None else upper
    return Profile(**{**changes, "base": over.base})


def flat(profile: Profile) -> dict[str, Any]:
    """Everything that is named, by dotted path ("pins.8" -> Pin).  Secrets stay secrets."""
    found: dict[str, Any] = {}
    for part in fields(Profile):
        value = getattr(profile, part.name)
        if part.name in SECTIONS:
            found |= {
                f"{part.name}.{f.name}": getattr(value, f.name)
                for f in fields(value)
                if getattr(value, f.name) is not None
            }
        elif isinstance(value, Mapping):
            found |= {f"{part.name}.{key}": entry for key, entry in sorted(value.items())}
        elif value is not None and part.name != "base":
            found[part.name] = value
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """One path whose values differ; None where a side does not name it."""

    path: str
    before: Any
    after: Any


def diff(before: Profile, after: Profile) -> list[Difference]:
    """What `after` names differently; what it does not name is no difference."""
    old, new = flat(before), flat(after)
    return [
        Difference(path, old.get(path), value)
        for path, value in new.items()
        if old.get(path) != value
    ]


def beyond(base: Profile, profile: Profile) -> Profile:
    """What `profile` says other than `base`: a short profile that gives the same on top of it."""
    kept: dict[str, Any] = {}
    for part in fields(Profile):
        lower, upper = getattr(base, part.name), getattr(profile, part.name)
        if part.name in SECTIONS:
            same = [
                f.name for f in fields(upper) if getattr(upper, f.name) == getattr(lower, f.name)
            ]
            kept[part.name] = replace(upper, **dict.fromkeys(same))
        elif isinstance(upper, Mapping):
            kept[part.name] = {k: v for k, v in upper.items() if lower.get(k) != v}
        else:
            kept[part.name] = None if upper == lower else upper
    return Profile(**kept)


def for_mac(profile: Profile, mac: str) -> Profile:
    """The profile with `{mac6}` in its names replaced by the last six hex digits of `mac`."""
    digits = "".join(c for c in mac.upper() if c in "0123456789ABCDEF")[-6:]
    names = profile.names

    def filled(text: str | None) -> str | None:
        return None if text is None else text.replace("{mac6}", digits)

    return replace(
        profile,
        names=Names(filled(names.short), filled(names.long)),
        mqtt=replace(profile.mqtt, client=filled(profile.mqtt.client)),
    )
