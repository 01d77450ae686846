"""Is the chip still what a dump says?  Told by its own checksums, without reading it.

One checksum covers 64 KiB; only where it disagrees are the 4 KiB sectors asked one by one.
Nothing is changed.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.beken.tasks.session import PlugOptions, session
from core.bkimage.flashmap import BLOCK, SECTOR
from core.fault import Exit
from core.job import Reporter, Result
from core.link.api import OpenPort

SAME, OTHER, UNASKED = "=", "x", " "
_TELL_EVERY = 0.1

Named = Callable[[int, int], str]
"""What lies in [start, end), in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions(PlugOptions):
    """How to reach the plug, and the dump: its bytes, the flash address of the first, and who
    gives names to areas."""

    dump: bytes = field(repr=False)
    base: int = 0
    name: Named = lambda start, end: f"{start:#08x}-{end - 1:#08x}"


async def compare(report: Reporter, options: CompareOptions, *, ports: OpenPort) -> Result:
    """Compare the linked chip with a dump.

    Result: `equal`, `ranges` (lists of [start, end) in flash addresses, whole sectors), `areas`
    (names), chip, mac, `exit` (0 or 4), summary.  Bytes at the dump's ends that fill no sector are
    left out, as is what the chip does not have.  Raises what linking and identifying raise.
    """
    async with session(report, options, ports, "Backup: compare", (1, 3)) as plug:
        await plug.speed_up()
        report.phase("Compare checksums", 3, 3)
        start = options.base + -options.base % SECTOR
        end = min(plug.device.size, options.base + len(options.dump))
        walk = _Walk(plug.client.crc, report, options, start, end - end % SECTOR)
        await walk.run()
        device = plug.device
    ranges = _joined(walk.different)
    areas = list(dict.fromkeys(options.name(a, b) for a, b in walk.different))
    size_differs = device.size != options.base + len(options.dump) and not options.base
    text = "The chip equals the dump." if not ranges else f"They differ: {', '.join(areas)}."
    if size_differs:
        text += f" The chip has {device.size} bytes, the dump {len(options.dump)}."
    equal = not ranges and not size_differs
    return {
        "equal": equal,
        "chip": device.chip,
        "mac": device.mac,
        "compared": max(0, walk.end - walk.start),
        "ranges": [list(pair) for pair in ranges],
        "areas": areas,
        "summary": text,
        "exit": Exit.DONE if equal else Exit.DIFFERENT,
    }


class _Walk:
    """Goes through the flash in blocks; `different` are sectors that disagree."""

    def __init__(
        self,
        crc: Callable[[int, int], Awaitable[int]],
        report: Reporter,
        options: CompareOptions,
        start: int,
        end: int,
    ) -> None:
        self.start, self.end = start, end
        self.different: list[tuple[int, int]] = []
        self._crc, self._report, self._options = crc, report, options
        self._cells = [UNASKED] * max(0, (end - start) // SECTOR)
        self._told = float("-inf")

    async def run(self) -> None:
        at = self.start
        while at < self.end:
            stop = min(at - at % BLOCK + BLOCK, self.end)
            if await self._agrees(at, stop):
                self._mark(at, stop, SAME)
            else:
                for sector in range(at, stop, SECTOR):
                    # asked twice: one damaged answer must not make a difference
                    same = await self._agrees(sector, sector + SECTOR) or await self._agrees(
                        sector, sector + SECTOR
                    )
                    self._mark(sector, sector + SECTOR, SAME if same else OTHER)
                    if not same:
                        self.different.append((sector, sector + SECTOR))
            at = stop
            self._tell(at)

    async def _agrees(self, start: int, end: int) -> bool:
        base = self._options.base
        ours = zlib.crc32(self._options.dump[start - base : end - base])
        return await self._crc(start, end) == ours

    def _mark(self, start: int, end: int, cell: str) -> None:
        first = (start - self.start) // SECTOR
        count = (end - start) // SECTOR
        self._cells[first : first + count] = [cell] * count

    def _tell(self, at: int) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told >= _TELL_EVERY or at == self.end:
            self._told = now
            done, total = at - self.start, self.end - self.start
            self._report.progress(done, total, "bytes", "".join(self._cells))


def _joined(sectors: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Neighbouring sectors as one range."""
    found: list[tuple[int, int]] = []
    for start, end in sectors:
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found
