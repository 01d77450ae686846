"""Back up, then write an image; everything that can be refused is refused before the first erase.

The order is fixed: questions, image, link, identity, backup, plan, consent, point of no return,
unprotect, write, verify, restart.  A step that fails ends the job; nothing is erased or written
after it.  Source: rulings P1 to P16 and P21; BK7231 sheet 12.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.beken.config import read_sector
from core.beken.grounds import (
    Identity,
    identity_of,
    prove_identity,
    question_if_not_whole,
    require_layout,
)
from core.beken.identify import Device
from core.beken.plan import Plan, text_of
from core.beken.planning import make_plan
from core.beken.survey import Sectors
from core.beken.tasks.backup import backup_result, take_backup
from core.beken.tasks.gate import boot_check, safety
from core.beken.tasks.session import PlugOptions, Session, session
from core.beken.tasks.write import PHASES, carry_out, left_to_do, look_over, restart, takes_uart
from core.bkimage.flashmap import CHIPS
from core.bkimage.image import Image, identify, require_flashable
from core.events import Question
from core.job import Reporter, Result
from core.link.api import OpenPort
from core.store import files
from core.store.backups import Backup
from core.store.store import Store

LARGEST_IMAGE = 16 << 20

Describe = Callable[[bytes], list[str]]
"""What there is to say of a backup before the plan (rulings P21): its board in the first line,
the profile that fits in the last."""
Configure = Callable[[Device, bytes, bytes], Awaitable[bytes]]
"""(device, its backup, its configuration sector now) -> the sector to write as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashOptions(PlugOptions):
    """`image` is the file to write; `backup` an existing backup of this device, None: make one."""

    image: Path
    backup: Path | None = None


@dataclass(frozen=True, slots=True)
class Secured:
    """The backup that the write rests on, and what the chip says of itself."""

    backup: Backup
    data: bytes
    identity: Identity


async def flash(
    report: Reporter,
    options: FlashOptions,
    *,
    ports: OpenPort,
    store: Store,
    describe: Describe | None = None,
    configure: Configure | None = None,
) -> Result:
    """Write an image to the plug.  Result: device, backup, range, `booted` and `summary`.

    `booted` is `booted`, `did not boot` or `not checked`; only a person can say.  Raises what
    linking, identifying and backing up raise, IMG-*, BK-* of planning and writing.
    """
    report.will_change()
    began = asyncio.get_running_loop().time()
    report.phase("Image", 1, PHASES)
    image = await _image(options.image, options.chip)
    report.facts("image", title=image.title, product=image.product, version=image.version)
    report.phase("Safety", 2, PHASES)
    options = await safety(report, options)
    old = None if options.backup is None else await load(store, options.backup)
    config = None
    async with session(
        report,
        options,
        ports,
        f"Flash: {image.product}",
        (3, PHASES),
        key_needed=True,
        memory=store.settings,
    ) as plug:
        require_layout(plug.device)
        require_flashable(image, plug.device.chip)
        secured = await secure(plug, store, old)
        about = describe(secured.data) if describe else []
        for line in about:
            report.note("BACKUP", line)
        if configure is not None:
            before = await read_sector(plug.client, plug.device.chip)
            async with plug.awake():
                config = await configure(plug.device, secured.data, before)
        plan, now = await _agree(plug, image, secured, config, about)
        wrong = left_to_do(plan, now)
        if wrong:
            await carry_out(plug, plan, now, store)
        await restart(plug, plan)
    booted = await boot_check(report, wires_off=takes_uart(plan))
    spent = asyncio.get_running_loop().time() - began
    return result_of(plan, wrong, booted, spent)


async def _image(path: Path, chip: str) -> Image:
    """The image, checked as far as that goes without the chip.  Raises IMG-*, STORE-*."""
    data = await asyncio.to_thread(files.read, path, LARGEST_IMAGE)
    image = await asyncio.to_thread(identify, data)
    expected = chip.lower().removeprefix("bk7231")
    require_flashable(image, expected if expected in CHIPS else image.chip or "n")
    return image


async def load(store: Store, path: Path) -> tuple[Backup, bytes]:
    """An existing backup.  Raises STORE-NO-RECORD, STORE-CHANGED."""
    backup = await asyncio.to_thread(store.backups.load, path)
    return backup, await asyncio.to_thread(backup.read)


async def secure(plug: Session, store: Store, old: tuple[Backup, bytes] | None) -> Secured:
    """A backup of the linked plug, and the chip's checksums to hold against it."""
    await plug.speed_up()
    if old is None:
        taken = await take_backup(plug, store, (5, PHASES))
        plug.report.facts("backup", **backup_result(taken))
        old = taken.backup, taken.data
    backup, data = old
    likely = identity_of(data, plug.device.chip)
    return Secured(backup, data, await prove_identity(plug.client, plug.device.chip, likely))


async def _agree(
    plug: Session, image: Image, secured: Secured, config: bytes | None, about: list[str]
) -> tuple[Plan, Sectors]:
    """The plan, shown and agreed to, and what the chip holds now; `about` is said of the backup.

    Raises every refusal of `make_plan`, and DECLINED.
    """
    report = plug.report
    report.phase("Plan", 7, PHASES)
    question = question_if_not_whole(secured.backup)
    if question is not None:
        await plug.confirm(question)
    async with plug.awake():
        plan = await asyncio.to_thread(
            make_plan,
            plug.device,
            image,
            secured.backup,
            secured.data,
            secured.identity,
            confirmed=question is not None,
            config=config,
        )
    return plan, await agree_to(plug, plan, dict.fromkeys((*about[:1], *about[-1:])))


async def agree_to(plug: Session, plan: Plan, about: Iterable[str] = ()) -> Sectors:
    """Show the plan and ask, unless the chip holds all of it already; `about` are sentences on
    what is given up.  Raises DECLINED."""
    plug.report.facts("plan", **plan.to_json())
    now = await look_over(plug, plan)
    if not left_to_do(plan, now):
        plug.report.note("ALREADY-THERE", "The chip holds all of this already; nothing to write.")
        return now
    text = "\n".join((*plan.lines, *about, f"Backup: {plan.backup.path}", "Write this now?"))
    await plug.confirm(Question(key="write-plan", text=text))
    return now


def result_of(plan: Plan, wrong: int, booted: str, seconds: float) -> dict[str, Any]:
    """The flat result of a write; `wrong` sectors were not right before."""
    done = "written and proven" if wrong else "was there already, proven"
    verdict = {
        "booted": "written, proven, and it started" if wrong else f"{done}, and it started",
        "did not boot": f"{done}, but it did not start: check the 3.3 V supply first",
    }.get(booted, f"{done}; whether it starts was not checked")
    device = plan.device
    return {
        "chip": device.chip,
        "mac": device.mac,
        "flash_id": device.flash_id,
        "image": plan.title,
        "start": plan.start,
        "end": plan.end,
        "ranges": [text_of(span.start, span.end) for span in plan.spans],
        "sectors_written": wrong,
        "backup": str(plan.backup.path),
        "backup_sha256": plan.backup.sha256,
        "verified": True,
        "booted": booted,
        "seconds": round(seconds, 1),
        "summary": f"{plan.title}: {verdict}",
    }
