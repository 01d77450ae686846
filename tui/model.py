"""What the screens show: plain records, changed only by `apply`."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.events import (
    Answered,
    Asked,
    Event,
    Facts,
    Failed,
    Finished,
    Note,
    Phase,
    Progress,
    Question,
    Started,
    Warned,
)
from core.fault import Fault
from tui.text import duration, rate

LOG_LINES = 500


@dataclass(slots=True)
class Step:
    """One phase of a job: when it began and ended, in seconds of the job, and how."""

    name: str
    index: int
    of: int
    began: float
    ended: float | None = None
    failed: bool = False


@dataclass(slots=True)
class JobView:
    """All that the screen knows of one job."""

    id: str
    kind: str = ""
    title: str = ""
    t: float = 0.0
    steps: list[Step] = field(default_factory=list)
    progress: Progress | None = None
    cells: str = ""
    facts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    log: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    question: Question | None = None
    result: Mapping[str, Any] | None = None
    fault: Fault | None = None

    @property
    def running(self) -> bool:
        return self.result is None and self.fault is None

    @property
    def mac(self) -> str:
        """The device's MAC, once it is known."""
        return str(self.facts.get("device", {}).get("mac") or "")

    @property
    def said(self) -> str:
        """How the job stands, in some words."""
        if self.fault is not None:
            return self.fault.code
        if self.result is not None:
            return str(self.result.get("summary", "done"))
        if self.question is not None:
            return "waits for an answer"
        if not self.steps:
            return "starts"
        step = self.steps[-1]
        text = f"{step.index}/{step.of} {step.name}"
        p = self.progress
        if p is not None and p.phase == step.name and p.total:
            share = 100 * p.done // p.total
            text += f" {share} %  {rate(p.rate, p.unit)}  {duration(p.left)} left"
        return text


class Model:
    """The jobs of this session, oldest first, and what the last sessions left behind."""

    def __init__(self) -> None:
        self.jobs: dict[str, JobView] = {}
        self.left_behind = ""

    @property
    def current(self) -> JobView | None:
        """The running job, else the newest."""
        running = [job for job in self.jobs.values() if job.running]
        if running:
            return running[-1]
        return next(reversed(self.jobs.values()), None)

    def latest(self, prefix: str) -> JobView | None:
        """The newest job whose kind begins so ("plug-")."""
        return next((j for j in reversed(self.jobs.values()) if j.kind.startswith(prefix)), None)

    def apply(self, events: list[Event]) -> None:
        """Take in what core said since the last tick."""
        for event in events:
            job = self.jobs.setdefault(event.job, JobView(event.job))
            job.t = event.t
            _apply(job, event)


def _apply(job: JobView, event: Event) -> None:
    body = event.body
    match body:
        case Started():
            job.kind, job.title = body.kind, body.title
        case Phase():
            _end_step(job, event.t, failed=False)
            job.steps.append(Step(body.name, body.index, body.of, event.t))
        case Progress():
            job.progress = body
            job.cells = body.cells or job.cells
        case Facts():
            job.facts[body.key] = body.values
        case Note():
            job.log.append((event.t, body.text))
        case Warned():
            job.log.append((event.t, f"! {body.text}"))
        case Asked():
            job.question = body.question
        case Answered():
            job.question = None
            job.log.append((event.t, f"{body.key}: {body.answer} ({body.by})"))
        case Finished():
            _end_step(job, event.t, failed=False)
            job.question, job.result = None, body.values
        case Failed():
            _end_step(job, event.t, failed=True)
            job.question, job.fault = None, body.fault


def _end_step(job: JobView, t: float, *, failed: bool) -> None:
    if job.steps and job.steps[-1].ended is None:
        job.steps[-1].ended = t
        job.steps[-1].failed = failed
