"""One conversation with one BK7231 loader: typed calls, deadlines, repeats that are safe.

Strictly one request at a time: the ROM loses bytes that arrive while it works or answers
(BK7231 sheet 10.4).  After a time-out the line is given 50 ms of silence, one LinkCheck proves the
chip is there, then the request is sent again; every request here may be repeated (sheet 12).
A T's loader lies in its own flash and has rules of its own (sheet 2.6, 2.7): see `basic`.
"""

from __future__ import annotations

import asyncio
import contextlib

from core.beken import trouble, wire
from core.beken.permit import Permit
from core.beken.replies import find_reply
from core.beken.wire import Reply, Request, Status, Unit
from core.fault import FaultError
from core.link.api import Link

BASE_BAUD = 115200
USB = 0.1  # what a USB adapter may add to any answer
SHORT = 0.3
IDENTIFY = 0.15
SILENCE = 0.05
SILENCE_LIMIT = 1.0
TRIES = 3
BAUD_DELAY_MS = 20
REBOOTS = 3
REBOOT_GAP = 0.01
LEAVE = 0.3
ERASE_TIME = {Unit.SECTOR: 1.5, Unit.BLOCK: 4.0}
CRC_FLOOR = 200_000  # bytes a second, well below what any chip was seen to do
PATIENCE = 0.6
FINAL_XOR = 0xFFFFFFFF

LOST_ON_THE_WAY = (Status.BAD_LENGTH, Status.MISSING_PAYLOAD)
"""What a chip says of a request of which it got a part."""


