"""Read OpenBeken's device template: the JSON that its web page exports and devices.json lists."""

from __future__ import annotations

import json
from typing import Any

from core.fault import FaultError
from core.profile import faults
from core.profile.model import Pin, Profile
from core.profile.tables import FLAGS


def parse(text: str, source: str = "template") -> Profile:
    """Chip, module, pins, flags and startup command of a template.

    A pin is "Role;channel" or "Role;channel;channel2".  Raises PROFILE-TEXT.
    """
    try:
        value = json.loads(text)
        if not isinstance(value, dict) or not isinstance(value.get("pins"), dict):
            raise ValueError("it has no pins")
        pins = {int(number): _pin(entry) for number, entry in value["pins"].items()}
    except (ValueError, RecursionError) as error:
        raise _unreadable(source, str(error)) from error
    return Profile(
        chip=_text(value, "chip").lower() or None,
        module=_text(value, "board") or None,
        startup=_text(value, "command") if "command" in value else None,
        pins=pins,
        flags=_flags(_text(value, "flags")),
    )


def _text(value: dict[str, Any], name: str) -> str:
    found = value.get(name, "")
    return str(found) if isinstance(found, str | int) else ""


def _pin(entry: Any) -> Pin:
    if not isinstance(entry, str):
        raise ValueError("a pin is no text")
    role, *numbers = entry.split(";")
    channels = [int(number) for number in numbers if number.strip()]
    return Pin(role, *channels[:2])


def _flags(text: str) -> dict[int, bool]:
    """Flags that are on; the number is a 64-bit sum, which old tools write signed."""
    try:
        total = int(text or 0) & (1 << 64) - 1
    except ValueError:
        return {}
    return {n: True for n in range(FLAGS) if total >> n & 1}


def _unreadable(source: str, why: str) -> FaultError:
    return faults.TEXT(
        what=f"{source}: {why[:120]}.",
        cause="The file is no device template.",
        next="Export it again from the web page.",
    )
