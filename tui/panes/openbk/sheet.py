"""The form as data: what the device has, and what was typed over it.

The form decides nothing about devices.  Values are checked by core.profile, differences are
core.openbk's, and what is sent is planned from a profile that names only the changed fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from core.openbk.difference import Change, changes, complete, shown, wanted_for, without_defaults
from core.openbk.plan import Plan, plan_for
from core.openbk.read import Device
from core.profile.check import require_possible, warnings
from core.profile.model import POWER_UP, SECTIONS, Channel, Pin, Profile, flat, for_mac, merged
from core.profile.tables import CHANNEL_TYPES, ROLES
from tui.panes.openbk.values import NO_ROLE, power_word, profile_of, relays_of

NO_PIN = Pin("None")
POWER = "on_power_up"


@dataclass
class Sheet:
    """One device's form.  `base` is its configuration as last read, at `when`; `edits` maps a
    path to the wanted value; `device` is all that was read, None while only `base` is known;
    `listed` are channels that are shown though nothing uses them."""

    host: str
    mac: str = ""
    base: Profile = field(default_factory=Profile)
    when: str = ""
    device: Device | None = None
    edits: dict[str, Any] = field(default_factory=dict)
    listed: set[int] = field(default_factory=set)

    LACKS: ClassVar[tuple[str, ...]] = ()
    """Sections that a form of this kind does not have."""

    @property
    def known(self) -> bool:
        """True when there is a configuration to show."""
        return bool(self.when)

    @property
    def title(self) -> str:
        """What the form is of."""
        return self.host

    @property
    def address(self) -> str:
        """What opens it again when it is typed."""
        return self.host

    @property
    def nobody(self) -> str:
        """What stands where the device's name would, when there is no device."""
        return "no device: h types an address, f searches the network"

    @property
    def holder(self) -> str:
        """Whose value a field has that was not changed."""
        return "Now on the device"

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

    @property
    def relays(self) -> tuple[int, ...]:
        """Channels of the relays, as the form has them."""
        return relays_of({**self.base.pins, **self.wanted.pins})

    @property
    def whole(self) -> Profile:
        """Everything that the form shows, as a profile to keep."""
        wanted = self.wanted
        channels = {
            number: Channel(
                self.value(f"channels.{number}.type"), self.value(f"channels.{number}.start")
            )
            for number in sorted({*self.base.channels, *wanted.channels})
        }
        pins = {n: p for n, p in {**self.base.pins, **wanted.pins}.items() if p.role not in NO_ROLE}
        both = replace(merged(self.base, wanted), pins=pins, channels=channels)
        return without_defaults(both)

    # -- values ----------------------------------------------------------------------------

    def value(self, path: str) -> Any:
        """What the form shows at `path`."""
        section, _, key = path.partition(".")
        if section == "channels":
            number, _, name = key.partition(".")
            over = getattr(self.edits.get(f"channels.{number}", Channel()), name)
            base = self.base.channels.get(int(number), Channel())
            return getattr(base, name) if over is None else over
        if path == POWER:
            word = power_word([self.value(start) or 0 for start in self._starts()])
            return word or self.edits.get(path)
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
        if path == POWER:
            self._put_power(value)
            return
        section, _, key = path.partition(".")
        if section == "channels":
            number, _, name = key.partition(".")
            path = f"channels.{number}"
            value = replace(self.edits.get(path, Channel()), **{name: value})
        require_possible(profile_of({path: value}), self.roles)
        self.edits[path] = value
        self._settle(path)

    def _starts(self) -> tuple[str, ...]:
        return tuple(f"channels.{number}.start" for number in self.relays)

    def _put_power(self, word: str) -> None:
        """The start value of every relay; none where one of them cannot have it."""
        channels = dict.fromkeys(self.relays, Channel(start=POWER_UP[word]))
        require_possible(Profile(channels=channels))
        self.edits.pop(POWER, None)
        for start in self._starts():
            self.put(start, POWER_UP[word])

    def back(self, path: str) -> None:
        """The field as the device has it."""
        section, _, key = path.partition(".")
        if path == POWER:
            for start in self._starts():
                self.back(start)
        if section != "channels":
            self.edits.pop(path, None)
            return
        number, _, name = key.partition(".")
        path = f"channels.{number}"
        if path in self.edits:
            self.edits[path] = replace(self.edits[path], **{name: None})
            self._settle(path)

    def load(self, profile: Profile) -> None:
        """Want all that a profile names.  What relays do after a power failure is said by their
        start values, as it is sent; a start value that the profile names itself stays."""
        named = flat(for_mac(profile, self.mac) if self.mac else profile)
        self.edits |= named
        word = named.get(POWER)
        if word in POWER_UP and self.relays:
            del self.edits[POWER]
            for number in self.relays:
                path = f"channels.{number}"
                if named.get(path, Channel()).start is None:
                    old = self.edits.get(path, Channel())
                    self.edits[path] = replace(old, start=POWER_UP[word])
        for path in tuple(self.edits):
            self._settle(path)

    def take(self, device: Device, when: str) -> list[str]:
        """The device was read: (again) the base of the form.  Returns the paths that changed
        since the configuration that was shown before."""
        now = replace(device.profile, drivers=None)
        since = [c.path for c in changes(self.base, complete(now))] if self.known else []
        self.device, self.mac, self.base, self.when = device, device.mac, device.profile, when
        for path in tuple(self.edits):
            self._settle(path)
        return since

    def _settle(self, path: str) -> None:
        """An edit that the device has already is none."""
        told = path in ("chip", "module", POWER)
        if not told and not changes(self.base, profile_of({path: self.edits[path]})):
            del self.edits[path]

    def edited(self, path: str) -> bool:
        """True when the field is marked as changed."""
        section, _, key = path.partition(".")
        if path == POWER:
            return path in self.edits or any(map(self.edited, self._starts()))
        if section == "channels":
            number, _, name = key.partition(".")
            edit = self.edits.get(f"channels.{number}", Channel())
            return getattr(edit, name) is not None
        return path in self.edits

    # -- what comes of it ------------------------------------------------------------------

    def changes(self) -> list[Change]:
        """What differs.  Raises OBK-CHIP, PROFILE-VALUE."""
        if self.device is not None:
            return changes(self.base, wanted_for(self.wanted, self.device))
        return changes(self.base, for_mac(self.wanted, self.mac))

    def plan(self) -> Plan | None:
        """The requests, once the device was read.  Raises what `plan_for` raises."""
        return None if self.device is None else plan_for(self.device, self.wanted)

    def diff(self, *, reveal: bool) -> list[str]:
        """What differs, how it comes about, and what is likely not meant; nothing for nothing.

        Raises what `changes` and `plan` raise.
        """
        found = [
            f"{c.path}: {shown(c.before, reveal=reveal)} -> {shown(c.after, reveal=reveal)}"
            for c in self.changes()
        ]
        return [*found, *self.ways()] if found else []

    def ways(self) -> list[str]:
        """The requests, once the device was read, and the warnings."""
        plan = self.plan()
        if plan is None:
            return ["", *(f"! {text}" for text in self.warnings())]
        steps = [step.title for step in plan.steps]
        steps += ["restart, and wait until it is back"] if plan.restart else []
        numbered = (f"{n}. {title}" for n, title in enumerate(steps, 1))
        return ["", *numbered, *(f"! {text}" for text in plan.warnings)]

    def warnings(self) -> list[str]:
        """What is likely not meant, and was not so before."""
        old = warnings(self.base)
        return [text for text in warnings(merged(self.base, self.wanted)) if text not in old]

    def warned(self, path: str) -> list[str]:
        """Those warnings that the edit of this pin brought: by itself, or with the others."""
        if not path.startswith("pins.") or path not in self.edits:
            return []
        alone = warnings(merged(self.base, profile_of({path: self.edits[path]})))
        rest = {name: value for name, value in self.edits.items() if name != path}
        without = warnings(merged(self.base, profile_of(rest)))
        return [text for text in self.warnings() if text in alone or text not in without]
