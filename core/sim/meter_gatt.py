"""A simulated meter module: its firmware's answers over GATT, its lock, its updates.

Written from the device's side of the meter sheet (2 to 6); section 8 of it is this module's test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from core.sim import meter_gatt_ota as ota
from core.sim.meter_adverts import FIRMWARES, MeterAdverts
from core.sim.meter_gatt_commands import Brain
from core.sim.meter_gatt_meters import Meter
from core.sim.meter_gatt_options import ModuleOptions
from core.sim.meter_gatt_settings import Settings
from core.sim.meter_gatt_tables import (
    CONFIG,
    LIVE,
    NAME,
    OTA,
    RELEASES,
    SOFTWARE,
    STRINGS,
    full_uuid,
    table,
)
from core.sim.peripheral import AttError, Central, Characteristic, Peripheral, Service

READ_DENIED, WRITE_DENIED = 0x02, 0x03
DISCOVERY_QUIET = 0.3
PAIRING_QUIET = 0.5
SETTLED = 1.0
"""Seconds after the connect when the long connection latency begins."""
OFF_AIR = 2.5


class MeterModule(Peripheral):
    """One module with its meter; `brain` is the firmware that runs now."""

    wants_bond = True

    def __init__(self, options: ModuleOptions | None = None, rssi: int = -60) -> None:
        self.options = options or ModuleOptions()
        super().__init__(self.options.address, rssi)
        self.meter = Meter(self.options.meter)
        self.release = RELEASES[self.options.release]
        self.settings = Settings.of(self.options, self.release)
        self.bond = self.locked_to = self.options.bonded_to
        self.boots = 0
        self.off_until = 0.0
        self.received: list[bytes] = []
        self._central: Central | None = None
        self._busy = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: list[asyncio.TimerHandle] = []
        self._deaf = self.options.deaf
        self._boot()

    # -- life ------------------------------------------------------------------------------

    def _boot(self) -> None:
        """Start the firmware: readings, log and subscriptions are empty."""
        self.boots += 1
        self._services = table(current=self.release.current_bytes > 0)
        self._by_handle = {c.handle: c for s in self._services for c in s.characteristics}
        self._by_uuid = {c.uuid: c for c in self._by_handle.values()}
        self._subscribed: set[int] = set()
        self.update = self._new_update()
        self.adverts = self._new_adverts()
        self.brain = Brain(
            self.options, self.release, self.settings, self.meter, self.adverts,
            self._tell, self._send_live, self._release_bonds,
        )  # fmt: skip
        self.locked_to = self.bond

    def _new_update(self) -> ota.Update:
        return ota.Update(self.options.ota_error, self.options.ota_error_at)

    def _new_adverts(self) -> MeterAdverts:
        mac = bytes.fromhex(self.address.replace(":", ""))
        adverts = MeterAdverts(mac, FIRMWARES[self.release.adverts], self.settings.key or None)
        if not self.release.has_scale:
            adverts.divisor = None
        else:
            adverts.divisor = self.settings.scale
        return adverts

    def advert(self) -> bytes:
        if self.now() < self.off_until:
            return b""
        if self._poll_in() <= 0 and not self._tasks:
            self._poll_due()
        return self.adverts.next()

    def scan_response(self) -> bytes:
        return self.adverts.scan_response()

    @property
    def name(self) -> str:
        """As in the scan response."""
        return self.adverts.name

    def now(self) -> float:
        """The loop's time."""
        return asyncio.get_running_loop().time()

    def services(self) -> tuple[Service, ...]:
        return self._services

    def handle_of(self, short: int) -> int:
        """The declaration handle of one characteristic."""
        return self._by_uuid[full_uuid(short)].handle

    # -- connection and lock ---------------------------------------------------------------

    def accepts(self, central: str) -> bool:
        return self.now() >= self.off_until and self.locked_to in ("", central)

    def connected(self, central: Central) -> None:
        self._central = central
        self._since = self.now()
        self._quiet_until = self._since + DISCOVERY_QUIET
        self._writes = 0
        self.brain.log.clear()
        self._after(self.options.hang_up, self._time_is_up)
        self._after(self._poll_in(), self._poll_due)

    def disconnected(self) -> None:
        self._central = None
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.brain.log.clear()
        self.locked_to = self.bond
        if self.update.started is not None:
            self._update_over()
        elif self.brain.reboot_armed:
            self.off_until = self.now() + OFF_AIR
            self._boot()

    def bonded(self, central: str) -> None:
        self.bond = central
        self._quiet_until = max(self._quiet_until, self.now() + PAIRING_QUIET)

    def knows(self, central: str) -> bool:
        return self.bond == central

    def _release_bonds(self) -> None:
        self.bond = self.locked_to = ""

    def short_sws(self) -> None:
        """Hold SWS at GND for long enough: the same as F2."""
        self._release_bonds()
        self.brain.log.add("Reset whitelist")

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(max(seconds, 0), call))

    def _time_is_up(self) -> None:
        if self._central is not None and self.update.started is None:
            self._central.hang_up()

    def _poll_in(self) -> float:
        if self.brain.last_poll is None:
            return 0.0
        return self.brain.last_poll + max(self.settings.period * 60, 1) - self.now()

    def _poll_due(self) -> None:
        if self.update.started is None:
            self._spawn(self._poll())

    async def _poll(self) -> None:
        async with self._busy:
            await self.brain.poll()
            self.brain.drain()
        if self._central is not None:
            self._after(self._poll_in(), self._poll_due)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until the main loop has done all that it was given."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    # -- sending ---------------------------------------------------------------------------

    def _tell(self, data: bytes, forced: bool) -> None:
        handle = self.handle_of(CONFIG)
        if forced or handle in self._subscribed:
            self._notify(handle, data)

    def _send_live(self, index: int) -> None:
        characteristic = self._by_uuid.get(full_uuid(LIVE[index]))
        if characteristic is not None and characteristic.handle in self._subscribed:
            for _ in range(2):
                self._notify(characteristic.handle, self._live(index))

    def _notify(self, handle: int, data: bytes) -> None:
        if self._central is None or self.options.mute or self.now() < self._quiet_until:
            return
        self._central.notify(handle, data)

    # -- attributes ------------------------------------------------------------------------

    def subscribe(self, handle: int, on: bool) -> None:
        characteristic = self._by_handle[handle]
        if not any("2902" in d.uuid for d in characteristic.descriptors):
            raise AttError(WRITE_DENIED)
        (self._subscribed.add if on else self._subscribed.discard)(handle)

    async def read(self, handle: int) -> bytes:
        await self._delayed()
        async with self._busy:
            return self._value(self._by_handle[handle])

    def _value(self, characteristic: Characteristic) -> bytes:
        short = int(characteristic.uuid[4:8], 16)
        if characteristic.uuid == full_uuid(OTA):
            return b"\0"
        if short in LIVE:
            return self._live(LIVE.index(short))
        if short == NAME:
            return self.name.encode()
        if short == SOFTWARE:
            return self.release.revision
        if short == CONFIG:
            return bytes(16)
        if short not in STRINGS:
            raise AttError(READ_DENIED)
        return STRINGS[short]

    def _live(self, index: int) -> bytes:
        return self.brain.values.live(index, self.release.current_bytes)

    async def write(self, handle: int, data: bytes, *, response: bool) -> None:
        uuid = self._by_handle[handle].uuid
        if uuid not in (full_uuid(CONFIG), full_uuid(OTA)):
            if response:
                raise AttError(WRITE_DENIED)
            return
        if uuid == full_uuid(OTA):
            self._ota(data)
            return
        if not data:
            return
        self.received.append(data)
        self._writes += 1
        if self.options.drop_after is not None and self._writes > self.options.drop_after:
            self._hang_up()
            return
        if response:
            await self._command(data)
        else:
            self._spawn(self._command(data))

    async def _delayed(self) -> None:
        if self.options.latency and self.now() > self._since + SETTLED:
            await asyncio.sleep(self.options.latency)

    async def _command(self, data: bytes) -> None:
        await self._delayed()
        async with self._busy:
            if self.update.started is not None:
                return
            if data[0] == 0xF4 and self._deaf > 0:
                self._deaf -= 1
                return
            await self.brain.command(data)

    def _hang_up(self) -> None:
        if self._central is not None:
            self._central.hang_up()

    # -- update ----------------------------------------------------------------------------

    def _ota(self, data: bytes) -> None:
        was = self.update.started
        code = self.update.write(data, self.now())
        if self.update.started is not None and was is None:
            self._watch_update()
        limit = self.options.drop_after_ota_blocks
        if code is None and limit is not None and self.update.blocks >= limit:
            self._hang_up()
        elif code is not None:
            self._result(code)

    def _watch_update(self) -> None:
        if self.update.done is None:
            code = self.update.overdue(self.now())
            if code is None:
                self._after(self.update.deadline() - self.now() + 0.01, self._watch_update)
            else:
                self._result(code)

    def _result(self, code: int) -> None:
        self._notify(self.handle_of(OTA), bytes([0x06, 0xFF, code, 0]))
        if self.update.started is None:
            self.update = self._new_update()
        self._hang_up()

    def _update_over(self) -> None:
        """After the link is gone: boot the new image, or the old one again."""
        if self.update.done == ota.OK:
            new = RELEASES[self.options.next_release]
            self.settings = self.settings.after_update(self.release, new)
            self.release = new
        elif not self.update.blocks:
            self.update = self._new_update()
            return
        self.off_until = self.now() + OFF_AIR
        self._boot()
