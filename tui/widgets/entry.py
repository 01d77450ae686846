"""The line in which a value is typed, with every character of it to be seen."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import Input

from tui.text import clean


class Entry(Input):
    """Shows what steers a terminal as a dot, cell for cell.  The value stays what it is, so that
    reading a name and sending it back changes nothing.  Relies on Textual 8.2, which is pinned."""

    @property
    def _value(self) -> Text:
        if self.password:
            return super()._value
        return Text(clean(self.value), no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return cell_len("•" * position if self.password else clean(self.value[:position]))

    def _cell_offset_to_index(self, offset: int) -> int:
        """Where the mouse points."""
        left = offset + self.scroll_offset.x
        shown = self._value.plain
        for index in range(len(shown)):
            if left < cell_len(shown[: index + 1]):
                return index
        return len(shown)
