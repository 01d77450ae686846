"""The left side: regions, values and pins of an open dump as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.panes.backup.book import LOOK
from tui.widgets.hex_paper import Range

if TYPE_CHECKING:
    from core.tuya.areas import Area
    from core.tuya.compare import Comparison
    from core.tuya.keyvalue import Entry
    from tui.panes.backup.book import Book


@dataclass(frozen=True, slots=True)
class Node:
    """One row.  `path` names it, `/` between the levels; `place` is where its bytes are.

    `page` says what the right side shows: `about`, `pins`, `own`, `config`, `value`, `hex` or
    `group`.
    """

    path: str
    text: str
    page: str
    place: Range | None = None
    group: bool = False
    bad: bool = False
    entry: Entry | None = None
    name: str = ""

    @property
    def depth(self) -> int:
        return self.path.count("/")


def nodes(book: Book, difference: Comparison | None = None) -> list[Node]:
    """Every row, whether its group is open or not."""
    seen = book.seen
    verdict = "worth trusting" if book.health.trusted else "do not rely on it"
    found = [Node("about", f"About: {verdict}", "about", bad=not book.health.trusted)]
    if difference is not None:
        found += _differences(difference)
    wiring = seen.wiring
    if wiring is not None:
        found.append(Node("pins", f"Pins {wiring.module}".rstrip(), "pins", _pins_at(book)))
    if book.own is not None:
        found.append(Node("own", "OpenBeken's configuration", "own"))
    if wiring is not None or seen.has_mcu:
        text = "From the stock store" if book.own is not None else "OpenBeken configuration"
        found.append(Node("config", text, "config"))
    found.append(Node("map", "Map", "group", group=True))
    found += _map(seen.areas)
    found += _values(book)
    return found


def first_closed(rows: list[Node]) -> set[str]:
    """Groups that begin closed: what is long or seldom wanted."""
    wanted = ("map/", "older")
    return {node.path for node in rows if node.group and node.path.startswith(wanted)}


def visible(rows: list[Node], closed: set[str]) -> list[Node]:
    """Without what lies in closed groups."""
    return [n for n in rows if not any(n.path.startswith(f"{path}/") for path in closed)]


def _pins_at(book: Book) -> Range | None:
    found = book.seen.pins
    if found is None or not found.spans:
        return None
    start = book.seen.address(found.spans[0].at)
    return Range(start, start + found.spans[0].size)


def _map(areas: tuple[Area, ...]) -> Iterator[Node]:
    """One row an area; the blocks of the store and the files are groups."""
    group = ""
    for number, area in enumerate(areas):
        kind = area.name.split(" ")[0]
        new = {"store": "map/store", "file": "map/files"}.get(kind, "")
        if new and new != group:
            title = "Tuya store" if new == "map/store" else "Tuya files"
            last = _last_of(areas, number, kind)
            yield Node(f"{new}{area.start:06x}", f"{area.start:06X} {title}", "hex",
                       Range(area.start, last), group=True)  # fmt: skip
            head = f"{new}{area.start:06x}"
        group = new
        text = f"{area.start:06X} {area.name}"
        if area.state:
            text += f"  {area.state}"
        path = f"{head}/{number}" if new else f"map/{number}"
        yield Node(path, text, "hex", Range(area.start, area.end),
                   bad=area.state == "damaged", name=LOOK[area.kind])  # fmt: skip


def _last_of(areas: tuple[Area, ...], first: int, kind: str) -> int:
    """The end of the run of areas that begins at `first`."""
    end = areas[first].end
    for area in areas[first:]:
        if area.name.split(" ")[0] != kind:
            break
        end = area.end
    return end


def _values(book: Book) -> Iterator[Node]:
    seen = book.seen
    if seen.store is not None:
        yield Node("values", f"Values: {len(seen.store.entries)}", "group", group=True)
        for number, entry in enumerate(seen.store.entries):
            yield _value(book, f"values/{number}", entry)
        if seen.store.others:
            yield Node("older", f"Older values: {len(seen.store.others)}", "group", group=True)
            for number, entry in enumerate(seen.store.others):
                yield _value(book, f"older/{number}", entry)
    if seen.protected is not None:
        yield Node("protected", "Protected sector", "group", group=True)
        for number, name in enumerate(seen.protected.values):
            span = seen.protected.spans[name]
            start = seen.address(span.at)
            yield Node(f"protected/{number}", name, "value", Range(start, start + span.size),
                       name=name)  # fmt: skip


def _value(book: Book, path: str, entry: Entry) -> Node:
    spot = entry.spans[0] if entry.spans else entry.index
    start = book.seen.address(spot.at)
    text = f"{entry.name}  {entry.length} B"
    if entry.state != "live":
        text += f"  {entry.state}"
    size = min(spot.size, entry.length) or spot.size
    return Node(path, text, "value", Range(start, start + size), bad=not entry.intact,
                entry=entry, name=entry.name)  # fmt: skip


def _differences(difference: Comparison) -> Iterator[Node]:
    count = len(difference.areas)
    yield Node("differs", f"Different areas: {count}", "differs", group=True)
    for number, area in enumerate(difference.areas):
        text = f"{area.start:06X} {area.name}  {area.size} B"
        yield Node(f"differs/{number}", text, "hex", Range(area.start, area.end))
