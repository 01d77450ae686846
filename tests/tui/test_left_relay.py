"""A relay that a cut-off job may have left on: the app says it first, the record says it always."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.events import Answered, Event, Started
from core.openbk.lost import MARK, marked
from core.store import faults
from core.store.files import Files
from core.store.store import Store
from tests.tui.stage import StageHost, staged
from tui.report import job_markdown

MAC = "a4c1385c94fa"


def marked_home(folder: Path) -> Path:
    home = folder / "home"
    Store(home).devices.remember(MAC, **{MARK: "plug \x1b[31m1"})
    return home


async def test_the_app_says_it_at_every_start_until_it_was_read(folder: Path) -> None:
    home = marked_home(folder)
    async with staged(StageHost(home)) as stage:
        text = await stage.until("Look at the load first")
        assert "The last job on plug" in text and "\x1b" not in text
    assert marked(Store(home))  # left without having closed the card
    async with staged(StageHost(home)) as stage:
        await stage.until("Look at the load first")
        text = await stage.press("escape")
        assert "A relay may have been left on: plug" in text
    assert not marked(Store(home))


async def test_a_key_from_before_does_not_close_the_card(folder: Path) -> None:
    home = marked_home(folder)
    host = StageHost(home)
    async with staged(host) as stage:
        stage.app.settle = 1e6
        text = await stage.until("Look at the load first")
        for key in ("escape", "enter", "q"):
            text = await stage.press(key)
        assert "Look at the load first" in text and "were not taken" in text
        stage.app.settle = 0.0
        assert "Look at the load first" not in await stage.press("escape")
    assert not marked(Store(home))


async def test_a_disk_that_refuses_is_no_reason_to_stop(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = marked_home(folder)

    def refuse(_self: Files, path: Path, _data: bytes) -> None:
        raise faults.DENIED(what=f"{path}: read-only.", cause="c", next="n")

    async with staged(StageHost(home)) as stage:
        await stage.until("Look at the load first")
        monkeypatch.setattr(Files, "write", refuse)
        assert "[1 Flash]" in await stage.press("escape")
    monkeypatch.undo()
    assert marked(Store(home))


async def test_the_card_of_the_cut_job_says_it(folder: Path) -> None:
    host = StageHost(folder / "home")
    cut = host.store.jobs.create("openbk-calibrate")
    for body in (Started("openbk-calibrate", "Calibrate: plug1"), Answered("load", "yes", "k")):
        cut.journal.record(Event(cut.id, 0.0, body))
    await cut.journal.sync()
    host.store.jobs.close(cut.id)
    async with staged(host) as stage:
        assert "Look at the load" in await stage.press("6")
        assert "may have been left on" in await stage.press("enter")
    jobs = Store(folder / "home").jobs
    said = job_markdown(jobs.info(cut.id), jobs.events(cut.id))
    assert "may have been left on" in said[-1]
