"""Secrets of a profile: which are asked for by name, filled in, and shown without their value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from core.profile import faults
from core.profile.model import SECTIONS, Profile, Secret, flat

HIDDEN = "****"


def needed(profile: Profile) -> list[str]:
    """The names that must be looked up before the profile can be applied, each once."""
    values = flat(profile).values()
    return list(dict.fromkeys(v.name for v in values if isinstance(v, Secret) and v.name))


def filled(profile: Profile, values: Mapping[str, str]) -> Profile:
    """The profile with every named secret replaced by its value.  Raises PROFILE-SECRET."""

    def value_of(secret: Secret) -> Secret:
        if not secret.name:
            return secret
        if secret.name not in values:
            raise faults.SECRET(
                what=f"The profile refers to the secret {secret.name!r}, which is not known.",
                cause="keys.toml has no such name under [secrets].",
                next=f"Add {secret.name} to keys.toml, or answer when asked for it.",
            )
        return Secret(values[secret.name])

    return _each(profile, value_of)


def secret_paths(profile: Profile) -> list[str]:
    """Where a secret with a value of its own stands ("wifi.password")."""
    return [p for p, v in flat(profile).items() if isinstance(v, Secret) and v.value]


def shown(value: Any, *, reveal: bool = False) -> str:
    """One value of `flat` for people: a secret masked, a pin as "Rel 1", a channel as "Toggle"."""
    if value is None:
        return "-"
    if isinstance(value, Secret):
        if value.name:
            return f"secret {value.name!r}"
        return value.value if reveal or not value.value else HIDDEN
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str | int | float | tuple):
        return str(value)
    parts = (getattr(value, f.name) for f in fields(value))
    return " ".join(str(part) for part in parts if part is not None)


def _each(profile: Profile, change: Callable[[Secret], Secret]) -> Profile:
    sections = {}
    for name in SECTIONS:
        section = getattr(profile, name)
        found = {f.name: getattr(section, f.name) for f in fields(section)}
        secrets = {k: change(v) for k, v in found.items() if isinstance(v, Secret)}
        sections[name] = replace(section, **secrets)
    return replace(profile, **sections)
