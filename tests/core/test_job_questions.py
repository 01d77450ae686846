"""Questions of a job: answers, refusals, and nobody there."""

from __future__ import annotations

import pytest

from core.events import (
    Answered,
    Asked,
    Choice,
    Failed,
    Finished,
    Question,
)
from core.fault import Exit, Touched
from core.job import Reporter, Result, exit_code
from tests.core.watched_job import GATE, GO_ON, HALF_DONE, Fixed, code_of, job_of
from tests.virtual_clock import virtual


async def ask_gate(report: Reporter) -> Result:
    return {"answer": await report.ask(GATE)}


@virtual
async def test_an_answer_that_comes_at_once_is_taken_and_recorded() -> None:
    job, events = job_of(ask_gate, answers=Fixed("yes"))
    outcome = await job.run()
    assert outcome == Finished({"answer": "yes"})
    asked, answered = (next(e.body for e in events if type(e.body) is k) for k in (Asked, Answered))
    assert asked == Asked(GATE) and answered == Answered("gate", "yes", "test")


@virtual
async def test_a_no_declines_before_the_point() -> None:
    async def task(report: Reporter) -> Result:
        await report.confirm(GATE)
        return {}

    outcome = await job_of(task, answers=Fixed("no"))[0].run()
    assert code_of(outcome) == "DECLINED" and exit_code(outcome) == Exit.REFUSED


@virtual
async def test_a_no_after_the_point_is_a_stop_that_can_be_resumed() -> None:
    async def task(report: Reporter) -> Result:
        await report.point_of_no_return(HALF_DONE, GO_ON)
        await report.confirm(GATE)
        return {}

    outcome = await job_of(task, answers=Fixed("no"))[0].run()
    assert isinstance(outcome, Failed)
    assert outcome.fault.code == "STOPPED" and exit_code(outcome) == Exit.FAULT
    assert outcome.fault.touched is Touched.UNKNOWN
    assert (outcome.fault.state, outcome.fault.command) == (HALF_DONE, GO_ON)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("A4:C1:38:5C:94:FA", "done"),
        ("yes", "DECLINED"),
        ("a4c1385c94fa", "DECLINED"),
        ("", "DECLINED"),
    ],
)
def test_what_must_be_typed_must_be_typed_exactly(typed: str, code: str) -> None:
    @virtual
    async def scenario() -> None:
        async def task(report: Reporter) -> Result:
            await report.confirm(Question("mac", "Which plug?", expect="A4:C1:38:5C:94:FA"))
            return {}

        assert code_of(await job_of(task, answers=Fixed(typed))[0].run()) == code

    scenario()


@pytest.mark.parametrize(
    ("question", "flag"),
    [
        (GATE, "--yes"),
        (Question("supply", "Which?", (Choice("a", "own"), Choice("b", "pin")), flag="--supply"),
         "--supply a or --supply b"),
        (Question("mac", "Which plug?", expect="A4:C1"), "--confirm A4:C1"),
        (Question("mac", "Which plug?", expect="A4:C1", flag="--confirm"), "--confirm A4:C1"),
    ],
)  # fmt: skip
def test_nobody_to_ask_is_exit_3_and_names_the_flag(question: Question, flag: str) -> None:
    @virtual
    async def scenario() -> None:
        async def task(report: Reporter) -> Result:
            return {"answer": await report.ask(question)}

        outcome = await job_of(task)[0].run()
        assert isinstance(outcome, Failed) and outcome.fault.code == "UNANSWERED"
        assert exit_code(outcome) == Exit.REFUSED
        assert f"Give {flag} on" in outcome.fault.next
        if question.flag == "--supply":
            assert outcome.fault.next.endswith(" a: own; b: pin.")

    scenario()


@virtual
async def test_nobody_to_ask_after_the_point_takes_the_unattended_answer() -> None:
    async def task(report: Reporter) -> Result:
        await report.point_of_no_return(HALF_DONE, GO_ON)
        return {"answer": await report.ask(Question("wires", "Off?", unattended="later"))}

    assert await job_of(task)[0].run() == Finished({"answer": "later"})


@virtual
async def test_nobody_to_ask_after_the_point_without_such_an_answer_is_a_stop() -> None:
    async def task(report: Reporter) -> Result:
        await report.point_of_no_return(HALF_DONE, GO_ON)
        return {"answer": await report.ask(GATE)}

    outcome = await job_of(task)[0].run()
    assert isinstance(outcome, Failed)
    assert outcome.fault.code == "STOPPED" and exit_code(outcome) == Exit.FAULT
    assert outcome.fault.touched is Touched.UNKNOWN


@virtual
async def test_the_answer_to_a_secret_question_is_in_no_event() -> None:
    async def task(report: Reporter) -> Result:
        typed = await report.ask(Question("password", "Password?", secret=True))
        return {"length": len(typed)}

    job, events = job_of(task, answers=Fixed("hunter2"))
    assert await job.run() == Finished({"length": 7})
    assert "hunter2" not in repr(events)
    assert any(isinstance(e.body, Answered) for e in events)
