"""What the OpenBK pane sends: every change is a job of core, planned, asked for and read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.fault import FaultError
from core.openbk import history
from core.openbk.difference import changes, complete
from core.openbk.exchange import normal_host
from core.openbk.standing import counted, some
from core.profile.model import Profile, Secret
from core.profile.toml_file import SHIPPED
from core.store.devices import Entry
from tui import openbk_works as works
from tui.model import JobView
from tui.panes.openbk.calibrating import Calibrating
from tui.panes.openbk.dialogs import PickAgain
from tui.panes.openbk.images import ota_images
from tui.panes.openbk.many import Many
from tui.panes.openbk.sections import DEVICES
from tui.panes.openbk.strip import local_time
from tui.panes.openbk.switching import switch_work
from tui.panes.openbk.values import relays_of
from tui.widgets.dialog import PickDialog, TextDialog

REREAD = ("apply", "undo", "calibrate", "restore", "ota", "switch")
"""Jobs after which the device is read again."""
WHY = {
    "read": "as it was read",
    "before": "before a change",
    "applied": "after it was sent",
}
"""Why a configuration was kept, in words."""
ANOTHER = ""
"""In the list of profiles: none of them."""


class Sending(Calibrating, Many):
    """The actions that start a job, and what is done when it ended."""

    _picked_profile: Callable[[str | None], None] | None = None  # who waits for a typed path

    def do_diff(self) -> None:
        if self.tab == DEVICES and self.marked:
            self.work_on_marked(only_diff=True)
            return
        if not self.has_form():
            return
        self.show_diff()

    def show_diff(self) -> None:
        """The card of what differs in the form."""
        text = "\n".join(self.sheet.diff(reveal=self.revealed)) or "Nothing was changed."
        self.app.push_screen(TextDialog(f"Diff of {self.sheet.title}", text, indent=2))

    def do_apply(self) -> None:
        if self.tab == DEVICES and self.marked:
            self.work_on_marked(only_diff=False)
            return
        if not self.has_form():
            return
        if not self.sheet.changes():
            self.say_now("Nothing was changed.")
            self.repaint()
            return
        self.sending, self.sending_sheet = dict(self.sheet.edits), self.sheet
        self.wattbench.start(
            works.apply_work(
                self.connect(),
                (self.sheet.host,),
                self.sheet.wanted,
                expected=self.sheet.base,
            )
        )

    def job_ended(self, job: JobView) -> None:
        """Read again what a job may have changed; what was sent and proven is no edit any more."""
        kind = job.kind.removeprefix("openbk-")
        if kind == "calibrate":
            self.calibration_ended(job)
        self.many_ended(job)
        if kind not in REREAD:
            return
        if kind == "apply" and job.result is not None and self.sheet is self.sending_sheet:
            self.sent = self.sending
            self._take_new_password()
            moved = str(job.result.get("address") or self.sheet.host)
            if moved != self.sheet.host and len(self.sending) > 0:
                self.follow(moved)
        self.sending, self.own_doing = {}, True
        if self.link is not None:
            self.link.refresh()

    def _take_new_password(self) -> None:
        """The web password was changed from here: the next request needs the new one."""
        web = self.sending.get("wifi.web_password")
        if isinstance(web, Secret) and not web.name:
            self.passwords[self.sheet.host] = web.value
            self.open(self.sheet.host)

    def follow(self, moved: str) -> None:
        """The device has another address now; the form goes with it."""
        old, new = self.sheet.host, normal_host(moved)
        self.passwords[new] = self.passwords.get(old, "")
        sheet = self.sheets.pop(old)
        sheet.host = new
        self.sheets[new] = sheet
        self.open(new)

    def forget_sent(self) -> None:
        """What was sent and read back is no edit any more, unless it was edited again."""
        for path, value in self.sent.items():
            if self.sheet.edits.get(path) == value:
                del self.sheet.edits[path]
        self.sent = {}

    def do_undo(self) -> None:
        if not self.has_form():
            return
        entries = self.wattbench.host.store.devices.history(self.sheet.mac)
        if len(entries) < 2:
            self.say_now("No older configuration of this device is kept.")
            self.repaint()
            return
        host = self.sheet.host

        def picked(number: str | None) -> None:
            if number is not None:
                self.wattbench.start(works.undo_work(self.connect(), host, int(number)))

        self.app.push_screen(
            PickDialog(
                "Back to which configuration? Each with what differs from now.", past(entries)
            ),
            picked,
        )

    def do_relay(self) -> None:
        if not self.has_form():
            return
        relays = relays_of(self.sheet.base.pins)
        connect, host = self.connect(), self.sheet.host

        def picked(channel: str | None) -> None:
            if channel is not None:
                self.wattbench.start(switch_work(connect, host, int(channel)))

        if not relays:
            self.say_line("No pin has the role Rel or Rel_n.")
        elif len(relays) == 1:
            picked(str(relays[0]))
        else:
            choices = [(str(c), f"the relay on channel {c}") for c in relays]
            self.app.push_screen(PickDialog("Which relay?", choices), picked)

    def do_update(self) -> None:
        if not self.has_form():
            return
        images = ota_images(self.wattbench.host)
        if not images:
            self.say_line("No update: put an OpenBK7231..._.rbl file into firmware/.")
            return

        def picked(path: str | None) -> None:
            if path is not None:
                work = works.ota_work(self.connect(), self.sheet.host, Path(path))
                self.wattbench.start(work)

        self.app.push_screen(PickDialog("Which firmware?", images), picked)

    def do_backup(self) -> None:
        if self.has_device():
            self.wattbench.start(works.backup_work(self.connect(), self.sheet.host))

    def pick_profile(self, title: str, picked: Any, first: str = "") -> None:
        """Ask for a profile; the cursor begins on `first`, the order is always the same."""
        names = _profile_names(self.wattbench.host.store.profiles_folder)
        given = self.wattbench.host.store.settings.get("plug_profile")
        if given and Path(given).is_file():
            names = [(given, f"{Path(given).name}  (from the Flash pane)"), *names]

        def chosen(name: str | None) -> None:
            if name != ANOTHER:
                picked(name)
                return
            self._picked_profile = picked
            self.edit("profile", "", hint="Path of a profile (.toml) or a template (.json).")

        names.append((ANOTHER, "another file: type its path"))
        self.app.push_screen(PickAgain(title, names, first), chosen)

    def typed_profile(self, text: str) -> None:
        """The path of a profile was typed; nothing typed leaves it."""
        picked, self._picked_profile = self._picked_profile, None
        if text.strip() and picked is not None:
            picked(str(Path(text.strip()).expanduser()))


def _profile_names(folder: Path) -> list[tuple[str, str]]:
    """Profiles and templates of the data folder, then the shipped ones."""
    found = []
    for where, word in ((folder, ""), (SHIPPED, "shipped")):
        files = where.iterdir() if where.is_dir() else ()
        for path in sorted(path for path in files if path.suffix in (".toml", ".json")):
            found.append((str(path), f"{path.name}  {word}".rstrip()))
    return found


def past(entries: list[Entry]) -> list[tuple[str, str]]:
    """The configurations that can be gone back to, newest first: when and why each was kept, and
    what in it differs from the newest, which the device has now."""
    found: list[tuple[str, str]] = []
    after: Profile | None = None
    for entry in reversed(entries):
        try:
            profile = history.profile_of(entry)
        except FaultError:
            continue
        if after is not None:
            paths = [change.path for change in changes(after, complete(profile))]
            what = f"{counted(len(paths), 'field')}: {some(paths, 3)}" if paths else "as it is now"
            text = f"{local_time(entry.when)}  {WHY.get(entry.why, entry.why):<17}  {what}"
            found.append((str(entry.number), text))
        after = profile if after is None else after
    return found
