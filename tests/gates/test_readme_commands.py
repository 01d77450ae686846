"""The two commands of the README, and that the checks run the second to the letter."""

import re
import shutil
import subprocess

import pytest


def command(root, name):
    """The one command line below `<!-- name -->`."""
    text = (root / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"^<!-- {name} -->\n```sh\n(.*?)^```$", text, re.S | re.M)
    (line,) = block.splitlines()
    return line


@pytest.fixture
def run(root, tmp_path):
    """Runs the project's check script on a README with this test command."""

    def run(line):
        (tmp_path / ".ci").mkdir()
        shutil.copy(root / ".ci" / "run", tmp_path / ".ci")
        text = (root / "README.md").read_text(encoding="utf-8")
        (tmp_path / "README.md").write_text(text.replace(command(root, "test"), line))
        return subprocess.run(
            ["bash", tmp_path / ".ci" / "run"],
            cwd="/",
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.mark.parametrize(
    ("name", "end"),
    [("demo", "&& .venv/bin/wattbench --demo"), ("test", "&& .venv/bin/python -m pytest")],
)
def test_command_needs_only_python_and_venv(root, name, end):
    line = command(root, name)
    assert line.startswith("python3 -m venv .venv && .venv/bin/pip install ")
    assert line.endswith(end)
    assert not re.search(r"\b(uv|sudo|source|activate|--break-system-packages|;)\b", line)


def test_check_script_runs_the_command_to_the_letter(run, tmp_path):
    ended = run("""A='it'"s" && echo "$A $PWD" && test -f README.md && echo last""")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-2:] == [f"its {tmp_path}", "last"]


def test_check_script_fails_with_the_command(run):
    assert run("false && echo not reached").returncode == 1


def test_check_script_refuses_a_readme_without_a_command(run):
    ended = run("")
    assert ended.returncode == 2
    assert "no test command" in ended.stderr
