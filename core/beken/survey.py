"""What the chip's flash holds now, sector by sector, asked by CRC and never read.

A block that has the checksum of the target, of the backup or of FF is known at once; only others
are asked for sector by sector.  So a job that goes on, or writes what is there, costs one pass of
the chip's CRC.  Source: BK7231 sheet 10.3; rulings P13.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from core.beken.client import Client
from core.beken.plan import Span
from core.bkimage.flashmap import BLANK_CRC, BLOCK, SECTOR

Sectors = dict[int, int]
"""The CRC-32 of each sector, by its address."""


def blocks(start: int, end: int) -> Iterator[tuple[int, int]]:
    """[start, end) cut where 64 KiB blocks begin."""
    while start < end:
        stop = min(end, (start // BLOCK + 1) * BLOCK)
        yield start, stop
        start = stop


def sectors_of(start: int, data: bytes) -> Sectors:
    """The checksums that `data` at `start` has."""
    return {start + at: zlib.crc32(data[at : at + SECTOR]) for at in range(0, len(data), SECTOR)}


async def survey(client: Client, spans: Iterable[Span], before: bytes) -> Sectors:
    """The checksums of every sector in `spans`; `before` is what the flash likely holds."""
    found: Sectors = {}
    for span in spans:
        for start, end in blocks(span.start, span.end):
            target = span.data[start - span.start : end - span.start]
            now = await client.crc(start, end)
            likely = (target, before[start:end], b"\xff" * (end - start))
            known = next((data for data in likely if zlib.crc32(data) == now), None)
            if known is not None:
                found |= sectors_of(start, known)
            else:
                found |= await look(client, start, end)
    return found


async def look(client: Client, start: int, end: int) -> Sectors:
    """The checksums of [start, end), each sector asked for itself."""
    return {at: await client.crc(at, at + SECTOR) for at in range(start, end, SECTOR)}


def differing(span: Span, now: Sectors) -> list[int]:
    """The sectors of `span` that do not hold its data, in order."""
    wanted = sectors_of(span.start, span.data)
    return [at for at, crc in wanted.items() if now[at] != crc]


def is_blank(now: Sectors, at: int) -> bool:
    """True when the sector at `at` is erased."""
    return now[at] == BLANK_CRC[SECTOR]
