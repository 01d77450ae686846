"""A backup of the whole flash that is proven by the chip itself, or none at all."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.beken import faults
from core.beken.identify import Device
from core.beken.reader import Reader
from core.beken.tasks.session import PlugOptions, Session, options_of, session
from core.beken.wiring import SUPPLY_TEXT
from core.bkimage import backup as judge
from core.bkimage.flashmap import BLOCK
from core.fault import FaultError
from core.job import Reporter, Result
from core.link.api import OpenPort
from core.store.backups import Backup, SidecarFacts
from core.store.files import read
from core.store.jobs import lock_holder
from core.store.store import Store

PHASES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOptions(PlugOptions):
    """Nothing more than how to reach the plug."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A finished backup, its bytes, and the pains it took; `kept` bytes came from an unfinished
    one."""

    backup: Backup
    data: bytes
    seconds: float
    reread: int
    kept: int


async def backup(
    report: Reporter, options: BackupOptions, *, ports: OpenPort, store: Store
) -> Result:
    """Back up the plug; changes nothing.  Result: `backup_result`.

    Raises what linking and identifying raise, BK-UNPROVEN, BK-DEAD-FLASH, BK-ERASED, STORE-*.
    """
    async with session(
        report, options, ports, "Backup", (1, PHASES), memory=store.settings
    ) as plug:
        await plug.speed_up()
        taken = await take_backup(plug, store, (3, PHASES))
    return backup_result(taken)


async def take_backup(plug: Session, store: Store, steps: tuple[int, int]) -> Taken:
    """Read, prove and keep the flash of a linked plug; `steps` is (phase index, phases)."""
    report, device = plug.report, plug.device
    began = asyncio.get_running_loop().time()
    report.phase("Read and prove", *steps)
    await store.jobs.folder(report.job_id).write_plan(
        {"job": "backup", **plan_of(device), **options_of(plug)}
    )
    old, known = await _unfinished(plug, store)
    part = store.backups.begin(device.mac or None, device.chip, device.size)
    try:
        reader = Reader(plug.client, device.size, part, report, known)
        await reader.run()
        data = bytes(reader.data)
        async with plug.awake():
            info = await asyncio.to_thread(judge.examine, data)
        if info.constant is not None:
            raise _constant(info.constant)
        report.phase("Keep", steps[0] + 1, steps[1])
        facts = SidecarFacts(
            chip=device.chip,
            flash_id=device.flash_id,
            mac=device.mac,
            size=device.size,
            true=True,
            whole=info.whole,
            reasons=info.reasons,
            chip_crc=f"{reader.crc:08x}",
            source=f"serial line, {plug.client.link.baud} baud",
        )
        async with plug.awake():  # a card may take its time
            kept = await part.finish(facts)
    finally:
        part.close()
    if old is not None:
        _drop(old)
    # What this job has left to go on with is no backup any more.
    (store.jobs.path_of(report.job_id) / "plan.json").unlink(missing_ok=True)
    for reason in info.reasons:
        report.warn("NOT-WHOLE", reason)
    spent = asyncio.get_running_loop().time() - began
    return Taken(kept, data, spent, reader.reread, reader.kept)


async def _unfinished(plug: Session, store: Store) -> tuple[Path | None, bytes]:
    """The newest unfinished backup of this very plug, and its bytes.

    Its first block, bootloader and all, must have the chip's CRC; after that every block counts
    only when its own CRC agrees.
    """
    device = plug.device
    folder = store.backups.root / device.mac.replace(":", "").lower()
    if not device.mac or not folder.is_dir():
        return None, b""
    for path in sorted(folder.glob(f"*-{device.chip}-*.bin.part"), reverse=True):
        try:
            if lock_holder(path) is not None:
                continue  # another job is reading it just now
            data = await asyncio.to_thread(read, path)
        except FaultError:
            continue
        if len(data) < BLOCK or len(data) > device.size:
            continue
        if await plug.client.crc(0, BLOCK) == zlib.crc32(data[:BLOCK]):
            plug.report.note("GOING-ON", f"Going on with {path.name}, block by block as proven.")
            return path, data
    return None, b""


def _drop(part: Path) -> None:
    """An unfinished backup whose blocks are now in a finished one."""
    for path in (part, part.with_suffix(".map")):
        path.unlink(missing_ok=True)


def plan_of(device: Device) -> dict[str, Any]:
    """What names the device in a job folder."""
    names = ("chip", "mac", "flash_id", "size")
    return {name: getattr(device, name) for name in names}


def backup_result(taken: Taken) -> Result:
    """The flat result: file, sha256, marks, device fields, `seconds`, `reread` sectors."""
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
        "kept": taken.kept,
        "summary": f"Backup {kept.path.name}: {marks}, {taken.seconds:.0f} s",
    }


def _constant(value: int) -> FaultError:
    if value == 0xFF:
        return faults.ERASED(
            what="Every byte of the flash is FF.",
            cause="The chip was erased before.",
            next="Nothing to back up. To bring it back, restore a backup of this very device.",
            state="Nothing was changed. What was read is not a backup.",
        )
    return faults.DEAD_FLASH(
        what=f"Every byte of the flash is {value:02X}.",
        cause="The flash memory does not answer: weak supply, loaded flash pins, or damage.",
        next=f"{SUPPLY_TEXT} Then try with P24 connected to GND during reset.",
        state="Nothing was changed. What was read is not a backup.",
    )
