"""The entry point: quick, and every way to the end has its exit code and its last line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tui import cli
from tui.home import find_home
from tui.version import __version__

HEAVY = ("asyncio", "textual", "rich", "bleak", "httpx", "serial", "cryptography")
LOADED = """
import sys
from tui.cli import main
code = main(sys.argv[1:])
print("heavy:", *[name for name in {heavy} if name in sys.modules])
sys.exit(code)
"""
ROOT = Path(__file__).parents[2]


def wattbench(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui", *map(str, arguments)],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, cwd=ROOT,
        env={**os.environ, **environment},
    )  # fmt: skip


def last_object(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


# -- what may be slow is not loaded -----------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--version"], f"wattbench {__version__}"),
        (["--mono", "--version"], f"wattbench {__version__}"),
        (["--help"], "--read-only"),
        (["-h"], "wattbench VERB --help"),
    ],
)
def test_version_and_help_load_nothing_heavy(arguments: list[str], text: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(heavy=HEAVY), *arguments],
        capture_output=True, text=True, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert text in done.stdout
    assert done.stdout.splitlines()[-1] == "heavy:"


def test_help_names_every_verb_and_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert {"info", "jobs", "ports"} <= set(cli.verb_names())
    for name in cli.verb_names():
        (line,) = (row for row in text.splitlines() if row.startswith(f"  {name} "))
        assert len(line.split()) > 2


@pytest.mark.parametrize("verb", ["info", "jobs", "ports"])
@pytest.mark.parametrize("before", [False, True])
def test_help_of_a_verb(verb: str, before: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help", verb] if before else [verb, "--help"]) == 0
    assert f"usage: wattbench {verb}" in capsys.readouterr().out


# -- usage ------------------------------------------------------------------------------------

WRONG = [
    ["bogus"],
    ["--bogus"],
    ["--bogus", "info"],
    ["info", "--bogus"],
    ["info", "extra"],
    ["jobs"],
    ["jobs", "bogus"],
    ["jobs", "show"],
    ["info", "--home"],
    ["info", "--yes=1"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_usage_errors_are_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("wattbench: ")


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_usage_errors_are_faults_in_json(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--json", *arguments]) == 2
    fault = last_object(capsys)
    assert (fault["event"], fault["code"], fault["touched"]) == ("fault", "USAGE", "nothing")
    assert set(fault) == {
        "event", "t", "code", "what", "cause", "next", "state", "touched", "command",
    }  # fmt: skip


def test_no_verb_and_no_terminal_is_a_usage_error(tmp_path: Path) -> None:
    done = wattbench("--home", tmp_path)
    assert done.returncode == 2
    assert "terminal" in done.stderr and "--help" in done.stderr
    assert "Traceback" not in done.stderr


# -- verbs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [["info"], ["jobs", "list"], ["ports"]], ids=" ".join)
def test_the_last_line_of_json_is_the_result(verb: list[str], tmp_path: Path) -> None:
    flags = ["--home", str(tmp_path), "--json"]
    ends = []
    for arguments in ([*flags, *verb], [*verb, *flags], [flags[2], *verb, *flags[:2]]):
        done = wattbench(*arguments)
        assert done.returncode == 0, done.stderr
        ends.append(json.loads(done.stdout.splitlines()[-1]))
    assert ends[0]["event"] == "result" and ends == [ends[0]] * 3


def test_a_job_that_does_not_exist_is_a_fault(tmp_path: Path) -> None:
    done = wattbench("jobs", "show", "7f", "--home", tmp_path, "--json")
    assert done.returncode == 1
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["event"], last["code"]) == ("fault", "STORE-NO-JOB")
    assert "STORE-NO-JOB" in done.stderr


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.write_bytes(b"kept")
    done = wattbench("jobs", "list", "--home", home)
    assert done.returncode == 1
    assert f"{home} is a file, not a folder." in done.stderr
    assert home.read_bytes() == b"kept"


def test_jobs_as_a_person_reads_them(tmp_path: Path) -> None:
    toy = [sys.executable, "-m", "tests.tui.toy", "ask", "-y", "--home", tmp_path]
    subprocess.run(toy, check=True, capture_output=True, cwd=ROOT, timeout=60)
    listed = wattbench("jobs", "list", "--home", tmp_path).stdout
    assert "done" in listed and "A toy job" in listed
    shown = wattbench("jobs", "show", "01", "--home", tmp_path).stdout
    assert "? Go on?" in shown and "gate: yes (--yes)" in shown and "Done: all done" in shown
    record = wattbench("jobs", "show", "01", "--markdown", "--home", tmp_path).stdout
    assert record.startswith("# A toy job\n") and "| summary | all done |" in record


def test_an_unreadable_settings_file_is_named_and_kept(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_bytes(b"not = toml = at all")
    done = wattbench("info", "--home", tmp_path, "--json")
    assert done.returncode == 0
    assert str(settings) in done.stderr
    assert str(settings) in json.loads(done.stdout)["settings_problem"]
    assert settings.read_bytes() == b"not = toml = at all"


def test_looking_leaves_no_trace_on_disk(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert wattbench("info", "--home", home).returncode == 0
    assert not home.exists()


@pytest.mark.parametrize("verb", ["--help", "--version", "info"])
def test_a_reader_that_does_not_read(verb: str, tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "tui", verb, "--home", tmp_path],
            stdout=nobody, stderr=subprocess.PIPE, cwd=ROOT, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


# -- mistakes ---------------------------------------------------------------------------------


def test_a_mistake_outside_of_a_verb_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> int:
        raise ImportError("No module named 'httpx'")

    monkeypatch.setenv("WATTBENCH_HOME", str(tmp_path))
    monkeypatch.setattr(cli, "_run_verb", broken)
    assert cli.main(["info", "--json"]) == 1
    assert last_object(capsys)["code"] == "INTERNAL"
    assert "No module named 'httpx'" in (tmp_path / "log/wattbench.log").read_text()


def test_ctrl_c_before_anything_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run_verb", interrupted)
    assert cli.main(["info"]) == 130


# -- the data folder --------------------------------------------------------------------------


def test_where_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SUDO_UID", "WATTBENCH_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert find_home("", None) == (tmp_path / "data/wattbench", "", None)
    monkeypatch.setenv("WATTBENCH_HOME", str(tmp_path / "env"))
    assert find_home("", None)[0] == tmp_path / "env"
    assert find_home(str(tmp_path / "flag"), None)[0] == tmp_path / "flag"
    monkeypatch.chdir(tmp_path)
    assert find_home("here", None)[0] == tmp_path / "here"
    assert find_home("~no-such-user/x", None)[0] == tmp_path / "~no-such-user/x"


@pytest.mark.parametrize("uid", ["4294000000", "99999999999999999999", "x", "0"])
def test_a_sudo_that_names_nobody(uid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATTBENCH_HOME", raising=False)
    monkeypatch.setenv("SUDO_UID", uid)
    assert find_home("", None)[1:] == ("", None)
