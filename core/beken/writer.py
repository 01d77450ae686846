"""Erases, writes and proves the planned range, sector by sector.

Each sector is erased, written and compared with the chip's CRC before the next one is touched,
so at any moment everything behind is proven and everything ahead is as it was.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable

from core.beken import cells, faults
from core.beken.cells import Cells
from core.beken.client import TRIES, Client
from core.beken.plan import KEPT_REGIONS, Plan
from core.beken.wire import Unit
from core.beken.wiring import SUPPLY_TEXT
from core.bkimage.flashmap import BLANK_CRC, SECTOR
from core.fault import FaultError
from core.job import Reporter

TELL_EVERY = 0.1
RELINKS = 3

Relink = Callable[[], Awaitable[None]]
"""Link again after the chip was lost, and prove that it is the same device."""


class Writer:
    """Carries out one plan.

    `done` is the end of what is written and proven; `touched` is True from the first erase on,
    unless that one is proven to have changed nothing.
    """

    def __init__(self, client: Client, plan: Plan, report: Reporter, relink: Relink) -> None:
        self.client, self.plan, self.report, self._relink = client, plan, report, relink
        self.map = Cells(plan.device.size, cells.KEPT)
        self.map.mark(plan.start, plan.end, cells.UNTOUCHED)
        self.done = plan.start
        self.touched = False
        self.retries = 0
        self._erases = False
        self._relinks = RELINKS
        self._told = float("-inf")

    async def run(self) -> None:
        """Write everything.  Raises BK-NO-ERASE, BK-NO-WRITE, STOPPED, and what linking raises."""
        while self.done < self.plan.end:
            self.report.stop_point()
            try:
                await self._sector(self.done)
            except FaultError as error:
                self._mark(self.done, cells.FAILED)
                self._tell(always=True)
                if error.fault.code != faults.LOST.code or not self._relinks:
                    raise
                self._relinks -= 1
                self.report.warn("LINK-LOST", f"{error.fault.what} Linking again.")
                await self._relink()
                continue
            self.done += SECTOR
            self._tell()
        self._tell(always=True)

    async def _sector(self, at: int) -> None:
        data = self._wanted(at)
        wanted = zlib.crc32(data)
        for attempt in range(TRIES):
            self.retries += attempt > 0
            # The first erase proves that this flash erases at all; a retry finds out what failed.
            prove = attempt > 0 or not self._erases
            await self._erase(at, prove=prove, last=attempt == TRIES - 1)
            if data != b"\xff" * SECTOR:
                await self.client.write_4k(self.plan.permit, at, data)
                self._mark(at, cells.WRITTEN)
            if await self._is(at, wanted):
                self._mark(at, cells.VERIFIED)
                return
        raise faults.NO_WRITE(
            what=f"Sector {at:#08x} was written {TRIES} times and its checksum is still wrong.",
            cause="The supply sags while writing, or the flash is worn out.",
            next=f"{SUPPLY_TEXT} Then start again.",
            evidence=self.client.evidence,
        )

    async def _erase(self, at: int, *, prove: bool, last: bool) -> None:
        self.touched = True
        await self.client.erase(self.plan.permit, Unit.SECTOR, at)
        self._mark(at, cells.ERASED)
        if not prove:
            return
        blank = await self._is(at, BLANK_CRC[SECTOR])
        if not (blank or self._erases) and await self._is(at, self.plan.proof.first_sector):
            self.touched = False
            raise self._not_erased(at, "The flash is still protected.")
        self._erases = self._erases or blank
        if not blank and last:
            raise self._not_erased(at, "The supply sags while erasing, or the flash is worn out.")

    def _not_erased(self, at: int, cause: str) -> FaultError:
        return faults.NO_ERASE(
            what=f"Sector {at:#08x} was erased, but the chip's checksum says it is not blank.",
            cause=cause,
            next=f"{SUPPLY_TEXT} Then start again.",
            evidence=self.client.evidence,
        )

    async def _is(self, at: int, wanted: int) -> bool:
        """True when the chip's CRC of the sector is `wanted`; one damaged answer is forgiven."""
        for _ in range(2):
            if await self.client.crc(at, at + SECTOR) == wanted:
                return True
        return False

    def _wanted(self, at: int) -> bytes:
        return self.plan.target[at - self.plan.start : at - self.plan.start + SECTOR]

    async def verify(self) -> None:
        """The whole range and everything that was to be kept.  Raises BK-NOT-AS-PLANNED."""
        plan = self.plan
        checks = [("the written range", plan.start, plan.end, zlib.crc32(plan.target))]
        checks += [
            (region.name, region.start, region.end, crc)
            for region, crc in zip(KEPT_REGIONS, plan.proof.kept, strict=True)
        ]
        for index, (name, start, end, wanted) in enumerate(checks, 1):
            self.report.progress(index - 1, len(checks), "ranges", str(self.map))
            found = await self.client.crc(start, end)
            if found != wanted and await self.client.crc(start, end) != wanted:
                self.map.mark(start, end, cells.FAILED)
                self._tell(always=True)
                raise faults.NOT_AS_PLANNED(
                    what=f"The chip's checksum of {name} ({start:#08x}-{end - 1:#08x}) is "
                    f"{found:08X}, planned was {wanted:08X}.",
                    cause="A request was damaged on the line, or the supply sagged.",
                    next=f"{SUPPLY_TEXT} Then start again; the backup is {plan.backup.path}.",
                    evidence=self.client.evidence,
                )
        self.report.progress(len(checks), len(checks), "ranges", str(self.map))

    def _mark(self, at: int, cell: str) -> None:
        self.map.mark(at, at + SECTOR, cell)

    def _tell(self, *, always: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        if always or now - self._told >= TELL_EVERY:
            self._told = now
            total = self.plan.end - self.plan.start
            self.report.progress(self.done - self.plan.start, total, "bytes", str(self.map))
