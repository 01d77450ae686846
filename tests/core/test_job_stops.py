"""The table of stops: who may end a job where, before and after its first write."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from core.events import (
    Failed,
    Finished,
    Note,
    Started,
)
from core.fault import Exit, Touched
from core.job import Reporter, Result, exit_code
from core.stops import Stop
from tests.core.watched_job import DISK_FULL, GATE, GO_ON, HALF_DONE, Book, Slow, code_of, job_of
from tests.virtual_clock import virtual

BEFORE = {(why, doing): "CANCELLED" for why in Stop for doing in ("computing", "waiting", "asking")}
AFTER = {
    (Stop.CANCEL, "computing"): "done",
    (Stop.CANCEL, "waiting"): "STOPPED",
    (Stop.CANCEL, "asking"): "STOPPED",
    (Stop.HANGUP, "computing"): "done",
    (Stop.HANGUP, "waiting"): "done",
    (Stop.HANGUP, "asking"): "done",
    (Stop.TERMINATE, "computing"): "STOPPED",
    (Stop.TERMINATE, "waiting"): "STOPPED",
    (Stop.TERMINATE, "asking"): "STOPPED",
}
CELLS = [(why, doing, False, code) for (why, doing), code in BEFORE.items()] + [
    (why, doing, True, code) for (why, doing), code in AFTER.items()
]


@pytest.mark.parametrize(("why", "doing", "after", "code"), CELLS)
def test_stop_table(why: Stop, doing: str, after: bool, code: str) -> None:
    @virtual
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        reached = asyncio.Event()

        async def task(report: Reporter) -> Result:
            if after:
                await report.point_of_no_return(HALF_DONE, GO_ON)
            reached.set()
            if doing == "computing":
                for _sector in range(10):
                    await asyncio.sleep(1)
                    report.stop_point()
            elif doing == "waiting":
                await report.waiting(asyncio.sleep(10))
            else:
                await report.confirm(GATE)
            return {"summary": "all done"}

        job, events = job_of(task, answers=Slow())
        running = asyncio.ensure_future(job.run())
        await reached.wait()
        await asyncio.sleep(0.5)
        began = loop.time()
        job.stop(why)
        outcome = await running
        spent = loop.time() - began

        assert code_of(outcome) == code
        ends = [e.body for e in events if isinstance(e.body, Finished | Failed)]
        assert ends == [outcome] and events[-1].body is outcome
        if code == "CANCELLED":
            assert spent == 0
            assert exit_code(outcome) == Exit.CANCELLED
            assert outcome.fault.touched is Touched.NOTHING
        elif code == "STOPPED":
            assert spent <= 1  # not later than the sector at hand
            assert exit_code(outcome) == Exit.FAULT
            assert outcome.fault.touched is Touched.PARTIAL
            assert (outcome.fault.state, outcome.fault.command) == (HALF_DONE, GO_ON)
        else:
            assert exit_code(outcome) == Exit.DONE
            assert spent == pytest.approx(9.5)
        noted = any(isinstance(e.body, Note) and e.body.code == "STOP-NOTED" for e in events)
        assert noted == (after and why is not Stop.HANGUP)

    scenario()


@virtual
async def test_cancel_after_the_point_is_kept_for_the_next_wait() -> None:
    steps: list[str] = []

    async def task(report: Reporter) -> Result:
        await report.point_of_no_return(HALF_DONE, GO_ON)
        for sector in range(3):
            await asyncio.sleep(1)
            report.stop_point()
            steps.append(f"sector {sector}")
        await report.waiting(asyncio.sleep(5))
        return {}

    job, _ = job_of(task)
    running = asyncio.ensure_future(job.run())
    await asyncio.sleep(0.5)
    job.stop(Stop.CANCEL)
    assert code_of(await running) == "STOPPED"
    assert len(steps) == 3


@pytest.mark.parametrize("later", [Stop.CANCEL, Stop.HANGUP])
def test_nothing_weakens_a_terminate(later: Stop) -> None:
    @virtual
    async def scenario() -> None:
        async def task(report: Reporter) -> Result:
            await report.point_of_no_return(HALF_DONE, GO_ON)
            await asyncio.sleep(1)
            report.stop_point()
            return {}

        job, events = job_of(task)
        running = asyncio.ensure_future(job.run())
        await asyncio.sleep(0.5)
        job.stop(Stop.TERMINATE)
        job.stop(later)
        outcome = await running
        assert code_of(outcome) == "STOPPED"
        assert "host" in outcome.fault.cause
        assert [e.body.code for e in events if isinstance(e.body, Note)] == ["STOP-NOTED"]

    scenario()


@virtual
async def test_terminate_after_a_cancel_stops_between_two_sectors() -> None:
    async def task(report: Reporter) -> Result:
        await report.point_of_no_return(HALF_DONE, GO_ON)
        await asyncio.sleep(1)
        report.stop_point()
        return {}

    job, _ = job_of(task)
    running = asyncio.ensure_future(job.run())
    await asyncio.sleep(0.5)
    job.stop(Stop.CANCEL)
    job.stop(Stop.TERMINATE)
    assert code_of(await running) == "STOPPED"


@pytest.mark.parametrize(
    ("why", "word"),
    [(Stop.CANCEL, "You"), (Stop.HANGUP, "SSH"), (Stop.TERMINATE, "host")],
)
def test_a_cancel_says_who_wanted_it(why: Stop, word: str) -> None:
    @virtual
    async def scenario() -> None:
        async def task(report: Reporter) -> Result:
            await asyncio.sleep(10)
            return {}

        job, _ = job_of(task)
        running = asyncio.ensure_future(job.run())
        await asyncio.sleep(1)
        job.stop(why)
        job.stop(Stop.CANCEL)
        outcome = await running
        assert isinstance(outcome, Failed) and word in outcome.fault.cause

    scenario()


@virtual
async def test_stop_before_the_first_step_means_that_the_task_never_runs() -> None:
    ran: list[int] = []

    async def task(report: Reporter) -> Result:
        ran.append(1)
        return {}

    job, events = job_of(task)
    job.stop(Stop.CANCEL)
    assert code_of(await job.run()) == "CANCELLED"
    assert not ran
    assert [type(e.body) for e in events] == [Started, Failed]


@virtual
async def test_stop_during_the_sync_before_the_point_is_a_clean_cancel() -> None:
    wrote: list[int] = []

    async def task(report: Reporter) -> Result:
        await report.point_of_no_return(HALF_DONE, GO_ON)
        wrote.append(1)
        return {}

    book = Book()
    job, _ = job_of(task, recorder=book.recorder)
    running = asyncio.ensure_future(job.run())
    await asyncio.sleep(0.005)  # the sync takes 0.01
    job.stop(Stop.TERMINATE)
    assert code_of(await running) == "CANCELLED"
    assert not wrote and not job.committed


@virtual
async def test_a_task_that_outlives_its_cancel_may_not_write() -> None:
    wrote: list[int] = []

    async def task(report: Reporter) -> Result:
        with contextlib.suppress(asyncio.CancelledError):  # what a careless library does
            await asyncio.sleep(10)
        await report.point_of_no_return(HALF_DONE, GO_ON)
        wrote.append(1)
        return {}

    job, _ = job_of(task)
    running = asyncio.ensure_future(job.run())
    await asyncio.sleep(1)
    job.stop(Stop.CANCEL)
    assert code_of(await running) == "CANCELLED"
    assert not wrote and not job.committed


@pytest.mark.parametrize("trouble", [DISK_FULL(what="x", cause="y", next="z"), OSError("gone")])
def test_a_clean_up_that_fails_does_not_hide_the_cancel(trouble: Exception) -> None:
    @virtual
    async def scenario() -> None:
        async def task(report: Reporter) -> Result:
            try:
                await asyncio.sleep(10)
            finally:
                raise trouble

        book = Book()
        job, _ = job_of(task, recorder=book.recorder)
        running = asyncio.ensure_future(job.run())
        await asyncio.sleep(1)
        job.stop(Stop.CANCEL)
        assert code_of(await running) == "CANCELLED"
        assert bool(book.traces) == isinstance(trouble, OSError)

    scenario()


@virtual
async def test_stop_after_the_end_changes_nothing() -> None:
    async def task(report: Reporter) -> Result:
        await report.point_of_no_return(HALF_DONE, GO_ON)
        return {"summary": "done"}

    job, events = job_of(task)
    outcome = await job.run()
    count = len(events)
    for why in Stop:
        job.stop(why)
    assert job.outcome is outcome and len(events) == count


@virtual
async def test_waiting_gives_back_what_the_link_said_and_its_faults() -> None:
    async def answer(value: int) -> int:
        await asyncio.sleep(1)
        if value < 0:
            raise DISK_FULL(what="x", cause="y", next="z")
        return value

    async def task(report: Reporter) -> Result:
        before = await report.waiting(answer(1))
        await report.point_of_no_return(HALF_DONE, GO_ON)
        after = await report.waiting(answer(2))
        await report.waiting(answer(-1))
        return {"sum": before + after}

    outcome = await job_of(task)[0].run()
    assert code_of(outcome) == "TEST-FULL"


@virtual
async def test_a_stopped_wait_ends_what_it_waited_for() -> None:
    ended: list[str] = []

    async def link() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            ended.append("closed")

    async def task(report: Reporter) -> Result:
        await report.point_of_no_return(HALF_DONE, GO_ON)
        await report.waiting(link())
        return {}

    job, _ = job_of(task)
    running = asyncio.ensure_future(job.run())
    await asyncio.sleep(1)
    job.stop(Stop.CANCEL)
    assert code_of(await running) == "STOPPED"
    assert ended == ["closed"]
