"""The Flash pane's profile field, the key that configures only, and adapters that come later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tui.stage import Stage, StageHost, StageTools, a_port, staged
from tui.panes.flash.pane import LOOK_EVERY


def started(stage: Stage) -> list[Any]:
    works: list[Any] = []
    stage.app.start = works.append  # type: ignore[method-assign]
    return works


def mine(host: StageHost, name: str = "mine.toml") -> Path:
    path = host.store.profiles_folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('[wifi]\nssid = "Home"\n')
    return path


async def test_own_and_shipped_profiles_are_offered(host: StageHost) -> None:
    mine(host, "[red]mine.toml")
    async with staged(host) as stage:
        text = await stage.press(*["down"] * 6, "enter")
        assert "[red]mine.toml" in text
        assert "lsc-3202087.toml  comes with wattbench" in text
        assert "keep what is there" in text


async def test_the_chosen_profile_is_shown_and_remembered(host: StageHost) -> None:
    path = mine(host)
    async with staged(host) as stage:
        await stage.press(*["down"] * 6, "enter", "down")
        text = await stage.press("enter")
        assert "Profile     mine.toml" in text
    assert host.store.settings.get("plug_profile") == str(path)


async def test_a_profile_of_last_time_that_is_gone_is_not_offered(host: StageHost) -> None:
    host.store.settings.set("plug_profile", "/nowhere/mine.toml")
    async with staged(host) as stage:
        assert "Profile     keep what is there" in stage.text


async def test_configure_wants_a_profile_and_starts_its_job(host: StageHost) -> None:
    path = mine(host)
    async with staged(host) as stage:
        works = started(stage)
        assert "Profile: choose one first" in await stage.press("c")
        assert works == []
    host.store.settings.set("plug_profile", str(path))
    async with staged(host) as stage:
        works = started(stage)
        await stage.press("c")
        assert [work.kind for work in works] == ["plug-config"]
        assert "mine.toml" in works[0].title


class Bench:
    """Adapters that the test plugs in and pulls out."""

    def __init__(self, stage: Stage, host: StageHost, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stage, self.changes = stage, 0
        self.tools = host.tools
        assert isinstance(self.tools, StageTools)
        pane = stage.app.screen.query_one("#pane")
        monkeypatch.setattr(pane._watch, "changed", self._changed)  # type: ignore[attr-defined]

    def _changed(self) -> bool:
        changes, self.changes = self.changes, 0
        return bool(changes)

    async def now(self, *devices: str) -> str:
        self.tools._listed = [a_port(device) for device in devices]  # type: ignore[attr-defined]
        self.changes += 1
        for _ in range(LOOK_EVERY):
            self.stage.app.tick()
        return await self.stage.settled()


async def test_an_adapter_that_comes_later_is_said_and_chosen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = StageHost(folder, [])
    async with staged(host) as stage:
        assert "plug the adapter in" in stage.text
        bench = Bench(stage, host, monkeypatch)
        here = "/tmp"  # something that exists
        text = await bench.now(here)
        assert f"Port        {here}" in text
        assert "Plugged in: " in text
        text = await bench.now()
        assert "Pulled out: " in text
        assert f"Port        {here}" in text  # where it was stays written


async def test_another_adapter_does_not_take_the_place_of_the_chosen_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = folder / "one"
    here.touch()
    host = StageHost(folder, [a_port(str(here))])
    async with staged(host) as stage:
        bench = Bench(stage, host, monkeypatch)
        text = await bench.now(str(here), "/dev/ttyUSB7")
        assert "Plugged in: /dev/ttyUSB7" in text
        assert "Port        /dev/ttyUSB7" not in text
