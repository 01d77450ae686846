"""A simulated OpenBeken device on loopback, and jobs that run against it on a jumping clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.answers import Answers
from core.events import Event, Failed, Finished, Question
from core.fault import Fault
from core.job import Job, Recorder, Reporter, Result
from core.openbk.client import Client
from core.profile.block import Block
from core.profile.model import Profile
from core.profile.toml_file import SHIPPED, load
from core.sim.openbk_http import Served, serve_openbk
from core.sim.openbk_options import OpenBkOptions, parse_trouble
from core.store.store import Store

MAC = "A4:C1:38:5C:94:FA"
SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "openbk"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded samples are not here")


def sample(name: str) -> bytes:
    """The exact bytes of one recorded answer."""
    return next(iter(sorted(SAMPLES.glob(f"{name}*")))).read_bytes()


def body_of(name: str) -> bytes:
    return sample(name).partition(b"\r\n\r\n")[2]


def lsc(over: Profile | None = None) -> bytes:
    """The configuration sector of an LSC plug that is in a network."""
    profile = load(SHIPPED / "lsc-3202087.toml")
    block = Block.new().with_profile(
        replace(profile, names=replace(profile.names, short="plug1", long="Plug 1"))
    )
    return (block if over is None else block.with_profile(over)).sector()


def options(*troubles: str, **more: object) -> OpenBkOptions:
    base = OpenBkOptions(config=lsc(), faults=tuple(map(parse_trouble, troubles)))
    return replace(base, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def plugged(*troubles: str, **more: object) -> AsyncIterator[Served]:
    """A device that listens until the end of the block."""
    served = await serve_openbk(options(*troubles, **more))
    try:
        yield served
    finally:
        await served.close()


@asynccontextmanager
async def talking(*troubles: str, **more: object) -> AsyncIterator[tuple[Client, Served]]:
    """A device and a client of it."""
    async with plugged(*troubles, **more) as served:
        client = Client(served.host)
        try:
            yield client, served
        finally:
            await client.close()


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
    """A store, and the events of the jobs that ran."""

    folder: Path
    events: list[Event] = field(default_factory=list)
    answers: Given = field(default_factory=lambda: Given({}))
    read_only: bool = False

    def __post_init__(self) -> None:
        self.store = Store(self.folder)

    async def run(
        self,
        task: Callable[[Reporter], Awaitable[Result]],
        on_event: Callable[[Job, Event], None] | None = None,
    ) -> Finished | Failed:
        recorder = Recorder(lambda _event: None, _synced, pytest.fail)
        job = Job("test", "test", "a test", task, recorder=recorder, answers=self.answers,
                  read_only=self.read_only)  # fmt: skip
        job._sinks.append(self.events.append)
        if on_event is not None:
            job._sinks.append(lambda event: on_event(job, event))
        return await job.run()

    def texts(self) -> str:
        """Everything the jobs said."""
        return "\n".join(str(event.to_json()) for event in self.events)

    def facts(self, key: str) -> Mapping[str, object]:
        found = [e.body.values for e in self.events if getattr(e.body, "key", "") == key]
        return found[-1]


async def _synced() -> None:
    return None


def fault_of(outcome: Finished | Failed) -> Fault:
    assert isinstance(outcome, Failed), outcome
    return outcome.fault


def result_of(outcome: Finished | Failed) -> Mapping[str, object]:
    assert isinstance(outcome, Finished), outcome
    return outcome.values
