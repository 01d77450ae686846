"""Enter on what is no single field: another file, another channel, relays after a power failure."""

from __future__ import annotations

from core.openbk import faults
from core.profile.check import require_possible
from core.profile.model import POWER_UP, Channel, Profile
from core.profile.tables import FILE_ROOM
from core.store.files import read
from tui.fault_help import help_page
from tui.panes.openbk.commands import Commands
from tui.panes.openbk.dialogs import LongDialog
from tui.panes.openbk.dump import path_of
from tui.panes.openbk.rows import POWER_WAYS
from tui.panes.openbk.sections import ADD_CHANNEL, DEVICES
from tui.panes.openbk.sheet import POWER
from tui.widgets.dialog import PickDialog, TextDialog
from tui.widgets.live_lines import LiveTable

FILE_WAYS = (
    ("type", "type it here"),
    ("take", "take a file of this computer"),
)


class Adding(Commands):
    """The rows of the Startup section that ask before there is a field."""

    TYPED = (*Commands.TYPED, "file_name", "file_path", "channel", "profile_name")

    def do_explain(self) -> None:
        """The help page of the fault that is shown, or of a file that was refused."""
        if self.fault is None and self.tab != DEVICES and self.refused:
            self.app.push_screen(TextDialog(self.refused, help_page(self.refused)))
        else:
            super().do_explain()

    def add_row(self, row: str) -> None:
        """Enter on a row that is no field."""
        if row == ADD_CHANNEL:
            self.edit("channel", "", hint="Number of the channel, 0 to 63.")
            return

        def picked(way: str | None) -> None:
            if way == "type":
                self.edit("file_name", "", hint="Its name, like autoexec.bat or folder/name.")
            elif way == "take":
                self.edit("file_path", "", hint="Path on this computer; the name is kept.")

        self.app.push_screen(PickDialog("Another file", list(FILE_WAYS)), picked)

    def typed_channel(self, text: str) -> None:
        """List this channel.  Raises PROFILE-VALUE."""
        if not text.strip().isdecimal():
            raise ValueError(f"{text!r} is no number of a channel.")
        number = int(text)
        require_possible(Profile(channels={number: Channel()}))
        self.sheet.listed.add(number)
        self._go(f"channels.{number}.type")

    def typed_file_name(self, text: str) -> None:
        """Open the text of a file of this name.  Raises PROFILE-VALUE."""
        require_possible(Profile(files={text.strip(): ""}))
        self.edit_long(f"files.{text.strip()}")

    def typed_file_path(self, text: str) -> None:
        """Take this file.  Raises STORE-UNREADABLE, OBK-FILE, PROFILE-VALUE."""
        path = path_of(text)
        try:
            content = read(path, FILE_ROOM).decode()
        except UnicodeDecodeError as error:
            raise faults.FILE(
                what=f"{path.name} is no text.",
                cause="Files of a profile are texts, as scripts and pages are.",
                next="Choose another file.",
            ) from error
        self.put(f"files.{path.name}", content)
        self._go(f"files.{path.name}")

    def edit_long(self, path: str) -> None:
        """A text of several lines."""

        def taken(text: str | None) -> None:
            if text is not None:
                self.put(path, text)
                self._go(path)

        title = "Startup command" if path == "startup" else path[6:]
        self.app.push_screen(LongDialog(title, self.sheet.value(path) or ""), taken)

    def choose_power(self, path: str) -> None:
        """Off, on or remember: of every relay, or of the channel of `path`."""
        if not self.sheet.relays:
            self.say_line("No pin has the role Rel or Rel_n.")
            self.repaint()
            return

        def picked(word: str | None) -> None:
            if word is not None:
                self.put(path, word if path == POWER else POWER_UP[word])

        whose = "every relay" if path == POWER else f"the relay on channel {path.split('.')[1]}"
        title = f"When the power is back, {whose} is"
        self.app.push_screen(PickDialog(title, list(POWER_WAYS)), picked)

    def _go(self, path: str) -> None:
        """Put the cursor on a field that may be new."""
        self.repaint()
        self.query_one("#sheet", LiveTable).select(path)
        self.repaint()
