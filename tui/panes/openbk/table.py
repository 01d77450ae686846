"""The rows of the form, with the keys of a table: sections, marks, emptying a field."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from tui.widgets.live_lines import LiveTable


class SheetTable(LiveTable):
    """Left and right go to the next section; Space marks or switches, * marks all that answer,
    - none; Delete empties a field, or takes a device off the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "told('left')", show=False),
        Binding("right", "told('right')", show=False),
        Binding("space", "told('mark')", show=False),
        Binding("asterisk", "told('all')", show=False),
        Binding("minus", "told('none')", show=False),
        Binding("delete", "told('empty')", show=False),
        Binding("backspace", "told('wipe')", show=False),
    ]

    class Told(Message):
        """One of these keys; `what` is the command."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    def action_told(self, what: str) -> None:
        self.post_message(self.Told(what))
