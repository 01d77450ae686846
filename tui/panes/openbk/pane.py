"""The OpenBK pane, made when it is first opened.

What it needs of core (HTTP above all) takes longer to load than the rest of the screen, and most
sessions never look at this pane.
"""

from __future__ import annotations

from tui.panes.base import BasePane


class Pane(BasePane):
    """Stands for the pane until there is one: making it gives the real one."""

    def __new__(cls, id: str) -> BasePane:  # type: ignore[misc]  # noqa: A002 - Textual's name
        from tui.panes.openbk.front import OpenBkPane

        return OpenBkPane(id)
