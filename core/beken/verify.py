"""The last check: everything that was written, and everything that had to stay.

Source: BK7231 sheet 5; rulings P14.
"""

from __future__ import annotations

import zlib

from core.beken import cells, faults
from core.beken.client import Client
from core.beken.grounds import agreed_crc
from core.beken.plan import Plan
from core.beken.survey import look
from core.beken.wiring import SUPPLY_TEXT
from core.beken.writer import Writer
from core.bkimage.flashmap import Region
from core.fault import FaultError

ROUNDS = 3

Kept = tuple[tuple[Region, int], ...]
"""Regions that stay, each with the chip's CRC-32 before the first erase."""


async def prove_kept(client: Client, plan: Plan) -> Kept:
    """The chip's checksums of what will be kept.  Raises BK-UNPROVEN."""
    return tuple(
        [
            (r, await agreed_crc(client, r.start, r.end, zlib.crc32(plan.before[r.start : r.end])))
            for r in plan.kept
        ]
    )


async def verify(writer: Writer, kept: Kept) -> None:
    """Check all ranges; what was written wrong is written again.  A lost chip is linked again.
    Raises BK-NOT-AS-PLANNED."""
    while True:
        try:
            await _check(writer, kept)
            return
        except FaultError as error:
            await writer.mend(error)


async def _check(writer: Writer, kept: Kept) -> None:
    plan, report = writer.plan, writer.report
    count = len(plan.spans) + len(kept)
    for done, (region, crc) in enumerate(kept):
        report.progress(done, count, "ranges", str(writer.map))
        await _require(writer, region.name, region.start, region.end, crc)
    for done, span in enumerate(plan.spans, len(kept)):
        report.progress(done, count, "ranges", str(writer.map))
        crc = zlib.crc32(span.data)
        for _ in range(ROUNDS - 1):
            if await _agrees(writer.client, span.start, span.end, crc):
                break
            report.warn("WRITE-AGAIN", f"The checksum of {span.name} is wrong; looking where.")
            writer.now |= await look(writer.client, span.start, span.end)
            await writer.run()
        else:
            await _require(writer, span.name, span.start, span.end, crc)
    report.progress(count, count, "ranges", str(writer.map))


async def _agrees(client: Client, start: int, end: int, wanted: int) -> bool:
    return await client.crc(start, end) == wanted or await client.crc(start, end) == wanted


async def _require(writer: Writer, name: str, start: int, end: int, wanted: int) -> None:
    found = await writer.client.crc(start, end)
    if found == wanted or await writer.client.crc(start, end) == wanted:
        return
    writer.map.mark(start, end, cells.FAILED)
    writer.report.progress(0, 1, "ranges", str(writer.map))
    raise _not_as_planned(writer, f"{name} ({start:#08x}-{end - 1:#08x})", found, wanted)


def _not_as_planned(writer: Writer, where: str, found: int, wanted: int) -> FaultError:
    return faults.NOT_AS_PLANNED(
        what=f"The chip's checksum of {where} is {found:08X}, planned was {wanted:08X}.",
        cause="A request was damaged on the line, or the supply sagged.",
        next=f"{SUPPLY_TEXT} Then start again; the backup is {writer.plan.backup.path}.",
        evidence=writer.client.evidence,
    )
