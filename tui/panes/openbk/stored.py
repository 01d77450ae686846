"""What lies in files: dumps in place of a device, configurations out of backups, profiles."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from core.fault import FaultError
from core.openbk import in_file, wire
from core.openbk.standing import counted, differ
from core.openbk.tasks.restore import config_profile, origin_of
from core.openbk.tasks.show import FORMS
from core.openbk.watch import Trend
from core.profile.model import Profile, Secret
from core.profile.over_file import written
from core.store.files import free, read
from tui import openbk_works as works
from tui.model import JobView
from tui.panes.openbk.dump import TYPE, DumpSheet, choices, open_dump, path_of
from tui.panes.openbk.sections import DEVICES, TABS
from tui.panes.openbk.sending import Sending
from tui.panes.openbk.sheet import Sheet
from tui.widgets.dialog import PickDialog, TextDialog

FORMATS = (
    ("profile", ".toml", "a profile; comments in the file stay"),
    ("template", ".json", "a template for the page of a device"),
    ("script", ".txt", "a script of commands for its console"),
)
"""How the form can be kept: as what, the end of the file's name, what it is."""
NAME_HINT = "Name of the file in the folder of profiles; one that is there is changed."
DEVICE_FACTORS = "c puts factors back, out of a profile: m dump, then m save, makes one of it."
DUMP_FACTORS = "They can be typed in the section Metering."
PATH_HINT = "Path of a flash dump or of a configuration sector."


