"""What is in memory after a command has run.  Sets of modules, never seconds."""

import pkgutil
import subprocess
import sys

import pytest

import core
from core.sim.firmware import openbeken_qio

RUN = """
import sys
from tui.cli import main
code = main(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    file.write("\\n".join(sys.modules))
sys.exit(code)
"""
# Where click is installed httpx loads a command line of its own, and rich with it; not ours.
IMPORT = """
import importlib, sys
sys.modules["click"] = None
for name in sys.argv[2:]:
    importlib.import_module(name)
with open(sys.argv[1], "w") as file:
    file.write("\\n".join(sys.modules))
"""

SCREEN = {"textual", "rich"}
HEAVY = SCREEN | {"bleak", "httpx"}


@pytest.fixture
def loaded(root, tmp_path):
    """Top-level and dotted names of what a fresh interpreter has loaded after this."""

    def run(program, *arguments, expect=0):
        listing = tmp_path / "modules"
        ended = subprocess.run(
            [sys.executable, "-c", program, str(listing), *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert ended.returncode == expect, ended.stdout + ended.stderr
        return set(listing.read_text().split())

    return run


def core_modules(below=""):
    """Dotted names of all of core, or of one room."""
    names = [m.name for m in pkgutil.walk_packages(core.__path__, "core.")]
    return [name for name in names if name.startswith(f"core.{below}")]


def test_core_loads_no_screen(loaded):
    names = core_modules()
    modules = loaded(IMPORT, *names)
    assert set(names) <= modules
    assert not modules & (SCREEN | {"tui", "argparse"})


def test_simulator_loads_no_device_and_no_line(loaded):
    backends = "core.sim.air_bleak"  # bleak's own base classes, for its backend= argument
    modules = loaded(IMPORT, *(name for name in core_modules("sim") if name != backends))
    rooms = {name.split(".")[1] for name in modules if name.startswith("core.")}
    assert rooms <= {"sim", "fault", "bkimage", "tlimage", "bthome", "profile", "tuya"}
    assert not modules & {"serial", "serial_asyncio", "bleak", "httpx"}


@pytest.mark.parametrize("flag", ["--version", "--help"])
def test_first_words_load_next_to_nothing(loaded, flag):
    modules = loaded(RUN, flag)
    assert not modules & (HEAVY | {"asyncio", "importlib.metadata", "serial", "cryptography"})
    assert not {name for name in modules if name.split(".")[0] == "core"}


@pytest.mark.parametrize("verb", ["plug", "sim", "info", "jobs", "ports"])
def test_help_of_a_verb_loads_no_screen_and_no_radio(loaded, verb):
    assert not loaded(RUN, verb, "--help") & HEAVY


@pytest.mark.parametrize("verb", ["info", "ports", "jobs list"])
def test_small_verbs_load_no_screen_and_no_radio(loaded, tmp_path, verb):
    assert not loaded(RUN, *verb.split(), "--home", str(tmp_path / "home")) & HEAVY


def test_plug_verb_without_a_port_loads_no_screen_and_no_radio(loaded, tmp_path):
    home, port = str(tmp_path / "home"), str(tmp_path / "no-port")
    assert not loaded(RUN, "plug", "info", "--port", port, "--home", home, expect=1) & HEAVY


@pytest.mark.parametrize("action", ["info", "backup", "flash"])
def test_plug_verb_at_work_loads_no_screen_and_no_radio(loaded, tmp_path, sim_plug, action):
    words = ["--port", sim_plug("--rate", "max"), "--home", str(tmp_path / "home")]
    if action == "flash":
        image = tmp_path / "OpenBK7231N_QIO_1.18.100.bin"
        image.write_bytes(openbeken_qio())
        words += ["--image", str(image), "--supply", "external", "--yes"]
    modules = loaded(RUN, "plug", action, *words)
    assert not modules & HEAVY
    assert {"serial_asyncio", f"core.beken.tasks.{action}"} <= modules
