"""The bytes of Tuya's key-value store in plain: key sector, blocks, index pages, protected sector.

A sector has 4096 bytes and 32 pages of 128.  Everything is little-endian.  Parsers take any bytes
and give None for what is none of theirs.  Source: Tuya backup sheet 1.1, 1.3, 1.4, 1.7.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

from core.bkimage.flashmap import SECTOR

PAGE = 128
PAGES = SECTOR // PAGE
DATA_BLOCKS = 14
SWAP_BLOCKS = 3
STORE_SIZE = SECTOR * (1 + DATA_BLOCKS + SWAP_BLOCKS)
"""Bytes of a whole store, which is also the size of a file with nothing else in it."""

KEY_MAGIC = 0x13579753
DATA_MAGIC = 0x98761234
DATA_MAGIC_OS3 = 0x135726AB
"""The same layout, by TuyaOS 3."""
DATA_MAGICS = (DATA_MAGIC, DATA_MAGIC_OS3)
KEY_AT = 8
KEY_SIZE = 16
BITMAP_BYTES = 4

_KEY_HEAD = struct.Struct("<II16s")
_BLOCK_HEAD = struct.Struct("<IIHIBI")
_INDEX = struct.Struct("<IIHBHIB")
_PART = struct.Struct("<HBB")
_PROTECTED_HEAD = struct.Struct("<II16sII")
_SAVED = struct.Struct("<I32s")


def checksum(data: bytes | bytearray) -> int:
    """The sum of the bytes, 32 bits."""
    return sum(data) & 0xFFFFFFFF


# -- key sector -------------------------------------------------------------------------------


def inner_key(plain: bytes) -> bytes | None:
    """The 16 key bytes of a key sector or protected sector, whatever its checksum; None if it is
    neither."""
    if len(plain) < _KEY_HEAD.size:
        return None
    magic, _, key = _KEY_HEAD.unpack_from(plain)
    return key if magic == KEY_MAGIC else None


def key_sector_intact(plain: bytes) -> bool:
    """True if the checksum is that of the key bytes alone."""
    _, check, key = _KEY_HEAD.unpack_from(plain)
    return bool(check == checksum(key))


def build_key_sector(key: bytes) -> bytes:
    """The plain key sector of a 16-byte key."""
    return _KEY_HEAD.pack(KEY_MAGIC, checksum(key), key).ljust(SECTOR, b"\xff")


# -- blocks -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Header:
    """Page 0 of a block.  Bit p of `bitmap` says that page p is a live index page.

    `generation` grows with every rewrite; of two copies the higher one is valid.
    """

    magic: int
    check: int
    id: int
    generation: int
    bitmap: int


def parse_header(plain: bytes) -> Header | None:
    """The header of a block; None without one of the two magics."""
    if len(plain) < _BLOCK_HEAD.size:
        return None
    magic, check, number, generation, length, bitmap = _BLOCK_HEAD.unpack_from(plain)
    if magic not in DATA_MAGICS:
        return None
    live = bitmap if length >= BITMAP_BYTES else bitmap & (1 << 8 * length) - 1
    return Header(magic, check, number, generation, live)


def block_intact(plain: bytes) -> bool:
    """True if a block's checksum fits."""
    (_, check) = struct.unpack_from("<II", plain)
    return len(plain) == SECTOR and bool(check == checksum(plain[8:]))


def build_block(
    number: int, generation: int, pages: dict[int, bytes], index: set[int], magic: int = DATA_MAGIC
) -> bytes:
    """A plain block: `pages` by page number, those in `index` marked as live index pages."""
    plain = bytearray(b"\xff" * SECTOR)
    for page, data in pages.items():
        plain[page * PAGE : page * PAGE + len(data)] = data
    bitmap = sum(1 << page for page in index)
    plain[: _BLOCK_HEAD.size] = _BLOCK_HEAD.pack(magic, 0, number, generation, BITMAP_BYTES, bitmap)
    struct.pack_into("<I", plain, 4, checksum(plain[8:]))
    return bytes(plain)


