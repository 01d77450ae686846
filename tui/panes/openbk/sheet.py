"""The form as data: what the device has, what was typed over it, and the rows of each section.

The form decides nothing about devices.  Values are checked by core.profile, differences are
core.openbk's, and what is sent is planned from a profile that names only the changed fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.openbk.difference import Change, changes, wanted_for
from core.openbk.plan import Plan, plan_for
from core.openbk.read import Device
from core.profile.check import require_possible
from core.profile.model import SECTIONS, Channel, Pin, Profile, Secret, flat, for_mac
from core.profile.tables import CHANNEL_TYPES, PINS, ROLES

DEVICES = "Devices"
NO_PIN = Pin("None")


def profile_of(values: Mapping[str, Any]) -> Profile:
    """The profile that names exactly these paths; the opposite of `flat`."""
    found: dict[str, Any] = {}
    parts: dict[str, dict[Any, Any]] = {}
    for path, value in values.items():
        section, dot, key = path.partition(".")
        if not dot:
            found[section] = value
        elif section in SECTIONS or section == "files":
            parts.setdefault(section, {})[key] = value
        else:
            parts.setdefault(section, {})[int(key)] = value
    for section, entries in parts.items():
        found[section] = SECTIONS[section](**entries) if section in SECTIONS else entries
    return Profile(**found)


@dataclass
class Sheet:
    """One device's form.  `base` is its configuration as last read, at `when`; `edits` maps a
    path to the wanted value; `device` is all that was read, None while only `base` is known."""

    host: str
    mac: str = ""
    base: Profile = field(default_factory=Profile)
    when: str = ""
    device: Device | None = None
    edits: dict[str, Any] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """True when there is a configuration to show."""
        return bool(self.when)

    @property
    def roles(self) -> tuple[str, ...]:
        """The device's own list of roles, or that of the firmware we know."""
        names = self.device.pins.role_names if self.device is not None else ROLES
        return ("None", *names[1:])

    @property
    def types(self) -> tuple[str, ...]:
        """The device's own list of channel types, or that of the firmware we know."""
        names = self.device.types.names if self.device is not None else ()
        return names or CHANNEL_TYPES

    @property
    def wanted(self) -> Profile:
        """What was changed, and nothing else."""
        return profile_of(self.edits)

    def value(self, path: str) -> Any:
        """What the form shows at `path`."""
        section, _, key = path.partition(".")
        if section == "channels":
            number, _, name = key.partition(".")
            over = getattr(self.edits.get(f"channels.{number}", Channel()), name)
            base = self.base.channels.get(int(number), Channel())
            return getattr(base, name) if over is None else over
        if path in self.edits:
            return self.edits[path]
        if section == "pins":
            return self.base.pins.get(int(key), NO_PIN)
        if section in SECTIONS:
            return getattr(getattr(self.base, section), key)
        part = getattr(self.base, section)
        return part.get(int(key) if section == "flags" else key) if key else part

    def put(self, path: str, value: Any) -> None:
        """Want `value` at `path`.  Raises PROFILE-VALUE for what the firmware cannot hold."""
        section, _, key = path.partition(".")
        if section == "channels":
            number, _, name = key.partition(".")
            path = f"channels.{number}"
            value = replace(self.edits.get(path, Channel()), **{name: value})
        require_possible(profile_of({path: value}), self.roles)
        self.edits[path] = value
        self._settle(path)

    def back(self, path: str) -> None:
        """The field as the device has it."""
        section, _, key = path.partition(".")
        if section != "channels":
            self.edits.pop(path, None)
            return
        number, _, name = key.partition(".")
        path = f"channels.{number}"
        if path in self.edits:
            self.edits[path] = replace(self.edits[path], **{name: None})
            self._settle(path)

    def load(self, profile: Profile) -> None:
        """Want all that a profile names."""
        for path, value in flat(for_mac(profile, self.mac)).items():
            self.edits[path] = value
            self._settle(path)

    def take(self, device: Device, when: str) -> list[str]:
        """The device was read: (again) the base of the form.  Returns the paths that changed
        since the configuration that was shown before."""
        now = replace(device.profile, drivers=None)
        since = [c.path for c in changes(self.base, now)] if self.known else []
        self.device, self.mac, self.base, self.when = device, device.mac, device.profile, when
        for path in tuple(self.edits):
            self._settle(path)
        return since

    def _settle(self, path: str) -> None:
        """An edit that the device has already is none."""
        told = path in ("chip", "module", "on_power_up")
        if not told and not changes(self.base, profile_of({path: self.edits[path]})):
            del self.edits[path]

    def changes(self) -> list[Change]:
        """What differs.  Raises OBK-CHIP, PROFILE-VALUE."""
        if self.device is not None:
            return changes(self.base, wanted_for(self.wanted, self.device))
        return changes(self.base, for_mac(self.wanted, self.mac))

    def plan(self) -> Plan | None:
        """The requests, once the device was read.  Raises what `plan_for` raises."""
        return None if self.device is None else plan_for(self.device, self.wanted)

    def edited(self, path: str) -> bool:
        """True when the field is marked as changed."""
        section, _, key = path.partition(".")
        if section == "channels":
            number, _, name = key.partition(".")
            edit = self.edits.get(f"channels.{number}", Channel())
            return getattr(edit, name) is not None
        return path in self.edits


