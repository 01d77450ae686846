"""Files that are complete or absent: written aside, synced, then renamed.  Private by default."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path

from core.fault import FaultError
from core.store import faults

PRIVATE = 0o600
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


def disk_fault(error: OSError, path: Path) -> FaultError:
    """The fault that a failed file operation means."""
    what = f"{path}: {error.strerror or error}."
    if error.errno in _FULL:
        return faults.FULL(
            what=what, cause="No space is left for the file.", next="Free some space, then repeat."
        )
    if error.errno in _DENIED:
        return faults.DENIED(
            what=what,
            cause="The folder is read-only or belongs to another user.",
            next="Choose another folder with --home, or change its owner.",
            command=("wattbench", "info"),
        )
    if error.errno in (errno.ENOENT, errno.EISDIR, errno.ENOTDIR):
        return faults.UNREADABLE(
            what=what, cause="The path does not lead to a file.", next="Check the path."
        )
    return faults.IO(
        what=what, cause="The disk or card has a fault.", next="Copy the data to another disk."
    )


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Turns OSError inside the block into the store's FaultError."""
    try:
        yield
    except OSError as error:
        raise disk_fault(error, path) from error


def sync_folder(path: Path) -> None:
    """Make renames and new names in this folder survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class Files:
    """How this store makes files; `owner` (uid, gid) is set when sudo runs us for somebody."""

    owner: tuple[int, int] | None = None

    def own(self, path: Path) -> None:
        """Give a new file to the user who called sudo."""
        if self.owner is not None:
            os.chown(path, *self.owner)

    def folder(self, path: Path) -> Path:
        """The folder, made if need be, private."""
        if path.is_dir():
            return path
        with disk(path):
            if not path.parent.is_dir():
                self.folder(path.parent)
            path.mkdir(mode=0o700, exist_ok=True)
            self.own(path)
        return path

    def write(self, path: Path, data: bytes) -> None:
        """Write the whole file: aside, synced, renamed.  Raises STORE-FULL, -DENIED, -IO."""
        self.folder(path.parent)
        aside = path.with_name(f".{path.name}.{os.getpid()}.new")
        with disk(path):
            try:
                with self.create(aside) as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                aside.replace(path)
            except OSError:
                aside.unlink(missing_ok=True)
                raise
            sync_folder(path.parent)

    def create(self, path: Path) -> BufferedRandom:
        """A new private file, open for writing; an old one of that name is cut to nothing."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE)
        os.fchmod(handle, PRIVATE)
        self.own(path)
        return os.fdopen(handle, "r+b")


def read(path: Path, limit: int = 64 << 20) -> bytes:
    """A whole plain file of at most `limit` bytes.  Raises STORE-UNREADABLE and kin."""
    with disk(path), path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise faults.UNREADABLE(
            what=f"{path} is larger than {limit >> 20} MiB.",
            cause="No flash of this field is that large.",
            next="Check the path.",
        )
    return data
