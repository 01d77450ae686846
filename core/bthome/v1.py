"""BTHome v1 objects: a control byte with length and format, an id byte, data (sheet 8).

The sizes stand in the packet, so that an unknown id is skipped and decoding goes on.
"""

from __future__ import annotations

import math
import struct

from core.bthome.objects import OBJECTS, PACKET_ID, Form, ObjectType
from core.bthome.reading import Reading, Value
from core.bthome.v2 import LOW5, Objects, read_other

UNSIGNED, SIGNED, FLOAT, TEXT, RAW, TIMESTAMP = range(6)
FLOATS = {2: "<e", 4: "<f", 8: "<d"}
LAST_SECOND = 253_402_300_799
"""The end of the year 9999; later times are not times."""
_AS_SENT = {TEXT: Form.TEXT, RAW: Form.RAW}
_EVENTS = (Form.BUTTON, Form.DIMMER, Form.COMMAND)


def read_objects(data: bytes) -> Objects:
    """The v1 objects in `data`, any bytes."""
    found = Objects()
    at, end = 0, len(data)
    while at < end:
        length, kind = data[at] & LOW5, data[at] >> 5
        stop = at + 1 + length
        if not length:
            found.notes.append("an empty object was skipped")
        elif stop > end:
            found.notes.append("the last object is cut short")
            break
        else:
            _read_one(found, data, at, stop, kind)
        at = stop
    return found


def _read_one(found: Objects, data: bytes, at: int, stop: int, kind: int) -> None:
    object_id = data[at + 1]
    row = OBJECTS.get(object_id)
    if row is None:
        found.notes.append(f"unknown object 0x{object_id:02X} at byte {at} was skipped")
        return
    body = data[at + 2 : stop]
    if not body:
        found.notes.append(f"{row.quantity} has no data")
        return
    found.ids.append(object_id)
    value = _value(row, kind, body, found.notes)
    if value is None:
        return
    if object_id == PACKET_ID and isinstance(value, int):
        found.packet_id = value & 0xFF
    instance = found.ids.count(object_id)
    found.readings.append(
        Reading(object_id, instance, row.quantity, value, row.unit, at, stop - at)
    )


def _value(row: ObjectType, kind: int, body: bytes, notes: list[str]) -> Value | None:
    if row.form in _EVENTS or row.form is Form.VERSION:
        return read_other(row.form, body, notes)
    if kind in _AS_SENT:
        return read_other(_AS_SENT[kind], body, notes)
    number = _number(kind, body, notes)
    if number is None or row.form is Form.TIME or kind == TIMESTAMP:
        return number
    if row.form is Form.BOOL:
        return number != 0
    if row.per == 1 and isinstance(number, int):
        return number
    try:
        value = number * row.times / row.per
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        notes.append(f"{row.quantity} is too large a number")
        return None
    return value


def _number(kind: int, body: bytes, notes: list[str]) -> int | float | None:
    if kind in (UNSIGNED, SIGNED):
        return int.from_bytes(body, "little", signed=kind == SIGNED)
    if kind == TIMESTAMP:
        seconds = int.from_bytes(body, "little")
        if seconds <= LAST_SECOND:
            return seconds
        notes.append("a timestamp beyond the year 9999 was left out")
        return None
    layout = FLOATS.get(len(body)) if kind == FLOAT else None
    if layout is None:
        notes.append(f"format {kind} with {len(body)} bytes is not in the standard")
        return None
    value: float = struct.unpack(layout, body)[0]
    if not math.isfinite(value):
        notes.append("a number that is no number was left out")
        return None
    return value
