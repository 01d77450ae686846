"""The rows of the form, with the keys of a table: sections, marks, emptying a field."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from tui.widgets.live_lines import LiveTable


class SheetTable(LiveTable):
    """Left and right go to the next section; Space marks, * all that answer; Delete empties."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "told('left')", show=False),
        Binding("right", "told('right')", show=False),
        Binding("space", "told('mark')", show=False),
        Binding("asterisk", "told('all')", show=False),
        Binding("delete,backspace", "told('empty')", show=False),
    ]

    class Told(Message):
        """One of these keys; `what` is the command."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    def action_told(self, what: str) -> None:
        self.post_message(self.Told(what))
