from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.openbk import wifi_tools
from tests.tui import scenes
from tests.tui.stage import Stage, StageHost, staged


@pytest.fixture(autouse=True)
def no_wifi(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks the Wi-Fi of the computer it runs on."""

    async def look() -> wifi_tools.Looked:
        return wifi_tools.Looked("", (), ("No look into the air: a test.",))

    monkeypatch.setattr(wifi_tools, "look", look)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with one image in the data folder; a terminal that can do everything."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("COLORTERM", "truecolor")
    for name in ("SSH_CONNECTION", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    images = tmp_path / "home" / "firmware"
    images.mkdir(parents=True)
    (images / scenes.IMAGE).write_bytes(b"x" * 4096)
    return tmp_path


@pytest.fixture
def host(folder: Path) -> StageHost:
    return StageHost(folder / "home")


@pytest.fixture
async def stage(host: StageHost) -> AsyncIterator[Stage]:
    async with staged(host) as found:
        yield found
