"""The backup of a real flash against bk7231tools, both from the same simulated chip at line speed.

    python tests/bench/backup.py [DUMP.bin.xz]

Without an argument the dump beside the checkout is taken, else a synthetic flash.  bk7231tools
runs unmodified but for pyserial's modem lines, which a pseudo terminal does not have.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


def run(*command: str) -> tuple[float, str]:
    """Seconds of one run, and what it printed."""
    began = time.perf_counter()
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if ended.returncode:
        raise SystemExit(ended.stdout + ended.stderr)
    return seconds, ended.stdout


def ours(port: str, home: Path) -> tuple[float, str]:
    """Seconds, and the sha256 of the file."""
    seconds, printed = run(
        WATTBENCH, "plug", "backup", "--port", port, "--baud", BAUD, "--home", str(home), "--json"
    )
    result = json.loads(printed.splitlines()[-1])
    return seconds, digest(Path(result["file"]))


def theirs(port: str, home: Path) -> tuple[float, str]:
    out = home / "theirs.bin"
    command = (sys.executable, "-c", BK7231TOOLS, "read_flash", "-d", port, "-b", BAUD, str(out))
    seconds, _ = run(*command)
    return seconds, digest(out)


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
        (our_time, our_sum), (their_time, their_sum) = found
        if our_sum != their_sum:
            raise SystemExit("the two read different bytes")
        rows.append(
            Row(f"chip's CRC at {crc_rate / 1e6} MB/s", our_time, target, theirs=their_time)
        )
    if flash is not None:
        wanted = hashlib.sha256(lzma.decompress(flash.read_bytes())).hexdigest()
        if wanted != our_sum:
            raise SystemExit("both differ from the dump")
    name = flash.name if flash else "a synthetic flash"
    return show(f"Backup at {BAUD} baud / bk7231tools read_flash: {name}", rows)


if __name__ == "__main__":
    sys.exit(0 if main(*map(Path, sys.argv[1:])) else 1)
