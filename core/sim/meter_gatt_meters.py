"""The meters themselves, as far as the module sees them over the optical head (sheet 6)."""

from __future__ import annotations

from dataclasses import dataclass

from core.sim.meter_gatt_options import House, MeterOptions

ANSWERED, UNANSWERED = 0.35, 0.85
"""Seconds that one command costs the module's main loop."""

_UNITS = {
    1: (100, 0.1, 100, 1000),
    2: (100, 10, 10, 1000),
    3: (100, 1, 10, 100),
    4: (100, 1000, 100, 1000),
}
"""Raw steps a kWh, a watt, a volt, an ampere, by kind of meter."""

FAST, SLOW = 9600, 2400


def baud_of(kind: int) -> int:
    """The speed of the optical head."""
    return SLOW if kind == 2 else FAST


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll brought: log lines, seconds, and the values that were read."""

    lines: tuple[str, ...]
    seconds: float
    tariffs: tuple[int, int, int] | None = None
    power: int = 0
    voltage: int = 0
    current: int = 0
    battery: int = 0
    serial: str = ""
    made: str = ""


def crc8(data: bytes) -> int:
    """CRC-8 of the MIRTEK protocol: polynomial A9, start 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ 0xA9 if crc & 0x80 else crc << 1
            crc &= 0xFF
    return crc


def ping(address: int) -> bytes:
    """The first request to a KASKAD-1-MT, as it appears in the log."""
    body = b"\x20\x00" + address.to_bytes(2, "little") + bytes.fromhex("ffff0100000000")
    return b"\x73\x55" + body + bytes([crc8(body)]) + b"\x55"


class Meter:
    """One meter.  `house` may be changed at any time."""

    def __init__(self, options: MeterOptions) -> None:
        self.options = options
        self.house: House = options.house
        self.mood = options.mood

    def hears(self, kind: int, address: int, baud: int) -> bool:
        """Whether this meter answers such a request at all."""
        o = self.options
        if self.mood in ("silent", "noise") or kind != o.kind or baud != baud_of(o.kind):
            return False
        width = 0xFFFF if kind in (1, 2) else 0xFFFFFFFF
        return kind == 4 or (address == o.address and address <= width)

    def poll(self, kind: int, address: int, baud: int, *, known: bool) -> Polled:
        """What a poll with these settings brings; `known`: serial and date were read before."""
        start = self._first_lines(kind, address)
        if not self.hears(kind, address, baud):
            if self.mood == "noise":
                return Polled((*start, "read bytes: 24", "Invalid device address"), ANSWERED)
            return Polled((*start, "read bytes: 0", "Response timed out"), UNANSWERED)
        if self.mood == "bad-crc":
            return Polled((*start, "read bytes: 24", "Wrong CRC"), 6 * ANSWERED)
        o, lines = self.options, [*start, "read bytes: 24"]
        commands = 6 if known else 8
        if not known:
            lines += [f"Serial Number: {o.serial}", f"Date of release: {self._made}"]
        if self.mood == "three-phase":
            lines.append("This is a three-phase meter")
            return Polled(tuple(lines), 3 * ANSWERED, serial=o.serial, made=self._made)
        tariffs, power, voltage, current = self.raw()
        lines += [f"tariff{n}: {raw}" for n, raw in enumerate(tariffs, 1)]
        lines += [f"power: {power}", f"phase: 1, volts: {voltage}", f"phase: 1, amps: {current}"]
        lines.append(f"Resource battery: {self.house.battery}.0")
        seconds, battery = commands * ANSWERED, self.house.battery
        return Polled(
            tuple(lines), seconds, tariffs, power, voltage, current, battery, o.serial, self._made
        )

    @property
    def _made(self) -> str:
        return "xx.xx.xxxx" if self.options.kind == 4 else self.options.made

    def _first_lines(self, kind: int, address: int) -> tuple[str, ...]:
        if kind != 1:
            return ("Start command to receive tariffs", "send bytes: 15")
        request = ping(address & 0xFFFF)
        return (
            "Start of the ping command",
            f"send bytes: {len(request)}",
            f"request pkt: 0x{request.hex()}",
        )

    def raw(self) -> tuple[tuple[int, int, int], int, int, int]:
        """The true values in this meter's own steps: tariffs, power, voltage, current."""
        per_kwh, per_watt, per_volt, per_ampere = _UNITS[self.options.kind]
        h = self.house
        one, two, three = (round(kwh * per_kwh) for kwh in h.tariffs)
        return (
            (one, two, three),
            round(h.power * per_watt),
            round(h.voltage * per_volt),
            round(h.current * per_ampere),
        )
