"""The Backup pane in the real program: open, search, jump, compare, export, hand over."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from core.sim.firmware import stock_n
from tests.live.terminal import Terminal, environment

RF = 0x1D0040


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two dumps of one plug; the second has another RF calibration."""
    data = stock_n()
    (tmp_path / "first.bin").write_bytes(data)
    (tmp_path / "second.bin").write_bytes(data[:RF] + b"\xab\xcd" + data[RF + 2 :])
    return tmp_path


def answer(terminal: Terminal, title: str, text: str) -> None:
    terminal.until(title)
    terminal.keys(text)
    terminal.until(text)
    terminal.keys("enter")


def test_a_dump_is_opened_searched_compared_and_taken_from(folder: Path) -> None:
    home = folder / "home"
    with Terminal("--home", str(home), cwd=folder, size=(120, 40), env=environment()) as terminal:
        terminal.until("[1 Flash]")
        terminal.keys("2")
        terminal.until("No backups yet")
        terminal.keys("o")
        answer(terminal, "Open a dump", "first.bin")
        assert "a full backup, worth trusting" in terminal.until("Verdict").lower()
        terminal.keys("v", "/")
        answer(terminal, "Find", "em_sys_env")
        terminal.until("index page of em_sys_env, name")
        terminal.keys("g")
        answer(terminal, "Go to", "user_param_key")
        assert "{netled_" in terminal.until("value user_param_key, byte 0")
        terminal.keys("m", "right", "right", "e")
        terminal.until("3 bytes in")
        terminal.keys("m", "enter")
        terminal.until("345 bytes, checksum good")
        terminal.keys("d")
        terminal.until("Compare with")
        terminal.keys("enter")
        answer(terminal, "A path.", "second.bin")
        assert "AB CD" in terminal.until("Only RF and MAC differs.")
        terminal.keys("d", "h")
        terminal.until("Give the OpenBeken configuration to")
        terminal.keys("enter")
        terminal.until("[1 Flash]")
        terminal.until("cb2s-c0ffee001234.toml")
        terminal.keys("q")
        assert terminal.end() == 0
    (saved,) = (home / "exports").iterdir()
    assert saved.read_bytes() == b"{ne"
    profile = tomllib.loads((home / "profiles" / "cb2s-c0ffee001234.toml").read_text())
    assert len(profile["pins"]) == 7
