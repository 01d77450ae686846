"""What the keys of the OpenBK pane do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.fault import FaultError
from core.openbk import history
from core.openbk.client import Connect, normal_host
from core.openbk.difference import changes, shown
from core.openbk.plan import without_defaults
from core.profile.model import Profile, Secret, merged
from core.profile.toml_file import SHIPPED, dump
from core.store.devices import Entry
from tui import openbk_works as works
from tui.model import JobView
from tui.panes.base import BasePane
from tui.panes.openbk import strip
from tui.panes.openbk.actions import MORE
from tui.panes.openbk.calibrate import WAYS, Asker
from tui.panes.openbk.console import ConsoleDialog
from tui.panes.openbk.link import DeviceLink
from tui.panes.openbk.places import Place, found_by, kept
from tui.panes.openbk.sheet import DEVICES, TABS, Sheet, is_secret
from tui.panes.openbk.switching import switch_work
from tui.widgets.dialog import PickDialog, TextDialog

if TYPE_CHECKING:
    from core.openbk.watch import Sample, Trend

REREAD = ("apply", "undo", "calibrate", "restore", "ota", "switch")
"""Jobs after which the device is read again."""


class Commands(BasePane):
    """The actions; the pane itself shows and edits."""

    TYPED = ("host", "network", "password")
    sheets: dict[str, Sheet]
    sheet: Sheet
    link: DeviceLink | None
    passwords: dict[str, str]
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
    _sample: Sample | None
    _trend: Trend

    if TYPE_CHECKING:

        def repaint(self) -> None: ...
        def turn_to(self, tab: str) -> None: ...
        def edit(self, name: str, value: str, *, secret: bool = False, hint: str = "") -> None: ...
        def put(self, path: str, value: object) -> None: ...
        def say_line(self, text: str) -> None: ...
        @property
        def key(self) -> str: ...

    # -- which device ----------------------------------------------------------------------

    def know_places(self) -> None:
        """The devices of the data folder."""
        self.places = kept(self.wattbench.host.store) | self.places

    def open(self, address: str) -> None:
        """Show this device: at once what was read last, then what it says now."""
        from core.openbk.watch import Trend

        host = normal_host(address)
        if self.link is not None:
            self.link.stop()
            self.link = None
        store = self.wattbench.host.store
        if host not in self.sheets:
            self.sheets[host] = _kept_sheet(self.wattbench.host.store, host)
        if self.sheets[host] is not self.sheet:
            self.sheet, self.sent, self.own_doing = self.sheets[host], {}, False
        self.said, self._sample, self._trend, self.fault = [], None, Trend(), None
        self.places.setdefault(host, Place(host, mac=self.sheet.mac))
        link = DeviceLink(self.wattbench.host, host, self.passwords.get(host, ""))
        try:
            link.start()
            self.link = link
            store.settings.set("openbk_host", host)
        except FaultError as error:
            self.say_line(f"{error.fault.code}: {error.fault.what} {error.fault.next}")
        self.turn_to(TABS[0] if self.tab == DEVICES else self.tab)

    def connect(self) -> Connect:
        """How jobs reach the device."""
        return works.connect_of(self.wattbench.host, self.passwords.get(self.sheet.host, ""))

    def do_host(self) -> None:
        hint = "Name or address of the device, also address:port."
        self.edit("host", self.sheet.host, hint=hint)

    def typed_host(self, text: str) -> None:
        """The address was typed."""
        if normal_host(text):
            self.open(text)

    def do_find(self) -> None:
        host = self.wattbench.host
        targets = works.demo_hosts(host)
        if targets:
            self.turn_to(DEVICES)
            self.wattbench.start(works.find_work(self.connect(), targets))
            return
        hint = "Which network, as 192.168.1.0/24? With nothing typed: that of this computer."
        self.edit("network", host.store.settings.get("openbk_network"), hint=hint)

    def typed_network(self, text: str) -> None:
        """Search it; the own network for an empty line."""
        host = self.wattbench.host
        host.store.settings.set("openbk_network", text.strip())
        self.turn_to(DEVICES)
        self.wattbench.start(works.find_work(self.connect(), tuple(text.split())))

    def take_places(self, job: JobView) -> None:
        """What a search found so far."""
        if "found" in job.facts:
            self.places |= found_by(job.facts["found"])

    def do_password(self) -> None:
        if self._has_device():
            hint = f"Web password of {self.sheet.host}; kept until the program ends, not written."
            self.edit("password", "", secret=True, hint=hint)

    def typed_password(self, text: str) -> None:
        """It is used from now on, and never written down."""
        self.passwords[self.sheet.host] = text
        self.open(self.sheet.host)

    def do_read(self) -> None:
        if self._has_device() and self.link is not None:
            self.link.refresh()
            self.repaint()

    # -- the form --------------------------------------------------------------------------

    def do_left(self) -> None:
        self.turn_to(TABS[(TABS.index(self.tab) - 1) % len(TABS)])

    def do_right(self) -> None:
        self.turn_to(TABS[(TABS.index(self.tab) + 1) % len(TABS)])

    def do_reveal(self) -> None:
        self.revealed = not self.revealed
        self.repaint()

    def do_back(self) -> None:
        if self.tab != DEVICES and self.sheet.known:
            self.sheet.back(self.key)
            self.repaint()

    def do_empty(self) -> None:
        path = self.key
        if self.tab == DEVICES or not self.sheet.known:
            return
        value = self.sheet.value(path)
        if is_secret(path):
            self.put(path, Secret(""))
        elif isinstance(value, str):
            self.put(path, "")
        else:
            self.say_line("This field cannot be empty; Enter changes it.")

    def do_mark(self) -> None:
        if self.tab == DEVICES and self.key in self.places:
            self.marked ^= {self.key}
            self.repaint()

    def do_profile(self) -> None:
        if not self._has_device():
            return

        def picked(name: str | None) -> None:
            if name is not None:
                self.load_profile(name)

        self._pick_profile("Which profile into the form?", picked)

    def load_profile(self, name: str) -> None:
        """Put what a profile says over the form."""
        host = self.wattbench.host
        try:
            self.sheet.load(works.find_profile(host, name))
            count = len(self.sheet.changes())
            self.say_line(f"{Path(name).name}: {count} fields differ. d shows them.")
        except FaultError as error:
            self.say_line(f"{error.fault.code}: {error.fault.what} {error.fault.next}")
        self.repaint()

    def _pick_profile(self, title: str, picked: Any) -> None:
        names = _profile_names(self.wattbench.host.store.profiles_folder)
        given = self.wattbench.host.store.settings.get("plug_profile")
        if given and Path(given).is_file():
            names = [(given, f"{Path(given).name}  (from the Flash pane)"), *names]
        self.app.push_screen(PickDialog(title, names), picked)

    def do_save(self) -> None:
        """The form as a profile in the data folder; secrets are left out."""
        if not self._has_form():
            return
        store = self.wattbench.host.store
        name = "".join(c for c in self.sheet.mac.lower() if c.isalnum()) or "device"
        path = store.profiles_folder / f"{name}.toml"
        whole = without_defaults(merged(self.sheet.base, self.sheet.wanted))
        store.files.write(path, dump(whole).encode())
        self.say_line(f"Written without secrets: {path}")

    # -- what is sent ----------------------------------------------------------------------

    def do_diff(self) -> None:
        if not self._has_form():
            return
        found = self.sheet.changes()
        lines = [
            f"{c.path}: {shown(c.before, reveal=self.revealed)} -> "
            f"{shown(c.after, reveal=self.revealed)}"
            for c in found
        ]
        plan = self.sheet.plan()
        if plan is not None:
            steps = [step.title for step in plan.steps]
            steps += ["restart, and wait until it is back"] if plan.restart else []
            lines += ["", *(f"{n}. {title}" for n, title in enumerate(steps, 1))]
            lines += [f"! {text}" for text in plan.warnings]
        text = "\n".join(lines) if found else "Nothing was changed."
        self.app.push_screen(TextDialog(f"Diff of {self.sheet.host}", text, indent=2))

    def do_apply(self) -> None:
        if self.tab == DEVICES and self.marked:
            self._apply_to_many()
            return
        if not self._has_form():
            return
        if not self.sheet.changes():
            self.say_line("Nothing was changed.")
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

    def _apply_to_many(self) -> None:
        hosts = tuple(sorted(self.marked))

        def picked(name: str | None) -> None:
            if name is None:
                return
            try:
                profile = works.find_profile(self.wattbench.host, name)
            except FaultError as error:
                self.say_line(f"{error.fault.code}: {error.fault.what} {error.fault.next}")
                return
            self.wattbench.start(works.apply_work(self.connect(), hosts, profile))

        self._pick_profile(f"Which profile to {len(hosts)} devices?", picked)

    def job_ended(self, job: JobView) -> None:
        """Read again what a job may have changed; what was sent and proven is no edit any more."""
        kind = job.kind.removeprefix("openbk-")
        self.asker = None if kind == "calibrate" else self.asker
        self._say_rows(job)
        if kind not in REREAD:
            return
        if kind == "apply" and job.result is not None and self.sheet is self.sending_sheet:
            self.sent = self.sending
            self._take_new_password()
            moved = str(job.result.get("address") or self.sheet.host)
            if moved != self.sheet.host and len(self.sending) > 0:
                self._follow(moved)
        self.sending, self.own_doing = {}, True
        if self.link is not None:
            self.link.refresh()

    def _take_new_password(self) -> None:
        """The web password was changed from here: the next request needs the new one."""
        web = self.sending.get("wifi.web_password")
        if isinstance(web, Secret) and not web.name:
            self.passwords[self.sheet.host] = web.value
            self.open(self.sheet.host)

    def _follow(self, moved: str) -> None:
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

    def _say_rows(self, job: JobView) -> None:
        """What came of each of many devices."""
        for row in (job.result or {}).get("devices", ()):
            if "ok" in row:
                text = row.get("summary") if row["ok"] else f"{row['code']}: {row['what']}"
                self.say_line(f"{row['host']}: {text}")

    def do_undo(self) -> None:
        if not self._has_form():
            return
        entries = self.wattbench.host.store.devices.history(self.sheet.mac)
        if len(entries) < 2:
            self.say_line("No older configuration of this device is kept.")
            return
        host = self.sheet.host

        def picked(number: str | None) -> None:
            if number is not None:
                self.wattbench.start(works.undo_work(self.connect(), host, int(number)))

        self.app.push_screen(PickDialog("Back to which configuration?", past(entries)), picked)

    def do_calibrate(self) -> None:
        if not self._has_form():
            return
        relays = strip.relays_of(self.sheet.base)
        if len(relays) < 2:
            self._calibrate(relays[0] if relays else None)
            return

        def picked(channel: str | None) -> None:
            if channel is not None:
                self._calibrate(int(channel))

        choices = [(str(c), f"the relay on channel {c}") for c in relays]
        self.app.push_screen(PickDialog("Behind which relay is the load?", choices), picked)

    def _calibrate(self, channel: int | None) -> None:
        def picked(way: str | None) -> None:
            if way is None:
                return
            self.asker = Asker()
            host = self.wattbench.host
            self.wattbench.start(
                works.calibrate_work(
                    self.connect(),
                    self.sheet.host,
                    self.asker,
                    channel=channel,
                    reset_energy=way == "reset",
                    again=way != "quick",
                    bench_holder=works.bench_holder(host),
                )
            )

        self.app.push_screen(PickDialog("A resistive load of 500 W or more", list(WAYS)), picked)

    def do_relay(self) -> None:
        if not self._has_form():
            return
        relays = strip.relays_of(self.sheet.base)
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

    def do_console(self) -> None:
        if not self._has_device() or self.link is None:
            return
        if self.wattbench.host.options.read_only:
            self.say_line("READ-ONLY: the console may change the device.")
            return
        self.app.push_screen(ConsoleDialog(self.link))

    def do_update(self) -> None:
        if not self._has_form():
            return
        from tui.panes.openbk.images import ota_images

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
        if self._has_device():
            self.wattbench.start(works.backup_work(self.connect(), self.sheet.host))

    def do_more(self) -> None:
        """What has no key of its own."""

        def picked(name: str | None) -> None:
            if name is not None:
                self.pane_screen.action_do(name)

        self.app.push_screen(PickDialog("More", list(MORE)), picked)

    def do_stop(self) -> None:
        running = self.wattbench.host.running()
        if not running:
            self.say_line("No job is running.")
        for job in running:
            self.wattbench.host.cancel(job.id)

    def do_explain(self) -> None:
        from tui.fault_help import help_page

        code = self.fault[0].code if self.fault is not None else ""
        if not code and self._sample is not None and self._sample.fault is not None:
            code = self._sample.fault.code
        if not code:
            self.say_line("No fault is shown.")
            return
        self.app.push_screen(TextDialog(code, help_page(code)))

    # -- asked before ----------------------------------------------------------------------

    def _has_device(self) -> bool:
        if not self.sheet.host:
            self.say_line("No device: h types an address, f searches.")
        return bool(self.sheet.host)

    def _has_form(self) -> bool:
        if self._has_device() and not self.sheet.known:
            self.say_line("The device was not read yet.")
        return self.sheet.known


def _kept_sheet(store: Any, host: str) -> Sheet:
    """The form as it was read last at this address, or an empty one."""
    try:
        found = history.cached(store, host)
    except FaultError:  # of an older program, or damaged: the device itself is asked anyway
        found = None
    if found is None:
        return Sheet(host)
    mac, profile = found
    return Sheet(host, mac=_colons(mac), base=profile, when=store.devices.history(mac)[-1].when)


def _colons(mac: str) -> str:
    from core.openbk.wire import normal_mac

    return normal_mac(mac)


def _profile_names(folder: Path) -> list[tuple[str, str]]:
    """Profiles of the data folder, then the shipped ones."""
    found = []
    for where, word in ((folder, ""), (SHIPPED, "shipped")):
        for path in sorted(where.glob("*.toml")) if where.is_dir() else ():
            found.append((str(path), f"{path.name}  {word}".rstrip()))
    return found


def past(entries: list[Entry]) -> list[tuple[str, str]]:
    """The configurations that can be gone back to, newest first, each with what came after it."""
    found: list[tuple[str, str]] = []
    after: Profile | None = None
    for entry in reversed(entries):
        try:
            profile = history.profile_of(entry)
        except FaultError:
            continue
        if after is not None:
            paths = [change.path for change in changes(after, profile)]
            more = f", and {len(paths) - 3} more" if len(paths) > 3 else ""
            text = f"{entry.number:>3}  {entry.when}  {', '.join(paths[:3])}{more}"
            found.append((str(entry.number), text))
        after = profile if after is None else after
    return found
