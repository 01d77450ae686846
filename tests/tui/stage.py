"""The app without a terminal: real host, a made-up list of ports, events fed by hand."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textual.events import Paste
from textual.pilot import Pilot
from textual.timer import Timer

import tui.app
from core.events import Body, Event
from core.link.ports import Port, Use
from tui.app import WattbenchApp
from tui.host import Host, Options
from tui.work import Tools

GOLDENS = Path(__file__).parent / "goldens"
BENCH = (80, 24)
PATIENCE = 1000


def a_port(device: str = "/dev/ttyUSB0", description: str = "CH340") -> Port:
    return Port(
        device=device, stable=device, description=description, vid=None, pid=None, chip="",
        advice="", start_baud=115200, ceiling_baud=2_000_000, use=Use.FREE, holder=None,
        console=False,
    )  # fmt: skip


class StageTools(Tools):
    """Tools with ports of our own."""

    def __init__(self, host: Host, ports: list[Port]) -> None:
        super().__init__(host.store, None)
        self._listed = ports

    def list_ports(self) -> list[Port]:
        return self._listed


class StageHost(Host):
    """A host on a folder of the test, with one adapter."""

    def __init__(self, home: Path, ports: list[Port] | None = None, **flags: bool) -> None:
        super().__init__(Options(home=str(home), **flags))
        self._tools = StageTools(self, [a_port()] if ports is None else ports)
        self.people = True


class StageApp(WattbenchApp):
    """The app with its clock stopped: the test says when it ticks.  `period` is in seconds.
    A question takes a key at once."""

    CSS_PATH = Path(tui.app.__file__).with_name("app.tcss")
    period = 0.0
    settle = 0.0

    def set_interval(self, interval: float, *args: Any, **more: Any) -> Timer:
        self.period = interval
        timer = super().set_interval(interval, *args, **more)
        timer.stop()
        return timer


@dataclass
class Stage:
    """A running app; `job` is the one that `feed` speaks for."""

    app: StageApp
    pilot: Pilot[None]
    job: str = "20261120T140233Z-plug-flash-01"
    t: float = field(default=0.0)

    async def feed(self, *bodies: Body, t: float | None = None) -> str:
        """What core says, and one tick of the clock; the screen after it."""
        self.t = self.t if t is None else t
        for body in bodies:
            self.app.mailbox.put(Event(self.job, self.t, body))
        self.app.tick()
        return await self.settled()

    async def press(self, *keys: str) -> str:
        await self.pilot.press(*keys)
        return await self.settled()

    async def type(self, text: str) -> str:
        """Text into the field that has the focus, all at once."""
        assert self.app.screen.focused is not None
        self.app.screen.focused.post_message(Paste(text))
        return await self.settled()

    async def settled(self) -> str:
        await self.pilot.pause()
        return self.text

    async def until(self, what: str) -> str:
        """Tick until the screen shows `what`, as a job of the host goes on."""
        for _ in range(PATIENCE):
            self.app.tick()
            text = await self.settled()
            if what in text:
                return text
            await asyncio.sleep(0.01)
        raise AssertionError(f"{what!r} never came:\n{self.text}")

    @property
    def text(self) -> str:
        """The screen as text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips) + "\n"

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@asynccontextmanager
async def staged(host: Host, size: tuple[int, int] = BENCH) -> AsyncIterator[Stage]:
    """The app of this host; at the end its jobs are waited for."""
    app = StageApp(host)
    try:
        async with app.run_test(size=size) as pilot:
            stage = Stage(app, pilot)
            await stage.settled()
            yield stage
    finally:
        host.people = False
        for job in host.running():
            host.cancel(job.id)
        host.join()


def golden(name: str, text: str) -> None:
    """Compare with the kept screen; WATTBENCH_GOLDEN=write keeps the new one."""
    path = GOLDENS / f"{name}.txt"
    if os.environ.get("WATTBENCH_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
