"""Paragraphs with labels in front and hanging indents, folded to the width that there is."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells, set_cell_size
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.text import clean


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text that may come from a wire; `label` stands in front of it, `style` is of the text."""

    text: str
    label: str = ""
    style: str = ""


def fold(text: str, width: int, indent: int = 0) -> list[str]:
    """`text`, cleaned, as lines of at most `width` cells; what continues a line has `indent`.

    A word that is longer than a line begins where it stands and is broken at the edge, so that a
    path keeps its place.
    """
    width = max(width, indent + 2)
    found: list[str] = []
    for line in map(clean, text.splitlines()):
        if cell_len(line) != len(line):  # letters of two cells: broken at the edge only
            found += chop_cells(line, width) or [""]
            continue
        found += textwrap.wrap(
            line, width, subsequent_indent=" " * indent, break_on_hyphens=False
        ) or [""]
    return found


def fit(text: str, width: int) -> str:
    """`text`, cleaned, in one line of `width` cells; ~ stands for what is cut off."""
    line = clean(text)
    if cell_len(line) <= width:
        return line
    return f"{chop_cells(line, width - 1)[0]}~" if width > 1 else "~"[:width]


def fit_end(text: str, width: int) -> str:
    """`fit` for what is known by its end, such as a path."""
    line = clean(text)
    if cell_len(line) <= width:
        return line
    return f"~{set_cell_size(line[::-1], max(width - 1, 0))[::-1]}"


class Prose(Widget):
    """Paragraphs one under the other; `indent` is of the lines that continue one."""

    def __init__(self, *paragraphs: Paragraph, indent: int = 0, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._paragraphs, self._indent = paragraphs, indent

    def show(self, *paragraphs: Paragraph) -> None:
        """Show these instead; paints only when they differ."""
        if paragraphs != self._paragraphs:
            self._paragraphs = paragraphs
            self.refresh(layout=True)

    def _lines(self, width: int) -> list[Content]:
        edge = max((len(p.label) for p in self._paragraphs), default=0)
        edge += 2 if edge else 0
        found: list[Content] = []
        for paragraph in self._paragraphs:
            lines = fold(paragraph.text, width - edge, self._indent) or [""]
            for number, line in enumerate(lines):
                label = "" if number else paragraph.label
                parts = ((f"{label:<{edge}}", "bold"), (line, paragraph.style))
                found.append(Content.assemble(*parts))
        return found

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width))
