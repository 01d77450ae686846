"""`wattbench openbk` and files: dumps that are edited, profiles that are written."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from core.bkimage import rf
from core.profile.block import Block
from core.profile.in_dump import PLACES
from core.profile.model import Profile
from core.profile.toml_file import SHIPPED, load
from core.store.backups import load_record
from tui.cli import main
from tui.host import STOPS


class Done(NamedTuple):
    """How a verb ended."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found


Run = Callable[..., Done]
LSC = "lsc-3202087.toml"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """A verb in this process, with its home in `tmp_path`."""
    handlers = {number: signal.getsignal(number) for number in STOPS}

    def go(*words: object) -> Done:
        capsys.readouterr()
        code = main([*map(str, words), "--home", str(tmp_path / "home")])
        return Done(code, *capsys.readouterr())

    yield go
    for number, handler in handlers.items():
        signal.signal(number, handler)


def flash(over: Profile | None = None) -> bytes:
    """A dump of a plug that runs OpenBeken."""
    data = bytearray(b"\xff" * 0x200000)
    data[0x1D0000:0x1D1000] = rf.build(bytes.fromhex("a4c1385c94fa"), bytes(16))
    block = Block.new() if over is None else Block.new().with_profile(over)
    at = PLACES["bk7231n"]
    data[at : at + 4096] = block.sector()
    return bytes(data)


def test_an_edited_dump_has_a_record_and_is_not_trusted(run: Run, tmp_path: Path) -> None:
    dump, made = tmp_path / "old.bin", tmp_path / "new.bin"
    dump.write_bytes(flash())
    done = run("openbk", "apply", dump, "--profile", LSC, "--out", made)
    assert done.code == 0 and done.out.splitlines()[-1] == f"Written: {made}"
    kept = load_record(made)
    assert not kept.facts.true and kept.facts.source == "edited" and kept.read()
    judged = run("backup", "check", made)
    assert judged.code != 0
    assert "edited: the configuration in old.bin was changed" in judged.out + judged.err
    again = tmp_path / "again.bin"
    as_json = run("openbk", "apply", dump, "--profile", LSC, "--out", again, "--json")
    assert as_json.last["out"] == str(again)


def test_the_record_of_an_edited_dump_takes_nobody_elses_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.bin").write_bytes(flash())
    (tmp_path / "plug.toml").write_text("[names]\n")
    out = tmp_path / "plug.bin"
    words = ("--profile", LSC, "--out", out, "--json")
    done = run("openbk", "apply", tmp_path / "old.bin", *words)
    assert done.last["code"] == "STORE-EXISTS" and not out.exists()
    assert (tmp_path / "plug.toml").read_text() == "[names]\n"


def test_an_edited_sector_is_a_file_alone(run: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "a4c1385c94fa" / "a.sector", tmp_path / "b.sector"
    source.parent.mkdir()
    source.write_bytes(Block.new().sector())
    done = run("openbk", "apply", source, "--profile", LSC, "--out", out)
    assert done.code == 0 and not out.with_suffix(".toml").exists()
    made = Block.parse(out.read_bytes()).profile()
    assert made.pins[8] == load(SHIPPED / LSC).pins[8] and made.names.short == "plug-5C94FA"


def test_an_export_over_a_profile_says_what_it_changed(run: Run, tmp_path: Path) -> None:
    dump, mine = tmp_path / "old.bin", tmp_path / "plug.toml"
    dump.write_bytes(flash(load(SHIPPED / LSC)))
    mine.write_text('# stairwell\n[pins.8]\nrole = "Rel_n"  # K1\nchannel = 1\n')
    done = run("openbk", "export", dump, "--out", mine)
    assert done.code == 0 and done.out == ""
    assert f"Written to {mine}: 1 changed, " in done.err and "added, comments kept." in done.err
    assert '[pins.8]\nrole = "Rel"  # K1' in mine.read_text()
    again = run("openbk", "export", dump, "--out", mine, "--json")
    assert (again.last["out"], again.last["changed"], again.last["added"]) == (str(mine), 0, 0)
    mine.write_text('# lost\npins = { 8 = { role = "Rel_n" } }\n')
    assert "comments could not be kept" in run("openbk", "export", dump, "--out", mine).err


@pytest.mark.parametrize("more", [(), ("--reveal",)], ids=["plain", "reveal"])
def test_a_record_or_a_dump_is_never_written_over(
    run: Run, tmp_path: Path, more: tuple[str, ...]
) -> None:
    dump = tmp_path / "old.bin"
    dump.write_bytes(flash())
    record = tmp_path / "other.toml"
    record.write_text('sha256 = "0"\ntrue = true\nwhole = true\n')
    for path in (record, dump):
        before = path.read_bytes()
        done = run("openbk", "export", dump, *more, "--out", path, "--json")
        assert (done.code, done.last["code"]) == (3, "STORE-EXISTS")
        assert path.read_bytes() == before
    done = run("openbk", "diff", dump, "--profile", record)
    assert done.code != 0 and "record of a backup, not a profile" in done.err


def test_the_keys_of_a_profile_are_read_offline(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.bin").write_bytes(flash())
    (tmp_path / "bad.toml").write_text("[mqtt]\nport = true\n")
    done = run("openbk", "diff", tmp_path / "old.bin", "--profile", tmp_path / "bad.toml")
    assert "mqtt.port (line 2): must be a whole number" in done.err
    assert "wattbench info PROFILE-TEXT" in done.err
    page = run("info", "profile-text")
    assert page.code == 0 and "port: a whole number; 1 to 65535" in page.out
    assert run("info", "profile-text", "--json").last["code"] == "PROFILE-TEXT"
    none = run("info", "NOTHING-THERE")
    assert none.code == 2 and "no fault NOTHING-THERE" in none.err
