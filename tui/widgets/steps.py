"""The steps of a job: sign, name, time; the running one marked."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui.look import Glyphs
from tui.model import JobView
from tui.text import clean, duration


class StepList(Static):
    """One line a phase; the newest at the bottom, older ones scroll out."""

    def __init__(self, signs: Glyphs) -> None:
        super().__init__(id="steps", markup=False)
        self._signs = signs
        self._said: Content | None = None

    def show(self, job: JobView | None) -> None:
        """Show the phases of `job`; paints only when a line changed."""
        content = self._content(job)
        if content != self._said:
            self._said = content
            self.update(content)

    def _content(self, job: JobView | None) -> Content:
        if job is None:
            return Content("")
        lines = []
        for step in job.steps[-max(self.size.height, 1) :]:
            ended = job.t if step.ended is None else step.ended
            if step.failed:
                sign, style = self._signs.fail, "bold $error"
            elif step.ended is None:
                sign, style = self._signs.now, "bold"
            else:
                sign, style = self._signs.ok, "$success"
            lines.append(
                Content.assemble(
                    (f"{sign} ", style),
                    f"{step.index}/{step.of} {clean(step.name):<20.20} ",
                    f"{duration(ended - step.began):>6}",
                )
            )
        return Content("\n").join(lines)
