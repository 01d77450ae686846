"""The log file of the data folder: tracebacks, and what libraries say."""

from __future__ import annotations

import contextlib
import os

from core.fault import FaultError
from core.store.clock import iso
from core.store.store import Store


def append_log(store: Store, text: str) -> None:
    """Append to the log file; a disk that does not take it is not worth a second fault."""
    path = store.log_folder / "wattbench.log"
    with contextlib.suppress(OSError, FaultError):
        store.files.folder(path.parent)
        if path.exists() and path.stat().st_size > 1 << 20:
            path.replace(path.with_suffix(".log.1"))
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            store.files.own(path)
            file.write(f"{iso(store.now())} {text.rstrip()}\n")
