"""The simulated log pad, judged by the reader that was written apart from it."""

from __future__ import annotations

import asyncio

import pytest

from core.beken.bootlog import Verdict
from core.beken.tasks.console import ConsoleOptions, Heard, console
from core.link.api import Link
from core.link.memory import MemoryLink
from core.sim.bootlog import BEHAVIOURS, BootLog
from tests.virtual_clock import run
from tui.sims.bootlog import KINDS


def heard(kind: str, seconds: float) -> tuple[Verdict, str]:
    said: list[Heard] = []

    async def scene() -> Verdict:
        async def open_port(port: str, baud: int, holder: str) -> Link:
            return MemoryLink(BootLog(BEHAVIOURS[kind]), port, baud)

        options = ConsoleOptions(port="tx2", seconds=seconds)
        log = await console(options, ports=open_port, tell=said.append)
        await asyncio.sleep(0)
        return log.verdict

    verdict = run(scene())
    return verdict, "\n".join(line for item in said for line in item.lines)


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("good", Verdict.RUNNING),
        ("brown-out", Verdict.BROWN_OUT),
        ("wrong-key", Verdict.WRONG_KEY),
        ("no-program", Verdict.NO_PROGRAM),
    ],
)
def test_each_kind_is_what_it_is_called(kind: str, verdict: Verdict) -> None:
    found, text = heard(kind, 12)
    assert found is verdict
    assert "V:BK7231N_1.0.1" in text


def test_a_plug_that_is_up_goes_on_talking_and_its_password_is_masked() -> None:
    _, text = heard("good", 12)
    assert text.count("Info:MAIN:Time") >= 9
    assert "Using Pass [****" in text and "not-a-real-password" not in text


def test_the_verb_offers_every_kind() -> None:
    assert set(KINDS) == set(BEHAVIOURS)
