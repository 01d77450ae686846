"""The app: panes as modes, one clock that paints, questions and faults in front of all."""

from __future__ import annotations

import importlib
import os
import traceback
from collections.abc import Sequence
from functools import partial
from signal import Signals

from textual.binding import Binding, BindingType
from textual.events import Event, Paste
from textual.filter import LineFilter, NoColor

from core.fault import FaultError
from tui.actions import APP_ACTIONS, PaneInfo, panes
from tui.driver import ThinDriver
from tui.harmless import Harmless
from tui.host import Host
from tui.left import say_left_relays
from tui.look import BENCH, MONO, PlainText, glyphs, theme_name
from tui.mailbox import Mailbox
from tui.model import Model
from tui.panes.base import PaneScreen, screen_for
from tui.pasting import REFUSED, is_text
from tui.turns import TurnsApp
from tui.widgets.dialog import SETTLE, Dialog, HelpDialog, LeaveDialog, QuestionDialog, QuitDialog
from tui.widgets.palette import Entry, PaletteDialog
from tui.work import Work


def _bindings() -> list[BindingType]:
    found: list[BindingType] = [
        Binding("ctrl+c", "help_quit", show=False, priority=True),  # also in front of a question
    ]
    found += [
        Binding(action.key, f"do('{action.name}')", action.label, id=f"app.{action.name}")
        for action in APP_ACTIONS
    ]
    for pane in panes():
        keys = f"{pane.digit},f{pane.digit}"
        found.append(Binding(keys, f"go('{pane.name}')", pane.title, id=f"app.{pane.name}"))
    return found


