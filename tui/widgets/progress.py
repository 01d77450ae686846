"""How far a step is, on one line: bar, share, amount, speed, time left."""

from __future__ import annotations

from core.events import Progress
from tui.look import Glyphs
from tui.text import duration, rate, size

WORDS = 47
"""Columns of everything but the bar."""
SHORTEST = 8


def progress_text(progress: Progress, signs: Glyphs, width: int) -> str:
    """The line for a `progress` whose total is known, at most `width` columns where that is
    possible."""
    room = max(width - WORDS, SHORTEST)
    done, total, unit = progress.done, progress.total, progress.unit
    full = min(room * done // total, room)
    return (
        f"{signs.full * full}{signs.empty * (room - full)} {100 * done // total:3d} %  "
        f"{size(done, unit):>8} of {size(total, unit)}  "
        f"{rate(progress.rate, unit):>10}  {duration(progress.left):>5}"
    )
