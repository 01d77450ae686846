"""Back up, then write an image; everything that can be refused is refused before the first erase.

The order is fixed: questions, image, link, identity, backup, plan, consent, point of no return,
unprotect, write, verify, restart.  A step that fails ends the job; nothing is erased or written
after it.  Source: rulings P1 to P16; BK7231 sheet 12.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.beken.plan import Plan, Proof, make_plan, proof_of, prove, question_if_not_whole
from core.beken.tasks.backup import backup_result, take_backup
from core.beken.tasks.session import (
    ADAPTER,
    EXTERNAL,
    PlugOptions,
    Session,
    session,
)
from core.beken.tasks.write import PHASES, carry_out, restart
from core.beken.wiring import BOOT_TEXT, GATE_TEXT, SUPPLY_TEXT
from core.bkimage import flashmap
from core.bkimage.image import Image, identify, require_flashable
from core.events import Choice, Question
from core.fault import FaultError
from core.faults import STOPPED, UNANSWERED
from core.job import Reporter, Result
from core.link.api import OpenPort
from core.store import files
from core.store.backups import Backup
from core.store.store import Store

NOT_CHECKED = "not checked"
LARGEST_IMAGE = 16 << 20

GATE = Question(key="mains-gate", text=GATE_TEXT)
SUPPLY = Question(
    key="supply",
    text="What feeds the module with 3.3 V?",
    choices=(
        Choice(EXTERNAL, "bench supply, regulator board, or development board with EN on GND"),
        Choice(ADAPTER, "the adapter's own 3.3 V pin"),
    ),
    flag="--supply",
)
BOOT_CHECK = Question(
    key="boot-check",
    text=BOOT_TEXT,
    choices=(
        Choice("booted", "yes, its access point is there"),
        Choice("did not boot", "no, nothing appears"),
        Choice(NOT_CHECKED, "I do not check it now"),
    ),
    assumed=NOT_CHECKED,
    unattended=NOT_CHECKED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashOptions(PlugOptions):
    """`image` is the file to write; `backup` an existing backup of this device, None: make one."""

    image: Path
    backup: Path | None = None


@dataclass(frozen=True, slots=True)
class _Secured:
    """The backup that the write rests on, and what the chip says of itself."""

    backup: Backup
    data: bytes
    proof: Proof


async def flash(
    report: Reporter, options: FlashOptions, *, ports: OpenPort, store: Store
) -> Result:
    """Write an image to the plug.  Result: device, backup, range, `booted` and `summary`.

    `booted` is `booted`, `did not boot` or `not checked`; only a person can say.  Raises what
    linking, identifying and backing up raise, IMG-*, BK-* of `core.beken.plan` and writing.
    """
    began = asyncio.get_running_loop().time()
    report.phase("Image", 1, PHASES)
    image = await _image(options.image)
    report.facts("image", title=image.title, product=image.product, version=image.version)
    report.phase("Safety", 2, PHASES)
    await report.confirm(GATE)
    supply = options.supply or await report.ask(SUPPLY)
    options = replace(options, supply=supply)
    if supply == ADAPTER:
        report.warn("SUPPLY", SUPPLY_TEXT)
    old = None if options.backup is None else await _load(store, options.backup)
    async with session(
        report, options, ports, f"Flash: {image.product}", (3, PHASES), key_needed=True
    ) as plug:
        secured = await _secure(plug, store, old)
        plan = await _agree(plug, image, secured)
        await carry_out(plug, plan, store, options.image)
        await restart(plug)
    booted = await _boot_check(report)
    spent = asyncio.get_running_loop().time() - began
    return _result(plan, booted, spent)


async def _image(path: Path) -> Image:
    """The image, checked as far as that goes without the chip.  Raises IMG-*, STORE-*."""
    data = await asyncio.to_thread(files.read, path, LARGEST_IMAGE)
    image = await asyncio.to_thread(identify, data)
    require_flashable(image, flashmap.N.chip)
    return image


async def _load(store: Store, path: Path) -> tuple[Backup, bytes]:
    """An existing backup.  Raises STORE-NO-RECORD, STORE-CHANGED."""
    backup = await asyncio.to_thread(store.backups.load, path)
    return backup, await asyncio.to_thread(backup.read)


async def _secure(plug: Session, store: Store, old: tuple[Backup, bytes] | None) -> _Secured:
    """A backup of the linked plug, and the chip's checksums to hold against it."""
    await plug.speed_up()
    if old is None:
        taken = await take_backup(plug, store, (5, PHASES))
        plug.report.facts("backup", **backup_result(taken))
        old = taken.backup, taken.data
    backup, data = old
    return _Secured(backup, data, await prove(plug.client, proof_of(data)))


async def _agree(plug: Session, image: Image, secured: _Secured) -> Plan:
    """The plan, shown and agreed to.  Raises every refusal of `make_plan`, and DECLINED."""
    report = plug.report
    report.phase("Plan", 7, PHASES)
    question = question_if_not_whole(secured.backup)
    if question is not None:
        await report.confirm(question)
    plan = await asyncio.to_thread(
        make_plan,
        plug.device,
        image,
        secured.backup,
        secured.data,
        secured.proof,
        confirmed=question is not None,
    )
    report.facts("plan", **plan.to_json())
    text = "\n".join((*plan.lines, f"Backup: {plan.backup.path}", "Write this now?"))
    await report.confirm(Question(key="write-plan", text=text))
    return plan


async def _boot_check(report: Reporter) -> str:
    """What a person saw; with nobody there it stays unchecked, and the write stays done."""
    report.note("BOOT-CHECK", BOOT_TEXT)
    try:
        return await report.ask(BOOT_CHECK)
    except FaultError as error:
        if error.fault.code not in (UNANSWERED.code, STOPPED.code):
            raise
        return NOT_CHECKED


def _result(plan: Plan, booted: str, seconds: float) -> dict[str, Any]:
    verdict = {
        "booted": "written, proven, and it started",
        "did not boot": "written and proven, but it did not start: check the 3.3 V supply first",
    }.get(booted, "written and proven; whether it starts was not checked")
    device = plan.device
    return {
        "chip": device.chip,
        "mac": device.mac,
        "flash_id": device.flash_id,
        "image": plan.title,
        "start": plan.start,
        "end": plan.end,
        "backup": str(plan.backup.path),
        "backup_sha256": plan.backup.sha256,
        "verified": True,
        "booted": booted,
        "seconds": round(seconds, 1),
        "summary": f"{plan.title}: {verdict}",
    }
