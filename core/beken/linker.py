"""Gets the loader's attention: LinkChecks without a pause until one is answered.

The ROM listens for about 5 ms after reset, so the line must already carry LinkChecks when the
chip starts (BK7231 sheet 1.3).  Spacing is 0.5 to 1.5 ms and never more than 2 ms are queued, so
that stopping is prompt and stale answers are few (sheet 1.4, 12).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from core.beken import faults
from core.beken.client import BASE_BAUD, Client
from core.beken.hearing import ECHO, LINKED, TRIES_BEFORE_REST, Hearing, Kind
from core.beken.speed import LADDER, LINK_BAUD
from core.beken.wiring import ORDERED_REMEDIES, SUPPLY_TEXT, Lead
from core.fault import FaultError, FaultKind
from core.link.api import Link

# Just under a millisecond: the kernel's wait rounds up to the next whole one.
SPACING = 0.0009
SETTLE = 0.1
SETTLE_LIMIT = 1.0
TELL_EVERY = 0.3
BREAK = 2.0
DEFAULT_TIMEOUT = 60.0
SWEEP_AT = 0.6
"""Seconds of silence after which the chip is looked for at other speeds, once."""
SWEEP_WAIT = 0.03
SWEPT = (*LADDER[1:], 1_000_000)
"""Where a chip is looked for: what this program sets by itself, and what others like to use."""
RESET_FIRST = 1.0
RESET_EVERY = 0.8


class Step(NamedTuple):
    """The modem lines for some seconds; True is asserted, low at the adapter's pin."""

    dtr: bool
    rts: bool
    seconds: float


