"""Where the pane's adverts come from; tests put a source of their own here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.airsource import RadioSource

if TYPE_CHECKING:
    from core.air.feed import Source
    from tui.host import Host


def radio_source(host: Host) -> Source:
    """The radio of this program; what is wrong with it is shown, and it is tried again."""
    return RadioSource(host.tools, persist=True)
