"""Simulated modules in the air: jobs run against them through the real radio on a jumping clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.answers import Answers
from core.events import Event, Failed, Finished, Note, Question, Warned
from core.fault import Fault
from core.job import Job, Recorder, Reporter, Result
from core.meter.reach import Reach
from core.radio.radio import Radio
from core.sim.air import Air, backends
from core.sim.meter_gatt import MeterModule
from core.sim.meter_gatt_options import MeterOptions, ModuleOptions
from core.store.store import Store

MAC = "A4:C1:38:5C:94:FA"
TWIN = "A4:C1:38:11:22:33"
KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
PATIENCE = 900.0
"""Seconds of the jumping clock until a job counts as hung."""
FOREIGN = "00:11:22:33:44:55"


def module_of(release: str = "1.7", **more: Any) -> ModuleOptions:
    """A module of one release that was set up for its meter."""
    return replace(ModuleOptions(release=release, meter_address=20109), **more)


def meter_of(**more: Any) -> MeterOptions:
    return replace(MeterOptions(), **more)


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
    """One air, one computer, one store, the jobs that ran."""

    folder: Path
    air: Air
    radio: Radio
    stack: Any
    modules: list[MeterModule]
    events: list[Event] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    answers: Given = field(default_factory=lambda: Given({"whitelist": "open"}))
    read_only: bool = False

    def __post_init__(self) -> None:
        self.store = Store(self.folder)

    @property
    def module(self) -> MeterModule:
        return self.modules[0]

    async def run(
        self,
        task: Callable[..., Awaitable[Result]],
        options: Any,
        on_event: Callable[[Job, Event], None] | None = None,
    ) -> Finished | Failed:
        """Run one task to its outcome."""

        async def work(report: Reporter) -> Result:
            async with Reach(self.radio, "test") as reach:
                return await task(report, options, reach=reach, store=self.store)

        async def synced() -> None:
            return None

        self.events = []
        recorder = Recorder(self.events.append, synced, self.traces.append)
        job = Job("job", "meter-test", "Test", work, recorder=recorder, answers=self.answers,
                  read_only=self.read_only)  # fmt: skip
        if on_event is not None:
            job._sinks.append(lambda event: on_event(job, event))
        async with asyncio.timeout(PATIENCE):
            outcome = await job.run()
        assert not self.traces, self.traces
        return outcome

    async def result(self, task: Any, options: Any, **more: Any) -> Mapping[str, Any]:
        outcome = await self.run(task, options, **more)
        assert isinstance(outcome, Finished), outcome
        return outcome.values

    async def fault(self, task: Any, options: Any, **more: Any) -> Fault:
        outcome = await self.run(task, options, **more)
        assert isinstance(outcome, Failed), outcome
        return outcome.fault

    def said(self, kind: type[Note] | type[Warned] = Note) -> str:
        """All notes or warnings of the last job."""
        return "\n".join(
            f"{e.body.code} {e.body.text}" for e in self.events if isinstance(e.body, kind)
        )


@asynccontextmanager
async def bench(folder: Path, *options: ModuleOptions, **stack: Any) -> AsyncIterator[Bench]:
    """A bench with these modules; one of V1.7 that is set up if none is given."""
    air = Air(noise=0)
    modules = [MeterModule(o) for o in options or (module_of(),)]
    for module in modules:
        air.add(module)
    simulated = backends(air, **stack)
    radio = Radio(backends=simulated)
    try:
        yield Bench(folder, air, radio, simulated, modules)
    finally:
        await radio.close()
        simulated.close()
        air.close()
