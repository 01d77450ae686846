"""`screens.md`: its marked parts are made from the registry and the goldens.

`python tests/tui/screens_page.py` writes them anew; a test compares.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "screens.md"
GOLDENS = Path(__file__).parent / "goldens"
PART = re.compile(r"(<!-- (keys|screen) ([\w-]+) -->\n).*?(<!-- end -->)", re.S)


def keys(name: str) -> str:
    """The key table of one pane, or of the app."""
    from tui.actions import APP_ACTIONS, panes

    actions = (
        APP_ACTIONS
        if name == "app"
        else next(pane.actions for pane in panes() if pane.name == name)
    )
    rows = [f"| {a.key_text} | {a.label} | {a.help} |" for a in actions]
    return "\n".join(["| key | label | what it does |", "|---|---|---|", *rows])


def screen(name: str) -> str:
    """One golden at 80x24."""
    text = (GOLDENS / f"{name}-80x24.txt").read_text(encoding="utf-8").rstrip("\n")
    return f"```\n{text}\n```"


def made(page: str) -> str:
    """The page with every marked part as it should be."""

    def part(found: re.Match[str]) -> str:
        body = (keys if found[2] == "keys" else screen)(found[3])
        return f"{found[1]}{body}\n{found[4]}"

    return PART.sub(part, page)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(made(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
