"""How fields look on a line, and what the line below says of the one under the cursor."""

from __future__ import annotations

from typing import Any

from core.openbk.difference import shown
from core.profile.model import Pin
from core.profile.tables import TEXT_ROOM
from tui.panes.openbk.sheet import SHOWN, Sheet, is_secret
from tui.text import clean
from tui.widgets.prose import fit

LABELS = {path: label for fields in SHOWN.values() for path, label in fields}
NO_ROLE = ("None", " ", "")


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
    return LABELS.get(path, {"startup": "Startup command"}.get(path, path))


def said(sheet: Sheet, path: str, *, reveal: bool) -> str:
    """The value for people."""
    value = sheet.value(path)
    if path.startswith("files."):
        return f"{len((value or '').encode())} bytes"
    if path.startswith("flags."):
        return f"[{'x' if value else ' '}] {_flag_text(sheet, int(path[6:]))}"
    if path.startswith("channels."):
        return _channel(path, value)
    if is_secret(path) and value is None:
        return "(empty)"
    return shown(value, reveal=reveal)


def _channel(path: str, value: Any) -> str:
    if path.endswith(".type"):
        return str(value or "Default")
    return "what it was before the power went" if value == -1 else str(value or 0)


def _flag_text(sheet: Sheet, number: int) -> str:
    if sheet.device is None:
        return "(its text comes with the device's answer)"
    return next((f.text for f in sheet.device.flags if f.number == number), "")


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


def field_line(sheet: Sheet, path: str, width: int, *, reveal: bool) -> str:
    """One row: the mark of a change, the label, the value."""
    mark = "*" if sheet.edited(path) else " "
    name = label(sheet, path)
    if path.startswith("pins."):
        text = pin_line(sheet, path)
        edge = 5
    else:
        text = said(sheet, path, reveal=reveal)
        edge = 8 if path.startswith("flags.") else 22
    return fit(f"{mark} {clean(name):<{edge}} {text}", width)


def note(sheet: Sheet, path: str, *, reveal: bool) -> str:
    """What to know of the field under the cursor, and what the device has if it was changed."""
    was = _was(sheet, path, reveal=reveal) if sheet.edited(path) else ""
    return f"{was}{_help(sheet, path)}"


def _was(sheet: Sheet, path: str, *, reveal: bool) -> str:
    before = Sheet(sheet.host, sheet.mac, sheet.base, sheet.when, sheet.device)
    text = pin_line(before, path) if path.startswith("pins.") else said(before, path, reveal=reveal)
    return f"Now on the device: {' '.join(text.split())}.  "


def _help(sheet: Sheet, path: str) -> str:
    section, _, _key = path.partition(".")
    if section == "pins":
        return "Enter chooses the role, k types the channels."
    if section == "flags":
        return f"Enter changes it. {_flag_text(sheet, int(path[6:]))}"
    if section == "calibration":
        return "Units for each pulse a second; 0 is the driver's default. c calibrates."
    if path.endswith(".start"):
        return "A number; -1 remembers what it was."
    if path == "drivers":
        return "Those that run. Names that are added are started; none is stopped."
    if path == "network.ip":
        return "0.0.0.0 asks the router for an address (DHCP)."
    if path == "ping.seconds":
        return "Seconds without an answer until it acts; 0 is off."
    if path in ("startup",) or section == "files":
        return "Enter opens the text."
    room = TEXT_ROOM.get(path)
    hidden = " v shows secrets." if is_secret(path) else ""
    return (f"At most {room} bytes." if room else "") + hidden
