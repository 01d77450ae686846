"""The permission to change one device's flash.  Only the plan makes one.

`Client.erase` and `Client.write_4k` refuse every range that the permit does not name, so the
bootloader and the RF sector cannot be reached whatever the caller does.
"""

from __future__ import annotations

from dataclasses import dataclass

_SEAL = object()


@dataclass(frozen=True, slots=True)
class Permit:
    """Which bytes may change, on which chip, on the strength of which backup.

    `ranges` are half-open (start, end) pairs in bytes.  `seal` is the plan's private token.
    Raises TypeError when anything else tries to make one.
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

    def covers(self, start: int, end: int) -> bool:
        """True when all of [start, end) may change."""
        return start < end and any(a <= start and end <= b for a, b in self.ranges)
