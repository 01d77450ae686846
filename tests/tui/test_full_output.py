"""Output that its file does not take: exit 1 and one line; a reader that went away is no fault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.profile.block import Block

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
VERBS = [
    ("--help",),
    ("--version",),
    ("jobs", "--help"),
    ("jobs", "list"),
    ("--json", "info"),
    ("openbk", "export", "127.0.0.1:1"),
    ("--json", "openbk", "show", "127.0.0.1:1"),
]


def wattbench(
    home: Path, words: tuple[str, ...], stdout: object, flags: str = ""
) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, *flags.split(), "-m", "tui", *words, "--home", str(home)],
        stdout=stdout,  # type: ignore[call-overload]
        stderr=subprocess.PIPE,
        text=True,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_a_full_disk_is_a_fault_that_is_said_once(tmp_path: Path, words: tuple[str, ...]) -> None:
    flags = "-u" if "--json" in words else ""  # buffered or not, it is the same
    with FULL.open("wb") as full:
        code, said = wattbench(tmp_path, words, full, flags)
    silent = "export" in words  # its file is not begun
    assert code == 1 and "INTERNAL" not in said and "Traceback" not in said
    assert said.count("The output is not whole: No space left on device.") == (not silent)


def test_a_profile_that_its_file_does_not_take_is_not_exported(tmp_path: Path) -> None:
    """A dump in place of the device, so that there is something to write."""
    dump = bytearray(b"\xff" * (2 << 20))
    dump[0x1D1000 : 0x1D1000 + 4096] = Block.new().sector()
    path = tmp_path / "dump.bin"
    path.write_bytes(dump)
    words = ("openbk", "export", str(path))
    assert wattbench(tmp_path, words, subprocess.DEVNULL) == (0, "")
    with FULL.open("wb") as full:
        assert wattbench(tmp_path, words, full) == (
            1,
            "wattbench: The output is not whole: No space left on device.\n",
        )


def test_who_has_read_enough_is_no_fault(tmp_path: Path) -> None:
    for words in VERBS[:5]:
        with subprocess.Popen(
            [sys.executable, "-m", "tui", *words, "--home", str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.close()
            said = process.stderr.read()
            assert process.wait() == 0 and b"not whole" not in said and b"INTERNAL" not in said
