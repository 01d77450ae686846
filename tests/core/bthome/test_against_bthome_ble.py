"""The same packets through bthome-ble: equal, but for the differences that are meant.

Each packet goes to a fresh parser, so that its duplicate and replay rules never drop one.
"""

import math
import struct

import pytest
from bthome_ble.const import MEAS_TYPES
from bthome_ble.event import EventDeviceKeys
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_state_data.description import BaseBinarySensorDescription

from core.bthome.cipher import BindKey
from core.bthome.objects import OBJECTS, Form
from core.bthome.packet import UUIDS, V1, V1_SEALED, V2, decode, mac_bytes
from core.bthome.reading import Happening
from tests.core.bthome.oracle import ADDRESS, KEY, heard, sealed

DIFFERENCES = {
    "same name, other unit": "kg and lb, mm and m, L and mL share a name in the library and the "
    "later overwrites the earlier; we key on (id, instance) and show both",
    "0.35 degrees": "the library rounds 0x58 to one decimal; the value has two, and we keep them",
    "device objects": "0xF0 to 0xF2 are metadata of the library's device and no sensor; with us "
    "they are readings. In v1 the library raises AssertionError",
    "time": "a timestamp is a datetime there and Unix seconds here",
    "v1 without data": "an object with an id and no data is 0 there (and IndexError for a button); "
    "nothing was sent, so it is no value here",
    "v1 no number": "NaN and infinity pass through there; here they are left out with a note",
    "v1 float digits": "the library rounds a float to the digits of the factor; we keep what came",
    "empty payload": "IndexError there, a note here",
    "absurd time": "OverflowError or OSError there, a note here",
}

READABLE = [row for row in OBJECTS.values() if row.form is not Form.VERSION and row.id != 0xF0]
TEXTS = st.text(min_size=1, max_size=6).filter(lambda text: len(text.encode()) <= 20)


def body_of(row):
    """Data that means something for this object, with its length byte where it has one."""
    match row.form:
        case Form.TEXT:
            return TEXTS.map(lambda text: bytes([len(text.encode())]) + text.encode())
        case Form.RAW:
            return st.binary(min_size=1, max_size=8).map(lambda raw: bytes([len(raw)]) + raw)
        case Form.COMMAND:
            return st.tuples(st.integers(0, 6), st.binary(max_size=4)).map(
                lambda pair: bytes([len(pair[1]), pair[0]]) + pair[1]
            )
        case Form.BUTTON | Form.DIMMER:
            codes = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 0x80, 0x81, 0x99])
            rest = st.binary(min_size=row.size - 1, max_size=row.size - 1)
            return st.tuples(codes, rest).map(lambda pair: bytes([pair[0]]) + pair[1])
        case _:
            return st.binary(min_size=row.size, max_size=row.size)


OBJECT = st.sampled_from(READABLE).flatmap(
    lambda row: body_of(row).map(lambda body: bytes([row.id]) + body)
)
OBJECTS_V2 = st.lists(OBJECT, min_size=1, max_size=8)


def as_library(packet):
    """Our readings under the library's names.  Keys that it writes twice are left out (DIFFERENCES:
    same name, other unit)."""
    formats = [MEAS_TYPES[number].meas_format for number in packet.ids]
    named, clashing, count = {}, set(), {}
    by_place = {(r.id, r.instance): r for r in packet.readings}
    seen = {}
    for number, form in zip(packet.ids, formats, strict=True):
        seen[number] = seen.get(number, 0) + 1
        count[form] = count.get(form, 0) + 1
        name = str(form if isinstance(form, EventDeviceKeys) else form.device_class)
        key = f"{name}_{count[form]}" if formats.count(form) > 1 else name
        reading = by_place.get((number, seen[number]))
        if reading is None:
            continue
        room = (isinstance(form, BaseBinarySensorDescription), key)
        if room in named:
            clashing.add(room)
        named[room] = reading
    return {key: reading for key, reading in named.items() if key not in clashing}, clashing


def same(reading, theirs):
    """Whether a value of the library is the one of our reading."""
    value = reading.value
    if isinstance(value, Happening):
        extra = {"steps": value.steps} if value.steps is not None else None
        extra = {"args": value.arguments} if value.arguments is not None else extra
        return theirs == (value.name, extra)
    if OBJECTS[reading.id].form is Form.TIME:  # DIFFERENCES: time
        return theirs.timestamp() == value
    if isinstance(value, bytes):
        return theirs == value.hex()
    if reading.id == 0x58:  # DIFFERENCES: 0.35 degrees
        return math.isclose(theirs, value, rel_tol=1e-12, abs_tol=0.0501)
    return theirs == value and isinstance(theirs, bool) == isinstance(value, bool)


