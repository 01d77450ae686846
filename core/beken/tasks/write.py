"""The part of a flash job after consent: from the point of no return to the restart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.beken import faults
from core.beken.client import BASE_BAUD
from core.beken.identify import CHIP_ID
from core.beken.plan import Plan, prove
from core.beken.tasks.session import Session, connect
from core.beken.unprotect import unprotect
from core.beken.writer import Writer
from core.bkimage.flashmap import SECTOR
from core.fault import Fault, FaultError, Touched
from core.store.store import Store

PHASES = 10
SAFE = (
    "The plug is not lost: the chip's loader stays reachable over the wires, and the backup holds "
    "everything that was there."
)


async def carry_out(plug: Session, plan: Plan, store: Store, image: Path) -> None:
    """Write and prove `plan`, made of the file `image`.  Every fault says what the flash holds."""
    report = plug.report
    folder = store.jobs.folder(report.job_id)
    await folder.write_plan({**plan.to_json(), "port": plug.options.port})
    await folder.write_target(plan.target)
    report.phase("Unprotect", 8, PHASES)
    try:
        await plug.slow_down()
        await report.point_of_no_return()
    except BaseException:  # a target that stays behind says that there is something to resume
        folder.drop_target()
        raise
    writer = Writer(plug.client, plan, report, lambda: _relink(plug, plan))
    try:
        await _unprotect(plug, plan)
        await plug.speed_up()
        report.phase("Write", 9, PHASES)
        await writer.run()
        report.phase("Verify", 10, PHASES)
        await writer.verify()
    except FaultError as error:
        raise FaultError(_stated(error, writer, _again(plug, plan, image))) from error
    folder.drop_target()


async def _unprotect(plug: Session, plan: Plan) -> None:
    chip = plan.device.flash_chip
    if chip is not None and await unprotect(plug.client, plan.permit, chip):
        plug.report.note("UNPROTECTED", "The flash chip's protection bits are cleared.")


async def _relink(plug: Session, plan: Plan) -> None:
    """Link again, at 115200, and prove that nobody changed the plug on the table."""
    link = plug.client.link
    await link.set_baud(BASE_BAUD)
    await plug.report.waiting(connect(plug.report, plug.options, link))
    chip_id = await plug.client.read_reg(CHIP_ID)
    flash_id = await plug.client.get_mid()
    proof = await prove(plug.client, plan.proof)
    same = (
        chip_id == plan.device.chip_id
        and flash_id.hex() == plan.device.flash_id
        and proof.kept == plan.proof.kept
    )
    if not same:
        raise faults.FOREIGN(
            what="After linking again the chip is not the one that the plan was made for.",
            cause="Another plug was connected meanwhile, or a part that is kept was changed.",
            next="Connect the first plug again and start the job with its backup.",
        )
    await _unprotect(plug, plan)
    await plug.speed_up()


async def restart(plug: Session) -> None:
    """Let the new firmware start.  What was written is proven, so a lost wire is only a note."""
    try:
        await plug.client.reboot()
    except FaultError as error:
        plug.report.warn("RESTART", f"{error.fault.what} Restart the plug with the reset lead.")


def _again(plug: Session, plan: Plan, image: Path) -> tuple[str, ...]:
    """The command that writes the same thing again, with the backup that is already there."""
    words = ("wattbench", "plug", "flash", "--port", plug.options.port, "--image", str(image))
    return (*words, "--backup", str(plan.backup.path))


def _stated(error: FaultError, writer: Writer, again: tuple[str, ...]) -> Fault:
    """The fault with what the flash holds now, and how to go on."""
    if not writer.touched:
        state = "Nothing was erased or written; the firmware on the plug is as it was."
        return replace(error.fault, state=state, touched=Touched.NOTHING)
    begin, done, end = writer.plan.start, writer.done, writer.plan.end
    written = (done - begin) // SECTOR
    if done == end:
        state = f"0x{begin:X}-0x{end - 1:X} is written; the last check did not pass. {SAFE}"
        touched = Touched.UNKNOWN
    else:
        proven = f"0x{begin:X}-0x{done - 1:X} is written and proven; " if done > begin else ""
        state = f"{proven}the plug will not start until the rest is written. {SAFE}"
        touched = Touched.PARTIAL
    fault = replace(error.fault, state=state, touched=touched)
    if _chip_went_silent(fault) and written:
        fault = replace(
            fault,
            cause=f"The link was fine for {written} sectors and vanished when the flash drew "
            "current: a sagging supply is the usual cause.",
        )
    return replace(fault, command=fault.command or again)


def _chip_went_silent(fault: Fault) -> bool:
    return fault.code in (faults.LOST.code, faults.LINK_SILENT.code, faults.LINK_UNSTABLE.code)
