"""Goes on with a job that was interrupted after its first erase.

The bytes and the plan come from the job's folder; that it is the same module is proven anew, and
every sector is asked before it is written, so what is done is not done again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.events import Question
from core.fault import FaultError
from core.job import Reporter, Result
from core.link.api import OpenPort
from core.store.files import read
from core.store.store import Store
from core.telink import faults
from core.telink.plan import resume_plan
from core.telink.tasks.session import GATE, ModuleOptions, session
from core.telink.tasks.write import Steps, carry_out

PHASES = 10
KIND = "module-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeOptions(ModuleOptions):
    """`job` is the id of the interrupted job, empty for the newest one on a module."""

    job: str = ""


async def resume(
    report: Reporter, options: ResumeOptions, *, ports: OpenPort, store: Store
) -> Result:
    """Finish an interrupted job.  Raises TL-NO-RESUME, TL-FOREIGN and what writing raises."""
    report.will_change()
    report.phase("Look up", 1, PHASES)
    folder, found, target = await asyncio.to_thread(_interrupted, store, options.job)
    report.note("RESUME", f"Going on with {folder.name}: {found.get('title')}.")
    report.phase("Safety", 2, PHASES)
    await report.confirm(GATE)
    async with session(report, options, ports, store, "Module: resume", (3, PHASES)) as bench:
        report.phase("Plan", 5, PHASES)
        plan = await asyncio.to_thread(resume_plan, bench.module, found, target)
        report.facts("plan", **plan.to_json())
        text = "\n".join((*plan.lines, f"Backup: {plan.backup}", "Go on with this?"))
        await report.confirm(Question("write-plan", text))
        result = await carry_out(bench, plan, store, Steps(6, PHASES))
    await asyncio.to_thread(_settle, store, str(found["target_sha256"]))
    return {**result, "resumed": folder.name}


def port_of(store: Store, job: str) -> str:
    """The port through which a job reached its module.  Raises TL-NO-RESUME, STORE-NO-JOB."""
    folder = store.jobs.path_of(job)
    port = _plan_of(folder).get("port")
    if not isinstance(port, str):
        raise _nothing(folder.name)
    return port


def _interrupted(store: Store, job: str) -> tuple[Path, dict[str, Any], bytes]:
    """Folder, plan and bytes of the job to go on with."""
    name = store.jobs.path_of(job).name if job else ""
    for info in store.jobs.all():
        if info.resumable and info.kind.startswith(KIND) and name in ("", info.id):
            folder = store.jobs.path_of(info.id)
            return folder, _plan_of(folder), read(folder / "target.bin")
    raise _nothing(name)


def _plan_of(folder: Path) -> dict[str, Any]:
    """The plan that a job has kept."""
    try:
        found = json.loads(read(folder / "plan.json", 1 << 20))
    except (ValueError, RecursionError, FaultError) as error:
        raise _nothing(folder.name) from error
    if not isinstance(found, dict):
        raise _nothing(folder.name)
    return found


def _nothing(name: str) -> FaultError:
    return faults.NO_RESUME(
        what=f"The job {name} cannot go on." if name else "No job on a module can go on.",
        cause="It ended, changed nothing, or its folder is damaged.",
        next="Look at the list of jobs; or start a new one.",
        command=("wattbench", "jobs", "list"),
    )


def _settle(store: Store, target_sha256: str) -> None:
    """No job that wanted to write the same has anything left to go on with."""
    for info in store.jobs.all():
        if info.resumable and info.kind.startswith(KIND):
            folder = store.jobs.path_of(info.id)
            with contextlib.suppress(FaultError):
                if _plan_of(folder).get("target_sha256") == target_sha256:
                    (folder / "target.bin").unlink(missing_ok=True)
