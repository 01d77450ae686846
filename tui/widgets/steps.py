"""The steps of a job: sign, name, time; the running one marked."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from tui.look import Glyphs
from tui.model import JobView, Step
from tui.text import clean, duration


class StepList(Widget):
    """One line a phase; the newest at the bottom, older ones scroll out."""

    def __init__(self, signs: Glyphs) -> None:
        super().__init__(id="steps")
        self._signs = signs
        self._lines: list[Content] = []

    def show(self, job: JobView | None) -> None:
        """Show the phases of `job`; paints only when a line changed."""
        lines = [] if job is None else [self._line(step, job.t) for step in job.steps]
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def render(self) -> Content:
        return Content("\n").join(self._lines[-max(self.content_size.height, 1) :])

    def _line(self, step: Step, now: float) -> Content:
        ended = now if step.ended is None else step.ended
        if step.failed:
            sign, style = self._signs.fail, "bold $error"
        elif step.ended is None:
            sign, style = self._signs.now, "bold"
        else:
            sign, style = self._signs.ok, "$success"
        return Content.assemble(
            (f"{sign} ", style),
            f"{f'{step.index}/{step.of}':<5} {clean(step.name):<19.19} ",
            f"{duration(ended - step.began):>6}",
        )
