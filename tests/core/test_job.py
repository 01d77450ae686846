"""Every job: one outcome, honest faults, the point of no return, what is reported."""

from __future__ import annotations

import asyncio
import json

import pytest

from core import faults
from core.events import (
    Event,
    Failed,
    Finished,
    Note,
    Phase,
    Progress,
)
from core.fault import Exit, FaultKind, Touched
from core.job import (
    Job,
    Reporter,
    Result,
    exit_code,
)
from tests.core.watched_job import DISK_FULL, Book, code_of, job_of
from tests.virtual_clock import virtual


@virtual
async def test_a_mistake_is_internal_and_its_trace_goes_to_the_log() -> None:
    async def task(report: Reporter) -> Result:
        raise ZeroDivisionError("secret-password")

    book = Book()
    job, _ = job_of(task, recorder=book.recorder)
    outcome = await job.run()
    assert isinstance(outcome, Failed) and outcome.fault.code == "INTERNAL"
    assert exit_code(outcome) == Exit.FAULT
    assert outcome.fault.touched is Touched.NOTHING
    assert "secret-password" not in json.dumps(outcome.fault.to_json())
    assert "ZeroDivisionError" in book.traces[0] and "test_job.py" in book.traces[0]


@virtual
async def test_a_mistake_after_the_point_does_not_claim_an_untouched_device() -> None:
    async def task(report: Reporter) -> Result:
        await report.point_of_no_return()
        raise ZeroDivisionError

    outcome = await job_of(task)[0].run()
    assert isinstance(outcome, Failed) and outcome.fault.touched is Touched.UNKNOWN
    assert "Nothing was changed" not in outcome.fault.state


@pytest.mark.parametrize("after", [False, True])
def test_a_cancel_from_inside_is_a_mistake_and_never_130(after: bool) -> None:
    @virtual
    async def scenario() -> None:
        async def task(report: Reporter) -> Result:
            if after:
                await report.point_of_no_return()
            raise asyncio.CancelledError

        outcome = await job_of(task)[0].run()
        assert code_of(outcome) == "INTERNAL"

    scenario()


@virtual
async def test_a_result_that_is_no_table_is_a_mistake() -> None:
    async def task(report: Reporter) -> Result:
        return 7  # type: ignore[return-value]

    assert code_of(await job_of(task)[0].run()) == "INTERNAL"


REFUSALS = [
    faults.DECLINED,
    faults.UNANSWERED,
    faults.CANCELLED,
    FaultKind("TEST-BUSY", "Busy", "In use. Wait.", exit=Exit.REFUSED),
    FaultKind("TEST-URL", "Url", "Wrong. Look.", exit=Exit.USAGE),
    DISK_FULL,
]


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.code)
def test_after_the_point_no_fault_says_that_nothing_was_changed(kind: FaultKind) -> None:
    @virtual
    async def scenario() -> None:
        async def task(report: Reporter) -> Result:
            await report.point_of_no_return()
            raise kind(what="a", cause="b", next="c")

        outcome = await job_of(task)[0].run()
        assert isinstance(outcome, Failed)
        assert exit_code(outcome) == Exit.FAULT
        assert outcome.fault.touched is Touched.UNKNOWN
        assert "Nothing was changed" not in outcome.fault.state

    scenario()


@virtual
async def test_what_a_fault_knows_of_the_device_is_kept() -> None:
    async def task(report: Reporter) -> Result:
        await report.point_of_no_return()
        raise DISK_FULL(
            what="a", cause="b", next="c", state="3 of 9 sectors.", touched=Touched.PARTIAL
        )

    outcome = await job_of(task)[0].run()
    assert isinstance(outcome, Failed)
    assert (outcome.fault.state, outcome.fault.touched) == ("3 of 9 sectors.", Touched.PARTIAL)


@virtual
async def test_a_sink_that_breaks_is_dropped_and_the_job_goes_on() -> None:
    seen: list[str] = []

    def broken(event: Event) -> None:
        raise BrokenPipeError

    async def task(report: Reporter) -> Result:
        report.note("A", "still here")
        return {"summary": "done"}

    book = Book()
    sinks = [broken, lambda event: seen.append(event.body.event)]
    job = Job("j", "test", "A test", task, sinks=sinks, recorder=book.recorder)
    assert code_of(await job.run()) == "done"
    assert seen == ["started", "note", "result"]
    assert broken not in sinks and len(book.traces) == 1


@virtual
async def test_a_full_disk_at_the_end_does_not_change_the_outcome() -> None:
    async def task(report: Reporter) -> Result:
        return {"summary": "done"}

    book = Book(full_at_sync=1)
    job, _ = job_of(task, recorder=book.recorder)
    assert code_of(await job.run()) == "done"
    assert "TEST-FULL" in book.traces[0]


