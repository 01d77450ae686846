"""The frame that every pane stands in: tabs above, job bar and key line below."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from core.fault import FaultError
from tui.actions import APP_ACTIONS, Action, PaneInfo, panes
from tui.model import JobView, Model
from tui.text import clean, duration
from tui.widgets.prose import fit, fold

if TYPE_CHECKING:
    from tui.app import WattbenchApp

NOTICE = 4.0
"""Seconds that a sentence keeps its place while a job runs."""


class Line(Static):
    """One line of text that paints only when it changed."""

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(markup=False, id=id)
        self._said: Content | None = None

    def say(self, content: Content) -> None:
        if content != self._said:
            self._said = content
            self.update(content)


class BasePane(Widget):
    """A pane: shows the model, keeps cursor and scroll, and has a `do_<name>` an action."""

    @property
    def wattbench(self) -> WattbenchApp:
        """The app, by its own type."""
        from tui.app import WattbenchApp

        assert isinstance(self.app, WattbenchApp)
        return self.app

    @property
    def pane_screen(self) -> PaneScreen:
        """The screen that hosts this pane."""
        assert isinstance(self.screen, PaneScreen)
        return self.screen

    def show(self, model: Model) -> None:
        """Paint what changed."""

    def tick(self) -> None:
        """The app's clock, for what lives without a job: take in a stream and paint it."""

    def take_profile(self, path: Path) -> None:
        """A configuration that another pane hands over, as the file of a profile."""

    @property
    def state(self) -> str:
        """What the keys do now ("moving", "editing"), for the key line; empty if always alike."""
        return ""

    @property
    def idle(self) -> frozenset[str]:
        """Actions that would do nothing now; they are left off the key line."""
        return frozenset()

    @property
    def unsaved(self) -> str:
        """What leaving would lose, as a sentence; empty when nothing."""
        return ""

    def _show_log(self, job: JobView, name: str = "log") -> None:
        """The end of the log, as much of it as there is room for in the line of that name.

        Said again after the layout: what stands above may just have taken some of the room, and
        the last words matter most.
        """
        self._say_log(job, name)
        self.call_after_refresh(self._say_log, job, name)

    def _say_log(self, job: JobView, name: str) -> None:
        log = self.query_one(f"#{name}", Line)
        width, room = max(self.size.width - 2, 20), max(log.size.height, 1)
        lines: list[str] = []
        for t, text in reversed(job.log):
            lines[:0] = fold(f"{duration(t):>5}  {text}", width, indent=7)
            if len(lines) >= room:
                break
        log.say(Content("\n".join(lines[-room:])))

    def _say_line(self, name: str, text: str, style: str = "") -> None:
        """Say this in the pane's line of that name."""
        self.query_one(f"#{name}", Line).say(Content.styled(text, style))


class PaneScreen(Screen[None]):
    """Hosts one pane.  Subclasses are made by `screen_for`."""

    INFO: ClassVar[PaneInfo]
    PANE: ClassVar[type[BasePane]]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-normal"), (34, "-tall")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self._notice, self._notice_until = "", 0.0

    def compose(self) -> ComposeResult:
        yield Line("tabs")
        yield self.PANE(id="pane")
        yield Line("jobbar")
        yield Line("keys")

    @property
    def pane(self) -> BasePane:
        return self.query_one("#pane", BasePane)

    def on_mount(self) -> None:
        self._tabs()
        self.keys_changed()
        self.show(self._model)

    def on_screen_resume(self) -> None:
        self._notice = ""
        if self.is_mounted:
            self.show(self._model)

    def on_resize(self) -> None:
        if self.is_mounted:
            self.show(self._model)

    def on_key(self, _event: events.Key) -> None:
        self._notice = ""

    @property
    def _model(self) -> Model:
        return self.pane.wattbench.model

    def show(self, model: Model) -> None:
        """Paint what changed since the last call."""
        self._job_bar(model)
        self.pane.show(model)
        self.keys_changed()

    def say(self, text: str) -> None:
        """One sentence where the job bar is, until a key is pressed or for some seconds."""
        self._notice = text
        self._notice_until = asyncio.get_running_loop().time() + NOTICE
        self._job_bar(self._model)

    def _job_bar(self, model: Model) -> None:
        job, width = model.current, max(self.size.width - 2, 10)
        if job is not None and job.running:
            if asyncio.get_running_loop().time() >= self._notice_until:
                self._notice = ""
        elif job is None and not self._notice:
            self._line("jobbar", fit(model.left_behind or "no job", width))
            return
        text = fit(self._notice, width) if self._notice or job is None else _job_text(job, width)
        self._line("jobbar", text)

    def _line(self, name: str, text: str) -> None:
        self.query_one(f"#{name}", Line).say(Content(text))

    def _tabs(self) -> None:
        parts: list[tuple[str, str] | str] = []
        for pane in panes():
            here = pane.name == self.INFO.name
            text = f" {pane.digit} {pane.title} "
            parts.append((f"[{text[1:-1]}]", "bold reverse") if here else text)
        self.query_one("#tabs", Line).say(Content.assemble(*parts))

    def keys_changed(self) -> None:
        """Write the key line anew; it names the state that the keys are in."""
        pane, state = self.pane, self.pane.state
        if state == "editing":
            keys = [("Enter", "take"), ("Esc", "leave")]
        else:
            actions = (*(a for a in self.INFO.actions if a.name not in pane.idle), *APP_ACTIONS)
            keys = _that_fit(actions, self.size.width - 2 - len(state) - (2 if state else 0))
        parts: list[tuple[str, str] | str] = [(f"{state}  ", "italic")] if state else []
        for number, (key, label) in enumerate(keys):
            parts += ["  " if number else "", (key, "bold"), f" {label}"]
        self.query_one("#keys", Line).say(Content.assemble(*parts))

    def action_do(self, name: str) -> None:
        """Run one of the pane's actions."""
        self._notice = ""
        try:
            getattr(self.pane, f"do_{name}")()
        except FaultError as error:
            self.say(f"{error.fault.code}: {error.fault.what} {error.fault.next}")
        self._job_bar(self._model)
        self.keys_changed()


def _job_text(job: JobView, width: int) -> str:
    """The job on one line; the title gives way before what is connected and how far it is."""
    said = clean(f"{job.mac}  {job.said}" if job.mac else job.said)
    room = width - len(said) - 2
    return fit(f"{fit(job.title, room)}  {said}" if room >= 8 else said, width)


def _that_fit(actions: tuple[Action, ...], width: int) -> list[tuple[str, str]]:
    """Keys and labels for the key line, whole ones only; the key of the help always stays."""
    keys = [(a.key_text, a.label) for a in actions if a.shown]
    last = next((pair for pair in keys if pair[0] == "?"), None)
    while len("  ".join(map(" ".join, keys))) > width and len(keys) > 1:
        del keys[-1 if keys[-1] != last else -2]
    return keys


def screen_for(info: PaneInfo, pane: type[BasePane]) -> type[PaneScreen]:
    """The screen class of one pane, with its keys bound."""
    bindings: list[BindingType] = [
        Binding(action.key, f"do('{action.name}')", action.label, id=f"{info.name}.{action.name}")
        for action in info.actions
    ]
    name = f"{info.title}Screen"
    return type(name, (PaneScreen,), {"INFO": info, "PANE": pane, "BINDINGS": bindings})
