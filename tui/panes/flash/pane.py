"""The Flash pane: what is connected, the steps, the map of the flash, faults and plan."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import ContentSwitcher, Static

from core.fault import FaultError
from core.link.ports import PortWatch
from tui.model import JobView, Model
from tui.panes.base import BasePane, Line
from tui.panes.flash import choices
from tui.text import clean, duration, rate, size
from tui.widgets.dialog import PickDialog, TextDialog
from tui.widgets.fault_card import FaultCard
from tui.widgets.flash_map import FlashMap
from tui.widgets.form import Field, Form
from tui.widgets.prose import Paragraph, Prose, fit, fold
from tui.widgets.steps import StepList

if TYPE_CHECKING:
    from core.beken.bootlog import Verdict
    from core.beken.tasks.console import Heard
    from tui.plug_setup import Listening
    from tui.work import Work

JOBS = ("flash", "backup", "restore", "configure", "identify", "listen", "selftest")
HEARD = 500
"""Lines of the boot log that are kept."""
LOOK_EVERY = 4
"""Ticks between two looks for adapters."""


class Pane(BasePane):
    """Shows the newest job on a plug; starts the next one from the form."""

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="flash")
        self._fields: dict[str, Field] = {}
        self._shown = ""
        self._watch = PortWatch()
        self._devices: set[str] = set()
        self._ticks = 0
        self._listening: Listening | None = None
        self._heard: list[str] = []

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
            yield Line("bootlog")
            yield FaultCard()
        yield Line("bar")
        yield Line("log")

    def on_mount(self) -> None:
        self._fields = choices.first_fields(self.wattbench.host)
        self._show_form()
        self.query_one(Form).focus_rows()
        self._watch.changed()
        self._devices = {port.device for port in self.wattbench.host.tools.list_ports()}

    def on_unmount(self) -> None:
        if self._listening is not None:
            self._listening.end()

    def tick(self) -> None:
        self._listen_on()
        self._ticks += 1
        if self._ticks % LOOK_EVERY == 0 and self._watch.changed():
            self.look_for_adapters()

    def _listen_on(self) -> None:
        """Show what the boot log brought since the last tick."""
        listening = self._listening
        items = [] if listening is None else list(_taken(listening.heard))
        if listening is None or not items:
            return
        for item in items:
            if item is None:
                self._ended(listening)
                continue
            self._heard = [*self._heard, *item.lines][-HEARD:]
            self._say_line("bar", _meaning(item.verdict, self.size.width - 2), "bold")
        line = self.query_one("#bootlog", Line)
        rows, width = max(line.size.height, 1), max(self.size.width - 2, 20)
        line.say(Content("\n".join(fit(clean(text), width) for text in self._heard[-rows:])))

    def _ended(self, listening: Listening) -> None:
        self._listening = None
        try:
            listening.check()
        except FaultError as error:
            self.wattbench.say(f"{error.fault.code}: {error.fault.what} {error.fault.next}")

    def look_for_adapters(self) -> None:
        """An adapter was plugged in or pulled out: say so, and keep the field in step."""
        ports = {port.device: port for port in self.wattbench.host.tools.list_ports()}
        came, went = ports.keys() - self._devices, self._devices - ports.keys()
        self._devices = set(ports)
        chosen = self._value("port")
        if came:
            if not chosen or chosen in went or not choices.there(chosen):
                self._set("port", min(came))
            port = ports[min(came)]
            self.wattbench.say(f"Plugged in: {port.device} {port.description}, {port.state}.")
        elif went:
            self.wattbench.say(f"Pulled out: {', '.join(sorted(went))}.")

    @property
    def state(self) -> str:
        if self._view == "fault":
            return "fault"
        return "editing" if self.query_one(Form).editing else "moving"

    @property
    def idle(self) -> frozenset[str]:
        job = self.wattbench.model.current
        running = job is not None and job.running
        return frozenset(JOBS if running else ("stop",))

    # -- showing ---------------------------------------------------------------------------

    def show(self, model: Model) -> None:
        job = model.latest("plug-")
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
        plan = job.facts.get("plan")
        if plan is not None:
            lines = (str(line) for line in plan.get("lines", ()))
            self.query_one("#plan", Prose).show(*map(Paragraph, lines))

    def _show_device(self, job: JobView) -> None:
        device = job.facts.get("device", {})
        words = [str(device[k]) for k in ("chip", "part", "flash_id", "mac") if device.get(k)]
        self._say_line("device", fit("  ".join(words), self.size.width - 4))

    def _show_bar(self, job: JobView) -> None:
        p, room = job.progress, max(self.size.width - 49, 8)
        link = job.facts.get("link", {})
        if job.result is not None:
            text = f"{self.wattbench.glyphs.ok} {job.said}"
            self._say_line("bar", "\n".join(fold(text, self.size.width - 2)), "bold")
        elif link and not link.get("linked") and job.running:
            self.query_one("#bar", Line).say(_listening(link, self.size.width - 2))
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
        row = event.field
        host = self.wattbench.host
        offered = {
            "port": choices.port_choices,
            "image": choices.image_choices,
            "backup": choices.backup_choices,
            "profile": choices.profile_choices,
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
                self.wattbench.host.store.settings.set(f"plug_{name}", value)
            except (FaultError, UnicodeError) as error:  # a disk that is full, a name without text
                self.wattbench.say(f"Not remembered for the next time: {error}")
        self._show_form()

    def take_profile(self, path: Path) -> None:
        self._set("profile", str(path))

    # -- actions ---------------------------------------------------------------------------

    def _value(self, name: str) -> str:
        return self._fields[name].value

    def _missing(self, *names: str) -> bool:
        for name in names:
            if not self._value(name):
                self.wattbench.say(f"{self._fields[name].label}: choose one first (Enter).")
                return True
        return False

    def _start(self, work: Work) -> None:
        if self._listening is not None:
            self.wattbench.say("The boot log has the port: l ends it.")
            return
        self.wattbench.start(work)

    def do_listen(self) -> None:
        from tui.plug_setup import Listening

        if self._listening is not None:
            self._listening.end()
        elif self.wattbench.host.running():
            self.wattbench.say("A job is running. Let it end, or stop it with x.")
        elif not self._missing("port"):
            self._heard = []
            self._turn_to("bootlog")
            self._listening = Listening(self.wattbench.host, self._value("port"))

    def do_selftest(self) -> None:
        from tui.plug_setup import selftest_work

        if not self._missing("port"):
            self._start(selftest_work(self._value("port")))

    def do_identify(self) -> None:
        from tui.verbs import plug

        if not self._missing("port"):
            self._start(plug.info_work(self._link_options()))

    def do_backup(self) -> None:
        from tui.verbs import plug

        if not self._missing("port"):
            self._start(plug.backup_work(self._link_options()))

    def do_restore(self) -> None:
        from tui.verbs import plug

        if self._missing("port"):
            return
        backup = self._value("backup")
        if backup == "new":
            self.wattbench.say("Backup: choose the one to write back first (Enter).")
            return
        self._start(plug.restore_work(self._link_options(), backup=Path(backup)))

    def do_flash(self) -> None:
        from tui.verbs import plug

        if self._missing("port", "image"):
            return
        backup = self._value("backup")
        self._start(
            plug.flash_work(
                self._link_options(),
                image=Path(self._value("image")),
                backup=None if backup == "new" else Path(backup),
                profile=self._profile,
            )
        )

    def do_configure(self) -> None:
        from tui.plug_setup import config_work

        if self._missing("port", "profile"):
            return
        backup = self._value("backup")
        self._start(
            config_work(
                self._link_options(),
                profile=Path(self._value("profile")),
                backup=None if backup == "new" else Path(backup),
            )
        )

    @property
    def _profile(self) -> Path | None:
        return Path(self._value("profile")) if self._value("profile") else None

    def _link_options(self) -> dict[str, Any]:
        from tui.verbs import plug

        return plug.link_options(
            port=self._value("port"),
            baud=int(self._value("baud")),
            lead=self._value("lead"),
            supply=self._value("supply"),
        )

    def do_stop(self) -> None:
        running = self.wattbench.host.running()
        if not running:
            self.wattbench.say("No job is running.")
        for job in running:
            self.wattbench.host.cancel(job.id)

    def do_view(self) -> None:
        job = self.wattbench.model.latest("plug-")
        views = ["wiring", "map"]
        if self._listening is not None or self._heard:
            views.append("bootlog")
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

        job = self.wattbench.model.latest("plug-")
        if job is None or job.fault is None:
            self.wattbench.say("No fault is shown.")
            return
        self.app.push_screen(TextDialog(job.fault.code, help_page(job.fault.code)))


def _wiring() -> str:
    from core.beken.wiring import DRAWING

    return DRAWING.rstrip("\n")


def _taken(heard: SimpleQueue[Heard | None]) -> Iterator[Heard | None]:
    """What is in the queue now."""
    with contextlib.suppress(Empty):
        while True:
            yield heard.get_nowait()


def _meaning(verdict: Verdict, width: int) -> str:
    """The verdict on the boot log, and what to do, in at most three lines."""
    from core.beken.bootlog import MEANING

    meaning = MEANING[verdict]
    return "\n".join(fold(f"{verdict.capitalize()}: {meaning.what} {meaning.next}", width)[:3])


def _where(job: JobView) -> str:
    """The step that a job ended in, and when."""
    if not job.steps:
        return ""
    step = job.steps[-1]
    return f"in step {step.index}/{step.of}, {step.name}, at {duration(job.t)}"


def _listening(link: Mapping[str, Any], width: int) -> Content:
    """What to do now, for how long we listen, and what was heard."""
    prompt = fold(f"NOW: {link['prompt']}", width)
    heard = f"{link['bytes_seen']} bytes heard ({link['kind']})"
    told = fit(f"Listening: {link['seconds']:.0f} of {link['timeout']:.0f} s, {heard}", width)
    return Content("\n").join([*(Content.styled(line, "bold reverse") for line in prompt),
                               Content(told)])  # fmt: skip
