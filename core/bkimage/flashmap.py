"""Where things are in the flash of a BK7231N or BK7231T, and the checksums that name them.

Everything here is data.  Addresses are physical flash offsets in bytes, `end` is one past the
last byte.  Source: BK7231 sheet 6.2, 7.1 and 7.4; the Tuya file systems and the store from the
Tuya backup sheet 5.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

SIZE = 0x200000
"""Bytes of flash on both chips: 2 MiB."""
SECTOR = 0x1000
"""Smallest unit that can be erased."""
BLOCK = 0x10000
"""The larger erase unit."""
APP_START = 0x11000
"""First byte after the bootloader; nothing below it is ever written in a normal flash."""
APP_LOGICAL = 0x10000
"""`APP_START` as the chip's CPU addresses it, without the stride checksums."""
APP_END_MAX = 0x12A000
"""No application byte may lie at or above this: Tuya's file system begins there on a T."""
BOOTLOADER_RBL = 0x10F9A
"""Container header of the bootloader, with its stride checksums."""
APP_RBL = 0x129F0A
"""Container header of a Tuya or OpenBeken application, with its stride checksums."""
TUYA_STORE = 0x1EE000
"""Key sector of Tuya's key-value store; its blocks follow up to the end of the flash."""


@dataclass(frozen=True, slots=True)
class Region:
    """A named range of the flash, `start` inclusive, `end` exclusive."""

    name: str
    start: int
    end: int

    def __contains__(self, address: int) -> bool:
        return self.start <= address < self.end

    @property
    def size(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class ChipMap:
    """One chip's flash: `regions` cover it from 0 to `size` without a gap, in order.

    `fingerprint_span` is how many bytes a checksum over 0..0x100 covers: 257 on an N, whose end
    address is inclusive, 256 on a T.  `ota_max` is the largest image that fits the download
    region of an OpenBeken build.
    """

    chip: str
    letter: str
    regions: tuple[Region, ...]
    download: int
    fingerprint_span: int
    ota_max: int
    size: int = SIZE

    def region_at(self, address: int) -> Region:
        """The region that holds `address`.  Raises ValueError outside the flash."""
        for region in self.regions:
            if address in region:
                return region
        raise ValueError(f"address {address:#x} is outside the flash")

    def region(self, name: str) -> Region:
        """The first region of that name.  Raises KeyError."""
        for region in self.regions:
            if region.name == name:
                return region
        raise KeyError(name)

    @property
    def bootloader(self) -> Region:
        return self.region("bootloader")

    @property
    def app(self) -> Region:
        return self.region("app")

    @property
    def rf(self) -> Region:
        """The one sector with radio calibration and MAC."""
        return self.region("rf")

    @property
    def config(self) -> Region:
        """The one sector that OpenBeken keeps its configuration in."""
        return self.region("config")


def _regions(*edges: tuple[str, int]) -> tuple[Region, ...]:
    ends = [start for _, start in edges[1:]] + [SIZE]
    return tuple(Region(name, start, end) for (name, start), end in zip(edges, ends, strict=True))


N = ChipMap(
    chip="bk7231n",
    letter="n",
    regions=_regions(
        ("bootloader", 0x000000),
        ("app", 0x011000),
        ("download", 0x12A000),
        ("rf", 0x1D0000),
        ("config", 0x1D1000),
        ("tuya files", 0x1D2000),
        ("spare", 0x1EA000),
        ("protected", 0x1ED000),
        ("tuya store", 0x1EE000),
    ),
    download=0x12A000,
    fingerprint_span=257,
    ota_max=0xA6000,
)
T = ChipMap(
    chip="bk7231t",
    letter="t",
    regions=_regions(
        ("bootloader", 0x000000),
        ("app", 0x011000),
        ("tuya files 3", 0x12A000),
        ("download", 0x132000),
        ("tuya files 2", 0x1D8000),
        ("rf", 0x1E0000),
        ("config", 0x1E1000),
        ("fast connect", 0x1E2000),
        ("tuya files", 0x1E3000),
        ("tuya store", 0x1EE000),
    ),
    download=0x132000,
    fingerprint_span=256,
    ota_max=0x96000,
)
CHIPS = {N.letter: N, T.letter: T}
"""Map by letter, `n` or `t`."""


def chip_map(chip: str) -> ChipMap:
    """The map of `bk7231n`, `n`, `bk7231t` or `t`, in any case.  Raises KeyError for others."""
    return CHIPS[chip.lower().removeprefix("bk7231")]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A bootloader known by the CRC-32 of its first `span` bytes.

    `chip` is the letter of a map above, or empty for a chip that has none here.  `key` names the
    flash cipher key it was built for, empty where that is not established.
    """

    crc: int
    span: int
    chip: str
    text: str
    key: str = ""


FINGERPRINTS = (
    Fingerprint(0xE14191BA, 257, "n", "BK7231N 1.0.1", "tuya"),
    Fingerprint(0x8E4E6CDB, 257, "n", "BK7231N 1.0.1, not encrypted (M)", "zero"),
    Fingerprint(0x698E014A, 257, "n", "BK7231N, zero keys", "zero"),
    Fingerprint(0x068CDC18, 257, "n", "BK7231N 1.0.1, UASCENT key", "uascent"),
    Fingerprint(0xB283FC48, 257, "n", "BK7231N 1.0.15, UART1 build"),
    Fingerprint(0xC0849BCD, 257, "n", "BK7231N 1.0.15, UART2 build"),
    Fingerprint(0xF42F8C32, 257, "", "BK7238 (T1) 2.0.0"),
    Fingerprint(0x6BEB0924, 257, "", "BK7238 1.0.14"),
    Fingerprint(0xC1ECA871, 256, "t", "BK7231S (T) 1.0.1", "tuya"),
    Fingerprint(0x4B31E44D, 256, "t", "BK7231S (T) 1.0.3", "tuya"),
    Fingerprint(0xBA54C1B8, 256, "t", "BK7231S (T) 1.0.5", "tuya"),
    Fingerprint(0xE5CBC953, 256, "t", "BK7231S (T) 1.0.6", "tuya"),
    Fingerprint(0x2739019F, 256, "", "BK7231U 1.0.6"),
    Fingerprint(0x8BCEC3B4, 256, "", "BK7231U or BK7251 1.0.15"),
    Fingerprint(0xF0231EF6, 256, "", "BK7231Q"),
    Fingerprint(0xFF5A3EAC, 256, "", "BK7231Q"),
    Fingerprint(0x39F9B50C, 256, "", "BK7252"),
    Fingerprint(0xE3A27C26, 256, "", "BK7252"),
    Fingerprint(0x344443D6, 256, "", "BK7252 1.0.15"),
    Fingerprint(0xE4D3E1AD, 256, "", "BK7231, UART2 1.0.11"),
)
_BY_CRC = {(known.span, known.crc): known for known in FINGERPRINTS}

DEAD_FLASH = {257: 0xB7BFA0CE, 256: 0x0D968558}
"""CRC-32 of that many 00: the loader lives, the flash chip does not answer."""
ERASED_BOOT = {257: 0xB397B8F6, 256: 0xFEA8A821}
"""CRC-32 of that many FF: the bootloader area is erased."""
BLANK_CRC = {SECTOR: 0xF154670A, BLOCK: 0xDEAB7E4E}
"""CRC-32 of that many FF."""
ZERO_CRC = {SECTOR: 0xC71C0011, BLOCK: 0xD7978EEB}
"""CRC-32 of that many 00."""


def fingerprint(span: int, crc: int) -> Fingerprint | None:
    """The bootloader whose first `span` bytes have CRC-32 `crc`, or None."""
    return _BY_CRC.get((span, crc))


def fingerprint_of(dump: bytes) -> Fingerprint | None:
    """The known bootloader that a dump begins with, or None."""
    for span in (257, 256):
        found = fingerprint(span, zlib.crc32(dump[:span])) if len(dump) >= span else None
        if found:
            return found
    return None
