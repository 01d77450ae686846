"""Attribute tables and releases of the meter firmware, as data (meter sheet 2.1, 9.1)."""

from __future__ import annotations

from dataclasses import dataclass

from core.sim.peripheral import Characteristic, Descriptor, Service, uuid16

_TELINK = "00010203-0405-0607-0809-0a0b0c0d{:04x}"

CONFIG, OTA = 0x1F1F, 0x2B12
OTA_SERVICE = 0x1912
LIVE = (0x2AF2, 0x2AF3, 0x2B89, 0x2B05, 0x2B18, 0x2AEE)
"""Tariffs 1 to 3, power, voltage, current."""
NAME, SOFTWARE = 0x2A00, 0x2A28


def full_uuid(short: int) -> str:
    """The 128-bit text; the update service has Telink's own."""
    return _TELINK.format(short) if short in (OTA, OTA_SERVICE) else uuid16(short)


READ, NOTIFY, INDICATE, COMMAND = "read", "notify", "indicate", "write-without-response"
CCCD, DESCRIPTION = 0x2902, 0x2901

_ROWS: tuple[tuple[int, tuple[tuple[int, tuple[str, ...], int], ...]], ...] = (
    (0x1800, ((0x2A00, (READ, NOTIFY), 0), (0x2A01, (READ,), 0), (0x2A04, (READ,), 0))),
    (0x1801, ((0x2A05, (INDICATE,), CCCD),)),
    (0x180A, tuple((n, (READ,), 0) for n in (0x2A24, 0x2A25, 0x2A26, 0x2A27, 0x2A28, 0x2A29))),
    (0x181C, tuple((n, (READ, NOTIFY), CCCD) for n in LIVE)),
    (OTA_SERVICE, ((OTA, (READ, COMMAND, NOTIFY), DESCRIPTION),)),
    (0x1F10, ((CONFIG, (COMMAND, NOTIFY), CCCD),)),
)


def table(*, current: bool) -> tuple[Service, ...]:
    """All services with the handles of the firmware; `current` is the newer table."""
    handle, services = 1, []
    for short, rows in _ROWS:
        start, found = handle, []
        handle += 1
        for number, flags, descriptor in rows:
            if number == 0x2AEE and not current:
                continue
            more = _descriptor(handle + 2, descriptor) if descriptor else ()
            found.append(Characteristic(handle, full_uuid(number), flags, more))
            handle += 2 + len(more)
        services.append(Service(start, full_uuid(short), tuple(found)))
    return tuple(services)


def _descriptor(handle: int, number: int) -> tuple[Descriptor, ...]:
    return (Descriptor(handle, uuid16(number), b"OTA" if number == DESCRIPTION else b"\0\0"),)


STRINGS = {
    0x2A01: b"\0\0",
    0x2A04: bytes.fromhex("140028000000e803"),
    0x2A24: b"Electricity_meter\0",
    0x2A25: b"EMYZE-FL110\0",
    0x2A26: b"github.com/slacky1965\0",
    0x2A27: b"TB-04\0",
    0x2A29: b"ai-thinker.com\0",
}


@dataclass(frozen=True, slots=True)
class Release:
    """What one firmware image does.

    `length` is that of its status, `highest` its last command, `current_bytes` 0 without that
    characteristic.  `texts`: it sends serial number and date.  `record` is the size of its
    settings in flash, which decides what an update makes of them.  `scales`: the divisor word of
    each kind of meter.  `adverts` names how it advertises.
    """

    name: str
    version: int
    length: int
    highest: int
    current_bytes: int
    record: int
    ring: int = 1024
    texts: bool = True
    scales: tuple[int, int, int, int] = (0, 0, 0, 0)
    adverts: str = "1.3"

    @property
    def has_scale(self) -> bool:
        """Whether it has the divisor word."""
        return self.length == 13

    @property
    def revision(self) -> bytes:
        """What 2A28 holds: no NUL at its end."""
        return f"V{self.version >> 4}.{self.version & 15}".encode()


RELEASES = {
    r.name: r
    for r in (
        Release("1.1", 0x11, 8, 0xF8, 0, 144, texts=False, adverts="1.1"),
        Release("1.2", 0x12, 8, 0xF8, 0, 64, adverts="1.2"),
        Release("1.3-10", 0x13, 10, 0xF8, 0, 67, adverts="1.2"),
        Release("1.3-11", 0x13, 11, 0xF9, 2, 67),
        Release("1.3-13", 0x13, 13, 0xFA, 2, 69, scales=(0x0A4F, 0, 0, 0)),
        Release("1.4", 0x14, 13, 0xFA, 2, 69, scales=(0x0A4F, 0, 0, 0)),
        Release("1.5", 0x15, 13, 0xFA, 2, 69, scales=(0x0A0F, 0x0A0F, 0, 0)),
        Release("1.6", 0x16, 13, 0xFA, 2, 69, 2048, scales=(0x0A0F, 0x0A05, 0, 0)),
        Release(
            "1.7", 0x17, 13, 0xFA, 2, 69, 2048, scales=(0x0A0F, 0x0A05, 0x0D46, 0), adverts="1.7"
        ),
    )
}
