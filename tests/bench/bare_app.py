"""A Textual app of the same kind with nothing behind it: a form, a table of cells, a key line.

What `startup.py` holds our first paint against.  It says READY in its last line.
"""

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Footer, Static


class Pane(Screen[None]):
    BINDINGS = [Binding("b", "act('backup')", "Backup"), Binding("f", "act('flash')", "Flash")]  # noqa: RUF012 - as Textual wants it

    def compose(self) -> ComposeResult:
        with Vertical():
            for label in ("Port", "Chip", "Supply", "Image", "Backup"):
                yield Static(f"{label:<10}none")
            yield Static("\n".join("." * 64 for _ in range(8)))
            yield Static("READY")
        yield Footer()


class Bare(App[None]):
    MODES = {"pane": Pane}  # noqa: RUF012 - as Textual wants it

    def on_mount(self) -> None:
        self.switch_mode("pane")


if __name__ == "__main__":
    Bare().run(mouse=False)
