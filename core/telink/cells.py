"""The flash map: one character for each sector of 4 KiB, all of it in every progress event."""

from __future__ import annotations

from core.tlimage.flashmap import SECTOR

UNTOUCHED = " "
BLANK = "_"
PROVEN = "R"
KEPT = "k"
ERASED = "e"
WRITTEN = "w"
VERIFIED = "W"
FAILED = "!"


class Cells:
    """A map of `size` bytes of flash, all of it `cell` at first."""

    def __init__(self, size: int, cell: str = UNTOUCHED) -> None:
        self._cells = [cell] * (size // SECTOR)

    def mark(self, start: int, end: int, cell: str) -> None:
        """Every sector that begins in [start, end) is now `cell`."""
        for sector in range(start // SECTOR, (end + SECTOR - 1) // SECTOR):
            self._cells[sector] = cell

    def __str__(self) -> str:
        return "".join(self._cells)
