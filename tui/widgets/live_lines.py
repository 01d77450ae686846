"""Lines that change while they are looked at: only those that differ are painted.

What a line holds is asked for when it is visible.  `show` compares the visible lines with what
was painted last, so nothing is sent to the terminal when nothing changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

Piece = tuple[str, str]
"""Text, already clean, and the name of its look: one of LOOKS."""
Line = tuple[Piece, ...]

LOOKS = ("", "strong", "faint", "good", "warn", "bad", "here", "head")


def no_line(_y: int) -> Line:
    """Nothing yet."""
    return ()


class LiveLines(ScrollView, can_focus=True):
    """Any number of lines.  Scrolls; has no cursor of its own."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"live--{look}" for look in LOOKS if look}
    DEFAULT_CSS = """
    LiveLines { height: 1fr; overflow-x: hidden; scrollbar-size: 0 1; }
    LiveLines > .live--strong { text-style: bold; }
    LiveLines > .live--faint { color: $foreground 60%; }
    LiveLines > .live--good { color: $success; }
    LiveLines > .live--warn { color: $warning; text-style: bold; }
    LiveLines > .live--bad { color: $error; text-style: bold; }
    LiveLines > .live--here { text-style: reverse; }
    LiveLines > .live--head { text-style: bold underline; }
    """

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._count = 0
        self._line_at: Callable[[int], Line] = no_line
        self._painted: dict[int, Line] = {}

    def show(self, count: int, line_at: Callable[[int], Line]) -> None:
        """These lines from now on; the visible ones that differ are painted."""
        self._line_at = line_at
        if count != self._count:
            self._count = count
            self.virtual_size = Size(self.size.width, count)
        top = self.scroll_offset.y
        visible = range(top, top + self.size.height)
        self._painted = {y: line for y, line in self._painted.items() if y in visible}
        for y in visible:
            line = line_at(y) if y < count else ()
            if self._painted.get(y) != line:
                self.refresh_lines(y, 1)

    def render_line(self, y: int) -> Strip:
        y += self.scroll_offset.y
        line = self._line_at(y) if y < self._count else ()
        self._painted[y] = line
        base = self.rich_style
        segments = [
            Segment(text, self.get_component_rich_style(f"live--{look}") if look else base)
            for text, look in line
        ]
        strip = Strip(segments, sum(cell_len(text) for text, _look in line))
        return strip.adjust_cell_length(self.size.width, base)

    def notify_style_update(self) -> None:
        self._painted.clear()
        super().notify_style_update()


class LiveTable(LiveLines):
    """Rows with a cursor that stays with its row, whatever the order.

    `rows` are (key, height) in order; `paint` gives one line of a row, and is told whether the
    cursor is there.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
        Binding("enter", "choose", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row."""

    class Chosen(Message):
        """Enter on a row."""

    def __init__(self, id: str, paint: Callable[[str, int, bool], Line]) -> None:  # noqa: A002
        super().__init__(id)
        self._paint = paint
        self._rows: list[tuple[str, int]] = []
        self._places: list[tuple[int, int]] = []
        self._starts: list[int] = []
        self._at = 0
        self.key = ""

    def show_rows(self, rows: list[tuple[str, int]]) -> None:
        """These rows from now on."""
        if rows != self._rows:
            self._rows = rows
            self._places, self._starts = [], []
            for number, (_key, height) in enumerate(rows):
                self._starts.append(len(self._places))
                self._places += [(number, part) for part in range(height)]
            keys = [key for key, _height in rows]
            if self.key in keys:
                self._at = keys.index(self.key)
            else:
                self._at = max(0, min(self._at, len(rows) - 1))
                self._follow()
        self.again()

    def select(self, key: str) -> None:
        """Put the cursor on the row of that name, if there is one."""
        keys = [name for name, _height in self._rows]
        if key in keys:
            self.action_move(keys.index(key) - self._at)

    def again(self) -> None:
        """Paint what differs."""
        self.show(len(self._places), self._line)

    def _line(self, y: int) -> Line:
        number, part = self._places[y]
        return self._paint(self._rows[number][0], part, number == self._at and self.has_focus)

    def on_focus(self) -> None:
        self.again()

    def on_blur(self) -> None:
        self.again()

    def action_move(self, by: int) -> None:
        at = max(0, min(len(self._rows) - 1, self._at + by))
        if at != self._at:
            self._at = at
            self._follow()
            self._scroll_to_cursor()
        self.again()

    def action_page(self, by: int) -> None:
        height = self._rows[self._at][1] if self._rows else 1
        self.action_move(by * max(1, self.size.height // max(height, 1) - 1))

    def action_choose(self) -> None:
        if self._rows:
            self.post_message(self.Chosen())

    def _follow(self) -> None:
        key = self._rows[self._at][0] if self._rows else ""
        if key != self.key:
            self.key = key
            self.post_message(self.Moved())

    def _scroll_to_cursor(self) -> None:
        top, height = self._starts[self._at], self._rows[self._at][1]
        first, room = self.scroll_offset.y, self.size.height
        if top < first:
            self.scroll_to(y=top, animate=False)
        elif top + height > first + room:
            self.scroll_to(y=top + height - room, animate=False)
