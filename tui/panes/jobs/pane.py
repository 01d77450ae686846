"""The Jobs pane: the list of jobs, and the end of the log of the one under the cursor."""

from __future__ import annotations

from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from core.store.jobs import JobInfo
from tui.model import Model
from tui.panes.base import BasePane, Line
from tui.report import job_lines, job_markdown
from tui.text import clean
from tui.widgets.dialog import TextDialog
from tui.widgets.prose import fold

SIGNS = {"done": "ok", "failed": "FAIL", "interrupted": "CUT", "running": "runs"}
SETTLES = 0.5
LOG_INDENT = 9  # where the text of a log line begins


class Pane(BasePane):
    """Reads the job folders when shown, and again when a job of this session changes state."""

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="jobs")
        self._jobs: list[JobInfo] = []
        self._known: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield OptionList(id="list")
        yield Line("tail")

    def on_mount(self) -> None:
        self.query_one("#list", OptionList).focus()

    def show(self, model: Model) -> None:
        known = tuple((job.id, job.running) for job in model.jobs.values())
        if known != self._known or not self._jobs:
            self._known = known
            self.do_reload()
            self.set_timer(SETTLES, self.do_reload)  # the end of a journal comes a moment later
        elif model.current is not None and model.current.running:
            self._tail()

    # -- actions ---------------------------------------------------------------------------

    def do_reload(self) -> None:
        rows = self.query_one("#list", OptionList)
        cursor = rows.highlighted or 0
        self._jobs = [self._as_known(job) for job in self.wattbench.host.store.jobs.all()]
        rows.clear_options()
        rows.add_options(Option(_row(job)) for job in self._jobs)
        if self._jobs:
            rows.highlighted = min(cursor, len(self._jobs) - 1)
        self._tail()

    def do_open(self) -> None:
        job = self._selected()
        if job is not None:
            lines = job_lines(job, self.wattbench.host.store.jobs.events(job.id))
            self.app.push_screen(TextDialog(job.id, "\n".join(lines[2:]), indent=LOG_INDENT))

    def do_resume(self) -> None:
        from tui.verbs.jobs import resume_work

        job = self._selected()
        if job is None:
            return
        if job.state not in ("interrupted", "failed"):
            self.wattbench.say(f"This job is {job.state}: there is nothing to resume.")
            return
        work = resume_work(self.wattbench.host.store, job.id)
        self.wattbench.start(work)
        if work.kind.startswith("plug-"):
            self.wattbench.switch_mode("flash")

    def do_save(self) -> None:
        job = self._selected()
        if job is None:
            return
        store = self.wattbench.host.store
        path = store.jobs.path_of(job.id) / "record.md"
        text = "\n".join(job_markdown(job, store.jobs.events(job.id)))
        store.files.write(path, f"{text}\n".encode())
        self.wattbench.say(f"Saved {path}")

    def _as_known(self, job: JobInfo) -> JobInfo:
        """A job of this session that has ended holds its folder for a moment longer."""
        view = self.wattbench.model.jobs.get(job.id)
        if view is None or view.running or job.state != "running":
            return job
        return replace(job, state="done" if view.fault is None else "failed")

    # -- showing ---------------------------------------------------------------------------

    def _selected(self) -> JobInfo | None:
        at = self.query_one("#list", OptionList).highlighted
        return self._jobs[at] if at is not None and at < len(self._jobs) else None

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self._tail()

    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        self.do_open()

    def _tail(self) -> None:
        tail, job = self.query_one("#tail", Line), self._selected()
        if job is None:
            tail.say(Content("No jobs yet. Start one in the Flash pane (1)."))
            return
        lines = job_lines(job, self.wattbench.host.store.jobs.events(job.id))
        width, room = max(self.size.width - 2, 20), max(tail.content_size.height - 1, 1)
        log = [part for line in lines[2:] for part in fold(line, width, indent=LOG_INDENT)]
        tail.say(Content("\n".join([*fold(lines[1], width)[:1], *log[-room:]])))


def _row(job: JobInfo) -> Content:
    return Content(clean(f"{SIGNS[job.state]:<5} {job.id:<34} {job.title}"))
