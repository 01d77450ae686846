"""What is done to the marked devices: compared with a profile, or made as it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.fault import FaultError
from core.job import Reporter, Result
from core.openbk.standing import WELL, Standing, State, by_address, counted
from core.profile.model import Profile
from tui import openbk_works as works
from tui.model import JobView
from tui.panes.openbk.sections import DEVICES
from tui.panes.openbk.standings import Fleet, Standings
from tui.work import Tools, Work

READ = (*WELL, State.DIFFERS)
"""Ends of a device that was read well."""


class Many(Standings):
    """Comparing and applying a profile to the marked devices of the list."""

    last_profile: str

    # -- starting --------------------------------------------------------------------------

    def do_all(self) -> None:
        """Mark every device that answered."""
        if self.tab == DEVICES:
            self._mark({host for host, place in self.places.items() if place.live} | self.marked)

    def do_none(self) -> None:
        """Take all marks off."""
        if self.tab == DEVICES:
            self._mark(set())

    def _mark(self, hosts: set[str]) -> None:
        self.marked = hosts
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
        fleet = Fleet(hosts, profile, Path(name).name)
        work = works.apply_work(
            self.connect(), hosts, profile, only_diff=only_diff, source=fleet.name
        )
        busy = bool(self.wattbench.host.running())
        self.wattbench.start(_known_to(fleet, work))
        if not busy:
            self.fleet, self.last_profile = fleet, name
        self.repaint()

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
        if standing.fault is not None:
            self.failed[host] = standing.fault
        elif standing.state in READ:
            self.failed.pop(host, None)
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
