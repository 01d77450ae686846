"""Opens a dump on disk: all of it at once, so that nothing changes under the reader."""

from __future__ import annotations

import lzma
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from core.fault import FaultError
from core.store import faults as store_faults
from core.store.backups import Backup, load_record
from core.store.files import disk, read
from core.tuya import faults
from core.tuya.survey import LARGEST


@dataclass(frozen=True, slots=True)
class Opened:
    """A file's bytes; `record` is what stands beside a backup of ours, None elsewhere."""

    path: Path
    data: bytes = field(repr=False)
    sha256: str
    record: Backup | None
    record_problem: str = ""

    @property
    def changed(self) -> bool:
        """True if the file is not what its record says."""
        return self.record is not None and self.record.sha256 != self.sha256


def load(path: Path) -> Opened:
    """The file, at most 16 MiB; `.xz` is unpacked.

    Raises STORE-UNREADABLE, STORE-IO, TUYA-CHANGING.
    """
    before = _mark(path)
    data = read(path, LARGEST)
    if _mark(path) != before:
        raise faults.CHANGING(
            what=f"{path.name} was written to while it was read.",
            cause="Another program has it open.",
            next="Wait until that has ended, then repeat.",
        )
    if path.suffix == ".xz":
        data = _unpacked(path, data)
    record, problem = _record(path)
    return Opened(path, data, sha256(data).hexdigest(), record, problem)


def _mark(path: Path) -> tuple[int, int]:
    with disk(path):
        told = path.stat()
    return told.st_size, told.st_mtime_ns


def _unpacked(path: Path, data: bytes) -> bytes:
    try:
        plain = lzma.LZMADecompressor().decompress(data, LARGEST + 1)
    except lzma.LZMAError as error:
        raise store_faults.UNREADABLE(
            what=f"{path.name} is no intact xz file.",
            cause="It is damaged or something else.",
            next="Unpack it yourself, or take another copy.",
        ) from error
    if len(plain) > LARGEST:
        raise store_faults.UNREADABLE(
            what=f"{path.name} unpacks to more than {LARGEST >> 20} MiB.",
            cause="No flash of this field is that large.",
            next="Check the path.",
        )
    return plain


def _record(path: Path) -> tuple[Backup | None, str]:
    if not path.with_suffix(".toml").is_file():
        return None, ""
    try:
        return load_record(path), ""
    except FaultError as error:
        return None, error.fault.what
