"""Recordings: what is written is what is played; what is not one is refused."""

import json
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.air.air import Air
from core.air.recording import Playback, Recorder, from_line, to_line
from core.fault import FaultError
from core.radio.advert import Advert
from core.store.store import Store
from tests.core.air.module import ADDRESS, KEY, POWER, TARIFFS, Module

UUIDS = st.integers(0, 0xFFFF).map(lambda n: f"0000{n:04x}-0000-1000-8000-00805f9b34fb") | st.uuids(
    version=4
).map(str)
ADVERTS = st.builds(
    Advert,
    time=st.floats(0, 1e6).map(lambda t: round(t, 4)),
    address=st.binary(min_size=6, max_size=6).map(lambda b: b.hex(":").upper()),
    name=st.text(max_size=30),
    rssi=st.integers(-127, 20),
    service_data=st.dictionaries(UUIDS, st.binary(max_size=30), max_size=3),
    manufacturer_data=st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=30), max_size=2),
    connectable=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(advert=ADVERTS)
def test_a_line_holds_the_whole_advert(advert):
    line = to_line(advert, advert.time)
    assert "\n" not in line and line.isascii()
    assert from_line(line.encode()) == advert


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


def test_what_is_recorded_is_played_and_decodes_the_same(store):
    module = Module(KEY)
    module.poll(TARIFFS, POWER)
    module.time = 5000.0
    adverts = list(module.adverts(30))
    path = store.home / "air" / "walk.jsonl"
    recorder = Recorder(path, store)
    for number, advert in enumerate(adverts):
        recorder.put(advert)
        if number % 7 == 0:
            recorder.drain()
    recorder.close()
    assert recorder.count == 30
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    played = list(Playback(path))
    assert played[0].time == 0 and played[-1].time == pytest.approx(29 * 0.3)
    assert [a.service_data for a in played] == [a.service_data for a in adverts]
    air = Air({ADDRESS: KEY})
    kinds = [frame.kind for advert in played for frame in air.hear(advert)]
    assert kinds == ["tariffs", "power"] * 15


def test_a_recording_is_never_written_over(store):
    path = store.home / "a.jsonl"
    Recorder(path, store).close()
    with pytest.raises(FaultError) as caught:
        Recorder(path, store)
    assert caught.value.fault.code == "AIR-EXISTS"


@pytest.mark.parametrize("head", [b"", b"\x00" * 100, b"{}\n", b"[1]\n", b"[" * 50_000])
def test_another_file_is_refused(tmp_path, head):
    path = tmp_path / "x"
    path.write_bytes(head)
    with pytest.raises(FaultError) as caught:
        Playback(path)
    assert caught.value.fault.code == "AIR-RECORDING"


def test_a_missing_file_is_a_fault(tmp_path):
    with pytest.raises(FaultError) as caught:
        Playback(tmp_path / "none")
    assert caught.value.fault.code == "STORE-UNREADABLE"


GOOD = {"time": 1, "address": ADDRESS, "rssi": -60}
BAD = [
    {"time": "1"}, {"time": True}, {"time": None}, {"address": "x"}, {"address": 5},
    {"rssi": None}, {"name": 5}, {"name": "x" * 5000}, {"service_data": []},
    {"service_data": {"fcd2": 5}}, {"service_data": {"fcd2": "4"}}, {"service_data": {"x": "40"}},
    {"service_data": {"zzzz": "40"}}, {"service_data": {"fcd2": "40" * 5000}},
    {"manufacturer_data": {"q": "00"}},
]  # fmt: skip


@pytest.mark.parametrize("change", BAD, ids=range(len(BAD)))
def test_a_bad_line_is_left_out(change):
    assert from_line(json.dumps(GOOD).encode()) is not None
    assert from_line(json.dumps({**GOOD, **change}).encode()) is None


@pytest.mark.parametrize("time", ["NaN", "Infinity", "-Infinity"])
def test_times_that_are_none(time):
    assert from_line(json.dumps(GOOD).replace('"time": 1', f'"time": {time}').encode()) is None


@settings(max_examples=200, deadline=None)
@given(line=st.binary(max_size=200))
def test_any_line_is_an_advert_or_none(line):
    assert from_line(line) is None or isinstance(from_line(line), Advert)


def test_bad_lines_are_counted_and_time_never_runs_back(tmp_path):
    path = tmp_path / "x.jsonl"
    lines = [
        json.dumps({"format": "wattbench-air", "version": 1, "began": "2026-11-20T14:02:33Z"}),
        json.dumps({**GOOD, "time": 5}), "garbage", "", json.dumps({**GOOD, "time": 2}),
        "x" * 200_000, json.dumps({**GOOD, "time": 9}),
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    playback = Playback(path)
    assert playback.began == "2026-11-20T14:02:33Z"
    assert [a.time for a in playback] == [5, 5, 9]
    assert playback.bad >= 2
