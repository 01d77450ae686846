"""The journal: every event a line, progress once a second, safe on disk when `sync` returns."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.events import (
    Body,
    Event,
    Facts,
    Finished,
    Note,
    Phase,
    Private,
    Progress,
)
from core.job import HIDDEN
from core.store import journal as journal_module
from core.store.files import Files
from core.store.journal import Journal


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def at(t: float, body: Body) -> Event:
    return Event("j-1", t, body)


async def test_what_was_recorded_is_in_the_file_after_sync(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", Files())
    for number in range(3):
        journal.record(at(number, Note("N", f"line {number}")))
    await journal.sync()
    assert [e["text"] for e in lines_of(journal.path)] == ["line 0", "line 1", "line 2"]
    journal.close()
    journal.close()


async def test_what_is_private_is_not_written_however_deep_it_stands(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", Files())
    values = {"a": Private("hunter2"), "b": [{"c": (Private("x hunter2"), "plain")}], "d": None}
    event = at(0, Facts("device", values))
    journal.record(event)
    journal.record(at(1, Finished({"text": Private("hunter2")})))
    await journal.sync()
    journal.close()
    assert b"hunter2" not in journal.path.read_bytes()
    first, last = lines_of(journal.path)
    assert first["values"] == {"a": HIDDEN, "b": [{"c": [HIDDEN, "plain"]}], "d": None}
    assert last["text"] == HIDDEN
    assert "hunter2" in json.dumps(event.to_json())  # who listens gets it


async def test_sync_returns_only_after_fsync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        real(handle)
        order.append(f"fsync of {len(lines_of(tmp_path / 'journal.jsonl'))}")

    journal = Journal(tmp_path / "journal.jsonl", Files())
    monkeypatch.setattr(journal_module.os, "fsync", fsync)
    journal.record(at(0, Note("N", "one")))
    await journal.sync()
    order.append("back")
    journal.close()
    assert order == ["fsync of 1", "back", "fsync of 1"]


async def test_a_phase_is_synced_without_being_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = asyncio.Event()
    loop = asyncio.get_running_loop()
    real = os.fsync

    def fsync(handle: int) -> None:
        real(handle)
        loop.call_soon_threadsafe(synced.set)

    journal = Journal(tmp_path / "journal.jsonl", Files())
    monkeypatch.setattr(journal_module.os, "fsync", fsync)
    journal.record(at(0, Phase("Erase", 1, 2)))
    await asyncio.wait_for(synced.wait(), 10)
    assert [e["event"] for e in lines_of(journal.path)] == ["phase"]
    journal.close()


def test_progress_at_most_once_a_second(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", Files())
    for tenth in range(35):
        journal.record(at(tenth / 10, Progress("Read", tenth, 100, "bytes")))
        journal.record(at(tenth / 10, Note("N", "every one of these")))
    journal.close()
    events = lines_of(journal.path)
    assert [e["done"] for e in events if e["event"] == "progress"] == [0, 10, 20, 30]
    assert sum(e["event"] == "note" for e in events) == 35


HOSTILE = [
    "plain",
    "two\nlines",
    "separator\u2028next\u0085line\x0bor\x0cpage",
    "half \udcff of a pair \ud800",
    "\x1b]0;title\x07\x9b2J\u202e",
    "\U0001f980",
]


async def test_hostile_names_neither_break_a_line_nor_the_writer(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", Files())
    for name in HOSTILE:
        journal.record(at(0, Note("N", name)))
    journal.record(at(1, Facts("device", {"raw": b"\xff", "path": tmp_path, (1, 2): "odd key"})))
    journal.record(at(2, Finished({"summary": "still here"})))
    await asyncio.wait_for(journal.sync(), 10)
    journal.close()
    events = lines_of(journal.path)
    assert len(events) == len(HOSTILE) + 2
    assert [e["text"] for e in events[:3]] == HOSTILE[:3]
    assert events[-1]["summary"] == "still here"


FULL = """
import asyncio, resource, signal, sys
from pathlib import Path
from core.fault import FaultError
from core.job import Job, Recorder
from core.store.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Store(Path(sys.argv[1])).jobs.create("test")
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
async def task(report):
    for number in range(100):
        report.note("N", "x" * 100)
    await report.point_of_no_return()
    print("wrote")
    return {}
recorder = Recorder(folder.journal.record, folder.journal.sync, lambda text: None)
job = Job(folder.id, "test", "A test", task, recorder=recorder)
outcome = asyncio.run(job.run())
folder.close()
print(outcome.fault.code, outcome.fault.touched, job.committed)
"""


def test_a_journal_on_a_full_disk_refuses_the_first_write(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("STORE-FULL nothing False", "")
