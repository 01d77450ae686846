"""Erases, writes and proves what the plan says, one erase unit after the other.

Each unit is erased, written and compared with the chip's CRC before the next one is touched, so
at any moment everything behind is proven and everything ahead is as it was.  Sectors that hold
their target already are left alone, FF is not sent, and a block of 64 KiB is erased at once where
that is quicker.  On a T one verify unit is one erase unit: a CRC locks its flash (rulings P13).
"""

from __future__ import annotations

import asyncio
import zlib
from collections import deque
from collections.abc import Awaitable, Callable

from core.beken import cells, faults
from core.beken.cells import Cells
from core.beken.client import TRIES, Client
from core.beken.plan import RF_NAME, Plan, Span
from core.beken.speed import Speed
from core.beken.survey import Sectors, differing, is_blank, look
from core.beken.units import BLANK, Piece, pieces
from core.beken.wire import PAGE
from core.beken.wiring import SUPPLY_TEXT
from core.bkimage.flashmap import BLANK_CRC, BLOCK, SECTOR
from core.fault import FaultError
from core.job import Reporter

TELL_EVERY = 0.1
RELINKS = 3
SLOWDOWNS = 2
FEW_PAGES = 6
"""Up to so many pages one request each costs less than the whole sector at any speed."""

Relink = Callable[[], Awaitable[None]]
"""Link again after the chip was lost, and prove that it is the same device."""


