"""Showing a dump and taking one value out of it, against bk7231tools dissect_dump -e.

    python tests/bench/backup_show.py [DUMP.bin.xz]

Without an argument the dump beside the checkout is taken, else a synthetic flash.  bk7231tools
needs pycryptodome for the store; where it is not installed it gets our AES in its place.
"""

from __future__ import annotations

import lzma
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from table import Row, show

from core.sim import firmware

DUMPS = Path(__file__).parents[3] / "shared" / "dumps"
WATTBENCH = str(Path(sys.executable).with_name("wattbench"))
ROUNDS = 7
BK7231TOOLS = """
import sys, types
try:
    import Crypto.Cipher.AES
except ImportError:
    from core.tuya import crypt
    class AES:
        MODE_ECB = 1
        def __init__(self, key): self.key = bytes(key)
        new = staticmethod(lambda key, mode: AES(key))
        def decrypt(self, data): return crypt.decrypt(bytes(data), self.key)
        def encrypt(self, data): return crypt.encrypt(bytes(data), self.key)
    package, cipher = types.ModuleType("Crypto"), types.ModuleType("Crypto.Cipher")
    package.Cipher, cipher.AES = cipher, AES
    sys.modules.update({"Crypto": package, "Crypto.Cipher": cipher})
from bk7231tools.__main__ import cli
cli()
"""


def wall(*commands: list[str]) -> float:
    """Seconds of these processes, one after the other."""
    began = time.perf_counter()
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def main(dump: Path | None = None) -> bool:
    dump = dump or next(iter(sorted(DUMPS.glob("mirabella-genio-*.bin.xz"))), None)
    data = lzma.decompress(dump.read_bytes()) if dump else firmware.stock_n()
    with tempfile.TemporaryDirectory() as folder:
        file, home = str(Path(folder) / "dump.bin"), ["--home", folder]
        Path(file).write_bytes(data)
        ours = (
            [WATTBENCH, "backup", "show", file, "--json", *home],
            [WATTBENCH, "backup", "extract", file, "--key", "user_param_key", *home],
        )
        tool = [sys.executable, "-c", BK7231TOOLS, "dissect_dump", "-e", "-O", folder, file]
        wall(*ours), wall(tool)
        pairs = [(wall(*ours), wall(tool)) for _ in range(ROUNDS)]
    mine, theirs = (median(column) for column in zip(*pairs, strict=True))
    name = dump.name if dump else "a synthetic flash"
    row = Row("show + extract / dissect_dump -e", mine, 0.25, theirs=theirs)
    return show(f"A dump looked at: {name}", [row])


if __name__ == "__main__":
    sys.exit(0 if main(*map(Path, sys.argv[1:])) else 1)
