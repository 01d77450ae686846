"""What a simulated meter module holds: firmware that passes every check, settings, identity.

Built from the TLSRPGM sheet 5.2 and 5.3, byte for byte, without the parser of the real thing.
"""

from __future__ import annotations

import random
import struct
import zlib
from functools import cache

BLANK = b"\xff"
IMAGE_SIZE = 74932
MAC = bytes.fromhex("a4c138aabbcc")
KEY = bytes(range(0x10, 0x20))
RECORD = "<IIIIBI16sBHBH26s"


@cache
def meter_image(version: str = "V1.7", size: int = IMAGE_SIZE, seed: int = 8253) -> bytes:
    """A release image of `size` bytes (16 n + 4)."""
    body = bytearray(_no_version(random.Random(seed).randbytes(size - 4)))
    body[0:2] = bytes.fromhex("5680")
    body[2:6] = bytes(4)
    body[6:8] = bytes.fromhex("5d02")
    body[8:12] = b"KNLT"
    body[12:0x18] = bytes.fromhex("54078800c680000000000000")
    body[0x18:0x20] = size.to_bytes(8, "little")
    name = b"Electricity_meter\0github.com\0" + version.encode() + b"\0"
    at = size // 2
    body[at : at + len(name)] = name
    return bytes(body) + (zlib.crc32(body) ^ 0xFFFFFFFF).to_bytes(4, "little")


def _no_version(data: bytes) -> bytes:
    return data.replace(b"V", b"W")


def settings_page(sequence: int, *, address: int = 20109, kind: int = 1, period: int = 2) -> bytes:
    """One page of the configuration ring."""
    record = struct.pack(
        RECORD, 0x0FED141A, sequence, 0x40000 + (sequence % 832) * 256, 0, kind, address, KEY, 1,
        0x0A0F, 69, period, b"\x1a\x09Electricity_meter",
    )  # fmt: skip
    return record.ljust(256, BLANK)


def module_flash(
    image: bytes | None = None,
    *,
    size: int = 0x80000,
    second: bytes | None = None,
    saves: int = 5,
    mac: bytes | None = MAC,
    full: bool = False,
) -> bytes:
    """A whole flash: `image` in boot bank 0, `second` in bank 1, `saves` records in the ring.

    With `full` everything that would be blank holds noise.
    """
    flash = bytearray(random.Random(7).randbytes(size) if full else BLANK * size)
    for base, found in ((0, image), (0x20000, second)):
        if found is not None:
            flash[base : base + len(found)] = found
    if not full:
        for number in range(saves):
            at = 0x40000 + number * 256
            flash[at : at + 256] = settings_page(number)
        flash[0x74000:0x74040] = random.Random(74).randbytes(64)
    if mac is not None:
        flash[0x76000:0x76008] = mac[::-1] + b"\x17\xc3"
        flash[0x77000:0x77008] = bytes.fromhex("aa00ffff5ac3ffff")
    if size > 0x80000:
        flash[0xFE000:0xFE010] = random.Random(3).randbytes(16)
        flash[0xFF000:0xFF006] = bytes.fromhex("112233445566")
    return bytes(flash)
