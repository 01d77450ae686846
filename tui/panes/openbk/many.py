"""What is done to the marked devices, and how each of them stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.fault import Fault, FaultError
from core.job import Reporter, Result
from core.openbk import faults
from core.openbk.standing import (
    ENDS,
    FLEET,
    WELL,
    Standing,
    State,
    by_address,
    counted,
    in_order,
    key_of,
    lines_of,
)
from core.profile.model import Profile
from tui import openbk_works as works
from tui.model import JobView
from tui.panes.openbk.places import Place
from tui.panes.openbk.sections import DEVICES
from tui.panes.openbk.shared import Shared
from tui.widgets.dialog import TextDialog
from tui.widgets.prose import fit
from tui.work import Tools, Work

SAID = {
    State.DONE: "done",
    State.SAME: "equal",
    State.DIFFERS: "differ",
    State.FAILED: "failed",
    State.PLANNED: "planned",
    State.WAITING: "waiting",
}
"""How states are counted; all others are "at work"."""
LEFT = {
    State.WAITING: "not begun",
    State.READING: "not read to the end",
    State.PLANNED: "not sent",
}
"""What a state means when the job is over."""
HERE = {
    faults.PASSWORD.code: "Type its password (m, password), then do the same again.",
    faults.HALF.code: "Do the same again; it sends only what is missing.",
}
"""The next step at the screen, where the fault's own is meant for the command line."""


@dataclass(slots=True)
class Fleet:
    """One job for the marked devices.  `job` is its id once it runs; `aside` when its results
    were laid aside and the list shows the devices again."""

    hosts: tuple[str, ...]
    profile: Profile
    name: str
    job: str = ""
    ended: bool = False
    aside: bool = False
    parsed: dict[str, tuple[Mapping[str, Any], Standing]] = field(default_factory=dict)


