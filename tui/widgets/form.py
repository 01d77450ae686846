"""A form in two states.  Moving: arrows go between fields and every letter is a command.
Editing: Enter starts it, Enter takes, Esc leaves; only then are letters typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from tui.widgets.entry import Entry
from tui.widgets.prose import fit, fit_end


@dataclass(frozen=True, slots=True)
class Field:
    """One row.  `choices` are (value, text) pairs to pick from; without any, text is typed.
    `shown` is what stands there instead of the value."""

    name: str
    label: str
    value: str = ""
    shown: str = ""
    choices: tuple[tuple[str, str], ...] = ()


class _Rows(Widget, can_focus=True):
    """The rows; owns the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("left", "cycle(-1)", show=False),
        Binding("right", "cycle(1)", show=False),
        Binding("enter", "open", show=False),
    ]

    def __init__(self, cursor_glyph: str) -> None:
        super().__init__(id="rows")
        self._glyph = cursor_glyph
        self.fields: tuple[Field, ...] = ()
        self.cursor = 0
        self.marked = False  # while the field under the cursor is edited below

    def render(self) -> Content:
        width = max((len(f.label) for f in self.fields), default=0)
        room = max(self.size.width - width - 4, 8)
        lines = []
        for number, row in enumerate(self.fields):
            here = number == self.cursor and (self.has_focus or self.marked)
            said = row.shown or row.value or "-"
            text = fit(said, room) if row.choices else fit_end(said, room)
            style = "reverse" if here else ""
            mark = self._glyph if here else " "
            lines.append(
                Content.assemble(f"{mark} ", (f"{row.label:<{width}}", "bold"), "  ", (text, style))
            )
        return Content("\n").join(lines)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def action_move(self, by: int) -> None:
        self.cursor = max(0, min(len(self.fields) - 1, self.cursor + by))
        self.refresh()

    def action_cycle(self, by: int) -> None:
        row = self.fields[self.cursor]
        values = [value for value, _text in row.choices if value]
        if values:
            at = values.index(row.value) if row.value in values else -1 if by > 0 else 0
            self.post_message(Form.Changed(row.name, values[(at + by) % len(values)]))

    def action_open(self) -> None:
        self.post_message(Form.Opened(self.fields[self.cursor]))


class Form(Vertical):
    """Rows, and under them the line in which a field is edited."""

    class Changed(Message):
        """A field has a new value."""

        def __init__(self, name: str, value: str) -> None:
            super().__init__()
            self.name, self.value = name, value

    class Opened(Message):
        """Enter on a field: pick or edit, as the pane decides."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

    def __init__(self, cursor_glyph: str) -> None:
        super().__init__(id="form")
        self._rows = _Rows(cursor_glyph)
        self._edited = ""

    def compose(self) -> ComposeResult:
        yield self._rows
        line = Entry(id="edit", select_on_focus=False, compact=True)
        line.cursor_blink = False
        line.display = False
        yield line

    @property
    def editing(self) -> bool:
        """True while letters are typed."""
        return bool(self._edited)

    @property
    def edited(self) -> str:
        """The name of the field that is edited; empty when none is."""
        return self._edited

    def show(self, fields: tuple[Field, ...]) -> None:
        """Show these rows; paints only when they changed."""
        if fields != self._rows.fields:
            self._rows.fields = fields
            self._rows.refresh(layout=True)

    def focus_rows(self) -> None:
        self._rows.focus()

    def edit(self, row: Field) -> None:
        """Start editing a field."""
        self._edited = row.name
        self._rows.marked = True
        line = self.query_one("#edit", Input)
        line.value = row.value
        line.display = True
        line.focus()
        self.call_after_refresh(line.action_end)  # once it has its width
        self.post_message(Form.Changed("", ""))

    def _leave(self) -> None:
        self._edited = ""
        self._rows.marked = False
        self.query_one("#edit", Input).display = False
        self._rows.focus()

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        name = self._edited
        self._leave()
        self.post_message(Form.Changed(name, event.value.strip()))

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape" and self.editing:
            event.stop()
            self._leave()
            self.post_message(Form.Changed("", ""))
