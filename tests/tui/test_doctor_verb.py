"""`wattbench doctor`: findings as lines and as JSON, nothing changed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tui.verbs.doctor import doctors, finding_lines


def ran(home: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui", "doctor", "--home", str(home), *flags],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip


def test_json_ends_in_one_result_with_flat_findings(tmp_path: Path) -> None:
    ended = ran(tmp_path, "--json")
    assert ended.returncode == 0, ended.stderr
    (last,) = [json.loads(line) for line in ended.stdout.splitlines()]
    assert last["event"] == "result"
    codes = {finding["code"] for finding in last["findings"]}
    assert codes & {"SERIAL-PORTS", "SERIAL-NONE", "SERIAL-NO-DRIVER"}
    assert all(
        set(f) == {"code", "level", "what", "do", "commands"} and f["level"] in
        ("ok", "note", "problem") for f in last["findings"]
    )  # fmt: skip
    assert last["problems"] == sum(f["level"] == "problem" for f in last["findings"])
    assert last["summary"] in ended.stderr


def test_people_read_the_command_to_type() -> None:
    finding = {
        "code": "SERIAL-BRLTTY", "level": "problem", "what": "brltty is running.",
        "do": "Remove it.", "commands": ("sudo apt remove brltty",),
    }  # fmt: skip
    assert finding_lines(finding) == [
        "PROBLEM brltty is running.",
        "        Remove it.",
        "          sudo apt remove brltty",
    ]


def test_the_link_has_a_doctor() -> None:
    assert "core.link.doctor" in [module.__name__ for module in doctors()]
