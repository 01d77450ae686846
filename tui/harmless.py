"""The last filter in front of the terminal: nothing that steers it is painted, by any widget."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size, split_graphemes
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui.text import clean


def harmless(text: str) -> str:
    """`text` without what steers a terminal, in just as many cells.

    What took a cell becomes a middle dot; what took none goes, for the columns after it must stay.
    """
    if clean(text) == text:
        return text
    clusters, _ = split_graphemes(text)
    return _sized("".join(_cluster(text[a:b], width) for a, b, width in clusters), cell_len(text))


def _cluster(text: str, width: int) -> str:
    """One letter with what is joined to it."""
    if clean(text) == text:
        return text
    return _sized("".join(c for c in text if clean(c) == c) or "·" * width, width)


def _sized(text: str, width: int) -> str:
    return text if cell_len(text) == width else set_cell_size(text, width)


class Harmless(LineFilter):
    """Names from a wire, the air, a dump or a file, wherever they stand: also in a line that is
    edited, which Textual paints as it is."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(harmless(text), style, control) for text, style, control in segments]
