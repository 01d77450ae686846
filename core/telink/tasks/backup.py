"""A backup of the module's whole flash in which every KiB is proven, or none at all."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from pathlib import Path

from core.fault import FaultError
from core.job import Reporter, Result
from core.link.api import OpenPort
from core.store.backups import Backup, SidecarFacts
from core.store.files import require_new
from core.store.store import Store
from core.telink import faults
from core.telink.identify import CHIP
from core.telink.reader import Reader
from core.telink.tasks.session import ModuleOptions, Session, session
from core.telink.wire import LARGEST
from core.telink.writer import RECOVERIES
from core.tlimage import image
from core.tlimage.flashmap import MAC_AT, mac_of

PHASES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOptions(ModuleOptions):
    """`out` is where a copy of the finished backup goes, None for nowhere."""

    out: Path | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A finished backup, its bytes, and the pains it took."""

    backup: Backup
    data: bytes
    seconds: float
    reread: int


async def backup(
    report: Reporter, options: BackupOptions, *, ports: OpenPort, store: Store
) -> Result:
    """Back up the module; changes nothing.  Result: `backup_result`.

    Raises STORE-EXISTS before anything where a file stands at `out` already.
    """
    if options.out is not None:
        require_new(options.out)
    async with session(
        report, options, ports, store, "Module: backup", (1, PHASES), content=False
    ) as bench:
        taken = await take_backup(bench, store, (3, PHASES))
    if options.out is not None:
        await asyncio.to_thread(store.files.write, options.out, taken.data)
        return {**backup_result(taken), "out": str(options.out)}
    return backup_result(taken)


async def take_backup(bench: Session, store: Store, steps: tuple[int, int]) -> Taken:
    """Read, prove and keep the flash of an identified module; `steps` is (index, phases).

    Raises TL-UNPROVEN, TL-CONSTANT, STORE-*, and what recovering raises.
    """
    report, module, client = bench.report, bench.module, bench.client
    began = asyncio.get_running_loop().time()
    report.phase("Read and prove", *steps)
    part = store.backups.begin(module.mac or None, CHIP, module.size)
    try:
        reader = Reader(client, module, part, report)
        await _read(bench, reader)
        data = bytes(reader.data)
        if data == data[:1] * len(data):
            raise _constant(data[0])
        bench.learn(data)
        reasons = doubts(data)
        report.phase("Keep", steps[0] + 1, steps[1])
        kept = await part.finish(
            SidecarFacts(
                chip=CHIP,
                flash_id=module.flash_id,
                mac=module.mac,
                size=module.size,
                true=True,
                whole=not reasons,
                reasons=reasons,
                chip_crc=f"{zlib.crc32(data):08x}",
                source=f"TLSRPGM {module.programmer}, {client.link.baud} baud, "
                + ("CRC-16 a KiB" if client.has_crc else "read twice"),
            )
        )
    finally:
        part.close()
    for reason in reasons:
        report.warn("NOT-WHOLE", reason)
    spent = asyncio.get_running_loop().time() - began
    return Taken(kept, data, spent, reader.reread)


async def _read(bench: Session, reader: Reader) -> None:
    """Read everything; a module that was lost on the way is reached again."""
    for left in range(RECOVERIES, -1, -1):
        try:
            await reader.run()
            return
        except FaultError as error:
            if error.fault.code not in faults.LOSABLE or not left:
                raise
            bench.report.warn("LOST", f"{error.fault.what} Trying to reach it again.")
            await bench.recover()


def doubts(data: bytes) -> tuple[str, ...]:
    """Why a backup may not bring a module back; none for a whole one."""
    found = []
    if not any(bank.boots for bank in image.banks(data)):
        found.append("No firmware that boots is in it.")
    if not mac_of(data[MAC_AT : MAC_AT + LARGEST]):
        found.append("No MAC is in it.")
    return tuple(found)


def backup_result(taken: Taken) -> Result:
    """The flat result: file, sha256, marks, module fields, `seconds`, `reread` KiB."""
    kept = taken.backup
    marks = "true and whole" if kept.facts.whole else "true, but not whole"
    return {
        "chip": kept.facts.chip,
        "mac": kept.facts.mac,
        "flash_id": kept.facts.flash_id,
        "size": kept.facts.size,
        "file": str(kept.path),
        "sha256": kept.sha256,
        "true": kept.facts.true,
        "whole": kept.facts.whole,
        "reasons": list(kept.facts.reasons),
        "seconds": round(taken.seconds, 1),
        "reread": taken.reread,
        "summary": f"Backup {kept.path.name}: {marks}, {taken.seconds:.0f} s",
    }


def _constant(value: int) -> FaultError:
    return faults.CONSTANT(
        what=f"Every byte of the flash reads {value:02X}.",
        cause="The flash does not answer, or the whole chip was erased.",
        next="3.3 V at the module, try again; an erased chip needs the backup of this module.",
        state="Nothing was changed. What was read is not a backup.",
    )
