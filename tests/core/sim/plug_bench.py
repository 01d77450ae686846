"""What the tests of the simulated plug share: flash contents and a way to ask."""

from __future__ import annotations

import lzma
import random
import zlib
from functools import cache
from pathlib import Path

from core.link.memory import MemoryLink
from core.sim.plug import Plug, PlugOptions

DUMPS = Path(__file__).parents[4] / "shared" / "dumps"
SIZE = 0x200000
LINK = bytes.fromhex("01e0fc0100")
LINKED = bytes.fromhex("040e0501e0fc0100")
# 252 x FF and these four give the fingerprint of the usual N bootloader (BK7231 sheet 6.2).
FORGED = b"\xff" * 252 + bytes.fromhex("56566c3c") + b"\xff"


@cache
def forged_flash() -> bytes:
    """2 MiB made here: the fingerprint, then random sectors of which four in ten are blank."""
    rng = random.Random(7231)
    sectors = [b"\xff" * 4096 if rng.random() < 0.4 else rng.randbytes(4096) for _ in range(512)]
    sectors[0] = FORGED + sectors[0][len(FORGED) :]
    sectors[0x11] = rng.randbytes(4096)
    return b"".join(sectors)


@cache
def stock_flash() -> bytes:
    """A real dump where there is one, else the forged flash."""
    for path in sorted(DUMPS.glob("mirabella*.bin.xz")):
        return lzma.decompress(path.read_bytes())
    return forged_flash()


def with_crc(data: bytes, wanted: int) -> bytes:
    """`data` with its last four bytes chosen so that its CRC-32 is `wanted`.

    CRC-32 is linear in the bits: which of the 32 to turn over is a system of equations.
    """
    base = zlib.crc32(data[:-4] + bytes(4))
    rows = [
        (zlib.crc32(data[:-4] + (1 << b).to_bytes(4, "little")) ^ base, 1 << b) for b in range(32)
    ]
    need, patch = base ^ wanted, 0
    for bit in range(32):
        pivot = next(row for row in rows if row[0] >> bit & 1)
        rows.remove(pivot)
        rows = [(r ^ pivot[0], p ^ pivot[1]) if r >> bit & 1 else (r, p) for r, p in rows]
        if need >> bit & 1:
            need, patch = need ^ pivot[0], patch ^ pivot[1]
    return data[:-4] + patch.to_bytes(4, "little")


def plug_and_link(options: PlugOptions, flash: bytes | None = None) -> tuple[Plug, MemoryLink]:
    """A plug with this flash, and an open link to it."""
    plug = Plug(forged_flash() if flash is None else flash, options)
    return plug, MemoryLink(plug)


async def ask(link: MemoryLink, request: bytes, timeout: float = 2.0) -> bytes:
    """What comes back, until 150 ms of silence; empty after `timeout` without any."""
    await link.write(request)
    found = await link.read(8192, timeout)
    while more := await link.read(8192, 0.15):
        found += more
    return found


def short(op: int, payload: bytes = b"") -> bytes:
    return b"\x01\xe0\xfc" + bytes([1 + len(payload), op]) + payload


def long(op: int, payload: bytes = b"") -> bytes:
    return (
        b"\x01\xe0\xfc\xff\xf4" + (1 + len(payload)).to_bytes(2, "little") + bytes([op]) + payload
    )


def u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def read_4k(address: int) -> bytes:
    return long(0x09, u32(address))


def crc_of(start: int, end: int) -> bytes:
    """Asks for the CRC of [start, end)."""
    return short(0x10, u32(start) + u32(end - 1))


def erase(address: int, code: int = 0x20) -> bytes:
    return long(0x0F, bytes([code]) + u32(address))


def write_4k(address: int, data: bytes) -> bytes:
    return long(0x07, u32(address) + data)


def set_baud(baud: int, delay: int = 20) -> bytes:
    return short(0x0F, u32(baud) + bytes([delay]))
