"""One registry of actions.  Keys, key line, help, palette and `screens.md` all come from here.

A pane's actions are data in `tui/panes/<pane>/actions.py`, collected by folder: adding a pane
adds a folder and edits nothing.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Action:
    """Something a key does.  `name` is the method `do_<name>` of the pane, or of the app.

    `label` stands on the key line, `help` is a sentence.  More keys are separated by commas.
    `shown` puts it on the key line.
    """

    name: str
    key: str
    label: str
    help: str
    shown: bool = True

    @property
    def keys(self) -> list[str]:
        """Keys as Textual names them."""
        return self.key.split(",")

    @property
    def key_text(self) -> str:
        """The first key as it is printed."""
        return key_text(self.keys[0])


@dataclass(frozen=True, slots=True)
class PaneInfo:
    """A pane: its folder, the digit that opens it, its title, what it is for, its actions."""

    name: str
    digit: str
    title: str
    about: str
    actions: tuple[Action, ...] = ()


APP_ACTIONS = (
    Action("help", "question_mark,f10", "Help", "What this screen is for, and every key of it."),
    Action("palette", "colon,ctrl+p", "Palette", "Find any action by name."),
    Action("quit", "q,f12", "Quit", "Leave.  Asks while a job runs."),
    Action("redraw", "ctrl+l", "Redraw", "Paint the whole screen again.", shown=False),
)

_NAMES = {"question_mark": "?", "colon": ":", "slash": "/", "enter": "Enter", "escape": "Esc",
          "space": "Space", "tab": "Tab", "up": "Up", "down": "Down", "ctrl+p": "Ctrl-P",
          "ctrl+l": "Ctrl-L", "pageup": "PgUp", "pagedown": "PgDn"}  # fmt: skip


def key_text(key: str) -> str:
    """A key's name for people."""
    return _NAMES.get(key, key.upper() if key.startswith("f") and len(key) > 1 else key)


def panes() -> list[PaneInfo]:
    """Every pane, by digit."""
    folder = Path(__file__).parent / "panes"
    found = [
        importlib.import_module(f"tui.panes.{path.parent.name}.actions").PANE
        for path in folder.glob("*/actions.py")
    ]
    return sorted(found, key=lambda pane: pane.digit)
