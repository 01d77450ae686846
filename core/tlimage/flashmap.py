"""Where things are in the flash of a TLSR8253 that runs electricity_meter_ble.

Source: TLSRPGM sheet 5.1, 5.2; rulings T3.
"""

from __future__ import annotations

from dataclasses import dataclass

SECTOR = 4096
PAGE = 256
KIB = 1024
BANK_SIZE = 0x20000
BANKS = (0x00000, 0x20000)
"""Where the hardware looks for an image, in this order."""
SIZE_512K = 0x80000
SIZE_1M = 0x100000
BOOTABLE_SIZES = (SIZE_512K, SIZE_1M)
"""The firmware hangs at boot on every other size."""


@dataclass(frozen=True, slots=True)
class Region:
    """The half-open range [start, end) and what lies there."""

    name: str
    start: int
    end: int


RING = Region("configuration", 0x40000, 0x74000)
PAIRING = Region("pairing", 0x74000, 0x76000)
SETTINGS = Region("configuration and pairing", RING.start, PAIRING.end)
IDENTITY = Region("MAC and calibration", 0x76000, 0x78000)
IDENTITY_1M = Region("MAC and calibration of the 1 MiB layout", 0xFE000, 0x100000)
MAC_AT = 0x76000


def untouchable(size: int) -> tuple[Region, ...]:
    """What is never erased or written on a flash of `size` bytes."""
    return (IDENTITY, IDENTITY_1M) if size >= SIZE_1M else (IDENTITY,)


def writable(size: int) -> tuple[tuple[int, int], ...]:
    """All of the flash but `untouchable`, as half-open ranges."""
    found, at = [], 0
    for region in untouchable(size):
        found.append((at, region.start))
        at = region.end
    return tuple((a, b) for a, b in [*found, (at, size)] if a < b)


def mac_of(stored: bytes) -> str:
    """The MAC in the six bytes at `MAC_AT`, lowest first; empty where none was ever stored."""
    six = stored[:6]
    if len(six) < 6 or six in (b"\xff" * 6, bytes(6)):
        return ""
    return six[::-1].hex(":").upper()
