"""A configuration of another device, and what of a backup does not come back.

A configuration names its device: two devices with one MQTT client drop each other from the
broker.  So whoever brings a backup back is told whose it is before anything is sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Question
from core.openbk import wire
from core.profile.model import Profile, Secret, flat

IDENTITY = {
    "names.short": "short name",
    "names.long": "long name",
    "mqtt.client": "MQTT client",
}
"""What tells a device from the others, and its words."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A backup against the device that it is meant for: `file` is its name, `owner` the MAC in
    it ("" unknown), `mac` that of the device; `inside` is its configuration, factors included,
    `now` that of the device."""

    file: str
    owner: str
    mac: str
    inside: Profile
    now: Profile

    @property
    def foreign(self) -> bool:
        """True when both MACs are known and differ."""
        owner, mac = known_mac(self.owner), known_mac(self.mac)
        return bool(owner and mac) and owner != mac

    @property
    def told(self) -> str:
        """Whose it is, and what the device would be called then."""
        taken = ", ".join(
            f"{IDENTITY[path]} {value!r}"
            for path, value in flat(self.inside).items()
            if path in IDENTITY and value
        )
        names = f" It would take over from it: {taken}." if taken else ""
        return (
            f"{self.file} is of another plug, {known_mac(self.owner)}; this device is "
            f"{known_mac(self.mac)}.{names} Two devices with one MQTT client drop each other from "
            "the broker."
        )

    def question(self) -> Question:
        """To be answered by typing the end of the MAC of the device; `--yes` does not answer."""
        digits = known_mac(self.mac).replace(":", "")[-6:]
        return Question(
            "other-device",
            f"{self.told} Write it to {known_mac(self.mac)} all the same? Then type the last six "
            "digits of that MAC.",
            expect=digits,
            flag="--confirm",
        )

    @property
    def brief(self) -> str:
        """Whose it is, in one line of a log."""
        return (
            f"The backup is of {known_mac(self.owner)}, this device is {known_mac(self.mac)}: "
            "names and MQTT client are those of another plug."
        )

    @property
    def factors(self) -> list[str]:
        """Paths of the factors that the device has otherwise; they cannot be sent."""
        inside, now = self.inside.calibration, self.now.calibration
        names = ("voltage", "current", "power", "power_max")
        wanted = {name: getattr(inside, name) for name in names}
        return [
            f"calibration.{name}"
            for name, value in wanted.items()
            if value and value != getattr(now, name)
        ]

    @property
    def emptied(self) -> list[str]:
        """Paths of secrets that the device has and the backup has not."""
        inside, now = flat(self.inside), flat(self.now)
        return [
            path
            for path, value in now.items()
            if isinstance(value, Secret) and value.value and _is_empty(inside.get(path))
        ]

    def losses(self, way: str) -> list[str]:
        """What of the device does not become as it was in the backup; `way` puts factors back."""
        found = []
        if self.factors:
            names = ", ".join(path.partition(".")[2] for path in self.factors)
            found.append(
                f"Left out: the factors of the meter ({names}); they stay as they are on the "
                f"device. {way}"
            )
        if self.emptied:
            found.append(
                f"The backup does not have {', '.join(self.emptied)}: what the device has there "
                "would be emptied."
            )
        return found


def known_mac(text: str) -> str:
    """The MAC in the usual form; nothing for none and for zeros."""
    mac = wire.normal_mac(text)
    return mac if mac.strip("0:") else ""


def _is_empty(value: object) -> bool:
    return isinstance(value, Secret) and not value.value and not value.name
