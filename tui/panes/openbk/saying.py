"""The log below the form: what jobs and the pane itself said."""

from __future__ import annotations

from textual.content import Content

from tui.model import JobView
from tui.panes.base import Line
from tui.panes.openbk.shared import Shared
from tui.text import duration
from tui.widgets.prose import fold

LOG = 40
"""Lines that are kept."""


class Saying(Shared):
    """Keeps and shows the newest lines."""

    _log_last: tuple[float, str] | None = None
    _now: str = ""

    def take_log(self, job: JobView) -> None:
        """What the newest job said since the last look."""
        fresh = []
        for line in reversed(job.log):  # its oldest lines are gone when a job says much
            if line is self._log_last:
                break
            fresh.append(line)
        for t, text in reversed(fresh[:LOG]):
            self.say_line(f"{duration(t):>5}  {self.in_words_here(text)}")
        self._log_last = job.log[-1] if job.log else self._log_last

    def say_line(self, text: str) -> None:
        """A line of the log below the form, once."""
        if not self.said or self.said[-1] != text:
            self.said = [*self.said[-LOG:], text]

    def say_now(self, text: str) -> None:
        """The same of what is true only until the next field, section or device."""
        self.forget_now()
        self.say_line(text)
        self._now = text

    def forget_now(self) -> None:
        """It is not true any more."""
        if self._now:
            self.said = [line for line in self.said if line != self._now]
            self._now = ""

    def show_said(self, width: int) -> None:
        """As much of their end as there is room for."""
        log = self.query_one("#log", Line)
        room = max(log.size.height, 1)
        lines: list[str] = []
        for text in reversed(self.said):
            if len(lines) >= room:
                break
            lines[:0] = fold(text, width, indent=2)
        log.say(Content("\n".join(lines[-room:])))
