"""Erases, writes and proves the planned sectors; at every moment the chip boots all or nothing.

First the boot mark of the first bank is cleared, which needs no erase: from then on the hardware
boots the other bank, or none and keeps SWS open.  Then every sector but the first is erased,
programmed and proven; the first sector follows, and its first page, with the mark, is the very
last (rulings T2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import pairwise

from core.fault import FaultError
from core.job import Reporter
from core.telink import cells, faults
from core.telink.cells import Cells
from core.telink.client import Client
from core.telink.conversation import TRIES
from core.telink.identify import PROTECTION
from core.telink.plan import Plan, marks_bank
from core.tlimage.flashmap import BANK_SIZE, KIB, PAGE, SECTOR
from core.tlimage.image import MAGIC_AT

TELL_EVERY = 0.1
RECOVERIES = 3
BLANK = b"\xff" * SECTOR
Recover = Callable[[], Awaitable[None]]
"""Reach the module again after it was lost, and prove that it is the same."""


class Writer:
    """Carries out one plan.  `touched` is True from the first change of the flash on; `proven`
    holds the sectors that are as planned."""

    def __init__(self, client: Client, plan: Plan, report: Reporter, recover: Recover) -> None:
        self.client, self.plan, self.report, self._recover = client, plan, report, recover
        self.map = Cells(plan.module.size, cells.KEPT)
        for start, end in plan.ranges:
            self.map.mark(start, end, cells.UNTOUCHED)
        self.touched = False
        self.unlocked = False
        self.retries = 0
        self.proven: set[int] = set()
        self._recoveries = RECOVERIES
        self._told = float("-inf")

    async def unlock(self) -> bool:
        """Clear the protection; True if there was any.  Raises TL-LOCKED."""
        before = await self.client.status()
        for _ in range(TRIES):
            status = await self.client.unlock(self.plan.permit)
            if not status:
                self.unlocked = True
                return bool(before & PROTECTION)
        raise faults.LOCKED(
            what=f"The status of the flash stays {status:02X} after clearing it {TRIES} times.",
            cause="The supply is too weak to write, or the part needs another way to unlock.",
            next="3.3 V at the module; then try again.",
            evidence=self.client.evidence,
        )

    async def run(self, steps: tuple[int, int]) -> None:
        """Bring every sector to what the plan wants, then look at all of them once more; `steps`
        is (index of the write phase, phases).

        Raises TL-VERIFY, TL-LOST-PAGE, TL-LOST-ERASE, TL-BUSY, STOPPED, what recovering raises.
        """
        index, of = steps
        self.report.phase("Write", index, of)
        todo = await self._todo()
        for _ in range(TRIES):
            await self._all(todo)
            self.report.phase("Verify", index + 1, of)
            todo = await self._check()
            if not todo:
                return
            self.report.warn("VERIFY", f"{len(todo)} sectors differ at the last look; again.")
            self.retries += len(todo)
        raise self._not_held(todo[0])

    async def _todo(self) -> list[int]:
        """The sectors that are not yet as planned: by the backup just made, else by asking."""
        found = []
        for at in self.plan.sectors:
            wanted = self.plan.wanted(at)
            if self.plan.known:
                right = self.plan.known[at : at + SECTOR] == wanted
            else:
                right = await self._guarded(at, partial(self._holds, at))
            if right:
                self._done(at)
            else:
                found.append(at)
            self._tell()
        return found

    async def _all(self, todo: list[int]) -> None:
        """Erase, write and prove these sectors, the one with the boot mark last."""
        first = [at for at in todo if at == 0]
        if any(at < BANK_SIZE for at in todo) and 0 in self.plan.sectors:
            await self._guarded(0, self._clear_mark)
            first = [0]
        for at in [*(at for at in todo if at), *first]:
            self.report.stop_point()
            await self._guarded(at, partial(self._sector, at))
            self._done(at)
            self._tell()
        self._tell(always=True)

    async def _guarded(self, at: int, step: Callable[[], Awaitable[bool]]) -> bool:
        """Do one step; where the module was lost on the way, reach it again and repeat."""
        while True:
            try:
                return await step()
            except FaultError as error:
                self.proven.discard(at)
                self.map.mark(at, at + 1, cells.FAILED)
                self._tell(always=True)
                if error.fault.code not in faults.LOSABLE or not self._recoveries:
                    raise
                self._recoveries -= 1
                self.report.warn("LOST", f"{error.fault.what} Trying to reach it again.")
                await self._recover()

    async def _clear_mark(self) -> bool:
        """Zero the boot mark of the first bank, if it is set: bits only fall, no erase needed."""
        if not marks_bank(await self.client.read(0, MAGIC_AT + 1)):
            return True
        for _ in range(TRIES):
            self.touched = True
            await self.client.program(self.plan.permit, MAGIC_AT, b"\0")
            if not marks_bank(await self.client.read(0, MAGIC_AT + 1)):
                self.proven.discard(0)
                return True
        raise self._not_held(0)

    async def _sector(self, at: int) -> bool:
        wanted = self.plan.wanted(at)
        for attempt in range(TRIES):
            self.retries += attempt > 0
            if attempt or not self._was_blank(at):
                self.touched = True
                await self.client.erase(self.plan.permit, at)
            self.map.mark(at, at + 1, cells.ERASED)
            await self._pages(at, wanted)
            self.map.mark(at, at + 1, cells.WRITTEN)
            if await self._holds(at):
                return True
        raise self._not_held(at)

    def _was_blank(self, at: int) -> bool:
        """True when the backup of a moment ago found the sector blank: no erase is needed."""
        return bool(at) and self.plan.known[at : at + SECTOR] == BLANK

    async def _pages(self, at: int, data: bytes) -> None:
        """Program a sector; blank pages need nothing.  In the first sector its first page, which
        has the boot mark, comes last."""
        pages = range(0, SECTOR, PAGE)
        for offset in pages if at else reversed(pages):
            page = data[offset : offset + PAGE]
            if page.strip(b"\xff"):
                if not (at or offset) and not await self._rest_holds(data):
                    return  # the mark is not set on a sector that has a hole
                self.touched = True
                await self.client.program(self.plan.permit, at + offset, page.rstrip(b"\xff"))

    async def _rest_holds(self, data: bytes) -> bool:
        """Whether the first sector holds all but its first page."""
        edges = [PAGE, *range(KIB, SECTOR, KIB), SECTOR]
        for start, end in pairwise(edges):
            if not await self._same(start, data[start:end]):
                return False
        return True

    async def _holds(self, at: int) -> bool:
        """Whether the sector is as planned."""
        wanted = self.plan.wanted(at)
        for offset in range(0, SECTOR, KIB):
            if not await self._same(at + offset, wanted[offset : offset + KIB]):
                return False
        return True

    async def _same(self, at: int, data: bytes) -> bool:
        """Asked up to three times: a read error is no write error."""
        for _ in range(TRIES):
            if await self.client.holds(at, data):
                return True
        return False

    async def _check(self) -> list[int]:
        """Prove everything once more, after the last write; the sectors that are wrong."""
        found = []
        for done, at in enumerate(self.plan.sectors):
            if not await self._guarded(at, partial(self._holds, at)):
                found.append(at)
                self.proven.discard(at)
                self.map.mark(at, at + 1, cells.FAILED)
            else:
                self._done(at)
            self._tell(verified=done + 1)
        self._tell(always=True)
        return found

    def _not_held(self, at: int) -> FaultError:
        return faults.VERIFY(
            what=f"Sector {at:#08x} was written {TRIES} times and still does not hold the plan.",
            cause="The supply sags while writing, SWS is noisy, or the flash is worn out.",
            next="3.3 V at the module, GND directly, short wires; then resume the job.",
            evidence=self.client.evidence,
        )

    def _done(self, at: int) -> None:
        self.proven.add(at)
        self.map.mark(at, at + 1, cells.VERIFIED)

    def _tell(self, *, verified: int = 0, always: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        if always or now - self._told >= TELL_EVERY:
            self._told = now
            done = (verified or len(self.proven)) * SECTOR
            self.report.progress(done, len(self.plan.target), "bytes", str(self.map))
