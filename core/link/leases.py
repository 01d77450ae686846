"""Who has a port: one named holder inside this process, and a look at /proc for the others."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from core.link import faults

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a port open; `program` is its name without control characters."""

    pid: int
    program: str


class Lease:
    """The right to use one port.  `release` may be repeated."""

    def __init__(self, leases: Leases, key: str) -> None:
        self._leases = leases
        self._key = key

    def release(self) -> None:
        self._leases.drop(self._key, self)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class Leases:
    """The ports that this process has given out, each to one named holder."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[str, Lease]] = {}

    def take(self, port: str, holder: str) -> Lease:
        """Lease `port` to `holder` ("Flash: backup of A4:C1:...").  Links to the same device
        count as one port.  Raises FaultError LINK-BUSY, which names the present holder."""
        key = real_port(port)
        if key in self._held:
            raise faults.BUSY(
                what=f"The port {port} is in use here by '{self._held[key][0]}'.",
                cause="Another job of this program talks through it.",
                next="Wait until that job has ended, or cancel it.",
            )
        lease = Lease(self, key)
        self._held[key] = (holder, lease)
        return lease

    def holder(self, port: str) -> str | None:
        """Who has `port` in this process."""
        held = self._held.get(real_port(port))
        return held[0] if held else None

    def drop(self, key: str, lease: Lease) -> None:
        """End `lease`; one that has ended before changes nothing."""
        if key in self._held and self._held[key][1] is lease:
            del self._held[key]


def real_port(port: str) -> str:
    """One name for a port, whatever link under /dev/serial was used; URLs as they are."""
    return port if "://" in port else os.path.realpath(port)


def holder_of(path: str, proc: Path = PROC) -> Holder | None:
    """The process that has the device open, as far as this user may see.

    Where several have, the one with the lock (a simulator keeps its own pty open), then any other
    than ourselves.  Reads all of /proc: call it in a thread.
    """
    real = os.path.realpath(path)
    found = [pid for pid in _pids(proc) if _has_open(proc / str(pid) / "fd", real)]
    if not found:
        return None
    locked = _lockers(real, proc)
    pid = min(found, key=lambda pid: (pid not in locked, pid == os.getpid(), pid))
    return Holder(pid, program_of(pid, proc))


def program_of(pid: int, proc: Path = PROC) -> str:
    """The name a person knows a process by: for an interpreter the script that it runs."""
    try:
        words = (proc / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "?"
    names = [Path(word.decode(errors="replace")).name for word in words]
    name = names[0]
    if name.startswith("python"):
        name = next((n for n in names[1:] if n and not n.startswith("-")), name)
    return "".join(c for c in name if c.isprintable())[:40] or "?"


def _pids(proc: Path) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for entry in proc.iterdir():
            if entry.name.isdecimal():
                yield int(entry.name)


def _has_open(folder: Path, real: str) -> bool:
    try:
        return any(_target(entry) == real for entry in folder.iterdir())
    except OSError:  # another user's process, or it has just ended
        return False


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _lockers(real: str, proc: Path) -> set[int]:
    """The processes that hold a flock on the device, from /proc/locks."""
    try:
        inode = str(Path(real).stat().st_ino)
        lines = (proc / "locks").read_text(errors="replace").splitlines()
    except OSError:
        return set()
    rows = [line.split() for line in lines]
    return {
        int(row[4])
        for row in rows
        if len(row) > 5 and row[1] == "FLOCK" and row[5].split(":")[-1] == inode
    }
