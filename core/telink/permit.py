"""The permission to change one module's flash.  Only the plan makes one.

`Client.erase` and `Client.program` refuse every range that the permit does not name, and a permit
that names any byte of MAC or calibration cannot be made (rulings T3).
"""

from __future__ import annotations

from dataclasses import dataclass

from core.tlimage.flashmap import untouchable

_SEAL = object()


@dataclass(frozen=True, slots=True)
class Permit:
    """Which bytes may change, on which module, on the strength of which backup.

    `ranges` are half-open (start, end) pairs in bytes, `size` is that of the flash.  Raises
    TypeError when anything but the plan makes one, ValueError for ranges outside of the flash or
    in what is never touched.
    """

    mac: str
    flash_id: str
    size: int
    backup_sha256: str
    ranges: tuple[tuple[int, int], ...]
    seal: object

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("only core.telink.plan makes a Permit")
        for start, end in self.ranges:
            if not 0 <= start < end <= self.size:
                raise ValueError(f"{start:#x}-{end:#x} is not in the flash")
            for region in untouchable(self.size):
                if start < region.end and region.start < end:
                    raise ValueError(f"{start:#x}-{end:#x} holds {region.name}")

    def covers(self, start: int, end: int) -> bool:
        """True when all of [start, end) may change."""
        return start < end and any(a <= start and end <= b for a, b in self.ranges)
