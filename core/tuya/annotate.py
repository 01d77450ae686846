"""What the byte at an address is: its area, the structure it belongs to, the field in it.

For a hex view's inspector.  Layouts are data; source: Tuya backup sheet 1, 5.2, 5.4, 5.5.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from core.bkimage import rf, strides
from core.bkimage.flashmap import APP_START, SECTOR
from core.tuya.areas import Area, Kind
from core.tuya.keyvalue import Entry, Store
from core.tuya.layout import PAGE, SAVED_HEAD, parse_index
from core.tuya.survey import Survey


class Place(NamedTuple):
    """A field: flash addresses `start` to `end`, `end` not included.  Empty text: not known."""

    area: str
    structure: str
    field: str
    start: int
    end: int


Fields = Sequence[tuple[int, int, str]]
"""(offset, bytes, name) in a structure."""

_KEY: Fields = ((0, 4, "magic"), (4, 4, "checksum of the key"), (8, 16, "inner key"))
_HEADER: Fields = (
    (0, 4, "magic"),
    (4, 4, "checksum of the block"),
    (8, 2, "block id"),
    (10, 4, "generation"),
    (14, 1, "bitmap length"),
    (15, 4, "bitmap of index pages"),
)
_INDEX: Fields = (
    (0, 4, "checksum of the value"),
    (4, 4, "length of the value"),
    (8, 2, "block id"),
    (10, 1, "page"),
    (11, 2, "number of parts"),
    (13, 4, "old memory address"),
    (17, 1, "length of the name"),
)
_PROTECTED: Fields = (
    (0, 4, "magic"),
    (4, 4, "checksum"),
    (8, 16, "inner key"),
    (24, 4, "length of all entries"),
    (28, 4, "reserved"),
)
_RBL: Fields = (
    (0, 4, "magic"),
    (4, 4, "algorithm"),
    (8, 4, "time"),
    (12, 16, "name"),
    (28, 24, "version"),
    (52, 24, "serial"),
    (76, 4, "CRC-32 of the package"),
    (80, 4, "FNV-1a of the body"),
    (84, 4, "raw size"),
    (88, 4, "package size"),
    (92, 4, "CRC-32 of the header"),
)
_CONNECT: Fields = (
    (0, 33, "network name"),
    (33, 6, "BSSID"),
    (39, 1, "security"),
    (40, 1, "channel"),
    (41, 65, "PSK"),
    (106, 65, "password"),
)
_DIRECTORY: Fields = (
    (0, 4, "magic"),
    (4, 4, "checksum"),
    (8, 4, "generation"),
    (14, 2, "number of files"),
)
_FILE: Fields = ((0, 32, "name"), (32, 4, "size"), (36, 32, "sector numbers"))
_DIRECTORY_HEAD, _FILE_SIZE = 16, 100


def place_at(seen: Survey, address: int) -> Place:
    """What lies at a flash address.  Raises ValueError outside of the dump."""
    number = bisect_right(seen.areas, address, key=lambda area: area.start) - 1
    if number < 0 or address >= seen.areas[number].end:
        raise ValueError(f"{address:#x} is not in the dump")
    area = seen.areas[number]
    found = next(_found(seen, area, address), None)
    return found or Place(area.name, "", "", area.start, area.end)


def _found(seen: Survey, area: Area, address: int) -> Iterator[Place]:
    offset = address - area.start
    match area.kind:
        case Kind.HEADER:
            yield from _header(area, offset)
        case Kind.BOOT | Kind.CODE:
            yield from _code(area, address)
        case Kind.STORE if seen.store is not None:
            yield from _store(seen, seen.store, area, offset)
        case Kind.PROTECTED if seen.protected is not None:
            yield from _protected(seen, area, address)
        case Kind.RF:
            yield from _rf(seen, area, offset)
        case Kind.CONNECT if area.state == "good":
            yield from _in(area, "fast-connect record", _CONNECT, area.start, offset)
        case Kind.FILES if area.name == "file directory":
            yield from _directory(area, offset)


def _in(area: Area, structure: str, fields: Fields, start: int, offset: int) -> Iterator[Place]:
    """The field of a structure at `start` that holds `offset`, counted from there."""
    for at, size, name in fields:
        if at <= offset < at + size:
            yield Place(area.name, structure, name, start + at, start + at + size)


def _header(area: Area, offset: int) -> Iterator[Place]:
    inside = offset % strides.STRIDE
    if inside >= strides.DATA:
        start = area.start + offset - inside + strides.DATA
        yield Place(area.name, "stride", "checksum", start, start + 2)
        return
    for place in _in(area, "container header", _RBL, 0, strides.logical(offset)):
        start, end = (area.start + strides.physical(at) for at in (place.start, place.end - 1))
        yield place._replace(start=start, end=end + 1)


def _code(area: Area, address: int) -> Iterator[Place]:
    if area.state == "blank":
        return
    origin, base = (APP_START, 0x10000) if address >= APP_START else (0, 0)
    offset = address - origin
    inside = offset % strides.STRIDE
    start = address - inside
    if inside >= strides.DATA:
        yield Place(area.name, "stride", "checksum", start + strides.DATA, start + strides.STRIDE)
    else:
        logical = base + strides.logical(offset)
        word = address - inside % 4
        yield Place(area.name, "code", f"CPU address {logical:#08x}", word, word + 4)


def _store(seen: Survey, store: Store, area: Area, offset: int) -> Iterator[Place]:
    if area.name == "store key":
        yield from _in(area, "key sector", _KEY, area.start, offset)
        return
    at = area.start - seen.base
    block = next((b for b in (*store.blocks, *store.stale) if b.at == at), None)
    if block is None:
        return
    name = f"block {block.header.id}"
    page, inside = divmod(offset, PAGE)
    if page == 0:
        yield from _in(area, f"{name}, header", _HEADER, area.start, inside)
        return
    start = area.start + page * PAGE
    for entry in (*store.entries, *store.others):
        yield from _value(entry, area, at + page * PAGE, start, inside)
    index = parse_index(block.plain[page * PAGE : (page + 1) * PAGE])
    if index is not None and block.header.bitmap >> page & 1:
        structure = f"index page of {index.name}"
        yield from _in(area, structure, _INDEX, start, inside)
        text, parts = len(index.name) + 1, 4 * len(index.parts)
        yield from _in(area, structure, ((18, text, "name"), (18 + text, parts, "parts")), start,
                       inside)  # fmt: skip
        yield Place(area.name, structure, "old bytes", start, start + PAGE)
    yield Place(area.name, name, f"page {page}, free or old", start, start + PAGE)


def _value(entry: Entry, area: Area, at: int, start: int, inside: int) -> Iterator[Place]:
    """The place if page `at` holds a part of the entry's value."""
    before = 0
    for span in entry.spans:
        if span.at <= at < span.at + span.size:
            byte = before + at - span.at + inside
            field = f"byte {byte}" if byte < entry.length else "behind the value: old bytes"
            state = "" if entry.state == "live" else f" ({entry.state})"
            yield Place(area.name, f"value {entry.name}{state}", field, start, start + PAGE)
        before += span.size


