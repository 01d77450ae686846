"""The table of imports holds, and a breach of it is noticed."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib

import pytest

SCRIPT = "from importlinter.cli import lint_imports_command as run; run()"

# (file, what is added to it, the contract that must break).  Files that are not there are made, so
# that rooms still to come are covered.
BREACHES = {
    "upwards": ("core/fault.py", "import core.job", "imports go down only"),
    "over several floors": ("core/store/files.py", "import tui.host", "imports go down only"),
    "into a device": ("core/link/api.py", "import core.beken.wire", "imports go down only"),
    "a neighbour": ("core/openbk/__init__.py", "import core.beken.wire", "imports go down only"),
    "the screen": ("core/job.py", "import textual.app", "core knows no screen"),
    "colours": ("core/beken/wire.py", "import rich", "core knows no screen"),
    "sim knows a device": (
        "core/sim/plug_wire.py",
        "import core.beken.wire",
        "the simulator knows formats and no device",
    ),
    "sim knows the line": (
        "core/sim/plug.py",
        "def late():\n    from core.link import api",
        "the simulator knows formats and no device",
    ),
    "verb knows sim": (
        "tui/verbs/plug.py",
        "import core.sim.serve",
        "only the rooms of the sim verb know the simulator",
    ),
    "core knows sim": (
        "core/beken/client.py",
        "import core.sim.plug_wire",
        "only the rooms of the sim verb know the simulator",
    ),
}


def lint(folder):
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, "--no-cache"], cwd=folder, capture_output=True, text=True
    )


@pytest.fixture
def copy(root, tmp_path):
    """The program's source in a folder of its own."""
    shutil.copy(root / "pyproject.toml", tmp_path)
    for package in ("core", "tui"):
        shutil.copytree(
            root / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def test_contracts_hold(root):
    ended = lint(root)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("breach", BREACHES)
def test_breach_is_noticed(breach, copy):
    name, line, contract = BREACHES[breach]
    path = copy / name
    path.parent.mkdir(exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")
    ended = lint(copy)
    assert ended.returncode != 0
    assert f"{contract} BROKEN" in ended.stdout, ended.stdout + ended.stderr


def test_every_room_of_core_stands_in_the_table(root):
    """A new package cannot be left out of the contracts by forgetting it."""
    config = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    table = config["tool"]["importlinter"]["contracts"][0]["layers"]
    named = set(re.findall(r"core\.(\w+)", " ".join(table))) | {"sim"}
    rooms = {p.parent.name for p in root.glob("core/*/__init__.py")}
    modules = {p.stem for p in root.glob("core/*.py")} - {"__init__"}
    assert rooms | modules <= named


def test_devices_stand_on_one_line_in_both_tables(root):
    """A line of its own would let the other devices import the new one."""
    config = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    tables = [c["layers"] for c in config["tool"]["importlinter"]["contracts"] if "layers" in c]
    (first, second) = ([row for row in table if "core.beken" in row] for table in tables)
    assert first == second
    devices = {path.parent.name for path in root.glob("core/*/client.py")}
    assert devices <= set(re.findall(r"core\.(\w+)", first[0]))


def test_simulator_names_formats_and_fault_only(root):
    allowed = {"sim", "fault", "bkimage", "tlimage", "bthome", "profile", "tuya"}
    found = set()
    for path in root.glob("core/sim/**/*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                module = node.module or ""
                names = [f"core.{a.name}" for a in node.names] if module == "core" else [module]
            found |= {name.split(".")[1] for name in names if name.startswith("core.")}
    assert "sim" in found
    assert found <= allowed
