"""What the parts of the OpenBK pane share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.fault import Fault
from core.openbk.client import Connect
from tui import openbk_works as works
from tui.panes.base import BasePane
from tui.panes.openbk.calibrate import Asker
from tui.panes.openbk.link import DeviceLink
from tui.panes.openbk.places import Place
from tui.panes.openbk.sheet import Sheet

if TYPE_CHECKING:
    from core.openbk.watch import Sample, Trend


class Shared(BasePane):
    """The fields that the parts use, and what is asked before an action.

    `sending` are edits that the running job sends for `sending_sheet`; `sent` those that it read
    back; `own_doing` says that what is read next was changed from here.
    """

    sheets: dict[str, Sheet]
    sheet: Sheet
    link: DeviceLink | None
    passwords: dict[str, str]
    locked: str  # the device that a password is typed for
    places: dict[str, Place]
    marked: set[str]
    tab: str
    revealed: bool
    asker: Asker | None
    sending: dict[str, object]
    sending_sheet: Sheet
    sent: dict[str, object]
    own_doing: bool
    said: list[str]
    fault: Any
    failed: dict[str, Fault]  # why a device of the list failed, until it is read again
    _sample: Sample | None
    _trend: Trend

    if TYPE_CHECKING:

        def repaint(self) -> None: ...
        def turn_to(self, tab: str) -> None: ...
        def turn_body(self, name: str) -> None: ...
        def follow(self, moved: str) -> None: ...
        def pick_profile(self, title: str, picked: Any, first: str = "") -> None: ...
        def edit(self, name: str, value: str, *, secret: bool = False, hint: str = "") -> None: ...
        def put(self, path: str, value: object) -> None: ...
        def say_line(self, text: str) -> None: ...
        def say_now(self, text: str) -> None: ...
        def forget_now(self) -> None: ...
        def in_words_here(self, text: str) -> str: ...
        def open(self, address: str) -> None: ...
        @property
        def key(self) -> str: ...

    def connect(self) -> Connect:
        """How jobs reach devices, each with the password that was typed for it."""
        return works.connect_of(self.wattbench.host, passwords=self.passwords)

    def has_device(self) -> bool:
        if not self.sheet.host:
            self.say_now("No device: h types an address, f searches.")
        return bool(self.sheet.host)

    def has_form(self) -> bool:
        if not self.has_device():
            return False
        if not self.sheet.known:
            self.say_now("The device was not read yet.")
        return self.sheet.known
