"""One line to type into, in front of the pane."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.text import clean
from tui.widgets.dialog import Dialog


class AskDialog(Dialog[None]):
    """Enter gives the text to `take`, which raises ValueError with a sentence to refuse it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss")]

    def __init__(self, title: str, hint: str, text: str, take: Callable[[str], None]) -> None:
        super().__init__()
        self._title, self._hint, self._text, self._take = title, hint, text, take

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(clean(self._title), markup=False, classes="title")
            line = Input(self._text, select_on_focus=True, compact=True)
            line.cursor_blink = False
            yield line
            yield Static("", id="verdict", markup=False)
            hint = f"{self._hint} Enter takes, Esc leaves."
            yield Static(hint, markup=False, classes="hint")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self._take(event.value)
        except ValueError as error:
            self.query_one("#verdict", Static).update(clean(str(error)))
        else:
            self.dismiss()
