"""Job folders: running, interrupted and ended jobs as another process sees them."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import (
    Event,
    Failed,
    Finished,
    Note,
    Started,
)
from core.fault import FaultError, Touched
from core.store import jobs as jobs_module
from core.store.faults import FULL
from core.store.jobs import JobFolder, Jobs, lock_holder
from core.store.store import Store
from tests.virtual_clock import virtual

WHEN = datetime(2026, 11, 20, 14, 2, 33, tzinfo=UTC)


def jobs_at(home: Path, when: datetime = WHEN) -> Jobs:
    return Store(home, now=lambda: when).jobs


def started(folder: JobFolder) -> None:
    folder.journal.record(Event(folder.id, 0.0, Started("test", "A test")))


def ended(folder: JobFolder, touched: Touched | None = None) -> None:
    started(folder)
    if touched is None:
        body: Finished | Failed = Finished({"summary": "all well"})
    else:
        body = Failed(FULL(what="w", cause="c", next="n", touched=touched).fault)
    folder.journal.record(Event(folder.id, 1.0, body))
    folder.close()


HOLDER = """
import sys
from pathlib import Path
from core.events import Event, Started
from core.store.store import Store
folder = Store(Path(sys.argv[1])).jobs.create("plug-flash")
folder.journal.record(Event(folder.id, 0.0, Started("plug-flash", "Flash a plug")))
(folder.path / "target.bin").write_bytes(b"bytes")
import asyncio
asyncio.run(folder.journal.sync())
print(folder.id, flush=True)
sys.stdin.read()
folder.close()
"""


@contextmanager
def another_process(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, home], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().decode().strip()
        finally:
            process.kill()


def test_the_folder_of_a_job(tmp_path: Path) -> None:
    jobs = jobs_at(tmp_path)
    folder = jobs.create("plug-flash")
    assert folder.path == tmp_path / "jobs/20261120T140233Z-plug-flash-01"
    assert sorted(p.name for p in folder.path.iterdir()) == ["journal.jsonl", "lock"]
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.path.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert jobs.folder(folder.id) is folder
    started(folder)
    jobs.close(folder.id)
    assert [e["event"] for e in jobs.events(folder.id)] == ["started"]


@virtual
async def test_plan_and_target(tmp_path: Path) -> None:
    folder = jobs_at(tmp_path).create("plug-flash")
    await folder.write_plan({"chip": "bk7231n", "ranges": [[0, 4096]], "port": Path("/dev/x")})
    await folder.write_target(b"\x01" * 5000)
    assert json.loads((folder.path / "plan.json").read_bytes())["ranges"] == [[0, 4096]]
    assert (folder.path / "target.bin").read_bytes() == b"\x01" * 5000
    assert stat.S_IMODE((folder.path / "target.bin").stat().st_mode) == 0o600
    folder.drop_target()
    folder.drop_target()
    assert not (folder.path / "target.bin").exists()
    folder.close()


def test_a_running_job_is_seen_from_another_process_and_so_is_its_death(tmp_path: Path) -> None:
    with another_process(tmp_path) as (process, job_id):
        info = jobs_at(tmp_path).info(job_id)
        assert (info.state, info.pid, info.resumable) == ("running", process.pid, False)
        assert (info.kind, info.title) == ("plug-flash", "Flash a plug")
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        info = jobs_at(tmp_path).info(job_id)
        assert (info.state, info.pid, info.resumable) == ("interrupted", None, True)


def test_this_process_sees_its_own_jobs_as_running(tmp_path: Path) -> None:
    jobs = jobs_at(tmp_path)
    folder = jobs.create("test")
    assert jobs.info(folder.id).state == "running"
    folder.close()
    assert jobs.info(folder.id).state == "interrupted"


def test_how_jobs_ended(tmp_path: Path) -> None:
    jobs = jobs_at(tmp_path)
    ended(jobs.create("a"))
    ended(jobs.create("b"), Touched.PARTIAL)
    failed, done = jobs.all()
    assert (done.state, done.outcome) == ("done", "all well")
    assert (failed.state, failed.outcome) == ("failed", "STORE-FULL: w")


@pytest.mark.parametrize(
    ("touched", "resumable"),
    [
        (Touched.PARTIAL, True),
        (Touched.UNKNOWN, True),
        (Touched.NOTHING, False),  # there is nothing to go on with
        (None, False),
    ],
)
def test_what_can_be_resumed(tmp_path: Path, touched: Touched | None, resumable: bool) -> None:
    jobs = jobs_at(tmp_path)
    folder = jobs.create("test")
    (folder.path / "target.bin").write_bytes(b"x")
    ended(folder, touched)
    assert jobs.info(folder.id).resumable is resumable


def test_without_its_target_no_job_can_be_resumed(tmp_path: Path) -> None:
    jobs = jobs_at(tmp_path)
    folder = jobs.create("test")
    ended(folder, Touched.PARTIAL)
    assert not jobs.info(folder.id).resumable


def test_the_counter_gives_the_order_when_the_clock_does_not(tmp_path: Path) -> None:
    for year in (2026, 1970, 2000):
        jobs_at(tmp_path, datetime(year, 1, 1, tzinfo=UTC)).create("test").close()
    jobs_at(tmp_path).root.joinpath("notes.txt").write_text("not a job")
    assert [job.id[:4] for job in jobs_at(tmp_path).all()] == ["2000", "1970", "2026"]


def test_a_job_is_found_by_its_beginning_or_last_part(tmp_path: Path) -> None:
    jobs = jobs_at(tmp_path)
    first, second = jobs.create("plug-backup"), jobs.create("plug-flash")
    for asked in (second.id, "02", "20261120T140233Z-plug-f"):
        assert jobs.path_of(asked) == second.path
    for asked in ("", "2026", "7f", "../jobs", "/"):
        with pytest.raises(FaultError) as caught:
            jobs.path_of(asked)
        assert caught.value.fault.code == "STORE-NO-JOB"
    first.close()
    second.close()


def test_no_folder_yet_is_no_jobs(tmp_path: Path) -> None:
    assert jobs_at(tmp_path).all() == []
    assert not tmp_path.joinpath("jobs").exists()
    assert lock_holder(tmp_path / "lock") is None


def test_two_wattbenches_at_the_same_second(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    jobs = jobs_at(tmp_path)

    class Racing(type(jobs.root)):  # type: ignore[misc]
        """Lists the folder as it was before the other one made its own."""

        def iterdir(self) -> Iterator[Path]:
            return iter(())

    first = jobs.create("test")
    jobs.root = Racing(jobs.root)
    second = jobs.create("test")
    assert (first.id[-2:], second.id[-2:]) == ("01", "02")
    first.close()
    second.close()


def test_a_folder_that_cannot_be_completed_is_no_interrupted_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    jobs = jobs_at(tmp_path)
    monkeypatch.setattr(jobs_module, "Journal", full)
    with pytest.raises(FaultError) as caught:
        jobs.create("test")
    assert caught.value.fault.code == "STORE-FULL"
    assert jobs.all() == []


# -- journals as they may be found ------------------------------------------------------------


def journal_of(home: Path, content: bytes) -> tuple[Jobs, str]:
    jobs = jobs_at(home)
    folder = jobs.create("test")
    folder.close()
    (folder.path / "journal.jsonl").write_bytes(content)
    return jobs, folder.id


def test_a_line_cut_by_a_crash_is_left_out(tmp_path: Path) -> None:
    whole = b'{"event": "started", "t": 0, "kind": "k", "title": "T"}\n{"event": "note", "t": 1}\n'
    jobs, job_id = journal_of(tmp_path, whole + b'{"event": "result", "t": 2, "summ')
    assert [e["event"] for e in jobs.events(job_id)] == ["started", "note"]
    assert (jobs.info(job_id).state, jobs.info(job_id).title) == ("interrupted", "T")


def test_names_with_line_separators_do_not_lose_the_end(tmp_path: Path) -> None:
    jobs = jobs_at(tmp_path)
    folder = jobs.create("test")
    summary = "to a\u2028b\u0085c\x1dd"
    folder.journal.record(Event(folder.id, 0, Note("SSID", summary)))
    folder.journal.record(Event(folder.id, 1, Finished({"summary": summary})))
    folder.close()
    assert (jobs.info(folder.id).state, jobs.info(folder.id).outcome) == ("done", summary)
    assert jobs.events(folder.id)[0]["text"] == summary


def test_a_journal_that_is_gone_or_nested_is_an_interrupted_job(tmp_path: Path) -> None:
    jobs, job_id = journal_of(tmp_path, b"[" * 100_000 + b'\n{"event": 7}\n[]\n7\n')
    assert jobs.events(job_id) == []
    assert jobs.info(job_id).state == "interrupted"
    (jobs.path_of(job_id) / "journal.jsonl").unlink()
    assert jobs.info(job_id).state == "interrupted"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_bytes_are_a_journal(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, cut: int
) -> None:
    good = b'{"event": "started", "t": 0.0, "kind": "k"}\n{"event": "result", "t": 9}\n'
    jobs, job_id = journal_of(tmp_path_factory.mktemp("home"), good[:cut] + junk)
    assert all(isinstance(e["event"], str) for e in jobs.events(job_id))
    assert jobs.info(job_id).state in ("done", "failed", "interrupted")


FILLING = """
import asyncio, resource, signal, sys
from pathlib import Path
from core.job import Job, Recorder
from core.store import faults
from core.store.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(Path(sys.argv[1]))
folder = store.jobs.create("openbk-show")
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
async def task(report):
    for number in range(100):
        report.note("N", "x" * 100)
    if sys.argv[2] == "fails":
        raise faults.FULL(what="No room. " * 999, cause="c", next="n")
    return {"summary": "all is well", "text": "t" * 9999}
