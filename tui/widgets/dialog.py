"""Cards in front of a pane: a question, a list to pick from, help, leaving."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.visual import VisualType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from core.events import Choice, Question
from tui.actions import APP_ACTIONS, PaneInfo
from tui.text import clean
from tui.widgets.prose import Paragraph, Prose

T = TypeVar("T")

NOTICE = 4.0
"""Seconds that a sentence stands in the place of the hint."""

SETTLE = 0.7
"""Seconds without a key after which an answer counts; a held key repeats sooner."""

TOO_SOON = "Keys from before this could be read were not taken."
HARMLESS_KEYS = {"up", "down", "pageup", "pagedown"}


class Dialog(ModalScreen[T]):
    """A sheet over the lower part of the screen; a card in the middle where there is room."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high")]  # noqa: RUF012
    _unsaid: tuple[Timer, list[tuple[Static, VisualType]]] | None = None

    def say(self, text: str) -> None:
        """One sentence where the hint is, for some seconds."""
        if self._unsaid is None:
            before = [(hint, hint.content) for hint in self.query(".hint").results(Static)]
        else:
            timer, before = self._unsaid
            timer.stop()
        for hint, _content in before:
            hint.update(Content(text))
        self._unsaid = (self.set_timer(NOTICE, self._unsay), before)

    def _unsay(self) -> None:
        _timer, before = self._unsaid or (None, [])
        self._unsaid = None
        for hint, content in before:
            hint.update(content)


def letters(choices: tuple[Choice, ...]) -> dict[str, Choice]:
    """One key a choice: the first letter of what is read that is still free, so that "yes, ..."
    is y and "no, ..." is n."""
    found: dict[str, Choice] = {}
    for choice in choices:
        letter = (c for c in choice.text.lower() + "123456789" if c.isascii() and c.isalnum())
        found[next(c for c in letter if c not in found)] = choice
    return found


def key_lines(keys: Iterable[tuple[str, str]]) -> Content:
    """What each key does: side by side while that is short, else one under the other."""
    rows = [(key, clean(text)) for key, text in keys]
    short = sum(len(key) + len(text) + 7 for key, text in rows) < 60
    edge = 0 if short else max(len(key) for key, _text in rows)
    return Content("   " if short else "\n").join(
        Content.assemble((f" {key} ", "bold reverse"), f"{'':{max(edge - len(key), 0)}} {text}")
        for key, text in rows
    )


