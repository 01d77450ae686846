"""A pane that starts jobs on a device from a form, and shows the newest: steps, map, plan, fault.

The Flash and the Module pane are such panes; each says below what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Static

from core.fault import FaultError
from tui.host import Host
from tui.model import JobView, Model
from tui.panes.base import BasePane, Line
from tui.panes.offers import NEW_BACKUP, TYPE, Choices
from tui.text import duration
from tui.widgets.dialog import PickDialog, TextDialog
from tui.widgets.fault_card import FaultCard
from tui.widgets.flash_map import FlashMap
from tui.widgets.form import Field, Form
from tui.widgets.progress import progress_text
from tui.widgets.prose import Paragraph, Prose, fit, fold
from tui.widgets.steps import StepList

PLAN = "Plan"
"""What every task calls the step in which its plan is agreed to."""


class JobPane(BasePane):
    """Form and steps above, one of several views in the middle, progress and log below."""

    KIND: ClassVar[str]
    """How the kinds of its jobs begin ("plug-")."""
    STARTS: ClassVar[frozenset[str]]
    """The actions that start something: none of them while a job runs."""
    REMEMBERED: ClassVar[str]
    """How the settings that keep its fields begin ("plug_")."""
    OFFERS: ClassVar[Mapping[str, Callable[[Host], Choices]]]
    """The fields whose choices are looked up when they are opened."""

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="flash")
        self._fields: dict[str, Field] = {}
        self._shown = ""

    # -- what differs ----------------------------------------------------------------------

    if TYPE_CHECKING:

        def first_fields(self) -> dict[str, Field]:
            """The form as it opens."""

        def shown(self, field: Field) -> Field:
            """The field with the words that stand for its value."""

        def wiring(self) -> str:
            """The drawing of the wires."""

        def device_text(self, job: JobView) -> str:
            """Who is connected, on one line."""

        def reaching(self, link: Mapping[str, Any], width: int) -> Content:
            """What to do and what is heard while nothing has answered yet."""

    def to_read(self, job: JobView) -> bool:
        """Whether what the job said at its end matters more than the map."""
        return False

    def more_views(self) -> tuple[Widget, ...]:
        """Views of its own, beside wiring, map, log, plan and fault."""
        return ()

    def views(self) -> list[str]:
        """Those of its own that there is something in now."""
        return []

    # -- the frame -------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        glyphs = self.wattbench.glyphs
        with Horizontal(id="top"):
            yield Form(glyphs.cursor)
            yield StepList(glyphs)
        yield Line("device")
        with ContentSwitcher(id="middle", initial="wiring"):
            yield Static(self.wiring(), id="wiring", markup=False)
            yield FlashMap(plain=glyphs.ok == "+")
            yield Line("story")
            yield Prose(id="plan")
            yield from self.more_views()
            yield FaultCard()
        yield Line("bar")
        yield Line("log")

    def on_mount(self) -> None:
        self._fields = self.first_fields()
        self._show_form()
        self.query_one(Form).focus_rows()

    @property
    def state(self) -> str:
        if self._view == "fault":
            return "fault"
        return "editing" if self.query_one(Form).editing else "moving"

    @property
    def idle(self) -> frozenset[str]:
        job = self.wattbench.model.current
        return self.STARTS if job is not None and job.running else frozenset(("stop",))

    # -- showing ---------------------------------------------------------------------------

    def show(self, model: Model) -> None:
        job = model.latest(self.KIND)
        self.query_one(StepList).show(job)
        self.set_class(job is not None and job.running, "-busy")
        if job is None:
            return
        self.query_one(FlashMap).show(job.cells)
        self._say_line("device", fit(self.device_text(job), self.size.width - 4))
        self._show_plan(job)
        self._show_bar(job)
        self._show_log(job)
        self._show_story()
        if job.fault is not None:
            self.query_one(FaultCard).show(job.fault, _where(job))
        self._choose_view(job)

    @property
    def _view(self) -> str:
        return self.query_one("#middle", ContentSwitcher).current or ""

    def _turn_to(self, view: str) -> None:
        """Show one view; a fault takes the whole pane, so that nothing of it is cut off, and the
        whole log the place of its end."""
        self.query_one("#middle", ContentSwitcher).current = view
        self.set_class(view == "fault", "-fault")
        self.set_class(view == "story", "-story")
        self.call_after_refresh(self._show_story)  # once it has its height
        if view == "fault":
            self.query_one(FaultCard).focus()
        elif not self.query_one(Form).editing:
            self.query_one(Form).focus_rows()

    def _choose_view(self, job: JobView) -> None:
        """The view that matters now, once a change of what matters; `w` overrules it."""
        if job.fault is not None:
            wanted = "fault"
        elif job.question is not None and "plan" in job.facts and _plans(job):
            wanted = "plan"
        elif self.to_read(job):
            wanted = "story"
        else:
            wanted = "map" if job.cells.strip() else "wiring"
        if (job.id + wanted) != self._shown:
            self._shown = job.id + wanted
            self._turn_to(wanted)

    def _show_story(self) -> None:
        job = self.wattbench.model.latest(self.KIND)
        if job is not None and self._view == "story":
            self._show_log(job, "story")

    def _show_plan(self, job: JobView) -> None:
        lines = (str(line) for line in job.facts.get("plan", {}).get("lines", ()))
        self.query_one("#plan", Prose).show(*map(Paragraph, lines))

    def _show_bar(self, job: JobView) -> None:
        link, width = job.facts.get("link", {}), self.size.width - 2
        if job.result is not None:
            text = f"{self.wattbench.glyphs.ok} {job.said}"
            self._say_line("bar", "\n".join(fold(text, width)), "bold")
        elif link and not link.get("linked") and job.running:
            self.query_one("#bar", Line).say(self.reaching(link, width))
        elif job.progress is None or not job.progress.total:
            self._say_line("bar", "")
        else:
            self._say_line("bar", progress_text(job.progress, self.wattbench.glyphs, width))

    # -- the form --------------------------------------------------------------------------

    def _show_form(self) -> None:
        self.query_one(Form).show(tuple(self._fields.values()))

    @on(Form.Opened)
    def _open(self, event: Form.Opened) -> None:
        row = event.field
        offer = self.OFFERS.get(row.name)
        options = row.choices if offer is None else offer(self.wattbench.host)

        def picked(value: str | None) -> None:
            if value == TYPE:
                self.query_one(Form).edit(row)
            elif value is not None:
                self._set(row.name, value)

        self.app.push_screen(PickDialog(row.label, list(options)), picked)

    @on(Form.Changed)
    def _changed(self, event: Form.Changed) -> None:
        if event.name:
            self._set(event.name, event.value)
        self.set_class(self.query_one(Form).editing, "-editing")
        self.pane_screen.keys_changed()

    def _set(self, name: str, value: str) -> None:
        self._fields[name] = self.shown(replace(self._fields[name], value=value))
        if name != "backup":
            try:
                self.wattbench.host.store.settings.set(f"{self.REMEMBERED}{name}", value)
            except (FaultError, UnicodeError) as error:  # a disk that is full, a name without text
                self.wattbench.say(f"Not remembered for the next time: {error}")
        self._show_form()

    def _value(self, name: str) -> str:
        """What a field holds; nothing for a backup that is still to be made."""
        value = self._fields[name].value
        return "" if name == "backup" and value == NEW_BACKUP[0] else value

    def _missing(self, *names: str) -> bool:
        """True, and said, when one of these fields has no value."""
        for name in names:
            if not self._value(name):
                what = "the one to write back" if name == "backup" else "one"
                self.wattbench.say(f"{self._fields[name].label}: choose {what} first (Enter).")
                return True
        return False

    # -- actions ---------------------------------------------------------------------------

    def do_stop(self) -> None:
        running = self.wattbench.host.running()
        if not running:
            self.wattbench.say("No job is running.")
        for job in running:
            self.wattbench.host.cancel(job.id)

    def do_view(self) -> None:
        job = self.wattbench.model.latest(self.KIND)
        views = ["wiring", "map", *self.views()]
        if job is not None and job.log:
            views.append("story")
        if job is not None and "plan" in job.facts:
            views.append("plan")
        if job is not None and job.fault is not None:
            views.append("fault")
        at = views.index(self._view) if self._view in views else 0
        self._turn_to(views[(at + 1) % len(views)])

    def on_key(self, event: events.Key) -> None:
        """Escape lays the fault aside and brings the form back; it stops nothing."""
        if event.key == "escape" and self._view == "fault":
            event.stop()
            self._turn_to("wiring")
            self.pane_screen.keys_changed()

    def do_explain(self) -> None:
        from tui.fault_help import help_page

        job = self.wattbench.model.latest(self.KIND)
        if job is None or job.fault is None:
            self.wattbench.say("No fault is shown.")
            return
        self.app.push_screen(TextDialog(job.fault.code, help_page(job.fault.code)))


def _plans(job: JobView) -> bool:
    """Whether the step that runs is the one that asks for consent."""
    return bool(job.steps) and job.steps[-1].name == PLAN


def _where(job: JobView) -> str:
    """The step that a job ended in, and when."""
    if not job.steps:
        return ""
    step = job.steps[-1]
    return f"in step {step.index}/{step.of}, {step.name}, at {duration(job.t)}"


def prompt_over(prompt: str, told: str, width: int) -> Content:
    """What hands have to do now, in reverse, over one line of what is measured."""
    lines = fold(f"NOW: {prompt}", width) if prompt else []
    return Content("\n").join(
        [*(Content.styled(line, "bold reverse") for line in lines), Content(fit(told, width))]
    )
