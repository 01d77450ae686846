"""Reads a whole flash and proves it, 64 KiB at a time, with the chip's own CRC.

A CRC costs the chip a fraction of what reading costs the line, so blank flash is never read:
a block that has the CRC of FF is blank, and within a block the CRC already known tells for free
when everything that is left must be blank.  Every byte ends up covered by a matching chip CRC
over at most 64 KiB, and all of them by one over the whole flash (rulings P14).
"""

from __future__ import annotations

import asyncio
import zlib
from functools import cache

from core.beken import cells, faults
from core.beken.cells import Cells
from core.beken.client import TRIES, Client
from core.bkimage.flashmap import BLOCK, SECTOR
from core.fault import FaultError
from core.job import Reporter
from core.store.backups import Part

TELL_EVERY = 0.1


@cache
def blank_crc(size: int) -> int:
    """CRC-32 of `size` bytes of FF."""
    return zlib.crc32(b"\xff" * size)


class Reader:
    """One pass over the flash into `part`; `data` and `crc` are complete after `run`.

    `known` is what an unfinished backup holds: a block of it that has the chip's CRC is taken,
    not read; `kept` counts the bytes.
    """

    def __init__(
        self, client: Client, size: int, part: Part, report: Reporter, known: bytes = b""
    ) -> None:
        self.client, self.size, self.part, self.report = client, size, part, report
        self.known = known
        self.kept = 0
        self.data = bytearray(b"\xff" * size)
        self.map = Cells(size)
        self.crc = 0
        self.unstable = 0
        self.reread = 0
        self._done = 0
        self._told = float("-inf")

    async def run(self) -> None:
        """Read and prove everything.  Raises BK-UNPROVEN, and what client and disk raise."""
        for start in range(0, self.size, BLOCK):
            end = min(start + BLOCK, self.size)
            await self._block(start, end)
            await self.part.write(start, bytes(self.data[start:end]))
        self._tell(self.size, always=True)
        await self._whole()

    async def _block(self, start: int, end: int) -> None:
        expected = await self.client.crc(start, end)
        if expected == blank_crc(end - start):
            self._mark(start, end, cells.BLANK)
            self._tell(end)
            return
        if expected == zlib.crc32(self.known[start:end]) and len(self.known) >= end:
            self.data[start:end] = self.known[start:end]
            self.kept += end - start
            self._mark(start, end, cells.PROVEN)
            self._tell(end)
            return
        await self._fill(start, end, expected)
        if zlib.crc32(self._view(start, end)) != expected:
            await self._mend(start, end, expected)
        for at in range(start, end, SECTOR):
            if self.map.at(at) == cells.READ:
                blank = not self._view(at, at + SECTOR).strip(b"\xff")
                self._mark(at, at + SECTOR, cells.BLANK if blank else cells.PROVEN)
        self._tell(end)

    async def _fill(self, start: int, end: int, expected: int) -> None:
        """Read [start, end), which has the CRC `expected`, leaving out what must be blank."""
        at, span, so_far = start, SECTOR, 0
        while at < end:
            rest = end - at
            if zlib.crc32(b"\xff" * rest, so_far) == expected:
                self._mark(at, end, cells.BLANK)
                return
            if self._blank_before(at):
                span = min(span, rest)
                if await self.client.crc(at, at + span) == blank_crc(span):
                    self._mark(at, at + span, cells.BLANK)
                    so_far = zlib.crc32(b"\xff" * span, so_far)
                    at, span = at + span, span * 2
                    continue
                if span > SECTOR:
                    span = max(SECTOR, span // 2 // SECTOR * SECTOR)
                    continue
            await self._sector(at)
            so_far = zlib.crc32(self._view(at, at + SECTOR), so_far)
            at, span = at + SECTOR, SECTOR
            self._tell(at)

    def _blank_before(self, at: int) -> bool:
        """True when the sector before is blank: blank sectors come in runs."""
        return at > 0 and not self._view(at - SECTOR, at).strip(b"\xff")

    async def _sector(self, at: int) -> None:
        self.data[at : at + SECTOR] = await self.client.read_4k(at)
        self._mark(at, at + SECTOR, cells.READ)

    # -- when it does not agree ------------------------------------------------------------

    async def _mend(self, start: int, end: int, first: int) -> None:
        """Ask again, find the wrong sectors by halving, read those again."""
        again = await self.client.crc(start, end)
        if again != first:
            self.unstable += 1
            self.report.warn(
                "CRC-UNSTABLE",
                f"The chip gave two checksums for {_range(start, end)}: noise or supply.",
            )
        elif zlib.crc32(self._view(start, end)) != again:
            self.report.warn(
                "BYTES-LOST",
                f"Bytes were lost on the way in at {_range(start, end)}; reading again.",
            )
        for _ in range(TRIES):
            await self._mend_range(start, end)
            if await self._agrees(start, end):
                return
        raise self._unproven(start, end)

    async def _agrees(self, start: int, end: int) -> bool:
        """True when the chip's CRC equals ours; asked twice, for one answer may be damaged."""
        ours = zlib.crc32(self._view(start, end))
        for _ in range(2):
            if await self.client.crc(start, end) == ours:
                return True
        return False

    async def _mend_range(self, start: int, end: int) -> None:
        if await self.client.crc(start, end) == zlib.crc32(self._view(start, end)):
            return
        if end - start == SECTOR:
            self.reread += 1
            await self._sector(start)
            return
        middle = start + (end - start) // 2 // SECTOR * SECTOR
        await self._mend_range(start, middle)
        await self._mend_range(middle, end)

    async def _whole(self) -> None:
        """One CRC over everything; a second opinion only after a mismatch."""
        self.crc = zlib.crc32(self.data)
        if await self.client.crc(0, self.size) == self.crc:
            return
        self.unstable += 1
        if await self.client.crc(0, self.size) != self.crc:
            raise self._unproven(0, self.size)

    def _unproven(self, start: int, end: int) -> FaultError:
        self._mark(start, end, cells.FAILED)
        self._tell(start, always=True)
        if self.unstable:
            cause = "The chip's own checksum changes from read to read: noise or a weak supply."
            advice = "Feed the module from a separate 3.3 V supply, GND at the module; try again."
        else:
            cause = "The chip's checksum stays the same, ours changes: bytes are lost on the way."
            advice = "Use a lower speed with --baud, shorter wires or another adapter."
        return faults.UNPROVEN(
            what=f"{_range(start, end)} did not agree with the chip's checksum in {TRIES} tries.",
            cause=cause,
            next=advice,
            state=f"Nothing was changed. What was read is kept in {self.part.path.name}; it is not "
            "a backup.",
            evidence=self.client.evidence,
        )

    # -- telling ---------------------------------------------------------------------------

    def _view(self, start: int, end: int) -> bytes:
        return bytes(self.data[start:end])

    def _mark(self, start: int, end: int, cell: str) -> None:
        self.map.mark(start, end, cell)
        for sector in range(start // SECTOR, end // SECTOR):
            self.part.mark(sector, cell)

    def _tell(self, done: int, *, always: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        if always or now - self._told >= TELL_EVERY:
            self._told = now
            self.report.progress(done, self.size, "bytes", str(self.map))


def _range(start: int, end: int) -> str:
    return f"{start:#08x}-{end - 1:#08x}"
