"""Find an action by name: type some letters, Enter runs the first match or the one under the
cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.widgets.dialog import Dialog


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to run: its name with its key, and what it does."""

    name: str
    key: str
    help: str
    run: Callable[[], None]


class PaletteDialog(Dialog[Entry | None]):
    """All actions that can be had here, filtered as you type."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss"),
        Binding("up", "move(-1)"),
        Binding("down", "move(1)"),
    ]

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__()
        self._entries = entries
        self._shown = entries

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            line = Input(placeholder="type to find an action", compact=True)
            line.cursor_blink = False
            yield line
            yield OptionList(*self._options())
            yield Static("Enter runs it, Esc leaves.", classes="hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self.query_one(OptionList).highlighted = 0

    def _options(self) -> list[Option]:
        return [
            Option(
                Content.assemble(
                    (f"{entry.key:>6}  ", "bold"),
                    (f"{entry.name:<12}", "bold"),
                    entry.help.partition(". ")[0].rstrip("."),
                )
            )
            for entry in self._shown
        ]

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        words = event.value.lower().split()
        self._shown = [
            e for e in self._entries if all(w in f"{e.name} {e.help}".lower() for w in words)
        ]
        found = self.query_one(OptionList)
        found.clear_options()
        found.add_options(self._options())
        found.highlighted = 0 if self._shown else None

    @on(Input.Submitted)
    def _run(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.dismiss(self._shown[at])

    def action_move(self, by: int) -> None:
        found = self.query_one(OptionList)
        if self._shown:
            found.highlighted = max(0, min(len(self._shown) - 1, (found.highlighted or 0) + by))
