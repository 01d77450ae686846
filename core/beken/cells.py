"""The flash map: one character for each 4 KiB sector, the whole of it in every progress event."""

from __future__ import annotations

from core.bkimage.flashmap import SECTOR

UNTOUCHED = " "
BLANK = "_"
READ = "r"
PROVEN = "R"
KEPT = "k"
ERASED = "e"
WRITTEN = "w"
VERIFIED = "W"
FAILED = "!"

MEANING = {
    UNTOUCHED: "untouched",
    BLANK: "blank, proven by the chip's CRC",
    READ: "read",
    PROVEN: "read and proven",
    KEPT: "kept as it is",
    ERASED: "erased",
    WRITTEN: "written",
    VERIFIED: "written and proven",
    FAILED: "failed",
}


class Cells:
    """A map of `size` bytes of flash, all of it `cell` at first."""

    def __init__(self, size: int, cell: str = UNTOUCHED) -> None:
        self._cells = [cell] * (size // SECTOR)

    def mark(self, start: int, end: int, cell: str) -> None:
        """Every sector of [start, end) is now `cell`."""
        first, last = start // SECTOR, end // SECTOR
        self._cells[first:last] = [cell] * (last - first)

    def at(self, address: int) -> str:
        """The cell of the sector that holds `address`."""
        return self._cells[address // SECTOR]

    def __str__(self) -> str:
        return "".join(self._cells)
