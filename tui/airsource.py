"""The radio of this program as a source of the feed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.fault import Fault

if TYPE_CHECKING:
    from core.air.feed import Hear
    from core.radio.radio import Listening, Radio
    from tui.work import Tools


class RadioSource:
    """Listens as long as it runs.  With `persist` a radio that does not work shows in `fault` and
    is tried again; else the fault is raised.  All of it belongs to core's loop."""

    def __init__(self, tools: Tools, adapter: str = "", *, persist: bool, everything: bool = False):
        self._tools, self._adapter = tools, adapter
        self._persist, self._everything = persist, everything
        self._radio: Radio | None = None
        self._lease: Listening | None = None

    @property
    def says(self) -> str:
        """How the radio listens."""
        if self._radio is None:
            return "the radio starts"
        return self._radio.status.text(asyncio.get_running_loop().time())

    @property
    def hint(self) -> str:
        """What this way of listening costs, and the way out; empty where it costs nothing."""
        if self._radio is None:
            return ""
        status = self._radio.status
        return f"{status.cost} {status.remedy}".strip()

    @property
    def fault(self) -> Fault | None:
        """Why nothing is heard, if the radio does not work now."""
        return self._radio.status.fault if self._radio is not None else None

    def hear_everything(self, on: bool) -> None:
        """Also hear what is not BTHome."""
        self._everything = on
        if self._lease is not None:
            self._lease.hear_everything(on)

    async def run(self, hear: Hear) -> None:
        """Listen until cancelled.  Raises the radio's faults unless it persists."""
        self._radio = self._tools.radio(self._adapter)
        self._lease = await self._radio.listen(
            hear, everything=self._everything, persist=self._persist
        )
        try:
            await asyncio.Event().wait()
        finally:
            await self._lease.close()
