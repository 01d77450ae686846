"""The walk test: places, loss, the bell, and the door."""

import pytest

from core.air.air import Air
from core.air.walk import DOOR_CLOSED, Walk
from tests.core.air.module import ADDRESS, KEY, POWER, TARIFFS, Module


def go(walk, air, adverts, rssi=-60):
    rings = 0
    for one in adverts:
        frames = air.hear(one)
        rings += walk.hear(one.time, rssi, frames)
    return rings


def polling(module, polls):
    for step in range(polls):
        module.poll(TARIFFS, (step + 1, *POWER[1:]))
        yield from module.adverts(2)


@pytest.mark.parametrize("key", [None, KEY])
def test_each_place_has_its_own_strength_and_loss(key):
    module, air = Module(key), Air({ADDRESS: KEY} if key else None)
    walk = Walk(ADDRESS, 0.0)
    assert go(walk, air, polling(module, 30), rssi=-50) == 0
    near = walk.take(module.time)
    assert (near.name, near.count, near.lost) == ("place 1", 60, 0)
    assert (near.least, near.mean, near.most) == (-50, -50.0, -50)
    assert near.verdict() == "good"

    heard = [a for n, a in enumerate(polling(module, 40)) if n % 8 not in (2, 3)]
    assert go(walk, air, heard, rssi=-90) == 10
    far = walk.finish(module.time)
    assert far.name == DOOR_CLOSED
    assert far.lost == 10 and far.loss == pytest.approx(0.25, abs=0.02)
    assert far.verdict() == "poor"
    assert walk.finished
    record = walk.to_json(module.time)
    assert [s["name"] for s in record["samples"]] == ["place 1", "door closed"]
    assert record["finished"] is True


def test_a_walk_without_the_closed_door_is_not_finished():
    walk = Walk(ADDRESS, 0.0)
    assert not walk.finished
    walk.take(1.0)
    assert not walk.finished
    walk.finish(2.0)
    assert walk.finished
    walk.take(3.0)
    assert not walk.finished


def test_silence_rings_once():
    walk = Walk(ADDRESS, 100.0)
    walk.hear(100.5, -60)
    assert not walk.fell_silent(103.0)
    assert walk.fell_silent(103.6)
    assert not walk.fell_silent(110.0)
    walk.hear(111.0, -60)
    assert walk.fell_silent(114.0)


def test_a_place_where_nothing_is_heard():
    walk = Walk(ADDRESS, 0.0)
    sample = walk.take(10.0)
    assert sample.verdict() == "nothing heard"
    assert sample.to_json(10.0)["rssi_mean"] is None and sample.loss is None


def test_the_last_minute_by_seconds():
    walk = Walk(ADDRESS, 0.0)
    for second in range(100):
        walk.hear(second + 0.1, -60)
        walk.hear(second + 0.6, -60 - second % 5)
    series = walk.series(99.9)
    assert len(series) == 60 and series[-1] == -64
    assert walk.series(109.0)[-9:] == (None,) * 9
    assert walk.here.per_minute(100.0) == pytest.approx(120)
