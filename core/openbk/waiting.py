"""What is said after the last request: the device restarts and is read back, second by second."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from core.job import Reporter
from core.openbk.standing import State

LIVE = "live"
"""Key of the facts that a screen shows in place of the readings."""


class BackAgain:
    """Turns the stages of the devices of one job into its phase, and for a single device into
    seconds.  `restarts` says of each host whether it restarts."""

    def __init__(self, report: Reporter, restarts: Mapping[str, bool], phases: int) -> None:
        self._report, self._phases = report, phases
        self._alone = len(restarts) == 1
        self._restart = any(restarts.values())
        self._sending = set(restarts)
        self._began: float | None = None
        self._clock: asyncio.Task[None] | None = None

    def at(self, host: str, state: State) -> None:
        """Everything was sent to this one; the phase begins with the last of them."""
        self._sending.discard(host)
        if not self._sending and self._began is None:
            self._began = asyncio.get_running_loop().time()
            name = "Restarting, then reading back" if self._restart else "Reading back"
            self._report.phase(name, self._phases - 1, self._phases)
        if self._alone:
            words = "restarting, then reading back" if state is State.RESTARTING else str(state)
            self._stop()
            self._clock = asyncio.create_task(self._tell(words))

    @contextmanager
    def ending(self, host: str) -> Iterator[None]:
        """Around all of the work on one device; the seconds stop with it."""
        try:
            yield
        finally:
            self._sending.discard(host)
            self._stop()

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
            self._report.facts(LIVE)

    async def _tell(self, words: str) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time() if self._began is None else self._began
        while True:
            self._report.facts(LIVE, doing=f"{words}, {loop.time() - began:.0f} s")
            await asyncio.sleep(1.0)
