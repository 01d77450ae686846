"""Who else is in the air: meters that live, thermometers, beacons, names that mean harm.

Every packet is made from the device's side: AD structures from the BTHome sheet (1 to 3) and the
Bluetooth assigned numbers.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

from core.sim.meter_adverts import AdvertisingMeter, Readings
from core.sim.peripheral import Peripheral

POLL = 5.0
"""Seconds between two polls of a living meter: quicker than real ones, so that there is news."""


def structure(kind: int, body: bytes) -> bytes:
    """One AD structure."""
    return bytes([len(body) + 1, kind]) + body


FLAGS = structure(0x01, b"\x06")


class LivingMeter(AdvertisingMeter):
    """A meter in use: its power wanders, its first tariff counts."""

    def __init__(
        self,
        address: str,
        firmware: str = "1.7",
        key: bytes | None = None,
        rssi: int = -60,
        readings: Readings | None = None,
    ) -> None:
        super().__init__(address, firmware, key, rssi)
        self._chance = random.Random(address)
        self._due = 0.0
        self._readings = readings or Readings()

    def advert(self) -> bytes:
        now = asyncio.get_running_loop().time()
        if now >= self._due:
            self._due = now + POLL
            self._poll()
        return super().advert()

    def _poll(self) -> None:
        old = self._readings
        power = min(max(old.power + self._chance.randint(-3, 3), 1), 350)
        first, second, third = old.tariffs
        voltage = 23000 + self._chance.randint(-300, 300)
        self._readings = replace(
            old,
            tariffs=(first + self._chance.randint(0, 1), second, third),
            power=power,
            voltage=voltage,
            current=power * 10_000_000 // (voltage * 10),
        )
        self.adverts.update(self._readings)


class Thermometer(Peripheral):
    """A BTHome thermometer; version 1 has another UUID and another shape."""

    interval = (1.0, 1.2)

    def __init__(self, address: str, version: int = 2, rssi: int = -72, name: str = "") -> None:
        super().__init__(address, rssi)
        self._version, self._name = version, name
        self._packet = 0
        self._chance = random.Random(address)

    def advert(self) -> bytes:
        self._packet = (self._packet + 1) & 0xFF
        degrees = (2150 + self._chance.randint(-20, 20)).to_bytes(2, "little", signed=True)
        humidity = (4700 + self._chance.randint(-90, 90)).to_bytes(2, "little")
        number = bytes([self._packet])
        if self._version == 2:
            objects = b"\x40\x00" + number + b"\x01\x5f\x02" + degrees + b"\x03" + humidity
            return FLAGS + structure(0x16, b"\xd2\xfc" + objects)
        objects = b"\x02\x00" + number + b"\x23\x02" + degrees + b"\x03\x03" + humidity
        return FLAGS + structure(0x16, b"\x1c\x18" + objects)

    def scan_response(self) -> bytes:
        return structure(0x09, self._name.encode()[:29]) if self._name else b""


class Beacon(Peripheral):
    """Not BTHome: manufacturer data, with a name that may be anything."""

    public = False

    def __init__(self, address: str, company: int, data: bytes, name: bytes = b"") -> None:
        super().__init__(address, -80)
        body = company.to_bytes(2, "little") + data
        self._advert = FLAGS + structure(0xFF, body[:27])
        self._response = structure(0x09, name[:29]) if name else b""

    def advert(self) -> bytes:
        return self._advert

    def scan_response(self) -> bytes:
        return self._response


HOSTILE = (
    b"\x1b[2J\x1b]0;owned\x07",
    b"[bold red]not bold[/]",
    "\u202egnp.exe\u200b\u2066".encode(),
    "🔌⚡🏠💡🔥".encode(),
)
"""Names as an attacker might choose them."""


def neighbours() -> list[Peripheral]:
    """What is around the meters in any house."""
    beacons = [
        Beacon(f"5A:00:00:00:00:{number:02X}", company, bytes(range(8)), name)
        for number, (company, name) in enumerate(
            zip((0x004C, 0x0006, 0x0075, 0x00E0), HOSTILE, strict=True)
        )
    ]
    return [
        Thermometer("A4:C1:38:20:00:01", 2, -72, "ATC_200001"),
        Thermometer("A4:C1:38:20:00:02", 1, -81),
        *beacons,
    ]
