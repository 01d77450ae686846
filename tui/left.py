"""What an earlier session left that somebody must look at before anything else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.widgets.dialog import TextDialog

if TYPE_CHECKING:
    from tui.app import WattbenchApp

TITLE = "Look at the load first"


async def say_left_relays(app: WattbenchApp) -> None:
    """A card, and the line of the job bar, for relays that a cut-off job may have left on.  It is
    said at every start until somebody has closed the card."""
    store = app.host.store
    if not any(store.devices.root.glob("*.toml")):
        return
    from core.openbk.lost import marked, were_said

    left = await asyncio.to_thread(marked, store)
    if not left:
        return
    names = ", ".join(device.name for device in left)
    app.model.left_behind = f"A relay may have been left on: {names}."

    def closed(_answer: None) -> None:
        were_said(store, left)

    card = TextDialog(TITLE, "\n\n".join(device.text for device in left))
    app.push_screen(card, closed)
    app.tick()