class Many(Shared):
    """Comparing and applying a profile to the marked devices of the list."""

    fleet: Fleet | None
    last_profile: str

    # -- starting --------------------------------------------------------------------------

    def do_all(self) -> None:
        """Mark every device that answered, or none of them if all are marked."""
        if self.tab == DEVICES:
            live = {host for host, place in self.places.items() if place.live}
            self.marked = self.marked - live if live <= self.marked else self.marked | live
            self.repaint()
            self.pane_screen.keys_changed()

    def work_on_marked(self, *, only_diff: bool) -> None:
        """Ask for the profile, then compare with it or apply it."""
        hosts = tuple(sorted(self.marked, key=by_address))

        def picked(name: str | None) -> None:
            if name is not None:
                self._start_many(hosts, name, only_diff=only_diff)

        many = counted(len(hosts), "device")
        title = f"Compare {many} with which profile?" if only_diff else f"Apply what to {many}?"
        self.pick_profile(title, picked, self.last_profile)

    def _start_many(self, hosts: tuple[str, ...], name: str, *, only_diff: bool) -> None:
        try:
            profile = works.find_profile(self.wattbench.host, name)
        except FaultError as error:
            self.say_line(f"{error.fault.code}: {error.fault.what} {error.fault.next}")
            return
        work = works.apply_work(self.connect(), hosts, profile, only_diff=only_diff)
        fleet = Fleet(hosts, profile, Path(name).name)
        busy = bool(self.wattbench.host.running())
        self.wattbench.start(_known_to(fleet, work))
        if not busy:
            self.fleet, self.last_profile = fleet, name
        self.repaint()

    # -- how they stand --------------------------------------------------------------------

    @property
    def fleet_job(self) -> JobView | None:
        """The newest job for marked devices."""
        return None if self.fleet is None else self.wattbench.model.jobs.get(self.fleet.job)

    def standing(self, host: str) -> Standing | None:
        """How a device stands in the newest job for marked ones, while that is shown."""
        job, fleet = self.fleet_job, self.fleet
        if job is None or fleet is None or fleet.aside or host not in fleet.hosts:
            return None
        return self._standing(fleet, job, host)

    def _standing(self, fleet: Fleet, job: JobView, host: str) -> Standing:
        values = job.facts.get(key_of(host))
        if values is None:
            return Standing(host)
        known = fleet.parsed.get(host)
        if known is None or known[0] is not values:
            known = fleet.parsed[host] = (values, Standing.of_json(values))
        return known[1]

    def standings(self) -> list[Standing]:
        """All of the newest job for marked devices."""
        job, fleet = self.fleet_job, self.fleet
        if job is None or fleet is None or FLEET not in job.facts:
            return []
        return [self._standing(fleet, job, host) for host in fleet.hosts]

    def standing_text(self, host: str) -> str:
        """The same as words, or nothing."""
        standing, job = self.standing(host), self.fleet_job
        if standing is None or job is None:
            return ""
        if job.running or standing.state in ENDS:
            return standing.text()
        return LEFT.get(standing.state, f"left at {standing.text()}")

    def many_note(self, host: str) -> str:
        """What the line below the list says: the counts, then what to do with this device."""
        fleet, found = self.fleet, self.standings()
        if fleet is None or fleet.aside or not found:
            marks = f"{len(self.marked)} marked. " if self.marked else ""
            return (
                f"{marks}Enter opens it. Space marks, * marks all that answer; a applies a profile "
                "to those marked, d compares them with one."
            )
        width = max(self.size.width - 2, 20)
        head = fit(f"{counts(found)}  ({fleet.name})", width)
        return f"{head}\n{fit(f'r report.  {self._at_enter(host)}', width)}"

    def _at_enter(self, host: str) -> str:
        """What Enter does on a device whose standing is shown."""
        standing = self.standing(host)
        if standing is None:
            return ""
        if standing.fault is not None:
            return f"Enter: {standing.text()}"
        if standing.state is State.DIFFERS:
            return "Enter shows what differs; a applies a profile to those marked."
        job = self.fleet_job
        over = job is not None and not job.running
        return f"Enter opens it{', Esc lays the results aside' * over}."

    # -- looking at one, or at all ---------------------------------------------------------

    def choose_place(self, host: str) -> None:
        """Enter on a device: its fault, its diff, or its form."""
        standing = self.standing(host)
        if standing is not None and standing.fault is not None:
            self.fault = (as_shown(standing.fault), f"of {standing.name or host}")
            self.turn_body("fault")
        elif standing is not None and standing.state is State.DIFFERS:
            self._show_diff(host)
        else:
            self.open(host)

    def _show_diff(self, host: str) -> None:
        job = self.fleet_job
        result = job.result if job is not None else None
        if result is None:
            self.say_line("The differences can be read when all devices were compared.")
            return
        rows = result.get("devices", [{"host": host, **result}])
        row = next(row for row in rows if row["host"] == host)
        self.app.push_screen(TextDialog(f"Diff of {host}", "\n".join(diff_lines(row)), indent=2))

    def do_report(self) -> None:
        """What became of each of the marked devices, those that failed first."""
        found, fleet, job = self.standings(), self.fleet, self.fleet_job
        if fleet is None or job is None or not found:
            self.say_line("No report: mark devices in the Devices section, then a or d.")
            return
        named = [self._named(standing) for standing in in_order(found, failed_first=True)]
        head = [job.said, f"{fleet.name}: {counts(found)}.", ""]
        text = "\n".join([*head, *lines_of(named)])
        self.app.push_screen(TextDialog(job.title, text, indent=4))

    def _named(self, standing: Standing) -> Standing:
        """With what the list knows of a device that did not say who it is."""
        place = self.places.get(standing.host)
        if standing.fault is not None:
            standing = replace(standing, fault=as_shown(standing.fault))
        if place is None:
            return standing
        return replace(standing, name=standing.name or place.name, mac=standing.mac or place.mac)

    def place_now(self, host: str) -> Place:
        """The place, with what the job learned of it so far."""
        place, standing = self.places[host], self.standing(host)
        if standing is None or not standing.mac:
            return place
        return replace(place, name=standing.name, mac=standing.mac)

    def lay_aside(self) -> bool:
        """Show the devices again instead of what became of them.  False when nothing was shown."""
        fleet, job = self.fleet, self.fleet_job
        if fleet is None or job is None or fleet.aside or job.running:
            return False
        fleet.aside = True
        return True

    # -- the end ---------------------------------------------------------------------------

    def many_ended(self, job: JobView) -> None:
        """Take the marks off the devices that are fine; those that failed keep theirs."""
        fleet = self.fleet
        if fleet is None or job.id != fleet.job or fleet.ended:
            return
        fleet.ended = True
        for standing in self.standings():
            self._take_standing(fleet, standing, applied=job.kind == "openbk-apply")

    def _take_standing(self, fleet: Fleet, standing: Standing, *, applied: bool) -> None:
        host, place = standing.host, self.places.get(standing.host)
        if place is not None and standing.mac:
            self.places[host] = replace(self.place_now(host), live=True, locked=False)
        if not applied or standing.state not in WELL:
            return
        self.marked.discard(host)
        web = self._web_password(fleet.profile) if standing.state is State.DONE else None
        if web is not None:
            self.passwords[host] = web
        if standing.moved and place is not None:
            self._move(host, standing.address)
        if host == self.sheet.host and (standing.moved or web is not None):
            self._open_again(standing.address if standing.moved else host)

    def _web_password(self, profile: Profile) -> str | None:
        """The web password that the profile gave, as far as it is known here."""
        web = profile.wifi.web_password
        if web is None:
            return None
        return self.wattbench.host.store.keys.secret(web.name) if web.name else web.value

    def _move(self, host: str, address: str) -> None:
        """The device is elsewhere now; its row keeps its old address while results are shown."""
        self.places[address] = replace(self.places[host], host=address)
        self.places[host] = replace(self.places[host], live=False, signal=None)
        if host in self.passwords:
            self.passwords[address] = self.passwords[host]

    def unlock_place(self, host: str) -> None:
        """A password was typed for a device of the list."""
        self.say_line(f"The password of {host} is used from now on; it is not written down.")
        self.fault = None
        self.turn_body("sheet")
        if host == self.sheet.host:
            self._open_again(host)

    def _open_again(self, host: str) -> None:
        """Follow the device of the form without leaving the list."""
        tab, said = self.tab, self.said
        if host != self.sheet.host:
            self.follow(host)
        else:
            self.open(host)
        self.said = said
        self.turn_to(tab)


def _known_to(fleet: Fleet, work: Work) -> Work:
    """The same work; the fleet learns which job does it."""

    async def task(report: Reporter, tools: Tools) -> Result:
        fleet.job = report.job_id
        return await work.task(report, tools)

    return replace(work, task=task)


def as_shown(fault: Fault) -> Fault:
    """With the next step at the screen, where the words are meant for the command line."""
    if fault.code not in HERE:
        return fault
    return replace(fault, next=HERE[fault.code], command=())


def counts(standings: list[Standing]) -> str:
    """ "3 done, 1 failed, 2 at work"."""
    found = Counter(SAID.get(standing.state, "at work") for standing in standings)
    order = [*SAID.values(), "at work"]
    return ", ".join(f"{found[word]} {word}" for word in order if found[word])


def diff_lines(row: Mapping[str, Any]) -> list[str]:
    """What differs and what would be sent, out of a result of `diff`."""
    lines = [f"{c['path']}: {c['before']} -> {c['after']}" for c in row["changes"]]
    lines += ["", *(f"{n}. {title}" for n, title in enumerate(row["steps"], 1))]
    lines += ["The device restarts."] if row["restart"] else []
    return [*lines, *(f"! {text}" for text in row["warnings"])]
