"""The meter module over TLSRPGM, on the simulated programmer at true line speed.

    python tests/bench/module.py

Times are those of line, SWire, flash, USB and host as the simulator models them, on a clock that
jumps: this computer's own time is left out.  A backup is held against a plain read by the
published logs, 17.7 ms + 10815/baud s a KiB; a write against the sequence of requests that
TlsrPgm.py sends, on the same simulator.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from table import Row, show  # noqa: E402

from core.events import Event  # noqa: E402
from core.link.memory import MemoryLink  # noqa: E402
from core.sim.module import Module, ModuleOptions  # noqa: E402
from core.sim.module_images import meter_image, module_flash  # noqa: E402
from core.sim.module_wire import framed  # noqa: E402
from core.store.files import read  # noqa: E402
from tests.core.telink.bench import Bench, result_of  # noqa: E402
from tests.virtual_clock import run  # noqa: E402

INDEX = {230400: 1, 1500000: 6}
KIB = 512
IMAGE = meter_image()
OLD = meter_image("V1.6", 75492, 16)
FULL = module_flash(IMAGE, full=True)
USED = module_flash(IMAGE)


def plain_read(baud: int) -> float:
    """Seconds of a plain read of the whole flash, by the logs."""
    return KIB * (17.7e-3 + 10815 / baud)


class Marks:
    """When each phase of the job began, in seconds of the job."""

    def __init__(self, events: list[Event]) -> None:
        self.began = {e.body.name: e.t for e in events if e.body.event == "phase"}

    def between(self, first: str, last: str) -> float:
        return self.began[last] - self.began[first]


async def job(kind: str, flash: bytes, baud: int, version: int, folder: Path) -> Marks:
    module = Module(flash, ModuleOptions(version=version))
    bench = Bench(folder, module, baud)
    bench.image.write_bytes(IMAGE)
    result = result_of(await bench.job(kind))
    if kind == "backup" and read(Path(str(result["file"]))) != flash:
        raise SystemExit("the backup is not the flash")
    if kind == "flash" and bytes(module.flash[: len(IMAGE)]) != IMAGE:
        raise SystemExit("the image is not on the flash")
    return Marks(bench.events)


def ours(kind: str, flash: bytes, baud: int, version: int, first: str, last: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return run(job(kind, flash, baud, version, Path(folder))).between(first, last)


class Theirs:
    """The requests of TlsrPgm.py 26.04.26, `we 0 FILE`, one after the other."""

    def __init__(self, link: MemoryLink) -> None:
        self.link = link

    async def ask(self, body: str | bytes, size: int) -> bytes:
        data = bytes.fromhex(body) if isinstance(body, str) else body
        await self.link.write(framed(data))
        reply = await self.link.read_exactly(size, 7.0)
        if len(reply) != size:
            raise SystemExit(f"{data[:4].hex()}: {reply.hex()}")
        return reply

    async def idle(self) -> None:
        while (await self.ask("06000000", 7))[4] & 1:
            pass

    async def write(self, image: bytes) -> None:
        await self.ask("0d0000000000 06", 6)
        await self.ask("0d0000000000 0100", 6)
        await self.idle()
        await self.ask("06000000", 7)
        for at in range(0, len(image), 256):
            address = at.to_bytes(3, "little")
            if at % 4096 == 0:
                await self.ask(b"\x03" + address, 6)
                await self.idle()
            page = image[at : at + 256]
            await self.ask(b"\x02" + address + page, 6)
            await self.idle()
            await self.ask(b"\x0e" + address + len(page).to_bytes(2, "little"), 6)


async def tlsrpgm(flash: bytes, baud: int) -> float:
    """Seconds of the public tool's write, activation excluded."""
    module = Module(flash, replace(ModuleOptions(), keep_sws=True))
    link = MemoryLink(module, baud=230400)
    tool = Theirs(link)
    await tool.ask(bytes([0, 5, INDEX[baud], 0]), 6)
    await link.set_baud(baud)
    began = asyncio.get_running_loop().time()
    await tool.write(IMAGE)
    spent = asyncio.get_running_loop().time() - began
    if bytes(module.flash[: len(IMAGE)]) != IMAGE:
        raise SystemExit("the public tool's image is not on the flash")
    return spent


def main() -> bool:
    rows = []
    read = ("Connect", "Keep")
    for baud, used, full in ((230400, 0.60, 1.35), (1500000, 1.00, 1.80)):
        for name, flash, target in (("75 KB image", USED, used), ("full flash", FULL, full)):
            spent = ours("backup", flash, baud, 8, "Read and prove", "Keep")
            rows.append(Row(f"backup, {name}, {baud}", spent, target, theirs=plain_read(baud)))
        spent = ours("backup", USED, baud, 8, *read)
        rows.append(Row(f"the same, with connect, {baud}", spent, used, theirs=plain_read(baud)))
        spent = ours("backup", FULL, baud, 2, "Read and prove", "Keep")
        rows.append(Row(f"backup, version 2, {baud}", spent, 2.1, theirs=plain_read(baud)))
    for baud in INDEX:
        for name, flash in (("over V1.6", module_flash(OLD)), ("new module", module_flash(None))):
            spent = ours("flash", flash, baud, 8, "Unlock", "Compare")
            theirs = run(tlsrpgm(flash, baud))
            rows.append(Row(f"write 75 KB {name}, {baud}", spent, 0.85, theirs=theirs))
    for baud in INDEX:
        spent = ours("flash", module_flash(OLD), baud, 8, "Unlock", "Start")
        rows.append(Row(f"the same, MAC compared, {baud}", spent, None))
    return show("Module: backup / plain read by the logs; write / TlsrPgm.py's requests", rows)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
