"""The console: a line to the device, what it says, and the lines before."""

from __future__ import annotations

import queue
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static

from core.fault import Fault
from core.openbk.console import Prepared, Spoken
from tui.panes.openbk.link import DeviceLink
from tui.text import clean
from tui.widgets.dialog import Dialog

LOOK = 0.1
KEPT = 200
SENDS = "Enter sends, up brings back the line before, Esc leaves."
ASKS = "yes and Enter sends it; anything else does not, nor does Esc."


class ConsoleDialog(Dialog[None]):
    """Commands as the device knows them; up and down bring back the lines before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss"),
        Binding("up", "recall(-1)"),
        Binding("down", "recall(1)"),
    ]
    DEFAULT_CSS = """
    ConsoleDialog VerticalScroll { height: 12; }
    ConsoleDialog.-wide VerticalScroll { height: 28; }
    """

    def __init__(self, link: DeviceLink) -> None:
        super().__init__()
        self._link = link
        self._answers: queue.SimpleQueue[Prepared | Spoken | Fault] = queue.SimpleQueue()
        self._open: Prepared | None = None
        self._lines: list[str] = []
        self._typed: list[str] = []
        self._at = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(f"Console of {clean(self._link.address)}", classes="title", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static("", id="answers", markup=False)
            line = Input(compact=True, select_on_focus=False)
            line.cursor_blink = False
            yield line
            yield Static(SENDS, id="how", classes="hint", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.set_interval(LOOK, self.look)

    @on(Input.Submitted)
    def _send(self, event: Input.Submitted) -> None:
        event.stop()
        line = event.value.strip()
        if not line:
            return
        event.input.clear()
        if self._open is not None:
            self._answer(self._open, line)
            return
        self._typed = [*(old for old in self._typed if old != line), line]
        self._at = len(self._typed)
        self._say(f"> {line}")
        self._link.speak(line, self._answers.put)

    def _answer(self, ready: Prepared, line: str) -> None:
        """To the question that is open: only a whole yes sends."""
        self._say(f"> {line}")
        self._ask(None)
        if line.lower() == "yes":
            self._link.send(ready, self._answers.put)
        else:
            self._say("  not sent")

    def _ask(self, ready: Prepared | None) -> None:
        self._open = ready
        self.query_one("#how", Static).update(SENDS if ready is None else ASKS)
        if ready is not None and ready.question is not None:
            for text in ready.question.text.splitlines():
                self._say(f"? {text}")

    def action_recall(self, by: int) -> None:
        self._at = max(0, min(len(self._typed), self._at + by))
        line = self.query_one(Input)
        line.value = self._typed[self._at] if self._at < len(self._typed) else ""
        line.action_end()

    def look(self) -> None:
        """Show what was answered meanwhile."""
        while not self._answers.empty():
            answer = self._answers.get_nowait()
            if isinstance(answer, Fault):
                self._say(f"{answer.code}: {answer.what} {answer.next}")
                continue
            if isinstance(answer, Prepared):
                self._ask(answer)
                continue
            for note in answer.notes:
                self._say(f"  {note}")
            self._say(f"  {'ok' if answer.ok else 'refused'}: {answer.text}")
            for text in answer.log:
                self._say(f"  {text}")

    def _say(self, text: str) -> None:
        self._lines = [*self._lines, *map(clean, text.splitlines())][-KEPT:]
        self.query_one("#answers", Static).update("\n".join(self._lines))
        self.query_one(VerticalScroll).scroll_end(animate=False)
