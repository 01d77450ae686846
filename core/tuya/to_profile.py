"""A wiring as an OpenBeken profile, and a TuyaMCU device as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.profile.model import Channel, Pin, Profile
from core.tuya.pins import Wiring

NOT_A_SAFETY_DEVICE = "The overload line is a convenience, not a safety device."
_RELAYS = ("Rel", "Rel_n", "BridgeFWD", "BridgeREV")
_TYPES = {"bool": 1, "value": 2, "string": 3, "enum": 4, "bitmap": 5}
_RAW = 0
_MOST_CHANNELS = 60


def profile_of(wiring: Wiring, chip: str, *, trip: bool = True) -> Profile:
    """The profile of a device with this wiring on `chip` (`n`, `t` or empty for not known).

    `trip` False leaves out the overload line (ruling P23).
    """
    pins = {use.gpio: Pin(use.role, use.channel) for use in wiring.uses if use.role}
    channels = {use.channel: Channel("Toggle") for use in wiring.uses if use.role in _RELAYS}
    commands = [*wiring.commands, wiring.trip if trip else ""]
    pulses = {use.role for use in wiring.uses}
    return Profile(
        chip=f"bk7231{chip}" if chip else wiring.chip or None,
        module=wiring.module.upper() or None,
        startup=startup([command for command in commands if command]),
        on_power_up=wiring.power_up or "off",
        drivers=("BL0937",) if {"BL0937CF", "BL0937CF1"} <= pulses else None,
        pins=pins,
        channels=channels,
        flags=dict.fromkeys(wiring.flags, True),
    )


def startup(commands: list[str]) -> str:
    """Several commands as the one start-up command."""
    joined = "; ".join(commands)
    return f"backlog {joined}" if ";" in joined else joined


def mcu_profile(chip: str, baud: int, schema: list[Any]) -> Profile:
    """The profile of a device whose work is done by a second chip (TuyaMCU).

    `baud` is the speed to it; `schema` the data points as the store lists them.
    """
    commands = ["startDriver TuyaMCU"]
    if baud != 9600:
        commands.append(f"tuyaMcu_setBaudRate {baud}")
    for channel, (point, kind) in enumerate(_points(schema)[:_MOST_CHANNELS], 1):
        commands.append(f"linkTuyaMCUOutputToChannel {point} {kind} {channel}")
    return Profile(
        chip=f"bk7231{chip}" if chip else None, startup=startup(commands), on_power_up="off"
    )


def _points(schema: list[Any]) -> list[tuple[int, int]]:
    """(number, type) of each data point."""
    found = []
    for entry in schema:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), int):
            continue
        kind = entry.get("property")
        name = kind.get("type") if isinstance(kind, Mapping) else None
        found.append((entry["id"], _TYPES.get(name, _RAW) if isinstance(name, str) else _RAW))
    return found