class Stored(Sending):
    """The actions on files.  `handed` is a profile that waits for a form to be loaded into;
    `coming_back` the web password of a sector that is being restored; `refused` the code of the
    last fault of a file."""

    handed: Path | None = None
    coming_back: Secret | None = None
    refused: str = ""

    def has_sheet(self) -> bool:
        """A form of a device that was read, or of a dump."""
        return isinstance(self.sheet, DumpSheet) or self.has_form()

    def bring(self, sheet: Sheet) -> None:
        """Show this form, from now on."""
        if self.link is not None:
            self.link.stop()
            self.link = None
        if sheet is not self.sheet:
            self.sheet, self.sent, self.own_doing = sheet, {}, False
        self.said, self._sample, self._trend, self.fault = [], None, Trend(), None
        self.refused = ""

    # -- a dump in place of a device ---------------------------------------------------------

    def do_dump(self) -> None:
        self._pick_kept("Which dump?", "dump", self.open_dump)

    def typed_dump(self, text: str) -> None:
        """A path was typed."""
        if text.strip():
            self.open_dump(path_of(text))

    def open_dump(self, path: Path) -> None:
        """Show the configuration in a dump; edits of before are still there.

        Raises STORE-*, PROFILE-BLOCK.
        """
        fresh, key = open_dump(path), str(path.absolute())
        old = self.sheets.get(key)
        same = isinstance(old, DumpSheet) and old.data == fresh.data
        self.sheets[key] = old if old is not None and same else fresh
        self.bring(self.sheets[key])
        self.load_handed()
        self.turn_to(TABS[0] if self.tab == DEVICES else self.tab)

    def _pick_kept(self, title: str, name: str, taken: Any, chip: str = "") -> None:
        """One of the backups that hold a configuration; `name` is what a typed path goes to."""

        def picked(value: str | None) -> None:
            if value == TYPE:
                self.edit(name, "", hint=PATH_HINT)
            elif value is not None:
                self.tried(lambda: taken(Path(value)))

        offered = choices(self.wattbench.host.store, chip)
        self.app.push_screen(PickDialog(title, offered), picked)

    def tried(self, call: Any) -> None:
        """Do it; what goes wrong is said in the log, and e shows its help page."""
        self.refused = ""
        try:
            call()
        except FaultError as error:
            self.refused = error.fault.code
            self.say_line(f"{error.fault.code}: {error.fault.what} {error.fault.next}")
        self.repaint()
        self.pane_screen.keys_changed()

    def dump_shown(self) -> DumpSheet | None:
        """The dump whose form is in front."""
        sheet = self.sheet
        many = self.tab == DEVICES and self.marked
        return sheet if isinstance(sheet, DumpSheet) and not many else None

    def do_diff(self) -> None:
        if self.dump_shown() is None:
            super().do_diff()
        else:
            self.show_diff()

    def do_apply(self) -> None:
        sheet = self.dump_shown()
        if sheet is None:
            super().do_apply()
        elif not sheet.changes():
            self.say_line("Nothing was changed.")
        else:
            self.run_worker(self._keep_dump(sheet), group="dump", exclusive=True)

    async def _keep_dump(self, sheet: DumpSheet) -> None:
        """Write the new dump, open it, and compare it with what was wanted."""
        try:
            wanted, count = sheet.wanted, len(sheet.changes())
            path = await in_file.keep(self.wattbench.host.store, sheet.path, sheet.made())
            made = open_dump(path)
            made.load(wanted)
            left = made.changes()
        except FaultError as error:
            self.say_line(f"{error.fault.code}: {error.fault.what} {error.fault.next}")
            self.repaint()
            return
        sheet.edits = {}
        if self.sheet is sheet:
            self.open_dump(path)
        read_back = f"{counted(count, 'field')} read back"
        word = f"It differs in {counted(len(left), 'field')}!" if left else f"{read_back}."
        self.say_line(f"New dump: {path}  {word} {sheet.title} stays as it was.")
        self.repaint()

    # -- configurations out of backups -------------------------------------------------------

    def do_restore(self) -> None:
        if self.has_sheet():
            self._pick_kept("Whose configuration into the form?", "restore", self.restore)

    def typed_restore(self, text: str) -> None:
        """A path was typed."""
        if text.strip():
            self.restore(path_of(text))

    def restore(self, path: Path) -> None:
        """The values of a backup as edits, in place of those of before; whose backup it is and
        what does not come back is said.  Raises STORE-*, OBK-FILE.
        """
        data = read(path)
        self._load(config_profile(data, path.name), path.name, {})
        origin = origin_of(data, path, self.sheet.mac, self.sheet.base)
        way = DUMP_FACTORS if isinstance(self.sheet, DumpSheet) else DEVICE_FACTORS
        told = [*([origin.told] if origin.foreign else []), *origin.losses(way)]
        if told:  # more than the log has room for
            self.app.push_screen(TextDialog(path.name, "\n\n".join(told)))
        for text in [*origin.losses(way), *([origin.brief] if origin.foreign else [])]:
            self.say_line(f"! {text}")

    def _load(self, profile: Profile, name: str, edits: dict[str, Any]) -> None:
        """Put a profile over these edits and say how much differs; one that is made for another
        chip leaves the form as it was."""
        before, self.sheet.edits = self.sheet.edits, edits
        try:
            self.sheet.load(profile)
            count = len(self.sheet.changes())
        except FaultError:
            self.sheet.edits = before
            raise
        self.say_line(f"{name}: {differ(count)}. d shows what.")

    def do_forget(self) -> None:
        """Every field as the device, or the dump, has it."""
        if self.has_sheet():
            self.say_line(f"{counted(len(self.sheet.edits), 'field')} put back.")
            self.sheet.edits = {}
            self.repaint()

    def do_restore_raw(self) -> None:
        """Byte for byte: the job asks, and the power must be cut (rulings O7)."""
        device = self.sheet.device
        if not self.has_form():
            return
        if device is None or device.chip not in wire.CONFIG_AT:
            what = "the device was not read yet" if device is None else f"not on a {device.chip}"
            self.say_line(f"No raw restore: {what}.")
            return
        chip = device.chip.lower()
        self._pick_kept("Whose sector, byte for byte?", "raw", self.restore_raw, chip)

    def typed_raw(self, text: str) -> None:
        """A path was typed."""
        if text.strip():
            self.restore_raw(path_of(text))

    def restore_raw(self, path: Path) -> None:
        """Start the job.  Raises STORE-*, OBK-FILE."""
        self.coming_back = config_profile(read(path), path.name).wifi.web_password
        work = works.restore_work(self.connect(), self.sheet.host, path, raw=True)
        self.wattbench.start(work)

    def job_ended(self, job: JobView) -> None:
        if job.kind == "openbk-restore" and job.result is not None and self.coming_back:
            self.passwords[self.sheet.host] = self.coming_back.value
            self.open(self.sheet.host)
        self.coming_back = None
        super().job_ended(job)

    # -- profiles ----------------------------------------------------------------------------

    def do_profile(self) -> None:
        if not isinstance(self.sheet, DumpSheet) and not self.has_device():
            return

        def picked(name: str | None) -> None:
            if name is not None:
                self.tried(lambda: self.load_profile(name))

        self.pick_profile("Which profile into the form?", picked)

    def load_profile(self, name: str) -> None:
        """Put what a profile says over the form.  Raises PROFILE-*, STORE-*, OBK-CHIP."""
        profile = works.find_profile(self.wattbench.host, name)
        self._load(profile, Path(name).name, dict(self.sheet.edits))

    def take_profile(self, path: Path) -> None:
        """Another pane gives a profile: into the form at once, or as soon as there is one."""
        self.handed = path
        if not self.load_handed():
            how = "when it was read" if self.sheet.host else "when one is opened: h or f"
            self.say_line(f"{path.name} goes into the form of the device {how}.")
            self.repaint()

    def forget_sent(self) -> None:
        """The device was read: there is a form now."""
        super().forget_sent()
        self.load_handed()

    def load_handed(self) -> bool:
        """Load the profile that waits, if there is a form now."""
        if self.handed is None or not self.sheet.known:
            return False
        path, self.handed = self.handed, None
        self.tried(lambda: self.load_profile(str(path)))
        return True

    def do_save(self) -> None:
        """The form as a file in the folder of profiles; secrets are left out."""
        if not self.has_sheet():
            return

        def picked(form: str | None) -> None:
            if form is not None:
                self.tried(lambda: self.save_as(form))

        offered = [(form, f"{form}: {text}") for form, _end, text in FORMATS]
        self.app.push_screen(PickDialog("Keep the form as", offered), picked)

    def save_as(self, form: str) -> None:
        """Write a new file; for a profile ask how it is called.  Raises STORE-*."""
        sheet = self.sheet
        stem = re.sub("[^a-z0-9]", "", sheet.mac.lower()) or re.sub(r"[^\w-]", "-", sheet.title)
        if form == "profile":
            short = re.sub(r"[^\w-]", "", str(sheet.value("names.short") or ""))
            self.edit("profile_name", f"{short or stem}.toml", hint=NAME_HINT)
            return
        ends = {name: end for name, end, _text in FORMATS}
        store = self.wattbench.host.store
        path = free(store.profiles_folder / f"{stem}{ends[form]}")
        store.files.write(path, FORMS[form](sheet.whole, False).encode())
        self.say_line(f"Written without secrets: {path}")

    def typed_profile_name(self, text: str) -> None:
        """Keep the form under this name, in the folder of profiles.

        Raises STORE-EXISTS for the record of a backup, other STORE-*, PROFILE-TEXT for a file
        that is no profile.
        """
        name = text.strip()
        if not name or not self.sheet.known:
            return
        if "/" in name or name.startswith("."):
            raise ValueError(f"{name!r} is no name of a file in the folder of profiles.")
        store = self.wattbench.host.store
        path = store.profiles_folder / (name if name.endswith(".toml") else f"{name}.toml")
        old, made = path.exists(), written(path, self.sheet.whole)
        store.files.write(path, made.text.encode())
        self.say_line(f"Written without secrets: {path}{f': {made.line}' if old else ''}")
