"""Finds the fastest speed that works, and remembers it for the adapter.

Each step up is proven by a sector that is read at the new speed and compared with a CRC asked for
at the old one; a step that fails is taken back.  What an adapter is known to manage is the
ceiling (user-pains sheet 3.4; BK7231 sheet 3).  While writing, `slower` steps down.
"""

from __future__ import annotations

import zlib
from typing import Protocol

from core.beken import faults, wire
from core.beken.client import BASE_BAUD, SILENCE, SILENCE_LIMIT, TRIES, Client
from core.beken.grounds import agreed_crc
from core.fault import FaultError
from core.job import Reporter

AUTO = 0
LADDER = (BASE_BAUD, 230400, 460800, 921600, 1_500_000, 2_000_000)
"""115200, 2000000 and the speeds between them that the chip's divider forms best."""
CLIMB = (460800, 921600, 1_500_000, 2_000_000)
PROOF = 0
"""The sector that proves a speed: bootloader code, never blank and never written."""
LINK_BAUD = "LINK-BAUD"


class Memory(Protocol):
    """Where remembered speeds are kept, by name."""

    def get(self, name: str, default: str = "") -> str: ...

    def set(self, name: str, value: str) -> None: ...


class Speed:
    """The speed of one session.  `wanted` is a speed or AUTO, `ceiling` the adapter's limit;
    `adapter` names it in `memory`, empty when it has no name worth remembering."""

    def __init__(
        self,
        client: Client,
        report: Reporter,
        wanted: int,
        ceiling: int,
        adapter: str = "",
        memory: Memory | None = None,
    ) -> None:
        self.client, self.report = client, report
        self.wanted, self.ceiling = wanted, ceiling
        self._name = f"baud_{adapter}" if adapter else ""
        self._memory = memory
        self._best = 0

    async def up(self) -> None:
        """Go as fast as is wanted or proven; where that fails, stay slower and say so."""
        if self._best:
            await self._set(self._best)
        elif self.wanted != AUTO:
            await self._set(self.wanted)
        else:
            await self._climb()
        self._best = self.client.link.baud

    async def down(self) -> None:
        """Back to 115200, where registers are written."""
        await self.client.set_baud(BASE_BAUD)

    async def slower(self) -> bool:
        """One step down, for good.  False when there is none."""
        now = self._best or self.client.link.baud
        lower = [step for step in LADDER if step < now]
        if not lower:
            return False
        self._best = lower[-1]
        if self.client.link.baud != self._best:
            await self._set(self._best)
        self._remember()
        return True

    def stay(self) -> None:
        """The next `up` goes nowhere: raising the speed has lost the chip too often."""
        self._best = BASE_BAUD

    def after_loss(self) -> None:
        """The link was lost: the next `up` goes one step less far."""
        lower = [step for step in LADDER if step < (self._best or self.client.link.baud)]
        if lower:
            self._best = lower[-1]

    async def _set(self, baud: int) -> None:
        try:
            await self.client.set_baud(baud)
        except FaultError as error:
            if error.fault.code not in (faults.BAUD.code, LINK_BAUD):
                raise
            now = self.client.link.baud
            self.report.warn("BAUD", f"{error.fault.what} Going on at {now} baud.")

    # -- the ladder ------------------------------------------------------------------------

    async def _climb(self) -> None:
        crc = await agreed_crc(self.client, PROOF, PROOF + wire.SECTOR, -1)
        known = self._remembered()
        steps = [step for step in CLIMB if step <= self.ceiling]
        if known in steps and await self._try(known, crc):
            steps = []
        elif known:
            steps = [step for step in steps if step < known]
        for step in steps:
            if not await self._try(step, crc):
                break
        now = self.client.link.baud
        self.report.note("SPEED", f"{now} baud: the fastest that was proven on this adapter.")
        self._best = now
        self._remember()

    async def _try(self, step: int, crc: int) -> bool:
        """Go to `step` if a sector comes through there as it should."""
        before = self.client.link.baud
        try:
            await self.client.set_baud(step)
        except FaultError as error:
            if error.fault.code not in (faults.BAUD.code, LINK_BAUD):
                raise
            return False
        if await self._proven(crc):
            return True
        await self._back(before)
        return False

    async def _proven(self, crc: int) -> bool:
        request = wire.read_4k(PROOF + self.client.alias)
        reply = await self.client.exchange(request, 41110 / self.client.link.baud + 0.3)
        return reply is not None and zlib.crc32(reply.payload[4:]) == crc

    async def _back(self, baud: int) -> None:
        """Leave a speed at which bytes get lost; the request itself may be one of them."""
        bad = self.client.link.baud
        for _ in range(TRIES):
            await self.client.link.quiet(SILENCE, SILENCE_LIMIT)
            try:
                await self.client.set_baud(baud)
            except FaultError as error:
                if error.fault.code != faults.BAUD.code:
                    raise
            if self.client.link.baud == baud:
                return
        await self.client.recover()
        raise faults.BAUD(
            what=f"At {bad} baud bytes are lost, and the chip cannot be brought back to {baud}.",
            cause="The adapter or the wires are too slow.",
            next=f"Restart the chip with the reset lead and use --baud {baud}.",
        )

    # -- memory ----------------------------------------------------------------------------

    def _remembered(self) -> int:
        text = self._memory.get(self._name) if self._memory and self._name else ""
        return int(text) if text.isdigit() and len(text) < 9 else 0

    def _remember(self) -> None:
        if self._memory is None or not self._name or self.wanted != AUTO:
            return
        try:
            self._memory.set(self._name, str(self._best))
        except FaultError as error:
            self.report.note("NOT-REMEMBERED", error.fault.what)
