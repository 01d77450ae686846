"""The flash as cells, one a sector, 64 a row where there is room: what a job did to each."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

ROWS = (64, 48, 32, 16)
LABEL = 8
SECTOR = 4096

# cell of core.beken.cells -> (sign, plain sign, component class)
LOOK = {
    " ": ("·", ".", "map--untouched"),
    "_": ("░", "_", "map--blank"),
    "r": ("▒", "r", "map--read"),
    "R": ("▓", "R", "map--proven"),
    "k": ("=", "k", "map--kept"),
    "e": ("-", "e", "map--erased"),
    "w": ("▄", "w", "map--written"),
    "W": ("█", "W", "map--done"),
    "!": ("!", "!", "map--failed"),
}
LEGEND = ((" ", "not yet"), ("_", "blank"), ("r", "read"), ("R", "proven"), ("k", "kept"),
          ("e", "erased"), ("W", "written"), ("!", "failed"))  # fmt: skip


class FlashMap(Widget):
    """Rows of cells with the address of each row's first sector.  Repaints changed rows only."""

    COMPONENT_CLASSES = {entry[2] for entry in LOOK.values()} | {"map--label"}

    def __init__(self, *, plain: bool) -> None:
        super().__init__(id="map")
        self._cells = " " * 512
        self._plain = plain

    @property
    def _row(self) -> int:
        """Cells in a row."""
        return next((n for n in ROWS if LABEL + n <= self.content_size.width), ROWS[-1])

    def show(self, cells: str) -> None:
        """Show these cells; only rows that differ are painted."""
        if not cells or cells == self._cells:
            return
        old, self._cells = self._cells, cells
        size = self._row
        for row in range((len(cells) + size - 1) // size):
            part = slice(row * size, (row + 1) * size)
            if old[part] != cells[part]:
                self.refresh(Region(0, row, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        row = self._row
        cells = self._cells[y * row : (y + 1) * row]
        if not cells:
            if y == (len(self._cells) + row - 1) // row:
                return self._legend()
            return Strip.blank(self.size.width, self.rich_style)
        label = f"{y * row * SECTOR:06X}  "
        segments = [Segment(label, self.get_component_rich_style("map--label"))]
        segments += self._runs(cells)
        strip = Strip(segments, LABEL + len(cells))
        return strip.adjust_cell_length(self.size.width, self.rich_style)

    def _runs(self, cells: str) -> list[Segment]:
        found: list[Segment] = []
        start = 0
        for at in range(1, len(cells) + 1):
            if at == len(cells) or cells[at] != cells[start]:
                sign, style = self._look(cells[start])
                found.append(Segment(sign * (at - start), style))
                start = at
        return found

    def _look(self, cell: str) -> tuple[str, Style]:
        sign, plain, name = LOOK.get(cell, LOOK["!"])
        return (plain if self._plain else sign), self.get_component_rich_style(name)

    def _legend(self) -> Strip:
        base = self.get_component_rich_style("map--label")
        segments = [Segment(" " * LABEL, base)]
        for cell, text in LEGEND:
            sign, style = self._look(cell)
            segments += [Segment(sign, style), Segment(f" {text} ", base)]
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)
