"""Carries out a plan, from the journal's copy to the start of the firmware."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

from core.fault import Fault, FaultError, Touched
from core.job import Result
from core.store.files import read
from core.store.store import Store
from core.telink import faults, wire
from core.telink.client import Client
from core.telink.conversation import PROBE
from core.telink.identify import read_twice
from core.telink.plan import FLASH, WIPE, Plan, text_of
from core.telink.tasks.session import Session
from core.telink.wire import Verdict
from core.telink.wiring import SWS_TEXT
from core.telink.writer import Writer
from core.tlimage.flashmap import KIB, untouchable

AFTER_START = 0.3
"""Seconds after which the meter firmware has taken SWS for itself."""
SAFE = (
    "The module is not lost: RST and SWS always reach it, and the backup holds everything that "
    "was there."
)
GO_ON = ("wattbench", "module", "resume", "--port")


@dataclass(frozen=True, slots=True)
class Steps:
    """Where the phases of writing stand: index of "Unlock", and how many phases there are."""

    index: int
    of: int


async def carry_out(bench: Session, plan: Plan, store: Store, steps: Steps) -> Result:
    """Write and prove `plan`, then start the module.  Every fault says what the flash holds."""
    report = bench.report
    folder = store.jobs.folder(report.job_id)
    await folder.write_plan({**plan.to_json(), "port": bench.options.port})
    await folder.write_target(plan.target)
    go_on = (*GO_ON, bench.options.port)
    report.phase("Unlock", steps.index, steps.of)
    try:
        await report.point_of_no_return(_half_done(plan), go_on)
    except BaseException:  # a target that stays behind says that there is something to resume
        folder.drop_target()
        raise
    writer = Writer(bench.client, plan, report, lambda: _recover(bench, writer))
    try:
        if await writer.unlock():
            report.note("UNLOCKED", "The protection bits of the flash are cleared.")
        await writer.run((steps.index + 1, steps.of))
        report.phase("Compare", steps.index + 3, steps.of)
        await _identity_kept(bench, plan)
    except FaultError as error:
        bench.leave_stopped = writer.touched
        if not writer.touched:
            folder.drop_target()
        raise FaultError(_stated(error, writer, go_on)) from error
    except BaseException:
        bench.leave_stopped = writer.touched
        raise
    folder.drop_target()
    report.facts("device", **plan.outcome.facts())
    report.phase("Start", steps.index + 4, steps.of)
    started = await _started(bench)
    report.note("SWS", SWS_TEXT)
    return _result(plan, writer.retries + bench.client.retries, started)


def _result(plan: Plan, retries: int, started: str) -> Result:
    """The flat result: module, ranges, backup, `started`, `summary`."""
    return {
        "mac": plan.module.mac,
        "flash_id": plan.module.flash_id,
        "written": plan.title,
        "ranges": [text_of(a, b) for a, b in plan.ranges],
        "backup": plan.backup,
        "backup_sha256": plan.backup_sha256,
        "verified": True,
        "retries": retries,
        "started": started,
        "summary": f"{_done(plan)}; {_STARTED[started]}",
    }


_STARTED = {
    "running": "the firmware has started. Look for it in the Scan pane (3)",
    "not seen": "that it started was not seen: restart the module, look in the Scan pane (3)",
}


def _done(plan: Plan) -> str:
    if plan.kind == WIPE:
        return "Configuration and pairing are erased, proven by checksum"
    return f"{plan.title}: written and proven"


async def _recover(bench: Session, writer: Writer) -> None:
    await bench.recover()
    if writer.unlocked:  # a module that lost its supply may have its protection back
        await writer.unlock()


async def _identity_kept(bench: Session, plan: Plan) -> None:
    """Compare what is never touched with what it was before, byte for byte."""
    for region in untouchable(plan.module.size):
        before = await asyncio.to_thread(_before, plan, region.start, region.end)
        if before is None or await _reads(bench.client, region.start, before):
            continue
        if await read_twice(bench.client, region.start, region.end) != before:
            raise faults.IDENTITY_CHANGED(
                what=f"{region.name} at {region.start:#x} is not what the backup holds.",
                cause="Read noise, or a fault of the flash; this program never writes there.",
                next="Read again with `module backup`; keep the old backup.",
                evidence=bench.client.evidence,
            )


async def _reads(client: Client, start: int, wanted: bytes) -> bool:
    """Whether one read of every byte gives `wanted`."""
    for at in range(0, len(wanted), KIB):
        if await client.read(start + at, KIB) != wanted[at : at + KIB]:
            return False
    return True


def _before(plan: Plan, start: int, end: int) -> bytes | None:
    """What the backup holds there; what was read at the beginning where the file is gone."""
    with contextlib.suppress(FaultError):
        return read(Path(plan.backup))[start:end]
    identity = untouchable(plan.module.size)[0]
    return plan.module.identity if (start, end) == (identity.start, identity.end) else None


async def _started(bench: Session) -> str:
    """Restart the module.  The meter firmware takes the SWS pad for itself: silence there right
    after a reset, where a stopped chip would answer, is the sign that it runs."""
    client, report = bench.client, bench.report
    try:
        await client.start()
        await asyncio.sleep(AFTER_START)
        verdict, _ = await client.exchange(wire.peek(wire.CHIP_ID_AT, 3), PROBE)
    except FaultError as error:
        report.warn("START", f"{error.fault.what} Restart the module by hand.")
        return "not seen"
    return "running" if verdict is Verdict.NO_TARGET else "not seen"


def _half_done(plan: Plan) -> str:
    if plan.kind == FLASH:
        return f"Part of {plan.title} is written; it does not boot until the rest is. {SAFE}"
    return f"Part of it is written ({plan.title}). {SAFE}"


def _stated(error: FaultError, writer: Writer, go_on: tuple[str, ...]) -> Fault:
    """The fault with what the flash holds now, and how to go on."""
    if not writer.touched:
        unlocked = " Its write protection is off." if writer.unlocked else ""
        state = f"Nothing was erased or written; the module is as it was.{unlocked}"
        return replace(error.fault, state=state, touched=Touched.NOTHING)
    done, of = len(writer.proven), len(writer.plan.sectors)
    if done == of:
        state = f"All {of} sectors are written; the last look did not pass. {SAFE}"
        touched = Touched.UNKNOWN
    else:
        state = f"{done} of {of} sectors are written and proven. {_boots(writer)} {SAFE}"
        touched = Touched.PARTIAL
    return replace(error.fault, state=state, touched=touched, command=error.fault.command or go_on)


def _boots(writer: Writer) -> str:
    """What the hardware does when it is switched on now."""
    plan = writer.plan
    if plan.kind == WIPE:
        return "The firmware is untouched."
    if 0 in writer.proven:
        return "The first boot bank is complete."
    if plan.module.banks[1].boots:
        return f"The second boot bank still starts: {plan.module.banks[1].text}."
    return "No half firmware can start: the boot mark comes last."
