"""What an earlier session left that somebody must look at before anything else."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.widgets.dialog import TOO_SOON, TextDialog

if TYPE_CHECKING:
    from tui.app import WattbenchApp

TITLE = "Look at the load first"


class LeftCard(TextDialog):
    """Is closed only by a key that comes when it could have been read: it is said once."""

    def __init__(self, text: str, settle: Callable[[], float]) -> None:
        super().__init__(TITLE, text)
        self._settle = settle
        self._since = math.inf

    def on_mount(self) -> None:
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self._since = asyncio.get_running_loop().time()

    async def action_dismiss(self, result: None = None) -> None:
        now = asyncio.get_running_loop().time()
        if self._settle() > 0 and now - self._since < self._settle():
            self._since = now  # a held key waits anew
            self.say(TOO_SOON)
            return
        await super().action_dismiss(result)


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

    text = "\n\n".join(device.text for device in left)
    app.push_screen(LeftCard(text, lambda: app.settle), closed)
    app.tick()