class Client:
    """Typed calls to the loader behind `link`.

    `basic` is set once the loader is known to be a T's: every CRC locks its flash, so an erase
    after one is preceded by a LinkCheck, and reads use the alias address `alias` bytes higher,
    because it refuses the low ones.

    Every call may raise FaultError: BK-LOST when the chip is gone, BK-NO-ANSWER when only this
    request fails, BK-STATUS when the chip refuses, and what the link raises.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self._sent = b""
        self._heard = b""
        self.basic = False
        self.alias = 0
        self._locked = True

    @property
    def evidence(self) -> str:
        """The last request and what came back, payloads left out."""
        return f"> {_elided(self._sent)}\n< {_elided(self._heard)}"

    # -- one request -----------------------------------------------------------------------

    async def exchange(self, request: Request, deadline: float) -> Reply | None:
        """Send once, wait for the answer at most `deadline` + USB seconds.

        A T restarts when it hears nothing for long, so while it owes an answer it hears a
        LinkCheck now and then, which waits in its ring; the answers to these are passed over.
        """
        loop = asyncio.get_running_loop()
        self._sent, self._heard = request.frame, b""
        await self.link.write(request.frame)
        return await self._answer(request, loop.time() + deadline + USB)

    async def _answer(self, request: Request, until: float) -> Reply | None:
        if request.expected is None:
            return None
        loop = asyncio.get_running_loop()
        buffer, missing = bytearray(), 0
        nudge_at = loop.time() + PATIENCE if self.basic else until
        while (left := until - loop.time()) > 0:
            if loop.time() >= nudge_at:
                await self.link.write(wire.link_check().frame)
                nudge_at = loop.time() + PATIENCE
            left = min(left, max(nudge_at - loop.time(), 0.0)) or left
            if missing:
                chunk = await self.link.read_exactly(missing, left)
            else:
                chunk = await self.link.read(request.expected.frame_size, left)
            buffer += chunk
            found = find_reply(buffer, request.expected)
            if found.reply is not None:
                self._heard = bytes(buffer)
                return found.reply
            del buffer[: found.consumed]
            missing = found.missing
        self._heard = bytes(buffer)
        return None

    async def call(self, request: Request, deadline: float, tries: int = TRIES) -> Reply:
        """Send until answered, at most `tries` times, proving the link in between."""
        refused: Reply | None = None
        for attempt in range(tries):
            if attempt:
                await self.recover()
            reply = await self.exchange(request, deadline)
            if reply is not None and reply.status == Status.OK:
                return reply
            refused = reply or refused
            if reply is not None and reply.status == Status.UNKNOWN_COMMAND:
                break
        if refused is not None and refused.status not in LOST_ON_THE_WAY:
            raise trouble.refused(request.name, refused.status, self.evidence)
        await self.recover()
        raise trouble.no_answer(request.name, tries, self.evidence)

    async def recover(self) -> None:
        """Silence, then prove that the chip is there.  Raises BK-LOST."""
        await self.link.quiet(SILENCE, SILENCE_LIMIT)
        if await self.alive():
            return
        raise trouble.lost(self.link.baud, self.evidence)

    async def alive(self) -> bool:
        """True when a LinkCheck is answered.  Asked up to three times: a request that was cut off
        swallows the next frame, and one byte of noise must not end the job."""
        for _ in range(TRIES):
            if await self.exchange(wire.link_check(), SHORT) is not None:
                return True
            await self.link.quiet(SILENCE, SILENCE_LIMIT)
        return False

    # -- identity --------------------------------------------------------------------------

    async def link_check(self) -> None:
        """Raises BK-LOST or BK-NO-ANSWER when the loader is not there."""
        await self.call(wire.link_check(), SHORT)

    async def probe_reg(self, address: int) -> int | None:
        """A register, or None when the loader does not answer: a T has no such request.

        Asked twice, so that one lost byte does not make a T out of an N; an answer that names an
        error comes from a ROM, and is asked for again.
        """
        silences = 0
        for _ in range(TRIES + 1):
            reply = await self.exchange(wire.read_reg(address), IDENTIFY)
            if reply is not None and reply.status == Status.OK:
                return wire.u32(reply, 4)
            silences += reply is None
            if silences == 2:
                break
            await self.recover()
        return None

    async def read_reg(self, address: int) -> int:
        """The 32-bit register at `address`."""
        return wire.u32(await self.call(wire.read_reg(address), SHORT), 4)

    async def write_reg(self, address: int, value: int) -> bool:
        """Write a register, once.  False when it was not answered or refused unread (status 4, 5):
        the caller reads before it repeats.

        Raises BK-ECHO when the echo differs by one bit (rulings P8).
        """
        request = wire.write_reg(address, value)
        reply = await self.exchange(request, SHORT)
        if reply is None or reply.status in LOST_ON_THE_WAY:
            return False
        if reply.status != Status.OK or reply.payload != request.frame[-8:]:
            raise trouble.echo(address, reply.payload, self.evidence)
        return True

    async def get_mid(self) -> bytes:
        """JEDEC id of the flash chip: maker, type, size."""
        return (await self.call(wire.get_mid(), SHORT)).payload[1:4]

    async def read_sr(self, register: int) -> int:
        """A status register of the flash chip, by SPI opcode."""
        return (await self.call(wire.read_sr(register), SHORT)).payload[1]

    async def write_sr(self, permit: Permit, register: int, values: bytes) -> None:
        """Write status registers of the flash chip.  Needs a permit like every write."""
        self._allow(permit, *permit.ranges[0])
        await self.call(wire.write_sr(register, values), SHORT)

    # -- flash -----------------------------------------------------------------------------

    async def crc(self, start: int, end: int) -> int:
        """CRC-32 (zlib form) of flash [start, end)."""
        request = wire.check_crc(start, end - 1)
        self._locked = True
        reply = await self.call(request, (end - start) / CRC_FLOOR + 1.0)
        return wire.u32(reply, 0) ^ FINAL_XOR

    async def read_4k(self, address: int) -> bytes:
        """4096 bytes of flash, as the chip stores them."""
        reply = await self.call(wire.read_4k(address + self.alias), 41110 / self.link.baud + 0.5)
        return reply.payload[4:]

    async def read_bytes(self, address: int, count: int) -> bytes:
        """Up to 255 bytes of flash; not on a T."""
        return (await self.call(wire.read_bytes(address, count), SHORT)).payload[4:]

    async def erase(self, permit: Permit, unit: Unit, address: int) -> None:
        """Erase one unit.  Raises BK-OUT-OF-BOUNDS when any of it is not in the permit."""
        if not unit.size or address % unit.size:
            raise trouble.out_of_bounds(address, address + unit.size)
        self._allow(permit, address, address + unit.size)
        if self.basic and self._locked:
            await self.link_check()
        self._locked = False
        await self.call(wire.erase(unit, address), ERASE_TIME[unit])

    async def write_4k(self, permit: Permit, address: int, data: bytes) -> None:
        """Program one erased sector.  Raises BK-OUT-OF-BOUNDS outside the permit."""
        if address % wire.SECTOR:
            raise trouble.out_of_bounds(address, address + wire.SECTOR)
        self._allow(permit, address, address + wire.SECTOR)
        await self.call(wire.write_4k(address, data), 41080 / self.link.baud + 1.5)

    async def write_page(self, permit: Permit, address: int, data: bytes) -> None:
        """Program 256 erased bytes.  Raises BK-OUT-OF-BOUNDS outside the permit."""
        if address % wire.PAGE:
            raise trouble.out_of_bounds(address, address + wire.PAGE)
        self._allow(permit, address, address + wire.PAGE)
        await self.call(wire.write_page(address, data), 2680 / self.link.baud + 0.5)

    def _allow(self, permit: Permit, start: int, end: int) -> None:
        if not (isinstance(permit, Permit) and permit.covers(start, end)):
            raise trouble.out_of_bounds(start, end)

    # -- speed and leaving -----------------------------------------------------------------

    async def set_baud(self, baud: int) -> None:
        """Change both sides to `baud`.  Raises BK-BAUD when both are still at the old speed.

        Only a chip that was just heard at the old speed is asked again: one that has switched
        does not understand a repeated request there (BK7231 sheet 3).
        """
        old = self.link.baud
        if baud == old:
            return
        # Our side first: once the chip has switched, an adapter that cannot follow is lost.
        await self.link.set_baud(baud)
        await self.link.set_baud(old)
        for _ in range(TRIES):
            if await self._switch(baud) or await self._found_at(baud, old):
                return
        raise trouble.no_such_speed(baud, old, self.evidence)

    async def _switch(self, baud: int) -> bool:
        """Ask for another speed and follow; True when the chip confirms it there.  A refusal is
        sent at the old speed, and counts as no answer."""
        request = wire.set_baud(baud, BAUD_DELAY_MS)
        self._sent, self._heard = request.frame, b""
        await self.link.write(request.frame)
        await self.link.flush()
        await asyncio.sleep(BAUD_DELAY_MS / 2000)
        await self.link.set_baud(baud)
        until = asyncio.get_running_loop().time() + 2 * BAUD_DELAY_MS / 1000 + SHORT + USB
        reply = await self._answer(request, until)
        return reply is not None and reply.status == Status.OK

    async def _found_at(self, baud: int, old: int) -> bool:
        """Look for the chip at both speeds, and stay where it is; True for the new one.

        Raises BK-LOST when it is at neither: it understood another speed.
        """
        for candidate in (baud, old):
            await self.link.set_baud(candidate)
            await self.link.quiet(SILENCE, SILENCE_LIMIT)
            if await self.alive():
                return candidate == baud
        raise trouble.lost(old, self.evidence)

    async def reboot(self) -> None:
        """Restart the chip; nothing answers, so it is sent three times."""
        for _ in range(REBOOTS):
            await self.link.write(wire.reboot().frame)
            await asyncio.sleep(REBOOT_GAP)
        await self.link.flush()
        await self.link.set_baud(BASE_BAUD)

    async def leave(self) -> None:
        """Leave the chip at 115200 for the next program, if that is quickly done."""
        if self.link.baud == BASE_BAUD:
            return
        with contextlib.suppress(FaultError, TimeoutError):
            async with asyncio.timeout(LEAVE):
                await self.set_baud(BASE_BAUD)


def _elided(data: bytes) -> str:
    if len(data) <= 24:
        return data.hex(" ") or "nothing"
    return f"{data[:16].hex(' ')} <{len(data) - 16} bytes>"
