"""A job's journal: one JSON line an event, written by a thread of its own.

The loop never waits for the disk but at `sync`.  Each phase is synced when it begins, so that
the one before it is safe.  Progress is kept once a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.events import Event, Failed, Finished, Phase, Private, Progress, Started
from core.fault import FaultError
from core.job import HIDDEN
from core.store.files import Files, disk, disk_fault

_Item = tuple[str, object]


def without_private(value: Any) -> Any:
    """The same with every `Private` text left out, however deep it stands."""
    if isinstance(value, Private):
        return HIDDEN
    if isinstance(value, Mapping):
        return {
            HIDDEN if isinstance(key, Private) else key: without_private(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [without_private(item) for item in value]
    return value


class Journal:
    """Appends events to `path` until closed."""

    def __init__(self, path: Path, files: Files) -> None:
        self.path = path
        with disk(path):
            self._file = files.create(path)
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._last_progress = -1.0
        self._fault: FaultError | None = None
        self._began: dict[str, Any] = {}
        self._end: dict[str, Any] | None = None
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    def record(self, event: Event) -> None:
        """Note one event; never blocks and never fails (see `sync`)."""
        if isinstance(event.body, Progress):
            if event.t - self._last_progress < 1.0:
                return
            self._last_progress = event.t
        known = without_private(event.to_json())
        if isinstance(event.body, Started):
            self._began = {"kind": event.body.kind, "title": event.body.title}
        elif isinstance(event.body, Finished | Failed):
            self._end = known
        line = json.dumps(known, ensure_ascii=False, default=str, skipkeys=True)
        self._queue.put(("line", line))
        if isinstance(event.body, Phase):
            self._queue.put(("sync", None))

    async def sync(self) -> None:
        """Returns when all events so far are safe on disk.  Raises STORE-FULL and kin."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def tell() -> None:
            if not done.done():
                done.set_result(None)

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(tell)

        self._queue.put(("sync", wake))
        await done
        if self._fault is not None:
            raise self._fault

    def close(self) -> None:
        """Write what is left and end the thread."""
        if self._thread.is_alive():
            self._queue.put(("close", None))
            self._thread.join()

    @property
    def unwritten(self) -> dict[str, Any] | None:
        """After `close`: the job's end where the disk did not take all of the journal, with its
        `kind` and `title`, and why as `unwritten`; None where it did."""
        if self._fault is None or self._end is None:
            return None
        return {**self._end, **self._began, "unwritten": self._fault.fault.what}

    def _write(self) -> None:
        while True:
            kind, value = self._queue.get()
            try:
                if kind == "line":
                    # half of a surrogate pair comes from file names that are not UTF-8
                    self._file.write(f"{value}\n".encode(errors="replace"))
                else:
                    self._file.flush()
                    os.fsync(self._file.fileno())
            except OSError as error:
                self._fault = disk_fault(error, self.path)
            if callable(value):
                value()
            if kind == "close":
                break
        try:
            self._file.close()
        except OSError as error:
            self._fault = disk_fault(error, self.path)
