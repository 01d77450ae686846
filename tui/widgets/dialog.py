"""Cards in front of a pane: a question, a list to pick from, help, leaving."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from core.job import Choice, Question
from tui.actions import APP_ACTIONS, PaneInfo
from tui.text import clean


def letters(choices: tuple[Choice, ...]) -> dict[str, Choice]:
    """One key a choice: the first letter of its value that is still free."""
    found: dict[str, Choice] = {}
    for choice in choices:
        key = next(c for c in choice.value.lower() + "123456789" if c.isalnum() and c not in found)
        found[key] = choice
    return found


class QuestionDialog(ModalScreen[str | None]):
    """A question of a job.  Nothing is the default; Enter and Escape answer nothing."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question
        self._letters = letters(question.choices)

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            with VerticalScroll(can_focus=False):
                yield Static(clean_lines(self._question.text), markup=False)
            if self._question.expect:
                yield Static(
                    f"Type {clean(self._question.expect)} and Enter to go on, "
                    "no and Enter to stop.",
                    markup=False,
                    classes="choices",
                )
                yield Input(select_on_focus=False)
            else:
                yield Static(self._choices(), classes="choices")

    def _choices(self) -> Content:
        parts: list[tuple[str, str] | str] = []
        for key, choice in self._letters.items():
            parts += [(f" {key} ", "bold reverse"), f" {clean(choice.text)}   "]
        return Content.assemble(*parts)

    def on_key(self, event: events.Key) -> None:
        choice = self._letters.get(event.key)
        if choice is not None and not self._question.expect:
            event.stop()
            self.dismiss(choice.value)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip() in (self._question.expect, "no"):
            self.dismiss(event.value.strip())
        else:
            event.input.clear()


class QuitDialog(ModalScreen[str | None]):
    """Leaving while a job runs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "dismiss('keep')"),
        Binding("s", "dismiss('stop')"),
        Binding("escape", "dismiss"),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static("A job is running.", markup=False)
            yield Static(
                Content.assemble(
                    (" k ", "bold reverse"), " leave the screen, the job goes on   ",
                    (" s ", "bold reverse"), " stop it at a safe place and leave   ",
                    (" Esc ", "bold reverse"), " stay",
                ),
                classes="choices",
            )  # fmt: skip


class PickDialog(ModalScreen[str | None]):
    """A short list; Enter takes, Escape leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss")]

    def __init__(self, title: str, choices: list[tuple[str, str]]) -> None:
        super().__init__()
        self._title, self._choices = title, choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(clean(self._title), markup=False, classes="title")
            yield OptionList(*(Option(Content(clean(text))) for _value, text in self._choices))

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index][0])


class HelpDialog(ModalScreen[None]):
    """Every key of one pane, from the registry, or a page of text."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "dismiss")]

    def __init__(self, info: PaneInfo, all_panes: list[PaneInfo]) -> None:
        super().__init__()
        self._info, self._panes = info, all_panes

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="card tall"):
            yield Static(self._text())

    def _text(self) -> Content:
        parts: list[tuple[str, str] | str] = [(self._info.title, "bold"), f"\n{self._info.about}\n"]
        for action in (*self._info.actions, *APP_ACTIONS):
            parts += ["\n", (f"{action.key_text:>7}", "bold"), f"  {action.help}"]
        digits = "  ".join(f"{pane.digit} {pane.title}" for pane in self._panes)
        parts += [f"\n\nPanes: {digits} (F1 to F6 while a field is edited)\nEsc closes this."]
        return Content.assemble(*parts)


class TextDialog(ModalScreen[None]):
    """A page to read, such as the help of a fault."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss")]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="card tall"):
            yield Static(clean(self._title), markup=False, classes="title")
            yield Static(clean_lines(self._text), markup=False)


def clean_lines(text: str) -> str:
    """`clean`, line by line."""
    return "\n".join(clean(line) for line in text.splitlines())
