"""The Meter pane: which module, what to set, what it says, and its log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import ContentSwitcher, Input

from core.events import Progress
from core.fault import FaultError
from tui.model import JobView, Model
from tui.panes.base import Line, PaneScreen
from tui.panes.meter import choices, values
from tui.panes.meter.commands import KIND, LIVE, UNLOCK, Commands
from tui.panes.meter.near import Nearby
from tui.text import duration
from tui.widgets.dialog import PickDialog
from tui.widgets.fault_card import FaultCard
from tui.widgets.form import Form
from tui.widgets.prose import fit, fold
from tui.widgets.steps import StepList

if TYPE_CHECKING:
    from tui.app import WattbenchApp

SECONDS = "seconds"
"""The unit of the stopwatch of the guided release."""
STARTS = frozenset(("undo", "bind", "unlock", "update", "reboot", "clear"))


class Pane(Commands):
    """Shows the newest job on a module; starts the next one from the form."""

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="flash")  # it looks as the Flash pane does
        self._fields = {}
        self._shown, self._timed = "", False
        self._nearby: Nearby | None = None
        self._waiting = self._next = None
        self._since = self._touched = 0.0
        self._facts: dict[str, Any] = {}

    def compose(self) -> ComposeResult:
        app = self.wattbench
        with Horizontal(id="top"):
            yield Form(app.glyphs.cursor)
            yield StepList(app.glyphs)
        yield Line("device")
        with ContentSwitcher(id="middle", initial="wiring"):
            yield Line("wiring")
            yield FaultCard()
        yield Line("bar")
        yield Line("log")

    def on_mount(self) -> None:
        self._fields = choices.first_fields(self.wattbench.host)
        self._show_form()
        self._show_values()
        self.query_one(Form).focus_rows()
        self._nearby = Nearby(self.wattbench.host)

    def on_unmount(self) -> None:
        if self._nearby is not None:
            self._nearby.stop()

    @property
    def state(self) -> str:
        if self._view == "fault":
            return "fault"
        return "editing" if self.query_one(Form).editing else "moving"

    @property
    def idle(self) -> frozenset[str]:
        job = self.wattbench.model.current
        if job is None or not job.running:
            return frozenset(("stop",))
        return (
            STARTS if job.kind == LIVE else STARTS | {"address", "set", "release", "read", "live"}
        )

    def on_resize(self) -> None:
        self._show_values()

    # -- showing ---------------------------------------------------------------------------

    def show(self, model: Model) -> None:
        job = model.latest(KIND)
        self.query_one(StepList).show(job)
        self.set_class(job is not None and job.running, "-busy")
        if job is None:
            return
        if "meter" in job.facts:
            self._facts = dict(job.facts["meter"])
        self._show_values()
        self._show_bar(job)
        self._show_stopwatch(job)
        self._show_log(job)
        if job.fault is not None:
            self.query_one(FaultCard).show(job.fault, _where(job))
        self._choose_view(job)

    def tick(self) -> None:
        """While the pane is in front: listen, and go on with what waits for a module."""
        if self._nearby is None:
            return
        self._nearby.start(self._now())
        if self._next is not None and not self.wattbench.host.running():
            work, self._next = self._next, None
            self.wattbench.start(work)
        if self._waiting is not None:
            self.go_on_waiting(self._nearby)

    @property
    def _view(self) -> str:
        return self.query_one("#middle", ContentSwitcher).current or ""

    def _turn_to(self, view: str) -> None:
        self.query_one("#middle", ContentSwitcher).current = view
        self.set_class(view == "fault", "-fault")
        if view == "fault":
            self.query_one(FaultCard).focus()
        elif not self.query_one(Form).editing:
            self.query_one(Form).focus_rows()

    def _choose_view(self, job: JobView) -> None:
        wanted = "fault" if job.fault is not None else "wiring"
        if (job.id + wanted) != self._shown:
            self._shown = job.id + wanted
            self._turn_to(wanted)

    def _show_values(self) -> None:
        width = max(self.size.width - 2, 40)
        job = self.wattbench.model.latest(KIND)
        told = values.lines(self._facts, connected=job is not None and job.running)
        if job is not None and job.running and job.kind == UNLOCK and "meter" not in job.facts:
            told = values.SWS.splitlines()
        self._say_line("wiring", "\n".join(fit(line, width) for line in told))

    def _show_bar(self, job: JobView) -> None:
        text = ""
        if job.result is not None:
            text = f"{self.wattbench.glyphs.ok} {job.said}"
        elif (p := _progress(job)) is not None and p.unit != SECONDS:
            left = f"  {duration(p.left)} left" if p.left is not None else ""
            speed = f"  {p.rate:.0f} {p.unit}/s" if p.rate is not None else ""
            text = f"{p.done} of {p.total} {p.unit}{speed}{left}"
        self._say_line("bar", "\n".join(fold(text, max(self.size.width - 2, 20))), "bold")

    def _show_stopwatch(self, job: JobView) -> None:
        """How long SWS has been at GND, where no question hides it; green when it was enough."""
        p = _progress(job)
        if p is not None and p.unit == SECONDS:
            enough = p.done >= p.total
            text = f"SWS at GND: {p.done} of {p.total} s, hold it"
            if enough:
                text = f"{p.total} s: take the wire away now"
            self._say_line("device", text, "bold green" if enough else "bold reverse")
        elif self._timed:
            self._show_form()  # which says there what it would set
        self._timed = p is not None and p.unit == SECONDS

    # -- the form --------------------------------------------------------------------------

    def _show_form(self) -> None:
        self.query_one(Form).show(tuple(self._fields.values()))
        try:
            told = choices.wanted(self._fields).lines
            text = f"will be set: {', '.join(told)}" if told else ""
        except FaultError as error:
            text = f"{error.fault.code}: {error.fault.what}"
        self.hint(text)

    @on(Form.Opened)
    def _open(self, event: Form.Opened) -> None:
        row = event.field
        options = list(row.choices)
        if row.name == "module" and self._nearby is not None:
            options = choices.module_choices(self._nearby.modules(self._now()))
        if not options:
            self.query_one(Form).edit(row)
            return

        def picked(value: str | None) -> None:
            if value == choices.TYPE:
                self.query_one(Form).edit(row)
            elif value == choices.TAKE_KEY:
                self.take_key()
            elif value is not None:
                self.set_field(row.name, value)

        self.app.push_screen(PickDialog(row.label, options), picked)

    @on(Input.Changed, "#edit")
    def _typed(self, event: Input.Changed) -> None:
        name = self.query_one(Form).edited
        if name:
            text = choices.normalised(name, event.value, self._fields["kind"].value)
            self.hint(text)

    @on(Form.Changed)
    def _changed(self, event: Form.Changed) -> None:
        self._touched = self._now()
        if event.name and event.value not in (choices.TAKE_KEY, choices.TYPE):
            self.set_field(event.name, event.value)
        elif not self.query_one(Form).editing:
            self._show_form()
        if event.name == "number" and event.value:
            self.pane_screen.action_do("set")
        self.set_class(self.query_one(Form).editing, "-editing")
        self.pane_screen.keys_changed()

    def set_field(self, name: str, value: str) -> None:
        self._fields[name] = choices.shown(replace(self._fields[name], value=value))
        if name == "kind":
            try:
                self.wattbench.host.store.settings.set("meter_kind", value)
            except (FaultError, UnicodeError) as error:
                self.wattbench.say(f"Not remembered for the next time: {error}")
        self._show_form()

    def take_module(self, address: str, *, edit: bool = True) -> None:
        """From another pane: this module; with `edit` its meter's address is typed next."""
        self.set_field("module", address)
        if edit:
            self.do_address()

    def on_key(self, event: events.Key) -> None:
        """Escape lays the fault aside and brings the form back; it stops nothing."""
        self._touched = self._now()
        if event.key == "escape" and self._view == "fault":
            event.stop()
            self._turn_to("wiring")
            self.pane_screen.keys_changed()


async def open_with(app: WattbenchApp, address: str) -> None:
    """Open the pane with this module, ready for the meter's address."""
    await app.switch_mode("meter")
    if isinstance(app.screen, PaneScreen) and isinstance(app.screen.pane, Pane):
        app.screen.pane.take_module(address)


def _progress(job: JobView) -> Progress | None:
    """How far the running step is; a step before it has nothing to say any more."""
    p = job.progress
    now = job.steps[-1].name if job.steps else ""
    return p if p is not None and p.total and job.running and p.phase == now else None


def _where(job: JobView) -> str:
    """The step that a job ended in, and when."""
    if not job.steps:
        return ""
    step = job.steps[-1]
    return f"in step {step.index}/{step.of}, {step.name}, at {duration(job.t)}"
