"""A simulated plug on the table: jobs run against it on a clock that jumps."""

from __future__ import annotations

import lzma
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest

from core.answers import Answers
from core.events import (
    Event,
    Failed,
    Finished,
    Question,
)
from core.fault import Fault
from core.job import Job, Recorder, Reporter, Result
from core.link.api import Link
from core.link.memory import MemoryLink
from core.sim import firmware
from core.sim.faults_on_order import parse_fault
from core.sim.plug import Plug, PlugOptions
from core.store.store import Store

MAC = bytes.fromhex("a4c1385c94fa")
DUMPS = Path(__file__).parents[4] / "shared" / "dumps"
MIRABELLA = DUMPS / "mirabella-genio-i003632-plug.bin.xz"
YES = {"mains-gate": "yes", "write-plan": "yes", "boot-check": "booted"}


@cache
def stock() -> bytes:
    """A synthetic stock flash."""
    return firmware.stock_n(mac=MAC)


@cache
def stock_of(chip: str) -> bytes:
    """A synthetic stock flash of an N or a T."""
    return stock() if chip == "n" else firmware.stock_t(mac=MAC)


@cache
def image_for(chip: str) -> bytes:
    """A synthetic OpenBeken image for an N (QIO) or a T (UA)."""
    return qio() if chip == "n" else firmware.openbeken_ua()


@cache
def qio() -> bytes:
    """A synthetic OpenBeken image."""
    return firmware.openbeken_qio()


def real_dump(path: Path = MIRABELLA) -> bytes:
    """A real dump, or skip the test."""
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    return lzma.decompress(path.read_bytes())


def faulty(*orders: str, **options: object) -> PlugOptions:
    """Options of a plug with faults on order."""
    base = replace(PlugOptions(rate="max"), **options)  # type: ignore[arg-type]
    return replace(base, faults=tuple(map(parse_fault, orders)))


@dataclass
class Wired(MemoryLink):
    """A line that remembers what the host wrote and whether it was closed."""

    def __init__(self, plug: Plug, baud: int) -> None:
        super().__init__(plug, "sim", baud)
        self.frames: list[tuple[int, bytes]] = []
        self.closed = False
        plug.on_vanish = self.unplug

    async def set_lines(self, *, dtr: bool, rts: bool) -> None:
        await super().set_lines(dtr=dtr, rts=rts)
        plug = self._peer
        if isinstance(plug, Plug):
            plug.lines(dtr=dtr, rts=rts)

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
    """One plug, one store, the jobs that ran."""

    folder: Path
    plug: Plug
    links: list[Wired] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    answers: Given = field(default_factory=lambda: Given(YES))
    read_only: bool = False

    def __post_init__(self) -> None:
        self.store = Store(self.folder)
        self.before = bytes(self.plug.flash)

    async def open_port(self, port: str, baud: int, holder: str) -> Link:
        self.links.append(Wired(self.plug, baud))
        return self.links[-1]

    async def run(
        self,
        task: Callable[[Reporter], Awaitable[Result]],
        on_event: Callable[[Job, Event], None] | None = None,
    ) -> Finished | Failed:
        """Run one job to its end; its folder exists as the host would make it."""
        folder = self.store.jobs.create("test")
        recorder = Recorder(lambda _event: None, _synced, pytest.fail)
        job = Job(
            folder.id,
            "test",
            "a test",
            task,
            recorder=recorder,
            answers=self.answers,
            read_only=self.read_only,
        )
        job._sinks.append(self.events.append)
        if on_event is not None:
            job._sinks.append(lambda event: on_event(job, event))
        try:
            outcome = await job.run()
        finally:
            self.store.jobs.close(folder.id)
        assert all(link.closed for link in self.links)
        return outcome

    @property
    def unchanged(self) -> bool:
        """True while not one bit of the flash was changed and no change was even tried."""
        return not self.plug.changes and bytes(self.plug.flash) == self.before

    def files(self, pattern: str) -> list[Path]:
        """What lies in the store's folder."""
        return sorted(self.folder.glob(pattern))

    def facts(self, key: str) -> Mapping[str, object]:
        """The newest facts of that key."""
        found = [e.body.values for e in self.events if getattr(e.body, "key", "") == key]
        return found[-1]

    def texts(self) -> str:
        """Everything the job said."""
        return "\n".join(str(event.to_json()) for event in self.events)


async def _synced() -> None:
    return None


def fault_of(outcome: Finished | Failed) -> Fault:
    """The fault that the job ended with."""
    assert isinstance(outcome, Failed), outcome
    return outcome.fault


def file_of(result: Mapping[str, object], field: str = "file") -> bytes:
    """The bytes of the file that a result names."""
    return Path(str(result[field])).read_bytes()


def result_of(outcome: Finished | Failed) -> Mapping[str, object]:
    """The result that the job ended with."""
    assert isinstance(outcome, Finished), outcome
    return outcome.values
