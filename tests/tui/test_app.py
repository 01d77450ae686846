"""The app around the panes: switching, leaving, stopping, the clock, a screen that breaks."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from core.events import Asked, Event, Note, Phase, Question, Started
from core.job import Reporter, Result
from tests.tui import scenes
from tests.tui.stage import Stage, StageApp, StageHost, golden, staged
from tui.look import PlainText, plain_text
from tui.panes.base import PaneScreen
from tui.widgets.dialog import QuestionDialog, QuitDialog
from tui.work import Tools, Work

PANES = ["Flash", "Backup", "Scan", "Meter", "OpenBK", "Jobs"]


async def _waits(report: Reporter, _tools: Tools) -> Result:
    """Runs until it is stopped."""
    report.phase("Wait", 1, 1)
    await asyncio.Event().wait()
    return {}


async def _asks(report: Reporter, _tools: Tools) -> Result:
    report.phase("Ask", 1, 1)
    answer = await report.ask(Question("gate", "Is all of this so?"))
    return {"summary": f"answered {answer}"}


WAITS = Work("plug-info", "Wait for ever", _waits)
ASKS = Work("plug-info", "Ask", _asks)


@pytest.mark.parametrize("key", ["{}", "f{}"])
async def test_digits_and_function_keys_open_the_panes(stage: Stage, key: str) -> None:
    for number, title in enumerate(PANES, 1):
        text = await stage.press(key.format(number))
        assert f"[{number} {title}]" in text.splitlines()[0]
        assert text.count("[") == 1


async def test_the_job_bar_is_on_every_pane(stage: Stage) -> None:
    await stage.feed(*scenes.BEGUN, *scenes.LINKED, *scenes.reading(140))
    for digit in "234561":
        lines = (await stage.press(digit)).splitlines()
        assert scenes.MAC in lines[-2]
        assert "5/10 Read and prove 27 %  80 KiB/s  0:16 left" in lines[-2]


async def test_a_pane_goes_on_while_another_is_shown(stage: Stage) -> None:
    await stage.feed(*scenes.BEGUN)
    await stage.press("3")
    await stage.feed(*scenes.LINKED, *scenes.reading(140), *scenes.FAILED)
    assert "LINK-SILENT" in stage.lines[-2]
    assert "LINK-SILENT  in step 5/10" in await stage.press("1")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_help_and_palette_look_as_they_were_kept(
    host: StageHost, size: tuple[int, int]
) -> None:
    name = f"{size[0]}x{size[1]}"
    async with staged(host, size) as stage:
        golden(f"help-{name}", await stage.press("question_mark"))
        golden(f"palette-{name}", await stage.press("escape", "colon"))


# -- leaving and stopping ----------------------------------------------------------------------


async def test_q_leaves_at_once_when_nothing_runs(stage: Stage) -> None:
    await stage.pilot.press("q")
    assert stage.app._exit


@pytest.mark.parametrize("key", ["q", "f12", "ctrl+q"])
async def test_q_asks_while_a_job_runs_and_escape_stays(stage: Stage, key: str) -> None:
    stage.app.start(WAITS)
    await stage.until("1/1 Wait")
    await stage.press(key)
    assert isinstance(stage.app.screen, QuitDialog)
    await stage.press("escape")
    assert not stage.app._exit
    assert stage.app.host.running()


async def test_keep_going_leaves_the_job_alone(stage: Stage) -> None:
    stage.app.start(WAITS)
    await stage.until("1/1 Wait")
    await stage.pilot.press("q", "k")
    assert stage.app._exit
    assert len(stage.app.left) == 1
    assert stage.app.host.running()


async def test_stop_stops_the_job_and_leaves(stage: Stage) -> None:
    stage.app.start(WAITS)
    await stage.until("1/1 Wait")
    await stage.pilot.press("q", "s")
    assert stage.app._exit
    await gone(stage)


async def gone(stage: Stage) -> None:
    for _ in range(1000):
        if not stage.app.host.running():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("the job still runs")


async def test_ctrl_c_stops_the_job_first_and_leaves_when_idle(stage: Stage) -> None:
    stage.app.start(WAITS)
    await stage.until("1/1 Wait")
    await stage.press("ctrl+c")
    await stage.until("CANCELLED  in step 1/1, Wait")
    assert not stage.app._exit
    await stage.pilot.press("ctrl+c")
    assert stage.app._exit


async def test_ctrl_c_works_in_front_of_a_question(stage: Stage) -> None:
    stage.app.start(ASKS)
    await stage.until("Is all of this so?")
    await stage.press("ctrl+c")
    await stage.until("CANCELLED  in step 1/1, Ask")


async def test_escape_never_stops_a_job(stage: Stage) -> None:
    stage.app.start(WAITS)
    await stage.until("1/1 Wait")
    await stage.press(*["escape"] * 5)
    await stage.press("6", "escape", "1")
    assert stage.app.host.running()


async def test_x_stops_and_says_when_there_is_nothing_to_stop(stage: Stage) -> None:
    stage.app.start(WAITS)
    await stage.until("1/1 Wait")
    await stage.press("x")
    await stage.until("CANCELLED")
    assert "No job is running." in await stage.press("x")


async def test_a_second_job_is_refused_in_words_that_stay(stage: Stage) -> None:
    stage.app.start(WAITS)
    await stage.until("1/1 Wait")
    await stage.press("f")
    said = "A job is running. Let it end, or stop it with x."
    assert said in stage.text
    assert said in await stage.feed(Note("c", "the next tick"))
    await stage.press("w")
    assert said not in stage.text


async def test_an_answer_reaches_the_job(stage: Stage) -> None:
    stage.app.start(ASKS)
    await stage.until("Is all of this so?")
    await stage.press("y")
    await stage.until("answered yes")
    assert not isinstance(stage.app.screen, QuestionDialog)


async def test_a_job_folder_that_cannot_be_made_is_a_sentence(stage: Stage, folder: Path) -> None:
    (folder / "home" / "jobs").write_bytes(b"")
    await stage.press("i")
    assert "STORE-" in stage.lines[-2]
    assert not stage.app.host.running()


# -- the clock ---------------------------------------------------------------------------------


async def test_nothing_paints_on_arrival(stage: Stage) -> None:
    before = stage.text
    painted: list[Any] = []
    stage.app._driver.write = painted.append  # type: ignore[union-attr]
    filler = threading.Thread(target=lambda: [stage.app.mailbox.put(e) for e in many(stage)])
    filler.start()
    filler.join()
    assert await stage.settled() == before
    assert painted == []
    assert "2/2 Write" in await stage.feed()


def many(stage: Stage) -> list[Any]:
    from core.events import Event, Progress

    events = [Event(stage.job, 0.0, Started("plug-flash", "Flash"))]
    events.append(Event(stage.job, 0.0, Phase("Write", 2, 2)))
    return events + [
        Event(stage.job, n / 100, Progress("Write", n, 500, "bytes")) for n in range(500)
    ]


async def test_a_tick_without_news_paints_nothing(stage: Stage) -> None:
    await stage.feed(*scenes.BEGUN, *scenes.LINKED, *scenes.DONE)
    painted: list[Any] = []
    stage.app._driver.write = painted.append  # type: ignore[union-attr]
    for _ in range(5):
        await stage.feed()
    assert painted == []


@pytest.mark.parametrize(("ssh", "period"), [("", 0.25), ("192.0.2.1 5 192.0.2.2 22", 0.5)])
async def test_the_clock_is_slower_over_ssh(
    host: StageHost, monkeypatch: pytest.MonkeyPatch, ssh: str, period: float
) -> None:
    if ssh:
        monkeypatch.setenv("SSH_CONNECTION", ssh)
    async with staged(host) as stage:
        assert stage.app.period == period
        assert stage.app.theme == ("ansi-dark" if ssh else "bench")


async def test_a_question_while_quitting_does_not_lose_either(stage: Stage) -> None:
    stage.app.start(WAITS)
    await stage.until("1/1 Wait")
    await stage.press("q")
    stage.job = stage.app.host.running()[0].id
    await stage.feed(Asked(Question("gate", "Is all of this so?")))
    assert isinstance(stage.app.screen, QuestionDialog)
    await stage.press("y")
    assert isinstance(stage.app.screen, QuitDialog)


# -- a screen that breaks ----------------------------------------------------------------------


async def test_a_screen_that_breaks_ends_and_its_job_goes_on(
    host: StageHost, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_app: StageApp) -> None:
        password = "hunter2-secret"
        raise RuntimeError(f"{len(password)} letters")

    monkeypatch.setattr(StageApp, "do_redraw", broken)
    with pytest.raises(RuntimeError, match="14 letters"):
        async with staged(host) as stage:
            stage.app.start(WAITS)
            await stage.until("1/1 Wait")
            app = stage.app
            try:
                await stage.pilot.press("ctrl+l")
            finally:
                assert host.running()
    assert app.return_code == 1
    assert app.crash == "RuntimeError: 14 letters."
    log = (folder / "home" / "log" / "wattbench.log").read_text()
    assert "in broken" in log
    assert "RuntimeError: 14 letters" in log
    assert "hunter2" not in log.replace('password = "hunter2-secret"', "")


# -- plain characters --------------------------------------------------------------------------


def test_every_cell_has_a_plain_twin_of_its_width() -> None:
    assert plain_text("─│╭╮╰╯·…✓✗▸█░") == "-|++++.~+x>#."
    assert plain_text("müller 漢字") == "m?ller ????"
    assert plain_text("e\u0301") == "e"
    assert plain_text("as it was") == "as it was"


async def test_ascii_has_the_last_word(folder: Path) -> None:
    async with staged(StageHost(folder / "home", ascii=True)) as stage:
        assert any(isinstance(f, PlainText) for f in stage.app.get_line_filters())
        texts = [await stage.feed(*scenes.BEGUN, *scenes.LINKED, *scenes.reading(140))]
        texts += [await stage.press(key) for key in ("colon", "escape", "question_mark")]
        await stage.press("escape")
        texts += [await stage.feed(Note("c", "漢字 ü ·"), *scenes.PLANNED)]
        assert all(text.isascii() for text in texts)


async def test_the_clock_ticks_while_a_pane_is_being_made(stage: Stage) -> None:
    opening = stage.app.switch_mode("jobs")
    assert isinstance(stage.app.screen, PaneScreen) and not stage.app.screen.is_mounted
    stage.app.mailbox.put(Event(stage.job, 0.0, Note("c", "now")))
    stage.app.tick()
    await opening
    assert "[6 Jobs]" in await stage.settled()
