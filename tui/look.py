"""How the screen looks: themes, and glyphs with their plain twins.  Meaning never rests on
colour alone."""

from __future__ import annotations

import os
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

BENCH = Theme(
    name="bench",
    primary="#5fafd7",
    secondary="#87afaf",
    warning="#d7af5f",
    error="#ff8787",
    success="#87d787",
    accent="#5fd7d7",
    foreground="#d0d0d0",
    background="#101418",
    surface="#101418",
    panel="#1c242c",
    dark=True,
)
MONO = Theme(
    name="mono",
    ansi=True,
    primary="ansi_default",
    secondary="ansi_default",
    warning="ansi_default",
    error="ansi_default",
    success="ansi_default",
    accent="ansi_default",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "border-blurred": "ansi_default",
        "block-cursor-foreground": "ansi_default",
        "block-cursor-background": "ansi_default",
        "input-cursor-foreground": "ansi_default",
        "input-cursor-background": "ansi_default",
        "input-selection-foreground": "ansi_default",
        "input-selection-background": "ansi_default",
        "screen-selection-foreground": "ansi_default",
        "screen-selection-background": "ansi_default",
    },
)


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Signs that a terminal may not have."""

    ok: str
    fail: str
    now: str
    cursor: str
    full: str
    empty: str
    bar: str


UNICODE = Glyphs("✓", "✗", "▸", "▸", "█", "░", "│")
ASCII = Glyphs("+", "x", ">", ">", "#", ".", "|")


def glyphs(*, ascii_only: bool) -> Glyphs:
    return ASCII if ascii_only else UNICODE


_TWINS = str.maketrans("─━│┃╭╮╰╯┌┐└┘·•…✓✗▸█░▁▂▃▄▅▆▇", "--||++++++++.*~+x>#.#######")


def plain_text(text: str) -> str:
    """`text` in ASCII, cell for cell."""
    if text.isascii():
        return text
    twins = text.translate(_TWINS)
    return "".join(c if c.isascii() else "?" * cell_len(c) for c in twins)


class PlainText(LineFilter):
    """The last word on --ascii: borders, scrollbars and names from elsewhere included."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(plain_text(text), style, control) for text, style, control in segments]


def theme_name(*, mono: bool) -> str:
    """Mono when asked for, the terminal's own colours over SSH or where truecolor is not said."""
    if mono or os.environ.get("NO_COLOR"):
        return "mono"
    if os.environ.get("SSH_CONNECTION") or not os.environ.get("COLORTERM"):
        return "ansi-dark"
    return "bench"
