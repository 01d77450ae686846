"""Words and small pictures of the Scan pane: bars, sparklines, ages, short names."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import set_cell_size

from core.air.meters import NAME
from core.air.views import DeviceView
from tui.text import clean
from tui.widgets.prose import fit

BARS = "▁▂▃▄▅▆▇█"
PLAIN_BARS = "_.:-=+*#"
WEAKEST, STRONGEST = -100.0, -40.0


def cell(text: str, width: int, *, right: bool = False) -> str:
    """Text in exactly `width` cells."""
    shown = fit(text, width)
    if right:
        return (
            " " * (width - len(shown)) + shown if shown.isascii() else set_cell_size(shown, width)
        )
    return shown.ljust(width) if shown.isascii() else set_cell_size(shown, width)


def short_name(view: DeviceView) -> str:
    """A meter by the end of its address, others by their name, else the address."""
    if view.meter:
        return f"meter {view.address[-8:].replace(':', '')}"
    if view.name.startswith(NAME):
        return view.name
    return clean(view.name).strip() or view.address


def age(seconds: float) -> str:
    """How long ago, without flicker while it goes well."""
    if seconds < 5:
        return "now"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"


def pace(per_minute: float) -> str:
    """Frames a minute to two digits: the third is noise."""
    if per_minute < 100:
        return f"{per_minute:.0f}"
    return f"{round(per_minute, -1):.0f}"


def strength(rssi: float, *, plain: bool, width: int = 4) -> str:
    """A bar for an RSSI in dBm."""
    full = (rssi - WEAKEST) / (STRONGEST - WEAKEST) * width
    sign = "#" if plain else "█"
    return (sign * max(0, min(width, round(full)))).ljust(width, "." if plain else "░")


def sparkline(series: Sequence[float | None], width: int, *, plain: bool) -> str:
    """A series in `width` cells, oldest left; a gap where nothing was heard."""
    values = _squeezed(series, width)
    known = [value for value in values if value is not None]
    if not known:
        return ""
    least, most = min(known), max(known)
    bars = PLAIN_BARS if plain else BARS
    span = most - least

    def bar(value: float | None) -> str:
        if value is None:
            return " "
        return bars[round((value - least) / span * 7)] if span else bars[3]

    return "".join(map(bar, values))


def _squeezed(series: Sequence[float | None], width: int) -> list[float | None]:
    """The newest of each group that shares a cell."""
    if width >= len(series):
        return list(series)
    found: list[float | None] = []
    for at in range(width):
        group = series[at * len(series) // width : (at + 1) * len(series) // width]
        found.append(next((v for v in reversed(group) if v is not None), None))
    return found
