"""The backup of a real flash against bk7231tools, both from the same simulated chip at line speed.

    python tests/bench/backup.py [DUMP.bin.xz]

Without an argument the dump beside the checkout is taken, else a synthetic flash.  bk7231tools
runs unmodified but for pyserial's modem lines, which a pseudo terminal does not have.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from table import Row, show

BAUD = "921600"
DUMPS = Path(__file__).parents[3] / "shared" / "dumps"
WATTBENCH = str(Path(sys.executable).with_name("wattbench"))
BK7231TOOLS = """
import serial
serial.Serial._update_rts_state = serial.Serial._update_dtr_state = lambda self: None
from bk7231tools.__main__ import cli
cli()
"""


@contextmanager
def plug(flash: Path | None, crc_rate: float, home: Path) -> Iterator[str]:
    """A fresh simulated plug; the path of its port."""
    options = ["--rate", "line", "--crc-rate", str(crc_rate), "--home", str(home)]
    options += ["--flash", str(flash)] if flash else []
    command = [WATTBENCH, "sim", "plug", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@dataclass(frozen=True, slots=True)
class Read:
    """One backup: how long it took, its memory at the peak, and the sha256 of what was read."""

    seconds: float
    megabytes: float
    sha256: str


def run(*command: str) -> tuple[float, float, str]:
    """Seconds and peak megabytes of one run, and what it printed."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        for stream in (out, err):
            stream.seek(0)
        if process.returncode:
            raise SystemExit(f"{command}: {process.returncode}\n{err.read().decode()}")
        return seconds, usage.ru_maxrss / 1024, out.read().decode()


def ours(port: str, home: Path) -> Read:
    seconds, memory, printed = run(
        WATTBENCH, "plug", "backup", "--port", port, "--baud", BAUD, "--home", str(home), "--json"
    )
    result = json.loads(printed.splitlines()[-1])
    return Read(seconds, memory, digest(Path(result["file"])))


def theirs(port: str, home: Path) -> Read:
    out = home / "theirs.bin"
    command = (sys.executable, "-c", BK7231TOOLS, "read_flash", "-d", port, "-b", BAUD, str(out))
    seconds, memory, _ = run(*command)
    return Read(seconds, memory, digest(out))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(flash: Path | None = None) -> bool:
    if flash is None:
        flash = next(iter(sorted(DUMPS.glob("mirabella-genio-*.bin.xz"))), None)
    rows = []
    for crc_rate, target in ((1.5e6, 0.75), (0.4e6, None)):
        found = []
        for reader in (ours, theirs):
            with tempfile.TemporaryDirectory() as folder:
                home = Path(folder)
                with plug(flash, crc_rate, home) as port:
                    found.append(reader(port, home))
        mine, other = found
        if mine.sha256 != other.sha256:
            raise SystemExit("the two read different bytes")
        name = f"chip's CRC at {crc_rate / 1e6} MB/s"
        rows.append(Row(name, mine.seconds, target, theirs=other.seconds))
    rows.append(Row("memory at its peak", mine.megabytes, 60, "MB"))
    if flash is not None:
        wanted = hashlib.sha256(lzma.decompress(flash.read_bytes())).hexdigest()
        if wanted != mine.sha256:
            raise SystemExit("both differ from the dump")
    name = flash.name if flash else "a synthetic flash"
    return show(f"Backup at {BAUD} baud / bk7231tools read_flash: {name}", rows)


if __name__ == "__main__":
    sys.exit(0 if main(*map(Path, sys.argv[1:])) else 1)
