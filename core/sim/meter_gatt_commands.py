"""What each command does to the module, one at a time, as its main loop does them (sheet 2.5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core.sim.meter_adverts import BLANK, MeterAdverts, Readings
from core.sim.meter_gatt_log import Log
from core.sim.meter_gatt_meters import UNANSWERED, Meter, Polled, baud_of
from core.sim.meter_gatt_options import ModuleOptions
from core.sim.meter_gatt_settings import (
    FACTORY_SCALE,
    Settings,
    StatusFields,
    Values,
    text_field,
)
from core.sim.meter_gatt_tables import Release

KEY_BYTES = 16


class Brain:
    """Settings, readings and status of one running firmware.

    `tell(data, forced)` sends on the configuration channel; `live(index, times)` sends a live
    value.
    """

    def __init__(
        self,
        options: ModuleOptions,
        release: Release,
        settings: Settings,
        meter: Meter,
        adverts: MeterAdverts,
        tell: Callable[[bytes, bool], None],
        live: Callable[[int], None],
        release_bonds: Callable[[], None],
    ) -> None:
        self.options, self.release = options, release
        self.settings, self.meter = settings, meter
        self.values = Values()
        self.log = Log(release.ring)
        self.status = StatusFields(release, settings)
        self.status.refresh()
        self.adverts = adverts
        self.reboot_armed = False
        self.baud = baud_of(settings.kind)
        self.last_poll: float | None = None
        self._tell, self._live, self._release_bonds = tell, live, release_bonds

    # -- the meter -------------------------------------------------------------------------

    def take_poll(self) -> Polled:
        """Ask the meter; returns what to wait for.  The speed is right again afterwards."""
        s = self.settings
        polled = self.meter.poll(s.kind, s.address, self.baud, known=self.values.known)
        self.baud = baud_of(s.kind)
        self.last_poll = asyncio.get_running_loop().time()
        for line in polled.lines:
            self.log.add(line)
        return polled

    def take(self, polled: Polled) -> None:
        """Put what was read where it belongs; changed live values are sent."""
        v = self.values
        v.serial, v.made = polled.serial or v.serial, polled.made or v.made
        if polled.tariffs is None:
            return
        v.battery = polled.battery
        power_was = (v.power, v.voltage, v.current)
        changed = [n for n in range(3) if polled.tariffs[n] > v.tariffs[n]]
        for n in changed:
            v.tariffs[n] = polled.tariffs[n]
        v.power, v.voltage, v.current = polled.power, polled.voltage, polled.current
        flags = [0 if self.settings.kind in (2, 3) else n for n in changed]
        for n, (old, new) in enumerate(
            zip(power_was, (v.power, v.voltage, v.current), strict=True)
        ):
            if old != new:
                flags.append(3 if self.settings.kind == 3 and n == 1 else 3 + n)
        one, two, three = v.tariffs
        self.adverts.update(Readings((one, two, three), v.power, v.voltage, v.current, v.battery))
        for flag in flags:
            self._live(flag)

    async def poll(self) -> None:
        """A whole poll; the main loop stands still meanwhile."""
        polled = self.take_poll()
        await asyncio.sleep(polled.seconds * self.options.pace)
        self.take(polled)

    # -- commands --------------------------------------------------------------------------

    async def command(self, data: bytes) -> None:
        """One write to the configuration channel."""
        number, body = data[0], data[1:]
        if number > self.release.highest or number in self.options.stuck:
            self.log.add(f"Unknown or incomplete command 0x{number:02x}")
            return
        action = {
            0xF1: self._period,
            0xF2: self._release,
            0xF3: self._reboot,
            0xF4: self._identify,
            0xF5: self._key,
            0xF6: self._no_key,
            0xF7: self._address,
            0xF8: self._clear,
            0xF9: self._kind,
            0xFA: self._scale,
        }.get(number)
        if action is None or not await action(body):
            self.log.add(f"Unknown or incomplete command 0x{number:02x}")
        self.drain()

    def _save(self) -> None:
        self.settings.saved = True
        self.log.add("Save config to flash address - 0x40100")

    async def _period(self, body: bytes) -> bool:
        if len(body) != 1:
            return False
        self.settings.period = body[0]
        self.log.add(f"New measurement_period - {body[0]} minutes")
        self._save()
        return True

    async def _release(self, body: bytes) -> bool:
        if body:
            return False
        self._release_bonds()
        self.log.add("Reset whitelist")
        return True

    async def _reboot(self, body: bytes) -> bool:
        if body:
            return False
        self.reboot_armed = True
        self.log.add("Reset is enabled after disconnection")
        return True

    async def _identify(self, _body: bytes) -> bool:
        self.log.on = True
        if self.release.texts and not self.values.known:
            polled = self.take_poll()
            await asyncio.sleep(min(polled.seconds, 2 * UNANSWERED) * self.options.pace)
            self.values.serial = polled.serial or self.values.serial
            self.values.made = polled.made or self.values.made
        self.log.add("Main notify start")
        self.status.refresh()
        self._send_status(3)
        if self.settings.key:
            self._twice(b"\xdb\xfe" + self.settings.key)
        self._send_texts()
        self._twice(self.log.stale())
        return True

    async def _key(self, body: bytes) -> bool:
        if len(body) != KEY_BYTES:
            return False
        self.settings.key = body
        self.log.add(f'Set new bindkey - "{body.hex()}"')
        self._save()
        self.adverts.set_key(body)
        return True

    async def _no_key(self, _body: bytes) -> bool:
        self.settings.key = b""
        self.log.add("Reset BindKey")
        self._save()
        self.adverts.set_key(None)
        return True

    async def _address(self, body: bytes) -> bool:
        if not body:
            return False
        address = int.from_bytes(body[-4:], "big")
        if self.release.length == 8:
            address &= 0xFFFF
        self.settings.address = address
        self.log.add(f"New device address: {address}")
        self._save()
        await self.poll()
        self._send_texts()
        return True

    async def _clear(self, _body: bytes) -> bool:
        s = self.settings
        s.kind, s.address, s.period, s.key, s.scale = 1, 0, 1, b"", FACTORY_SCALE
        self.values = Values()
        self.log.add("Clear config (measurement data)")
        self._save()
        self.adverts.readings, self.adverts.key = BLANK, None
        self._rebuild()
        self.status.refresh_part()
        self._send_status(3)
        self._send_texts()
        self._send_live()
        return True

    async def _kind(self, body: bytes) -> bool:
        if len(body) != 1:
            return False
        kind = body[0] if 1 <= body[0] <= 4 else 1
        self.values = Values()
        if kind != self.settings.kind:
            self.settings.kind = kind
            self.settings.scale = self.release.scales[kind - 1]
            if kind == 1 and not self.settings.scale:
                self.settings.scale = FACTORY_SCALE
            self._save()
        self.log.add(f"New device type {kind}")
        self.adverts.readings = BLANK
        self._rebuild()
        await self.poll()
        self.status.refresh()
        self._send_status(3)
        self._send_live()
        self._send_texts()
        return True

    async def _scale(self, body: bytes) -> bool:
        if not body:
            return False
        if len(body) <= 2:
            self.settings.scale = int.from_bytes(body, "big")
            self.log.add(f"New divisor: 0x{self.settings.scale:04x}")
            self._rebuild()
        self._save()
        return True

    def _rebuild(self) -> None:
        if self.release.has_scale:
            self.adverts.divisor = self.settings.scale
        self.adverts.rebuild()

    # -- sending ---------------------------------------------------------------------------

    def _send_status(self, times: int) -> None:
        status = self.status.encode()
        if self.options.status_bytes is not None:
            status = status.ljust(self.options.status_bytes, b"\0")[: self.options.status_bytes]
        for number in range(times):
            self._tell(status, number == 0)

    def _send_texts(self) -> None:
        if self.release.texts:
            self._twice(text_field(0xDC, self.values.serial))
            self._twice(text_field(0xDD, self.values.made))

    def _send_live(self) -> None:
        for index in range(6):
            self._live(index)

    def _twice(self, data: bytes) -> None:
        for _ in range(2):
            self._tell(data, False)

    def drain(self) -> None:
        """Send what the log holds."""
        while (piece := self.log.take()) is not None:
            self._twice(piece)
