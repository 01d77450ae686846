"""The checksum interleave of Beken code flash: after every 32 bytes a CRC-16 of them.

Polynomial 8005, start FFFF, not reflected, no final xor, stored big-endian.  A stride is 34
bytes; logical addresses leave the checksums out, physical ones count them.  An erased stride is
34 x FF and counts as blank.  Source: BK7231 sheet 7.3.

CRC-16 is linear, so it is computed for all strides at once: byte `i` of every stride makes one
column, a 256-byte table for position `i` turns that column into its share of the checksum, and
the shares are XORed as two long integers.  2 MiB take some milliseconds.
"""

from __future__ import annotations

import re

DATA = 32
"""Image bytes in a stride."""
STRIDE = 34
"""Bytes of a stride on flash."""
BLANK = b"\xff" * STRIDE
"""A stride of erased flash."""

_POLYNOMIAL = 0x8005
_START = 0xFFFF


def _table() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ (_POLYNOMIAL if crc & 0x8000 else 0)
        entries.append(crc & 0xFFFF)
    return tuple(entries)


_TABLE = _table()


def crc16(block: bytes, start: int = _START) -> int:
    """CRC-16/CMS of any number of bytes."""
    crc = start
    for byte in block:
        crc = _TABLE[(crc >> 8) ^ byte] ^ (crc << 8 & 0xFFFF)
    return crc


def _column_tables() -> tuple[tuple[bytes, bytes], ...]:
    """For each of the 32 positions: byte -> high and low byte of its share of the CRC."""
    tables = []
    shares = list(_TABLE)
    for _ in range(DATA):
        tables.append((bytes(s >> 8 for s in shares), bytes(s & 0xFF for s in shares)))
        shares = [_TABLE[s >> 8] ^ (s << 8 & 0xFFFF) for s in shares]
    return tuple(reversed(tables))


_COLUMNS = _column_tables()
_ZEROS = crc16(bytes(DATA))


def _checksums(data: bytes | bytearray, step: int) -> tuple[bytes, bytes]:
    """High and low checksum bytes of every stride of `data`, whose strides are `step` apart."""
    count = len(data) // step
    high = int.from_bytes(bytes([_ZEROS >> 8]) * count)
    low = int.from_bytes(bytes([_ZEROS & 0xFF]) * count)
    for position, (high_table, low_table) in enumerate(_COLUMNS):
        column = data[position : count * step : step]
        high ^= int.from_bytes(column.translate(high_table))
        low ^= int.from_bytes(column.translate(low_table))
    return high.to_bytes(count), low.to_bytes(count)


def add(plain: bytes) -> bytes:
    """`plain` with its checksums; a last piece under 32 bytes is filled with FF first."""
    data = plain + b"\xff" * (-len(plain) % DATA)
    out = bytearray(len(data) // DATA * STRIDE)
    for position in range(DATA):
        out[position::STRIDE] = data[position::DATA]
    out[DATA::STRIDE], out[DATA + 1 :: STRIDE] = _checksums(data, DATA)
    return bytes(out)


def strip(raw: bytes) -> bytes:
    """The bytes without their checksums, right or wrong.

    A last piece under 34 bytes gives what it has of its 32.
    """
    count = len(raw) // STRIDE
    out = bytearray(count * DATA)
    for position in range(DATA):
        out[position::DATA] = raw[position : count * STRIDE : STRIDE]
    return bytes(out) + raw[count * STRIDE :][:DATA]


def check(raw: bytes) -> int | None:
    """Offset of the first stride in `raw` whose checksum is wrong, or None.

    Blank strides are right.  A last piece under 34 bytes is right only if it is blank.
    """
    return next(iter(bad_strides(raw)), None)


def bad_strides(raw: bytes) -> list[int]:
    """Offsets in `raw` of all strides that `check` calls wrong, in order."""
    count = len(raw) // STRIDE
    high, low = _checksums(raw, STRIDE)
    end = count * STRIDE
    wrong = (int.from_bytes(high) ^ int.from_bytes(raw[DATA:end:STRIDE])) | (
        int.from_bytes(low) ^ int.from_bytes(raw[DATA + 1 : end : STRIDE])
    )
    offsets = [found.start() * STRIDE for found in re.finditer(rb"[^\0]", wrong.to_bytes(count))]
    bad = [at for at in offsets if raw[at : at + STRIDE] != BLANK]
    if raw[end:].strip(b"\xff"):
        bad.append(end)
    return bad


def physical(logical: int) -> int:
    """Flash offset of a logical address; the checksums before it are counted in."""
    return logical // DATA * STRIDE + logical % DATA


def logical(physical: int) -> int:
    """Logical address of a flash offset; a checksum byte gives the address after its stride."""
    return physical // STRIDE * DATA + min(physical % STRIDE, DATA)
