"""Whatever is sent: no exception, bounded memory, said so."""

import json
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.air.air import Air
from core.air.device import MOST_NOTES, MOST_STREAMS
from core.air.export import frame_json, table_csv, table_json
from core.air.views import detail, view
from core.radio.advert import Advert
from tests.core.air.module import ADDRESS, KEY, UUID, Module, advert

V1 = "0000181c-0000-1000-8000-00805f9b34fb"
SEALED_V1 = "0000181e-0000-1000-8000-00805f9b34fb"
NAMES = {
    "escape": "\x1b]0;owned\x07\x1b[2J",
    "markup": "[bold red]x[/] [@click=app.quit]y[/]",
    "bidi": "abc\u202etxt.exe\u2066",
    "zero width": "a\u200bb\u2060c\ufeff",
    "emoji": "🔥" * 62,
    "formula": "=HYPERLINK(1)",
    "lines": "a\nb\rc,d\"e",
    "surrogate": "\ud800",
    "long": "x" * 10_000,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_are_data(name):
    air = Air()
    (frame,) = air.hear(advert(bytes.fromhex("400105"), 1, name=name))
    record = view(air.devices[ADDRESS], 1)
    assert len(record.name) <= 248
    assert json.loads(table_json([record]))[0]["name"] == record.name
    json.dumps(frame_json(frame, 1.0))
    lines = table_csv([record]).splitlines()
    assert len(lines) == 2
    assert not any(ord(c) < 32 for c in lines[1])


DATA = st.binary(max_size=40) | st.binary(max_size=30).map(lambda b: b"\x40" + b)
SERVICES = st.dictionaries(st.sampled_from([UUID, V1, SEALED_V1, "nonsense", ""]), DATA, max_size=3)


@settings(max_examples=150, deadline=None)
@given(
    heard=st.lists(
        st.tuples(
            st.floats(-10, 1e6), st.sampled_from(["A4:C1:38:5C:94:FA", "", "x", "12"]),
            st.text(max_size=4), st.integers(-127, 20), SERVICES,
            st.dictionaries(st.integers(0, 65535), st.binary(max_size=5), max_size=2),
        ),
        max_size=25,
    )
)  # fmt: skip
def test_any_sequence_of_adverts_is_taken(heard):
    air = Air({ADDRESS: KEY})
    for time, address, name, rssi, services, companies in heard:
        for frame in air.hear(Advert(time, address, name, rssi, services, companies)):
            json.dumps(frame_json(frame, time), allow_nan=False)
    for device in air.devices.values():
        detail(device, 1e6)
        view(device, 0.0).to_json()
    assert air.heard == len(heard)


def test_ten_thousand_random_addresses_stay_bounded_and_the_pinned_stays():
    air = Air(limit=500)
    air.hear(advert(bytes.fromhex("400105"), 0))
    air.pin(ADDRESS, True)
    dice = random.Random(1)
    for number in range(10_000):
        address = ":".join(f"{dice.randrange(256):02X}" for _ in range(6))
        air.hear(advert(dice.randbytes(20), number * 0.01, address))
    assert len(air.devices) == 500
    assert ADDRESS in air.devices
    assert air.evicted == 9_501
    assert len(air.changed()) <= 500


def test_when_all_are_pinned_the_table_grows_by_what_is_heard_and_no_more_is_lost():
    air = Air(limit=2)
    for number in range(2):
        air.hear(advert(b"\x40", 0, f"00:00:00:00:00:0{number}"))
        air.pin(f"00:00:00:00:00:0{number}", True)
    air.hear(advert(b"\x40", 0, "00:00:00:00:00:09"))
    assert len(air.devices) == 3


def test_a_device_that_is_another_each_frame_stays_bounded():
    air = Air({ADDRESS: KEY})
    dice = random.Random(2)
    for number in range(3000):
        uuid = dice.choice([UUID, V1, SEALED_V1])
        head = dice.choice([b"\x40", b"\x41", b"\x44", b"\x43", b"\x60", b""])
        air.hear(advert(head + dice.randbytes(dice.randrange(30)), number, uuid=uuid))
    device = air.devices[ADDRESS]
    assert len(device.streams) <= MOST_STREAMS
    assert len(device._latest) <= MOST_STREAMS * 4
    assert len(device.notes) <= MOST_NOTES
    assert len(device.marks) < 12
    assert device.count == 3000
    assert "version" in device.marks


def test_oversized_service_data():
    air = Air()
    (frame,) = air.hear(advert(b"\x40" + b"\x01\x05" * 50_000))
    assert "only the first 512 bytes were read" in frame.notes


def test_memory_is_flat():
    air = Air({ADDRESS: KEY})
    module = Module(KEY)

    def hour() -> int:
        for step in range(700):
            module.poll((step, 1, 2), (step, 2300, 100, 50))
            for one in module.adverts(2):
                air.hear(one)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first, *later = (hour() for _ in range(3))
    finally:
        tracemalloc.stop()
    assert max(later) - first < 20_000
