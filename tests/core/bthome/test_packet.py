"""Packets of both versions: the sheet's vectors, what is malformed, what is hostile."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bthome.cipher import BindKey
from core.bthome.objects import OBJECTS, Form
from core.bthome.packet import LONGEST, UUIDS, V1, V1_SEALED, V2, decode, mac_bytes
from core.bthome.reading import State
from tests.core.bthome.vectors import KEYS, VECTORS

METER = "A4:C1:38:5C:94:FA"
KEY_A = BindKey(bytes.fromhex(KEYS["A"]))


def decoded(uuid, text, key="", address=""):
    bind = BindKey(bytes.fromhex(KEYS[key])) if key else None
    return decode(uuid, bytes.fromhex(text), mac_bytes(address), bind)


def values(packet):
    return [(r.quantity, r.instance, r.value, r.unit) for r in packet.readings]


@pytest.mark.parametrize(("uuid", "text", "key", "address", "expected"), [v[1:] for v in VECTORS])
def test_vectors_of_the_sheet(uuid, text, key, address, expected):
    packet = decoded(uuid, text, key, address)
    assert values(packet) == expected
    assert [type(v) for _q, _i, v, _u in values(packet)] == [type(v) for _q, _i, v, _u in expected]
    assert packet.state is (State.OPENED if key else State.PLAIN)
    assert packet.version == (2 if uuid == V2 else 1)


def test_all_vectors_are_there():
    assert [v[0] for v in VECTORS] == list(range(1, 56))


# -- the meter's frames (meter sheet 1.6, 1.7) ---------------------------------------------------

TARIFFS = [
    ("packet_id", 1, 2, ""),
    ("energy", 1, 7308.6, "kWh"),
    ("energy", 2, 6915.48, "kWh"),
    ("energy", 3, 9263.31, "kWh"),
]
POWER = [
    ("packet_id", 1, 2, ""),
    ("power", 1, 120.0, "W"),
    ("voltage", 1, 236.0, "V"),
    ("current", 1, 0.18, "A"),
    ("battery", 1, 58, "%"),
]
WORKED = {
    "plain tariff": ("4000020a3885 6f0a9885690ace588d", "", TARIFFS, None),
    "plain power": ("4000020be02e004a380943b400013a", "", POWER, None),
    "sealed tariff": ("4175ad3963464c9f9ac9726247dcb0010000000943 75db", "A", TARIFFS, 1),
    "sealed power": ("41418fb8e118697f7dabe24f8618c3020000001944 25d1", "A", POWER, 2),
    "V1.1 power": (
        "4000020bb004004a8057",
        "",
        [("packet_id", 1, 2, ""), ("power", 1, 12.0, "W"), ("voltage", 1, 2240.0, "V")],
        None,
    ),
    "V1.2 sealed power": (
        "412694091804 8ac39f6ef43b 07000000 61eb17b1",  # without the stray last byte of the sheet
        "A",
        [
            ("packet_id", 1, 3, ""),
            ("power", 1, 0.12, "W"),
            ("voltage", 1, 233.0, "V"),
            ("battery", 1, 58, "%"),
        ],
        7,
    ),
}


@pytest.mark.parametrize(("text", "key", "expected", "counter"), WORKED.values(), ids=WORKED)
def test_worked_frames_of_the_meter(text, key, expected, counter):
    packet = decoded(V2, text, key, METER)
    assert values(packet) == expected
    assert (packet.counter, packet.packet_id) == (counter, expected[0][2])


def test_nonce_of_the_sheet():
    packet = decoded(V2, "41a47266c95f730011223378237214", "A", "54:48:E6:8F:80:A5")
    assert packet.nonce.hex() == "5448e68f80a5d2fc4100112233"
    assert packet.plain.hex() == "02ca0903bf13"


# -- malformed -------------------------------------------------------------------------------------

NEGATIVE = {
    "unknown first": (V2, "40feca09", [], "unknown object 0xFE"),
    "unknown later": (V2, "40015dfe5d0903b718", [("battery", 93)], "unknown object 0xFE"),
    "cut short": (V2, "4002ca0903bf", [("temperature", 25.06)], "humidity is cut short"),
    "order": (V2, "4003bf1302ca09", [("humidity", 50.55), ("temperature", 25.06)], "ascending"),
    "bad text": (V2, "44530187", [], "UTF-8"),
    "empty text": (V2, "40530002ca09", [("temperature", 25.06)], "empty object"),
    "long text": (V2, "405305414243", [], "text is cut short"),
    "no length": (V2, "4053", [], "text has no length byte"),
    "command without length": (V2, "403b", [], "command has no length byte"),
    "command cut": (V2, "403b0302aa", [], "command is cut short"),
    "version 0": (V2, "00", [], "version 0"),
    "version 7": (V2, "e102000c0404138a01", [], "version 7"),
    "empty": (V2, "", [], "empty"),
    "inside the MAC": (V2, "42b2188d", [], "inside its MAC"),
    "sealed too short": (V2, "41a40011223378237214", [], "too short"),
    "v1 sealed too short": (V1_SEALED, "fba4350011223357d90a99", [], "too short"),
    "v1 unknown is skipped": (V1, "02fe012302ca09", [("temperature", 25.06)], "was skipped"),
    "v1 cut": (V1, "2302ca090303bf", [("temperature", 25.06)], "cut short"),
    "v1 without data": (V1, "013a2302ca09", [("temperature", 25.06)], "button has no data"),
    "v1 empty object": (V1, "002302ca09", [("temperature", 25.06)], "empty object"),
    "v1 absurd timestamp": (V1, "a850ffffffffffffff", [], "9999"),
    "v1 odd float": (V1, "44060102ff", [], "not in the standard"),
    "v1 not a number": (V1, "4306007e", [], "no number"),
    "v1 infinite float": (V1, "4902000000000000f07f", [], "no number"),
    "v1 format 7": (V1, "e3060102", [], "not in the standard"),
    "other service": (0x181A, "40", [], "is not BTHome"),
}


@pytest.mark.parametrize(("uuid", "text", "expected", "note"), NEGATIVE.values(), ids=NEGATIVE)
def test_malformed_keeps_what_was_good_and_says_why(uuid, text, expected, note):
    packet = decoded(uuid, text)
    assert [(r.quantity, r.value) for r in packet.readings] == expected
    assert any(note in said for said in packet.notes)


def test_only_the_version_decides_that_a_packet_is_broken():
    assert decoded(V2, "40").state is State.PLAIN
    assert decoded(V2, "60").state is State.BROKEN


def test_wrong_key_missing_key_missing_address():
    sealed = "41a47266c95f730011223378237214"
    assert decoded(V2, sealed, "B", "54:48:E6:8F:80:A5").state is State.REFUSED
    assert decoded(V2, sealed, "A", "54:48:E6:8F:80:A6").state is State.REFUSED
    assert decoded(V2, sealed, "", "54:48:E6:8F:80:A5").state is State.NO_KEY
    assert decoded(V2, sealed, "A", "").state is State.NO_MAC
    for key, address in (("B", "54:48:E6:8F:80:A5"), ("", "54:48:E6:8F:80:A5"), ("A", "")):
        packet = decoded(V2, sealed, key, address)
        assert packet.readings == () and packet.counter == 0x33221100 and packet.encrypted


def test_a_mac_inside_the_packet_is_used_instead_of_the_address():
    sealed = "43a5808fe64854f196c06ffb4900112233f08ecbde"
    packet = decoded(V2, sealed, "A", "00:00:00:00:00:00")
    assert packet.state is State.OPENED
    assert packet.mac.hex() == "5448e68f80a5"


@pytest.mark.parametrize("bit", range(0, 15 * 8, 7))
def test_one_flipped_bit_never_opens(bit):
    data = bytearray.fromhex("41a47266c95f730011223378237214")
    if bit < 8:
        return  # the information byte says what the packet is
    data[bit // 8] ^= 1 << bit % 8
    assert decode(V2, bytes(data), mac_bytes("5448E68F80A5"), KEY_A).state is State.REFUSED


def test_instances_count_per_id_also_over_placeholders():
    packet = decoded(V2, "400c000c4a0001 0c000d3a003a02".replace(" ", ""))
    assert [(r.id, r.instance) for r in packet.readings] == [
        (0x0C, 1), (0x4A, 1), (0x0C, 2), (0x3A, 2),
    ]  # fmt: skip


def test_kilograms_and_pounds_stand_side_by_side():
    packet = decoded(V2, "40065e1f073e1d")
    assert [(r.value, r.unit) for r in packet.readings] == [(80.3, "kg"), (74.86, "lb")]


def test_spans_cover_the_objects_in_order():
    packet = decoded(V2, "4000020be02e004a380943b400013a")
    assert [(r.at, r.size) for r in packet.readings] == [(0, 2), (2, 4), (6, 3), (9, 3), (12, 2)]


def test_oversized_data_is_read_up_to_its_bound():
    packet = decode(V2, b"\x40" + b"\x01\x05" * 5000)
    assert len(packet.readings) <= LONGEST
    assert any("only the first" in note for note in packet.notes)


# -- hostile ---------------------------------------------------------------------------------------


@settings(max_examples=800, deadline=None)
@given(
    uuid=st.sampled_from([*UUIDS.values(), 0x1234]),
    data=st.binary(max_size=60),
    head=st.sampled_from([b"", b"\x40", b"\x41", b"\x42", b"\x43", b"\x44"]),
    key=st.sampled_from([None, KEY_A]),
    mac=st.sampled_from([None, bytes(6)]),
)
def test_any_bytes_become_a_packet_that_can_be_written_down(uuid, data, head, key, mac):
    packet = decode(uuid, head + data, mac, key)
    text = json.dumps([r.to_json() for r in packet.readings], allow_nan=False)
    assert len(json.loads(text)) == len(packet.readings)
    for reading in packet.readings:
        assert reading.text
        assert 0 <= reading.at < reading.at + reading.size <= len(packet.plain)
        assert packet.plain[reading.at + (packet.version == 1)] == reading.id


@settings(max_examples=300, deadline=None)
@given(data=st.binary(min_size=1, max_size=40))
def test_the_same_bytes_give_the_same_packet(data):
    assert decode(V2, b"\x40" + data) == decode(V2, b"\x40" + data)


@pytest.mark.parametrize("row", OBJECTS.values(), ids=lambda row: f"{row.id:02x}")
def test_every_object_of_the_table_reads_zero_and_ones(row):
    for byte in (0x00, 0x01, 0xFF):
        body = bytes([byte]) * row.size if row.size else bytes([1, 1, 1])
        body = body[: 1 + 1 + (row.form is Form.COMMAND)] if not row.size else body
        packet = decode(V2, bytes([0x40, row.id]) + body)
        assert packet.ids == (row.id,)
        assert packet.state is State.PLAIN


def test_addresses():
    assert (
        mac_bytes("A4:C1:38:5C:94:FA") == mac_bytes("a4c1385c94fa") == bytes.fromhex("a4c1385c94fa")
    )
    for bad in ("", "A4:C1", "x4:C1:38:5C:94:FA", "12345678-1234-1234-1234-123456789abc"):
        assert mac_bytes(bad) is None
