"""A hex view of up to 16 MiB on Textual's line API: only what is visible is ever made."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.hex_paper import (
    CURSOR,
    DIFFERS,
    FAINT,
    FOUND,
    HIDDEN,
    MARKED,
    UNREAD,
    Paper,
    Range,
    bytes_a_row,
    row_of,
)

LOOKS = ("boot", "code", "header", "download", "rf", "connect", "openbeken", "files", "protected",
         "store", "spare")  # fmt: skip
_TONES = {
    FAINT: "dim",
    UNREAD: "dim",
    HIDDEN: "dim",
    MARKED: "underline",
    DIFFERS: "bold underline",
    FOUND: "bold reverse",
    CURSOR: "reverse",
}
EMPTY = Paper(b"")


class HexView(ScrollView, can_focus=True):
    """Bytes with a cursor, a mark and a place that was found; 8, 16 or 32 a row by width."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"hex--{look}" for look in LOOKS}
    DEFAULT_CSS = """
    HexView { overflow-x: hidden; scrollbar-size: 0 1; background: $background; }
    HexView > .hex--boot { color: ansi_yellow; }
    HexView > .hex--code { color: ansi_cyan; }
    HexView > .hex--header { color: ansi_bright_yellow; }
    HexView > .hex--download { color: ansi_blue; }
    HexView > .hex--rf { color: ansi_red; }
    HexView > .hex--connect { color: ansi_magenta; }
    HexView > .hex--openbeken { color: ansi_bright_cyan; }
    HexView > .hex--files { color: ansi_bright_blue; }
    HexView > .hex--protected { color: ansi_bright_magenta; }
    HexView > .hex--store { color: ansi_green; }
    HexView > .hex--spare { color: $foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "rows(-1)", show=False),
        Binding("down", "rows(1)", show=False),
        Binding("left", "bytes(-1)", show=False),
        Binding("right", "bytes(1)", show=False),
        Binding("pageup", "pages(-1)", show=False),
        Binding("pagedown", "pages(1)", show=False),
        Binding("home", "edge(0)", show=False),
        Binding("end", "edge(1)", show=False),
        Binding("enter", "choose", show=False),
    ]

    class Moved(Message):
        """The cursor is on another byte."""

    class Chosen(Message):
        """Enter on a byte."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.paper = EMPTY
        self.cursor = 0
        self.begun: int | None = None
        self._found: Range | None = None
        self._styles: dict[tuple[int, str], Style] = {}

    # -- what is shown ---------------------------------------------------------------------

    def show(self, paper: Paper) -> None:
        """This paper from now on; the cursor keeps its address where that is possible."""
        self.paper = paper
        self.cursor = max(paper.base, min(self.cursor, paper.end - 1))
        if self.begun is not None and not paper.base <= self.begun < paper.end:
            self.begun = None
        self._lay()
        self.refresh()

    @property
    def count(self) -> int:
        """Bytes a row."""
        return bytes_a_row(self._width, two=self.paper.other is not None)

    @property
    def _width(self) -> int:
        return max(self.size.width - self.scrollbar_size_vertical, 1)

    @property
    def marked(self) -> Range | None:
        """From the mark to the cursor, both included."""
        if self.begun is None:
            return None
        return Range(min(self.begun, self.cursor), max(self.begun, self.cursor) + 1)

    @property
    def chosen(self) -> Range:
        """The mark, else what was found and holds the cursor, else the byte there."""
        found = self._found
        if self.marked is None and found is not None and found.start <= self.cursor < found.end:
            return found
        return self.marked or Range(self.cursor, self.cursor + 1)

    @property
    def _origin(self) -> int:
        """Where the first row begins: a row begins at a multiple of its length."""
        return self.paper.base - self.paper.base % self.count

    def _lay(self) -> None:
        rows = -(-(self.paper.end - self._origin) // self.count)
        size = Size(self._width, max(rows, 1))
        if self.virtual_size != size:
            self.virtual_size = size

    def on_resize(self) -> None:
        self._lay()
        self._follow()
        self.refresh()

    # -- moving ----------------------------------------------------------------------------

    def go(self, address: int, *, found: Range | None = None, top: bool = False) -> None:
        """Put the cursor there; `found` stands out, `top` makes it the first row."""
        before, self._found = (self.cursor, self._found), found
        self.cursor = max(self.paper.base, min(address, self.paper.end - 1))
        self._follow(top=top)
        if before != (self.cursor, found) or self.begun is not None:
            self.refresh()
        self.post_message(self.Moved())

    def _follow(self, *, top: bool = False) -> None:
        row = (self.cursor - self._origin) // self.count
        first, height = self.scroll_offset.y, max(self.size.height, 1)
        if top:
            first = row
        elif not first - height <= row < first + 2 * height:  # a jump: what is around it counts
            first = max(0, row - height // 4)
        elif row < first:
            first = row
        elif row >= first + height:
            first = row - height + 1
        if first != self.scroll_offset.y:
            self.scroll_to(y=first, animate=False, immediate=True, force=True)

    def mark(self) -> None:
        """Begin a mark at the cursor, or drop it."""
        self.begun = self.cursor if self.begun is None else None
        self.refresh()

    def action_rows(self, by: int) -> None:
        self._step(by * self.count)

    def action_bytes(self, by: int) -> None:
        self._step(by)

    def action_pages(self, by: int) -> None:
        self._step(by * max(self.size.height, 1) * self.count, page=True)

    def action_edge(self, last: int) -> None:
        self.go(self.paper.end - 1 if last else self.paper.base)

    def action_choose(self) -> None:
        self.post_message(self.Chosen())

    def _step(self, by: int, *, page: bool = False) -> None:
        wanted = self.cursor + by
        inside = self.paper.base <= wanted < self.paper.end
        if not inside and abs(by) == self.count:
            return  # the arrow stays in its column
        if page:
            first = max(0, self.scroll_offset.y + by // self.count)
            last = max(0, self.virtual_size.height - self.size.height)
            self.scroll_to(y=min(first, last), animate=False, immediate=True, force=True)
        self.go(wanted)

    # -- painting --------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        count = self.count
        start = self._origin + (y + self.scroll_offset.y) * count
        base = self.rich_style
        if start >= self.paper.end:
            return Strip.blank(self.size.width, base)
        paper, pad = self.paper, 0
        if start < paper.base:  # a part of a flash that begins inside of a row
            pad = paper.base - start
            paper = replace(paper, data=bytes(pad) + paper.data[: count - pad], base=start,
                            unread=(Range(start, start + pad), *paper.unread))  # fmt: skip
        runs = row_of(
            paper, start, count,
            cursor=self.cursor, marked=self.marked, found=self._found,
        )  # fmt: skip
        segments = [Segment(run.text, self._style(run.tone, run.look)) for run in runs]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _style(self, tone: int, look: str) -> Style:
        known = self._styles.get((tone, look))
        if known is None:
            known = self.get_component_rich_style(f"hex--{look}") if look else self.rich_style
            if tone in _TONES:
                known += Style.parse(_TONES[tone])
            self._styles[tone, look] = known
        return known

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()
