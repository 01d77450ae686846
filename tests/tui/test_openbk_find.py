"""A search in the OpenBK pane also shows open access points, whole at 80x24."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.openbk import wifi_tools
from core.openbk.access_points import Heard
from tests.tui.openbk_stage import bk_stage, plugged
from tests.tui.stage import StageHost, staged

NEW = Heard(name=b"OpenBK7231N_1A2B3C4D", bssid="1C:90:FF:1A:2B:3C", signal=72, unit="%", channel=1)


class Air:
    """What the tests' Wi-Fi hears, and how often it was asked."""

    def __init__(self, *heard: Heard) -> None:
        self.heard, self.asked = heard, 0

    async def __call__(self) -> wifi_tools.Looked:
        self.asked += 1
        return wifi_tools.Looked("nmcli", self.heard)


async def test_a_search_shows_the_access_points_it_hears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wifi_tools, "look", Air(NEW))
    async with plugged() as served, bk_stage(tmp_path) as bk:
        await bk.press("f")
        await bk.type(served.host)
        await bk.press("enter")
        text = await bk.until("1 device at 1 address, 1 open access point")
        assert "open access point: OpenBK7231N_1A2B3C4D  72 %  channel 1" in text


async def test_on_the_simulated_bench_no_wi_fi_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    air = Air(NEW)
    monkeypatch.setattr(wifi_tools, "look", air)
    async with plugged() as served, staged(StageHost(tmp_path, demo=True)) as stage:
        stage.app.host.store.settings.set("openbk_hosts", served.host)
        await stage.press("5", "f")
        assert "1 device at 1 address" in await stage.until("device at")
        assert not air.asked
