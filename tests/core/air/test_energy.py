"""Energy registers are kept from one session to the next, and a wrap between two is recognised."""

from __future__ import annotations

import asyncio

import pytest

from core.air.air import Air
from core.air.energy import MOST_METERS, SETTLED, Energy
from core.air.feed import KEEP_EVERY, Feed, Player
from core.air.recording import Playback, Recorder
from core.air.views import detail
from core.store.store import Store
from tests.core.air.module import ADDRESS, KEY, POWER, Module
from tests.virtual_clock import virtual


class Heard:
    """A source that gives some adverts and ends."""

    says = hint = ""
    fault = None

    def __init__(self, adverts):
        self._adverts = adverts

    def hear_everything(self, on):
        """It is all there is."""

    async def run(self, hear):
        for advert in self._adverts:
            hear(advert)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "home")


def module(raw, key=None):
    made = Module(key)
    made.poll((raw, 5, 6), POWER)
    return made


async def session(store, raw, key=None, count=SETTLED):
    feed = Feed(store, keys={ADDRESS: key} if key else {})
    await feed.run(Heard(module(raw, key).adverts(count)))
    return feed


def marks(feed):
    return set(feed.air.devices[ADDRESS].marks)


def total(feed):
    device = feed.air.devices[ADDRESS]
    streams = detail(device, device.time).streams
    return next(q.total for s in streams for q in s.quantities if q.reading.quantity == "energy")


@pytest.mark.parametrize("key", [None, KEY])
@virtual
async def test_a_wrap_between_two_sessions_is_recognised(store, key):
    assert marks(await session(store, 16_777_000, key)) == set()
    again = await session(Store(store.home), 300, key)
    assert marks(again) == {"energy-wrapped"}
    assert total(again) == 16_777.516
    third = await session(Store(store.home), 400, key)
    assert marks(third) == set()  # told once; the total goes on
    assert total(third) == 16_777.616


@virtual
async def test_a_fall_between_two_sessions_is_no_wrap(store):
    await session(store, 9_000_000)
    again = await session(store, 8_999_000)
    assert marks(again) == {"energy-back"} and total(again) is None


@virtual
async def test_what_is_kept_of_the_device_beside_it_stays(store):
    store.devices.remember(ADDRESS, meter={"binding": {"adapter": "B8:27:EB:00:00:01"}})
    await session(store, 9_000_000)
    known = store.devices.load(ADDRESS)
    assert known["meter"]["binding"]["adapter"] == "B8:27:EB:00:00:01"
    assert known["energy"]["1"] == {"kwh": 9000.0, "wraps": 0}


@virtual
async def test_zeros_before_the_first_poll_are_no_earlier_value(store):
    await session(store, 16_777_000)
    await Feed(store).run(Heard(Module().adverts(SETTLED)))
    assert store.devices.load(ADDRESS)["energy"]["1"]["kwh"] == 16_777.0


@virtual
async def test_a_recording_neither_reads_nor_changes_them(store, tmp_path):
    await session(store, 9_000_000)
    recorder = Recorder(tmp_path / "old.jsonl", store)
    for advert in module(300).adverts(SETTLED):
        recorder.put(advert)
    recorder.close()
    feed = Feed(store)
    await feed.run(Player(Playback(tmp_path / "old.jsonl"), speed=0.0))
    assert not marks(feed)
    assert store.devices.load(ADDRESS)["energy"]["1"]["kwh"] == 9000.0


@virtual
async def test_the_table_is_cleared_for_another_source(store):
    feed = Feed(store)
    for advert in module(9_000_000).adverts(SETTLED):
        feed.hear(advert)
    feed.clear()
    assert store.devices.load(ADDRESS)["energy"]["1"]["kwh"] == 9000.0


@virtual
async def test_a_long_session_keeps_them_on_its_way(store):
    source = Heard(module(9_000_000).adverts(SETTLED))

    async def run(hear):
        for advert in source._adverts:
            hear(advert)
        await asyncio.sleep(10**6)

    source.run = run
    running = asyncio.create_task(Feed(store).run(source))
    await asyncio.sleep(KEEP_EVERY + 2)
    assert store.devices.load(ADDRESS)["energy"]["1"]["kwh"] == 9000.0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@virtual
async def test_who_passes_by_and_crowds_leave_no_files(store):
    await session(store, 9_000_000, count=SETTLED - 1)
    assert not store.devices.load(ADDRESS)
    air = Air()
    for number in range(MOST_METERS + 30):
        meter = Module(address=f"A4:C1:38:00:00:{number:02X}")
        meter.poll((1000, 5, 6), POWER)
        for advert in meter.adverts(SETTLED):
            air.hear(advert)
    Energy(store.devices).keep(air.devices.values())
    assert len(list(store.devices.root.glob("*.toml"))) == MOST_METERS


@pytest.mark.parametrize(
    "table",
    [7, {"1": 5}, {"1": {"kwh": "x"}}, {"1": {"kwh": float("nan")}}, {"1": {"kwh": 1e9}},
     {"1": {"kwh": -1.0}}, {"1": {"kwh": True}}, {"1": {"kwh": 1.0, "wraps": 10**9}},
     {"one": {"kwh": 1.0}}, {"٣٣٣٣": {"kwh": 1.0}}],
)  # fmt: skip
def test_what_cannot_be_is_left_out(store, table):
    store.devices.remember(ADDRESS, energy=table)
    assert Energy(store.devices).earlier(ADDRESS) == {}
