"""The OpenBK pane with a device that the test serves, or with news that the test gives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import Key

from core.openbk.client import Client
from core.openbk.read import Device, read_device
from core.openbk.watch import Sample
from core.openbk.wire import Energy
from core.profile.block import Block
from core.profile.model import Mqtt, Names, Profile, Secret, Wifi
from core.profile.toml_file import SHIPPED, load
from core.sim.openbk_http import Served, serve_openbk
from core.sim.openbk_options import OpenBkOptions, parse_trouble
from tests.tui.stage import PATIENCE, Stage, StageHost, staged
from tui.panes.openbk import commands
from tui.panes.openbk.front import OpenBkPane
from tui.panes.openbk.link import News, Read
from tui.panes.openbk.sections import TABS

PLUG = "192.168.1.50"
MAC = "A4:C1:38:5C:94:FA"


def sector(over: Profile | None = None) -> bytes:
    """The configuration of an LSC plug that is in a network."""
    profile = load(SHIPPED / "lsc-3202087.toml")
    block = Block.new().with_profile(
        replace(
            profile,
            names=Names("plug1", "Plug 1"),
            wifi=Wifi(ssid="workshop", password=Secret("one two three")),
            mqtt=Mqtt(host="192.168.1.2", port=1883, password=Secret("hidden")),
        )
    )
    return (block if over is None else block.with_profile(over)).sector()


@asynccontextmanager
async def plugged(*troubles: str, **more: object) -> AsyncIterator[Served]:
    """A device on a port of this computer."""
    options = OpenBkOptions(
        config=sector(), boot=0.2, reboot_delay=0.1, save_delay=0.05,
        faults=tuple(map(parse_trouble, troubles)),
    )  # fmt: skip
    served = await serve_openbk(replace(options, **more))  # type: ignore[arg-type]
    try:
        yield served
    finally:
        await served.close()


async def a_device() -> Device:
    """A device as it is read, at an address that does not change from run to run."""
    async with plugged() as served:
        client = Client(served.host)
        try:
            return replace(await read_device(client), host=PLUG)
        finally:
            await client.close()


SAMPLES = [
    Sample(
        at=float(n),
        energy=Energy(watts, watts, 0.0, 1.0, 230.0 + n / 10, watts / 230, 1234.0),
        relays=(("POWER", True),),
        signal=-61,
        heap=97,
        uptime=3600 + 2 * n,
        mqtt="connected",
        drivers=("BL0937", "NTP"),
    )
    for n, watts in enumerate((0.0, 0.0, 980.0, 1004.0, 1002.0, 998.0, 1010.0, 1001.0))
]


class QuietLink:
    """A link that says what the test gives, and reaches for no network."""

    given: list[News]

    def __init__(self, _host: object, address: str, _password: str = "") -> None:
        self.address, self.reading = address, True
        self.given = []
        self.asked = 0

    def start(self) -> None:
        """Nothing is there to be started."""

    def stop(self) -> None:
        """Nor stopped."""

    def refresh(self) -> None:
        self.asked += 1

    def news(self) -> list[News]:
        found, self.given = self.given, []
        if any(isinstance(news, Read) for news in found):
            self.reading = False
        return found


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "DeviceLink", QuietLink)


class BkStage:
    """A stage with the pane in front."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.press, self.type, self.until = stage.press, stage.type, stage.until

    @property
    def pane(self) -> OpenBkPane:
        return self.stage.app.screen_stack[0].query_one(OpenBkPane)

    async def give(self, *news: News) -> str:
        """News of the device, and a tick."""
        link = self.pane.link
        assert isinstance(link, QuietLink)
        link.given += news
        self.stage.app.tick()
        return await self.stage.settled()

    async def open(self, address: str) -> str:
        """Type the address of a device."""
        await self.press("h")
        self.pane.query_one("#edit").value = ""  # type: ignore[attr-defined]
        await self.type(address)
        return await self.press("enter")

    async def to(self, tab: str) -> str:
        """Go right to a section."""
        count = (TABS.index(tab) - TABS.index(self.pane.tab)) % len(TABS)
        return await self._again("right", count, lambda: self.pane.tab == tab)

    async def at(self, path: str) -> str:
        """Put the cursor on a field."""
        keys = self.pane._keys()
        here = keys.index(self.pane.key) if self.pane.key in keys else 0
        count = keys.index(path) - here
        key = "down" if count > 0 else "up"
        return await self._again(key, abs(count), lambda: self.pane.key == path)

    async def _again(self, key: str, count: int, there: Callable[[], bool]) -> str:
        """The same key so many times, as a held key sends it."""
        for _ in range(count):
            self.stage.app.post_message(Key(key, None))
        for _ in range(PATIENCE):
            text = await self.stage.settled()
            if there():
                return text
        raise AssertionError(f"{key} x {count} did not get there:\n{text}")


@asynccontextmanager
async def bk_stage(
    home: Path,
    size: tuple[int, int] = (80, 24),
    before: Callable[[StageHost], None] = lambda _host: None,
    **flags: bool,
) -> AsyncIterator[BkStage]:
    """The app with the pane in front; `before` may fill the data folder."""
    host = StageHost(home, [], **flags)
    before(host)
    async with staged(host, size) as stage:
        await stage.press("5")
        yield BkStage(stage)