SHOWN: dict[str, tuple[tuple[str, str], ...]] = {
    "Network": (
        ("wifi.ssid", "Wi-Fi"), ("wifi.password", "Wi-Fi password"), ("wifi.ssid2", "Wi-Fi 2"),
        ("wifi.password2", "Wi-Fi 2 password"), ("wifi.web_password", "Web password"),
        ("network.ip", "Static IP"), ("network.mask", "Mask"), ("network.gateway", "Gateway"),
        ("network.dns", "DNS"), ("ping.host", "Ping host"), ("ping.interval", "Ping interval"),
        ("ping.seconds", "Ping watchdog"),
    ),
    "MQTT": (
        ("mqtt.host", "Broker"), ("mqtt.port", "Port"), ("mqtt.user", "User"),
        ("mqtt.password", "Password"), ("mqtt.client", "Client topic"),
        ("mqtt.group", "Group topic"),
    ),
    "Names": (("names.short", "Short name"), ("names.long", "Long name")),
    "Metering": (
        ("calibration.voltage", "Voltage factor"), ("calibration.current", "Current factor"),
        ("calibration.power", "Power factor"), ("calibration.power_max", "Highest power"),
        ("drivers", "Drivers"),
    ),
}  # fmt: skip
TABS = ("Pins", "Network", "MQTT", "Names", "Flags", "Startup", "Metering", DEVICES)


def paths(sheet: Sheet, tab: str) -> list[str]:
    """The fields of a section, in their order."""
    if not sheet.known:
        return []
    if tab == "Pins":
        return [f"pins.{number}" for number in range(PINS)]
    if tab == "Flags":
        numbers = (
            [flag.number for flag in sheet.device.flags]
            if sheet.device is not None
            else sorted(sheet.base.flags)
        )
        return [f"flags.{number}" for number in numbers]
    if tab == "Startup":
        return ["startup", *_channel_paths(sheet), *_file_paths(sheet)]
    return [path for path, _label in SHOWN.get(tab, ())]


def _channel_paths(sheet: Sheet) -> list[str]:
    """The channels that a pin uses or that have a type or start value already."""
    used = set(sheet.base.channels)
    used |= {int(path[9:]) for path in sheet.edits if path.startswith("channels.")}
    for number in range(PINS):
        pin = sheet.value(f"pins.{number}")
        if pin.role not in ("None", " ", ""):
            used |= {c for c in (pin.channel, pin.channel2) if c is not None}
    return [f"channels.{number}.{name}" for number in sorted(used) for name in ("type", "start")]


def _file_paths(sheet: Sheet) -> list[str]:
    names = {*sheet.base.files, *(p[6:] for p in sheet.edits if p.startswith("files."))}
    return [f"files.{name}" for name in sorted(names)]


def is_secret(path: str) -> bool:
    """True for what is masked."""
    return path.startswith(("wifi.", "mqtt.")) and "password" in path


def parsed(path: str, text: str) -> Any:
    """What was typed into a field of text, as its value.  Raises ValueError with a sentence."""
    name = path.rpartition(".")[2]
    bare = text.strip()
    if is_secret(path):
        return Secret(text)
    if name in ("port", "seconds", "interval") or path.endswith(".start"):
        if not bare.lstrip("-").isdecimal():
            raise ValueError(f"{text!r} is no whole number.")
        return int(bare)
    if path.startswith("calibration."):
        try:
            return float(bare.replace(",", "."))
        except ValueError:
            raise ValueError(f"{text!r} is no number.") from None
    if path == "drivers":
        return tuple(bare.replace(",", " ").split())
    return text


def channels_of(pin: Pin, text: str) -> Pin:
    """The pin with the channels that were typed: none, one or two numbers."""
    words = text.replace(",", " ").replace(";", " ").split()
    if len(words) > 2 or not all(word.isdecimal() for word in words):
        raise ValueError(f"{text!r} is not one or two channels.")
    numbers = [*map(int, words), None, None]
    return Pin(pin.role, numbers[0] if words else 0, numbers[1] if len(words) == 2 else 0)
