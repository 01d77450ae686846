"""Flash backups: a growing `.part`, and the finished file with its record beside it.

`backups/<mac>/20261120T140233Z-bk7231n-0007.bin` has a `.toml` of the same name.  The last number
counts backups of the device and gives their order where the clock cannot.  While it grows the
file ends in `.bin.part`, with `.bin.map` beside it: one character a sector.  The final name
appears only when the file is complete, synced and read back.  Without a MAC the file grows in
`unknown/` and ends in the folder of the MAC found in it, else in `unknown-<8 of its sha256>/`.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tomli_w

from core.fault import FaultError
from core.store import faults
from core.store.clock import Now, iso, stamp, synchronised
from core.store.files import Files, disk, read, sync_folder, write_at

SECTOR = 4096
UNREAD = " "
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SidecarFacts:
    """What is known of a backup.

    `true`: every byte is proven by the chip's own CRC.  `whole`: also not constant, boot
    signature known, RF block with MAC found (rulings P14).  `reasons` says why a mark is missing.
    `chip_crc` is the chip's CRC-32 of the whole flash, 8 hex digits.  `source` names how it was
    read.
    """

    chip: str
    flash_id: str
    mac: str
    size: int
    true: bool
    whole: bool
    reasons: tuple[str, ...]
    chip_crc: str
    source: str


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup: the file, its checksum, and what its record says."""

    path: Path
    sha256: str
    facts: SidecarFacts
    when: str
    counter: int

    def read(self) -> bytes:
        """The bytes.  Raises STORE-UNREADABLE, or STORE-CHANGED if they are not what they were."""
        data = read(self.path)
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise faults.CHANGED(
                what=f"{self.path.name} does not have the checksum in its record.",
                cause="The file was changed or damaged after the backup was made.",
                next="Use an unchanged copy, or make a new backup of the device.",
            )
        return data


