"""One shape for every long operation: events out, answers and stops in.

A task is an async function handed a `Reporter`.  It reports phases, progress, notes and facts, it
asks questions, and it returns one flat result or raises one `FaultError`.  `Job` runs it and
knows the point of no return: before the first erase or write any stop ends the task at once;
after it, a stop waits for a safe place (design, "Job"; the table is in `core.stops`).
"""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from core import faults, stops
from core.answers import Answers
from core.events import (
    Answered,
    Asked,
    Body,
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
from core.fault import Exit, FaultError, Touched
from core.stops import HalfDone, Stop

T = TypeVar("T")
Result = dict[str, Any]
HIDDEN = "(not shown)"
"""What a journal says of the answer to a secret question."""


Sink = Callable[[Event], None]
Task = Callable[["Reporter"], Awaitable[Result]]


class Reporter:
    """What a task talks to.  Every call but `ask`, `waiting` and the point of no return is instant.

    `emit` takes each body; `sync` makes the journal safe on disk; `clock` is the loop's time.
    """

    def __init__(self, job: Job, emit: Callable[[Body], None], clock: Callable[[], float]) -> None:
        self._job = job
        self._emit = emit
        self._clock = clock
        self._phase = ""
        self._phase_began = 0.0
        self._phase_from: int | None = None

    @property
    def job_id(self) -> str:
        """The id of this job, which names its folder."""
        return self._job.id

    @property
    def committed(self) -> bool:
        """True once the point of no return is passed."""
        return self._job.committed

    def phase(self, name: str, index: int, of: int) -> None:
        """A step begins."""
        self._phase, self._phase_began, self._phase_from = name, self._clock(), None
        self._emit(Phase(name, index, of))

    def progress(
        self,
        done: int,
        total: int,
        unit: str = "bytes",
        cells: str = "",
        left: float | None = None,
    ) -> None:
        """How far the step is; rate and time left are worked out here, unless who works to a plan
        knows the seconds that are `left`.

        What the first report of a phase already counts as done was not done by this run: a
        resumed job begins in the middle.
        """
        spent = self._clock() - self._phase_began
        if self._phase_from is None:
            self._phase_from = done if spent <= 0.2 else 0
        moved = done - self._phase_from
        rate = moved / spent if spent > 0.2 and moved > 0 else None
        if left is None:
            left = (total - done) / rate if rate else None
        else:
            rate = (total - done) / left if left > 0 else None
        self._emit(Progress(self._phase, done, total, unit, rate, left, cells))

    def note(self, code: str, text: str) -> None:
        self._emit(Note(code, text))

    def warn(self, code: str, text: str) -> None:
        self._emit(Warned(code, text))

    def facts(self, key: str, **values: Any) -> None:
        """The whole of what is known of `key` now."""
        self._emit(Facts(key, values))

    async def ask(self, question: Question) -> str:
        """The answer of a person or a flag.  Raises FaultError UNANSWERED where nobody can."""
        return await self._job.ask(question)

    async def confirm(self, question: Question) -> None:
        """Ask a yes/no question; anything but yes raises FaultError DECLINED, or STOPPED after
        the point of no return."""
        answer = await self.ask(question)
        if answer != (question.expect or "yes"):
            raise self._job.declined(question)

    def will_change(self) -> None:
        """Call first in a task that is about to change the device, before the port is opened.

        Raises FaultError READ-ONLY where the program must not write: nobody is asked, and no
        backup is made, for a write that will be refused.
        """
        self._job.refuse_read_only()

    async def point_of_no_return(self, half_done: str = "", go_on: tuple[str, ...] = ()) -> None:
        """Call right before the first change of the device.  Journal synced, stops now wait.

        `half_done` says what the device is when the job is stopped from here on, `go_on` is the
        command that continues.  Raises FaultError READ-ONLY where the program must not write,
        CANCELLED when a stop came first, and the store's faults when the journal cannot be made
        safe.
        """
        await self._job.commit()
        self._job.now_half_done(half_done, go_on)

    def stop_point(self) -> None:
        """Between two sectors: ends the job with STOPPED if the host is going down."""
        self._job.stop_point()

    async def waiting(self, awaitable: Awaitable[T]) -> T:
        """Wait for a person or the link: the place where any stop but a hang-up is honoured."""
        return await self._job.waiting(awaitable)


@dataclass(frozen=True, slots=True)
class Recorder:
    """Where a job is written down: `record` takes each event, `sync` makes them safe on disk."""

    record: Sink
    sync: Callable[[], Awaitable[None]]
    trace: Callable[[str], None]


async def _nothing() -> None:
    return None


NOT_RECORDED = Recorder(lambda _event: None, _nothing, lambda _text: None)


class Job:
    """One running task.  Everything here belongs to the loop that calls `run`."""

    def __init__(
        self,
        id: str,  # noqa: A002 - the field is named so in the schema
        kind: str,
        title: str,
        task: Task,
        *,
        sinks: list[Sink] | None = None,
        recorder: Recorder = NOT_RECORDED,
        answers: Answers | None = None,
        read_only: bool = False,
    ) -> None:
        self.id, self.kind, self.title = id, kind, title
        self.committed = False
        self._half = HalfDone()
        self.outcome: Finished | Failed | None = None
        self._task_function = task
        self._sinks = sinks if sinks is not None else []
        self._recorder = recorder
        self._answers = answers or Answers()
        self._read_only = read_only
        self._task: asyncio.Task[Result] | None = None
        self._stop: Stop | None = None
        self._cancelled = False
        self._stopping = asyncio.Event()
        self._began = 0.0

    # -- running ---------------------------------------------------------------------------

    async def run(self) -> Finished | Failed:
        """Run the task to its one outcome.  Never raises."""
        loop = asyncio.get_running_loop()
        self._began = loop.time()
        self._emit(Started(self.kind, self.title))
        reporter = Reporter(self, self._emit, loop.time)
        self._task = loop.create_task(self._guarded(reporter))
        if self._stop is not None:
            self._cancelled = self._task.cancel()
        await asyncio.wait([self._task])
        self.outcome = outcome = self._outcome_of(self._task)
        self._emit(outcome)
        try:
            await self._recorder.sync()
        except FaultError as error:  # what happened on the wire does not change with the disk
            self._recorder.trace(f"{self.id}: the journal is not complete: {error}")
        return outcome

    async def _guarded(self, reporter: Reporter) -> Result:
        return dict(await self._task_function(reporter))

    def _outcome_of(self, task: asyncio.Task[Result]) -> Finished | Failed:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None:
            return Finished(task.result())
        known = isinstance(error, FaultError | asyncio.CancelledError)
        if self._cancelled and not self.committed:  # whatever the clean-up stumbled over
            if not known:
                self._trace(error)
            return Failed(stops.cancelled(self._stop).fault)
        if isinstance(error, FaultError):
            return Failed(stops.honest(error.fault) if self.committed else error.fault)
        self._trace(error)
        return Failed(
            faults.INTERNAL(
                what=f"{type(error).__name__} in {self.kind}.",
                cause="A mistake in the program, not in your wiring.",
                next="Keep the log file and the job folder; they show what happened.",
                state="Unknown after the last finished step."
                if self.committed
                else "Nothing was changed.",
                touched=Touched.UNKNOWN if self.committed else Touched.NOTHING,
            ).fault
        )

    def _emit(self, body: Body) -> None:
        event = Event(self.id, asyncio.get_running_loop().time() - self._began, body)
        self._recorder.record(event)
        for sink in tuple(self._sinks):
            try:
                sink(event)
            except Exception as error:  # a broken screen is dropped, the job goes on
                with contextlib.suppress(ValueError):
                    self._sinks.remove(sink)
                self._trace(error)

    def _trace(self, error: BaseException) -> None:
        self._recorder.trace("".join(traceback.format_exception(error)))

    # -- stopping --------------------------------------------------------------------------

    def stop(self, why: Stop) -> None:
        """Ask the job to stop; what comes of it is in the table at the top."""
        if self.outcome is not None or (self.committed and why is Stop.HANGUP):
            return
        if not self.committed:
            if self._stop is None:
                self._stop = why
                self._cancelled = self._task is not None and self._task.cancel()
            return
        if self._stop is not Stop.TERMINATE:  # a later Ctrl-C must not weaken it
            self._stop = why
        if not self._stopping.is_set():
            self._stopping.set()
            self._emit(Note("STOP-NOTED", stops.NOTED[why]))

    def refuse_read_only(self) -> None:
        """See `Reporter.will_change`."""
        if self._read_only:
            raise faults.READ_ONLY(
                what="This step erases or writes.",
                cause="The program was started with --read-only.",
                next="Start it without --read-only.",
            )

    async def commit(self) -> None:
        """The point of no return; see `Reporter.point_of_no_return`."""
        self.refuse_read_only()
        if not self.committed:
            self._refuse_stopped()
        await self._recorder.sync()
        if not self.committed:
            self._refuse_stopped()  # a task that outlived its cancel must not write
        self.committed = True

    def now_half_done(self, state: str, go_on: tuple[str, ...]) -> None:
        """What to say of the device, and how to go on, if the job is stopped from here on."""
        self._half = HalfDone(state, go_on)

    def _refuse_stopped(self) -> None:
        if self._stop is not None:
            raise stops.cancelled(self._stop)

    def stop_point(self) -> None:
        if self.committed and self._stop is Stop.TERMINATE:
            raise self._stopped()

    async def waiting(self, awaitable: Awaitable[T]) -> T:
        if not self.committed:
            return await awaitable
        work = asyncio.ensure_future(awaitable)
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            raise self._stopped()
        finally:
            stop.cancel()
            work.cancel()
            await asyncio.gather(stop, work, return_exceptions=True)

    # -- asking ----------------------------------------------------------------------------

    async def ask(self, question: Question) -> str:
        self._emit(Asked(question))
        try:
            answer, by = await self.waiting(self._answers.answer(question))
        except FaultError as error:
            if not self.committed or error.fault.code != faults.UNANSWERED.code:
                raise
            raise self._half.left_open(error.fault.what, error.fault.cause) from error
        self._emit(Answered(question.key, HIDDEN if question.secret else answer, by))
        return answer

    def declined(self, question: Question) -> FaultError:
        """The fault that a no means: nothing was changed only before the point of no return."""
        return self._half.declined(question) if self.committed else stops.declined(question)

    def _stopped(self) -> FaultError:
        return self._half.stopped(self._stop)


def exit_code(outcome: Finished | Failed) -> int:
    """The exit code that an outcome means."""
    if isinstance(outcome, Failed):
        return outcome.fault.exit
    return int(outcome.values.get("exit", Exit.DONE))
