"""A job whose events, journal order and traces a test can look at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from core.answers import Answers
from core.events import (
    Event,
    Failed,
    Finished,
    Question,
)
from core.fault import FaultKind
from core.job import Job, Recorder, Reporter, Result

Task = Callable[[Reporter], Awaitable[Result]]
GO_ON = ("lamp", "--again")
HALF_DONE = "The lamp is half lit."
GATE = Question("gate", "Is the supply right?")
DISK_FULL = FaultKind("TEST-FULL", "Full", "The disk is full. Make room.")


class Slow(Answers):
    """A person who needs ten seconds."""

    async def answer(self, question: Question) -> tuple[str, str]:
        await asyncio.sleep(10)
        return "yes", "keyboard"


class Fixed(Answers):
    """Says the same at once."""

    def __init__(self, value: str) -> None:
        self.value = value

    async def answer(self, question: Question) -> tuple[str, str]:
        return self.value, "test"


class Book:
    """Remembers what a job recorded, and in which order."""

    def __init__(self, full_at_sync: int = 0) -> None:
        self.order: list[str] = []
        self.traces: list[str] = []
        self.syncs = 0
        self.full_at_sync = full_at_sync
        self.recorder = Recorder(self.record, self.sync, self.traces.append)

    def record(self, event: Event) -> None:
        self.order.append(event.body.event)

    async def sync(self) -> None:
        await asyncio.sleep(0.01)
        self.syncs += 1
        if self.full_at_sync and self.syncs >= self.full_at_sync:
            raise DISK_FULL(what="No space.", cause="Full.", next="Make room.")
        self.order.append("synced")


def job_of(task: Task, **options: object) -> tuple[Job, list[Event]]:
    events: list[Event] = []
    job = Job("j-1", "test", "A test", task, sinks=[events.append], **options)  # type: ignore[arg-type]
    return job, events


def code_of(outcome: Finished | Failed) -> str:
    return outcome.fault.code if isinstance(outcome, Failed) else "done"
