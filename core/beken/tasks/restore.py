"""Writes a backup back: everything but the bootloader; the RF sector under rules of its own.

A backup belongs to one device.  The plug's own RF block is kept; where it is missing, the block
of the backup may be written after the wanted MAC was typed.  Only what differs is written.
Source: rulings P10, P11, P15 and P19.
"""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from pathlib import Path

from core.beken import faults
from core.beken.grounds import (
    differences,
    foreign,
    identity_of,
    prove_identity,
    question_if_not_whole,
    require_layout,
)
from core.beken.plan import Plan
from core.beken.planning import make_restore_plan
from core.beken.survey import Sectors
from core.beken.tasks.backup import backup_result, take_backup
from core.beken.tasks.flash import Secured, agree_to, load, result_of
from core.beken.tasks.gate import boot_check, safety
from core.beken.tasks.resume import rf_question
from core.beken.tasks.session import PlugOptions, Session, session
from core.beken.tasks.write import (
    PHASES,
    carry_out,
    left_to_do,
    restart,
    runs_openbeken,
    takes_uart,
)
from core.bkimage import rf
from core.bkimage.flashmap import ChipMap
from core.fault import FaultError
from core.job import Reporter, Result
from core.link.api import OpenPort
from core.store.backups import Backup
from core.store.store import Store

OWN_BACKUP = "Take a backup of this very plug: `wattbench backup list` shows whose each one is."


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions(PlugOptions):
    """`backup` is the file to write back; `rf_only` writes its RF sector and nothing else; `mac`
    is the MAC that a missing RF block gets, empty for that of the backup."""

    backup: Path
    rf_only: bool = False
    mac: str = ""


async def restore(
    report: Reporter, options: RestoreOptions, *, ports: OpenPort, store: Store
) -> Result:
    """Bring a plug back to a backup.  Result: as that of flashing.

    Raises what linking, identifying and backing up raise, BK-FOREIGN for a backup of another
    device, BK-RF-OWN, BK-NO-RF, and what writing raises.
    """
    report.will_change()
    began = asyncio.get_running_loop().time()
    report.phase("Backup", 1, PHASES)
    source = await load(store, options.backup)
    report.phase("Safety", 2, PHASES)
    options = await safety(report, options)
    async with session(
        report, options, ports, "Restore", (3, PHASES), memory=store.settings
    ) as plug:
        layout = require_layout(plug.device)
        await plug.speed_up()
        base = await _base(plug, store, source)
        sector = _rf_sector(plug, options, layout, source, base)
        plan, now = await _agree(plug, options, source, base, sector)
        wrong = left_to_do(plan, now)
        if wrong:
            await carry_out(plug, plan, now, store)
        await restart(plug, plan)
    openbeken = await runs_openbeken(plan)
    booted = await boot_check(report, wires_off=takes_uart(plan), openbeken=openbeken)
    return result_of(plan, wrong, booted, asyncio.get_running_loop().time() - began)


async def _base(plug: Session, store: Store, source: tuple[Backup, bytes]) -> Secured:
    """A true backup of the device as it is: the one to restore, where it is of this device, else
    a new one."""
    backup, data = source
    likely = identity_of(data, plug.device.chip)
    identity = await prove_identity(plug.client, plug.device.chip, likely)
    if not differences(plug.device, backup, data, identity):
        return Secured(backup, data, identity)
    if identity.bootloader != likely.bootloader:
        raise foreign(backup, plug.device, ["bootloader"], OWN_BACKUP)
    if plug.device.mac and backup.facts.mac != plug.device.mac:
        raise foreign(backup, plug.device, ["MAC"], OWN_BACKUP)
    plug.report.note("NEW-BACKUP", "The plug is not as in the backup; what it is now is kept too.")
    taken = await take_backup(plug, store, (5, PHASES))
    plug.report.facts("backup", **backup_result(taken))
    return Secured(taken.backup, taken.data, identity)


def _rf_sector(
    plug: Session,
    options: RestoreOptions,
    layout: ChipMap,
    source: tuple[Backup, bytes],
    base: Secured,
) -> bytes | None:
    """The RF sector to write, or None to leave it alone (rulings P10, P11)."""
    sector = source[1][layout.rf.start : layout.rf.end]
    own = rf.mac_of(base.data[layout.rf.start : layout.rf.end])
    wanted = _wanted_mac(options.mac)
    if identity_of(source[1], plug.device.chip).rf == base.identity.rf:
        return sector if options.rf_only else None
    if own is not None:
        if not options.rf_only:
            plug.report.warn("RF-KEPT", "The RF sector differs from the backup and stays as it is.")
            return None
        if rf.mac_of(sector) != own:
            raise _own(rf.mac_text(own))
        return sector
    if rf.mac_of(sector) is None:
        if not options.rf_only:
            return None
        raise faults.NO_RF(
            what=f"{source[0].path.name} has no RF block with a MAC.",
            cause="It was lost before that backup was made.",
            next="Take an older backup of this plug.",
        )
    return rf.with_mac(sector, wanted) if wanted else sector


def _wanted_mac(text: str) -> bytes:
    """Six bytes out of a MAC in any notation; none for no text.  Raises BK-NO-RF."""
    try:
        mac = bytes.fromhex("".join(c for c in text if c not in ":-. "))
    except ValueError:
        mac = b"?"
    if mac and (len(mac) != 6 or mac == bytes(6) or mac[0] & 1):
        raise faults.NO_RF(
            what="The wanted MAC is not the MAC of a device.",
            cause="A MAC has twelve hex digits, and the first byte is even.",
            next="Take the MAC from the label of the module or from the router.",
        )
    return mac


def _own(mac: str) -> FaultError:
    return faults.RF_OWN(
        what=f"The plug has an RF block of its own, with the MAC {mac}.",
        cause="The backup is of another plug.",
        next="Take a backup of this very plug.",
    )


async def _agree(
    plug: Session,
    options: RestoreOptions,
    source: tuple[Backup, bytes],
    base: Secured,
    sector: bytes | None,
) -> tuple[Plan, Sectors]:
    """The plan, shown and agreed to, and what the chip holds now.  Raises DECLINED."""
    plug.report.phase("Plan", 7, PHASES)
    question = question_if_not_whole(source[0]) or question_if_not_whole(base.backup)
    if sector is not None and zlib.crc32(sector) != base.identity.rf:
        question = rf_question(sector)
    if question is not None:
        await plug.confirm(question)
    plan = await asyncio.to_thread(
        make_restore_plan,
        plug.device,
        source,
        (base.backup, base.data),
        base.identity,
        rf=sector,
        rf_only=options.rf_only,
        confirmed=question is not None,
    )
    return plan, await agree_to(plug, plan)
