"""One conversation with one TLSRPGM programmer: frames, deadlines, real retries, its speed.

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
from core.telink.wire import BASE_BAUD, BAUDS, Programmer, Reply, Request, Verdict

DEADLINE = 0.5
TRIES = 3
SILENCE = 0.03
SILENCE_LIMIT = 0.5
SWITCH = 0.005
"""The programmer takes 0.35 ms to change its speed."""
PROBE = 0.15
POLL = 0.006
SECTOR_LIMIT = 3.0
LEAVE_LIMIT = 1.5
BUSY = 0x01
NO_FLASH = 0xFF

_OF_CHANGES: dict[str, FaultKind] = {
    "page write": faults.LOST_PAGE,
    "sector erase": faults.LOST_ERASE,
}


class Conversation:
    """The programmer behind `link`.

    Every call may raise FaultError: TL-LOST or TL-REBOOTED when the programmer is gone,
    TL-NO-ANSWER (TL-LOST-PAGE, TL-LOST-ERASE) when only this request fails, TL-TARGET-LOST when
    nothing answers over SWS, TL-UNSUPPORTED, and what the link raises.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self.programmer: Programmer | None = None
        self.retries = 0
        self.stopped = False
        """True from when the module's processor was seen standing still until it is let go."""
        self._missed = False
        self._sent = self._heard = b""

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
            self._missed = True
            return Verdict.SILENT, None
        if wire.is_unknown(head) and head[0] == request.command:
            return Verdict.UNKNOWN, None
        head = await self._more(1, until)
        if len(head) < 4:
            return Verdict.DAMAGED, None
        found = wire.judge(request, await self._more(wire.rest_of(request, head), until))
        if found[0] is Verdict.OK:
            self._missed = False
        return found

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
        evidence, missed = self.evidence, self._missed
        if verdict in (Verdict.UNKNOWN, Verdict.REFUSED):
            return faults.UNSUPPORTED(
                what=f"The request '{request.name}' was not accepted: {verdict.value}.",
                cause="Another firmware on the kit, or an older one.",
                next="Load the current uart2swire.bin onto the kit.",
                evidence=evidence,
            )
        if verdict is Verdict.NO_TARGET:
            if missed and self.stopped:
                return _restarted(request.name, evidence)
            return _target_lost(request.name, evidence)
        if not await self.present():
            return await self._gone(evidence)
        if missed and self.stopped and await self._runs():
            return _restarted(request.name, evidence)
        kind = _OF_CHANGES.get(request.name, faults.NO_ANSWER)
        return kind(
            what=f"The request '{request.name}' had no sound answer in {TRIES} tries "
            f"({verdict.value}); the programmer still answers the version question.",
            cause="Bytes are lost or damaged between this computer and the kit.",
            next="Use --baud 230400, another USB cable and socket; then resume or repeat.",
            evidence=evidence,
        )

    async def _runs(self) -> bool:
        """True when the module's processor, once stopped, is no longer: it was restarted."""
        verdict, reply = await self.exchange(wire.peek(wire.CPU_AT, 1), DEADLINE)
        stands = reply is not None and reply.payload == bytes([wire.CPU_STOPPED])
        return verdict is Verdict.NO_TARGET or (verdict is Verdict.OK and not stands)

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

    # -- is the flash ready -----------------------------------------------------------------

    async def status(self) -> int:
        """The flash's status register."""
        return (await self.call(wire.status())).payload[0]

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


def _target_lost(request: str, evidence: str) -> FaultError:
    """TL-TARGET-LOST for a request that reads over SWS."""
    return faults.TARGET_LOST(
        what=f"The programmer answers, but nothing answered over SWS to '{request}'.",
        cause="The module restarted, or its SWS, GND or 3.3 V wire came loose.",
        next="3.3 V and GND at the module, D4 to SWS, D3 to RST; then repeat or resume.",
        evidence=evidence,
    )


def _restarted(request: str, evidence: str) -> FaultError:
    """TL-REBOOTED where the speed does not tell: a request was swallowed, and after it the module
    is no longer stopped.  The wires float while a programmer starts, so the module does, too."""
    return faults.REBOOTED(
        what=f"A request was not answered at all ('{request}' failed); after it the module's "
        "processor was no longer stopped.",
        cause="The programmer lost its supply for a moment, or its reset pin was pulled.",
        next="Another USB cable and socket; nothing else may open this port. Then go on.",
        evidence=evidence,
    )


def _elided(data: bytes) -> str:
    if len(data) <= 24:
        return data.hex(" ") or "nothing"
    return f"{data[:16].hex(' ')} <{len(data) - 16} bytes>"
