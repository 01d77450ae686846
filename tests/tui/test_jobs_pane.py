"""The Jobs pane: every job of the folder, its log, its record."""

from pathlib import Path

import pytest

from core import faults
from core.events import Note, Phase, Started
from core.job import Reporter, Result
from tests.tui.stage import Stage, StageHost, golden, staged
from tui.work import Tools, Work


async def _ends(report: Reporter, _tools: Tools) -> Result:
    report.phase("Link", 1, 2)
    report.note("HELLO", "a note with [red]markup[/red] and \x1b[31m an escape")
    report.phase("Read", 2, 2)
    return {"summary": "all is well", "mac": "A4:C1:38:5C:94:FA"}


async def _fails(report: Reporter, _tools: Tools) -> Result:
    report.phase("Link", 1, 2)
    raise faults.READ_ONLY(what="This step writes.", cause="--read-only.", next="Leave it away.")


DONE = Work("plug-info", "Identify: /dev/ttyUSB0", _ends)
FAILS = Work("plug-backup", "Back up: [b]/dev/ttyUSB0[/b]", _fails)


async def run(stage: Stage, *works: Work) -> None:
    """Run these jobs one after the other."""
    for work in works:
        stage.app.start(work)
        for _ in range(1000):
            await stage.pilot.pause(0.005)
            if not stage.app.host.running():
                break
        stage.app.tick()
    await stage.settled()


async def test_without_jobs_it_says_where_to_start_one(stage: Stage) -> None:
    assert "No jobs yet. Start one in the Flash pane (1)." in await stage.press("6")


async def test_jobs_are_listed_newest_first_with_the_log_of_the_one_under_the_cursor(
    stage: Stage,
) -> None:
    await run(stage, DONE, FAILS)
    lines = (await stage.press("6")).splitlines()
    assert lines[1].startswith("FAIL")
    assert "Back up: [b]/dev/ttyUSB0[/b]" in lines[1]
    assert lines[2].startswith("ok")
    assert "READ-ONLY: This step writes." in stage.text
    text = await stage.press("down")
    assert "a note with [red]markup[/red] and ·[31m an escape" in text
    assert "Done: all is well" in text


async def test_enter_opens_the_whole_log(stage: Stage) -> None:
    await run(stage, DONE)
    text = await stage.press("6", "enter")
    assert "[1/2] Link" in text
    assert "[2/2] Read" in text
    assert "Esc closes this." in text
    await stage.press("escape")
    assert "[6 Jobs]" in stage.text


async def test_the_record_is_saved_as_markdown(stage: Stage, folder: Path) -> None:
    await run(stage, DONE)
    text = await stage.press("6", "m")
    assert "Saved " in text
    (record,) = (folder / "home" / "jobs").glob("*/record.md")
    assert "A4:C1:38:5C:94:FA" in record.read_text(encoding="utf-8")


async def test_a_record_that_cannot_be_saved_is_a_sentence(stage: Stage, folder: Path) -> None:
    await run(stage, DONE)
    (job,) = (folder / "home" / "jobs").iterdir()
    (job / "record.md").mkdir()
    text = await stage.press("6", "m")
    assert "STORE-" in text.splitlines()[-2]


async def test_a_job_that_starts_or_ends_changes_the_list(stage: Stage) -> None:
    await stage.press("6")
    await run(stage, DONE)
    assert "ok" in stage.lines[1]


async def test_reload_reads_the_folder_again(stage: Stage, folder: Path) -> None:
    await stage.press("6")
    other = StageHost(folder / "home")
    other.start(DONE)
    other.join()
    assert "Identify" not in stage.text
    assert "Identify: /dev/ttyUSB0" in await stage.press("r")


async def test_what_was_left_behind_is_said_at_the_start(folder: Path) -> None:
    before = StageHost(folder / "home")
    cut = before.store.jobs.create("plug-flash")
    cut.journal.record(stage_event(cut.id))
    await cut.journal.sync()
    before.store.jobs.close(cut.id)
    async with staged(StageHost(folder / "home")) as stage:
        assert "Interrupted: Flash: /dev/ttyUSB0. Press 6." in stage.lines[-2]
        text = await stage.press("6")
        assert text.splitlines()[1].startswith("CUT")


async def test_a_job_of_another_process_is_said_to_run(folder: Path) -> None:
    other = StageHost(folder / "home")
    live = other.store.jobs.create("plug-flash")
    live.journal.record(stage_event(live.id))
    await live.journal.sync()
    async with staged(StageHost(folder / "home")) as stage:
        assert "Runs in another wattbench: Flash: /dev/ttyUSB0. Press 6." in stage.lines[-2]
        assert (await stage.press("6")).splitlines()[1].startswith("runs")
    other.store.jobs.close(live.id)


def stage_event(job_id: str):  # type: ignore[no-untyped-def]
    from core.events import Event

    return Event(job_id, 0.0, Started("plug-flash", "Flash: /dev/ttyUSB0"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_the_list_looks_as_it_was_kept(
    host: StageHost, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = iter(("20261120T140233Z-plug-info-01", "20261120T141502Z-plug-backup-02"))
    monkeypatch.setattr(
        host.store.jobs, "_new_folder", lambda _kind: _made(host.store.home / "jobs" / next(ids))
    )
    async with staged(host, size) as stage:
        await run(stage, DONE, FAILS)
        golden(f"jobs-{size[0]}x{size[1]}", await stage.press("6"))


def _made(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


async def test_phases_of_the_running_job_reach_the_bar_of_this_pane(stage: Stage) -> None:
    await stage.press("6")
    text = await stage.feed(Started("plug-flash", "Flash"), Phase("Link", 3, 10), Note("c", "t"))
    assert text.splitlines()[-2].strip() == "Flash  3/10 Link"


async def test_a_broken_settings_file_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("plug_port = ")
    async with staged(StageHost(tmp_path)) as stage:
        assert "settings.toml is not used" in stage.text
    assert (tmp_path / "settings.toml").read_text() == "plug_port = "