class Part:
    """A backup that is being read.  Keep it on failure: `close` leaves the `.part` on disk."""

    def __init__(self, final: Path, size: int, files: Files, now: Now) -> None:
        self.final = final
        self.path = final.with_name(final.name + ".part")
        self.map_path = final.with_name(final.name.removesuffix(".bin") + ".bin.map")
        self.size = size
        self._files, self._now = files, now
        self._map = bytearray(UNREAD.encode() * (size // SECTOR))
        files.folder(final.parent)
        with disk(self.path):
            self._file = files.create(self.path)
            # Held while it grows: another job must not take it for one that was left behind.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                self._map_file = files.create(self.map_path)
            except OSError:
                self._file.close()
                raise
        with contextlib.suppress(OSError):  # the map only helps; `write` meets a full disk
            self._save_map()

    async def write(self, offset: int, data: bytes) -> None:
        """Put `data` at `offset`.  Raises STORE-FULL, STORE-IO."""
        await asyncio.to_thread(self._write, offset, data)

    def _write(self, offset: int, data: bytes) -> None:
        with disk(self.path):
            write_at(self._file.fileno(), data, offset)

    def mark(self, sector: int, cell: str) -> None:
        """Note the state of one sector in the map, which a crash must not lose."""
        self._map[sector] = ord(cell)
        with contextlib.suppress(OSError):
            write_at(self._map_file.fileno(), self._map[sector : sector + 1], sector)

    async def finish(self, facts: SidecarFacts) -> Backup:
        """Sync, read back, name.  Raises STORE-IO when the disk returns other bytes."""
        return await asyncio.to_thread(self._finish, facts)

    def _finish(self, facts: SidecarFacts) -> Backup:
        with disk(self.path):
            os.truncate(self._file.fileno(), self.size)
            written = self._digest()
            os.fsync(self._file.fileno())
            os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            self.close()
        again = hashlib.sha256(read(self.path)).hexdigest()
        if again != written:
            raise faults.IO(
                what=f"{self.path} reads back other bytes than were written.",
                cause="The disk or card has a fault.",
                next="Use another disk (--home) and make the backup again.",
            )
        self._settle(facts.mac, again)
        backup = Backup(self.final, again, facts, iso(self._now()), _counter(self.final))
        self._files.write(self.final.with_suffix(".toml"), _record(backup))
        with disk(self.final):
            self.path.rename(self.final)
            self.map_path.unlink(missing_ok=True)
            sync_folder(self.final.parent)
        return backup

    def _settle(self, mac: str, sha256: str) -> None:
        """Choose the folder of a backup that began without a MAC."""
        if self.final.parent.name != UNKNOWN:
            return
        folder = self.final.parent.with_name(_mac12(mac) or f"{UNKNOWN}-{sha256[:8]}")
        self._files.folder(folder)
        head = self.final.stem.rpartition("-")[0]
        self.final = folder / f"{head}-{_next(folder):04d}.bin"

    def _digest(self) -> str:
        self._file.seek(0)
        return hashlib.file_digest(self._file, "sha256").hexdigest()

    def _save_map(self) -> None:
        write_at(self._map_file.fileno(), self._map, 0)

    def close(self) -> None:
        """Close the files; what is not finished stays as `.part` with its map."""
        self._file.close()
        self._map_file.close()


class Backups:
    """All backups under one folder, by device."""

    def __init__(self, root: Path, files: Files, now: Now) -> None:
        self.root, self._files, self._now = root, files, now

    def begin(self, mac: str | None, chip: str, size: int) -> Part:
        """Start a backup of `size` bytes.  `mac` in any notation; None until one is known."""
        folder = self.root / (_mac12(mac or "") or UNKNOWN)
        name = f"{stamp(self._now())}-{chip}-{_next(folder):04d}.bin"
        return Part(folder / name, size, self._files, self._now)

    def all(self) -> list[Backup]:
        """Every finished backup that has a readable record, oldest first within a device."""
        found = []
        for path in self.root.glob("*/*.bin"):
            with contextlib.suppress(FaultError):
                found.append(load_record(path))
        return sorted(found, key=lambda b: (b.path.parent.name, b.counter))

    def load(self, path: Path) -> Backup:
        """The backup at `path`, its checksum tested.

        Raises STORE-UNREADABLE, STORE-NO-RECORD, STORE-CHANGED.
        """
        if not path.exists():
            read(path, 0)
        backup = load_record(path)
        backup.read()
        return backup


def load_record(path: Path) -> Backup:
    """What the record beside `path` says; the file itself is not read."""
    record = path.with_suffix(".toml")
    if path.suffix == ".part" or not record.is_file():
        raise faults.NO_RECORD(
            what=f"{path} has no record beside it.",
            cause="The file was copied without its .toml, or the backup was never finished.",
            next="Copy both files, or make a new backup of the device.",
        )
    try:
        values = tomllib.loads(read(record, 1 << 20).decode())
        facts = {name: _field(values, name, kind) for name, kind in _FACTS.items()}
        facts["reasons"] = tuple(str(reason) for reason in facts["reasons"])
        sha256, when = _field(values, "sha256", str), _field(values, "when", str)
        return Backup(path, sha256, SidecarFacts(**facts), when, _field(values, "counter", int))
    except (ValueError, RecursionError) as error:
        raise faults.NO_RECORD(
            what=f"{record} cannot be understood: {error}.",
            cause="The record was changed by hand or damaged.",
            next="Restore the record from a copy, or make a new backup of the device.",
        ) from error


def _record(backup: Backup) -> bytes:
    values: dict[str, Any] = {
        "sha256": backup.sha256,
        "when": backup.when,
        "clock_synchronised": synchronised() is not False,
        "counter": backup.counter,
        **asdict(backup.facts),
        "reasons": list(backup.facts.reasons),
    }
    return tomli_w.dumps(values).encode()


_FACTS: dict[str, type] = {
    "chip": str,
    "flash_id": str,
    "mac": str,
    "size": int,
    "true": bool,
    "whole": bool,
    "reasons": list,
    "chip_crc": str,
    "source": str,
}


def _field(values: dict[str, Any], name: str, kind: type) -> Any:
    if type(values.get(name)) is not kind:  # True is an int, but not a size
        raise ValueError(f"'{name}' is missing or is not of type {kind.__name__}")
    return values[name]


def _mac12(mac: str) -> str:
    """12 lower-case hex digits, or nothing when it is no MAC."""
    digits = "".join(c for c in mac.lower() if c not in ":-. ")
    return digits if len(digits) == 12 and set(digits) <= set("0123456789abcdef") else ""


def _next(folder: Path) -> int:
    return 1 + max((_counter(path) for path in folder.glob("*.bin*")), default=0)


def _counter(path: Path) -> int:
    tail = path.name.split(".")[0].rpartition("-")[2]
    return int(tail) if tail.isdigit() else 0
