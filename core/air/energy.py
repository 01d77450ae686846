"""Energy registers from one session to the next.

The 24-bit register of a frame begins anew at 16777.216 kWh.  Whoever looks at a meter once a week
recognises that only against the value of last time, so the last values of each meter are kept in
`devices/<mac>.toml`, table `energy`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from core.air.meters import WRAP_KWH, Register
from core.store.devices import Devices

if TYPE_CHECKING:
    from core.air.device import Device

TABLE = "energy"
MOST_METERS = 64
"""Meters whose values one session keeps: addresses of the air are without end, disks are not."""
SETTLED = 20
"""Frames of a meter until it counts as one that is there."""
MOST_WRAPS = 1000
MOST_REGISTERS = 8


class Energy:
    """The kept values of all meters.  Reads and writes small local files."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices
        self._kept: dict[str, dict[str, Any]] = {}

    def earlier(self, address: str) -> dict[int, Register]:
        """The registers of an address as they were last time; what cannot be is left out."""
        table = self._devices.load(address).get(TABLE)
        found: dict[int, Register] = {}
        for name, row in table.items() if isinstance(table, dict) else ():
            if not (isinstance(row, dict) and name.isdecimal() and len(name) <= 3):
                continue
            last, wraps = row.get("kwh"), row.get("wraps", 0)
            if not isinstance(last, int | float) or isinstance(last, bool):
                continue
            if not isinstance(wraps, int):
                continue
            if math.isfinite(last) and 0 <= last < WRAP_KWH / 1000 and 0 <= wraps <= MOST_WRAPS:
                register = found[int(name)] = Register()
                register.last, register.wraps = float(last), wraps
        return found

    def keep(self, devices: Iterable[Device]) -> None:
        """Write down the registers of the meters among these.  Raises STORE-*."""
        for device in devices:
            if not (device.tariffs_known and device.count >= SETTLED):
                continue
            table = {
                str(instance): {"kwh": round(register.last, 3), "wraps": register.wraps}
                for instance, register in sorted(device.registers.items())[:MOST_REGISTERS]
                if register.last is not None
            }
            known = device.address in self._kept
            if not table or self._kept.get(device.address) == table:
                continue
            if known or len(self._kept) < MOST_METERS:
                self._devices.remember(device.address, **{TABLE: table})
                self._kept[device.address] = table
