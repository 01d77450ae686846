"""How each device of a fleet stands: said while the job runs, and as the report at its end."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from core.fault import Fault, FaultError, Touched
from core.job import Reporter
from core.openbk.fleet import unexpected

EVERY = 1.0
"""Seconds between two counts of one device; a change of state is always said."""
FLEET = "fleet"
"""Key of the facts that name all hosts of a fleet: who has no facts of its own waits."""


class State(StrEnum):
    """How far the work on one device is."""

    WAITING = "waiting"
    READING = "reading"
    PLANNED = "planned"
    SENDING = "sending"
    RESTARTING = "restarting"
    CHECKING = "reading back"
    DONE = "done"
    SAME = "same"
    DIFFERS = "differs"
    FAILED = "failed"


ENDS = frozenset((State.DONE, State.SAME, State.DIFFERS, State.FAILED))
LEFT = {
    State.WAITING: "not begun",
    State.READING: "not read to the end",
    State.PLANNED: "not sent",
}
"""What a state means when the job is over."""
WELL = frozenset((State.DONE, State.SAME))
"""Ends after which nothing is left to do for the device."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One device, named as it was asked for.  `changes` counts fields that differ, `sent` is the
    number of the request that is being sent, out of `of`.  `address` is where it is now."""

    host: str
    state: State = State.WAITING
    name: str = ""
    mac: str = ""
    address: str = ""
    changes: int = 0
    sent: int = 0
    of: int = 0
    fault: Fault | None = None

    @property
    def moved(self) -> bool:
        """True when the device has another address now."""
        return bool(self.address) and self.address != self.host

    def text(self, *, over: bool = False) -> str:
        """The state for people; `over` when the job has ended and will not go on with it."""
        if over and self.state not in ENDS:
            return LEFT.get(self.state, f"left at {self.text()}")
        match self.state:
            case State.PLANNED:
                return f"plan: {counted(self.changes, 'change')}"
            case State.SENDING:
                return f"sending {self.sent}/{self.of}"
            case State.DONE:
                at = f" now at {self.address}," if self.moved else ""
                return f"done,{at} {counted(self.of, 'request')}"
            case State.SAME:
                return "as the profile says"
            case State.DIFFERS:
                return differ(self.changes)
            case State.FAILED if self.fault is not None:
                return f"{self.fault.code}: {bare(self.fault.what, self.host)}"
        return str(self.state)

    def to_json(self) -> dict[str, Any]:
        """The values of its facts."""
        return {
            "host": self.host,
            "state": str(self.state),
            "name": self.name,
            "mac": self.mac,
            "address": self.address,
            "changes": self.changes,
            "sent": self.sent,
            "of": self.of,
            "fault": None if self.fault is None else self.fault.to_json(),
        }

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Standing:
        """The opposite of `to_json`."""
        fault = values["fault"]
        if fault is not None:
            touched, command = Touched(fault["touched"]), tuple(fault["command"])
            fault = Fault(**{**fault, "touched": touched, "command": command})
        return cls(**{**values, "state": State(values["state"]), "fault": fault})


def counted(count: int, word: str) -> str:
    """ "1 change", "2 changes", "2 addresses"."""
    return f"{count} {word}" + ("" if count == 1 else "es" if word.endswith("s") else "s")


def differ(count: int) -> str:
    """ "1 field differs", "2 fields differ"."""
    return f"{counted(count, 'field')} differ{'s' * (count == 1)}"


def some(names: Sequence[str], most: int = 8) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def bare(what: str, host: str) -> str:
    """A sentence of a fault where the address stands in front already."""
    rest = what.removeprefix(host)
    return what if rest == what else rest.lstrip(": ")


def key_of(host: str) -> str:
    """Key of the facts of one device."""
    return f"device {host}"


def by_address(host: str) -> tuple[int, int, str, int]:
    """Sorts hosts: addresses by their number, so that .9 comes before .10; then names."""
    name, _, port = host.rpartition(":") if host.count(":") == 1 else (host, "", "")
    number = int(port) if port.isdecimal() and len(port) < 6 else 80
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return 9, 0, name.lower(), number
    return address.version, int(address), "", number


class Board:
    """Says how every device of a job stands, whole and one fact for each change."""

    def __init__(self, report: Reporter, hosts: Sequence[str]) -> None:
        self._report = report
        self._now = {host: Standing(host) for host in hosts}
        self._said: dict[str, float] = {}
        report.facts(FLEET, hosts=list(hosts))

    def known(self, host: str) -> dict[str, Any]:
        """Who a device is, for the result: empty until it was read."""
        now = self._now[host]
        return {"name": now.name, "mac": now.mac} if now.mac or now.name else {}

    def put(self, host: str, state: State, **values: Any) -> None:
        """The device is in this state; `values` are fields of `Standing`."""
        now, before = asyncio.get_running_loop().time(), self._now[host]
        self._now[host] = replace(before, state=state, **values)
        if state is before.state and now - self._said.get(host, -EVERY) < EVERY:
            return
        self._said[host] = now
        self._report.facts(key_of(host), **self._now[host].to_json())

    @contextmanager
    def failing(self, host: str) -> Iterator[None]:
        """A FaultError in here is how the device ends; any other exception becomes one."""
        try:
            yield
        except FaultError as error:
            self.put(host, State.FAILED, fault=error.fault)
            raise
        except Exception as error:
            wrong = unexpected(host, error)
            self.put(host, State.FAILED, fault=wrong.fault)
            raise wrong from error

    def tell(self) -> None:
        """The report: one line a device, those that failed last, with the reason."""
        if len(self._now) == 1:
            return
        rows = in_order(self._now.values())
        for standing, line in zip(rows, lines_of(rows), strict=True):
            if standing.fault is None:
                self._report.note("DEVICE", line)
            else:
                self._report.warn(standing.fault.code, line)


def in_order(standings: Iterable[Standing], *, failed_first: bool = False) -> list[Standing]:
    """By address, those that failed apart from the others."""
    return sorted(
        standings, key=lambda s: ((s.fault is not None) != failed_first, by_address(s.host))
    )


def lines_of(rows: Sequence[Standing], *, over: bool = True) -> list[str]:
    """One line a device: address, name, MAC, what became of it and, if it failed, what to do."""
    edge = max((len(row.host) for row in rows), default=0)
    room = max((len(row.name) for row in rows), default=0)
    return [_line(row, edge, room, row.text(over=over)) for row in rows]


def _line(row: Standing, edge: int, room: int, became: str) -> str:
    next_step = "" if row.fault is None else f" Next: {row.fault.next}"
    name = f"{row.name or '-':<{max(room, 1)}}"
    return f"{row.host:<{edge}}  {name}  {row.mac or '-':<17}  {became}{next_step}"
