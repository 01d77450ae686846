"""How fields look on a line, and what the line below says of the one under the cursor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.openbk.difference import shown
from core.profile.flags import FLAG_TEXTS
from core.profile.model import REMEMBER, Pin
from core.profile.tables import TEXT_ROOM
from tui.panes.openbk.sections import ADD_CHANNEL, ADD_FILE, ADDING, SHOWN
from tui.panes.openbk.sheet import POWER, Sheet
from tui.panes.openbk.values import NO_ROLE, is_secret
from tui.text import clean
from tui.widgets.prose import fit

LABELS = {path: label for fields in SHOWN.values() for path, label in fields} | {
    "startup": "Startup command",
    POWER: "Relays after power",
    ADD_CHANNEL: "(another channel)",
    ADD_FILE: "(another file)",
}
STARTS = {0: "off", 1: "on", REMEMBER: "what it was before the power went"}
POWER_WAYS = (
    ("off", "off: starts with 0"),
    ("on", "on: starts with 1"),
    ("remember", "remember: starts with -1, as it was before the power went"),
)
"""What a relay does when the power is back, by its word and by its start value (rulings O3)."""


def label(sheet: Sheet, path: str) -> str:
    """What the field is called."""
    section, _, key = path.partition(".")
    if section == "pins":
        return f"P{key}"
    if section == "flags":
        return f"flag {key}"
    if section == "files":
        return f"file {key}"
    if section == "channels":
        number, _, name = key.partition(".")
        return f"channel {number} {'type' if name == 'type' else 'starts with'}"
    return LABELS.get(path, path)


def said(sheet: Sheet, path: str, *, reveal: bool) -> str:
    """The value for people."""
    if path in ADDING:
        return ""
    value = sheet.value(path)
    if path == POWER:
        return _power(sheet, value)
    if path.startswith("files."):
        return f"{len((value or '').encode())} bytes"
    if path.startswith("flags."):
        return f"[{'x' if value else ' '}] {_flag_text(sheet, int(path[6:]))}"
    if path.startswith("channels."):
        return _channel(sheet, path, value)
    if is_secret(path) and value is None:
        return "(empty)"
    return shown(value, reveal=reveal)


def _power(sheet: Sheet, word: str | None) -> str:
    """Off, on or remember, and of which relays; each of them where they differ."""
    if not sheet.relays:
        return f"{word or '(empty)'}  (no pin is a relay)"
    if word != "mixed":
        return f"{word}  (channel {', '.join(map(str, sheet.relays))})"
    starts = ((n, sheet.value(f"channels.{n}.start") or 0) for n in sheet.relays)
    return ", ".join(f"channel {n} {_start(start)}" for n, start in starts)


def _start(value: int) -> str:
    return "remembers" if value == REMEMBER else STARTS.get(value, str(value))


def _channel(sheet: Sheet, path: str, value: Any) -> str:
    if path.endswith(".type"):
        return str(value or "Default")
    start = value or 0
    relay = int(path.split(".")[1]) in sheet.relays
    if start == REMEMBER or (relay and start in STARTS):
        return f"{start}  ({STARTS[start]})"
    return str(start)


def _flag_text(sheet: Sheet, number: int) -> str:
    """In the device's words; in ours while it has not said them."""
    if sheet.device is not None:
        return next((f.text for f in sheet.device.flags if f.number == number), "")
    return FLAG_TEXTS[number] if number < len(FLAG_TEXTS) else ""


def pin_line(sheet: Sheet, path: str) -> str:
    """Alias, role and channels of a pin."""
    number, pin = int(path[5:]), sheet.value(path)
    assert isinstance(pin, Pin)
    alias = sheet.device.aliases.get(number, "") if sheet.device is not None else ""
    free = pin.role in NO_ROLE
    role = "-" if free else pin.role
    first = "" if free or pin.channel is None else str(pin.channel)
    second = "" if free or not pin.channel2 else str(pin.channel2)
    return f"{clean(alias):<14} {clean(role):<22} {first:>3}  {second:>3}"


def field_line(sheet: Sheet, path: str, width: int, *, reveal: bool, cursor: str = " ") -> str:
    """One row: the cursor, the mark of a change, the label, the value; ! for what is likely not
    meant."""
    mark = "*" if sheet.edited(path) else " "
    name = label(sheet, path)
    if path.startswith("pins."):
        text = f"{pin_line(sheet, path)}{'  !' if sheet.warned(path) else ''}"
        edge = 5
    else:
        text = said(sheet, path, reveal=reveal)
        edge = 8 if path.startswith("flags.") else 22
    return fit(f"{cursor}{mark} {clean(name):<{edge}} {text}", width)


def note(sheet: Sheet, path: str, *, reveal: bool) -> str:
    """What to know of the field under the cursor: first what is likely not meant, then what the
    device has if it was changed."""
    was = _was(sheet, path, reveal=reveal) if sheet.edited(path) else ""
    warned = sheet.warned(path)
    return f"! {' '.join(warned)}  {was}" if warned else f"{was}{_help(sheet, path)}"


def _was(sheet: Sheet, path: str, *, reveal: bool) -> str:
    before = replace(sheet, edits={})
    text = pin_line(before, path) if path.startswith("pins.") else said(before, path, reveal=reveal)
    return f"{sheet.holder}: {' '.join(text.split())}.  "


HELP = {
    POWER: "Enter: off, on or remember for every relay; that is its channel's start value, below.",
    ADD_CHANNEL: "Enter lists a channel that no pin uses, to give it a type or a start value.",
    ADD_FILE: "Enter: type a file, or take one of this computer. autoexec.bat runs at the start.",
    "startup": "Enter opens the text.",
    "drivers": "Those that run. Names that are added are started; none is stopped.",
    "network.ip": "0.0.0.0 asks the router for an address (DHCP).",
    "ping.seconds": "Seconds without an answer until it acts; 0 is off.",
    "ping.interval": "Seconds between two questions.",
    "wifi.web_password": "5 to 32 characters; empty is off. v shows secrets.",
    "calibration.power_max": "200 to 7200 W, 0 is 3680; above it the last good reading stays.",
}


def _help(sheet: Sheet, path: str) -> str:
    section, _, _key = path.partition(".")
    if path in HELP:
        return HELP[path]
    if section == "pins":
        return "Enter chooses the role, k types the channels."
    if section == "flags":
        return f"Space changes it. {_flag_text(sheet, int(path[6:]))}"
    if section == "calibration":
        return "Units for each pulse a second; 0 is the driver's default. c calibrates."
    if path.endswith(".start"):
        relay = int(path.split(".")[1]) in sheet.relays
        return "Enter: off, on or remember." if relay else "A number; -1 remembers what it was."
    if section == "files":
        return "Enter opens the text. Delete empties it; the file itself stays on the device."
    room = TEXT_ROOM.get(path)
    hidden = " v shows secrets." if is_secret(path) else ""
    return (f"At most {room} bytes." if room else "") + hidden
