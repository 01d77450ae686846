"""Images of the meter firmware: the header, the checksum, what a file or a boot bank holds.

Source: TLSRPGM sheet 5.2 (boot mark), 5.3 (format); rulings T4.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum

from core.fault import FaultError
from core.tlimage import faults
from core.tlimage.flashmap import BANK_SIZE, BANKS

MARKER_AT, MARKER = 6, b"\x5d\x02"
MAGIC_AT, MAGIC = 8, b"KNLT"
LENGTH_AT = 0x18
HEADER = 0x20
BOOT_MARK = MAGIC[0]
"""The first letter of the magic is also the mark by which the hardware boots a bank."""
SHORTEST = 0x40
GOOD = 0xFFFFFFFF
"""CRC-32 (zlib form) over a whole sound file, its own checksum included."""
PRODUCT = b"Electricity_meter"
VERSION = re.compile(rb"V[0-9]\.[0-9]")


@dataclass(frozen=True, slots=True)
class Image:
    """A sound release of the meter firmware; `version` as people say it, "V1.7"."""

    data: bytes
    version: str

    @property
    def title(self) -> str:
        """The image in two words."""
        return f"electricity_meter {self.version}"


class Holds(StrEnum):
    """What a boot bank holds."""

    BLANK = "blank"
    METER = "electricity_meter"
    OTHER = "other firmware"
    DAMAGED = "damaged image"
    NOTHING = "no image"


@dataclass(frozen=True, slots=True)
class Bank:
    """One boot bank: where it starts, what it holds, whether the hardware would boot it.

    `version` is empty unless it holds the meter firmware; `length` in bytes, 0 without an image.
    """

    base: int
    holds: Holds
    marked: bool
    version: str = ""
    length: int = 0

    @property
    def text(self) -> str:
        """The bank in some words."""
        what = f"{self.holds} {self.version}".strip()
        return f"{what} (boots)" if self.boots else what

    @property
    def boots(self) -> bool:
        """True when the hardware starts this bank and all of it is there."""
        return self.marked and self.holds in (Holds.METER, Holds.OTHER)


def identify(data: bytes) -> Image:
    """The image in a file.

    Raises FaultError TLIMG-NOT-IMAGE, -UNMARKED, -LENGTH, -DAMAGED or -OTHER.
    """
    if data[MAGIC_AT : MAGIC_AT + len(MAGIC)] != MAGIC:
        raise faults.NOT_IMAGE(
            what="The letters KNLT are not at offset 8.",
            cause="The file is something else, or only part of an image.",
            next="Choose the release file of the meter firmware.",
        )
    if data[MARKER_AT : MARKER_AT + 2] != MARKER:
        raise faults.UNMARKED(
            what=f"Offset 6 holds {data[6:8].hex(' ')} and not 5d 02.",
            cause="A raw build: no checksum was added to it.",
            next="Choose the release file of the meter firmware.",
        )
    stated = stated_length(data)
    if not _possible(len(data)) or stated != len(data):
        raise faults.LENGTH(
            what=f"The file has {len(data)} bytes, its header says {stated}.",
            cause="The file was cut off or something was added to it.",
            next="Copy the file again.",
        )
    if zlib.crc32(data) != GOOD:
        raise faults.DAMAGED(
            what=f"The checksum over the file is {zlib.crc32(data):08X}, not {GOOD:08X}.",
            cause="The file was damaged on its way here.",
            next="Copy the file again.",
        )
    version = _version(data)
    if not version:
        raise _other(data)
    return Image(bytes(data), version)


def _other(data: bytes) -> FaultError:
    found = sorted({m.decode() for m in VERSION.findall(data)})
    name = "is in it" if PRODUCT in data else "is not in it"
    return faults.OTHER_PRODUCT(
        what=f"The name Electricity_meter {name}; versions in it: {', '.join(found) or 'none'}.",
        cause="Firmware of another device with the same chip.",
        next="Choose the release file of the meter firmware.",
    )


def stated_length(data: bytes) -> int:
    """The length that the header states; 0 when there is no header."""
    return int.from_bytes(data[LENGTH_AT : LENGTH_AT + 4], "little")


def _possible(length: int) -> bool:
    return SHORTEST <= length <= BANK_SIZE and length % 16 == 4


def _version(data: bytes) -> str:
    found = VERSION.findall(data)
    return found[0].decode() if PRODUCT in data and len(found) == 1 else ""


def bank_length(header: bytes) -> int:
    """How many bytes the image in a bank has by its header; 0 when none begins there.

    The boot mark may have been zeroed by an update over the air.
    """
    rest = header[MAGIC_AT + 1 : MAGIC_AT + len(MAGIC)]
    length = stated_length(header)
    return length if rest == MAGIC[1:] and SHORTEST <= length <= BANK_SIZE else 0


def bank(data: bytes, base: int) -> Bank:
    """What the bank at `base` holds; `data` begins there and has at least the image's length."""
    head = data[:HEADER]
    marked = len(head) > MAGIC_AT and head[MAGIC_AT] == BOOT_MARK
    if not head.strip(b"\xff"):
        return Bank(base, Holds.BLANK, False)
    length = bank_length(head)
    if not length:
        return Bank(base, Holds.NOTHING, marked)
    image = bytearray(data[:length])
    image[MAGIC_AT] = BOOT_MARK
    whole = bytes(image)
    if len(whole) < length or (whole[6:8] == MARKER and zlib.crc32(whole) != GOOD):
        return Bank(base, Holds.DAMAGED, marked, length=length)
    if whole[6:8] == MARKER and _version(whole):
        return Bank(base, Holds.METER, marked, _version(whole), length)
    return Bank(base, Holds.OTHER, marked, length=length)


def banks(flash: bytes) -> tuple[Bank, ...]:
    """Both boot banks of a whole flash."""
    return tuple(bank(flash[base : base + BANK_SIZE], base) for base in BANKS)
