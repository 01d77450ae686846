"""Values of the form: paths and the profile they make, and what was typed as a value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from core.profile.model import POWER_UP, SECTIONS, Pin, Profile, Secret
from core.profile.tables import RELAYS

NO_ROLE = ("None", " ", "")


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


def is_secret(path: str) -> bool:
    """True for what is masked."""
    return path.startswith(("wifi.", "mqtt.")) and "password" in path


def relays_of(pins: Mapping[int, Pin]) -> tuple[int, ...]:
    """Channels of relay pins."""
    found = {pin.channel for pin in pins.values() if pin.role in RELAYS}
    return tuple(sorted(channel for channel in found if channel is not None))


def power_word(starts: Collection[int]) -> str:
    """What relays with these start values do after a power failure: off, on, remember, mixed, or
    nothing where there is no relay."""
    words = {start: word for word, start in POWER_UP.items()}
    found = {words.get(start, "mixed") for start in starts}
    return "mixed" if len(found) > 1 else next(iter(found), "")


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
