"""The Meter pane while it shows live values, an update, and the stopwatch of the guided release."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color

from core.events import Asked, Body, Event, Phase, Question
from tests.tui.meter_stage import BEGUN, LIVE, OTA, OTA_WAITS, WRITING, AirHost, sws
from tests.tui.stage import Stage, golden, staged

AWAY = "10 s: take the wire away now"
HOLD = "SWS at GND: 7 of 10 s, hold it"


@pytest.mark.parametrize(
    ("name", "said"), [("live", LIVE), ("ota", OTA), ("sws", sws(7))], ids=["live", "ota", "sws"]
)
async def test_every_view_looks_as_it_was_kept(
    tmp_path: Path, name: str, said: tuple[Body, ...]
) -> None:
    async with staged(AirHost(tmp_path)) as stage:
        await stage.press("4")
        golden(f"meter-{name}-80x24", await stage.feed(*said, t=14.0))


def colours(stage: Stage, text: str) -> tuple[set[str], bool]:
    """The colours that `text` is written in, and whether it is shown in reverse."""
    found, reverse = set(), False
    for strip in stage.app.screen._compositor.render_strips():
        if text not in strip.text:
            continue
        at = strip.text.index(text)
        for segment in strip.crop(at, at + len(text)):
            assert segment.style is not None and segment.style.color is not None
            found.add(segment.style.color.get_truecolor().hex)
            reverse |= bool(segment.style.reverse)
    return found, reverse


async def test_the_stopwatch_turns_green_at_ten_seconds_and_not_before(tmp_path: Path) -> None:
    async with staged(AirHost(tmp_path)) as stage:
        await stage.press("4")
        assert HOLD in await stage.feed(*sws(7), t=7.0)
        held, reverse = colours(stage, HOLD)
        assert reverse and not any(_green(colour) for colour in held)
        assert AWAY in await stage.feed(*sws(10), t=10.0)
        asked = Asked(Question("sws-away", "Is the wire away?"))
        assert "Is the wire away?" in await stage.feed(asked, t=10.0)
        over, reverse = colours(stage, AWAY)  # the question does not hide it
        assert over and not reverse and all(_green(colour) for colour in over)


def _green(colour: str) -> bool:
    seen = Color.parse(colour)
    return seen.g > seen.r + 40 and seen.g > seen.b + 40


async def test_the_stopwatch_and_the_blocks_end_with_their_step(tmp_path: Path) -> None:
    async with staged(AirHost(tmp_path)) as stage:
        await stage.press("4")
        assert AWAY in await stage.feed(*sws(10), t=10.0)
        assert AWAY not in await stage.feed(Phase("Find and connect", 4, 5), t=14.0)
    async with staged(AirHost(tmp_path)) as stage:
        await stage.press("4")
        assert "3120 of 6900 blocks  208 blocks/s  0:18 left" in await stage.feed(*OTA, t=21.0)
        assert "blocks" not in await stage.feed(*OTA_WAITS, t=40.0)


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        (Phase("Leave", 6, 6), "Leaving is not broken off: the job ends by itself"),
        (Phase("Release", 3, 3), "A release is not broken off: the job ends by itself"),
        (Phase("Ask the meter", 5, 6), ""),
    ],
)
async def test_a_stop_where_nothing_is_broken_off_says_so(
    tmp_path: Path, phase: Phase, said: str
) -> None:
    async with staged(AirHost(tmp_path)) as stage:
        await stage.press("4")
        await stage.feed(*BEGUN, *WRITING, phase, t=11.0)
        text = await stage.press("x")
        assert (said in text) if said else ("broken off" not in text)


async def test_a_stop_while_the_meter_is_asked_shows_what_is_confirmed(tmp_path: Path) -> None:
    host = AirHost(tmp_path)

    def stop(event: Event) -> None:  # what x does, at the very moment
        if isinstance(event.body, Phase) and event.body.name == "Ask the meter":
            host.cancel(event.job)

    host.subscribe(stop)
    async with staged(host) as stage:
        await stage.press("4", "a")
        await stage.type("20109")
        await stage.press("enter")
        text = await stage.until("STOPPED")
        assert "Confirmed on the module: kind of meter, address. The meter was not" in text
        assert "wattbench meter set" in text
        assert host.module.settings.address == 20109 and host.module._central is None
