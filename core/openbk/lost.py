"""What was not ended: a relay was switched and this computer was gone right after (rulings O1).

The mark stands in the device's file while a relay may switch.  A process that is cut off leaves
it there, and the next start says that the plug may feed this computer or its router.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.events import Choice, Question
from core.fault import FaultError
from core.openbk import faults
from core.store.jobs import JobInfo
from core.store.store import Store

if TYPE_CHECKING:
    from core.openbk.read import Device

MARK = "relay_may_be_off"
_HEARD = (faults.REFUSED.code, faults.DIFFERS.code, faults.CHANGED.code, faults.OLD_VERSION.code)
"""Faults that the device itself answered, so it is neither lost nor half way."""
_AT_RELAYS = ("apply", "undo", "calibrate", "ota", "restore", "switch")
LOOK = (
    "Look at the load. Does that plug feed this computer or its router? Move it to another socket "
    "first."
)

MAY_LOSE = (Choice("yes", "yes, they may lose power"), Choice("no", "no, or not sure"))


def may_switch(key: str, what: str, relays: int = 1) -> Question:
    """The question before a relay may switch; `what` is the sentence that says which and why.

    It can be answered safely by who does not know: only a yes goes on (rulings O1).
    """
    they = "Do they feed" if relays > 1 else "Does it feed"
    text = f"{what} {they} only things that may lose power: no computer, no router?"
    return Question(key, text, MAY_LOSE)


@dataclass(slots=True)
class Mark:
    """What the work under `switching` knows of the relays: `settled` is True while they are proven
    to be as they were, False while they are not, None where only the fault tells."""

    settled: bool | None = None


@contextmanager
def switching(store: Store, device: Device, relays: Sequence[int]) -> Iterator[Mark]:
    """Around anything that may switch a relay; the mark stays unless the work came to its end, the
    device itself refused, or the relays are proven.

    Raises STORE-* before the work: what cannot be marked is not begun.
    """
    mark = Mark()
    if not device.mac or not (relays or device.relays):
        yield mark
        return
    store.devices.remember(device.mac, **{MARK: device.name or device.mac})
    try:
        yield mark
    except BaseException as error:
        heard = isinstance(error, FaultError) and error.fault.code in _HEARD
        if heard if mark.settled is None else mark.settled:
            _take_away(store, device.mac)
        raise
    _take_away(store, device.mac)


def _take_away(store: Store, mac: str) -> None:
    """What came of the work does not change with the disk; a mark too many is only said again."""
    with contextlib.suppress(FaultError):
        store.devices.remember(mac, **{MARK: ""})


@dataclass(frozen=True, slots=True)
class Left:
    """A device whose relay was switched by a run that did not end."""

    mac: str
    name: str

    @property
    def text(self) -> str:
        return (
            f"The last job on {self.name} ended in the middle of its work: its relay may have been "
            f"left on, or switched off. {LOOK}"
        )


def marked(store: Store) -> list[Left]:
    """The devices that must be looked at; none while a job that may have set a mark still runs."""
    found = []
    for path in sorted(store.devices.root.glob("*.toml")):
        name = store.devices.head(path.stem).get(MARK)
        if name:
            found.append(Left(path.stem, str(name)))
    if found and any(j.state == "running" and "-openbk-" in j.id for j in store.jobs.all()):
        return []
    return found


def were_said(store: Store, left: Sequence[Left]) -> None:
    """Somebody has read it; where the disk refuses, it is said again."""
    for device in left:
        _take_away(store, device.mac)


def of_cut_job(job: JobInfo, events: Sequence[dict[str, Any]]) -> str:
    """The same of a job whose end is not written, from its journal; nothing where it cannot have
    come to a relay: each of these asks first."""
    verb, _, action = job.kind.partition("-")
    answered = any(e.get("event") == "answer" and e.get("answer") != "no" for e in events)
    if job.state != "interrupted" or verb != "openbk" or action not in _AT_RELAYS or not answered:
        return ""
    return f"Its relay may have been left on, or switched off. {LOOK}"
