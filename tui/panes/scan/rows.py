"""One device as a line, or two where there is little room."""

from __future__ import annotations

from core.air.keystate import Verdict
from core.air.views import DeviceView
from core.bthome.objects import BATTERY, CURRENT, ENERGY24, PACKET_ID, POWER, VOLTAGE
from tui.panes.scan.words import age, cell, pace, short_name, strength
from tui.text import clean
from tui.widgets.live_lines import Line, Piece
from tui.widgets.prose import fit

WIDE = 132
"""Columns from which a device fits on one line."""
HEAD = 79
"""Columns of the first line of a device."""
KEY_LOOKS = {
    Verdict.OK: "good",
    Verdict.WRONG: "bad",
    Verdict.NO_KEY: "warn",
}
SIGNS = {
    "restart": "R",
    "wrap": "W",
    "back": "<",
    "same number": "=",
    "plaintext": "P",
    "energy-wrapped": "E",
    "energy-back": "e",
    "version": "V",
}
STALE = 10.0
"""Seconds after which a value of a meter is old: its module sends each kind twice a second."""

_METER = (
    ("T1", ENERGY24, 1, 9), ("T2", ENERGY24, 2, 9), ("T3", ENERGY24, 3, 9), ("W", POWER, 1, 8),
    ("V", VOLTAGE, 1, 5), ("A", CURRENT, 1, 6), ("%", BATTERY, 1, 3),
)  # fmt: skip


def height(view: DeviceView, width: int) -> int:
    """Lines that a device takes."""
    return 1 if width >= WIDE or not view.bthome else 2


def header(width: int) -> Line:
    """The names of the columns."""
    names = f"   {'device':<23}{'key':<18}{'dBm':<10}{'/min':>5}{'seen':>8}  {'marks':<10}"
    if width >= WIDE:
        names += "  " + " ".join(f"{title:>{room}}" for title, _id, _n, room in _METER)
    return ((names.ljust(width), "head"),)


def line(view: DeviceView, part: int, now: float, width: int, *, here: bool, plain: bool) -> Line:
    """One line of a device; the cursor is on it if `here`."""
    if part == 1:
        return ((" " * 3, ""), *values(view, now, width - 3, columns=False))
    head = _head(view, now, here=here, plain=plain)
    if width >= WIDE and view.bthome:
        return (*head, ("  ", ""), *values(view, now, width - HEAD - 2, columns=True))
    return head


def _head(view: DeviceView, now: float, *, here: bool, plain: bool) -> Line:
    silent = view.absence(now) if view.bthome else ""
    since = now - view.time
    cursor = (">" if plain else "▸") if here else " "
    pin = "*" if view.pinned else " "
    marks = "".join(SIGNS.get(mark.code, "!") for mark in view.marks)
    name: Piece = (cell(short_name(view), 22), "here" if here else "strong" if view.meter else "")
    what: Piece = (cell(view.key.text, 18), KEY_LOOKS.get(view.key.verdict, ""))
    if not view.bthome:  # there is no key to speak of; company or service instead
        what = (cell(view.who, 18), "faint")
    return (
        (f"{cursor}{pin} ", ""),
        name,
        (" ", ""),
        what,
        (f"{strength(view.rssi_mean, plain=plain)} {view.rssi_mean:4.0f} ", ""),
        (f"{pace(view.per_minute):>5}", ""),
        (f"{age(since):>8}", "warn" if silent else ""),
        (f"  {marks:<10}", "warn" if marks else ""),
    )


def values(view: DeviceView, now: float, width: int, *, columns: bool) -> Line:
    """What a device says, with units; old values look old."""
    silent = view.absence(now)
    if silent and silent.startswith("probably"):
        return ((fit(silent, width), "warn"),)
    if view.no_poll:
        return ((fit("no poll yet: the module has not read its meter", width), "warn"),)
    look = "faint" if view.meter and now - view.time > STALE else ""
    if view.meter and any(v.reading.id in (ENERGY24, POWER) for v in view.values):
        return ((fit(_of_a_meter(view, columns=columns), width), look),)
    said = "  ".join(
        f"{v.reading.quantity.replace('_', ' ')} {clean(v.reading.text)}"
        for v in view.values
        if v.reading.id != PACKET_ID
    )
    if not said:
        said = "; ".join(view.notes)
        if view.encrypted:
            said = f"{view.key.sentence} Press k."
        look = "faint"
    return ((fit(said, width), look),)


def _of_a_meter(view: DeviceView, *, columns: bool) -> str:
    """Its seven values, under the names of their columns or with names and units."""
    parts = []
    for title, number, instance, room in _METER:
        reading = view.value(number, instance)
        text = "" if reading is None else reading.text.split(" ")[0]
        if columns:
            parts.append(f"{text:>{room}}")
        elif text and number == ENERGY24:
            parts.append(f"{title} {text}")
        elif text:
            parts.append(f"{text} {title}")
    if not columns and view.value(ENERGY24) is not None:
        parts.insert(sum(p.startswith("T") for p in parts), "kWh")
    return " ".join(parts)
