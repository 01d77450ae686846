"""The frame that every pane stands in: tabs above, job bar and key line below."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tui.actions import APP_ACTIONS, PaneInfo, panes
from tui.model import Model
from tui.text import clean

if TYPE_CHECKING:
    from tui.app import WattbenchApp


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

    @property
    def state(self) -> str:
        """What the keys do now ("moving", "editing"), for the key line; empty if always alike."""
        return ""


class UnbuiltPane(BasePane):
    """A pane that is not built yet and says so in one line."""

    def compose(self) -> ComposeResult:
        info = self.pane_screen.INFO
        yield Static(f"{info.title}: {info.about}", markup=False)


class PaneScreen(Screen[None]):
    """Hosts one pane.  Subclasses are made by `screen_for`."""

    INFO: ClassVar[PaneInfo]
    PANE: ClassVar[type[BasePane]]

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
        if self.is_mounted:
            self.show(self._model)

    @property
    def _model(self) -> Model:
        return self.pane.wattbench.model

    def show(self, model: Model) -> None:
        """Paint what changed since the last call."""
        job = model.current
        self._job_bar((model.left_behind or "no job") if job is None else job.line)
        self.pane.show(model)
        self.keys_changed()

    def say(self, text: str) -> None:
        """One sentence where the job bar is, until the next tick of a job."""
        self._job_bar(text)

    def _job_bar(self, text: str) -> None:
        self.query_one("#jobbar", Line).say(Content(clean(text)))

    def _tabs(self) -> None:
        parts: list[tuple[str, str] | str] = []
        for pane in panes():
            here = pane.name == self.INFO.name
            text = f" {pane.digit} {pane.title} "
            parts.append((f"[{text[1:-1]}]", "bold reverse") if here else text)
        self.query_one("#tabs", Line).say(Content.assemble(*parts))

    def keys_changed(self) -> None:
        """Write the key line anew; it names the state that the keys are in."""
        state = self.pane.state
        shown = [a for a in (*self.INFO.actions, *APP_ACTIONS) if a.shown]
        parts: list[tuple[str, str] | str] = [(f"{state}  ", "italic")] if state else []
        if state == "editing":
            parts += [("Enter", "bold"), " take  ", ("Esc", "bold"), " leave  "]
        else:
            for action in shown:
                parts += [(action.key_text, "bold"), f" {action.label}  "]
        self.query_one("#keys", Line).say(Content.assemble(*parts))

    def action_do(self, name: str) -> None:
        """Run one of the pane's actions."""
        getattr(self.pane, f"do_{name}")()
        self.keys_changed()


def screen_for(info: PaneInfo, pane: type[BasePane]) -> type[PaneScreen]:
    """The screen class of one pane, with its keys bound."""
    bindings: list[BindingType] = [
        Binding(action.key, f"do('{action.name}')", action.label, id=f"{info.name}.{action.name}")
        for action in info.actions
    ]
    name = f"{info.title}Screen"
    return type(name, (PaneScreen,), {"INFO": info, "PANE": pane, "BINDINGS": bindings})
