"""The feed: one source after the other, whole snapshots, recordings that end with their source."""

from __future__ import annotations

import asyncio

import pytest

from core.air.feed import Feed, Player
from core.air.recording import Playback, Recorder
from core.fault import FaultError
from core.store.store import Store
from tests.core.air.module import ADDRESS, KEY, POWER, TARIFFS, Module, advert
from tests.virtual_clock import virtual


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


@pytest.fixture
def recording(tmp_path, store):
    path = tmp_path / "air.jsonl"
    recorder = Recorder(path, store)
    module = Module(KEY)
    module.poll(TARIFFS, POWER)
    for one in module.adverts(600):
        recorder.put(one)
    recorder.close()
    return path


@virtual
async def test_a_recording_plays_at_its_pace(store, recording):
    loop = asyncio.get_running_loop()
    feed, began = Feed(store), loop.time()
    player = Player(Playback(recording))
    running = asyncio.create_task(feed.run(player))
    await asyncio.sleep(60)
    assert 190 <= feed.snapshot().heard <= 205
    assert player.says == "plays air.jsonl"
    await running
    assert loop.time() - began == pytest.approx(599 * 0.3, abs=1.1)
    assert feed.snapshot().heard == 600
    assert player.says == "air.jsonl is over"


@virtual
async def test_a_snapshot_tells_what_changed_since_the_last(store):
    feed = Feed(store)
    feed.hear(advert(b"\x40\x01\x05", 1.0))
    first = feed.snapshot()
    assert first.reset and [v.address for v in first.changed] == [ADDRESS]
    assert first.detail is None
    feed.selected = ADDRESS
    second = feed.snapshot()
    assert not second.reset and second.changed == () and second.present is None
    assert second.detail is not None and second.detail.device.address == ADDRESS
    feed.clear()
    third = feed.snapshot()
    assert third.reset and third.devices == 0 and third.detail is None


@virtual
async def test_who_is_there_is_told_when_some_made_room(store):
    feed = Feed(store)
    feed.air._limit = 2
    for number in range(4):
        feed.hear(advert(b"\x40\x01\x05", 1.0, f"00:00:00:00:00:0{number}"))
    assert feed.snapshot().present == {"00:00:00:00:00:02", "00:00:00:00:00:03"}
    assert feed.snapshot().present is None


@virtual
async def test_a_recording_ends_with_its_source_and_is_whole(store, recording, tmp_path):
    feed = Feed(store)
    copy = tmp_path / "copy.jsonl"
    feed.record(copy)
    await feed.run(Player(Playback(recording), speed=0.0))
    assert feed.recorded == 600 and feed.snapshot().recording == ""
    assert len(list(Playback(copy))) == 600


@virtual
async def test_a_disk_that_fills_up_ends_the_recording_and_not_the_scan(store, tmp_path):
    class Radio:
        says, hint, fault = "radio", "", None

        def hear_everything(self, on):
            """Nothing to do."""

        async def run(self, hear):
            for number in range(100):
                hear(advert(b"\x40\x01\x05", float(number)))
                await asyncio.sleep(0.1)

    feed = Feed(store)
    feed.record(tmp_path / "x.jsonl")
    feed._recorder._file.close()
    feed._recorder._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115, ASYNC230, PTH123
    full = feed._recorder._file
    await feed.run(Radio())
    full.close()
    snapshot = feed.snapshot()
    assert snapshot.heard == 100
    assert snapshot.fault is not None and snapshot.fault.code == "STORE-FULL"


@virtual
async def test_a_source_that_fails_leaves_its_fault(store, tmp_path):
    path = tmp_path / "air.jsonl"
    path.write_text('{"format": "wattbench-air"}\n')
    playback = Playback(path)
    path.unlink()
    feed = Feed(store)
    with pytest.raises(FaultError):
        await feed.run(Player(playback))
    assert feed.snapshot().fault.code == "STORE-UNREADABLE"


@virtual
async def test_keys_are_kept_dropped_and_moved(store):
    feed = Feed(store)
    module = Module(KEY)
    module.poll(TARIFFS, POWER)
    for one in module.adverts(4):
        feed.hear(one)
    other = "00:00:00:00:00:01"
    store.keys.set_bind_key(other, KEY)
    assert feed.move_key("00:00:00:00:00:02", ADDRESS) is None
    assert feed.move_key(other, ADDRESS).opened == 2
    assert store.keys.bind_keys == {ADDRESS: KEY}
    feed.keep_key(ADDRESS, b"")
    assert store.keys.bind_keys == {}
    assert feed.snapshot().changed[0].key.text == "no key"


@virtual
async def test_a_walk_through_the_feed(store):
    feed = Feed(store)
    module = Module()
    module.time = asyncio.get_running_loop().time()
    module.poll(TARIFFS, POWER)
    assert feed.close_door() is None
    feed.start_walk(ADDRESS)
    for one in module.adverts(10):
        feed.hear(one)
        await asyncio.sleep(0.3)
    feed.take_place()
    await asyncio.sleep(10)
    assert feed.snapshot().lost == 1  # the silence
    record = feed.close_door()
    assert [s["frames"] for s in record["samples"]] == [10, 0]
    assert feed.close_door() is None
    feed.end_walk()
    assert feed.snapshot().walk is None
