"""An open dump with everything that is known of it, made on a thread of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tui.backup_own import own_configuration
from tui.panes.backup.papers import merged
from tui.widgets.hex_paper import Paper, Range, Stretch

if TYPE_CHECKING:
    from core.tuya.areas import Area
    from core.tuya.health import Health
    from core.tuya.opening import Opened
    from core.tuya.outputs import Configuration
    from core.tuya.survey import Survey

SECTOR = 4096
LOOK = {
    "bootloader": "boot", "code": "code", "header": "header", "download": "download", "rf": "rf",
    "fast connect": "connect", "openbeken": "openbeken", "files": "files",
    "protected": "protected", "store": "store", "spare": "spare",
}  # fmt: skip
"""Looks of the hex view by the kinds of `core.tuya.areas`."""


@dataclass
class Book:
    """One dump.  `entropy` is bits a byte of every sector; `cells` is the map of a backup that is
    being read, one character a sector, empty for a file that is complete."""

    opened: Opened
    seen: Survey
    health: Health
    entropy: list[float] = field(repr=False)
    cells: str = ""

    @cached_property
    def plain(self) -> bytes:
        """The bytes with store and code decrypted."""
        return self.seen.decrypted()

    @cached_property
    def own(self) -> Configuration | None:
        """The configuration that OpenBeken keeps in it."""
        return own_configuration(self.seen)

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """The areas as colours."""
        return tuple(Stretch(a.start, a.end, LOOK[a.kind]) for a in self.seen.areas)

    @property
    def unread(self) -> tuple[Range, ...]:
        """What a growing backup does not hold yet."""
        return unread(self.cells)

    def hidden(self, *, plain: bool) -> tuple[Range, ...]:
        """Where secrets can be read: never shown before a person asks."""
        return merged(_hidden(self.seen, plain=plain))

    def paper(self, *, plain: bool, reveal: bool) -> Paper:
        """What the hex view shows of it."""
        return Paper(
            self.plain if plain else self.seen.data,
            self.seen.base,
            self.stretches,
            () if reveal else self.hidden(plain=plain),
            self.unread,
        )


def open_book(path: Path) -> Book:
    """Read a dump and look at all of it; blocks.  Raises what `core.tuya.opening.load` raises."""
    from core.bkimage.entropy import profile
    from core.tuya.catalogue import verdict
    from core.tuya.survey import survey

    opened, cells = _load(path)
    seen = survey(opened.data)
    health = verdict(opened, seen)
    book = Book(opened, seen, health, profile(seen.data), cells)
    _ = (
        seen.wiring,
        seen.firmware,
        book.stretches,
        book.own,
    )  # made here, not on the screen's thread
    return book


def _load(path: Path) -> tuple[Opened, str]:
    """The file; one that is being read is taken as it stands, blank where it is not there yet."""
    from core.tuya.opening import Opened, load
    from core.tuya.survey import LARGEST

    if path.suffix != ".part":
        return load(path), ""
    from hashlib import sha256

    from core.store.files import read

    cells, data = read_cells(path), read(path, LARGEST)
    data = data.ljust(min(len(cells) * SECTOR, LARGEST), b"\xff")
    return Opened(path, data, sha256(data).hexdigest(), None), cells


def read_cells(path: Path) -> str:
    """The map beside a `.part`; empty where there is none."""
    from core.fault import FaultError
    from core.store.files import read

    try:
        return read(path.with_suffix(".map"), 1 << 16).decode("ascii", "replace")
    except FaultError:
        return ""


def unread(cells: str) -> tuple[Range, ...]:
    """Runs of sectors that are not there yet."""
    found: list[Range] = []
    for number, cell in enumerate(cells):
        if cell != " ":
            continue
        start, end = number * SECTOR, (number + 1) * SECTOR
        if found and found[-1].end == start:
            found[-1] = Range(found[-1].start, end)
        else:
            found.append(Range(start, end))
    return tuple(found)


def _hidden(seen: Survey, *, plain: bool) -> list[Range]:
    """Private areas that are not enciphered; decrypted, all of them but what is harmless."""
    from core.tuya.areas import PRIVATE, Kind

    found: list[Range] = []
    for area in seen.areas:
        enciphered = area.kind in (Kind.STORE, Kind.PROTECTED)
        if area.kind not in PRIVATE or area.state == "blank" or (enciphered and not plain):
            continue
        found += _but_harmless(seen, area) if area.kind is Kind.STORE else [
            Range(area.start, area.end)
        ]  # fmt: skip
    return found


def _but_harmless(seen: Survey, area: Area) -> list[Range]:
    """A sector of the store without its header, index pages and harmless values."""
    from core.tuya.layout import PAGE
    from core.tuya.secrets import holds_secrets

    store = seen.store
    if store is None:
        return [Range(area.start, area.end)]
    open_pages: set[int] = set()
    if area.name != "store key" and area.state == "good":
        open_pages.add(area.start)
    for entry in (*store.entries, *store.others):
        open_pages.add(seen.base + entry.index.at)
        if entry.intact and not holds_secrets(entry.name, entry.value):
            for span in entry.spans:
                pages = range(span.at, span.at + span.size, PAGE)
                open_pages.update(seen.base + at for at in pages)
    found: list[Range] = []
    for at in range(area.start, area.end, PAGE):
        if at in open_pages:
            continue
        if found and found[-1].end == at:
            found[-1] = Range(found[-1].start, at + PAGE)
        else:
            found.append(Range(at, min(at + PAGE, area.end)))
    return found
