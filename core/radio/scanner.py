"""The one scan: started, watched over, restarted; passive where that works (bleak notes 8).

`run` lives as long as somebody listens.  It never ends by itself: what goes wrong shows in the
status, is tried again with growing pauses, and at once when the adapter or the stack changes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.fault import Fault, FaultError
from core.radio import errors, faults
from core.radio.advert import Advert
from core.radio.api import Adapter, Backends, Host
from core.radio.choice import choose
from core.radio.scans import BTHOME_UUIDS, Scans
from core.radio.seen import Seen
from core.radio.status import DEAF_MONITOR, EXPERIMENTAL, SLOW_UPDATES, Mode, Status

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

ACTIVE_FIRST = 12.0
"""Seconds of asking for names at the start: one scan cycle of 10.24 s and a bit."""
HUNT_AGAIN = 20.0
LONGEST_HUNT_PAUSE = 320.0
HUNTS = 3
"""A device without a name is worth so many further searches, at least so far apart; asking is
what disturbs Wi-Fi, so searches that find no name become rare."""
MOST_NAMELESS = 1000
SILENCE = 15.0
LONGEST_SILENCE = 120.0
STILL_SILENT = 4 * SILENCE
"""Seconds without one advert until the scan is begun anew; doubled each time it did not help."""
START_LIMIT = 15.0
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
TICK = 1.0


class Scanner:
    """Scans on one adapter for everybody; `heard` gets each advert, `changed` each status.

    `everything` keeps on asking actively, `calm` never asks where watching is enough: a connection
    is open, and the radio has its hands full.
    """

    def __init__(
        self,
        backends: Backends,
        host: Host,
        heard: Callable[[Advert], None],
        changed: Callable[[Status], None],
        log: Callable[[str], None],
    ) -> None:
        self.adapter = ""
        self.everything = False
        self.calm = False
        self.seen = Seen()
        self.status = Status(Mode.OFF)
        self.first: asyncio.Future[None] | None = None
        self._host = host
        self._scans = Scans(backends, self._take, log)
        self._heard, self._changed = heard, changed
        self._wake = asyncio.Event()
        self._active_until = self._active_ended = 0.0
        self._nameless: dict[str, int] = {}
        self._hunt_pause = HUNT_AGAIN
        self._last_heard: float | None = None
        self._began = 0.0
        self._silence = SILENCE
        self._deaf = 0
        self._asked_heard = False
        self._hold = 0
        self._moved = False
        self._held = asyncio.Event()
        host.watch(self.wake)

    def move(self, adapter: str) -> None:
        """Scan on another adapter."""
        self.adapter, self._moved = adapter, True
        self.wake()

    def wake(self) -> None:
        """Look at everything now."""
        self._wake.set()

    # -- the life of the scan --------------------------------------------------------------

    async def run(self) -> None:
        """Scan until cancelled."""
        failures = 0
        try:
            while True:
                await self._rest()
                try:
                    await self._scan()
                    failures = 0
                except FaultError as error:
                    self._settle(error)
                    self._say(Mode.FAILED, fault=error.fault)
                    pause = PAUSES[min(failures, len(PAUSES) - 1)]
                    failures += 1
                    await self._sleep(pause)
        finally:
            await self._scans.stop()
            self._say(Mode.OFF)

    async def _rest(self) -> None:
        """Keep still while a connection is made."""
        if self._hold:
            self._say(Mode.PAUSED)
            self._held.set()
            while self._hold:
                await self._sleep(60.0)
            self._held.clear()

    def _settle(self, error: FaultError | None) -> None:
        """Answer whoever waits for the first start."""
        if self.first is not None and not self.first.done():
            if error is None:
                self.first.set_result(None)
            else:
                self.first.set_exception(error)
                self.first.exception()  # nobody may be waiting: the status shows it, too

    async def _scan(self) -> None:
        """One scan from its start to whatever ends it.  Raises FaultError."""
        doing, epoch, self._moved = "Starting the scan", self._host.epoch, False
        if self.status.mode is Mode.OFF:
            self._say(Mode.STARTING)
        adapter = choose(await self._host.adapters(), self.adapter, doing)
        try:
            await self._start(adapter, doing)
            self._settle(None)
            while not self._hold and not self._over(epoch):
                await self._tend(adapter)
                await self._sleep(TICK)
        finally:
            await self._scans.stop()
        if not self._hold:
            self._say(self.status.mode, restarts=self.status.restarts + 1)

    async def _start(self, adapter: Adapter, doing: str) -> None:
        try:
            async with asyncio.timeout(START_LIMIT):
                passive = self._deaf < 2 and await self._scans.start_passive(adapter)
                if not (passive and self.calm):
                    await self._ask(adapter)
        except Exception as error:
            await self._scans.stop()
            raise errors.fault_of(error, doing) from error
        cost = "" if passive else DEAF_MONITOR if self._deaf >= 2 else SLOW_UPDATES
        remedy = "" if passive or self._deaf >= 2 else EXPERIMENTAL
        mode = Mode.ACTIVE if not passive else Mode.BOTH if self._scans.active else Mode.PASSIVE
        self._began = self._now()
        self._say(mode, adapter=adapter, cost=cost, remedy=remedy, fault=self._silent_fault())

    async def _ask(self, adapter: Adapter) -> None:
        """Ask for names from now on."""
        await self._scans.start_active(adapter)
        now = self._now()
        self._active_until, self._active_ended = now + ACTIVE_FIRST, now
        self._asked_heard = False

    def _silent_fault(self) -> Fault | None:
        """RADIO-SILENT once scans were begun anew and still nobody is heard; the radio goes on."""
        if self._silence < STILL_SILENT:
            return None
        since = self.status.since if self._last_heard is None else self._last_heard
        return faults.SILENT(
            what=f"Not one advert was heard for {self._now() - since:.0f} s, from anybody.",
            cause="The radio hangs, its antenna is covered, or nothing is in the air here.",
            next="Switch the adapter off and on; open metal doors; try a USB adapter.",
            command=("bluetoothctl", "power", "off"),
        ).fault

    # -- watching over it ------------------------------------------------------------------

    def _over(self, epoch: int) -> bool:
        """Whether the scan has to be begun anew."""
        if self._host.epoch != epoch or self._moved:
            return True
        if self._now() - max(self._began, self._last_heard or 0.0) <= self._silence:
            return False
        if self._scans.passive and not self._scans.active and self._asked_heard:
            self._deaf += 1  # asking brought meters, the monitor alone none
        self._silence = min(self._silence * 2, LONGEST_SILENCE)
        return True

    async def _tend(self, adapter: Adapter) -> None:
        """Ask for names when there is somebody to name, stop asking when it was long enough."""
        if not self._scans.passive:
            return
        now = self._now()
        if self._scans.active:
            if self.calm or (now >= self._active_until and not self.everything):
                self._active_ended = now
                await self._scans.stop_active()
                self._say(Mode.PASSIVE)
        elif not self.calm and (self.everything or self._worth_asking(now)):
            with contextlib.suppress(Exception):  # the passive scan goes on; the next tick tries
                await self._ask(adapter)
            if self._scans.active:
                self._say(Mode.BOTH)

    def _worth_asking(self, now: float) -> bool:
        if now - self._active_ended < self._hunt_pause:
            return False
        worth = [address for address, hunts in self._nameless.items() if hunts < HUNTS]
        for address in worth:
            self._nameless[address] += 1
        if worth:  # a name that comes makes the next pause short again
            self._hunt_pause = min(self._hunt_pause * 2, LONGEST_HUNT_PAUSE)
        return bool(worth)

    async def _sleep(self, seconds: float) -> None:
        """Wait, or until something happens."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()

    async def hold(self) -> None:
        """Stop scanning, for a connection; returns when it has stopped."""
        self._hold += 1
        self.wake()
        try:
            await self._held.wait()
        except BaseException:
            self.go_on()
            raise

    def go_on(self) -> None:
        """End that."""
        self._hold -= 1
        self.wake()

    # -- what is heard ---------------------------------------------------------------------

    def _take(self, device: BLEDevice, data: AdvertisementData) -> None:
        now = self._now()
        advert = self.seen.take(device, data, now)
        if advert is None:
            return
        self._last_heard = now
        self._silence = SILENCE
        if self.status.fault is not None:
            self._say(self.status.mode, fault=None)
        if not advert.name:
            self._note_nameless(advert)
        elif advert.address in self._nameless:
            del self._nameless[advert.address]
            self._hunt_pause = HUNT_AGAIN
        if self._scans.active and not self._asked_heard:
            self._asked_heard = any(uuid in advert.service_data for uuid in BTHOME_UUIDS)
        elif not self._scans.active:
            self._deaf, self._asked_heard = 0, False
        self._heard(advert)

    def _note_nameless(self, advert: Advert) -> None:
        if advert.address in self._nameless:
            return
        if any(uuid in advert.service_data for uuid in BTHOME_UUIDS):
            if len(self._nameless) >= MOST_NAMELESS:
                del self._nameless[next(iter(self._nameless))]
            self._nameless[advert.address] = 0

    def _say(self, mode: Mode, **changes: Any) -> None:
        same = (mode.listening and self.status.mode.listening) or mode is self.status.mode
        since = self.status.since if same else self._now()
        changes = {"since": since, **changes}
        if mode in (Mode.OFF, Mode.FAILED, Mode.STARTING):
            changes = {"adapter": None, "cost": "", "remedy": "", **changes}
        changes = {"fault": self.status.fault if same else None, **changes}
        status = replace(self.status, mode=mode, heard=self._last_heard, **changes)
        if status != self.status:
            self.status = status
            self._changed(status)

    def current(self) -> Status:
        """The status with the time of the last advert."""
        return replace(self.status, heard=self._last_heard)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
