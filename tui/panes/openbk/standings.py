"""How each of the marked devices stands: in the list, one by one, and as a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rich.cells import cell_len

from core.fault import Fault
from core.openbk import faults
from core.openbk.standing import FLEET, Standing, State, in_order, key_of, lines_of
from core.profile.model import Profile
from tui.model import JobView
from tui.panes.openbk.places import EDGE, STATE, Place, state_line, who_line
from tui.panes.openbk.shared import Shared
from tui.widgets.dialog import TextDialog
from tui.widgets.live_lines import Line
from tui.widgets.prose import fit

WIDE = 120
"""Cells from which the list says how a device answers and what became of it."""
SAID = {
    State.DONE: "done",
    State.SAME: "equal",
    State.DIFFERS: "differ",
    State.FAILED: "failed",
    State.PLANNED: "planned",
    State.WAITING: "waiting",
}
"""How states are counted; all others are "at work"."""
HERE = {
    faults.PASSWORD.code: "Type its password (m, password), then do the same again (a).",
    faults.HALF.code: "Do the same again (a); it sends only what is missing.",
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


class Standings(Shared):
    """What the newest job for marked devices said of each; `fleet` is that job."""

    fleet: Fleet | None

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
        return standing.text(over=not job.running)

    def failed_code(self, host: str) -> str:
        """The code of the fault that a device of the list ended with, or nothing."""
        standing = self.standing(host)
        fault = standing.fault if standing is not None else self.failed.get(host)
        return fault.code if fault is not None else ""

    def in_words_here(self, text: str) -> str:
        """A line of the log with the next step at the screen."""
        for standing in self.standings():
            fault = standing.fault
            if fault is not None and fault.code in HERE:
                text = text.replace(fault.next, HERE[fault.code])
        return text

    def many_note(self, host: str) -> str:
        """What the line below the list says: the counts, then what to do with this device."""
        fleet, found = self.fleet, self.standings()
        if fleet is None or fleet.aside or not found:
            marks = f"{len(self.marked)} marked. " if self.marked else ""
            if host in self.failed:
                fault = as_shown(self.failed[host])
                return f"{marks}e explains, Enter opens it. {fault.code}: {fault.what} {fault.next}"
            return (
                f"{marks}Enter opens it, Delete takes it off. Space marks, * all that answer, - "
                "none; a applies a profile to those marked, d compares them with one."
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
            return f"e explains. Enter: {standing.text()}"
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
        text = "\n".join([*head, *lines_of(named, over=not job.running)])
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

    def place_line(self, key: str, width: int, *, here: bool) -> Line:
        """A device; what became of it stands in place of how it answers, or behind it."""
        place, became = self.place_now(key), self.standing_text(key)
        edge = min(max(map(len, self.places)), EDGE)
        cursor = self.wattbench.glyphs.cursor if here else " "
        who = who_line(place, edge, marked=key in self.marked, cursor=cursor)
        failed = bool(self.failed_code(key))
        if not became and failed:
            became = f"failed: {self.failed_code(key)}"
        if not became:
            return ((fit(f"{who} {state_line(place)}", width), "here" if here else ""),)
        if self.size.width >= WIDE:
            who = f"{who} {state_line(place):<{STATE}}"
        text = fit(became, max(width - cell_len(who) - 1, 1))
        return ((who, "here" if here else ""), (f" {text}", "here" if here else "bad" * failed))


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
