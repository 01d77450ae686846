"""What went over the wire: the last bytes always, everything when a tape was asked for.

The file is JSON lines.  The first says that it is private; then one line a chunk::

    {"t": 12.503, "dir": ">", "hex": "01e0fc0100"}        > to the device, < from it
    {"t": 12.600, "dir": "baud", "baud": 921600}
    {"t": 12.700, "dir": "lines", "dtr": false, "rts": true}
    {"t": 12.800, "dir": "break", "seconds": 2.0}
    {"t": 13.000, "dir": "close"}

`t` is the loop's clock in seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from core.fault import FaultError
from core.link import faults
from core.link.api import Link
from core.link.leases import Lease

FIRST = {
    "tape": 1,
    "note": "PRIVATE: complete record of a serial line, may hold keys and passwords. "
    "Do not pass it on.",
}
KEPT = 256
"""Bytes of each direction that stay in memory."""
SHOWN = 32
"""A burst up to this long is shown whole in evidence; of a longer one only its head."""
HEAD = 16
READ = 65536


@dataclass(frozen=True, slots=True)
class TapeEntry:
    """One line of a tape: `direction` is its `dir`; `data` is empty but for ">" and "<"."""

    t: float
    direction: str
    data: bytes = b""
    values: dict[str, Any] = field(default_factory=dict)


class Tape:
    """The file, written by a thread of its own so that a slow SD card delays no byte."""

    def __init__(self, file: IO[str]) -> None:
        self.problem = ""
        self._file = file
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="tape", daemon=True)
        self._thread.start()
        self.put(FIRST)

    @classmethod
    def create(cls, path: Path) -> Tape:
        """A new file, mode 0600.  Raises FaultError LINK-TAPE, also when it exists already."""
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise faults.TAPE(
                what=f"The tape {path} cannot be made: {error.strerror}.",
                cause="The file exists already, or the folder cannot be written to.",
                next="Choose a new file name for the tape.",
            ) from error
        return cls(os.fdopen(handle, "w", encoding="ascii"))

    def put(self, line: dict[str, Any]) -> None:
        """Queue one line; after a problem there is nowhere to put it."""
        if not self.problem:
            self._lines.put(line)

    async def close(self) -> None:
        """Write what is queued and close.  Never raises; `problem` tells of a full disk."""
        self._lines.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        try:
            with self._file:
                while (line := self._lines.get()) is not None:
                    self._file.write(json.dumps(line) + "\n")
                    if self._lines.empty():
                        self._file.flush()
        except OSError as error:  # the job goes on without its tape
            self.problem = f"The tape is incomplete: {error.strerror}."


class _Burst:
    """Bytes of one direction without one of the other between them."""

    def __init__(self, direction: str, t: float) -> None:
        self.direction = direction
        self.t = t
        self.count = 0
        self.kept = b""

    def add(self, data: bytes) -> int:
        """Returns how many of these bytes are kept."""
        self.count += len(data)
        more = data[: SHOWN - len(self.kept)]
        self.kept += more
        return len(more)

    def text(self, since: float) -> str:
        shown = self.kept if self.count <= SHOWN else self.kept[:HEAD]
        rest = self.count - len(shown)
        more = f" <{rest} bytes>" if rest else ""
        return f"{self.t - since:+9.3f} {self.direction} {shown.hex(' ')}{more}"


class Ring:
    """The last bytes of both directions, for the evidence of a fault.

    Bursts go once `KEPT` newer bytes of their direction are there.
    """

    def __init__(self) -> None:
        self._bursts: deque[_Burst] = deque()
        self._counts = {">": 0, "<": 0}

    def add(self, direction: str, data: bytes, t: float) -> None:
        """Bytes passed at loop time `t`."""
        if not data:
            return
        if not self._bursts or self._bursts[-1].direction != direction:
            self._bursts.append(_Burst(direction, t))
        self._counts[direction] += self._bursts[-1].add(data)
        while len(self._bursts) > 1 and self._spare(self._bursts[0]):
            oldest = self._bursts.popleft()
            self._counts[oldest.direction] -= len(oldest.kept)

    def _spare(self, burst: _Burst) -> bool:
        return self._counts[burst.direction] - len(burst.kept) >= KEPT

    def text(self, now: float) -> str:
        """One line a burst, times before `now`, payloads left out."""
        return "\n".join(burst.text(now) for burst in self._bursts)


class TapedLink:
    """A `Link` around `link` that remembers what passes; closing it ends tape and lease too."""

    def __init__(self, link: Link, tape: Tape | None = None, lease: Lease | None = None) -> None:
        self._link = link
        self._tape = tape
        self._lease = lease
        self._ring = Ring()
        self._closed = False
        self._mark("baud", baud=link.baud)

    @property
    def name(self) -> str:
        return self._link.name

    @property
    def baud(self) -> int:
        return self._link.baud

    @property
    def tape_problem(self) -> str:
        """Why the tape is incomplete; empty when it is not, or when there is none."""
        return self._tape.problem if self._tape else ""

    def evidence(self) -> str:
        """The last bursts of both directions in hex, long ones as head and "<4096 bytes>"."""
        return self._ring.text(asyncio.get_running_loop().time())

    async def write(self, data: bytes) -> None:
        self._pass(">", data)  # before the call: a request that got stuck belongs on the tape
        await self._link.write(data)

    async def flush(self) -> None:
        await self._link.flush()

    async def read(self, limit: int, timeout: float) -> bytes:
        return self._pass("<", await self._link.read(limit, timeout))

    async def read_exactly(self, count: int, timeout: float) -> bytes:
        return self._pass("<", await self._link.read_exactly(count, timeout))

    async def quiet(self, silence: float, limit: float) -> bytes:
        """As on every link, but read bit by bit: what is thrown away belongs on the tape."""
        clock = asyncio.get_running_loop().time
        end = clock() + limit
        tail = b""
        while data := await self.read(READ, min(silence, end - clock())):
            tail = (tail + data)[-KEPT:]
            if clock() >= end:
                break
        return tail

    async def set_baud(self, baud: int) -> None:
        await self._link.set_baud(baud)
        self._mark("baud", baud=baud)

    async def set_lines(self, *, dtr: bool, rts: bool) -> None:
        self._mark("lines", dtr=dtr, rts=rts)
        await self._link.set_lines(dtr=dtr, rts=rts)

    async def send_break(self, seconds: float) -> None:
        self._mark("break", seconds=seconds)
        await self._link.send_break(seconds)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            await self._link.close()
        finally:
            if self._lease is not None:
                self._lease.release()
            if self._tape is not None:
                self._mark("close")
                await self._tape.close()

    def _pass(self, direction: str, data: bytes) -> bytes:
        now = asyncio.get_running_loop().time()
        self._ring.add(direction, data, now)
        if self._tape is not None and data:
            self._tape.put({"t": round(now, 6), "dir": direction, "hex": data.hex()})
        return data

    def _mark(self, direction: str, **values: Any) -> None:
        if self._tape is not None:
            now = asyncio.get_running_loop().time()
            self._tape.put({"t": round(now, 6), "dir": direction, **values})


def evidence(link: Link) -> str:
    """The last wire bytes of `link` for a fault; empty when it keeps none."""
    return link.evidence() if isinstance(link, TapedLink) else ""


def read_tape(path: Path) -> list[TapeEntry]:
    """The entries of a tape, in order.  A last line cut short by a crash is left out.

    Raises FaultError LINK-TAPE when the file is not a tape or a line in it is damaged.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error
    try:
        if json.loads(lines[0])["tape"] != FIRST["tape"]:
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(path, "its first line is not that of a tape") from error
    found = []
    for number, line in enumerate(lines[1:-1], start=2):
        try:
            found.append(_entry(json.loads(line)))
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            OverflowError,
            RecursionError,
        ) as error:
            raise _unreadable(path, f"line {number} is damaged") from error
    return found


def _entry(row: dict[str, Any]) -> TapeEntry:
    values = {key: value for key, value in row.items() if key not in ("t", "dir", "hex")}
    return TapeEntry(float(row["t"]), str(row["dir"]), bytes.fromhex(row.get("hex", "")), values)


def _unreadable(path: Path, why: str) -> FaultError:
    return faults.TAPE(
        what=f"The tape {path} cannot be read: {why}.",
        cause="The file is damaged or not a tape.",
        next="Record a new one with --tape.",
    )
