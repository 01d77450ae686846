"""A warning is a failure: in the tests, and in a program that a developer runs."""

import subprocess
import sys
import warnings

import pytest


def test_warnings_fail_tests(pytestconfig):
    assert pytestconfig.getini("filterwarnings") == ["error"]
    with pytest.raises(UserWarning):
        warnings.warn("seen", UserWarning, stacklevel=1)


@pytest.mark.parametrize(
    "command",
    ["--version", "--help", "info", "ports", "jobs list", "plug info --port PORT",
     "plug backup --port PORT --json"],
)  # fmt: skip
def test_program_gives_no_warning(command, root, tmp_path, sim_plug):
    """Also none from a destructor: those reach only the standard error."""
    words = command.replace("PORT", sim_plug("--rate", "max") if "PORT" in command else "").split()
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-m", "tui", *words,
         "--home", str(tmp_path / "home")],
        cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for word in ("Warning", "Exception ignored", "Traceback"):
        assert word not in ended.stderr
