"""Back up, then write an image to the first boot bank; or erase the settings; or put one back.

The order is fixed: questions, image, programmer, module, backup, plan, consent, point of no
return, unlock, write, verify, start.  A step that fails ends the job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.job import Reporter, Result
from core.link.api import OpenPort
from core.store import files
from core.store.backups import Backup
from core.store.store import Store
from core.telink.plan import Plan, flash_plan, restore_plan, wipe_plan
from core.telink.tasks.backup import backup_result, take_backup
from core.telink.tasks.session import GATE, ModuleOptions, Session, session
from core.telink.tasks.write import Steps, carry_out
from core.tlimage import image as images
from core.tlimage.image import Image

LARGEST_IMAGE = 1 << 20
FLASH_PHASES = 12
WIPE_PHASES = 11
RESTORE_PHASES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashOptions(ModuleOptions):
    """`image` is the file to write; `backup` an existing backup of this module, None: make one."""

    image: Path
    backup: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WipeOptions(ModuleOptions):
    """`backup` is an existing backup of this module, None: make one."""

    backup: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions(ModuleOptions):
    """`backup` is what to put back."""

    backup: Path


@dataclass(frozen=True, slots=True)
class _Secured:
    backup: Backup
    data: bytes
    fresh: bool


async def flash(
    report: Reporter, options: FlashOptions, *, ports: OpenPort, store: Store
) -> Result:
    """Write an image to the module.  Result: module, ranges, backup, `started`, `summary`.

    Raises TLIMG-*, what connecting, identifying and backing up raise, TL-* of the plan and of
    writing.
    """
    report.will_change()
    report.phase("Image", 1, FLASH_PHASES)
    data = await asyncio.to_thread(files.read, options.image, LARGEST_IMAGE)
    image: Image = await asyncio.to_thread(images.identify, data)
    report.facts("image", title=image.title, version=image.version, size=len(data))
    report.phase("Safety", 2, FLASH_PHASES)
    await report.confirm(GATE)
    old = await _load(store, options.backup)
    where = (3, FLASH_PHASES)
    async with session(
        report, options, ports, store, "Module: flash", where, content=old is not None
    ) as bench:
        secured = await _secure(bench, store, old, (5, FLASH_PHASES))

        def plan() -> Plan:
            return flash_plan(
                bench.module, secured.backup, secured.data, image, fresh=secured.fresh
            )

        agreed = await _agree(bench, plan, (7, FLASH_PHASES))
        return await carry_out(bench, agreed, store, Steps(8, FLASH_PHASES))


async def wipe(report: Reporter, options: WipeOptions, *, ports: OpenPort, store: Store) -> Result:
    """Erase configuration and pairing, 0x40000-0x75FFF, and nothing else."""
    report.will_change()
    report.phase("Safety", 1, WIPE_PHASES)
    await report.confirm(GATE)
    old = await _load(store, options.backup)
    where = (2, WIPE_PHASES)
    async with session(
        report, options, ports, store, "Module: wipe", where, content=old is not None
    ) as bench:
        secured = await _secure(bench, store, old, (4, WIPE_PHASES))

        def plan() -> Plan:
            return wipe_plan(bench.module, secured.backup, secured.data, fresh=secured.fresh)

        agreed = await _agree(bench, plan, (6, WIPE_PHASES))
        return await carry_out(bench, agreed, store, Steps(7, WIPE_PHASES))


async def restore(
    report: Reporter, options: RestoreOptions, *, ports: OpenPort, store: Store
) -> Result:
    """Put a backup of this very module back, all but MAC and calibration."""
    report.will_change()
    report.phase("Safety", 1, RESTORE_PHASES)
    await report.confirm(GATE)
    old = await _load(store, options.backup)
    assert old is not None
    backup, data = old
    where = (2, RESTORE_PHASES)
    async with session(report, options, ports, store, "Module: restore", where) as bench:

        def plan() -> Plan:
            return restore_plan(bench.module, backup, data)

        agreed = await _agree(bench, plan, (4, RESTORE_PHASES))
        return await carry_out(bench, agreed, store, Steps(5, RESTORE_PHASES))


async def _load(store: Store, path: Path | None) -> tuple[Backup, bytes] | None:
    """An existing backup, tested.  Raises STORE-NO-RECORD, STORE-CHANGED, STORE-UNREADABLE."""
    if path is None:
        return None
    backup = await asyncio.to_thread(store.backups.load, path)
    return backup, await asyncio.to_thread(backup.read)


async def _secure(
    bench: Session, store: Store, old: tuple[Backup, bytes] | None, steps: tuple[int, int]
) -> _Secured:
    """A true backup of the connected module: the one that was given, or a new one."""
    if old is not None:
        return _Secured(*old, fresh=False)
    taken = await take_backup(bench, store, steps)
    bench.report.facts("backup", **backup_result(taken))
    return _Secured(taken.backup, taken.data, fresh=True)


async def _agree(bench: Session, make: Callable[[], Plan], steps: tuple[int, int]) -> Plan:
    """The plan, shown and agreed to.  Raises every refusal of making it, and DECLINED."""
    bench.report.phase("Plan", *steps)
    plan = await asyncio.to_thread(make)
    bench.report.facts("plan", **plan.to_json())
    await bench.report.confirm(plan.question)
    return plan
