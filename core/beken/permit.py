"""The permission to change one device's flash.  Only the plan makes one.

`Client.erase` and `Client.write_4k` refuse every range that the permit does not name, so the
bootloader and the RF sector cannot be reached whatever the caller does.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.bkimage.flashmap import APP_START, SECTOR, chip_map

_SEAL = object()


@dataclass(frozen=True, slots=True)
class Permit:
    """Which bytes may change, on which chip, on the strength of which backup.

    `ranges` are half-open (start, end) pairs in bytes, none of them below the application: a T
    loses its loader there.  `seal` is the plan's private token.  Raises TypeError when anything
    else tries to make one, ValueError for a range in the bootloader.
    """

    chip: str
    mac: str
    flash_id: str
    backup_sha256: str
    ranges: tuple[tuple[int, int], ...]
    seal: object

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("only core.beken.plan makes a Permit")
        if any(start < APP_START for start, _ in self.ranges):
            raise ValueError("a permit never reaches the bootloader")

    def covers(self, start: int, end: int) -> bool:
        """True when all of [start, end) may change; the RF sector only alone (rulings P10)."""
        rf = chip_map(self.chip).rf
        if end - start > SECTOR and start < rf.end and rf.start < end:
            return False
        return start < end and any(a <= start and end <= b for a, b in self.ranges)
