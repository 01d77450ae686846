"""The host: two loops, jobs that outlive what looks at them, answers at the right moment."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from core.events import (
    Asked,
    Event,
    Failed,
    Finished,
    Question,
    Started,
)
from core.fault import FaultError
from core.job import Reporter, Result
from core.store.jobs import lock_holder
from core.store.store import Store
from tui.host import Host, Options
from tui.work import Tools, Work

Task = Callable[[Reporter, Tools], Awaitable[Result]]
GATE = Question("gate", "Go on?")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    found = Host(Options(home=str(tmp_path)))
    yield found
    found.people = False
    for job in found.running():
        found.cancel(job.id)
    found.join()


def work(task: Task) -> Work:
    return Work("toy", "A toy", task)


def journal(host: Host, job_id: str) -> list[dict[str, object]]:
    return host.store.jobs.events(job_id)


async def ask_gate(report: Reporter, tools: Tools) -> Result:
    return {"answer": await report.ask(GATE)}


def test_core_goes_on_while_the_main_thread_blocks(host: Host) -> None:
    read_end, write_end = os.pipe()
    core: list[int] = []

    async def task(report: Reporter, tools: Tools) -> Result:
        core.append(threading.get_ident())
        for number in range(50):
            report.note("TICK", str(number))
            await asyncio.sleep(0.001)
        os.write(write_end, b"done")
        return {"summary": "done"}

    job_id = host.start(work(task))
    assert os.read(read_end, 10) == b"done"  # blocks this thread; only core can end it
    host.join()
    assert core != [threading.get_ident()]
    assert sum(e["event"] == "note" for e in journal(host, job_id)) == 50
    os.close(read_end)
    os.close(write_end)


def test_join_comes_back_after_the_last_job_and_its_journal(host: Host) -> None:
    async def task(report: Reporter, tools: Tools) -> Result:
        await asyncio.sleep(0.02 * len(report.job_id[-1:]))
        return {"summary": "done"}

    ids = [host.start(work(task)) for _ in range(3)]
    host.join()
    for job_id in ids:
        folder = host.store.jobs.path_of(job_id)
        lines = (folder / "journal.jsonl").read_bytes().splitlines()
        assert json.loads(lines[-1])["event"] == "result"
        assert lock_holder(folder / "lock") is None
        assert isinstance(host.outcome(job_id), Finished)
    assert host.running() == []
    assert "core" not in {thread.name for thread in threading.enumerate()}


def test_after_join_another_job_can_start(host: Host) -> None:
    async def task(report: Reporter, tools: Tools) -> Result:
        return {"summary": "done"}

    first = host.start(work(task))
    host.join()
    second = host.start(work(task))
    host.join()
    host.join()
    assert first != second and isinstance(host.outcome(second), Finished)


def test_a_sink_hears_everything_until_it_leaves(host: Host) -> None:
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()

    async def task(report: Reporter, tools: Tools) -> Result:
        return {"summary": "done"}

    host.subscribe(heard.put)
    host.start(work(task))
    host.join()
    assert [heard.get().body.event for _ in range(2)] == ["started", "result"]
    host.unsubscribe(heard.put)
    host.unsubscribe(heard.put)
    host.start(work(task))
    host.join()
    assert heard.empty()


def test_a_screen_that_fails_is_dropped(host: Host, tmp_path: Path) -> None:
    def screen(event: Event) -> None:
        raise OSError(5, "Input/output error")

    async def task(report: Reporter, tools: Tools) -> Result:
        return {"summary": "done"}

    host.subscribe(screen)
    job_id = host.start(work(task))
    host.join()
    assert isinstance(host.outcome(job_id), Finished)
    host.unsubscribe(screen)
    assert "Input/output error" in (tmp_path / "log/wattbench.log").read_text()


def test_a_mistake_is_in_the_log(host: Host, tmp_path: Path) -> None:
    async def task(report: Reporter, tools: Tools) -> Result:
        asyncio.get_running_loop().call_soon(lambda: [].pop())  # outside of any task
        await asyncio.sleep(0.01)
        raise KeyError("name \udcff")

    job_id = host.start(work(task))
    host.join()
    outcome = host.outcome(job_id)
    assert isinstance(outcome, Failed) and outcome.fault.code == "INTERNAL"
    log = tmp_path / "log/wattbench.log"
    assert "KeyError" in log.read_text() and "IndexError" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_is_not_a_second_fault(host: Host, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"")

    async def task(report: Reporter, tools: Tools) -> Result:
        raise KeyError

    job_id = host.start(work(task))
    host.join()
    assert isinstance(host.outcome(job_id), Failed)


def test_no_folder_no_job(tmp_path: Path) -> None:
    (tmp_path / "jobs").write_bytes(b"")
    host = Host(Options(home=str(tmp_path)))
    with pytest.raises(FaultError) as caught:
        host.start(work(ask_gate))
    assert caught.value.fault.code == "STORE-UNREADABLE"
    host.join()


def test_cancel(host: Host) -> None:
    async def task(report: Reporter, tools: Tools) -> Result:
        await asyncio.sleep(60)
        return {}

    job_id = host.start(work(task))
    host.cancel(job_id)
    host.join()
    outcome = host.outcome(job_id)
    assert isinstance(outcome, Failed) and outcome.fault.code == "CANCELLED"
    host.cancel(job_id)  # a late key press: core has ended
    assert "core" not in {thread.name for thread in threading.enumerate()}


# -- questions --------------------------------------------------------------------------------


def asked(host: Host) -> queue.SimpleQueue[str]:
    """The jobs that ask, as they do."""
    found: queue.SimpleQueue[str] = queue.SimpleQueue()
    host.subscribe(lambda e: found.put(e.job) if isinstance(e.body, Asked) else None)
    return found


def test_an_answer_at_the_very_moment_of_the_question(host: Host) -> None:
    host.people = True

    def at_once(event: Event) -> None:
        if isinstance(event.body, Asked):
            host.answer(event.job, "gate", "yes")

    host.subscribe(at_once)
    job_id = host.start(work(ask_gate))
    host.join()
    assert host.outcome(job_id) == Finished({"answer": "yes"})


def test_an_answer_given_twice_does_not_answer_the_next_question(host: Host) -> None:
    host.people = True
    questions = asked(host)

    async def twice(report: Reporter, tools: Tools) -> Result:
        first = await report.ask(GATE)
        await asyncio.sleep(0.01)
        return {"first": first, "second": await report.ask(GATE)}

    job_id = host.start(work(twice))
    questions.get(timeout=10)
    host.answer(job_id, "gate", "yes")
    host.answer(job_id, "gate", "yes")
    host.answer(job_id, "other", "yes")
    questions.get(timeout=10)
    host.answer(job_id, "gate", "no")
    host.join()
    assert host.outcome(job_id) == Finished({"first": "yes", "second": "no"})


def test_answers_reach_the_job_that_asked(host: Host) -> None:
    host.people = True
    questions = asked(host)
    first, second = host.start(work(ask_gate)), host.start(work(ask_gate))
    assert {questions.get(timeout=10), questions.get(timeout=10)} == {first, second}
    host.answer(second, "gate", "no")
    host.answer(first, "gate", "yes")
    host.join()
    assert host.outcome(first) == Finished({"answer": "yes"})
    assert host.outcome(second) == Finished({"answer": "no"})


def test_an_answer_after_the_stop_changes_nothing(host: Host) -> None:
    host.people = True
    questions = asked(host)
    job_id = host.start(work(ask_gate))
    questions.get(timeout=10)
    host.cancel(job_id)
    host.answer(job_id, "gate", "yes")
    host.join()
    outcome = host.outcome(job_id)
    assert isinstance(outcome, Failed) and outcome.fault.code == "CANCELLED"
    host.answer(job_id, "gate", "yes")


@pytest.mark.parametrize(
    ("unattended", "end"),
    [("later", Finished({"answer": "later"})), ("", "STOPPED")],
)
def test_a_screen_that_closes_leaves_no_question_open(
    host: Host, unattended: str, end: Finished | str
) -> None:
    host.people = True
    questions = asked(host)

    async def task(report: Reporter, tools: Tools) -> Result:
        await report.point_of_no_return()
        return {"answer": await report.ask(Question("gate", "Go on?", unattended=unattended))}

    job_id = host.start(work(task))
    questions.get(timeout=10)
    host.people = False  # `q`, then "keep going"
    host.join()
    outcome = host.outcome(job_id)
    assert outcome == end or (isinstance(outcome, Failed) and outcome.fault.code == end)


def test_flags_answer_before_people(tmp_path: Path) -> None:
    host = Host(Options(home=str(tmp_path), yes=True, confirm="A4:C1"))
    host.people = True

    async def task(report: Reporter, tools: Tools) -> Result:
        supply = Question("supply", "Supply?", assumed="external")
        typed = Question("mac", "Which?", expect="A4:C1")
        return {"a": await report.ask(supply), "b": await report.ask(typed)}

    job_id = host.start(work(task))
    host.join()
    assert host.outcome(job_id) == Finished({"a": "external", "b": "A4:C1"})
    by = [e["by"] for e in journal(host, job_id) if e["event"] == "answer"]
    assert by == ["--yes", "--confirm"]


async def test_a_port_that_another_wattbench_holds_names_its_job(tmp_path: Path) -> None:
    """The lock of a job folder tells its pid; the pid of the port's holder leads to its title."""
    store = Store(tmp_path)
    folder = store.jobs.create("plug-backup")
    folder.journal.record(Event(folder.id, 0.0, Started("plug-backup", "Back up: the red one")))
    await folder.journal.sync()
    assert Tools(Store(tmp_path), None).job_of(os.getpid()) == f"Back up: the red one ({folder.id})"
    assert Tools(Store(tmp_path), None).job_of(1) is None
    store.jobs.close(folder.id)
    assert Tools(Store(tmp_path), None).job_of(os.getpid()) is None
