"""The built wheel is whole: it works from another folder with only itself."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

FROM_ELSEWHERE = """
import sys
from tui.cli import main
code = main(sys.argv[1:])
for name, module in sorted(sys.modules.items()):
    if name.split(".")[0] in ("core", "tui"):
        print("from", module.__file__, file=sys.stderr)
sys.exit(code)
"""


def python(*arguments, **options):
    ended = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        **options,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("dist")
    python("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=root)
    (path,) = folder.glob("wattbench-*-py3-none-any.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with what the wheel installs, and nothing of its dependencies."""
    site = tmp_path_factory.mktemp("site")
    python("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", site, wheel)
    return site


def test_wheel_holds_the_program_and_nothing_else(root, wheel):
    files = {
        path.relative_to(root).as_posix()
        for package in ("core", "tui")
        for path in (root / package).glob("**/*")
        if path.is_file() and path.suffix not in (".pyc", ".pyo")
    }
    assert {"tui/app.tcss", "tui/verbs/plug.py", "tui/panes/flash/pane.py"} <= files
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == files


def test_wheel_brings_command_and_licence(wheel):
    with zipfile.ZipFile(wheel) as archive:
        found = {
            n.partition(".dist-info/")[2]: archive.read(n).decode() for n in archive.namelist()
        }
    assert "wattbench = tui.cli:main" in found["entry_points.txt"]
    assert "MIT" in found["licenses/LICENSE"]
    assert "Requires-Python: >=3.11" in found["METADATA"]


@pytest.mark.parametrize("words", ["--version", "--help", "info", "plug --help"])
def test_wheel_works_from_another_folder(root, installed, tmp_path, words):
    arguments = words.split()
    if arguments[0] == "info":
        arguments += ["--home", str(tmp_path / "home"), "--json"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    ended = python("-c", FROM_ELSEWHERE, *arguments, cwd=elsewhere, env=environment)
    places = [line[5:] for line in ended.stderr.splitlines() if line.startswith("from ")]
    assert places
    assert all(place.startswith(str(installed)) for place in places), places
    if words == "info":
        result = json.loads(ended.stdout)
        assert (result["event"], result["home"]) == ("result", str(tmp_path / "home"))
    else:
        assert "wattbench" in ended.stdout


def test_command_of_the_wheel_runs(installed, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    ended = python(str(installed / "bin" / "wattbench"), "--version", cwd=tmp_path, env=environment)
    assert ended.stdout.startswith("wattbench ")
