"""The host: runs core on a loop and thread of its own, for screen and command line alike.

The main thread is the screen or the line printer and never awaits core.  Signals only set a flag
and wake core and screen; what a stop does to a job is decided in `core.job`.  `join` returns when
the last job has ended and its journal is on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from core.answers import Answers
from core.events import (
    Answered,
    Asked,
    Event,
    Failed,
    Finished,
    Question,
)
from core.job import Job, Recorder, Reporter, Result, Sink
from core.stops import Stop
from core.store.store import Store
from tui.home import find_home
from tui.logfile import append_log
from tui.streams import drop_terminal
from tui.work import Tools, Work

if TYPE_CHECKING:
    from tui.demo import Demo


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """The global flags."""

    home: str = ""
    json: bool = False
    yes: bool = False
    confirm: str = ""
    read_only: bool = False
    ascii: bool = False
    mono: bool = False
    demo: bool = False


STOPS = {
    signal.SIGINT: Stop.CANCEL,
    signal.SIGTERM: Stop.TERMINATE,
    signal.SIGHUP: Stop.HANGUP,
}


class Host:
    """Starts, stops and outlives jobs.  All public calls belong to the main thread."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.demo: Demo | None = None
        if options.demo:
            from tui.demo import Demo

            self.demo = Demo()
        home, self.home_note, owner = find_home(options.home, self.demo)
        self.store = Store(home, owner=owner)
        if self.demo is not None:
            self.demo.settings = self.store.settings
        self._people = False
        self.stopped_by: signal.Signals | None = None
        self.met_by_stop: set[str] = set()  # the jobs that ran when a signal came
        self.on_stop: Callable[[signal.Signals], None] | None = None
        self._sinks: list[Sink] = []
        self._jobs: dict[str, Job] = {}
        self._waiting: dict[tuple[str, str], asyncio.Future[str]] = {}
        self._tools: Tools | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._left = 0
        self._idle = threading.Condition()

    @property
    def people(self) -> bool:
        """Whether somebody is there to answer questions; False lets open ones go unanswered."""
        return self._people

    @people.setter
    def people(self, there: bool) -> None:
        self._people = there
        if not there:
            self._tell(self._give_up)

    @property
    def tools(self) -> Tools:
        """Ports and store for tasks and panes."""
        if self._tools is None:
            self._tools = Tools(self.store, self.demo)
        return self._tools

    # -- jobs ------------------------------------------------------------------------------

    def subscribe(self, sink: Sink) -> None:
        """Call `sink` with every event, on core's thread."""
        self._sinks.append(sink)

    def unsubscribe(self, sink: Sink) -> None:
        """End that; a sink that failed was dropped before."""
        with contextlib.suppress(ValueError):
            self._sinks.remove(sink)

    def start(self, work: Work) -> str:
        """Start a job; its id names its folder.  Raises FaultError when no folder can be made.

        After a signal a job ends as soon as it starts.
        """
        tools, core = self.tools, self._core()
        folder = self.store.jobs.create(work.kind)

        def record(event: Event) -> None:
            folder.journal.record(event)
            self._note_question(event)

        recorder = Recorder(record, folder.journal.sync, self.log)

        async def task(report: Reporter) -> Result:
            try:
                return await work.task(report, tools)
            finally:
                for text in self.store.devices.problems():
                    report.warn("STORE-DAMAGED", text)

        job = Job(
            folder.id,
            work.kind,
            work.title,
            task,
            sinks=self._sinks,
            recorder=recorder,
            answers=_HostAnswers(self, folder.id),
            read_only=self.options.read_only,
        )
        self._jobs[folder.id] = job
        with self._idle:
            self._left += 1
        if self.stopped_by is not None:
            job.stop(STOPS[self.stopped_by])
        asyncio.run_coroutine_threadsafe(self._run_job(job), core)
        return folder.id

    def stream(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run something that is no job (a scan, a live watch) as part of core; no journal.

        Cancel the future to end it; `join` ends what is left.
        """
        return asyncio.run_coroutine_threadsafe(work, self._core())

    async def _run_job(self, job: Job) -> None:
        try:
            await job.run()
        finally:
            try:
                await asyncio.to_thread(self.store.jobs.close, job.id)
            finally:
                with self._idle:
                    self._left -= 1
                    self._idle.notify_all()

    def running(self) -> list[Job]:
        """The jobs that have not ended."""
        return [job for job in list(self._jobs.values()) if job.outcome is None]

    def outcome(self, job_id: str) -> Finished | Failed | None:
        """How a job ended, or None while it runs."""
        return self._jobs[job_id].outcome

    def cancel(self, job_id: str) -> None:
        """Ask one job to stop, as Ctrl-C would."""
        self._tell(self._jobs[job_id].stop, Stop.CANCEL)

    def answer(self, job_id: str, key: str, value: str) -> None:
        """Answer a question that a job asked; one that is not open any more is not answered."""

        def tell() -> None:
            waiting = self._waiting.get((job_id, key))
            if waiting is not None and not waiting.done():
                waiting.set_result(value)

        self._tell(tell)

    def join(self) -> None:
        """Wait for the last job and its journal, then end core."""
        with self._idle:
            self._idle.wait_for(lambda: self._left == 0)
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop = self._thread = None
        if self.demo is not None:
            self.demo.close()
            self.demo = None

    def log(self, text: str) -> None:
        """Append to the log file; a disk that does not take it is not worth a second fault."""
        append_log(self.store, text)

    # -- the core loop ---------------------------------------------------------------------

    def _core(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            ready = threading.Event()
            self._thread = threading.Thread(target=self._serve, args=(ready,), name="core")
            self._thread.start()
            ready.wait()
        assert self._loop is not None
        return self._loop

    def _serve(self, ready: threading.Event) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._loop.set_exception_handler(self._log_stray)
            ready.set()
            self._loop.run_forever()
            if self._tools is not None:
                runner.run(self._tools.close())

    def _log_stray(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        trace = "".join(traceback.format_exception(error)) if error else ""
        self.log(f"{context.get('message')}\n{trace}")

    def _tell(self, call: Callable[..., None], *args: Any) -> None:
        """Run `call` on core's loop; nothing to do when core has ended."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # ending at this very moment
                self._loop.call_soon_threadsafe(call, *args)

    # -- signals ---------------------------------------------------------------------------

    def install_signals(self) -> None:
        """Take SIGINT, SIGTERM and SIGHUP until the process ends."""
        for number in STOPS:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stopped_by = signal.Signals(number)
        self.met_by_stop.update(job.id for job in self.running())
        if number == signal.SIGHUP:
            drop_terminal()
        self._tell(self._stop_all, STOPS[self.stopped_by])
        if self.on_stop is not None:
            with contextlib.suppress(RuntimeError):  # the screen's loop is ending
                self.on_stop(self.stopped_by)

    def _stop_all(self, why: Stop) -> None:
        if why is Stop.HANGUP:
            self._people = False
            self._give_up()
        for job in self.running():
            job.stop(why)

    # -- questions -------------------------------------------------------------------------

    def _note_question(self, event: Event) -> None:
        """Open a question before anybody can see it, so that no answer comes too early."""
        match event.body:
            case Asked(question):
                waiting = asyncio.get_running_loop().create_future()
                self._waiting[event.job, question.key] = waiting
            case Answered(key):
                self._waiting.pop((event.job, key), None)
            case Finished() | Failed():
                for name in [name for name in self._waiting if name[0] == event.job]:
                    del self._waiting[name]

    def _give_up(self) -> None:
        for waiting in self._waiting.values():
            waiting.cancel()

    async def ask(self, job_id: str, question: Question) -> str | None:
        """The answer of a person; None when nobody is there (any more)."""
        waiting = self._waiting[job_id, question.key]
        if not self._people and not waiting.done():
            return None
        await asyncio.wait([waiting])
        return None if waiting.cancelled() else waiting.result()


class _HostAnswers(Answers):
    """Answers from the flags first, then from the person at the terminal."""

    def __init__(self, host: Host, job_id: str) -> None:
        self._host, self._job_id = host, job_id

    async def answer(self, question: Question) -> tuple[str, str]:
        options = self._host.options
        if question.expect and options.confirm == question.expect:
            return question.expect, "--confirm"
        typed = question.expect or question.secret
        if options.yes and question.flag == "--yes" and not typed:
            return question.assumed, "--yes"
        given = await self._host.ask(self._job_id, question)
        if given is not None:
            return given, "keyboard"
        return await super().answer(question)
