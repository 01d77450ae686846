"""Numbers of frames: the rules one by one, and any sequence at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.air.numbers import COUNTERS, PACKET_IDS, Loss, Numbering, Relation

R = Relation


def judged(space, *numbers, every=1.0):
    numbering = Numbering(space)
    return [numbering.judge(n, 100 + at * every) for at, n in enumerate(numbers)]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((5, 6, 7), [R.FIRST, R.NEXT, R.NEXT]),
        ((254, 255, 0, 1), [R.FIRST, R.NEXT, R.WRAP, R.NEXT]),
        ((253, 0), [R.FIRST, R.WRAP]),
        ((9, 9), [R.FIRST, R.SAME]),
        ((10, 73), [R.FIRST, R.NEXT]),
        ((150, 151, 2, 3), [R.FIRST, R.NEXT, R.RESTART, R.NEXT]),
        ((150, 151, 1), [R.FIRST, R.NEXT, R.RESTART]),
        ((3, 2), [R.FIRST, R.RESTART]),
        ((60, 61, 40), [R.FIRST, R.NEXT, R.BACK]),
        ((60, 61, 40, 62), [R.FIRST, R.NEXT, R.BACK, R.NEXT]),
        ((60, 61, 40, 41, 42, 43), [R.FIRST, R.NEXT, R.BACK, R.BACK, R.RESTART, R.NEXT]),
        ((60, 61, 40, 39, 38), [R.FIRST, R.NEXT, R.BACK, R.BACK, R.BACK]),
    ],
)
def test_packet_ids(numbers, expected):
    assert judged(PACKET_IDS, *numbers) == expected


def test_a_long_silence_explains_any_packet_id():
    numbering = Numbering(PACKET_IDS)
    for at, number in enumerate((10, 11, 12, 13)):
        numbering.judge(number, 60.0 * at)
    assert numbering.judge(2, 60.0 * 260) is R.WRAP


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((5, 6, 900), [R.FIRST, R.NEXT, R.NEXT]),
        ((19_000, 50), [R.FIRST, R.RESTART]),
        ((65_531, 3), [R.FIRST, R.WRAP]),
        ((COUNTERS - 1, 0), [R.FIRST, R.WRAP]),
        ((65_531, 19_911), [R.FIRST, R.BACK]),
        ((500, 400, 501), [R.FIRST, R.BACK, R.NEXT]),
        ((500, 400, 401, 402, 403), [R.FIRST, R.BACK, R.BACK, R.RESTART, R.NEXT]),
        ((500, 3_000_000_000), [R.FIRST, R.RESTART]),
    ],
)
def test_counters(numbers, expected):
    assert judged(COUNTERS, *numbers) == expected


@settings(max_examples=200, deadline=None)
@given(
    start=st.integers(0, 255),
    steps=st.lists(st.integers(1, 16), max_size=60),
    space=st.sampled_from([PACKET_IDS, COUNTERS]),
)
def test_what_is_lost_on_the_way_is_counted_exactly(start, steps, space):
    loss, numbering = Loss(space), Numbering(space)
    number = start
    loss.note(number, numbering.judge(number, 0.0))
    for at, step in enumerate(steps, 1):
        number = (number + step) % space
        loss.note(number, numbering.judge(number, float(at)))
    assert loss.lost == sum(steps) - len(steps)
    assert loss.heard == len(steps) + 1


def test_a_number_that_comes_late_is_not_lost():
    loss = Loss(COUNTERS)
    assert [loss.note(n, R.NEXT) for n in (5, 8, 6, 7, 9)] == [0, 2, 0, 0, 0]
    assert (loss.lost, loss.heard) == (0, 5)


@settings(max_examples=200, deadline=None)
@given(numbers=st.lists(st.integers(0, COUNTERS - 1) | st.integers(0, 300), max_size=80),
       space=st.sampled_from([PACKET_IDS, COUNTERS]))  # fmt: skip
def test_any_numbers_are_judged_and_loss_stays_sane(numbers, space):
    loss, numbering = Loss(space), Numbering(space)
    for at, number in enumerate(numbers):
        assert loss.note(number % space, numbering.judge(number % space, at * 0.5)) <= Loss.MOST
    assert loss.lost >= 0