class QuestionDialog(Dialog[str | None]):
    """A question of a job.  Nothing is the default; Enter and Escape answer nothing, nor does a
    key that was typed, or is held, since before the question stood there to be read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "app.quit"),
        Binding("up", "move(-1)"),
        Binding("down", "move(1)"),
        Binding("pageup", "move(-8)"),
        Binding("pagedown", "move(8)"),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question
        self._letters = letters(question.choices)
        self._quiet_since: float | None = None  # None until it was painted
        self._settled = False

    def on_mount(self) -> None:
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        self._quiet_since = asyncio.get_running_loop().time()

    def too_soon(self, event: events.Event, settle: float) -> bool:
        """True for a key that must not reach the question: before it came, there were not
        `settle` seconds without one while the question was to be read.  Its own time counts, not
        that of its turn."""
        if self._settled or not settle:
            return False
        key = event.key if isinstance(event, events.Key) else ""
        if self._quiet_since is not None:
            self._settled = event.time - self._quiet_since >= settle
            self._quiet_since = max(self._quiet_since, event.time)
        if self._settled or key == "ctrl+c" or key in HARMLESS_KEYS:
            return False
        self.say(TOO_SOON)
        return True

    def compose(self) -> ComposeResult:
        question = self._question
        with Vertical(classes="card"):
            with VerticalScroll(can_focus=False):
                lines = question.text.splitlines()
                yield Prose(*map(Paragraph, lines), indent=2 if len(lines) > 1 else 0)
            if question.expect:
                yield Prose(
                    Paragraph(f"Type {question.expect} and Enter to go on, no and Enter to stop."),
                    id="choices",
                )
                line = Input(select_on_focus=False, compact=True)
                line.cursor_blink = False
                yield line
            elif question.secret:
                yield Prose(Paragraph("Type it and Enter; it is not shown."), id="choices")
                line = Input(password=True, select_on_focus=False, compact=True)
                line.cursor_blink = False
                yield line
            else:
                keys = ((key, choice.text) for key, choice in self._letters.items())
                yield Static(key_lines(keys), id="choices")
            typed = question.expect or question.secret
            mute = "Esc answers nothing." if typed else "Enter and Esc answer nothing."
            leave = "" if typed else " q leaves."
            yield Static(f"{mute} Ctrl-C stops the job.{leave}", classes="hint")

    def action_move(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def on_key(self, event: events.Key) -> None:
        choice = self._letters.get(event.key)
        if choice is not None and not (self._question.expect or self._question.secret):
            event.stop()
            self.dismiss(choice.value)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if self._question.secret:
            if event.value:
                self.dismiss(event.value)
        elif event.value.strip() in (self._question.expect, "no"):
            self.dismiss(event.value.strip())
        else:
            event.input.clear()


class QuitDialog(Dialog[str | None]):
    """Leaving while a job runs; `unsaved` says what else would be lost."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "dismiss('keep')"),
        Binding("s", "dismiss('stop')"),
        Binding("escape", "dismiss"),
    ]

    def __init__(self, unsaved: str = "") -> None:
        super().__init__()
        self._unsaved = unsaved

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Prose(*map(Paragraph, filter(None, ("A job is running.", self._unsaved))))
            yield Static(
                key_lines(
                    [
                        ("k", "leave the screen, the job goes on"),
                        ("s", "stop it at a safe place and leave"),
                        ("Esc", "stay"),
                    ]
                ),
                id="choices",
            )


class LeaveDialog(Dialog[bool | None]):
    """Leaving while something would be lost."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "dismiss(True)"),
        Binding("s,escape", "dismiss"),
    ]

    def __init__(self, unsaved: str) -> None:
        super().__init__()
        self._unsaved = unsaved

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Prose(Paragraph(self._unsaved))
            yield Static(key_lines([("l", "leave"), ("s", "stay")]), id="choices")
            yield Static("Esc stays, Ctrl-C leaves.", classes="hint")


class PickDialog(Dialog[str | None]):
    """A short list; Enter takes, Escape leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss")]

    def __init__(self, title: str, choices: list[tuple[str, str]]) -> None:
        super().__init__()
        self._title, self._choices = title, choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(clean(self._title), markup=False, classes="title")
            yield OptionList(*(Option(Content(clean(text))) for _value, text in self._choices))
            yield Static("Enter takes, Esc leaves.", classes="hint")

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index][0])


class HelpDialog(Dialog[None]):
    """Every key of one pane, from the registry, or a page of text."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "dismiss")]

    def __init__(self, info: PaneInfo, all_panes: list[PaneInfo]) -> None:
        super().__init__()
        self._info, self._panes = info, all_panes

    def compose(self) -> ComposeResult:
        info = self._info
        digits = "  ".join(f"{pane.digit} {pane.title}" for pane in self._panes)
        with VerticalScroll(classes="card tall"):
            yield Prose(Paragraph(info.title, style="bold"), Paragraph(info.about), Paragraph(""))
            yield Prose(*(Paragraph(a.help, a.key_text) for a in (*info.actions, *APP_ACTIONS)))
            yield Prose(
                Paragraph(""),
                Paragraph(f"Panes: {digits}"),
                Paragraph("F and the digit open them also while a field is edited."),
            )
            yield Static("Esc closes this.", classes="hint")


class TextDialog(Dialog[None]):
    """A page to read, such as the help of a fault."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss")]

    def __init__(self, title: str, text: str, indent: int = 0) -> None:
        super().__init__()
        self._title, self._text, self._indent = title, text, indent

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="card tall"):
            title = Paragraph(self._title, style="bold")
            yield Prose(title, *map(Paragraph, self._text.splitlines()), indent=self._indent)
            yield Static("Esc closes this.", classes="hint")