class WattbenchApp(TurnsApp[None]):
    """Shows what the host's jobs say.  Decides nothing about devices."""

    TITLE = "wattbench"
    CSS_PATH = "app.tcss"
    BINDINGS = _bindings()
    settle = SETTLE  # seconds without a key before a question takes one
    ENABLE_COMMAND_PALETTE = False  # ours comes from the registry and costs fewer bytes

    def __init__(self, host: Host) -> None:
        super().__init__(driver_class=ThinDriver)
        self.host = host
        self.model = Model()
        self.mailbox = Mailbox()
        self.panes = panes()
        self.crash = ""
        self.left: set[str] = set()  # the jobs that ran when the person left
        self.stopping = False  # ... and were told to stop
        encoding = (os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE")
                    or os.environ.get("LANG") or "C").upper()  # fmt: skip
        plain = host.options.ascii or not ("UTF-8" in encoding or "UTF8" in encoding)
        self.glyphs = glyphs(ascii_only=plain)
        self._last: list[LineFilter] = [Harmless(), *([PlainText()] if plain else [])]
        if host.options.mono or os.environ.get("NO_COLOR"):
            self._last.append(NoColor())
        for pane in self.panes:
            self._modes[pane.name] = self._screen_maker(pane)
        host.subscribe(self.mailbox.put)

    @staticmethod
    def _screen_maker(info: PaneInfo) -> type[PaneScreen]:
        module = importlib.import_module(f"tui.panes.{info.name}.pane")
        return screen_for(info, module.Pane)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._last]

    def on_mount(self) -> None:
        self.register_theme(BENCH)
        self.register_theme(MONO)
        self.theme = theme_name(mono=self.host.options.mono)
        self.host.on_stop = self._on_signal
        self.model.left_behind = self._left_behind()
        self.switch_mode("flash")
        self.run_worker(say_left_relays(self), exit_on_error=False)
        self.set_interval(0.5 if os.environ.get("SSH_CONNECTION") else 0.25, self.tick)

    def on_unmount(self) -> None:
        self.host.on_stop = None
        self.host.unsubscribe(self.mailbox.put)

    # -- the clock -------------------------------------------------------------------------

    def tick(self) -> None:
        """Take in what core said and paint it; nothing else paints."""
        if not self.screen_stack:
            return  # the app is closing
        events = self.mailbox.take()
        running = bool(self.host.running())
        if events:
            self.model.apply(events)
        for screen in self.screen_stack:
            if isinstance(screen, PaneScreen) and screen.is_mounted:  # else it shows all when it is
                if events or running:
                    screen.show(self.model)
                screen.pane.tick()
        for text in () if running else self.host.store.devices.problems():
            self.say(text)  # a pane's own reads met them; a job says its own
        self._ask_if_needed()

    def _ask_if_needed(self) -> None:
        """Show the question of the job; take it away when it was answered elsewhere, once nothing
        (such as the card of leaving) stands in front of it."""
        job = self.model.current
        open_one = job.question if job is not None else None
        asked = any(isinstance(screen, QuestionDialog) for screen in self.screen_stack)
        if job is not None and open_one is not None and not asked:
            question, job_id = open_one, job.id

            def answered(answer: str | None) -> None:
                if answer is not None:
                    job.question = None  # or an event before core's answer would ask it again
                    self.host.answer(job_id, question.key, answer)

            self.push_screen(QuestionDialog(question), answered)
        elif open_one is None and isinstance(self.screen, QuestionDialog):
            self.pop_screen()

    def unheard(self, event: Event) -> bool:
        """Keys typed ahead answer no question that nobody has seen; a paste is text."""
        front = self.screen if self.screen_stack else None
        if isinstance(front, QuestionDialog) and front.too_soon(event, self.settle):
            return True
        if isinstance(event, Paste) and not is_text(event.text):
            self.say(REFUSED)
            return True
        return False

    # -- work ------------------------------------------------------------------------------

    def start(self, work: Work) -> None:
        """Start a job; one at a time."""
        if self.host.running():
            self.say("A job is running. Let it end, or stop it with x.")
            return
        try:
            self.host.start(work)
        except FaultError as error:
            fault = error.fault
            self.say(f"{fault.code}: {fault.what} {fault.next}")
            return
        self.tick()

    def say(self, text: str) -> None:
        """One sentence in the job bar of the pane, until the next key, or in a card's last line."""
        if isinstance(self.screen, PaneScreen | Dialog) and self.screen.is_mounted:
            self.screen.say(text)

    def _left_behind(self) -> str:
        """What earlier sessions left: a broken file, a cut-off job, one that runs elsewhere."""
        if self.host.store.settings.problem:
            return f"settings.toml is not used: {self.host.store.settings.problem}"
        for job in self.host.store.jobs.all():
            if job.state == "interrupted":
                return f"Interrupted: {job.title}. Press 6."
            if job.state == "running":
                return f"Runs in another wattbench: {job.title}. Press 6."
        return ""

    # -- actions ---------------------------------------------------------------------------

    def go(self, pane: str) -> None:
        """Open a pane soon."""
        self.call_later(self.action_go, pane)

    async def action_go(self, pane: str) -> None:
        """Open a pane; the next key finds it there."""
        await self.switch_mode(pane)

    def action_do(self, name: str) -> None:
        """Run an action of the app."""
        getattr(self, f"do_{name}")()

    def do_help(self) -> None:
        if isinstance(self.screen, PaneScreen):
            self.push_screen(HelpDialog(self.screen.INFO, self.panes))

    def do_palette(self) -> None:
        def picked(entry: Entry | None) -> None:
            if entry is not None:
                entry.run()

        self.push_screen(PaletteDialog(self.palette_entries()), picked)

    def on_resize(self) -> None:
        """The terminal moved what it showed; nothing of it is known any more."""
        if isinstance(self._driver, ThinDriver):
            self._driver.forget()

    def do_redraw(self) -> None:
        self.on_resize()
        self.refresh(repaint=True, layout=True)

    def _unsaved(self) -> str:
        """What leaving would lose, in any pane that was opened."""
        screens = [screen for stack in self._screen_stacks.values() for screen in stack]
        panes = [s.pane for s in screens if isinstance(s, PaneScreen) and s.is_mounted]
        return " ".join(pane.unsaved for pane in panes if pane.unsaved)

    def do_quit(self) -> None:
        if isinstance(self.screen, LeaveDialog):
            return
        unsaved = self._unsaved()
        if not self.host.running():
            if unsaved:
                self.push_screen(LeaveDialog(unsaved), lambda sure: self.exit() if sure else None)
            else:
                self.exit()
            return

        def decided(answer: str | None) -> None:
            if answer in ("stop", "keep"):
                self.left = {job.id for job in self.host.running()}
                self.stopping = answer == "stop"
                for job_id in self.left if self.stopping else ():
                    self.host.cancel(job_id)
                self.exit()

        self.push_screen(QuitDialog(unsaved), decided)

    async def action_quit(self) -> None:
        """Textual's own way out asks as well."""
        self.do_quit()

    def action_help_quit(self) -> None:
        """Ctrl-C: stop the running job as the table of stops says, else leave; what would be lost
        is said once."""
        running = self.host.running()
        if not running and isinstance(self.screen, LeaveDialog):
            self.exit()
        elif not running:
            self.do_quit()
        for job in running:
            self.host.cancel(job.id)

    def palette_entries(self) -> list[Entry]:
        """The registry: this pane's actions, the panes, the app's own."""
        found = []
        screen = self.screen
        if isinstance(screen, PaneScreen):
            found = [
                Entry(a.label, a.key_text, a.help, partial(screen.action_do, a.name))
                for a in screen.INFO.actions
            ]
        found += [
            Entry(
                pane.title,
                pane.digit,
                pane.about,
                partial(self.go, pane.name),
            )
            for pane in self.panes
        ]
        return found + [
            Entry(a.label, a.key_text, a.help, partial(self.action_do, a.name))
            for a in APP_ACTIONS
            if a.name != "palette"
        ]

    # -- the end ---------------------------------------------------------------------------

    def _on_signal(self, number: Signals) -> None:
        """From the signal handler, on this thread: leave; the host decides about the jobs."""
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self.exit)

    def _handle_exception(self, error: Exception) -> None:
        """A screen that fails is dropped; the job goes on and the log has the traceback."""
        self.host.log("".join(traceback.format_exception(error)))
        self.crash = f"{type(error).__name__}: {error}."
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Leave without Textual's traceback: it shows local values, and so secrets."""
        self._close_messages_no_wait()
