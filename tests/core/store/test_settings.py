"""Settings are remembered; a file that cannot be read is named, kept, and not used."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.store.files import Files
from core.store.settings import Settings


def test_a_choice_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    Settings(path, Files()).set("lead", "gnd")
    again = Settings(path, Files())
    again.set("port", '/dev/serial/by-id/a "quoted" name')
    last = Settings(path, Files())
    assert (last.get("lead"), last.problem) == ("gnd", "")
    assert last.get("port") == '/dev/serial/by-id/a "quoted" name'
    assert last.get("other", "default") == "default"


def test_what_is_not_text_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("lead = 7\n")
    assert Settings(path, Files()).get("lead", "gnd") == "gnd"


@pytest.mark.parametrize(
    "content",
    [b"lead = ", b"\xff\xfe", b"a = " + b"[" * 20_000, b"\0", b"[a]\n[a]\n"],
    ids=["cut", "not utf-8", "nested", "null", "twice"],
)
def test_an_unreadable_file_is_named_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    settings = Settings(path, Files())
    assert str(path) in settings.problem
    assert settings.get("lead", "gnd") == "gnd"
    settings.set("lead", "cen")
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_a_problem_too(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.mkdir()
    assert str(path) in Settings(path, Files()).problem
