"""What the benches of plug and module share: a line that remembers, answers, jobs that ran."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from core.answers import Answers
from core.events import Event, Failed, Finished, Question
from core.fault import Fault
from core.job import Job, Recorder, Reporter, Result
from core.link.api import Link
from core.link.memory import MemoryLink, Peer
from core.store.jobs import JobFolder
from core.store.store import Store

OnEvent = Callable[[Job, Event], None]


class Device(Peer, Protocol):
    """A simulated device with a flash, whose adapter can be pulled out."""

    on_vanish: Callable[[], None] | None

    @property
    def flash(self) -> bytearray: ...

    @property
    def changes(self) -> list[Any]: ...


class Wired(MemoryLink):
    """A line that remembers what the host wrote and whether it was closed."""

    def __init__(self, device: Device, baud: int) -> None:
        super().__init__(device, "sim", baud)
        self.frames: list[tuple[int, bytes]] = []
        self.closed = False
        device.on_vanish = self.unplug

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


@dataclass(kw_only=True)
class WireBench(ABC):
    """One device, one store, the jobs that ran."""

    links: list[Any] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    answers: Given = field(default_factory=lambda: Given({}))
    read_only: bool = False

    def __post_init__(self) -> None:
        self.store = Store(self.home)
        self.before = bytes(self.device.flash)

    @property
    @abstractmethod
    def device(self) -> Device:
        """What is on the table."""

    @property
    @abstractmethod
    def home(self) -> Path:
        """The data folder."""

    def recorder(self, folder: JobFolder) -> Recorder:
        """Where its jobs are written down: in their journals, as the host does it."""
        return Recorder(folder.journal.record, folder.journal.sync, pytest.fail)

    async def open_port(self, port: str, baud: int, holder: str) -> Link:
        link = Wired(self.device, baud)
        self.links.append(link)
        return link

    async def run_as(
        self,
        kind: str,
        task: Callable[[Reporter], Awaitable[Result]],
        on_event: OnEvent | None = None,
    ) -> Finished | Failed:
        """Run one job to its end; its folder exists as the host would make it."""
        folder = self.store.jobs.create(kind)
        job = Job(
            folder.id,
            kind,
            "a test",
            task,
            recorder=self.recorder(folder),
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
        return not self.device.changes and bytes(self.device.flash) == self.before

    def files(self, pattern: str) -> list[Path]:
        """What lies in the store's folder."""
        return sorted(self.home.glob(pattern))

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


def fault_of(outcome: Finished | Failed) -> Fault:
    """The fault that the job ended with."""
    assert isinstance(outcome, Failed), outcome
    return outcome.fault


def result_of(outcome: Finished | Failed) -> Mapping[str, Any]:
    """The result that the job ended with."""
    assert isinstance(outcome, Finished), outcome
    return outcome.values
