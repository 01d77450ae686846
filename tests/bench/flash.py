"""Speed alone, writing, writing again and a T, against bk7231tools on the same simulated chip.

    python tests/bench/flash.py [DUMP.bin.xz]

Both clients run on a chip at true line speed.  Written is the application of the dump (281
sectors) to a chip with another one.  bk7231tools runs unmodified but for pyserial's modem lines.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backup import BK7231TOOLS, DUMPS, WATTBENCH, run
from table import Row, show

APP = slice(0x11000, 0x12A000)
BAUD = "921600"


@dataclass(frozen=True)
class Chip:
    """A running simulated plug and a folder to work in."""

    port: str
    home: Path
    process: subprocess.Popen[str]

    def flash(self) -> bytes:
        """Stop it and look into its flash."""
        self.process.terminate()
        self.process.wait()
        return (self.home / "saved.bin").read_bytes()

    def ours(self, *words: str | Path) -> tuple[float, dict[str, object]]:
        """Seconds and result of one verb."""
        command = (WATTBENCH, "plug", *map(str, words), "--port", self.port)
        seconds, _, printed = run(
            *command, "--home", str(self.home), "--json", "--yes", "--supply", "external"
        )
        return seconds, json.loads(printed.splitlines()[-1])

    def theirs(self, *words: str | Path) -> float:
        """Seconds of one of their verbs."""
        verb, *rest = map(str, words)
        return run(sys.executable, "-c", BK7231TOOLS, verb, "-d", self.port, *rest)[0]


@contextmanager
def chip(flash: bytes, crc_rate: float, *options: str) -> Iterator[Chip]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "flash.bin").write_bytes(flash)
        command = [WATTBENCH, "sim", "plug", "--rate", "line", "--crc-rate", str(crc_rate)]
        command += ["--flash", str(home / "flash.bin"), "--home", folder, *options]
        command += ["--save", str(home / "saved.bin")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield Chip(process.stdout.readline().strip(), home, process)
            finally:
                process.terminate()


def reading(dump: bytes, crc_rate: float, *options: str, default: bool) -> tuple[float, float]:
    """Backup: ours at the speed it finds, theirs at its default or at 921600."""
    speeds = ((), ()) if default else (("--baud", BAUD), ("-b", BAUD))
    with chip(dump, crc_rate, *options) as plug:
        mine, result = plug.ours("backup", *speeds[0])
        same(Path(str(result["file"])).read_bytes(), dump)
    with chip(dump, crc_rate, *options) as plug:
        out = plug.home / "theirs.bin"
        other = plug.theirs("read_flash", *speeds[1], out)
        same(out.read_bytes(), dump)
    return mine, other


def writing(dump: bytes, before: bytes, crc_rate: float) -> dict[str, tuple[float, float]]:
    """281 sectors at 921600 with verify, then the same again, then at the speed it finds."""
    found = {}
    with chip(before, crc_rate) as plug:
        image = plug.home / "image.bin"
        image.write_bytes(dump)
        _, kept = plug.ours("backup")
        words = ("flash", "--image", image, "--backup", str(kept["file"]))
        first, _ = plug.ours(*words, "--baud", BAUD)
        again, result = plug.ours(*words, "--baud", BAUD)
        if result["sectors_written"]:
            raise SystemExit("it was not there the second time")
        same(plug.flash(), dump)
    with chip(before, crc_rate) as plug:
        image = plug.home / "image.bin"
        image.write_bytes(dump)
        _, kept = plug.ours("backup")
        auto, _ = plug.ours("flash", "--image", image, "--backup", str(kept["file"]))
    with chip(before, crc_rate) as plug:
        part = plug.home / "app.bin"
        part.write_bytes(dump[APP])
        other = plug.theirs("write_flash", "-b", BAUD, "-s", "0x11000", part)
        same(plug.flash()[APP], dump[APP])
    found["write, 921600"] = first, other
    found["write again, 921600"] = again, other
    found["write, speed found alone"] = auto, other
    return found


def same(found: bytes, wanted: bytes) -> None:
    if hashlib.sha256(found).digest() != hashlib.sha256(wanted).digest():
        raise SystemExit("other bytes were read")


def main(path: Path | None = None) -> bool:
    from core.sim.firmware import stock_n, stock_t

    path = path or next(iter(sorted(DUMPS.glob("mirabella-genio-*.bin.xz"))), None)
    dump = lzma.decompress(path.read_bytes()) if path else stock_n(seed=9)
    before = dump[: APP.start] + stock_n(seed=5)[APP] + dump[APP.stop :]
    rows = []
    targets = {"write, 921600": 0.85, "write again, 921600": 0.10, "write, speed found alone": None}
    for crc_rate, held in ((1.5e6, True), (0.4e6, False)):
        note = f"CRC {crc_rate / 1e6} MB/s"
        if held:
            mine, other = reading(dump, crc_rate, default=True)
            rows.append(Row(f"backup, both as they come, {note}", mine, 0.10, theirs=other))
        mine, other = reading(stock_t(), crc_rate, "--chip", "t", default=False)
        rows.append(Row(f"backup of a T, 921600, {note}", mine, 0.80 if held else None,
                        theirs=other))  # fmt: skip
        for name, (mine, other) in writing(dump, before, crc_rate).items():
            target = targets[name] if held else None
            rows.append(Row(f"{name}, {note}", mine, target, theirs=other))
    name = path.name if path else "a synthetic flash"
    return show(f"Flash / bk7231tools: {name}", rows)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    sys.exit(0 if main(*map(Path, sys.argv[1:])) else 1)
