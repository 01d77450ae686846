"""The values in a key-value store: the newest of each, and what older pages still tell.

Per block the intact copy with the highest generation counts; a tie goes to the home position.
Damaged blocks cost what is in them and no more.  Source: Tuya backup sheet 1.5 and 1.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from core.bkimage.flashmap import SECTOR
from core.tuya.blocks import Block, Candidate, Damaged, Sectors
from core.tuya.layout import DATA_BLOCKS, PAGE, PAGES, Index, checksum, parse_index


class State(StrEnum):
    """What an entry is."""

    LIVE = "live"
    DUPLICATE = "duplicate"
    DELETED = "deleted"
    OLDER = "older"


class Span(NamedTuple):
    """Bytes of the data looked at: offset and length."""

    at: int
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One value.  `intact`: its checksum fits.  `missing` counts bytes that are not there.

    `index` is the page that describes it, `spans` are the pages that hold it, in order; the bytes
    there are enciphered.
    """

    name: str
    value: bytes = field(repr=False)
    length: int
    intact: bool
    state: State
    block: int
    page: int
    index: Span
    spans: tuple[Span, ...]
    missing: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Store:
    """A store that was opened.

    `entries` are the live values by ascending block and page; `others` are duplicates, deleted
    values and older versions.  `at` is its key sector's offset; `lost` the ids of blocks of which
    no intact copy exists.  `notes` are sentences.
    """

    at: int
    end: int
    candidate: Candidate
    aes: bytes
    entries: tuple[Entry, ...]
    others: tuple[Entry, ...]
    blocks: tuple[Block, ...]
    stale: tuple[Block, ...]
    damaged: tuple[Damaged, ...]
    lost: tuple[int, ...]
    notes: tuple[str, ...]

    def get(self, name: str) -> Entry | None:
        """The live value of that name."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def value(self, name: str) -> bytes:
        """Its bytes as stored; empty if there is none."""
        entry = self.get(name)
        return entry.value if entry else b""

    @property
    def values(self) -> dict[str, bytes]:
        """All live values by name."""
        return {entry.name: entry.value for entry in self.entries}


def read(sectors: Sectors, base: int = 0) -> Store:
    """Everything that the blocks of a store hold.  Never raises.

    `base` is the flash address of the data's first byte; notes name addresses.
    """
    live, stale = _newest(sectors)
    entries, duplicates = _live_entries(live)
    older = _older(live, stale, entries)
    lost = _lost(sectors, live)
    return Store(
        at=sectors.at,
        end=sectors.end,
        candidate=sectors.candidate,
        aes=sectors.aes,
        entries=tuple(entries),
        others=(*duplicates, *older),
        blocks=tuple(live[number] for number in sorted(live)),
        stale=tuple(stale),
        damaged=sectors.damaged,
        lost=tuple(lost),
        notes=tuple(_notes(sectors, live, entries, duplicates, lost, base)),
    )


def _home(sectors: Sectors, number: int) -> int:
    return sectors.at + SECTOR * (number + 1)


def _newest(sectors: Sectors) -> tuple[dict[int, Block], list[Block]]:
    """The copy of each block that counts, and the other copies."""
    live: dict[int, Block] = {}
    for block in sectors.blocks:
        number = block.header.id
        known = live.get(number)
        home = block.at == _home(sectors, number)
        if known is None or (block.header.generation, home) > (
            known.header.generation,
            known.at == _home(sectors, number),
        ):
            live[number] = block
    stale = [block for block in sectors.blocks if live[block.header.id] is not block]
    return live, stale


def _pages(block: Block) -> Iterator[tuple[int, Index | None]]:
    for page in range(1, PAGES):
        yield page, parse_index(block.plain[page * PAGE : (page + 1) * PAGE])


def _live_entries(live: dict[int, Block]) -> tuple[list[Entry], list[Entry]]:
    entries: dict[str, Entry] = {}
    duplicates = []
    for number in sorted(live):
        block = live[number]
        for page, index in _pages(block):
            if not block.header.bitmap >> page & 1 or not _placed(index, number, page):
                continue
            assert index is not None
            entry = _entry(index, block, page, live, State.LIVE)
            if entry.name in entries:
                first = entries[entry.name]
                note = f"block {first.block} page {first.page} has the same name and comes first"
                duplicates.append(_entry(index, block, page, live, State.DUPLICATE, note))
            else:
                entries[entry.name] = entry
    return list(entries.values()), duplicates


def _placed(index: Index | None, number: int, page: int) -> bool:
    return index is not None and (index.block, index.page) == (number, page)


def _entry(
    index: Index, block: Block, page: int, live: dict[int, Block], state: State, note: str = ""
) -> Entry:
    value, spans, gap = bytearray(), [], []
    for part in index.parts:
        holder = live.get(part.block)
        start, end = part.first * PAGE, (part.last + 1) * PAGE
        if holder is None:
            gap.append(f"block {part.block} is not there")
            value += bytes(end - start)
            continue
        value += holder.plain[start:end]
        spans.append(Span(holder.at + start, end - start))
    missing = 0
    if gap:
        # What follows a gap keeps its place; the missing bytes read as 00.
        missing = min(index.length, PAGE * sum(p.last - p.first + 1 for p in index.parts)
                      - sum(s.size for s in spans))  # fmt: skip
    data = bytes(value[: index.length])
    return Entry(
        name=index.name,
        value=data,
        length=index.length,
        intact=not missing and checksum(data) == index.check,
        state=state,
        block=block.header.id,
        page=page,
        index=Span(block.at + page * PAGE, PAGE),
        spans=tuple(spans),
        missing=missing,
        note=note or "; ".join(dict.fromkeys(gap)),
    )


def _older(live: dict[int, Block], stale: list[Block], entries: list[Entry]) -> list[Entry]:
    """Deleted values in live blocks and other versions in older copies, proven by checksum."""
    known = {(entry.name, entry.value) for entry in entries}
    covered = {span.at for entry in entries for span in entry.spans}
    found = []
    for block in (*live.values(), *stale):
        number = block.header.id
        blocks = live if live[number] is block else {**live, number: block}
        deleted = live[number] is block
        for page, index in _pages(block):
            if not _placed(index, number, page) or block.at + page * PAGE in covered:
                continue
            assert index is not None
            marked = bool(block.header.bitmap >> page & 1)
            if deleted and marked:
                continue
            entry = _entry(index, block, page, blocks, State.OLDER if marked else State.DELETED)
            if entry.intact and (entry.name, entry.value) not in known:
                known.add((entry.name, entry.value))
                found.append(entry)
    return found


def _lost(sectors: Sectors, live: dict[int, Block]) -> list[int]:
    """Blocks that should be there, were written to, and have no intact copy."""
    lost = set()
    for sector in sectors.damaged:
        number = (sector.at - sectors.at) // SECTOR - 1 if sector.id is None else sector.id
        if number < DATA_BLOCKS and number not in live:
            lost.add(number)
    return sorted(lost)


def _notes(
    sectors: Sectors,
    live: dict[int, Block],
    entries: list[Entry],
    duplicates: list[Entry],
    lost: list[int],
    base: int,
) -> Iterator[str]:
    source = sectors.candidate.source
    if sectors.candidate.at != sectors.at:
        yield f"The key sector cannot be read; the key comes from: {source}."
    for bad in sectors.damaged:
        place = (bad.at - sectors.at) // SECTOR - 1
        number = place if bad.id is None else bad.id
        name = f"block {number}" if number < DATA_BLOCKS else "a swap sector"
        saved = "; another intact copy of it is used" if number in live else ""
        yield f"Damaged at {base + bad.at:#08x}: {name}, {bad.why}{saved}."
    for number in lost:
        yield f"Block {number} has no intact copy: what it held is missing."
    for number, block in sorted(live.items()):
        if block.at != _home(sectors, number) and number not in {bad.id for bad in sectors.damaged}:
            yield f"Block {number} is taken from {base + block.at:#08x}, not from its home."
    for entry in entries:
        if entry.missing:
            yield f"{entry.name}: {entry.missing} of {entry.length} bytes are missing."
        elif not entry.intact:
            yield f"{entry.name}: its checksum is wrong."
    for entry in duplicates:
        yield f"{entry.name} is there twice: {entry.note}."
