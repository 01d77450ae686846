"""A configuration of another device, and what of a backup does not come back.

A configuration names its device: two devices with one MQTT client drop each other from the
broker.  So whoever brings a backup back is told whose it is before anything is sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Question
from core.openbk import wire
from core.profile.model import Calibration, Profile, Secret, flat

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

    def left_out(self, way: str) -> list[str]:
        """What of the device does not become as the backup has it; `way` puts factors back."""
        found = []
        factors = [path[12:] for path in flat(Profile(calibration=self._factors()))]
        if factors:
            found.append(
                f"Left out: the factors of the meter ({', '.join(factors)}); they stay as they "
                f"are on the device. {way}"
            )
        inside, now = flat(self.inside), flat(self.now)
        empty = [
            path
            for path, value in now.items()
            if isinstance(value, Secret) and value.value and _is_empty(inside.get(path))
        ]
        if empty:
            found.append(
                f"The backup does not have {', '.join(empty)}: what the device has there would be "
                "emptied."
            )
        return found

    def _factors(self) -> Calibration:
        """Those that differ from the device's."""
        inside, now = self.inside.calibration, self.now.calibration
        return Calibration(**{
            name: value
            for name in ("voltage", "current", "power", "power_max")
            if (value := getattr(inside, name)) and value != getattr(now, name)
        })  # fmt: skip


def known_mac(text: str) -> str:
    """The MAC in the usual form; nothing for none and for zeros."""
    mac = wire.normal_mac(text)
    return mac if mac.strip("0:") else ""


def _is_empty(value: object) -> bool:
    return isinstance(value, Secret) and not value.value and not value.name