def compare(packet, library):
    ours, clashing = as_library(packet)
    assert set(library) - clashing == set(ours)
    for key, reading in ours.items():
        assert same(reading, library[key]), (key, reading, library[key])


@settings(max_examples=300, deadline=None)
@given(parts=OBJECTS_V2, ordered=st.booleans(), trigger=st.booleans(), closed=st.booleans())
def test_v2_packets_read_alike(parts, ordered, trigger, closed):
    objects = b"".join(sorted(parts, key=lambda part: part[0]) if ordered else parts)
    info = 0x40 | trigger << 2 | closed
    data = sealed(info, 7, objects) if closed else bytes([info]) + objects
    key = BindKey(KEY) if closed else None
    packet = decode(V2, data, mac_bytes(ADDRESS), key)
    compare(packet, heard(V2, data, KEY if closed else None))
    assert packet.trigger == trigger


V1_NUMBERS = [r for r in READABLE if r.form in (Form.UINT, Form.SINT, Form.BOOL)]
V1_OBJECT = st.tuples(
    st.sampled_from(V1_NUMBERS), st.sampled_from([0, 1]), st.binary(min_size=1, max_size=5)
).map(lambda t: bytes([t[1] << 5 | (len(t[2]) + 1), t[0].id]) + t[2])
V1_UNKNOWN = st.binary(min_size=0, max_size=3).map(lambda b: bytes([len(b) + 1, 0xFE]) + b)


@settings(max_examples=120, deadline=None)
@given(parts=st.lists(V1_OBJECT | V1_UNKNOWN, min_size=2, max_size=6), closed=st.booleans())
def test_v1_packets_read_alike(parts, closed):
    objects = b"".join(parts)
    uuid = V1_SEALED if closed else V1
    data = sealed(None, 9, objects) if closed else objects
    packet = decode(uuid, data, mac_bytes(ADDRESS), BindKey(KEY) if closed else None)
    compare(packet, heard(uuid, data, KEY if closed else None))


@settings(max_examples=100, deadline=None)
@given(row=st.sampled_from(V1_NUMBERS), value=st.floats(-1e6, 1e6, width=32))
def test_v1_floats_read_alike_to_the_last_digit_of_the_library(row, value):
    data = bytes([0x45, row.id]) + struct.pack("<f", value)
    packet = decode(V1, data)
    (theirs,) = heard(V1, data).values()
    (reading,) = packet.readings
    if row.form is Form.BOOL:  # the library rounds before it looks at the number
        assert reading.value == (value != 0)
        return
    assert math.isclose(reading.value, theirs, abs_tol=0.6 * row.times / min(row.per, 10**9))


# -- the differences, each shown -------------------------------------------------------------------


def one(uuid, text):
    return decode(uuid, bytes.fromhex(text)), bytes.fromhex(text)


def test_same_name_other_unit():
    packet, data = one(V2, "40065e1f073e1d")
    assert [r.value for r in packet.readings] == [80.3, 74.86]
    assert heard(V2, data) == {(False, "mass"): 74.86}


def test_point_35_degrees():
    packet, data = one(V2, "4058eb")
    assert packet.readings[0].value == -7.35
    assert heard(V2, data)[False, "temperature"] in (-7.3, -7.4)


def test_device_objects():
    packet, data = one(V2, "40f00100")
    assert packet.readings[0].value == 1
    assert heard(V2, data) == {}
    packet, data = one(V1, "03f00100")
    assert packet.readings[0].value == 1
    with pytest.raises(AssertionError):
        heard(V1, data)


def test_v1_without_data():
    packet, data = one(V1, "0101")
    assert packet.readings == ()
    assert heard(V1, data) == {(False, "battery"): 0}
    with pytest.raises(IndexError):
        heard(V1, bytes.fromhex("013a"))


def test_v1_no_number():
    packet, data = one(V1, "4302007e")
    assert packet.readings == ()
    assert math.isnan(heard(V1, data)[False, "temperature"])


def test_empty_payload_and_absurd_time():
    assert decode(V2, b"").readings == decode(V1, bytes.fromhex("a850ffffffffffffff")).readings
    with pytest.raises(IndexError):
        heard(V2, b"")
    with pytest.raises((OverflowError, OSError)):
        heard(V1, bytes.fromhex("a850ffffffffffffff"))


def test_the_library_has_no_object_that_the_table_lacks():
    assert set(MEAS_TYPES) == set(OBJECTS)
    assert set(UUIDS.values()) == {V1, V1_SEALED, V2}
