"""One conversation with one TLSRPGM programmer: typed calls, deadlines, real retries.

Strictly one request at a time, each in one write, input thrown away before it: noise on an idle
line makes the programmer send error frames of its own.  Every request here may be repeated but
the change of speed, where both speeds are asked instead (TLSRPGM sheet 2.3).
"""

from __future__ import annotations

import asyncio
import contextlib

from core.fault import FaultError, FaultKind
from core.link.api import Link
from core.telink import faults, wire
from core.telink.permit import Permit
from core.telink.wire import BASE_BAUD, BAUDS, Programmer, Reply, Request, Verdict

DEADLINE = 0.5
TRIES = 3
SILENCE = 0.03
SILENCE_LIMIT = 0.5
SWITCH = 0.005
"""The programmer takes 0.35 ms to change its speed."""
PROBE = 0.15
POLL = 0.006
STATUS_LIMIT = 1.0
SECTOR_LIMIT = 3.0
LEAVE_LIMIT = 1.5
BUSY = 0x01
NO_FLASH = 0xFF

_OF_CHANGES: dict[str, FaultKind] = {
    "page write": faults.LOST_PAGE,
    "sector erase": faults.LOST_ERASE,
}


class Client:
    """Typed calls to the programmer behind `link`.

    Every call may raise FaultError: TL-LOST or TL-REBOOTED when the programmer is gone,
    TL-NO-ANSWER (TL-LOST-PAGE, TL-LOST-ERASE) when only this request fails, TL-TARGET-LOST when
    nothing answers over SWS, TL-UNSUPPORTED, and what the link raises.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self.programmer: Programmer | None = None
        self.retries = 0
        self._sent = self._heard = b""
        self._erase_seconds = 0.0
        self._free_at = 0.0

    @property
    def evidence(self) -> str:
        """The last request and what came back, payloads left out."""
        return f"> {_elided(self._sent)}\n< {_elided(self._heard)}"

    @property
    def heard(self) -> bytes:
        """What came back last, whatever it was."""
        return self._heard

    @property
    def has_crc(self) -> bool:
        """True when the programmer computes checksums of the flash."""
        return self.programmer is not None and self.programmer.has_crc

    # -- one request -----------------------------------------------------------------------

    async def exchange(self, request: Request, deadline: float) -> tuple[Verdict, Reply | None]:
        """Send once, wait for the answer at most `deadline` seconds."""
        while await self.link.read(1 << 16, 0):
            pass
        self._sent, self._heard = request.frame, b""
        until = asyncio.get_running_loop().time() + deadline
        await self.link.write(request.frame)
        head = await self._more(3, until)
        if not head:
            return Verdict.SILENT, None
        if wire.is_unknown(head) and head[0] == request.command:
            return Verdict.UNKNOWN, None
        head = await self._more(1, until)
        if len(head) < 4:
            return Verdict.DAMAGED, None
        return wire.judge(request, await self._more(wire.rest_of(request, head), until))

    async def _more(self, count: int, until: float) -> bytes:
        """All that was heard, with `count` more bytes if they come in time."""
        left = max(0.0, until - asyncio.get_running_loop().time())
        self._heard += await self.link.read_exactly(count, left)
        return self._heard

    async def call(self, request: Request, deadline: float = DEADLINE) -> Reply:
        """Send until soundly answered, at most `TRIES` times."""
        verdict = Verdict.SILENT
        for attempt in range(TRIES):
            if attempt:
                self.retries += 1
                await self.link.quiet(SILENCE, SILENCE_LIMIT)
                if request.changes:  # the lost answer may hide that it was done
                    await self.idle(SECTOR_LIMIT)
            verdict, reply = await self.exchange(request, deadline)
            if verdict is Verdict.OK and reply is not None:
                return reply
            if verdict in (Verdict.UNKNOWN, Verdict.REFUSED):
                break
        raise await self._failed(request, verdict)

    async def _failed(self, request: Request, verdict: Verdict) -> FaultError:
        evidence = self.evidence
        if verdict in (Verdict.UNKNOWN, Verdict.REFUSED):
            return faults.UNSUPPORTED(
                what=f"The request '{request.name}' was not accepted: {verdict.value}.",
                cause="Another firmware on the kit, or an older one.",
                next="Load the current uart2swire.bin onto the kit.",
                evidence=evidence,
            )
        if verdict is Verdict.NO_TARGET:
            return target_lost(request.name, evidence)
        if not await self.present():
            return await self._gone(evidence)
        kind = _OF_CHANGES.get(request.name, faults.NO_ANSWER)
        return kind(
            what=f"The request '{request.name}' had no sound answer in {TRIES} tries "
            f"({verdict.value}); the programmer still answers the version question.",
            cause="Bytes are lost or damaged between this computer and the kit.",
            next="Use --baud 230400, another USB cable and socket; then resume or repeat.",
            evidence=evidence,
        )

    async def _gone(self, evidence: str) -> FaultError:
        was = self.link.baud
        found = await self.find()
        if found and was != self.link.baud:
            return faults.REBOOTED(
                what=f"The programmer is back at {self.link.baud} baud; it was at {was}.",
                cause="It lost its supply for a moment, or its reset pin was pulled.",
                next="Another USB cable and socket; nothing else may open this port. Then go on.",
                evidence=evidence,
            )
        if found:
            return faults.NO_ANSWER(
                what="The programmer was silent for a while and is back.",
                cause="Bytes are lost between this computer and the kit.",
                next="Another USB cable and socket; then go on.",
                evidence=evidence,
            )
        return faults.LOST(
            what=f"The programmer stopped answering at {was} baud and at every other speed.",
            cause="It lost its supply, or it hangs.",
            next="Pull the kit out, wait 2 s, plug it in again, then go on.",
            evidence=evidence,
        )

    # -- the programmer --------------------------------------------------------------------

    async def present(self, deadline: float = DEADLINE, tries: int = TRIES) -> bool:
        """True when the 19-byte version reply comes: the only proof of a programmer."""
        for attempt in range(tries):
            if attempt:
                await self.link.quiet(SILENCE, SILENCE_LIMIT)
            verdict, reply = await self.exchange(wire.get_version(), deadline)
            if verdict is Verdict.OK and reply is not None and len(reply.payload) == 13:
                self.programmer = wire.programmer(reply.payload)
                return True
        return False

    async def find(self) -> bool:
        """Look for the programmer at every speed, the usual one first; our side stays there."""
        for baud in BAUDS:
            try:
                await self.link.set_baud(baud)
            except FaultError as error:
                if error.fault.code != "LINK-BAUD":
                    raise
                continue
            await self.link.quiet(SILENCE, SILENCE_LIMIT)
            if await self.present(PROBE, tries=2):
                return True
        with contextlib.suppress(FaultError):
            await self.link.set_baud(BASE_BAUD)
        return False

    async def set_divider(self, divider: int) -> None:
        """Default SWire settings with this divider."""
        await self.call(wire.set_config(divider))

    async def set_baud(self, baud: int) -> bool:
        """Change both sides and prove it.  False when both are still, or again, at the old speed.

        Raises TL-LOST when the programmer is at neither.
        """
        old = self.link.baud
        if baud == old:
            return True
        try:
            # Our side first: once the programmer has switched, an adapter that cannot is lost.
            await self.link.set_baud(baud)
        except FaultError as error:
            if error.fault.code != "LINK-BAUD":
                raise
            return False
        await self.link.set_baud(old)
        verdict, _ = await self.exchange(wire.set_baud(BAUDS[baud]), DEADLINE)
        if verdict in (Verdict.UNKNOWN, Verdict.REFUSED):
            return False
        await asyncio.sleep(SWITCH)
        for candidate in (baud, old):  # never sent twice: asked at both speeds instead
            await self.link.set_baud(candidate)
            await self.link.quiet(SILENCE if candidate == old else 0.0, SILENCE_LIMIT)
            if await self.present(PROBE, tries=2):
                return candidate == baud
        if await self.find():
            return self.link.baud == baud
        raise await self._gone(self.evidence)

    async def leave(self) -> None:
        """Leave the programmer at 230400 for the next program, if that is quickly done."""
        if self.link.baud == BASE_BAUD:
            return
        with contextlib.suppress(FaultError, TimeoutError):
            async with asyncio.timeout(LEAVE_LIMIT):
                if not await self.set_baud(BASE_BAUD):
                    await self.set_baud(BASE_BAUD)

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
        await self.call(wire.poke(wire.RESET_AT, wire.SOFT_RESET))

    # -- flash, reading --------------------------------------------------------------------

    async def jedec(self) -> bytes:
        """Maker, type and capacity of the flash."""
        return (await self.call(wire.jedec())).payload

    async def status(self) -> int:
        """The flash's status register."""
        return (await self.call(wire.status())).payload[0]

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

    async def idle(self, limit: float) -> int:
        """Wait until the flash is not busy; its status then.  Raises TL-BUSY, TL-ASLEEP."""
        clock = asyncio.get_running_loop().time
        until = clock() + limit
        while (status := await self.status()) & BUSY:
            if clock() >= until:
                kind = faults.ASLEEP if status == NO_FLASH else faults.BUSY
                raise kind(
                    what=f"The flash still reports status {status:02X} after {limit:.1f} s.",
                    cause="The supply is weak, or the flash is not awake.",
                    next="3.3 V at the module; wait a moment, then resume or repeat.",
                    evidence=self.evidence,
                )
            await asyncio.sleep(POLL)
        return status

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


def target_lost(request: str, evidence: str) -> FaultError:
    """TL-TARGET-LOST for a request that reads over SWS."""
    return faults.TARGET_LOST(
        what=f"The programmer answers, but nothing answered over SWS to '{request}'.",
        cause="The module restarted, or its SWS, GND or 3.3 V wire came loose.",
        next="3.3 V and GND at the module, D4 to SWS, D3 to RST; then repeat or resume.",
        evidence=evidence,
    )


def _elided(data: bytes) -> str:
    if len(data) <= 24:
        return data.hex(" ") or "nothing"
    return f"{data[:16].hex(' ')} <{len(data) - 16} bytes>"
