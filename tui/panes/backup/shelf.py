"""The start page: every backup that is kept, and those that are being read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.text import clean
from tui.widgets.live_lines import Line
from tui.widgets.prose import fit, fit_end

if TYPE_CHECKING:
    from core.store.backups import Backups
    from core.tuya.catalogue import Growing, Item


@dataclass(frozen=True)
class Shelf:
    """What the folder holds; rows are named by the path of the file."""

    items: dict[str, Item]
    parts: dict[str, Growing]

    @property
    def rows(self) -> list[tuple[str, int]]:
        """Names and heights of the rows: what is being read first, then the newest."""
        kept = [(name, 2 + bool(item.reasons)) for name, item in self.items.items()]
        return [*((name, 2) for name in self.parts), *kept]


def read_shelf(backups: Backups) -> Shelf:
    """Look through the folder; reads every file, so it blocks."""
    from core.tuya.catalogue import items

    kept = {str(item.path): item for item in items(backups)}
    return Shelf(kept, read_parts(backups))


def read_parts(backups: Backups) -> dict[str, Growing]:
    """The unfinished ones only."""
    from core.tuya.catalogue import growing

    return {str(part.path): part for part in growing(backups)}


def header(width: int) -> str:
    """The columns."""
    return fit(f"   {'When':<16}  {'Chip':<8}  {'MAC':<17}  {'Marks':<14}  Verdict", width)


def paint(shelf: Shelf, name: str, part: int, width: int, *, here: bool) -> Line:
    """One line of a row."""
    first = " > " if here else "   "
    look = "here" if here and not part else ""
    if name in shelf.parts:
        return _growing(shelf.parts[name], part, first, width, look)
    item = shelf.items.get(name)
    if item is None:
        return ()
    if part == 0:
        marks = ("true " if item.true else "") + ("whole" if item.whole else "")
        trust = "trusted" if item.trusted else "not trusted"
        when, mac = item.when[:16].replace("T", " "), item.mac or "no MAC"
        proof = marks.strip() or "not proven"
        text = f"{first}{when:<16}  {item.chip:<8}  {mac:<17}  {proof:<14}  {trust}"
        return ((fit(text, width), look or ("" if item.trusted else "warn")),)
    if part == 1:
        label = clean(item.label) or "device not known"
        text = f"      {label}   backup {item.number} of {item.count}"
        return ((fit(text, width), "faint"),)
    return ((fit(f"      - {' '.join(item.reasons)}", width), "warn"),)


def _growing(part: Growing, line: int, first: str, width: int, look: str) -> Line:
    if line:
        return (("      ", ""), (fit_end(str(part.path), max(width - 6, 1)), "faint"))
    total = len(part.cells)
    text = f"{part.done} of {total} sectors read" if total else "nothing known of it"
    return ((fit(f"{first}Not finished: {text}", width), look or "strong"),)