recorder = Recorder(folder.journal.record, folder.journal.sync, lambda text: None)
asyncio.run(Job(folder.id, "openbk-show", "Read", task, recorder=recorder).run())
store.jobs.close(folder.id)
"""


@pytest.mark.parametrize(
    ("how", "state", "outcome"),
    [("fails", "failed", "STORE-FULL: No room. "), ("ends", "done", "all is well")],
)
def test_an_end_that_the_full_disk_did_not_take_is_known(
    tmp_path: Path, how: str, state: str, outcome: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILLING, tmp_path, how], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    jobs = Store(tmp_path).jobs
    (info,) = jobs.all()
    assert info.state == state and info.outcome.startswith(outcome) and info.pid is None
    warning, end = jobs.events(info.id)[-2:]
    assert warning["text"].startswith("Its end could not be written into the journal: ")
    assert "File too large" in warning["text"] and "unwritten" not in end
    assert [e["event"] for e in jobs.events(info.id)].count("started") == 1
    journal = jobs.path_of(info.id) / "journal.jsonl"
    journal.write_bytes(b"")  # it may have been full from the beginning
    assert (jobs.info(info.id).kind, jobs.info(info.id).title) == ("openbk-show", "Read")
    assert jobs.info(info.id).state == state
    assert jobs.path_of(info.id).joinpath("lock").stat().st_size < 4096


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"event": "note"}', b"\xff"])
def test_what_stands_in_a_lock_is_not_believed(tmp_path: Path, line: bytes) -> None:
    jobs = Store(tmp_path).jobs
    folder = jobs.create("test")
    jobs.close(folder.id)
    folder.path.joinpath("lock").write_bytes(b"123\n" + line + b"\n")
    assert jobs.info(folder.id).state == "interrupted"
