"""Editing a field of the form: by typing, from a list, by a switch, or as a long text."""

from __future__ import annotations

from textual import on
from textual.widgets import Input

from core.fault import FaultError
from core.profile.model import Pin
from tui.panes.openbk.adding import Adding
from tui.panes.openbk.dialogs import ChooseDialog
from tui.panes.openbk.sections import ADDING, DEVICES
from tui.panes.openbk.sheet import POWER
from tui.panes.openbk.table import SheetTable
from tui.panes.openbk.values import NO_ROLE, channels_of, is_secret, parsed
from tui.widgets.live_lines import LiveTable

CHANNELS = "channels of "


class Editing(Adding):
    """Enter on a row; `_editing` names what is typed now, `_hint` says what that is."""

    _editing: str
    _hint: str
    _unseen = False  # what is typed is not shown

    @property
    def table(self) -> LiveTable:
        """The rows."""
        return self.query_one("#sheet", LiveTable)

    @on(LiveTable.Moved)
    def _moved(self) -> None:
        self.repaint()

    @on(SheetTable.Told)
    def _told(self, event: SheetTable.Told) -> None:
        getattr(self, f"do_{event.what}")()
        self.pane_screen.keys_changed()

    @on(LiveTable.Chosen)
    def _chosen(self) -> None:
        key = self.table.key
        if self.tab == DEVICES:
            self.choose_place(key)
            return
        section = key.partition(".")[0]
        if not key:
            return
        if key in ADDING:
            self.add_row(key)
        elif key == POWER or self._is_power(key):
            self.choose_power(key)
        elif section == "pins":
            self._choose_role(key)
        elif section == "flags":
            self.put(key, not self.sheet.value(key))
        elif key.startswith("channels.") and key.endswith(".type"):
            now = str(self.sheet.value(key) or "Default")
            self._choose(f"Type of channel {key[9:-5]}", self.sheet.types, now, key)
        elif key == "startup" or section == "files":
            self.edit_long(key)
        else:
            self.edit(key, self._typed_value(key), secret=is_secret(key))

    def _is_power(self, path: str) -> bool:
        """True for the start value of a relay."""
        return path.endswith(".start") and int(path.split(".")[1]) in self.sheet.relays

    def _typed_value(self, path: str) -> str:
        value = self.sheet.value(path)
        if is_secret(path):
            return value.value if self.revealed and value is not None else ""
        if isinstance(value, tuple):
            return ", ".join(value)
        return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

    def _choose(self, title: str, names: tuple[str, ...], now: str, path: str) -> None:
        def picked(name: str | None) -> None:
            if name is not None:
                self.put(path, name)

        self.app.push_screen(ChooseDialog(title, names, now), picked)

    def _choose_role(self, path: str) -> None:
        pin = self.sheet.value(path)

        def picked(role: str | None) -> None:
            if role is None:
                return
            if role in NO_ROLE:
                self.put(path, Pin("None", 0, 0))
                return
            self.put(path, Pin(role, pin.channel or 0, pin.channel2 or 0))
            if self._channel_count(role):
                self.do_channels()

        title = f"Role of P{path[5:]}"
        self.app.push_screen(ChooseDialog(title, self.sheet.roles, pin.role), picked)

    def _channel_count(self, role: str) -> int:
        device = self.sheet.device
        return 1 if device is None else device.role_channels.get(role, 0)

    def put(self, path: str, value: object) -> None:
        """Want this value; what the firmware cannot hold is said and not taken."""
        try:
            self.sheet.put(path, value)
        except FaultError as error:
            self.say_now(f"{error.fault.code}: {error.fault.what}")
        else:
            self.forget_now()
        self.repaint()
        self.pane_screen.keys_changed()

    def edit(self, name: str, value: str, *, secret: bool = False, hint: str = "") -> None:
        """Type `name`, which is a path or what a command asks for; `hint` says what."""
        self._hint, self._unseen = hint, secret
        self.forget_now()
        line = self.query_one("#edit", Input)
        self._editing = name
        line.password = secret and not self.revealed
        line.value, line.can_focus, line.display = value, True, True
        line.cursor_position = len(value)  # at once: what is typed may come with the same read
        self.screen.set_focus(line)
        self.call_after_refresh(line.action_end)
        self.repaint()
        self.pane_screen.keys_changed()

    def leave_line(self) -> str:
        name, self._editing = self._editing, ""
        line = self.query_one("#edit", Input)
        line.display = line.can_focus = False
        self.screen.set_focus(self.table)
        self.repaint()
        self.pane_screen.keys_changed()
        return name

    @on(Input.Submitted, "#edit")
    def _take_typed(self, event: Input.Submitted) -> None:
        """Take it; what is refused stays in the line, with the reason, until Esc leaves it."""
        event.stop()
        unseen = self._unseen
        name, text = self.leave_line(), event.value
        try:
            self._take(name, text)
        except FaultError as error:
            fault = error.fault
            self._correct(name, text, f"{fault.code}: {fault.what} {fault.next}", unseen)
        except ValueError as error:  # no number, or text that is none
            self._correct(name, text, str(error), unseen)
        self.repaint()
        self.pane_screen.keys_changed()

    def _correct(self, name: str, text: str, why: str, unseen: bool) -> None:
        self.edit(name, text, secret=unseen, hint=f"! {why} Esc leaves it.")

    def _take(self, name: str, text: str) -> None:
        """Raises FaultError or ValueError for what cannot be taken."""
        if name in self.TYPED:
            getattr(self, f"typed_{name}")(text)
        elif name.startswith(CHANNELS):
            path = name.removeprefix(CHANNELS)
            self.sheet.put(path, channels_of(self.sheet.value(path), text))
        elif not (is_secret(name) and not text):  # an empty line leaves a secret as it is
            self.sheet.put(name, parsed(name, text))

    def do_channels(self) -> None:
        """Type the channels of the pin under the cursor."""
        path = self.table.key
        if not path.startswith("pins."):
            self.pane_screen.say("Go to a pin first.")
            return
        pin = self.sheet.value(path)
        numbers = [str(c) for c in (pin.channel or 0, pin.channel2) if c or c == 0]
        text = " ".join(numbers[: 1 if not pin.channel2 else 2])
        self.edit(
            f"{CHANNELS}{path}",
            text,
            hint=f"Channel of P{path[5:]}; two, as in 1 2, where the role has two.",
        )
