"""The part of a job after consent: from the point of no return to the last check."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from core.beken import faults
from core.beken.client import BASE_BAUD
from core.beken.config import serial_pins
from core.beken.grounds import agreed_crc, prove_identity
from core.beken.identify import CHIP_ID
from core.beken.plan import Plan
from core.beken.survey import Sectors, differing, survey
from core.beken.tasks.session import Session, connect, options_of
from core.beken.unprotect import unprotect
from core.beken.verify import Kept, prove_kept, verify
from core.beken.writer import Writer
from core.bkimage.flashmap import SECTOR, chip_map
from core.bkimage.image import identify
from core.fault import Fault, FaultError, Touched
from core.store.store import Store

PHASES = 10
SAFE = (
    "The plug is not lost: the chip's loader stays reachable over the wires, and the backup holds "
    "everything that was there."
)
HALF_DONE = "Part of the flash is written; the plug will not start until the rest is."


async def look_over(plug: Session, plan: Plan) -> Sectors:
    """What the chip holds now where the plan writes; says how much of it is different."""
    now = await survey(plug.client, plan.spans, plan.before)
    wrong = left_to_do(plan, now)
    total = sum(len(span.data) for span in plan.spans) // SECTOR
    plug.report.note("DIFFERENT", f"{wrong} of {total} sectors differ from what is to be written.")
    return now


def left_to_do(plan: Plan, now: Sectors) -> int:
    """How many sectors do not hold their target."""
    return sum(len(differing(span, now)) for span in plan.spans)


async def carry_out(
    plug: Session, plan: Plan, now: Sectors, store: Store, resumes: str = ""
) -> Writer:
    """Write and prove `plan` on a flash that holds `now`; `resumes` is the job it goes on with.

    Every fault says what the flash holds and how to go on.
    """
    report = plug.report
    folder = store.jobs.folder(report.job_id)
    values = {**plan.to_json(), **options_of(plug), "resumes": resumes}
    again = ("wattbench", "jobs", "resume", report.job_id)
    kept = await prove_kept(plug.client, plan)
    async with plug.awake():
        await folder.write_plan(values)
        await folder.write_target(plan.target)
    report.phase("Unprotect", 8, PHASES)
    try:
        await report.point_of_no_return(half_done=f"{HALF_DONE} {SAFE}", go_on=again)
    except BaseException:  # a target that stays behind says that there is something to resume
        folder.drop_target()
        raise
    drop_target(store, resumes)
    writer = Writer(plug.client, plan, now, report, lambda: _relink(plug, plan, kept), plug.speed)
    try:
        await _ready(plug, plan, writer)
        report.phase("Write", 9, PHASES)
        await writer.run()
        report.phase("Verify", 10, PHASES)
        await verify(writer, kept)
    except FaultError as error:
        raise FaultError(_stated(error, writer, again)) from error
    folder.drop_target()
    return writer


def drop_target(store: Store, job_id: str) -> None:
    """A job that another one goes on with has nothing left to resume."""
    if job_id:
        (store.jobs.path_of(job_id) / "target.bin").unlink(missing_ok=True)


async def _ready(plug: Session, plan: Plan, writer: Writer) -> None:
    """Unprotected and fast.  A chip that gets lost by a damaged request for another speed is
    linked again, as often as while writing."""
    try:
        await _unprotect(plug, plan)
        await plug.speed_up()
    except FaultError as error:
        await writer.mend(error, slow=False)


async def _unprotect(plug: Session, plan: Plan) -> None:
    """Registers are written at 115200 only; where no bit is set nothing has to be written."""
    chip = plan.device.flash_chip
    if chip is None or not plan.device.protected:
        return
    await plug.slow_down()
    if await unprotect(plug.client, plan.permit, chip):
        plug.report.note("UNPROTECTED", "The flash chip's protection bits are cleared.")


async def _relink(plug: Session, plan: Plan, kept: Kept) -> None:
    """Link again, at 115200, and prove that nobody changed the plug on the table."""
    link = plug.client.link
    await link.set_baud(BASE_BAUD)
    await plug.report.waiting(connect(plug.report, plug.options, link))
    if not await _same(plug, plan, kept):
        raise faults.FOREIGN(
            what="After linking again the chip is not the one that the plan was made for.",
            cause="Another plug was connected meanwhile, or a part that is kept was changed.",
            next="Connect the first plug again and resume the job.",
        )
    await _unprotect(plug, replace(plan, device=replace(plan.device, protected=True)))
    await plug.speed_up()


async def _same(plug: Session, plan: Plan, kept: Kept) -> bool:
    device, client = plan.device, plug.client
    if device.basic != (await client.probe_reg(CHIP_ID) is None):
        return False
    if not device.basic and (await client.get_mid()).hex() != device.flash_id:
        return False
    if not plan.writes_rf:
        found = await prove_identity(client, device.chip, plan.identity)
        if found != plan.identity:
            return False
    for region, crc in kept:
        if await agreed_crc(client, region.start, region.end, crc) != crc:
            return False
    return True


def takes_uart(plan: Plan) -> bool:
    """True when the configuration on the plug makes pins of RX1 or TX1 at the next start
    (rulings P5): then it must not start while the wires are on."""
    region = chip_map(plan.device.chip).config
    return bool(serial_pins(plan.after(region.start, region.end)))


async def runs_openbeken(plan: Plan) -> bool:
    """Whether what the flash holds in the end is OpenBeken."""
    flash = bytearray(plan.before)
    for span in plan.spans:
        flash[span.start : span.end] = span.data
    return (await asyncio.to_thread(identify, bytes(flash))).product == "OpenBeken"


async def restart(plug: Session, plan: Plan) -> None:
    """Let the new firmware start, unless the wires have to come off before.  What was written is
    proven, so a lost wire is only a note."""
    if takes_uart(plan):
        return
    try:
        await plug.client.reboot()
    except FaultError as error:
        plug.report.warn("RESTART", f"{error.fault.what} Restart the plug with the reset lead.")


def _stated(error: FaultError, writer: Writer, again: tuple[str, ...]) -> Fault:
    """The fault with what the flash holds now, and how to go on."""
    if not writer.touched:
        state = "Nothing was erased or written; the firmware on the plug is as it was."
        return replace(error.fault, state=state, touched=Touched.NOTHING)
    begin, done, end = writer.plan.spans[0].start, writer.done, writer.plan.spans[-1].end
    if done == end:
        state = f"0x{begin:X}-0x{end - 1:X} is written; the last check did not pass. {SAFE}"
        touched = Touched.UNKNOWN
    else:
        proven = f"0x{begin:X}-0x{done - 1:X} is written and proven; " if done > begin else ""
        count = f"{writer.proven} of {writer.total} sectors are right; "
        state = f"{proven}{count}the plug will not start until the rest is written. {SAFE}"
        touched = Touched.PARTIAL
    fault = replace(error.fault, state=state, touched=touched)
    if _chip_went_silent(fault) and writer.wrote:
        fault = replace(
            fault,
            cause=f"The link was fine for {writer.wrote} sectors and vanished when the flash drew "
            "current: a sagging supply is the usual cause.",
        )
    return replace(fault, command=fault.command or again)


def _chip_went_silent(fault: Fault) -> bool:
    return fault.code in (faults.LOST.code, faults.LINK_SILENT.code, faults.LINK_UNSTABLE.code)
