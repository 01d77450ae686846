"""Tuya's small file system beside the store: plain text, among it a copy of the pins.

Sectors are numbered over the partitions of the chip one after the other; 0 and 1 are two copies of
the directory.  Source: Tuya backup sheet 5.5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.bkimage.flashmap import SECTOR
from core.tuya.layout import checksum

MAGIC = 0x98764321
PARTITIONS = {
    "n": ((0x1D2000, 0x18000),),
    "t": ((0x1E3000, 0xB000), (0x1D8000, 0x8000), (0x12A000, 0x8000)),
}
"""(flash address, bytes) by chip letter, in the order of their numbers."""
_HEAD = struct.Struct("<IIIHH")
_ENTRY = struct.Struct("<32sI16H")
_ENTRY_SIZE = 100


@dataclass(frozen=True, slots=True)
class File:
    """One file; `at` is the offset of its bytes, None when it is empty or cannot be located."""

    name: str
    size: int
    at: int | None
    data: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True)
class FileSystem:
    """The directory with the highest generation; `at` is its offset, `starts` its partitions."""

    at: int
    generation: int
    files: tuple[File, ...]
    directories: tuple[int, ...]

    def get(self, name: str) -> File | None:
        return next((file for file in self.files if file.name == name), None)


def find(data: bytes, base: int = 0) -> FileSystem | None:
    """The file system in `data`, whose first byte has flash address `base`; None without one."""
    magic = MAGIC.to_bytes(4, "little")
    places = [at for at in range(-base % SECTOR, len(data), SECTOR) if data[at : at + 4] == magic]
    good = [at for at in places if _intact(data[at : at + SECTOR])]
    if not good:
        return None
    newest = max(good, key=lambda at: (_generation(data, at), -at))
    first = min(at for at in good if newest - at in (0, SECTOR))
    parts = _partitions(first, base, len(data))
    files = tuple(_files(data, newest, parts))
    return FileSystem(newest, _generation(data, newest), files, tuple(good))


def _intact(sector: bytes) -> bool:
    if len(sector) < SECTOR:
        return False
    (_, check) = struct.unpack_from("<II", sector)
    return bool(check == checksum(sector[8:]))


def _generation(data: bytes, at: int) -> int:
    return int(_HEAD.unpack_from(data, at)[2])


def _partitions(first: int, base: int, size: int) -> list[tuple[int, int]]:
    """(offset, bytes) of the partitions of the chip whose first one begins at `first`."""
    for table in PARTITIONS.values():
        if table[0][0] - base == first:
            return [(start - base, length) for start, length in table]
    return [(first, size - first)]


def _files(data: bytes, at: int, parts: list[tuple[int, int]]) -> Iterator[File]:
    count = _HEAD.unpack_from(data, at)[4]
    most = (SECTOR - _HEAD.size) // _ENTRY_SIZE
    for number in range(min(count, most)):
        entry = at + _HEAD.size + number * _ENTRY_SIZE
        raw, size, *_numbers = _ENTRY.unpack_from(data, entry)
        name = raw.split(b"\0", 1)[0].decode("ascii", "replace")
        if not name:
            continue
        # only files of one sector were ever seen; of longer ones the first sector is shown
        where = _offset(_numbers[0], parts) if size and _numbers[0] else None
        if where is None or where < 0 or where >= len(data):
            yield File(name, size, None)
        else:
            yield File(name, size, where, data[where : where + min(size, SECTOR)])


def _offset(number: int, parts: list[tuple[int, int]]) -> int | None:
    at = number * SECTOR
    for start, length in parts:
        if at < length:
            return start + at
        at -= length
    return None


def build(files: dict[str, bytes], generation: int = 1) -> bytes:
    """Two directories and one sector a file, as they lie in the first partition."""
    head = _HEAD.pack(MAGIC, 0, generation, 0, len(files))
    entries, bodies = b"", b""
    for number, (name, data) in enumerate(files.items(), 2):
        numbers = [number if data else 0] + [0] * 15
        entry = _ENTRY.pack(name.encode("ascii"), len(data), *numbers)
        entries += entry.ljust(_ENTRY_SIZE, b"\0")
        bodies += data[:SECTOR].ljust(SECTOR, b"\xff")
    sector = bytearray((head + entries).ljust(SECTOR, b"\0"))
    struct.pack_into("<I", sector, 4, checksum(sector[8:]))
    return bytes(sector) * 2 + bodies
