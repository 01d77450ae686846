"""The keys of a profile as data: what kind of value each takes, its limits, what it is for.

The parser checks kinds by these tables, and the help page of PROFILE-TEXT is made from them.
"""

from __future__ import annotations

from dataclasses import fields

from core.profile.model import POWER_UP, SECTIONS
from core.profile.tables import (
    CHANNEL_TYPES,
    CHANNELS,
    FILE_ROOM,
    FLAGS,
    LONGEST_PING,
    PINS,
    REMEMBERED_CHANNELS,
    ROLES,
    TEXT_ROOM,
)

KINDS: dict[str, type] = {"port": int, "seconds": int, "interval": int}
"""Of the keys in the tables that are no text."""
SECRETS = ("password", "password2", "web_password")
TOP: dict[str, type] = {"base": str, "chip": str, "module": str, "startup": str,
                        "on_power_up": str}  # fmt: skip
TABLES = (*SECTIONS, "pins", "channels", "flags", "files")
PIN: dict[str, type] = {"role": str, "channel": int, "channel2": int}
CHANNEL: dict[str, type] = {"type": str, "start": int}

WORDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    list: "a list in brackets",
    dict: "a table",
}
"""What a value of a kind is, for people."""

ABOUT = {
    "base": "the file that this profile builds on",
    "chip": "what it is made for, as bk7231n; another chip refuses it",
    "module": "its module, as CB2S; only for people",
    "startup": "commands that the device runs at each start",
    "on_power_up": "of every relay when the power is back: " + ", ".join(POWER_UP),
    "drivers": "drivers that have to run, as NTP",
    "names.short": "{mac6} in it becomes the last six digits of the MAC",
    "names.long": "{mac6} as above",
    "mqtt.host": "address or name of the broker, without the port",
    "mqtt.port": "1 to 65535",
    "mqtt.client": "unique at the broker; {mac6} as above",
    "mqtt.group": "topic that several devices listen to",
    "network.ip": "IPv4 address; 0.0.0.0 takes one by DHCP",
    "network.mask": "IPv4 address",
    "network.gateway": "IPv4 address",
    "network.dns": "IPv4 address",
    "ping.host": "address or name that is pinged",
    "ping.seconds": f"without an answer until it acts, 0 is off, up to {LONGEST_PING}",
    "ping.interval": f"seconds between two pings, up to {LONGEST_PING}",
    "calibration.power_max": "watts",
}
"""What is worth knowing of a key, by its path."""

SECRET_WORDS = 'a text, or { secret = "NAME" } for one in keys.toml'


def kind_word(kind: type | tuple[type, ...]) -> str:
    """What a value has to be, as in "a whole number"."""
    return WORDS[float] if isinstance(kind, tuple) else WORDS[kind]


def key_list() -> str:
    """Every table and key of a profile, one a line."""
    lines = [_line(key, key) for key in (*TOP, "drivers")]
    for name, section in SECTIONS.items():
        lines += ["", f"[{name}]", *(_line(f.name, f"{name}.{f.name}") for f in fields(section))]
    return "\n".join([*lines, *_NUMBERED])


def _line(key: str, path: str) -> str:
    room = f"up to {TEXT_ROOM[path]} bytes" if path in TEXT_ROOM else ""
    parts = (_kind(path), room, ABOUT.get(path, ""))
    return f"{key}: " + "; ".join(part for part in parts if part)


def _kind(path: str) -> str:
    section, _, key = path.rpartition(".")
    if path == "drivers":
        return "a list of texts"
    if key in SECRETS:
        return SECRET_WORDS
    if section == "calibration":
        return WORDS[float]
    return WORDS[KINDS.get(key, str) if section else TOP[key]]


_NUMBERED = (
    "",
    "[pins]",
    f'8 = {{ role = "Rel", channel = 1 }}: pin 0 to {PINS - 1}; role as the firmware names it; '
    f"channel and channel2 are 0 to {CHANNELS - 1} and may be left out",
    f"Roles: {', '.join(ROLES)}",
    "",
    "[channels]",
    f'1 = {{ type = "Toggle", start = -1 }}: channel 0 to {CHANNELS - 1}; start is its value after '
    f"a power failure, -1 remembers (channels below {REMEMBERED_CHANNELS})",
    f"Types: {', '.join(CHANNEL_TYPES)}",
    "",
    "[flags]",
    f"10 = true: flag 0 to {FLAGS - 1}, true or false",
    "",
    "[files]",
    f'"autoexec.bat" = "text": files of the device, up to {FILE_ROOM} bytes each',
)
