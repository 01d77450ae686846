"""BTHome v2 objects: an id byte, then data of the size that the table says (sheet 3 to 5).

There is no length in the stream but for text, raw and command, so an unknown id ends decoding;
what came before it is kept.
"""

from __future__ import annotations

from functools import partial

from core.bthome.objects import BUTTONS, COMMANDS, DIMMERS, OBJECTS, Form
from core.bthome.reading import Happening, Reading, Value

ORDER = "object ids are not ascending"
LOW5 = 0x1F

# id -> size, form, times, per, quantity, unit; a list because it is asked for every object
_ROWS = [
    (row.size, int(row.form), row.times, row.per, row.quantity, row.unit)
    if (row := OBJECTS.get(number)) is not None
    else None
    for number in range(256)
]
_SINT, _BOOL, _COMMAND = int(Form.SINT), int(Form.BOOL), int(Form.COMMAND)
_reading = partial(tuple.__new__, Reading)  # a third of the time of Reading(...), and it counts


class Objects:
    """The objects of one packet, as far as they could be read."""

    __slots__ = ("ids", "notes", "packet_id", "readings")

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.readings: list[Reading] = []
        self.notes: list[str] = []
        self.packet_id: int | None = None


def read_objects(data: bytes) -> Objects:
    """The v2 objects in `data`, any bytes."""
    found = Objects()
    ids, readings, notes = found.ids, found.readings, found.notes
    at, end, last = 0, len(data), -1
    value: Value | None
    while at < end:
        object_id = data[at]
        row = _ROWS[object_id]
        if row is None:
            notes.append(f"unknown object 0x{object_id:02X} at byte {at}: the rest is lost")
            break
        size, form, times, per, quantity, unit = row
        start = at + 1
        if not size:
            if start >= end:
                notes.append(f"{quantity} has no length byte")
                break
            size = 1 + (data[start] & LOW5) if form == _COMMAND else data[start]
            start += 1
        stop = start + size
        if stop > end:
            notes.append(f"{quantity} is cut short")
            break
        if object_id < last and ORDER not in notes:
            notes.append(ORDER)
        last = object_id
        ids.append(object_id)
        if form <= _SINT:
            value = int.from_bytes(data[start:stop], "little", signed=form == _SINT)
            if per != 1:
                value = value * times / per
            elif not object_id:
                found.packet_id = value
        elif form == _BOOL:
            value = data[start] != 0
        else:
            value = read_other(Form(form), data[start:stop], notes)
        if value is not None:
            place = ids.count(object_id)
            readings.append(_reading((object_id, place, quantity, value, unit, at, stop - at)))
        at = stop
    return found


def read_other(form: Form, data: bytes, notes: list[str]) -> Value | None:
    """The value of an object that is no number and no yes/no; None with a note when it is not
    one that means something."""
    if form is Form.RAW or form is Form.TEXT:
        return _text_or_raw(form, data, notes)
    if not data:
        notes.append("an object has no data")
        return None
    if form is Form.TIME:
        return int.from_bytes(data, "little")
    if form is Form.VERSION:  # the least significant part comes first
        return ".".join(str(part) for part in reversed(data))
    code, rest = data[0], data[1:]
    if form is Form.BUTTON:
        name = BUTTONS.get(code)
        if code == 0:
            return None  # this one of several buttons did nothing
        happening = Happening(name or "")
    elif form is Form.DIMMER:
        name = DIMMERS.get(code)
        if code == 0:
            return None
        happening = Happening(name or "", steps=int.from_bytes(rest, "little"))
    else:
        name = COMMANDS.get(code)
        happening = Happening(name or "", arguments=rest.hex())
    if name is None:
        notes.append(f"unknown {form.name.lower()} event 0x{code:02X}")
        return None
    return happening


def _text_or_raw(form: Form, data: bytes, notes: list[str]) -> Value | None:
    if not data:
        notes.append("an empty object was skipped")
        return None
    if form is Form.RAW:
        return data
    try:
        return data.decode()
    except UnicodeDecodeError:
        notes.append("a text that is not UTF-8 was left out")
        return None
