"""OpenBeken's device template: the JSON that its web page imports, and devices.json lists.

Source: Tuya backup sheet 4.1.
"""

from __future__ import annotations

import json
from typing import Any

from core.profile.model import Pin, Profile

LONGEST_COMMAND = 511
"""Characters that a template's command may have."""
DEFAULT_FLAGS = 1 << 10
"""Flag 10: the device tells its own state when it joins the broker."""


def to_template(
    profile: Profile, *, vendor: str = "", name: str = "", model: str = ""
) -> dict[str, Any]:
    """The template of a profile, with the keys that the web page asks for.

    Flags are those of the profile on top of the usual one.  Secrets, networks and names are no
    part of a template.
    """
    flags = DEFAULT_FLAGS
    for number, on in profile.flags.items():
        flags = flags | 1 << number if on else flags & ~(1 << number)
    return {
        "vendor": vendor or "Tuya",
        "bDetailed": "0",
        "name": name or f"{profile.module or 'Tuya'} device",
        "model": model,
        "chip": _chip_name(profile.chip),
        "board": profile.module or "",
        "flags": str(flags),
        "keywords": [],
        "pins": {str(n): pin_text(pin) for n, pin in sorted(profile.pins.items())},
        "command": profile.startup or "",
        "image": "",
        "wiki": "",
    }


def dump(profile: Profile, *, vendor: str = "", name: str = "", model: str = "") -> str:
    """The template as JSON text."""
    return json.dumps(to_template(profile, vendor=vendor, name=name, model=model), indent=2) + "\n"


def pin_text(pin: Pin) -> str:
    """`Rel;1`, or `Btn;1;2` with a second channel."""
    text = f"{pin.role};{pin.channel or 0}"
    return text if pin.channel2 is None else f"{text};{pin.channel2}"


def _chip_name(chip: str | None) -> str:
    return (chip or "").upper()
