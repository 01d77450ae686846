"""Typed calls to programmer and module: reset, processor, registers, flash.  No policy, no file."""

from __future__ import annotations

import asyncio

from core.fault import FaultError
from core.link.api import Link
from core.telink import faults, wire
from core.telink.conversation import (
    BUSY,
    DEADLINE,
    POLL,
    SECTOR_LIMIT,
    SILENCE,
    SILENCE_LIMIT,
    TRIES,
    Conversation,
)
from core.telink.permit import Permit
from core.telink.wire import Verdict

STATUS_LIMIT = 1.0


class Client(Conversation):
    """Everything that can be asked; raises what `Conversation` says."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._erase_seconds = 0.0
        self._free_at = 0.0

    # -- reset, processor, registers -------------------------------------------------------

    async def pins(self, *, high: bool) -> bool:
        """Drive RST; True when the level read back is the one driven."""
        return (await self.call(wire.pins(high=high))).payload == bytes([high])

    async def activate(self, seconds: float) -> int:
        """Let go of RST and write CPU stop for so long; how many of the 4 bytes of the program
        counter could be read then."""
        repeats = min(int(seconds / wire.REPEAT_SECONDS), wire.MOST_REPEATS)
        request = wire.activate(repeats)
        for _ in range(TRIES):
            self._free_at = asyncio.get_running_loop().time() + seconds + SILENCE
            verdict, reply = await self.exchange(request, seconds + DEADLINE)
            if verdict in (Verdict.OK, Verdict.NO_TARGET) and reply is not None:
                self._free_at = 0.0
                return min(reply.count, 4)
            await self.link.quiet(SILENCE, SILENCE_LIMIT)
        raise await self._failed(request, Verdict.SILENT)

    async def free(self) -> None:
        """Wait until an activation that nobody waited for is over: requests are lost till then."""
        await asyncio.sleep(max(0.0, self._free_at - asyncio.get_running_loop().time()))

    async def peek(self, address: int, size: int) -> bytes:
        """Registers of the module."""
        return (await self.call(wire.peek(address, size))).payload

    async def stop_cpu(self) -> None:
        """Stop the module's processor, once more."""
        await self.call(wire.poke(wire.CPU_AT, wire.CPU_STOP))

    async def start(self) -> None:
        """Restart the module: its firmware boots."""
        self.stopped = False
        await self.call(wire.poke(wire.RESET_AT, wire.SOFT_RESET))

    # -- flash, reading --------------------------------------------------------------------

    async def jedec(self) -> bytes:
        """Maker, type and capacity of the flash."""
        return (await self.call(wire.jedec())).payload

    async def unique_id(self) -> bytes:
        """The 16 bytes that tell this flash from every other."""
        return (await self.call(wire.spi(bytes([wire.UNIQUE_ID]), 36))).payload[4:20]

    async def wake(self) -> None:
        """Wake the flash from deep power-down."""
        await self.call(wire.spi(bytes([wire.WAKE])))

    async def read(self, address: int, size: int) -> bytes:
        """Flash content, at most 1 KiB."""
        return (await self.call(wire.read(address, size))).payload

    async def crc(self, address: int, size: int) -> int:
        """CRC-16 of at most 1 KiB of flash, computed by the programmer."""
        return (await self.call(wire.crc(address, size))).count

    async def holds(self, address: int, data: bytes) -> bool:
        """Whether the flash holds `data` (at most 1 KiB): by checksum, or read where there is
        none."""
        if self.has_crc:
            return await self.crc(address, len(data)) == wire.crc16(data)
        return await self.read(address, len(data)) == data

    # -- flash, changing -------------------------------------------------------------------

    async def unlock(self, permit: Permit) -> int:
        """Clear the protection bits; the status register after it."""
        self._allow(permit, *permit.ranges[0])
        await self.call(wire.spi(bytes([wire.WRITE_ENABLE])))
        await self.call(wire.spi(bytes([wire.WRITE_STATUS, 0]), changes=True))
        return await self.idle(STATUS_LIMIT)

    async def erase(self, permit: Permit, address: int) -> None:
        """Erase one sector and wait for it.  Raises TL-OUT-OF-BOUNDS, TL-LOST-ERASE, TL-BUSY."""
        if address % wire.SECTOR:
            raise self._out_of_bounds(address, address + wire.SECTOR)
        self._allow(permit, address, address + wire.SECTOR)
        clock = asyncio.get_running_loop().time
        await self.call(wire.erase(address))
        began = clock()
        # The next sector takes about as long as the last: asking before that only costs time.
        await asyncio.sleep(self._erase_seconds)
        asked = clock()
        while await self.status() & BUSY:
            if clock() - began > SECTOR_LIMIT:
                await self.idle(0.0)
            await asyncio.sleep(POLL / 3)
            asked = clock()
        self._erase_seconds = min(max(0.0, asked - began - POLL / 3), 0.2)

    async def program(self, permit: Permit, address: int, data: bytes) -> None:
        """Program up to one page.  Does not wait: the page is done (0.7 ms) before the next
        request has come, and the checksum over the KiB proves it (rulings T6)."""
        end = address + len(data)
        if not data or address // wire.PAGE != (end - 1) // wire.PAGE:
            raise self._out_of_bounds(address, end)
        self._allow(permit, address, end)
        await self.call(wire.program(address, data))

    def _allow(self, permit: Permit, start: int, end: int) -> None:
        if not (isinstance(permit, Permit) and permit.covers(start, end)):
            raise self._out_of_bounds(start, end)

    def _out_of_bounds(self, start: int, end: int) -> FaultError:
        return faults.OUT_OF_BOUNDS(
            what=f"{start:#08x}-{end - 1:#08x} is not in the plan.",
            cause="A mistake in the program; the request was not sent.",
            next="Keep the job folder; it shows what was planned.",
        )
