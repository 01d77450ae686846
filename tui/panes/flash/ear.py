"""The boot log that the Flash pane listens to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from queue import Empty
from typing import TYPE_CHECKING

from tui.host import Host
from tui.widgets.prose import fold

if TYPE_CHECKING:
    from core.beken.bootlog import Verdict
    from core.beken.tasks.console import Heard
    from tui.plug_setup import Listening

KEPT = 500
"""Lines of the log that are kept."""
MOST = 3
"""Lines in which the verdict is said."""


class Ear:
    """Listens on demand, and keeps what it heard last."""

    def __init__(self) -> None:
        self._listening: Listening | None = None
        self.lines: list[str] = []
        self.verdict: Verdict | None = None

    @property
    def open(self) -> bool:
        """Whether it listens just now, and has the port."""
        return self._listening is not None

    def start(self, host: Host, port: str) -> None:
        """Listen at `port` until `end`.  What was heard before is forgotten."""
        from tui.plug_setup import Listening

        self.lines, self.verdict = [], None
        self._listening = Listening(host, port)

    def end(self) -> None:
        """Listen no longer; the rest of what was heard still comes."""
        if self._listening is not None:
            self._listening.end()

    def take(self) -> bool:
        """Take in what came since the last time; False when that is nothing.

        Raises the fault that ended the listening, if one did.
        """
        listening, heard = self._listening, list(self._taken())
        ended = bool(heard) and heard[-1] is None  # nothing comes after it
        for item in heard:
            if item is not None:
                self.lines = [*self.lines, *item.lines][-KEPT:]
                self.verdict = item.verdict
        if ended and listening is not None:
            self._listening = None
            listening.check()
        return bool(heard)

    def _taken(self) -> Iterator[Heard | None]:
        """What is in the queue now."""
        if self._listening is not None:
            with contextlib.suppress(Empty):
                while True:
                    yield self._listening.heard.get_nowait()

    def meaning(self, width: int) -> str:
        """The verdict on the log, and what to do, in at most three lines; empty before there is
        one."""
        from core.beken.bootlog import MEANING

        if self.verdict is None:
            return ""
        meaning = MEANING[self.verdict]
        text = f"{self.verdict.capitalize()}: {meaning.what} {meaning.next}"
        return "\n".join(fold(text, width)[:MOST])
