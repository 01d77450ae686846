"""What is said after the write, by what a person saw (rulings P2; user-pains 10)."""

from __future__ import annotations

import pytest

from core.beken.tasks.gate import BOOT_CHECK, boot_check
from core.events import Event, Note
from core.job import Job, Reporter, Result
from tests.core.beken.bench import Given, result_of
from tests.virtual_clock import run


def said(answer: str) -> list[str]:
    events: list[Event] = []

    async def task(report: Reporter) -> Result:
        return {"booted": await boot_check(report, wires_off=False)}

    job = Job(
        "j", "test", "a test", task, sinks=[events.append], answers=Given({"boot-check": answer})
    )
    assert result_of(run(job.run()))["booted"] == answer
    return [e.body.text for e in events if isinstance(e.body, Note) and e.body.code == "NEXT"]


def test_a_plug_that_does_not_start_gets_the_list_with_the_supply_first() -> None:
    steps = said("did not boot")
    assert steps[0].startswith("1. ") and "500 mA" in steps[0]
    assert any("plug console" in step for step in steps)
    assert "restore" in steps[-1]
    assert not any("socket" in step or "mains" in step for step in steps)


@pytest.mark.parametrize("answer", ["booted", "not checked"])
def test_else_the_next_step_is_to_find_it_in_the_network(answer: str) -> None:
    (step,) = said(answer)
    assert "openbk find" in step


def test_every_answer_is_known() -> None:
    assert {choice.value for choice in BOOT_CHECK.choices} == {
        "booted", "did not boot", "not checked",
    }  # fmt: skip
