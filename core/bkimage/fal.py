"""The partition table that a BK7231 bootloader carries in plain text.

Entries of 64 bytes, found by their magic in the bootloader after the stride checksums are taken
out.  The offset of `download` tells an N (0x12A000) from a T (0x132000): right on 21 of 21 dumps.
Source: BK7231 sheet 7.1, 7.2.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

MAGIC = b"01PE"
CODE_DEVICE = "beken_onchip_crc"
"""Partitions on this device count logical bytes, all others physical ones."""
RAW_DEVICE = "beken_onchip"

_ENTRY = struct.Struct("<4s24s24sIII")
_MOST = 16


class Partition(NamedTuple):
    """One entry; `offset` and `length` in bytes of `device`."""

    name: str
    device: str
    offset: int
    length: int


def find(stripped: bytes) -> tuple[Partition, ...]:
    """The table in a bootloader without stride checksums; empty if there is none."""
    at = stripped.find(MAGIC)
    found: list[Partition] = []
    while at >= 0 and len(found) < _MOST and stripped[at : at + 4] == MAGIC:
        if at + _ENTRY.size > len(stripped):
            break
        _, name, device, offset, length, _ = _ENTRY.unpack_from(stripped, at)
        found.append(Partition(_text(name), _text(device), offset, length))
        at += _ENTRY.size
    return tuple(found)


def build(partitions: tuple[Partition, ...]) -> bytes:
    """The bytes of a table."""
    return b"".join(
        _ENTRY.pack(MAGIC, p.name.encode("ascii"), p.device.encode("ascii"), p.offset, p.length, 0)
        for p in partitions
    )


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("ascii", "replace")
