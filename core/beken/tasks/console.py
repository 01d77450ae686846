"""The boot log of a plug, live.  A stream: it has no journal and ends when nobody listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.beken import faults
from core.beken.bootlog import LOOPS, MEANING, BootLog, Verdict
from core.beken.client import BASE_BAUD
from core.fault import FaultError
from core.link.api import OpenPort

CHUNK = 4096
TICK = 0.5
"""Seconds between two looks at a line on which nothing comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleOptions:
    """`port` carries TX2.  It ends after `seconds`, None: when it is cancelled.  `secrets` are
    hidden wherever they stand; `reveal` hides nothing."""

    port: str
    seconds: float | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    reveal: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """New lines, and what everything so far means.  `t` is seconds since the port was opened."""

    t: float
    lines: tuple[str, ...]
    verdict: Verdict
    boots: int


Tell = Callable[[Heard], None]


async def console(
    options: ConsoleOptions, *, ports: OpenPort, tell: Tell, log: BootLog | None = None
) -> BootLog:
    """Listen, and tell each change.  Returns the log; `log` gives one that outlives a cancel.

    Raises the LINK-* faults of the port.
    """
    log = log or BootLog(options.secrets, reveal=options.reveal)
    link = await ports(options.port, BASE_BAUD, "Console: boot log")
    clock = asyncio.get_running_loop().time
    began = clock()
    said: tuple[Verdict, int] | None = None
    try:
        while True:
            left = TICK
            if options.seconds is not None:
                left = min(TICK, began + options.seconds - clock())
                if left <= 0:
                    break
            data = await link.read(CHUNK, left)
            now = clock() - began
            lines = log.feed(data, now) if data else []
            log.tick(now)
            state = (log.verdict, log.boots)
            if lines or state != said:
                said = state
                tell(Heard(round(now, 3), tuple(lines), *state))
    finally:
        await link.close()
        rest = log.finish()
        if rest:
            tell(Heard(round(clock() - began, 3), tuple(rest), log.verdict, log.boots))
    return log


def result_of(log: BootLog) -> dict[str, Any]:
    """How it ended: `verdict`, `boots`, `bytes`, `next`, `summary`.

    Raises BK-NO-BOOT for a plug that does not come up.
    """
    verdict = log.verdict
    meaning = MEANING[verdict]
    if verdict in LOOPS:
        raise loop_fault(verdict)
    return {
        "verdict": str(verdict),
        "boots": log.boots,
        "bytes": log.total,
        "next": meaning.next,
        "summary": f"{meaning.what} {meaning.cause}",
    }


def loop_fault(verdict: Verdict) -> FaultError:
    """BK-NO-BOOT with what this verdict means."""
    meaning = MEANING[verdict]
    return faults.NO_BOOT(
        what=f"{verdict.capitalize()}: {meaning.what}",
        cause=meaning.cause,
        next=meaning.next,
        state="Nothing was changed; the console only listens.",
    )
