"""The Scan pane on a source that the test feeds: adverts with times of the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from core.air.feed import Feed, Hear
from core.fault import Fault
from core.radio.advert import Advert
from tests.tui.stage import Stage, StageHost, staged
from tui.panes.scan import pane as scan_pane
from tui.panes.scan.pane import Pane


class TestSource:
    """Gives nothing by itself; the stage gives its adverts."""

    __test__ = False

    def __init__(self) -> None:
        self.says = "passive on hci0"
        self.hint = ""
        self.fault: Fault | None = None
        self.everything = False

    def hear_everything(self, on: bool) -> None:
        self.everything = on

    async def run(self, hear: Hear) -> None:
        await asyncio.Event().wait()


class AirStage:
    """A stage with the pane open; the feed's clock is the last advert."""

    def __init__(self, stage: Stage, source: TestSource) -> None:
        self.stage, self.source = stage, source
        self.now = 1000.0
        self.pane = stage.app.screen.query_one(Pane)

    @property
    def feed(self) -> Feed:
        return self.pane.ready().feed

    async def hear(self, adverts: Iterable[Advert]) -> str:
        """Give adverts to the feed on core's loop, and look at the screen after it."""
        taken = list(adverts)

        async def give() -> None:
            for advert in taken:
                self.now = max(self.now, advert.time)
                self.feed.hear(advert)

        host = self.stage.app.host
        await asyncio.wrap_future(host.stream(give()))
        return await self.look()

    async def look(self) -> str:
        """Tick until core's newest snapshot is on the screen."""
        watch = self.pane.ready()
        await self._ticked()  # an older one may be on its way
        assert watch is self.pane.ready()
        return await self._ticked()

    async def _ticked(self) -> str:
        pane = self.pane
        pane.snapshot, before = None, pane.snapshot
        for _ in range(1000):
            self.stage.app.tick()
            if pane.snapshot is not None:
                return await self.stage.settled()
            await asyncio.sleep(0.002)
        pane.snapshot = before
        raise AssertionError("no snapshot came")

    async def press(self, *keys: str) -> str:
        await self.stage.press(*keys)
        return await self.look()


@asynccontextmanager
async def on_air(
    host: StageHost, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[AirStage]:
    """The app with the Scan pane in front."""
    source = TestSource()
    monkeypatch.setattr(scan_pane, "radio_source", lambda _host: source)
    async with staged(host, size) as stage:
        await stage.press("3")
        air = AirStage(stage, source)
        monkeypatch.setattr(Feed, "now", lambda _feed: air.now)
        yield air
