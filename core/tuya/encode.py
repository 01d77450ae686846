"""Writes a key-value store as a device would: for tests, the simulated plug, and redacted copies.

What it writes is read by the public tools byte for byte.  Source: Tuya backup sheet 1.5 and 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from core.bkimage.flashmap import SECTOR
from core.tuya import crypt
from core.tuya.layout import (
    DATA_BLOCKS,
    DATA_MAGIC,
    PAGE,
    PAGES,
    PROTECTED_HEAD,
    SWAP_BLOCKS,
    Index,
    Part,
    build_block,
    build_index,
    build_key_sector,
    build_protected,
    build_saved,
    checksum,
)

POINTER = 0x00414243
"""A made-up RAM address: devices leave one behind in each index page."""
ERASED = b"\xff" * SECTOR


class StoreFull(ValueError):
    """The values do not fit the blocks."""


@dataclass
class _Block:
    """One block while it is filled."""

    id: int
    pages: dict[int, bytes] = field(default_factory=dict)
    index: set[int] = field(default_factory=set)
    generation: int = 0


class StoreWriter:
    """A store of `blocks` data and `swap` swap blocks that values are put into one by one."""

    def __init__(
        self,
        key: bytes,
        *,
        blocks: int = DATA_BLOCKS,
        swap: int = SWAP_BLOCKS,
        magic: int = DATA_MAGIC,
        start: int = 0,
    ) -> None:
        self.key, self._magic = key, magic
        self._blocks = [_Block(number) for number in range(blocks)]
        self._swap = [ERASED] * swap
        self._next_swap = 0
        self._at = start * PAGES  # the rotating pointer, counted in pages
        self._entries: dict[str, tuple[int, int]] = {}

    def put(self, name: str, value: bytes) -> None:
        """Write a value, replacing an older one of that name.

        Raises StoreFull when no page is left, ValueError for a name that is no short ASCII text.
        """
        pages = self._free(1 + -(-len(value) // PAGE))
        (block, page), *places = pages
        parts = tuple(_runs(places))
        index = Index(name, len(value), checksum(value), block, page, parts)
        data = build_index(index, POINTER)
        self.delete(name)
        touched = {number for number, _ in pages}
        for number in sorted(touched, reverse=True):
            self._rewrite(number)
        for i, (number, at) in enumerate(places):
            self._blocks[number].pages[at] = value[i * PAGE : (i + 1) * PAGE]
        self._blocks[block].pages[page] = data
        self._blocks[block].index.add(page)
        self._entries[name] = block, page

    def delete(self, name: str) -> None:
        """Forget a value; its pages stay behind, as on a device."""
        place = self._entries.pop(name, None)
        if place is not None:
            self._rewrite(place[0])
            self._blocks[place[0]].index.discard(place[1])

    def _rewrite(self, number: int) -> None:
        """Keep the old block in the next swap sector, and count its generation on."""
        block = self._blocks[number]
        if self._swap:
            self._swap[self._next_swap] = self._sealed(block)
            self._next_swap = (self._next_swap + 1) % len(self._swap)
        block.generation += 1

    def _free(self, count: int) -> list[tuple[int, int]]:
        """`count` pages that hold nothing, walking on from where the last value ended."""
        total = len(self._blocks) * PAGES
        found: list[tuple[int, int]] = []
        for step in range(total):
            number, page = divmod((self._at + step) % total, PAGES)
            if page and page not in self._blocks[number].pages:
                found.append((number, page))
                if len(found) == count:
                    self._at = (self._at + step + 1) % total
                    return found
        raise StoreFull(f"{count} pages are wanted, {len(found)} are free")

    def _sealed(self, block: _Block) -> bytes:
        plain = build_block(block.id, block.generation, block.pages, block.index, self._magic)
        return crypt.encrypt(plain, crypt.data_key(self.key))

    def image(self) -> bytes:
        """The bytes on flash: key sector, data blocks, swap."""
        head = crypt.encrypt(build_key_sector(self.key), crypt.MASTER)
        return head + b"".join(map(self._sealed, self._blocks)) + b"".join(self._swap)

    def without_swap(self) -> bytes:
        """The same with erased swap: no older version of anything."""
        return self.image()[: -SECTOR * len(self._swap) or None] + ERASED * len(self._swap)


def _runs(places: Sequence[tuple[int, int]]) -> Iterator[Part]:
    """Consecutive pages of a block as one part."""
    current: Part | None = None
    for block, page in places:
        if current and current.block == block and current.last + 1 == page:
            current = current._replace(last=page)
            continue
        if current:
            yield current
        current = Part(block, page, page)
    if current:
        yield current


def store(values: Mapping[str, bytes], key: bytes, *, start: int = 0) -> bytes:
    """A whole store of 73 728 bytes that holds `values`; the first lies in block `start`."""
    writer = StoreWriter(key, start=start)
    for name, value in values.items():
        writer.put(name, value)
    return writer.image()


def protected(values: Mapping[str, bytes], key: bytes) -> bytes:
    """The protected sector before a store: a second copy of licence and Wi-Fi state."""
    entries = build_saved(dict(values))
    inner = entries.ljust(SECTOR - PROTECTED_HEAD, b"\xff")
    plain = build_protected(key, len(entries), crypt.encrypt(inner, crypt.data_key(key)))
    return crypt.encrypt(plain, crypt.MASTER)
