"""Files that are complete or absent: written aside, synced, then renamed.  Private by default."""

from __future__ import annotations

import errno
import os
import stat
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
_ASTRAY = {errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG}


def disk_fault(error: OSError, path: Path) -> FaultError:
    """The fault that a failed file operation means."""
    what = f"{path}: {error.strerror or error}."
    if error.errno in _FULL:
        return faults.FULL(
            what=what,
            cause="No space is left for the file.",
            next="Free some space, then repeat. An unfinished backup (.part) goes on from there.",
        )
    if error.errno in _DENIED:
        return faults.DENIED(
            what=what,
            cause="The folder is read-only or belongs to another user.",
            next="Choose another folder with --home, or change its owner.",
            command=("wattbench", "info"),
        )
    if error.errno in _ASTRAY:
        return faults.UNREADABLE(
            what=what,
            cause="Part of the path is missing, or is a file where a folder should be.",
            next="Check the path.",
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
        try:
            os.fchmod(handle, PRIVATE)
            self.own(path)
        except OSError:
            os.close(handle)
            raise
        return os.fdopen(handle, "r+b")


def write_at(handle: int, data: bytes | bytearray, offset: int) -> None:
    """All of `data` at `offset`: a disk that fills up takes part of it without an error."""
    rest = memoryview(data)
    while rest:
        written = os.pwrite(handle, rest, offset)
        rest, offset = rest[written:], offset + written


def require_new(path: Path) -> None:
    """Raise STORE-EXISTS where a file or folder of that name is, STORE-UNREADABLE where its
    folder is not."""
    if path.exists():
        raise faults.EXISTS(
            what=f"{path} is there already.",
            cause="An earlier copy has this name, or it is a folder.",
            next="Choose another name.",
        )
    if not path.absolute().parent.is_dir():
        raise faults.UNREADABLE(
            what=f"There is no folder {path.absolute().parent}.",
            cause="The path is misspelt.",
            next="Make the folder, or choose another.",
        )


def free(path: Path) -> Path:
    """The path, with a number where a file of that name exists."""
    number, found = 2, path
    while found.exists():
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return found


def read(path: Path, limit: int = 64 << 20) -> bytes:
    """A whole plain file of at most `limit` bytes.  Raises STORE-UNREADABLE and kin."""
    try:
        # a FIFO must not hold us up until somebody writes to it
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            plain = stat.S_ISREG(os.fstat(handle).st_mode)
            data = _up_to(handle, limit + 1) if plain else b""
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _DENIED:
            raise disk_fault(error, path) from error
        raise faults.UNREADABLE(
            what=f"{path}: {error.strerror}.",
            cause="You have no right to read it.",
            next="Change its owner or mode, or use a copy of your own.",
        ) from error
    if not plain:
        raise faults.UNREADABLE(
            what=f"{path} is not a plain file.",
            cause="The path leads to a folder, a device or a pipe.",
            next="Check the path.",
        )
    if len(data) > limit:
        raise faults.UNREADABLE(
            what=f"{path} is larger than {limit >> 20} MiB.",
            cause="No flash of this field is that large.",
            next="Check the path.",
        )
    return data


def _up_to(handle: int, count: int) -> bytes:
    with os.fdopen(handle, "rb", closefd=False) as file:
        return file.read(count)
