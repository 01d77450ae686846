"""Restore in the Flash pane and going on in the Jobs pane: what they start, and when not."""

import json
from pathlib import Path

import pytest

from core.job import Reporter, Result
from core.store.store import Store
from tests.tui.stage import Stage, StageHost, staged
from tests.tui.test_jobs_pane import DONE, FAILS, run
from tui.verbs.plug import resume_work, speed
from tui.work import Tools, Work


async def _cut(report: Reporter, tools: Tools) -> Result:
    """A write that ends half-way, as its folder then looks."""
    from core.beken import faults

    folder = tools.store.jobs.folder(report.job_id)
    plan = {"job": "flash", "chip": "bk7231n", "port": "/dev/ttyUSB7", "baud": 0, "lead": "cen",
            "supply": "external", "adapter": ""}  # fmt: skip
    await folder.write_plan(plan)
    await folder.write_target(b"\0" * 4096)
    await report.point_of_no_return()
    raise faults.LOST(what="It is gone.", cause="A wire.", next="Look.")


CUT = Work("plug-flash", "Flash: /dev/ttyUSB7", _cut)


async def test_restore_wants_a_backup(stage: Stage) -> None:
    assert "Backup: choose the one to write back first" in await stage.press("r")
    assert not stage.app.host.running()


@pytest.mark.parametrize("work", [DONE])
async def test_a_job_that_is_done_is_not_gone_on_with(stage: Stage, work: Work) -> None:
    await run(stage, work)
    await stage.press("6")
    assert "This job is done: there is nothing to resume." in await stage.press("g")


async def test_a_job_without_a_plan_says_why_not(stage: Stage) -> None:
    await run(stage, FAILS)
    await stage.press("6")
    assert "BK-RESUME" in await stage.press("g")
    assert not stage.app.host.running()


async def test_going_on_turns_to_the_flash_pane_and_asks_for_safety(tmp_path: Path) -> None:
    async with staged(StageHost(tmp_path)) as stage:
        await run(stage, CUT)
        await stage.press("6")
        await stage.press("g")
        text = await stage.until("BK-RESUME")
        assert "[1 Flash]" in text
        assert "Resume" in text


async def test_the_work_reaches_the_plug_as_the_job_did(tmp_path: Path) -> None:
    async with staged(StageHost(tmp_path)) as stage:
        await run(stage, CUT)
    store = Store(tmp_path)
    job = store.jobs.all()[0]
    assert job.resumable
    assert resume_work(store, job.id).title.startswith("Resume: ")
    plan = json.loads((store.jobs.path_of(job.id) / "plan.json").read_text())
    assert plan["lead"] == "cen"


@pytest.mark.parametrize(("text", "baud"), [("auto", 0), ("115200", 115200), ("0", 0)])
def test_a_speed_is_a_number_or_auto(text: str, baud: int) -> None:
    assert speed(text) == baud


@pytest.mark.parametrize("text", ["fast", "-1", ""])
def test_other_speeds_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fast|-1|invalid"):
        speed(text)
