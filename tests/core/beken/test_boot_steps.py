"""What is said after the write, by what a person saw (rulings P2; user-pains 10)."""

from __future__ import annotations

import pytest

from core.beken.tasks.gate import BOOT_CHECK, STOCK_BOOT_CHECK, boot_check
from core.events import Event, Note, Question
from core.job import Job, Reporter, Result
from tests.core.beken.bench import Given, result_of
from tests.virtual_clock import run


def said(answer: str, *, openbeken: bool = True) -> list[str]:
    events: list[Event] = []

    async def task(report: Reporter) -> Result:
        return {"booted": await boot_check(report, wires_off=False, openbeken=openbeken)}

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


def test_a_stock_firmware_is_not_looked_for_in_the_network() -> None:
    assert said("booted", openbeken=False) == []
    assert said("did not boot", openbeken=False) == said("did not boot")


@pytest.mark.parametrize("question", [BOOT_CHECK, STOCK_BOOT_CHECK])
def test_every_answer_is_known_and_the_danger_comes_first(question: Question) -> None:
    assert {choice.value for choice in question.choices} == {
        "booted", "did not boot", "not checked",
    }  # fmt: skip
    assert question.text.startswith("The plug is open: use the 3.3 V lead. Mains here kills.")
    assert question.text.endswith("Did it start?")
    assert ("OpenBK" in question.text) == (question is BOOT_CHECK)
