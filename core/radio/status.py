"""What the radio is doing, whole, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.fault import Fault
from core.radio.api import Adapter

SILENT = 12.0
"""Seconds without an advert that are worth a word: more than a scan cycle."""


class Mode(StrEnum):
    """How the radio listens now."""

    OFF = "off"
    STARTING = "starting"
    PASSIVE = "passive"
    BOTH = "passive, and asking for names"
    ACTIVE = "active"
    PAUSED = "paused for a connection"
    FAILED = "failed"

    @property
    def listening(self) -> bool:
        """Whether adverts can come in."""
        return self in (Mode.PASSIVE, Mode.BOTH, Mode.ACTIVE)


@dataclass(frozen=True, slots=True)
class Status:
    """The radio's state.

    `cost` says what the mode costs the user, `remedy` the way out, both empty where there is
    nothing to say.  `since` is the loop's time since when it listens, or does not; `heard` that of
    the last advert of anybody, None before the first.  `restarts` counts scans begun again.
    """

    mode: Mode
    adapter: Adapter | None = None
    cost: str = ""
    remedy: str = ""
    fault: Fault | None = None
    since: float = 0.0
    heard: float | None = None
    restarts: int = 0

    def silent_for(self, now: float) -> float:
        """Seconds without one advert from anybody."""
        return now - (self.since if self.heard is None else max(self.heard, self.since))

    def text(self, now: float) -> str:
        """One line for the pane."""
        if self.fault is not None:
            return f"{self.fault.code}: {self.fault.what}"
        where = f" on {self.adapter.name}" if self.adapter is not None else ""
        silent = self.silent_for(now)
        quiet = self.mode.listening and silent >= SILENT
        for_long = f"; nothing heard for {silent:.0f} s" if quiet else ""
        return f"{self.mode}{where}{for_long}"


SLOW_UPDATES = (
    "Values may be up to 11 s old, and the first rows may take that long: this radio reports a "
    "device once in a scan of 10 s."
)
DEAF_MONITOR = "The kernel takes no advertisement monitor, though BlueZ offers it. " + SLOW_UPDATES
EXPERIMENTAL = (
    "Start bluetoothd with --experimental, so that adverts can be watched passively; "
    "`wattbench doctor` prints the lines."
)
