"""Reads a whole flash and proves every KiB of it.

With a programmer of version 3 or later each KiB's checksum comes first: it proves blank KiB
without reading them (rulings T6), and is the proof of those that are read.  Older programmers
read twice.  MAC and calibration are always read byte for byte and more than once (rulings T3).
"""

from __future__ import annotations

import asyncio

from core.fault import FaultError
from core.job import Reporter
from core.store.backups import Part
from core.telink import cells, faults, wire
from core.telink.cells import Cells
from core.telink.client import Client
from core.telink.conversation import TRIES
from core.telink.identify import Module, garbled, read_twice
from core.tlimage.flashmap import IDENTITY, KIB, SECTOR, untouchable

TELL_EVERY = 0.1
BLANK = b"\xff" * KIB


class Reader:
    """One pass over the flash into `part`; `data` is complete after `run`."""

    def __init__(self, client: Client, module: Module, part: Part, report: Reporter) -> None:
        self.client, self.part, self.report = client, part, report
        self.size = size = module.size
        self._identity, self._flash_id = module.identity, module.flash_id
        self.data = bytearray(b"\xff" * size)
        self.map = Cells(size)
        self.done = 0
        self.reread = 0
        self._told = float("-inf")

    async def run(self) -> None:
        """Read and prove what is not read yet, sector by sector; may be called again after a
        fault.  Raises TL-UNPROVEN, TL-GARBLED, TL-ASLEEP, and what client and disk raise."""
        while self.done < self.size:
            await self._sector(self.done)
            self.done += SECTOR
            self._tell(self.done)
        await self._awake()
        self._tell(self.size, always=True)

    async def _awake(self) -> None:
        """A flash that fell asleep reads FF with a sound checksum, like a blank one: only its id
        tells."""
        for _ in range(TRIES):
            found = (await self.client.jedec()).hex()
            if found == self._flash_id:
                return
        raise faults.ASLEEP(
            what=f"The flash id read {self._flash_id} at the beginning and {found} at the end.",
            cause="The flash lost its supply while it was read; FF came instead of its content.",
            next="3.3 V and GND at the module, short wires; take 3.3 V off for 2 s, try again.",
            state=f"Nothing was changed. What was read is kept in {self.part.path.name}; it is not "
            "a backup.",
            evidence=self.client.evidence,
        )

    async def _sector(self, at: int) -> None:
        exact = any(r.start <= at < r.end for r in untouchable(self.size))
        if exact:
            data = await self._exact(at)
        else:
            data = b"".join([await self._kib(at + offset) for offset in range(0, SECTOR, KIB)])
        self.data[at : at + SECTOR] = data
        await self.part.write(at, data)
        self._mark(at, cells.PROVEN if data.strip(b"\xff") else cells.BLANK)

    async def _exact(self, at: int) -> bytes:
        """One sector byte for byte; what was read twice at identification is one witness."""
        known = (
            self._identity[at - IDENTITY.start :][:SECTOR]
            if at in range(IDENTITY.start, IDENTITY.end)
            else b""
        )
        found = [await self.client.read(at + offset, KIB) for offset in range(0, SECTOR, KIB)]
        data = b"".join(found)
        for _ in range(TRIES):
            if data == known:
                return data
            data = await read_twice(self.client, at, at + SECTOR)
            if not known:
                return data
        await self._awake()
        raise garbled(self.client, f"{at:#08x} is not what it was when the module was identified.")

    async def _kib(self, at: int) -> bytes:
        for attempt in range(TRIES):
            self.reread += attempt > 0
            data = await self._try(at)
            if data is not None:
                return data
            if attempt == 0:
                self.report.warn("READ-AGAIN", f"{at:#08x} did not prove itself; reading again.")
        self._mark(at, cells.FAILED)
        self._tell(at, always=True)
        raise self._unproven(at)

    async def _try(self, at: int) -> bytes | None:
        """One KiB, or None when its two witnesses disagree."""
        if self.client.has_crc:
            expected = await self.client.crc(at, KIB)
            if expected == wire.BLANK_CRC:
                return BLANK
            data = await self.client.read(at, KIB)
            return data if wire.crc16(data) == expected else None
        data = await self.client.read(at, KIB)
        return data if await self.client.read(at, KIB) == data else None

    def _unproven(self, at: int) -> FaultError:
        return faults.UNPROVEN(
            what=f"{at:#08x}-{at + KIB - 1:#08x} did not prove itself in {TRIES} tries.",
            cause="The SWS line is noisy or loaded, or the supply is weak.",
            next="GND directly, short wires, no LED on SWS; then try again.",
            state=f"Nothing was changed. What was read is kept in {self.part.path.name}; it is not "
            "a backup.",
            evidence=self.client.evidence,
        )

    def _mark(self, at: int, cell: str) -> None:
        self.map.mark(at, at + 1, cell)
        self.part.mark(at // SECTOR, cell)

    def _tell(self, done: int, *, always: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        if always or now - self._told >= TELL_EVERY:
            self._told = now
            self.report.progress(done, self.size, "bytes", str(self.map))
