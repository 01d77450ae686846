"""The Module pane: programmer and module, the steps, the map of the flash, faults and plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import ContentSwitcher, Static

from core.fault import FaultError
from tui.model import JobView, Model
from tui.panes.base import BasePane, Line
from tui.panes.module import choices
from tui.text import duration, rate, size
from tui.verbs import module as verb
from tui.widgets.dialog import PickDialog, TextDialog
from tui.widgets.fault_card import FaultCard
from tui.widgets.flash_map import FlashMap
from tui.widgets.form import Field, Form
from tui.widgets.prose import Paragraph, Prose, fit, fold
from tui.widgets.steps import StepList

KIND = "module-"
STARTS = frozenset(("flash", "backup", "identify", "selftest", "restore", "resume", "wipe"))


class Pane(BasePane):
    """Shows the newest job on a module; starts the next one from the form."""

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="flash")  # it looks as the Flash pane does
        self._fields: dict[str, Field] = {}
        self._shown = ""

    def compose(self) -> ComposeResult:
        app = self.wattbench
        with Horizontal(id="top"):
            yield Form(app.glyphs.cursor)
            yield StepList(app.glyphs)
        yield Line("device")
        with ContentSwitcher(id="middle", initial="wiring"):
            yield Static(_wiring(), id="wiring", markup=False)
            yield FlashMap(plain=app.glyphs.ok == "+")
            yield Prose(id="plan")
            yield FaultCard()
        yield Line("bar")
        yield Line("log")

    def on_mount(self) -> None:
        self._fields = choices.first_fields(self.wattbench.host)
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
        return STARTS if job is not None and job.running else frozenset(("stop",))

    # -- showing ---------------------------------------------------------------------------

    def show(self, model: Model) -> None:
        job = model.latest(KIND)
        self.query_one(StepList).show(job)
        self.set_class(job is not None and job.running, "-busy")
        if job is None:
            return
        self.query_one(FlashMap).show(job.cells)
        self._show_device(job)
        self._show_plan(job)
        self._show_bar(job)
        self._show_log(job)
        if job.fault is not None:
            self.query_one(FaultCard).show(job.fault, _where(job))
        self._choose_view(job)

    @property
    def _view(self) -> str:
        return self.query_one("#middle", ContentSwitcher).current or ""

    def _turn_to(self, view: str) -> None:
        """Show one view; a fault takes the whole pane, so that nothing of it is cut off."""
        self.query_one("#middle", ContentSwitcher).current = view
        self.set_class(view == "fault", "-fault")
        if view == "fault":
            self.query_one(FaultCard).focus()
        elif not self.query_one(Form).editing:
            self.query_one(Form).focus_rows()

    def _choose_view(self, job: JobView) -> None:
        """The view that matters now, once a change of what matters; `w` overrules it."""
        if job.fault is not None:
            wanted = "fault"
        elif job.question is not None and "plan" in job.facts:
            wanted = "plan"
        else:
            wanted = "map" if job.cells.strip() else "wiring"
        if (job.id + wanted) != self._shown:
            self._shown = job.id + wanted
            self._turn_to(wanted)

    def _show_plan(self, job: JobView) -> None:
        lines = (str(line) for line in job.facts.get("plan", {}).get("lines", ()))
        self.query_one("#plan", Prose).show(*map(Paragraph, lines))

    def _show_device(self, job: JobView) -> None:
        self._say_line("device", fit(_device(job), self.size.width - 4))

    def _show_bar(self, job: JobView) -> None:
        p, room = job.progress, max(self.size.width - 49, 8)
        link = job.facts.get("link", {})
        if job.result is not None:
            text = f"{self.wattbench.glyphs.ok} {job.said}"
            self._say_line("bar", "\n".join(fold(text, self.size.width - 2)), "bold")
        elif link and not link.get("linked") and job.running:
            self.query_one("#bar", Line).say(_reaching(link, self.size.width - 2))
        elif p is None or not p.total:
            self._say_line("bar", "")
        else:
            signs = self.wattbench.glyphs
            full = min(room * p.done // p.total, room)
            self._say_line(
                "bar",
                f"{signs.full * full}{signs.empty * (room - full)} {100 * p.done // p.total:3d} %  "
                f"{size(p.done, p.unit):>8} of {size(p.total, p.unit)}  "
                f"{rate(p.rate, p.unit):>10}  {duration(p.left):>5}",
            )

    # -- the form --------------------------------------------------------------------------

    def _show_form(self) -> None:
        self.query_one(Form).show(tuple(self._fields.values()))

    @on(Form.Opened)
    def _open(self, event: Form.Opened) -> None:
        row, host = event.field, self.wattbench.host
        offered = {
            "port": choices.port_choices,
            "image": choices.image_choices,
            "backup": choices.backup_choices,
        }
        options = offered[row.name](host) if row.name in offered else row.choices

        def picked(value: str | None) -> None:
            if value == choices.TYPE:
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
        self._fields[name] = choices.shown(replace(self._fields[name], value=value))
        if name != "backup":
            try:
                self.wattbench.host.store.settings.set(f"module_{name}", value)
            except (FaultError, UnicodeError) as error:  # a disk that is full, a name without text
                self.wattbench.say(f"Not remembered for the next time: {error}")
        self._show_form()

    # -- actions ---------------------------------------------------------------------------

    def _start(self, action: str, *needed: str) -> None:
        """Start a job with these fields, if each of them is filled in."""
        values = {name: self._fields[name].value for name in ("port", *needed)}
        if values.get("backup") == "new":
            del values["backup"]
        for name in ("port", *needed):
            if name != "backup" and not values[name]:
                self.wattbench.say(f"{self._fields[name].label}: choose one first (Enter).")
                return
        options: dict[str, Any] = {"port": values["port"], "baud": int(self._fields["baud"].value)}
        options |= {n: Path(values[n]) for n in ("image", "backup") if n in values}
        self.wattbench.start(verb.module_work(action, options))

    def do_identify(self) -> None:
        self._start("info")

    def do_backup(self) -> None:
        self._start("backup")

    def do_flash(self) -> None:
        self._start("flash", "image", "backup")

    def do_selftest(self) -> None:
        self._start("selftest")

    def do_resume(self) -> None:
        self._start("resume")

    def do_wipe(self) -> None:
        self._start("wipe", "backup")

    def do_restore(self) -> None:
        if self._fields["backup"].value == "new":
            self.wattbench.say("Backup: choose the one to put back first (Enter).")
            return
        self._start("restore", "backup")

    def do_stop(self) -> None:
        running = self.wattbench.host.running()
        if not running:
            self.wattbench.say("No job is running.")
        for job in running:
            self.wattbench.host.cancel(job.id)

    def do_view(self) -> None:
        job = self.wattbench.model.latest(KIND)
        views = ["wiring", "map"]
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

        job = self.wattbench.model.latest(KIND)
        if job is None or job.fault is None:
            self.wattbench.say("No fault is shown.")
            return
        self.app.push_screen(TextDialog(job.fault.code, help_page(job.fault.code)))


def _wiring() -> str:
    from core.telink.wiring import DRAWING

    return DRAWING.rstrip("\n")


def _device(job: JobView) -> str:
    """What is known of programmer and module, on one line."""
    kit, device = job.facts.get("programmer", {}), job.facts.get("device", {})
    words = [f"TLSRPGM {kit['version']}"] if kit else []
    words += [str(device[k]) for k in ("mac", "firmware") if device.get(k)]
    settings = device.get("settings")
    if settings:
        words.append(f"{settings['meter']} {settings['meter_address']}")
    words.append(str(device.get("part", "")))
    return "  ".join(words)


def _where(job: JobView) -> str:
    """The step that a job ended in, and when."""
    if not job.steps:
        return ""
    step = job.steps[-1]
    return f"in step {step.index}/{step.of}, {step.name}, at {duration(job.t)}"


def _reaching(link: Mapping[str, Any], width: int) -> Content:
    """Which reset and activation time is being tried, and what hands should do."""
    tried = fit(f"Reset {link['reset']} ms, then CPU stop for {link['activation']} ms", width)
    prompt = fold(f"NOW: {link['prompt']}", width) if link.get("prompt") else []
    return Content("\n").join([*(Content.styled(line, "bold reverse") for line in prompt),
                               Content(tried)])  # fmt: skip
