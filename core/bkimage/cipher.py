"""The flash cipher of BK7231: a stream of words XORed onto code, keyed by the chip's eFuse.

The keystream word depends on the four key words and on the *logical* address, in which stride
checksums are not counted.  Source: BK7231 sheet 6.4 and 6.5.

Every stage is a chain of shifts, rotations and XORs, so the keystream is an affine function of
the address: the stream of one 64 KiB page, XORed with one constant word, is the stream of any
other page.  One page is worked out per key and kept.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import NamedTuple

_WORD = 0xFFFFFFFF
_PAGE = 0x10000


class Key(NamedTuple):
    """The four key words, in eFuse order."""

    c0: int
    c1: int
    c2: int
    c3: int

    @property
    def name(self) -> str:
        """`tuya`, `zero`, `uascent` or `other`."""
        return _NAMES.get(self, "other")


TUYA = Key(0x510FB093, 0xA3CBEADC, 0x5993A17E, 0xC7ADEB03)
"""Stock BK7231N and T of Tuya, and the OpenBK7231N/T builds."""
ZERO = Key(0, 0, 0, 0)
"""No encryption: modules sold as M, and their OpenBK7231M builds."""
UASCENT = Key(0x4862379A, 0x8612784B, 0x85C5E258, 0x75754528)
"""UASCENT modules and the OpenBK7231N_UASCENT builds."""
KNOWN = (TUYA, ZERO, UASCENT)
_NAMES = {TUYA: "tuya", ZERO: "zero", UASCENT: "uascent"}


def from_efuse(data: bytes) -> Key:
    """The key in the first 16 eFuse bytes.  Raises ValueError for another length."""
    if len(data) != 16:
        raise ValueError("a key has 16 bytes")
    return Key(*struct.unpack("<4I", data))


def to_efuse(key: Key) -> bytes:
    """The 16 eFuse bytes of a key."""
    return struct.pack("<4I", *key)


def _swap(half: int) -> int:
    return half >> 8 | (half & 0xFF) << 8


def _stage_15(key: Key, address: int) -> int:
    high, low = address >> 16, address & 0xFFFF
    high = _swap(high) if key.c3 >> 6 & 1 else high
    low = _swap(low) if key.c3 >> 5 & 1 else low
    x = high ^ low ^ key.c1 >> 16
    return ((x & 0x7F) << 9 | x >> 7) ^ (0x6371 & 0x1111 * (x >> 5 & 0xF))


def _stage_17(key: Key, address: int) -> int:
    mask = (key.c1 >> 8 & 0xFF) << 9 | (key.c3 >> 4 & 1) << 8 | key.c1 & 0xFF
    x = (address >> (key.c3 >> 8 & 3) & 0x1FFFF) ^ mask
    nibble = (x >> 13 & 1) | (x >> 9 & 1) << 1 | (x >> 5 & 1) << 2 | (x >> 1 & 1) << 3
    spread = (x >> 4 & 1) << 16 | 0x1111 * nibble
    return (((x & 0x3FF) << 7 | x >> 10) ^ (0x13659 & spread)) & 0xFFFF


def _stage_32(key: Key, address: int) -> int:
    turn = 8 * (key.c3 >> 11 & 3)
    x = (address >> turn | address << 32 - turn) & _WORD ^ key.c0
    return ((x & 0x7FFF) << 17 | x >> 15) ^ (0xE519A4F1 & 0x11111111 * (x >> 2 & 0xF))


def keystream(address: int, key: Key) -> int:
    """The keystream word (u32) of the aligned logical address `address`."""
    if key.c3 >> 24 in (0x00, 0xFF) or key.c3 & 0xF == 0xF:
        return 0
    word = 0
    if not key.c3 & 1:
        word ^= _stage_15(key, address) << 16
    if not key.c3 & 2:
        word ^= _stage_17(key, address)
    if not key.c3 & 4:
        word ^= _stage_32(key, address)
    if not key.c3 & 8:
        word ^= key.c2
    return word


def _repeated(word: int, count: int) -> int:
    return int.from_bytes(struct.pack("<I", word) * count, "little")


@lru_cache(maxsize=8)
def _page(key: Key) -> int:
    """The keystream of logical 0 .. 64 KiB, as one little-endian integer.

    It grows by doubling: one address bit more is one constant word XORed onto a copy.
    """
    origin = keystream(0, key)
    page, count = origin, 1
    while count * 4 < _PAGE:
        upper = page ^ _repeated(keystream(count * 4, key) ^ origin, count)
        page |= upper << 32 * count
        count *= 2
    return page


def _stream(start: int, length: int, key: Key) -> bytes:
    """Keystream bytes for `length` bytes from logical `start`, both any number."""
    first = start - start % _PAGE
    pages = []
    for base in range(first, start + length, _PAGE):
        shift = keystream(base & _WORD, key) ^ keystream(0, key)
        pages.append((_page(key) ^ _repeated(shift, _PAGE // 4)).to_bytes(_PAGE, "little"))
    return b"".join(pages)[start - first : start - first + length]


def crypt(data: bytes, address: int, key: Key) -> bytes:
    """`data`, which lies at logical `address`, encrypted or decrypted: the two are the same."""
    stream = int.from_bytes(_stream(address, len(data), key), "little")
    return (int.from_bytes(data, "little") ^ stream).to_bytes(len(data), "little")


_BRANCH = bytes.fromhex("0000ea")
_LOAD_PC = bytes.fromhex("14f09fe5")


def starts_arm(plain: bytes) -> bool:
    """True if 32 plain bytes are the ARM vectors that every application begins with.

    Word 0 is a forward branch, the other seven load the program counter (sheet 6.4).
    """
    return len(plain) >= 32 and plain[1:4] == _BRANCH and plain[4:32] == _LOAD_PC * 7


def key_of(first: bytes, address: int, keys: tuple[Key, ...] = KNOWN) -> Key | None:
    """Which of `keys` turns 32 stripped bytes at logical `address` into ARM vectors, or None."""
    return next((k for k in keys if starts_arm(crypt(first[:32], address, k))), None)