RESETS = (
    (Step(True, True, 0.05), Step(False, False, 0.0)),
    (Step(False, True, 0.2), Step(False, False, 0.0)),
    (Step(True, True, 0.1), Step(False, True, 0.1), Step(False, False, 0.0)),
)
"""How flashers pull a CEN that is wired to RTS, to DTR or to either (BK7231 sheet 1.6); each is
tried once, with LinkChecks running while the line is let go.  Without such a wire they do
nothing."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """Whole state of the link step, for the screen.  `seconds` since it began; `linked` at the
    end only."""

    seconds: float
    timeout: float
    bytes_seen: int
    kind: str
    prompt: str
    linked: bool
    boots: int

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


Tell = Callable[[LinkView], None]


async def link_up(
    link: Link,
    *,
    lead: Lead = Lead.GND,
    timeout: float = DEFAULT_TIMEOUT,
    also: int = 0,
    tell: Tell,
) -> None:
    """Returns when the loader has answered twice.  Raises LINK-* with what was heard instead.

    `also` is one more speed at which a job may have left the chip; 0: none.
    """
    speeds = dict.fromkeys((*reversed(SWEPT), also))
    await _Linker(link, lead, timeout, [baud for baud in speeds if baud > BASE_BAUD], tell).run()


class _Linker:
    def __init__(
        self, link: Link, lead: Lead, timeout: float, speeds: list[int], tell: Tell
    ) -> None:
        self.link, self.lead, self.timeout, self._tell_to = link, lead, timeout, tell
        self._speeds = speeds
        self.hearing = Hearing()
        self.client = Client(link)
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._told = float("-inf")
        self._tail = b""
        self._prompt = lead.prompt
        self._held_low = False
        self._swept = False
        self._resets = 0

    async def run(self) -> None:
        await self.link.set_lines(dtr=False, rts=False)
        self._tell()
        until = self._began + self.timeout
        while self._loop.time() < until:
            if await self._flood_once() and await self._confirm():
                self._tell(linked=True)
                return
            if await self._elsewhere() and await self._confirm():
                self._tell(linked=True)
                return
            if self.hearing.never_off and not self._held_low:
                await self._hold_low()
            self._tell_if_due()
        raise self._failed()

    async def _flood_once(self) -> bool:
        """One LinkCheck and the time until the next; True when an answer was heard."""
        next_at = self._loop.time() + SPACING
        await self.link.write(ECHO)
        while (left := next_at - self._loop.time()) > 0:
            data = await self.link.read(4096, left)
            self.hearing.heard(data, self._loop.time())
            self._tail = (self._tail + data)[-64:]
            if LINKED in self._tail:
                self._tail = b""
                return True
        return False

    async def _elsewhere(self) -> bool:
        """Look for a chip that a crash left at another speed, then try the modem lines."""
        spent = self._loop.time() - self._began
        if self.hearing.kind not in (Kind.NOTHING, Kind.NOISE):
            return False
        if not self._swept and spent >= SWEEP_AT:
            self._swept = True
            return await self._sweep()
        if self._resets < len(RESETS) and spent >= RESET_FIRST + self._resets * RESET_EVERY:
            self._resets += 1
            return await self._pulse(RESETS[self._resets - 1])
        return False

    async def _sweep(self) -> bool:
        """True when the chip answered at one of the speeds and is back at 115200."""
        found = False
        for baud in self._speeds:
            try:
                await self.link.set_baud(baud)
            except FaultError as error:
                if error.fault.code != LINK_BAUD:
                    raise
                continue
            await self.link.write(ECHO)
            if LINKED in await self.link.read_exactly(len(LINKED), SWEEP_WAIT):
                with contextlib.suppress(FaultError):
                    await self.client.set_baud(BASE_BAUD)
                    found = True
                break
            self._tell_if_due()
        await self.link.set_baud(BASE_BAUD)
        return found

    async def _pulse(self, steps: tuple[Step, ...]) -> bool:
        for step in steps:
            await self.link.set_lines(dtr=step.dtr, rts=step.rts)
            until = self._loop.time() + step.seconds
            while self._loop.time() < until:
                self._tell_if_due()
                if await self._flood_once():
                    await self.link.set_lines(dtr=False, rts=False)
                    return True
        return False

    async def _hold_low(self) -> None:
        """Once: the chip may live off our TX line, so hold it low while the lead is off (P7)."""
        self._held_low = True
        self._prompt = f"{self.lead.off} TX is held low for {BREAK:.0f} s."
        self._tell()
        await self.link.send_break(BREAK)
        self._prompt = "Reconnect now."
        self._tell()

    async def _confirm(self) -> bool:
        """Let late answers pass, then ask once more."""
        late = await self.link.quiet(SETTLE, SETTLE_LIMIT)
        self.hearing.heard(late, self._loop.time())
        if await self.client.alive():
            return True
        self.hearing.stopped()
        return False

    def _tell_if_due(self) -> None:
        if self._loop.time() - self._told >= TELL_EVERY:
            self._tell()

    def _tell(self, *, linked: bool = False) -> None:
        self._told = now = self._loop.time()
        rest = self.hearing.boots >= TRIES_BEFORE_REST and self.hearing.kind is Kind.RUNNING
        prompt = "Let it run for 6 s now. " if rest else ""
        self._tell_to(
            LinkView(
                seconds=round(now - self._began, 2),
                timeout=self.timeout,
                bytes_seen=self.hearing.total,
                kind=str(self.hearing.kind),
                prompt="" if linked else prompt + self._prompt,
                linked=linked,
                boots=self.hearing.boots,
            )
        )

    def _failed(self) -> FaultError:
        kind = self.hearing.kind
        fault, cause, steps = CLASSES[kind]
        heard = self.hearing
        return fault(
            what=f"No link in {self.timeout:.0f} s; {_heard_text(kind, heard.total)}.",
            cause=cause,
            next=" ".join(f"{n}. {text}" for n, text in enumerate(steps, 1))
            + f" Then try again: {self.lead.prompt}",
            evidence=heard.recent[-64:].hex(" "),
        )


def _heard_text(kind: Kind, total: int) -> str:
    if kind is Kind.NOTHING:
        return "not one byte came back"
    return f"{total} bytes came back: {HEARD[kind]}"


HEARD = {
    Kind.ECHO: "only what was sent",
    Kind.TEXT: "readable text, the boot log",
    Kind.MCU: "the heartbeat of a Tuya module with its own controller",
    Kind.RUNNING: "the signs of a running firmware",
    Kind.PROGRAMMER: "the answer of a module programmer",
    Kind.UNSTABLE: "right answers that stopped again",
    Kind.NOISE: "none that make sense",
}
_REMEDIES = tuple(ORDERED_REMEDIES)

CLASSES: dict[Kind, tuple[FaultKind, str, tuple[str, ...]]] = {
    Kind.NOTHING: (
        faults.LINK_SILENT,
        "No power at the module, no common ground, or the wire is not on TX1.",
        _REMEDIES,
    ),
    Kind.ECHO: (
        faults.LINK_ECHO,
        "TX and RX touch each other, or the adapter echoes.",
        ("Separate the two data wires.", "Adapter TX to RX1, adapter RX to TX1."),
    ),
    Kind.TEXT: (
        faults.LINK_TEXT,
        "The wire is on TX2, or the chip cannot hear RX1.",
        ("Move the wire from TX2 to TX1.", _REMEDIES[2]),
    ),
    Kind.MCU: (
        faults.LINK_MCU,
        "The stock firmware kept running: the chip was not restarted, or is fed through TX.",
        ("Take the adapter's TX off while the reset lead is interrupted.", _REMEDIES[2]),
    ),
    Kind.RUNNING: (
        faults.LINK_RUNNING,
        "A firmware runs and uses RX1 or TX1 as ordinary pins.",
        ("Let it run for 6 s, so that short boots do not add up.", _REMEDIES[2]),
    ),
    Kind.PROGRAMMER: (
        faults.LINK_PROGRAMMER,
        "This is the module programmer.",
        ("Choose the other port.",),
    ),
    Kind.UNSTABLE: (
        faults.LINK_UNSTABLE,
        "The supply sags or a contact bounces.",
        (SUPPLY_TEXT, "GND directly at the module, short wires."),
    ),
    Kind.NOISE: (
        faults.LINK_NOISE,
        "Wrong level, a missing ground, or a board part on the line.",
        ("GND of adapter and module joined at the module.", "Level jumper at 3.3 V.", _REMEDIES[2]),
    ),
}
