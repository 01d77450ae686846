"""Cards of the OpenBK pane: a long list found by typing, and a text of several lines."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from tui.text import clean
from tui.widgets.dialog import Dialog, PickDialog


def matching(choices: tuple[str, ...], typed: str) -> list[str]:
    """Those that begin with what was typed, then those that contain it, in their order."""
    low = typed.strip().lower()
    first = [name for name in choices if name.lower().startswith(low)]
    rest = [name for name in choices if low in name.lower() and name not in first]
    exact = [name for name in first if name.lower() == low]
    return [*exact, *(name for name in first if name not in exact), *rest]


class PickAgain(PickDialog):
    """A short list that keeps its order; the cursor begins on `now`, what was taken last."""

    def __init__(self, title: str, choices: list[tuple[str, str]], now: str) -> None:
        super().__init__(title, choices)
        values = [value for value, _text in choices]
        self._first = values.index(now) if now and now in values else 0

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = self._first


class ChooseDialog(Dialog[str | None]):
    """One of many names, filtered as you type; Enter takes the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss"),
        Binding("up", "move(-1)"),
        Binding("down", "move(1)"),
        Binding("pageup", "move(-8)"),
        Binding("pagedown", "move(8)"),
    ]

    def __init__(self, title: str, choices: tuple[str, ...], now: str) -> None:
        super().__init__()
        self._title, self._now = title, now
        self._choices = tuple(dict.fromkeys(name for name in choices if name.strip()))
        self._shown = list(self._choices)

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(clean(self._title), markup=False, classes="title")
            line = Input(placeholder="type to find it", compact=True)
            line.cursor_blink = False
            yield line
            yield OptionList(*self._options())
            yield Static("Enter takes, Esc leaves.", classes="hint")

    def on_mount(self) -> None:
        found = self.query_one(OptionList)
        found.can_focus = False
        found.highlighted = self._shown.index(self._now) if self._now in self._shown else 0

    def _options(self) -> list[Option]:
        return [Option(Content(clean(name))) for name in self._shown]

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        if not event.value:
            return
        self._shown = matching(self._choices, event.value)
        found = self.query_one(OptionList)
        found.clear_options()
        found.add_options(self._options())
        found.highlighted = 0 if self._shown else None

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.dismiss(self._shown[at])

    def action_move(self, by: int) -> None:
        found = self.query_one(OptionList)
        if self._shown:
            found.highlighted = max(0, min(len(self._shown) - 1, (found.highlighted or 0) + by))


class Area(TextArea):
    """A text area that takes what is pasted once."""

    def on_paste(self, event: events.Paste) -> None:
        event.stop()


class LongDialog(Dialog[str | None]):
    """A text of several lines, such as the startup command or a file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", priority=True),
        Binding("ctrl+s,f2", "take", priority=True),
    ]
    DEFAULT_CSS = """
    LongDialog Area { height: 12; border: none; }
    LongDialog.-wide Area { height: 24; }
    """

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text, self._first = title, text, text

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(clean(self._title), markup=False, classes="title")
            area = Area(self._text, soft_wrap=True, show_line_numbers=False)
            area.cursor_blink = False
            self._first = area.text
            yield area
            unseen = sum(clean(c) != c for c in self._text if c not in "\t\r\n")
            note = f" Characters in it that cannot be shown: {unseen}." if unseen else ""
            yield Static(f"F2 or Ctrl-S takes, Esc leaves.{note}", classes="hint")

    def action_take(self) -> None:
        """What was not edited stays as it was, also ends of lines that Textual does not keep."""
        now = self.query_one(TextArea).text
        self.dismiss(self._text if now == self._first else now)
