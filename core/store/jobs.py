"""Job folders: what a job did and what it needs to go on, one folder a job.

`jobs/20261120T140233Z-plug-flash-3f/` holds `journal.jsonl` (every event), `plan.json` and
`target.bin` once a write is planned, and `lock`, which is held while the job runs: locked is
alive, unlocked without an end is interrupted.  Where the disk was too full for the end of the
journal, the end stands in `lock`, whose place on the disk was taken when the job began.  The last
part of the name is a counter in hex that gives the order where the clock cannot.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from typing import Any

from core.fault import FaultError, Touched
from core.store import faults
from core.store.clock import Now, stamp
from core.store.files import Files, disk, disk_fault, read, sync_folder
from core.store.journal import Journal

ENDS = ("result", "fault")
END_KEYS = ("event", "t", "kind", "title", "summary", "exit",
            "code", "what", "cause", "next", "state", "touched", "unwritten")  # fmt: skip
ROOM = 3000
"""Bytes of an end in `lock`: with the process id less than one block of any file system."""


@dataclass(frozen=True, slots=True)
class JobInfo:
    """One line of the list of jobs.  `state` is running, done, failed or interrupted."""

    id: str
    kind: str
    title: str
    state: str
    outcome: str
    resumable: bool
    pid: int | None


class JobFolder:
    """The folder of a job that is running in this process."""

    def __init__(self, path: Path, files: Files, lock: BufferedRandom, journal: Journal) -> None:
        self.path, self.id = path, path.name
        self.journal = journal
        self._files, self._lock = files, lock

    async def write_plan(self, plan: dict[str, Any]) -> None:
        """Keep what will be written and where; no secrets go in here."""
        text = json.dumps(plan, indent=1, ensure_ascii=False, default=str)
        await asyncio.to_thread(self._files.write, self.path / "plan.json", text.encode())

    async def write_target(self, data: bytes) -> None:
        """Keep the exact bytes to be written; complete and synced before the first erase."""
        await asyncio.to_thread(self._files.write, self.path / "target.bin", data)

    def drop_target(self) -> None:
        """Remove the bytes after the last verify."""
        with disk(self.path):
            (self.path / "target.bin").unlink(missing_ok=True)
            sync_folder(self.path)

    def close(self) -> None:
        """Finish the journal, then let go of the lock."""
        self.journal.close()
        with contextlib.suppress(OSError):
            if self.journal.unwritten is not None:
                self._lock.write(_short(self.journal.unwritten))
                self._lock.flush()
        with contextlib.suppress(OSError):  # closing writes what is left
            self._lock.close()


class Jobs:
    """All job folders of a store."""

    def __init__(self, root: Path, files: Files, now: Now) -> None:
        self.root, self._files, self._now = root, files, now
        self._open: dict[str, JobFolder] = {}

    def create(self, kind: str) -> JobFolder:
        """A new, locked folder for a job of this kind.  Raises STORE-DENIED, STORE-FULL."""
        path = self._new_folder(kind)
        try:
            with disk(path):
                self._files.own(path)
                lock, journal = self._lock_and_journal(path)
        except FaultError:
            shutil.rmtree(path, ignore_errors=True)  # a job that never was is not interrupted
            raise
        folder = JobFolder(path, self._files, lock, journal)
        self._open[folder.id] = folder
        return folder

    def _new_folder(self, kind: str) -> Path:
        self._files.folder(self.root)
        with disk(self.root):
            counter = max((_counter(p.name) for p in self.root.iterdir()), default=0)
            while True:
                counter += 1
                path = self.root / f"{stamp(self._now())}-{kind}-{counter:02x}"
                with contextlib.suppress(FileExistsError):  # another wattbench was faster
                    path.mkdir(mode=0o700)
                    return path

    def _lock_and_journal(self, path: Path) -> tuple[BufferedRandom, Journal]:
        lock = self._files.create(path / "lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)  # who looks at the lock holds it for a moment
            lock.write(f"{os.getpid()}\n".encode())
            lock.flush()
            journal = Journal(path / "journal.jsonl", self._files)
            sync_folder(path)
            sync_folder(self.root)
            return lock, journal
        except (OSError, FaultError):
            with contextlib.suppress(OSError):  # closing writes what is left
                lock.close()
            raise

    def folder(self, job_id: str) -> JobFolder:
        """The folder of a job that runs in this process."""
        return self._open[job_id]

    def close(self, job_id: str) -> None:
        """Close the folder of an ended job."""
        self._open.pop(job_id).close()

    def all(self) -> list[JobInfo]:
        """Every job, newest first."""
        if not self.root.is_dir():
            return []
        names = sorted((p.name for p in self.root.iterdir() if p.is_dir()), key=_counter)
        return [self.info(name) for name in reversed(names)]

    def path_of(self, job_id: str) -> Path:
        """Where a job lives; a unique beginning or ending of its id is enough."""
        names = [p.name for p in self.root.iterdir()] if self.root.is_dir() else []
        found = [n for n in names if n == job_id] or [
            n for n in names if job_id and (n.startswith(job_id) or n.endswith(f"-{job_id}"))
        ]
        if len(found) != 1:
            raise faults.NO_JOB(
                what=f"No single job is called {job_id!r}.",
                cause="The id is misspelt or too short." if found else "It never existed here.",
                next="Look it up in the list of jobs.",
                command=("wattbench", "jobs", "list"),
            )
        return self.root / found[0]

    def info(self, job_id: str) -> JobInfo:
        """What is known of one job.  Raises STORE-NO-JOB."""
        path = self.path_of(job_id)
        events = self.events(path.name)
        started: dict[str, Any] = next((e for e in events if e["event"] == "started"), {})
        end = next((e for e in reversed(events) if e["event"] in ENDS), None)
        pid = None if end else lock_holder(path / "lock")
        touched = end is None or end.get("touched") != Touched.NOTHING
        if end is None:
            state, outcome = ("running", "") if pid is not None else ("interrupted", "")
        elif end["event"] == "result":
            state, outcome = "done", str(end.get("summary", ""))
        else:
            state, outcome = "failed", f"{end.get('code')}: {end.get('what')}"
        return JobInfo(
            path.name,
            str(started.get("kind", "")),
            str(started.get("title", "")),
            state,
            outcome,
            (path / "target.bin").is_file() and state in ("interrupted", "failed") and touched,
            pid,
        )

    def events(self, job_id: str) -> list[dict[str, Any]]:
        """Every event of the journal; a line cut by a crash is left out."""
        path = self.path_of(job_id) / "journal.jsonl"
        found = []
        try:
            lines = read(path).split(b"\n")  # str.splitlines would also cut inside of names
        except FaultError:
            return []
        for line in lines:
            try:
                event = json.loads(line.decode("utf-8", "replace"))
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict) and isinstance(event.get("event"), str):
                found.append(event)
        if any(event["event"] in ENDS for event in found):
            return found
        began = any(event["event"] == "started" for event in found)
        return found + _end_in(path.with_name("lock"))[1 if began else 0 :]


def lock_holder(path: Path) -> int | None:
    """The process that holds the lock, or None when nobody does."""
    try:
        with path.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = lock.read(16).partition(b"\n")[0].strip()
                return int(text) if text.isdigit() else 0
    except FileNotFoundError:
        return None
    except OSError as error:
        raise disk_fault(error, path) from error
    return None


def _short(end: dict[str, Any]) -> bytes:
    """One line of an end that fits into the block of the disk that `lock` has already."""
    for size in (400, 200, 100, 30):
        known = {k: v[:size] if isinstance(v, str) else v for k, v in end.items() if k in END_KEYS}
        line = json.dumps(known, default=str).encode()
        if len(line) <= ROOM:
            break
    return line + b"\n"


def _end_in(lock: Path) -> list[dict[str, Any]]:
    """The end of a job whose journal could not take it: its beginning, which may not be there
    either, a sentence that says so, and the end."""
    try:
        end = json.loads(read(lock, 1 << 16).split(b"\n")[1])
    except (FaultError, ValueError, IndexError, RecursionError):
        return []
    if not isinstance(end, dict) or end.get("event") not in ENDS:
        return []
    text = f"Its end could not be written into the journal: {end.pop('unwritten', '')}"
    began = {name: end.pop(name, "") for name in ("kind", "title")}
    said = {"event": "warning", "t": end.get("t"), "code": "JOURNAL", "text": text}
    return [{"event": "started", "t": 0.0, **began}, said, end]


def _counter(name: str) -> int:
    try:
        return int(name.rpartition("-")[2], 16)
    except ValueError:
        return 0
