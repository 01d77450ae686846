"""Finds the blocks of a key-value store in any bytes, and the key that opens them.

A store is found by what its sectors decrypt to, wherever it lies and however much of it is there.
Offsets are those of the data looked at.  Source: Tuya backup sheet 1.6 and 1.8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from core.bkimage.flashmap import SECTOR
from core.tuya import crypt
from core.tuya.layout import (
    DATA_MAGICS,
    KEY_MAGIC,
    STORE_SIZE,
    Header,
    block_intact,
    inner_key,
    key_sector_intact,
    parse_header,
    protected_length,
)

_ANCHORS = re.compile(b"(?:" + re.escape(crypt.ANCHOR) + b")+")
_KEY_BEFORE_ANCHOR = 32
_MOST_CANDIDATES = 64


class KeySource(StrEnum):
    """Where the key of a store was found, surest first."""

    KEY_SECTOR = "key sector"
    DAMAGED_KEY_SECTOR = "key sector with a wrong checksum"
    PROTECTED = "protected sector"
    SHARED = "a key that several devices share"


@dataclass(frozen=True, slots=True)
class Candidate:
    """16 bytes that may open a store; `at` is the sector they came from, None for a shared key."""

    key: bytes
    source: KeySource
    at: int | None


@dataclass(frozen=True, slots=True)
class Block:
    """One intact copy of a block; `plain` is the sector decrypted."""

    at: int
    header: Header
    plain: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A sector of the store that cannot be used; `id` where its header can still be read."""

    at: int
    id: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Sectors:
    """What was found of a store.  `at` is its key sector, or where that should be; `aes` opens
    its data; `end` is one past its last sector."""

    at: int
    end: int
    candidate: Candidate
    aes: bytes
    blocks: tuple[Block, ...]
    damaged: tuple[Damaged, ...]
    blank: tuple[int, ...]


def candidates(data: bytes) -> list[Candidate]:
    """Every key that the data offers, surest first, then the shared ones."""
    found: dict[bytes, Candidate] = {}
    for at in _key_places(data):
        plain = crypt.decrypt(data[at : at + SECTOR // 16 * 16], crypt.MASTER)
        key = inner_key(plain)
        if key is None:
            continue
        if key_sector_intact(plain):
            source = KeySource.KEY_SECTOR
        elif protected_length(plain) is not None:
            source = KeySource.PROTECTED
        else:
            source = KeySource.DAMAGED_KEY_SECTOR
        known = found.get(key)
        if known is None or _RANK[source] < _RANK[known.source]:
            found[key] = Candidate(key, source, at)
    ranked = sorted(found.values(), key=lambda c: _RANK[c.source])
    shared = (k for k in crypt.SHARED_KEYS if k not in found)
    return ranked + [Candidate(key, KeySource.SHARED, None) for key in shared]


_RANK = {source: rank for rank, source in enumerate(KeySource)}


def _key_places(data: bytes) -> Iterator[int]:
    """Where key sectors may begin: by magic on sector bounds, by the anchor anywhere."""
    count = 0
    for at in _heads(data, 0, crypt.MASTER, KEY_MAGIC):
        if at + SECTOR <= len(data):
            yield at
            count += 1
        if count == _MOST_CANDIDATES:
            return
    anchor = data.find(crypt.ANCHOR)
    while anchor >= 0 and count < 2 * _MOST_CANDIDATES:
        at = anchor - _KEY_BEFORE_ANCHOR
        if at >= 0 and at % SECTOR and at + SECTOR <= len(data):
            yield at
            count += 1
        run = _ANCHORS.match(data, anchor)
        anchor = data.find(crypt.ANCHOR, run.end() if run else anchor + 1)


def _heads(data: bytes, first: int, key: bytes, *magics: int) -> Iterator[int]:
    """Sectors, counted from `first`, whose first word decrypts to one of `magics`."""
    places = range(first, len(data) - crypt.BLOCK + 1, SECTOR)
    joined = b"".join(data[at : at + crypt.BLOCK] for at in places)
    plain = crypt.decrypt(joined, key)
    wanted = [magic.to_bytes(4, "little") for magic in magics]
    for number, at in enumerate(places):
        if plain[number * crypt.BLOCK : number * crypt.BLOCK + 4] in wanted:
            yield at


def find(data: bytes) -> Sectors | None:
    """The store in `data`: of all keys that open blocks, the one that opens most; None if none
    does."""
    best: Sectors | None = None
    for candidate in candidates(data):
        found = _open(data, candidate)
        if found is None:
            continue
        if best is None or len(found.blocks) > len(best.blocks):
            best = found
        if candidate.source is KeySource.KEY_SECTOR and len(found.blocks) > 1:
            break
    return best


def _open(data: bytes, candidate: Candidate) -> Sectors | None:
    shift = candidate.at % SECTOR if candidate.at is not None else 0
    for aes in crypt.data_keys(candidate.key):
        places = list(_heads(data, shift, aes, *DATA_MAGICS))
        blocks = [block for at in places if (block := _block(data, at, aes))]
        if blocks:
            return _sectors(data, candidate, aes, blocks)
    return None


def _block(data: bytes, at: int, aes: bytes) -> Block | None:
    raw = data[at : at + SECTOR]
    if len(raw) < SECTOR:
        return None
    plain = crypt.decrypt(raw, aes)
    header = parse_header(plain)
    return Block(at, header, plain) if header and block_intact(plain) else None


def _sectors(data: bytes, candidate: Candidate, aes: bytes, blocks: list[Block]) -> Sectors:
    """Set what lies beside the intact blocks in order: damaged, blank, missing."""
    start = _start(data, candidate, blocks)
    end = max([block.at + SECTOR for block in blocks] + [min(len(data), start + STORE_SIZE)])
    good = {block.at for block in blocks}
    damaged, blank = [], []
    for at in range(start + SECTOR, min(end, start + STORE_SIZE), SECTOR):
        raw = data[at : at + SECTOR]
        if at in good or at < 0:
            continue
        if not raw.strip(b"\xff"):
            blank.append(at)
        else:
            damaged.append(_damage(raw, at, aes))
    return Sectors(start, end, candidate, aes, tuple(blocks), tuple(damaged), tuple(blank))


def _start(data: bytes, candidate: Candidate, blocks: list[Block]) -> int:
    """The key sector's place: its own, else one before the home of block 0 as the blocks say.

    A store without its key sector may begin before the data does: then this is negative.
    """
    if candidate.at is not None and candidate.source is not KeySource.PROTECTED:
        return candidate.at
    homes = [block.at - SECTOR * (block.header.id + 1) for block in blocks]
    return max(set(homes), key=lambda home: (homes.count(home), home))


def _damage(raw: bytes, at: int, aes: bytes) -> Damaged:
    if len(raw) < SECTOR:
        return Damaged(at, None, f"cut off after {len(raw)} of {SECTOR} bytes")
    if not raw.strip(b"\0"):
        return Damaged(at, None, "every byte is 00")
    header = parse_header(crypt.decrypt(raw, aes))
    if header is None:
        return Damaged(at, None, "its header cannot be read")
    return Damaged(at, header.id, "its checksum is wrong")
