"""A simulated programmer and module on the table: jobs run against them on a clock that jumps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.answers import Answers
from core.events import Event, Failed, Finished, Question
from core.fault import Fault
from core.job import Job, Recorder, Reporter, Result
from core.link.api import Link
from core.link.memory import MemoryLink
from core.sim.module import Module, ModuleOptions
from core.sim.module_images import meter_image, module_flash
from core.sim.module_orders import parse_order
from core.store.store import Store
from core.telink.tasks.backup import BackupOptions, backup
from core.telink.tasks.flash import (
    FlashOptions,
    RestoreOptions,
    WipeOptions,
    flash,
    restore,
    wipe,
)
from core.telink.tasks.info import InfoOptions, info, selftest
from core.telink.tasks.resume import ResumeOptions, resume

MAC = "A4:C1:38:AA:BB:CC"
YES = {"module-gate": "yes", "write-plan": "yes", "wipe-plan": MAC}
OLD = meter_image("V1.6", 12340, 1)
NEW = meter_image("V1.7", 16404, 2)
"""Small images keep the tests quick; the real size is used where it matters."""
MAX = ModuleOptions(rate="max", page=0.0, sector=0.02)


@cache
def stock() -> bytes:
    """A module with an older firmware, settings, MAC."""
    return module_flash(OLD)


def options(*orders: str, **more: object) -> ModuleOptions:
    """Options with faults on order."""
    base = replace(MAX, **more)  # type: ignore[arg-type]
    return replace(base, orders=tuple(map(parse_order, orders)))


def expected(before: bytes, image: bytes = NEW) -> bytes:
    """Image and untouched rest: what a flash job must leave."""
    end = -(-len(image) // 4096) * 4096
    return image.ljust(end, b"\xff") + before[end:]


class Wired(MemoryLink):
    """A line that remembers what the host wrote and whether it was closed."""

    def __init__(self, module: Module, baud: int) -> None:
        super().__init__(module, "sim", baud)
        self.frames: list[tuple[int, bytes]] = []
        self.closed = False
        module.on_vanish = self.unplug

    async def write(self, data: bytes) -> None:
        self.frames.append((self.baud, data))
        await super().write(data)

    async def close(self) -> None:
        self.closed = True
        await super().close()


class Given(Answers):
    """Answers out of a dict; what is not in it is not answered."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = dict(given)
        self.asked: list[Question] = []

    async def answer(self, question: Question) -> tuple[str, str]:
        self.asked.append(question)
        if question.key not in self.given:
            return await super().answer(question)
        return self.given[question.key], "test"


@dataclass
class Bench:
    """One programmer with its module, one store, the jobs that ran."""

    folder: Path
    module: Module
    baud: int = 0
    links: list[Wired] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    answers: Given = field(default_factory=lambda: Given(YES))
    read_only: bool = False

    def __post_init__(self) -> None:
        self.store = Store(self.folder / "home")
        self.before = bytes(self.module.flash)
        self.image = self.folder / "electricity_meter_V1.7.bin"
        self.image.write_bytes(NEW)

    async def open_port(self, port: str, baud: int, holder: str) -> Link:
        self.links.append(Wired(self.module, baud))
        return self.links[-1]

    async def run(
        self,
        kind: str,
        task: Callable[[Reporter], Awaitable[Result]],
        on_event: Callable[[Job, Event], None] | None = None,
    ) -> Finished | Failed:
        """Run one job to its end, with folder and journal as the host would make them."""
        folder = self.store.jobs.create(kind)
        recorder = Recorder(folder.journal.record, folder.journal.sync, pytest.fail)
        job = Job(folder.id, kind, "a test", task, recorder=recorder, answers=self.answers,
                  read_only=self.read_only)  # fmt: skip
        job._sinks.append(self.events.append)
        if on_event is not None:
            job._sinks.append(lambda event: on_event(job, event))
        try:
            outcome = await job.run()
        finally:
            self.store.jobs.close(folder.id)
        assert all(link.closed for link in self.links)
        return outcome

    async def job(
        self, kind: str, on_event: Callable[[Job, Event], None] | None = None, **more: Any
    ) -> Finished | Failed:
        """Run `info`, `backup`, `flash`, `restore`, `wipe`, `resume` or `selftest`."""
        common = {"port": "sim", "baud": self.baud, **more}
        tools: dict[str, Any] = {"ports": self.open_port, "store": self.store}
        if kind == "flash":
            common.setdefault("image", self.image)

        async def task(report: Reporter) -> Result:
            match kind:
                case "info":
                    return await info(report, InfoOptions(**common), **tools)
                case "selftest":
                    return await selftest(report, InfoOptions(**common), ports=self.open_port)
                case "backup":
                    return await backup(report, BackupOptions(**common), **tools)
                case "flash":
                    return await flash(report, FlashOptions(**common), **tools)
                case "wipe":
                    return await wipe(report, WipeOptions(**common), **tools)
                case "restore":
                    return await restore(report, RestoreOptions(**common), **tools)
                case _:
                    return await resume(report, ResumeOptions(**common), **tools)

        return await self.run(f"module-{kind}", task, on_event)

    @property
    def unchanged(self) -> bool:
        """True while not one bit of the flash was changed and no change was even tried."""
        return not self.module.changes and bytes(self.module.flash) == self.before

    @property
    def right(self) -> bool:
        """True when the flash is the new image and the untouched rest, byte for byte."""
        return bytes(self.module.flash) == expected(self.before)

    def files(self, pattern: str) -> list[Path]:
        """What lies in the store's folder."""
        return sorted(self.store.home.glob(pattern))

    def facts(self, key: str) -> Mapping[str, object]:
        """The newest facts of that key."""
        found = [e.body.values for e in self.events if getattr(e.body, "key", "") == key]
        return found[-1]

    def notes(self) -> list[str]:
        """Codes of notes and warnings."""
        return [e.body.code for e in self.events if e.body.event in ("note", "warning")]

    def texts(self) -> str:
        """Everything the jobs said."""
        return "\n".join(str(event.to_json()) for event in self.events)


def bench(folder: Path, *orders: str, flash: bytes | None = None, baud: int = 0,
          **more: object) -> Bench:  # fmt: skip
    """A table with one module."""
    return Bench(folder, Module(stock() if flash is None else flash, options(*orders, **more)),
                 baud)  # fmt: skip


def fault_of(outcome: Finished | Failed) -> Fault:
    """The fault that the job ended with."""
    assert isinstance(outcome, Failed), outcome
    return outcome.fault


def result_of(outcome: Finished | Failed) -> Mapping[str, Any]:
    """The result that the job ended with."""
    assert isinstance(outcome, Finished), outcome
    return outcome.values
