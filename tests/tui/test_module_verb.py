"""`wattbench module`: its words become the options of the tasks."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.events import Finished
from core.fault import FaultError
from core.store.store import Store
from tests.core.telink.bench import Bench, bench, fault_of, result_of
from tests.virtual_clock import virtual
from tui.verbs import module as verb
from tui.verbs.jobs import resume_work
from tui.work import Work

WORDS = {
    "info": (),
    "backup": ("--out", "o.bin"),
    "flash": ("--image", "i.bin", "--backup", "b.bin"),
    "restore": ("--backup", "b.bin"),
    "resume": ("--job", "3f"),
    "wipe": (),
    "selftest": (),
}


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    verb.add(parser)
    return parser.parse_args(words)


def works(*words: str) -> list[Work]:
    found: list[Work] = []
    verb.run(parsed(*words), SimpleNamespace(run=lambda work: found.append(work) or 0))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("action", WORDS)
def test_every_action_is_a_job_of_its_kind(action: str) -> None:
    (work,) = works(action, "--port", "P", *WORDS[action])
    assert work.kind == f"module-{action}"
    assert work.title == f"Module {action}: " + ("i.bin" if action == "flash" else "P")


@pytest.mark.parametrize(("text", "baud"), [("auto", 0), ("1000000", 1000000)])
def test_the_speed_is_a_number_or_auto(text: str, baud: int) -> None:
    assert parsed("info", "--port", "P", "--baud", text).baud == baud
    assert parsed("info", "--port", "P").baud == 0


@pytest.mark.parametrize(
    "words", [(), ("flash", "--port", "P"), ("restore", "--port", "P"), ("info",),
              ("info", "--port", "P", "--baud", "fast")],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_a_usage_error(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        parsed(*words)
    assert caught.value.code == 2


async def run_work(table: Bench, work: Work) -> Any:
    tools = SimpleNamespace(store=table.store, open_port=open_for(table))
    return await table.run_as(work.kind, lambda report: work.task(report, tools))  # type: ignore[arg-type]


def open_for(table: Bench) -> Any:
    async def open_port(port: str, baud: int, holder: str, tape: Path | None = None) -> Any:
        return await table.open_port(port, baud, holder)

    return open_port


@virtual
async def test_each_action_reaches_its_task(tmp_path: Path) -> None:
    table = bench(tmp_path, keep_sws=True)
    out = tmp_path / "copy.bin"
    image = str(table.image)
    result_of(await run_work(table, works("selftest", "--port", "P")[0]))
    result_of(await run_work(table, works("info", "--port", "P")[0]))
    taken = result_of(await run_work(table, works("backup", "--port", "P", "--out", str(out))[0]))
    (work,) = works("flash", "--port", "P", "--image", image, "--backup", taken["file"])
    result_of(await run_work(table, work))
    assert table.right
    result_of(await run_work(table, works("wipe", "--port", "P")[0]))
    result_of(await run_work(table, works("restore", "--port", "P", "--backup", taken["file"])[0]))
    assert bytes(table.module.flash) == table.before
    fault = fault_of(await run_work(table, works("resume", "--port", "P")[0]))
    assert fault.code == "TL-NO-RESUME"


@virtual
async def test_jobs_resume_goes_on_through_the_port_of_the_job(tmp_path: Path) -> None:
    table = bench(tmp_path, "vanish:write:20")
    fault_of(await table.job("flash"))
    store = Store(table.store.home)
    job = next(info.id for info in store.jobs.all() if info.resumable)
    work = resume_work(store, job)
    assert work.kind == "module-resume"
    healthy = bench(tmp_path, flash=bytes(table.module.flash))
    assert isinstance(await run_work(healthy, work), Finished)
    assert bytes(healthy.module.flash[: 5 * 4096]) == table.image.read_bytes().ljust(
        5 * 4096, b"\xff"
    )
    with pytest.raises(FaultError, match="STORE-NO-JOB"):
        resume_work(store, "nonsense")