class Writer:
    """Carries out one plan on a flash that holds `now`.

    `touched` is True from the first erase or write on, unless that one is proven to have changed
    nothing; `wrote` counts sectors written and proven by this run, `proven` all that are right,
    `done` is the end of the first gapless part that is proven.
    """

    def __init__(
        self,
        client: Client,
        plan: Plan,
        now: Sectors,
        report: Reporter,
        relink: Relink,
        speed: Speed,
    ) -> None:
        self.client, self.plan, self.now, self.report = client, plan, now, report
        self._relink, self._speed = relink, speed
        self._target = {
            at: span.data[at - span.start : at - span.start + SECTOR]
            for span in plan.spans
            for at in range(span.start, span.end, SECTOR)
        }
        self._wanted = {at: zlib.crc32(data) for at, data in self._target.items()}
        self.map = Cells(plan.device.size, cells.KEPT)
        for at in self._target:
            self._mark(at, cells.VERIFIED if self._right(at) else cells.UNTOUCHED)
        self.touched = False
        self.retries = 0
        self.wrote = 0
        self._written = 0
        self._erases = False
        self._relinks, self._slowdowns = RELINKS, SLOWDOWNS
        self._told = float("-inf")

    @property
    def total(self) -> int:
        """Sectors that the plan covers."""
        return len(self._target)

    @property
    def proven(self) -> int:
        """Sectors that hold their target, by the chip's own checksum."""
        return sum(map(self._right, self._target))

    @property
    def done(self) -> int:
        """The end of what is proven without a gap, counted from the plan's first range."""
        wrong = next((at for at in self._target if not self._right(at)), None)
        return self.plan.spans[-1].end if wrong is None else wrong

    def _right(self, at: int) -> bool:
        return self.now.get(at) == self._wanted[at]

    # -- all of it -------------------------------------------------------------------------

    async def run(self) -> None:
        """Write everything.  Raises BK-NO-ERASE, BK-NO-WRITE, STOPPED, and what linking raises."""
        for span in self.plan.spans:
            await self._write_span(span)
        self._tell(always=True)

    async def _write_span(self, span: Span) -> None:
        wrong = differing(span, self.now)
        queue = deque(pieces(span, wrong, self._needs_erase, self.client.link.baud))
        while queue:
            piece = queue.popleft()
            try:
                left = await self._piece(piece)
            except FaultError as error:
                self._mark(piece.start, cells.FAILED)
                self._tell(always=True)
                await self.mend(error, slow=span.name != RF_NAME)
                left = await self._again(piece)
            queue.extendleft(reversed(left))
            self._tell()

    async def mend(self, error: FaultError, *, slow: bool = True) -> None:
        """Bring the line back to work after `error`, or raise it again; `slow` allows a lower
        speed."""
        code = error.fault.code
        if code in faults.OUT_OF_REACH and self._relinks:
            self._relinks -= 1
            self.report.warn("LINK-LOST", f"{error.fault.what} Linking again.")
            self._speed.after_loss()
            try:
                await self._relink()
            except FaultError as again:  # it may get lost once more on its way to the speed
                if again.fault.code not in faults.OUT_OF_REACH:
                    raise
                await self.mend(again, slow=slow)
            return
        slow = slow and code in (faults.NO_ANSWER.code, faults.NO_WRITE.code)
        if not slow or not self._slowdowns or not await self._speed.slower():
            raise error
        self._slowdowns -= 1
        baud = self.client.link.baud
        self.report.warn("SLOWER", f"{error.fault.what} Going on at {baud} baud.")

    async def _again(self, piece: Piece) -> list[Piece]:
        """What is left to do of a piece that failed: a T's unit is always done whole."""
        self.now |= await look(self.client, piece.start, piece.end)
        wrong = [at for at in piece.sectors if not self._right(at)]
        for at in piece.sectors:
            self._mark(at, cells.FAILED if at in wrong else cells.VERIFIED)
        if wrong and self.client.basic:
            return [piece]
        return [Piece(at, SECTOR) for at in wrong]

    def _needs_erase(self, at: int) -> bool:
        """A T takes no write without an erase before it."""
        return self.client.basic or not is_blank(self.now, at)

    # -- one unit --------------------------------------------------------------------------

    async def _piece(self, piece: Piece) -> list[Piece]:
        """Erase, write and prove; returns the sectors of a block that have to be done again."""
        self.report.stop_point()
        for attempt in range(TRIES):
            self.retries += attempt > 0
            await self._erase(piece, attempt)
            await self._write(piece)
            if await self._is(piece.start, piece.end, self._crc(piece)):
                for at in piece.sectors:
                    self.now[at] = self._wanted[at]
                    self._mark(at, cells.VERIFIED)
                self._written = 0
                self.wrote += len(piece.sectors)
                return []
            self.now |= dict.fromkeys(piece.sectors, -1)
            if piece.size == BLOCK and not self.client.basic:
                self.retries += 1
                return await self._again(piece)
        raise self._not_written(piece)

    async def _write(self, piece: Piece) -> None:
        self._written = 0
        for at in piece.sectors:
            if self._target[at] == BLANK:
                continue
            if self._written:
                self.report.stop_point()
            self.touched = True
            await self._send(at, self._target[at])
            self._mark(at, cells.WRITTEN)
            self._written += 1
            self._tell()

    async def _send(self, at: int, data: bytes) -> None:
        """Program a sector; of one that is mostly FF only the pages that are not."""
        pages = [page for page in range(0, SECTOR, PAGE) if data[page : page + PAGE].strip(b"\xff")]
        if len(pages) > FEW_PAGES:
            await self.client.write_4k(self.plan.permit, at, data)
            return
        for page in pages:
            part = data[page : page + PAGE]
            await self.client.write_page(self.plan.permit, at + page, part)

    async def _erase(self, piece: Piece, attempt: int) -> None:
        """Erase unless it is blank.  The first erase proves that this flash erases at all; a
        later attempt finds out what failed."""
        filled = [at for at in piece.sectors if not is_blank(self.now, at)]
        if not filled and not attempt and not self.client.basic:
            return
        before = dict(self.now)
        await self._erase_once(piece)
        if not (attempt or not self._erases) or not filled:
            return
        at = filled[0]
        blank = await self._is(at, at + SECTOR, BLANK_CRC[SECTOR])
        if not (blank or self._erases) and await self._is(at, at + SECTOR, before[at]):
            self.touched = False
            raise self._not_erased(at, "The flash is still protected.")
        self._erases = self._erases or blank
        if not blank and attempt == TRIES - 1:
            raise self._not_erased(at, "The supply sags while erasing, or the flash is worn out.")
        if self.client.basic:
            await self._erase_once(piece)  # the CRC has locked it again

    async def _erase_once(self, piece: Piece) -> None:
        self.touched = True
        for at in piece.sectors:
            self.now[at] = -1  # until proven otherwise
        await self.client.erase(self.plan.permit, piece.unit, piece.start)
        for at in piece.sectors:
            self._mark(at, cells.ERASED)

    async def _is(self, start: int, end: int, wanted: int) -> bool:
        """True when the chip's CRC is `wanted`; one damaged answer is forgiven."""
        for _ in range(2):
            if await self.client.crc(start, end) == wanted:
                return True
        return False

    def _crc(self, piece: Piece) -> int:
        return zlib.crc32(b"".join(self._target[at] for at in piece.sectors))

    def _not_erased(self, at: int, cause: str) -> FaultError:
        return faults.NO_ERASE(
            what=f"Sector {at:#08x} was erased, but the chip's checksum says it is not blank.",
            cause=cause,
            next=f"{SUPPLY_TEXT} Then start again.",
            evidence=self.client.evidence,
        )

    def _not_written(self, piece: Piece) -> FaultError:
        what = f"Sector {piece.start:#08x}" if piece.size == SECTOR else f"Block {piece.start:#08x}"
        return faults.NO_WRITE(
            what=f"{what} was written {TRIES} times and its checksum is still wrong.",
            cause="The supply sags while writing, or the flash is worn out.",
            next=f"{SUPPLY_TEXT} Then start again.",
            evidence=self.client.evidence,
        )

    # -- telling ---------------------------------------------------------------------------

    def _mark(self, at: int, cell: str) -> None:
        self.map.mark(at, at + SECTOR, cell)

    def _tell(self, *, always: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        if always or now - self._told >= TELL_EVERY:
            self._told = now
            done = min(self.proven + self._written, self.total) * SECTOR
            self.report.progress(done, self.total * SECTOR, "bytes", str(self.map))