def _protected(seen: Survey, area: Area, address: int) -> Iterator[Place]:
    assert seen.protected is not None
    yield from _in(area, "protected sector", _PROTECTED, area.start, address - area.start)
    for name, span in seen.protected.spans.items():
        start = seen.base + span.at
        if start <= address < start + span.size:
            field = f"byte {address - start}"
            yield Place(area.name, f"value {name}", field, start, start + span.size)
        elif start - SAVED_HEAD <= address < start:
            yield Place(area.name, f"value {name}", "length and name", start - SAVED_HEAD, start)


def _rf(seen: Survey, area: Area, offset: int) -> Iterator[Place]:
    yield from _in(area, "RF block", ((0, 4, "magic"), (4, 4, "length")), area.start, offset)
    yield from _in(area, "RF block", ((rf.MAC_OFFSET, 6, "MAC"),), area.start, offset)
    sector = seen.data[area.start - seen.base : area.end - seen.base]
    at, end = 8, min(SECTOR, 8 + struct.unpack_from("<I", sector, 4)[0])
    while at + 8 <= end:
        tag, length = struct.unpack_from("<II", sector, at)
        size = 8 if tag & 0xFF == 0 else 8 + length  # a group holds further records
        if at <= offset < at + size:
            yield Place(area.name, "RF block", f"tag {tag:#010x}", area.start + at,
                        area.start + min(at + size, SECTOR))  # fmt: skip
            return
        at += size


def _directory(area: Area, offset: int) -> Iterator[Place]:
    yield from _in(area, "directory", _DIRECTORY, area.start, offset)
    if offset >= _DIRECTORY_HEAD:
        number, inside = divmod(offset - _DIRECTORY_HEAD, _FILE_SIZE)
        start = area.start + _DIRECTORY_HEAD + number * _FILE_SIZE
        yield from _in(area, f"directory entry {number}", _FILE, start, inside)
