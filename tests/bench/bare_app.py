"""A Textual app of the same kind with nothing behind it: the widgets of a Flash pane, all stock.

What `startup.py` holds our first paint against.  It says READY in its middle.
"""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Input, Static

LABELS = ("Port", "Supply", "Reset lead", "Image", "Backup", "Speed")
STEPS = ("Safety", "Link", "Identify", "Read", "Keep", "Plan", "Write", "Verify")


class Pane(Screen[None]):
    BINDINGS: list[BindingType] = [  # noqa: RUF012 - as Textual wants it
        Binding("b", "act('backup')", "Backup"),
        Binding("f", "act('flash')", "Flash"),
        Binding("q", "act('quit')", "Quit"),
    ]

    def compose(self) -> ComposeResult:
        yield Static("1 Flash  2 Backup  3 Scan", classes="line")
        with Horizontal(id="top"):
            with Vertical(id="form"):
                yield Static("\n".join(f"{label:<12}none" for label in LABELS))
                yield Input()
            yield Static("\n".join(STEPS), id="steps")
        yield Static("no device", classes="line")
        with ContentSwitcher(id="middle", initial="wiring"):
            yield Static("READY", id="wiring")
            yield Static("\n".join("." * 64 for _ in range(8)), id="map")
            with VerticalScroll(id="plan"):
                yield Static()
        yield Static("0 %", classes="line")
        yield Static("idle", classes="line")
        yield Footer()


class Bare(App[None]):
    MODES = {"pane": Pane}  # noqa: RUF012 - as Textual wants it
    CSS = """
    .line { height: 1; background: $surface; }
    #top { height: 9; }
    #form { width: 2fr; }
    #steps { width: 1fr; color: $text-muted; }
    #middle { height: 1fr; }
    """

    def on_mount(self) -> None:
        self.switch_mode("pane")


if __name__ == "__main__":
    Bare().run(mouse=False)
