"""Reads the flash cipher key out of the eFuse, without ever being able to burn one.

Frames carry no checksum, so the register write that this takes has the direction bit cleared, is
sent at 115200 only, and its echo must be exact (rulings P8).  Source: BK7231 sheet 6.4.
"""

from __future__ import annotations

import asyncio

from core.beken import faults
from core.beken.client import TRIES, Client
from core.bkimage import cipher
from core.bkimage.cipher import Key

EFUSE_CONTROL = 0x800074
EFUSE_RESULT = 0x800078
EFUSE_START = 0x01
EFUSE_CLEARED = 0x00FF1F02
"""Direction (burn!), byte index and write data: never carried over into a write."""
EFUSE_VALID = 0x100
KEY_SIZE = 16
KEY_READS = 3
POLLS = 20


async def read_key(client: Client) -> Key:
    """The flash cipher key from eFuse bytes 0 to 15, read three times.

    Raises BK-KEY-READ when the reads differ, BK-KEY-DAMAGED for Tuya's key with bits knocked out.
    """
    reads = [await _efuse(client, KEY_SIZE) for _ in range(KEY_READS)]
    if len(set(reads)) > 1:
        raise faults.KEY_READ(
            what=f"{KEY_READS} reads of the flash key gave {len(set(reads))} different values.",
            cause="Noise on the line or a weak supply.",
            next="GND at the module, short wires, a separate 3.3 V supply; then try again.",
        )
    damaged = _damaged(reads[0], cipher.to_efuse(cipher.TUYA))
    if damaged:
        raise faults.KEY_DAMAGED(
            what=f"The key is the normal Tuya key with {damaged} damaged bytes.",
            cause="A wiring or supply fault; it is not another chip.",
            next="GND at the module, short wires, a separate 3.3 V supply; then try again.",
        )
    return cipher.from_efuse(reads[0])


def _damaged(read: bytes, usual: bytes) -> int:
    """How many bytes of `read` are the usual ones with bits fallen to 0; 0 if it is no such key."""
    pairs = list(zip(read, usual, strict=True))
    fallen = sum(a != b for a, b in pairs)
    subset = all(a & b == a for a, b in pairs)
    return fallen if subset and 0 < fallen <= KEY_SIZE // 2 else 0


async def _efuse(client: Client, count: int) -> bytes:
    return bytes([await _efuse_byte(client, index) for index in range(count)])


async def _efuse_byte(client: Client, index: int) -> int:
    """One eFuse byte.  The only place that writes a register, and the only register written."""
    for _ in range(TRIES):
        control = await client.read_reg(EFUSE_CONTROL)
        command = control & ~EFUSE_CLEARED & 0xFFFFFFFF | index << 8 | EFUSE_START
        if not await client.write_reg(EFUSE_CONTROL, command):
            await client.recover()
            continue
        if await _efuse_done(client):
            result = await client.read_reg(EFUSE_RESULT)
            if result & EFUSE_VALID:
                return result & 0xFF
    raise faults.KEY_READ(
        what=f"Byte {index} of the flash key could not be read.",
        cause="The chip did not finish the read, or marked it as not valid.",
        next="Check the 3.3 V supply, then try again.",
    )


async def _efuse_done(client: Client) -> bool:
    for _ in range(POLLS):
        if not await client.read_reg(EFUSE_CONTROL) & EFUSE_START:
            return True
        await asyncio.sleep(0.001)
    return False
