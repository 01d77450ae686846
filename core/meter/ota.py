"""The update over the air: which images may be sent, and the messages that carry them.

Source: meter sheet 5; rulings M11.
"""

from __future__ import annotations

from collections.abc import Iterator

from core.meter import faults
from core.tlimage.image import Image, identify

BLOCK = 16
LEAST, MOST = 0x4000, 0x1F000
"""Bytes that the module takes over the air; by wire it takes others."""
TOTAL = 40.0
"""Seconds that the module waits for the whole."""
START = b"\x01\xff"
READ_EVERY = 8
"""A read after so many blocks forces a round trip: the module buffers eight."""
WEAKEST = -80
"""dBm below which an update does not get through in time."""
SETTLED = 2.5
"""Seconds after the connect until the short interval that the module asks for is in force."""
SCRAMBLED_PERIOD = 0x656C
"""What V1.7 makes of the settings of a README-era V1.2 (sheet 9.3)."""


def image_of(data: bytes) -> Image:
    """The image, fit to be sent.  Raises the TLIMG-* faults and METER-IMAGE."""
    image = identify(data)
    if not LEAST <= len(data) <= MOST:
        raise faults.IMAGE(
            what=f"The image has {len(data)} bytes; over the air it must be {LEAST} to {MOST}.",
            cause="Another firmware, or one that was padded.",
            next="Choose the release file of the meter firmware.",
        )
    return image


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_TABLE = _crc_table()


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS of a block."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def block_count(data: bytes) -> int:
    """How many blocks an image is."""
    return -(-len(data) // BLOCK)


def blocks(data: bytes) -> Iterator[bytes]:
    """The messages with the image: index, 16 bytes (the last padded with FF), CRC."""
    for index in range(block_count(data)):
        part = data[index * BLOCK : (index + 1) * BLOCK].ljust(BLOCK, b"\xff")
        message = index.to_bytes(2, "little") + part
        yield message + crc16(message).to_bytes(2, "little")


def end(data: bytes) -> bytes:
    """The last message: the index of the last block and its complement."""
    last = block_count(data) - 1
    return b"\x02\xff" + last.to_bytes(2, "little") + (last ^ 0xFFFF).to_bytes(2, "little")
