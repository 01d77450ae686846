"""What the keys of the OpenBK pane do to the form, and which device it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.fault import FaultError
from core.openbk import history
from core.openbk.exchange import normal_host
from core.openbk.wire import normal_mac
from core.profile.model import Secret
from tui import openbk_works as works
from tui.fault_help import help_page
from tui.model import JobView
from tui.panes.openbk.actions import MORE
from tui.panes.openbk.console import ConsoleDialog
from tui.panes.openbk.dump import as_path
from tui.panes.openbk.link import DeviceLink
from tui.panes.openbk.places import Place, found_by, kept
from tui.panes.openbk.sections import ADDING, DEVICES, TABS
from tui.panes.openbk.sheet import POWER, Sheet
from tui.panes.openbk.stored import Stored
from tui.panes.openbk.values import is_secret
from tui.widgets.dialog import PickDialog, TextDialog


class Commands(Stored):
    """The actions; the pane itself shows and edits."""

    TYPED: tuple[str, ...] = (
        "host", "network", "password", "dump", "restore", "raw", "profile"
    )  # fmt: skip

    _found: Mapping[str, Any] | None = None

    # -- which device ----------------------------------------------------------------------

    def know_places(self) -> None:
        """The devices of the data folder."""
        self.places = kept(self.wattbench.host.store) | self.places

    def open(self, address: str) -> None:
        """Show this device: at once what was read last, then what it says now."""
        try:
            self.open_at(normal_host(address))
        except FaultError as error:
            self.say_line(f"{error.fault.code}: {error.fault.what} {error.fault.next}")

    def open_at(self, host: str) -> None:
        """The same.  Raises OBK-RANGE for what is no address; then nothing has changed."""
        link = DeviceLink(self.wattbench.host, host, self.passwords.get(host, ""))
        link.start()
        store = self.wattbench.host.store
        if host not in self.sheets:
            self.sheets[host] = _kept_sheet(store, host)
        self.bring(self.sheets[host])
        self.link = link
        if self.sheet.known:  # one that never answered is not kept
            self.places.setdefault(host, Place(host, mac=self.sheet.mac))
            store.settings.set("openbk_host", host)
        self.load_handed()
        self.turn_to(TABS[0] if self.tab == DEVICES else self.tab)

    def do_host(self) -> None:
        hint = "Name or address of the device, also address:port; or the path of a flash dump."
        now = f" Now: {self.sheet.address}" if self.sheet.address else ""
        self.edit("host", "", hint=f"{hint}{now}")

    def typed_host(self, text: str) -> None:
        """The address was typed, or the path of a dump."""
        path = as_path(text)
        if path is not None:
            self.tried(lambda: self.open_dump(path))
        elif normal_host(text):
            self.open_at(normal_host(text))

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
        wifi = host.demo is None
        self.wattbench.start(works.find_work(self.connect(), tuple(text.split()), wifi=wifi))

    def take_places(self, job: JobView) -> None:
        """What a search found so far."""
        found = job.facts.get("found")
        if found is not None and found is not self._found:
            self._found = found  # once: what was taken off the list stays off
            self.places |= found_by(found)

    def do_password(self) -> None:
        self.locked = self.key if self.tab == DEVICES else self.sheet.host
        if self.locked:
            hint = f"Web password of {self.locked}; kept until the program ends, not written."
            self.edit("password", "", secret=True, hint=hint)
        else:
            self.has_device()

    def typed_password(self, text: str) -> None:
        """It is used for this device from now on, and never written down."""
        self.passwords[self.locked] = text
        if self.tab == DEVICES:
            self.unlock_place(self.locked)
        else:
            self.open(self.locked)

    def do_read(self) -> None:
        if self.has_device() and self.link is not None:
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

    def do_wipe(self) -> None:
        """Backspace: as Delete, but for devices."""
        if self.tab != DEVICES:
            self.do_empty()

    def _off_the_list(self, host: str) -> None:
        """The device is no row any more; what is kept of it stays on disk."""
        self.places.pop(host, None)
        self.failed.pop(host, None)
        self.marked.discard(host)
        self.repaint()

    def do_empty(self) -> None:
        path = self.key
        if self.tab == DEVICES:
            self._off_the_list(path)
            return
        if not self.sheet.known or path in ADDING:
            return
        value = self.sheet.value(path)
        if is_secret(path):
            self.put(path, Secret(""))
        elif isinstance(value, str) and path != POWER and not path.endswith(".type"):
            self.put(path, "")
        else:
            self.say_now("This field cannot be empty; Enter changes it.")
            self.repaint()

    def do_mark(self) -> None:
        """Space: mark a device, or switch a flag."""
        if self.key.startswith("flags.") and self.sheet.known and self.tab != DEVICES:
            self.put(self.key, not self.sheet.value(self.key))
        elif self.tab == DEVICES and self.key in self.places:
            self.marked ^= {self.key}
            self.repaint()

    # -- the rest --------------------------------------------------------------------------

    def do_console(self) -> None:
        if not self.has_device() or self.link is None:
            return
        if self.wattbench.host.options.read_only:
            self.say_line("READ-ONLY: the console may change the device.")
            return
        self.app.push_screen(ConsoleDialog(self.link))

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
        code = self.fault[0].code if self.fault is not None else ""
        if not code and self.tab == DEVICES:
            code = self.failed_code(self.key)
        if not code and self._sample is not None and self._sample.fault is not None:
            code = self._sample.fault.code
        if not code:
            self.say_now("No fault is shown.")
            self.repaint()
            return
        self.app.push_screen(TextDialog(code, help_page(code)))


def _kept_sheet(store: Any, host: str) -> Sheet:
    """The form as it was read last at this address, or an empty one."""
    try:
        found = history.cached(store, host)
    except FaultError:  # of an older program, or damaged: the device itself is asked anyway
        found = None
    if found is None:
        return Sheet(host)
    mac, profile = found
    return Sheet(host, mac=normal_mac(mac), base=profile, when=store.devices.history(mac)[-1].when)