@virtual
async def test_the_outcome_is_known_when_its_event_arrives() -> None:
    seen: list[bool] = []

    async def task(report: Reporter) -> Result:
        return {}

    job, _ = job_of(task)
    job._sinks.append(
        lambda e: seen.append(job.outcome is e.body) if isinstance(e.body, Finished) else None
    )
    await job.run()
    assert seen == [True]


# -- the point of no return ------------------------------------------------


@virtual
async def test_the_journal_is_synced_before_the_first_write() -> None:
    book = Book()

    async def task(report: Reporter) -> Result:
        report.phase("Erase", 1, 1)
        assert not report.committed
        await report.point_of_no_return()
        assert report.committed
        book.order.append("first erase")
        return {}

    job, _ = job_of(task, recorder=book.recorder)
    await job.run()
    assert book.order == ["started", "phase", "synced", "first erase", "result", "synced"]


@virtual
async def test_a_journal_that_cannot_be_kept_refuses_the_write() -> None:
    wrote: list[int] = []

    async def task(report: Reporter) -> Result:
        await report.point_of_no_return()
        wrote.append(1)
        return {}

    job, _ = job_of(task, recorder=Book(full_at_sync=1).recorder)
    outcome = await job.run()
    assert code_of(outcome) == "TEST-FULL" and not wrote and not job.committed
    assert isinstance(outcome, Failed) and outcome.fault.touched is Touched.NOTHING


@virtual
async def test_read_only_refuses_the_write_and_nothing_else() -> None:
    wrote: list[int] = []

    async def task(report: Reporter) -> Result:
        report.note("READ", "reading is fine")
        await report.point_of_no_return()
        wrote.append(1)
        return {}

    job, events = job_of(task, read_only=True)
    outcome = await job.run()
    assert code_of(outcome) == "READ-ONLY" and exit_code(outcome) == Exit.REFUSED
    assert not wrote and any(isinstance(e.body, Note) for e in events)


@virtual
async def test_read_only_is_refused_before_anything_where_the_task_says_so() -> None:
    async def task(report: Reporter) -> Result:
        report.will_change()
        report.note("ON", "goes on")
        return {"summary": "done"}

    job, events = job_of(task, read_only=True)
    assert code_of(await job.run()) == "READ-ONLY"
    assert not job.committed and not any(isinstance(e.body, Note) for e in events)
    assert code_of(await job_of(task)[0].run()) == "done"


# -- what is reported ------------------------------------------------------


@virtual
async def test_rate_and_time_left() -> None:
    async def task(report: Reporter) -> Result:
        report.phase("Read", 1, 1)
        report.progress(0, 1000)
        await asyncio.sleep(2)
        report.progress(200, 1000, cells="..  ")
        return {}

    job, events = job_of(task)
    await job.run()
    first, second = (e.body for e in events if isinstance(e.body, Progress))
    assert (first.rate, first.left) == (None, None) and "cells" not in first.to_json()
    assert (second.phase, second.rate, second.left) == ("Read", 100, 8)
    assert second.to_json()["cells"] == "..  "


@virtual
async def test_a_resumed_phase_does_not_count_what_was_done_before() -> None:
    async def task(report: Reporter) -> Result:
        report.phase("Write", 1, 1)
        report.progress(900, 1000)
        await asyncio.sleep(5)
        report.progress(950, 1000)
        return {}

    job, events = job_of(task)
    await job.run()
    last = [e.body for e in events if isinstance(e.body, Progress)][-1]
    assert (last.rate, last.left) == (10, 5)


@virtual
async def test_events_are_flat_json_with_time_since_the_start() -> None:
    async def task(report: Reporter) -> Result:
        await asyncio.sleep(1.5)
        report.phase("Link", 1, 2)
        report.warn("W", "careful")
        return {"summary": "fine", "exit": Exit.DIFFERENT}

    job, events = job_of(task)
    outcome = await job.run()
    lines = [json.loads(json.dumps(e.to_json())) for e in events]
    assert lines[0] == {
        "event": "started", "t": 0.0, "job": "j-1", "kind": "test", "title": "A test",
    }  # fmt: skip
    assert lines[1] == {
        "event": "phase", "t": 1.5, "job": "j-1", "name": "Link", "index": 1, "of": 2,
    }  # fmt: skip
    assert lines[2]["event"] == "warning" and lines[2]["code"] == "W"
    assert lines[3]["event"] == "result" and lines[3]["summary"] == "fine"
    assert exit_code(outcome) == Exit.DIFFERENT
    assert "job" not in Event("", 0.0, Phase("a", 1, 1)).to_json()


def test_a_result_cannot_pass_for_another_event() -> None:
    line = Event("j-1", 2.0, Finished({"event": "fault", "job": "x", "t": "y", "a": 1})).to_json()
    assert line == {"event": "result", "t": 2.0, "job": "j-1", "a": 1}
