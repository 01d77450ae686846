"""Entering a bind key: its length as it grows, and whether it opens what was heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from core.air.keystate import KeyState
from core.bthome.cipher import KEY_BYTES, key_digits, parse_key
from core.fault import FaultError
from tui.text import clean
from tui.widgets.dialog import Dialog
from tui.widgets.prose import Paragraph, Prose

Try = Callable[[bytes, Callable[[KeyState | None], None]], None]


MOVE = (
    "The key of {} is kept, and that device is not heard. If this is the same module after its "
    "chip was erased, F3 moves the key here; or write bytes 0x76000-0x77FFF of its old backup "
    "back (7 Module), and it has its old address again."
)


class Moved(str):
    """The address whose key this device takes over."""


class KeyDialog(Dialog[bytes | Moved | None]):
    """The key of one device, hidden unless asked for; empty bytes mean that it is dropped."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss"),
        Binding("f2", "reveal", priority=True),
        Binding("f3", "move_here", priority=True),
    ]

    def __init__(self, name: str, attempt: Try, stray: str = "") -> None:
        super().__init__()
        self._device, self._attempt, self._stray = name, attempt, stray
        self._typed = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(f"Bind key of {clean(self._device)}", markup=False, classes="title")
            line = Input(password=True, select_on_focus=False, compact=True)
            line.cursor_blink = False
            yield line
            yield Static("0 of 32 digits", id="verdict", markup=False)
            if self._stray:
                yield Prose(Paragraph(MOVE.format(self._stray)))
            hint = "Enter keeps it; with nothing typed it drops the old one. Esc leaves. F2 shows."
            yield Static(hint, classes="hint", markup=False)

    def action_reveal(self) -> None:
        line = self.query_one(Input)
        line.password = not line.password

    def action_move_here(self) -> None:
        if self._stray:
            self.dismiss(Moved(self._stray))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._typed = event.value
        count, bad = key_digits(event.value)
        if bad:
            self._say(f"{bad!r} is no hex digit.")
        elif count != 2 * KEY_BYTES:
            self._say(f"{count} of {2 * KEY_BYTES} digits")
        else:
            self._say("32 of 32 digits; trying it on what was heard ...")
            typed = event.value

            def tried(state: KeyState | None) -> None:
                if typed == self._typed and self.is_mounted:
                    self._say(f"32 of 32 digits. {_verdict(state)}")

            self._attempt(parse_key(typed).raw, tried)

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value.strip():
            self.dismiss(b"")
            return
        try:
            self.dismiss(parse_key(event.value).raw)
        except FaultError as error:
            self._say(error.fault.what)

    def _say(self, text: str) -> None:
        self.query_one("#verdict", Static).update(clean(text))


def _verdict(state: KeyState | None) -> str:
    if state is None or not state.tried:
        return "No encrypted frame was heard yet to try it on."
    if state.opened:
        return f"It opens {state.opened} of the last {state.tried} frames: right."
    return f"It opens none of the last {state.tried} frames: wrong."