# -- index pages ------------------------------------------------------------------------------


class Part(NamedTuple):
    """Pages `first` to `last`, both included, of a block."""

    block: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Index:
    """One index page: the name of a value, its length, checksum and parts.

    `block` and `page` are what the page says of its own place.
    """

    name: str
    length: int
    check: int
    block: int
    page: int
    parts: tuple[Part, ...]


def parse_index(page: bytes) -> Index | None:
    """An index page; None for bytes that cannot be one.

    The name is printable ASCII; the parts lie in the page and name pages 1 to 31.
    """
    if len(page) < PAGE:
        return None
    check, length, block, number, count, _pointer, name_length = _INDEX.unpack_from(page)
    start = _INDEX.size + name_length
    name = page[_INDEX.size : start].split(b"\0", 1)[0]
    if not name or not name.isascii() or not name.decode().isprintable() or start > PAGE:
        return None
    if start + _PART.size * count > PAGE:  # some writers count bytes instead of parts
        count //= _PART.size
    if start + _PART.size * count > PAGE:
        return None
    parts = tuple(Part(*_PART.unpack_from(page, start + _PART.size * i)) for i in range(count))
    if any(not 0 < part.first <= part.last < PAGES for part in parts):
        return None
    if length > PAGE * sum(part.last - part.first + 1 for part in parts):
        return None
    return Index(name.decode(), length, check, block, number, parts)


def build_index(index: Index, pointer: int = 0xFFFFFFFF) -> bytes:
    """The bytes of an index page, up to its end.

    Raises ValueError when name and parts do not fit, or the name is not ASCII.
    """
    name = index.name.encode("ascii") + b"\0"
    head = _INDEX.pack(
        index.check, index.length, index.block, index.page, len(index.parts), pointer, len(name)
    )
    data = head + name + b"".join(_PART.pack(*part) for part in index.parts)
    if len(data) > PAGE:
        raise ValueError("name and parts do not fit an index page")
    return data.ljust(PAGE, b"\xff")


# -- protected sector -------------------------------------------------------------------------


def protected_length(plain: bytes) -> int | None:
    """How many bytes the entries of a protected sector take; None if the sector is none.

    `plain` has the outer layer taken off.
    """
    if len(plain) < SECTOR:
        return None
    magic, check, _, length, _ = _PROTECTED_HEAD.unpack_from(plain)
    if magic != KEY_MAGIC or check != checksum(plain[8:SECTOR]):
        return None
    return int(length)


PROTECTED_HEAD = _PROTECTED_HEAD.size
SAVED_HEAD = _SAVED.size
"""Bytes before each value of a protected sector: its length and name."""


def parse_saved(inner: bytes, total: int) -> list[tuple[str, bytes, int]]:
    """(name, value, offset of the value in `inner`) of a protected sector, both layers off."""
    found, at, end = [], 0, min(total, len(inner))
    while at + _SAVED.size <= end:
        length, name = _SAVED.unpack_from(inner, at)
        text, value_at = name.split(b"\0", 1)[0], at + _SAVED.size
        if not text or not text.isascii() or not text.decode().isprintable():
            break
        if value_at + length > end:
            break
        found.append((text.decode(), inner[value_at : value_at + length], value_at))
        at = value_at + length
    return found


def build_saved(entries: dict[str, bytes]) -> bytes:
    """The entries of a protected sector, in plain."""
    return b"".join(
        _SAVED.pack(len(value), name.encode("ascii")) + value for name, value in entries.items()
    )


def build_protected(key: bytes, total: int, enciphered: bytes) -> bytes:
    """The sector before its outer layer, `enciphered` being what follows the header."""
    plain = bytearray(_PROTECTED_HEAD.pack(KEY_MAGIC, 0, key, total, 0xFFFFFFFF) + enciphered)
    struct.pack_into("<I", plain, 4, checksum(plain[8:]))
    return bytes(plain)
