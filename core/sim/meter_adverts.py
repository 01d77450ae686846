"""What an electricity meter module puts into the air, by firmware version (meter sheet 1).

Written from the module's side: raw readings of the meter go in, AD structures come out, with the
packet ids, the shared encryption counter and the mistakes of each firmware.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from core.sim.peripheral import Peripheral

FLAGS = bytes.fromhex("020106")
SERVICE_DATA, LONG_NAME = 0x16, 0x09
BTHOME = bytes.fromhex("d2fc")
PLAIN, SEALED = 0x40, 0x41

FACTORS = (1, 10, 100, 1000)


@dataclass(frozen=True, slots=True)
class Readings:
    """Raw values as the meter answers them; their units depend on its type (meter sheet 1.5)."""

    tariffs: tuple[int, int, int] = (730860, 691548, 926331)
    power: int = 12
    voltage: int = 23600
    current: int = 180
    battery: int = 58


BLANK = Readings((0, 0, 0), 0, 0, 0, 0)
"""Before the first poll of the meter."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """How a version builds its power packet (meter sheet 1.7).

    `divisor` None is a version without the word: tariffs x10, power unscaled, voltage by
    `voltage_by`.  `first_id` is the packet id first on air after a boot.
    """

    name: str
    battery: bool
    current: bool
    divisor: int | None
    voltage_by: int = 10
    first_id: int = 1


FIRMWARES = {
    f.name: f
    for f in (
        Firmware("1.1", battery=False, current=False, divisor=None, voltage_by=1),
        Firmware("1.2-early", battery=False, current=False, divisor=None),
        Firmware("1.2", battery=True, current=False, divisor=None),
        Firmware("1.3-0305", battery=False, current=False, divisor=None),
        Firmware("1.3", battery=True, current=True, divisor=0x0A4F),
        Firmware("1.7", battery=True, current=True, divisor=0x0A0F, first_id=2),
    )
}


def scaled(raw: int, word: int, shift: int) -> int:
    """A raw value by one 3-bit field of the divisor word: bit 2 multiplies, else divides."""
    field = word >> shift & 7
    factor = FACTORS[field & 3]
    return raw * factor if field & 4 else raw // factor


class MeterAdverts:
    """The two packets of one module and their numbering.

    `mac` has the most significant byte first.  `key` None is plain.
    """

    def __init__(
        self, mac: bytes, firmware: Firmware = FIRMWARES["1.7"], key: bytes | None = None
    ) -> None:
        self.mac, self.firmware, self.key = mac, firmware, key
        self.divisor = firmware.divisor
        self.readings = BLANK
        self._even = False
        self.reboot()

    @property
    def name(self) -> str:
        """The local name, in the scan response only."""
        return f"Electricity_meter_{self.mac[3:].hex().upper()}"

    def reboot(self) -> None:
        """Values, packet ids and the counter live in RAM; the tariff packet comes first."""
        self.readings = BLANK
        self._ids = [self.firmware.first_id - 1] * 2
        self._counter = 0
        self._even = False
        self._packets = [b"", b""]
        self.rebuild()

    def update(self, readings: Readings) -> None:
        """The meter was polled: a packet whose content differs is built anew."""
        old, self.readings = self.readings, readings
        if old.tariffs != readings.tariffs:
            self._build(0)
        if replace(old, tariffs=readings.tariffs) != readings:
            self._build(1)

    def rebuild(self) -> None:
        """Build both packets anew, as the commands F5, F6, F8, F9 and FA do."""
        self._build(0)
        self._build(1)

    def set_key(self, key: bytes | None) -> None:
        """F5 or F6.  The counter begins anew when encryption is switched on, not at a new key."""
        if key is not None and self.key is None:
            self._counter = 0
        self.key = key
        self.rebuild()

    def set_divisor(self, word: int) -> None:
        """FA."""
        self.divisor = word
        self.rebuild()

    def next(self) -> bytes:
        """The AD structures of the next advertising event: the two kinds in turn."""
        self._even = not self._even
        return self._packets[0 if self._even else 1]

    def scan_response(self) -> bytes:
        """The name."""
        name = self.name.encode()
        return bytes([len(name) + 1, LONG_NAME]) + name

    # -- building --------------------------------------------------------------------------

    def _build(self, which: int) -> None:
        self._ids[which] = (self._ids[which] + 1) & 0xFF
        objects = bytes([0x00, self._ids[which]])
        objects += self._tariffs() if which == 0 else self._power()
        self._packets[which] = self._packet(objects)

    def _tariffs(self) -> bytes:
        values = self.readings.tariffs
        if self.divisor is None:
            scaled_values = [value * 10 for value in values]
        else:
            scaled_values = [scaled(value, self.divisor, 9) for value in values]
        return b"".join(b"\x0a" + _low(value, 3) for value in scaled_values)

    def _power(self) -> bytes:
        r, word = self.readings, self.divisor
        if word is None:
            power, voltage = r.power, r.voltage // self.firmware.voltage_by
            current = r.current
        else:
            power, voltage = scaled(r.power, word, 0), scaled(r.voltage, word, 3)
            current = scaled(r.current, word, 6)
        objects = b"\x0b" + _low(power, 3) + b"\x4a" + _low(voltage, 2)
        if self.firmware.current:
            objects += b"\x43" + _low(current, 2)
        if self.firmware.battery:
            objects += b"\x01" + _low(r.battery, 1)
        return objects

    def _packet(self, objects: bytes) -> bytes:
        data = bytes([PLAIN]) + objects if self.key is None else self._sealed(objects)
        body = bytes([SERVICE_DATA]) + BTHOME + data
        return FLAGS + bytes([len(body)]) + body

    def _sealed(self, objects: bytes) -> bytes:
        assert self.key is not None
        self._counter = (self._counter + 1) & 0xFFFFFFFF
        counter = self._counter.to_bytes(4, "little")
        nonce = self.mac + BTHOME + bytes([SEALED]) + counter
        both = AESCCM(self.key, tag_length=4).encrypt(nonce, objects, None)
        return bytes([SEALED]) + both[:-4] + counter + both[-4:]


def _low(value: int, size: int) -> bytes:
    """The low bytes of a value, as the firmware cuts it."""
    return (value & (1 << 8 * size) - 1).to_bytes(size, "little")


class AdvertisingMeter(Peripheral):
    """A module that only advertises: for the scan."""

    def __init__(
        self, address: str, firmware: str = "1.7", key: bytes | None = None, rssi: int = -60
    ) -> None:
        super().__init__(address, rssi)
        mac = bytes.fromhex(address.replace(":", ""))
        self.adverts = MeterAdverts(mac, FIRMWARES[firmware], key)

    def advert(self) -> bytes:
        return self.adverts.next()

    def scan_response(self) -> bytes:
        return self.adverts.scan_response()
