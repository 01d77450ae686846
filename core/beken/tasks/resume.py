"""Goes on with a job that was cut off: never from the start, always by the chip's own CRC.

A write needs only what lies in its job folder and the backup it rests on; the permission is made
again, after the device has proven again that it is the same one.  An interrupted backup goes on
where its blocks agree with the chip.  Source: rulings P13 to P15; the design, "On disk".
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.beken import faults
from core.beken.grounds import identity_of, prove_identity, question_if_not_whole, require_layout
from core.beken.plan import RF_NAME
from core.beken.planning import make_plan_again
from core.beken.tasks.backup import BackupOptions, backup
from core.beken.tasks.flash import agree_to, load, result_of
from core.beken.tasks.gate import boot_check, safety
from core.beken.tasks.session import PlugOptions, session
from core.beken.tasks.write import (
    PHASES,
    carry_out,
    drop_target,
    left_to_do,
    restart,
    runs_openbeken,
    takes_uart,
)
from core.beken.wiring import Lead
from core.bkimage.rf import mac_of, mac_text
from core.events import Question
from core.fault import FaultError
from core.job import Reporter, Result
from core.link.api import OpenPort
from core.store.files import read
from core.store.store import Store

JOBS = ("backup", "flash", "restore", "config")
CHIPS = ("bk7231n", "bk7231t", "bk7238")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOptions(PlugOptions):
    """`job` is the id of the job to go on with, or a unique part of it."""

    job: str


async def resume(
    report: Reporter, options: ResumeOptions, *, ports: OpenPort, store: Store
) -> Result:
    """Go on with a job.  Result: that of the job, and `resumes`, its id.

    Raises BK-RESUME when its folder has nothing to go on with, and what the job itself raises.
    """
    path = store.jobs.path_of(options.job)
    old = await asyncio.to_thread(read_plan, path)
    if old.get("job") == "backup":
        plain = {name: getattr(options, name) for name in PlugOptions.__slots__}
        found = await backup(report, BackupOptions(**plain), ports=ports, store=store)
        return {**found, "resumes": path.name}
    return {**await _write_on(report, options, path, old, ports, store), "resumes": path.name}


async def _write_on(
    report: Reporter,
    options: ResumeOptions,
    path: Path,
    old: dict[str, Any],
    ports: OpenPort,
    store: Store,
) -> Result:
    report.will_change()
    began = asyncio.get_running_loop().time()
    report.phase("Job", 1, PHASES)
    target = await asyncio.to_thread(_target, path)
    kept = Path(str(old.get("backup", "")))
    if kept.suffix != ".bin":
        raise _broken("its plan names no backup")
    base = await load(store, kept)
    if base[0].sha256 != old.get("backup_sha256"):
        raise _broken(f"{base[0].path.name} is not the backup that the job rests on")
    report.phase("Safety", 2, PHASES)
    options = await safety(report, options)
    holder = f"Resume: {old.get('image', '')}"
    async with session(
        report, options, ports, holder, (3, PHASES), key_needed=False, memory=store.settings
    ) as plug:
        require_layout(plug.device)
        await plug.speed_up()
        identity = await prove_identity(
            plug.client, plug.device.chip, identity_of(base[1], plug.device.chip)
        )
        report.phase("Plan", 7, PHASES)
        plan = make_plan_again(plug.device, old, target, base, identity)
        question = question_if_not_whole(base[0])
        if question is not None and not plan.writes_rf:
            await plug.confirm(question)
        if plan.writes_rf:
            await plug.confirm(rf_question(plan.spans[-1].data))
        now = await agree_to(plug, plan)
        wrong = left_to_do(plan, now)
        if wrong:
            await carry_out(plug, plan, now, store, resumes=path.name)
        else:
            drop_target(store, path.name)
        await restart(plug, plan)
    openbeken = await runs_openbeken(plan)
    booted = await boot_check(report, wires_off=takes_uart(plan), openbeken=openbeken)
    return result_of(plan, wrong, booted, asyncio.get_running_loop().time() - began)


def rf_question(sector: bytes) -> Question:
    """The MAC that the plug will have has to be typed (rulings P11)."""
    mac = mac_text(mac_of(sector) or bytes(6))
    return Question(
        key="rf-mac",
        text=f"{RF_NAME} will be written, with the MAC {mac}. No two devices may share one. "
        "Type this MAC to go on.",
        expect=mac,
        flag="--confirm",
    )


def read_plan(path: Path) -> dict[str, Any]:
    """The plan in a job folder.  Raises BK-RESUME."""
    try:
        values = json.loads(read(path / "plan.json", 1 << 20))
    except (FaultError, ValueError, RecursionError) as error:
        raise _broken("it has no readable plan") from error
    if not isinstance(values, dict) or values.get("job") not in JOBS:
        raise _broken("its plan is none of a plug job")
    if values.get("chip") not in CHIPS:
        raise _broken("its plan is none of a plug job")
    return values


def _target(path: Path) -> bytes:
    try:
        return read(path / "target.bin")
    except FaultError as error:
        raise _broken("it has no bytes left to write: it ended, or never began to write") from error


def _broken(why: str) -> FaultError:
    return faults.RESUME(
        what=f"The job cannot be resumed: {why}.",
        cause="It was finished, damaged, or changed by hand.",
        next="Start the job again; what is written already is not written twice.",
        command=("wattbench", "jobs", "list"),
    )


def options_from(path: Path, **changes: Any) -> dict[str, Any]:
    """How the job at `path` reached its plug, as options; `changes` that are not None win.

    Raises BK-RESUME.
    """
    old = read_plan(path)
    lead, adapter = str(old.get("lead", "gnd")), str(old.get("adapter", ""))
    found: dict[str, Any] = {
        # The name by the adapter's own number survives being plugged in elsewhere.
        "port": adapter if adapter and Path(adapter).exists() else str(old.get("port", "")),
        "baud": old["baud"] if isinstance(old.get("baud"), int) else 0,
        "lead": Lead.named(lead) if lead.upper() in Lead.__members__ else Lead.GND,
        "supply": str(old.get("supply", "")),
    }
    return {**found, **{name: value for name, value in changes.items() if value is not None}}


def resumable(store: Store) -> list[str]:
    """The ids of plug jobs that can be gone on with, newest first."""
    found = []
    for job in store.jobs.all():
        if job.state not in ("interrupted", "failed"):
            continue
        with contextlib.suppress(FaultError):  # no plan, or that of another device
            backup = read_plan(store.jobs.path_of(job.id))["job"] == "backup"
            if backup or job.resumable:
                found.append(job.id)
    return found
