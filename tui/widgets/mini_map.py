"""The whole flash in one line: how much each part holds, what it is, where the cursor stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.hex_paper import Stretch
from tui.widgets.hex_view import LOOKS

_BARS = " ▁▂▃▄▅▆▇█"
_DIGITS = "012345678"
_WORDS = {
    "boot": "bootloader", "code": "code", "header": "header", "download": "download", "rf": "RF",
    "connect": "Wi-Fi", "openbeken": "OpenBeken", "files": "files", "protected": "protected",
    "store": "store", "spare": "spare",
}  # fmt: skip
_SECTOR = 4096


@dataclass(frozen=True, slots=True)
class Plan:
    """What the map shows: `entropy` of every sector in bits a byte, None where nothing was read
    yet; `start` is the address of the first one."""

    start: int = 0
    entropy: Sequence[float | None] = ()
    stretches: Sequence[Stretch] = ()


class MiniMap(Widget):
    """Two lines: bars of entropy, one for some sectors, in the colours of the regions; and which
    colour is what.  `^` stands where the cursor is."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"hex--{look}" for look in LOOKS}
    DEFAULT_CSS = "MiniMap { height: 2; }"

    def __init__(self, *, plain: bool) -> None:
        super().__init__(id="minimap")
        self._signs = _DIGITS if plain else _BARS
        self._plan = Plan()
        self._cursor = 0

    def show(self, plan: Plan, cursor: int) -> None:
        """This flash, with the cursor at that address."""
        if (plan is not self._plan) or self._cell(cursor) != self._cell(self._cursor):
            self._plan, self._cursor = plan, cursor
            self.refresh()
        self._cursor = cursor

    @property
    def _cells(self) -> int:
        return max(1, min(self.size.width - 2, len(self._plan.entropy)))

    def _cell(self, address: int) -> int:
        count = max(len(self._plan.entropy), 1)
        return (address - self._plan.start) // _SECTOR * self._cells // count

    def render_line(self, y: int) -> Strip:
        if not self._plan.entropy:
            return Strip.blank(self.size.width, self.rich_style)
        segments = self._bars() if y == 0 else self._legend()
        return Strip([Segment(" ", self.rich_style), *segments]).adjust_cell_length(
            self.size.width, self.rich_style
        )

    def _bars(self) -> list[Segment]:
        cells, entropy = self._cells, self._plan.entropy
        here = self._cell(self._cursor)
        found = []
        for cell in range(cells):
            first, last = cell * len(entropy) // cells, (cell + 1) * len(entropy) // cells
            part = [bits for bits in entropy[first:last] if bits is not None]
            sign = self._signs[round(sum(part) / len(part))] if part else "?"
            style = self._look(self._plan.start + first * _SECTOR, (last - first) * _SECTOR)
            if cell == here:
                sign, style = (sign if sign != " " else "^"), style + Style(reverse=True)
            found.append(Segment(sign, style))
        return found

    def _look(self, start: int, size: int) -> Style:
        """Of the stretch that has most of start..start+size."""
        shares: dict[str, int] = {}
        for part in self._plan.stretches:
            inside = min(part.end, start + size) - max(part.start, start)
            if inside > 0:
                shares[part.look] = shares.get(part.look, 0) + inside
        if not shares:
            return self.rich_style
        return self.get_component_rich_style(f"hex--{max(shares, key=lambda k: shares[k])}")

    def _legend(self) -> list[Segment]:
        """Each region in the order of the flash, as far as there is room."""
        found, used = [], 0
        for look in dict.fromkeys(part.look for part in self._plan.stretches):
            word = f"{_WORDS[look]} "
            used += len(word)
            if used > self.size.width - 2:
                break
            found.append(Segment(word, self.get_component_rich_style(f"hex--{look}")))
        return found
