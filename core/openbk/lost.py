"""What was not ended: a relay was switched and this computer was gone right after (rulings O1).

The mark stands in the device's file while a relay may switch.  A process that is cut off leaves
it there, and the next start says that the plug may feed this computer or its router.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from core.events import Choice, Question
from core.fault import FaultError
from core.openbk import faults
from core.openbk.read import Device
from core.store.store import Store

MARK = "relay_may_be_off"
_LOST = (faults.HALF.code, faults.GONE.code, faults.SILENT.code)

MAY_LOSE = (Choice("yes", "yes, they may lose power"), Choice("no", "no, or not sure"))


def may_switch(key: str, what: str, relays: int = 1) -> Question:
    """The question before a relay may switch; `what` is the sentence that says which and why.

    It can be answered safely by who does not know: only a yes goes on (rulings O1).
    """
    they = "Do they feed" if relays > 1 else "Does it feed"
    text = f"{what} {they} only things that may lose power: no computer, no router?"
    return Question(key, text, MAY_LOSE)


@contextmanager
def switching(store: Store, device: Device, relays: Sequence[int]) -> Iterator[None]:
    """Around anything that may switch a relay; the mark stays when the device is lost."""
    if not device.mac or not (relays or device.relays):
        yield
        return
    store.devices.remember(device.mac, **{MARK: device.name})
    try:
        yield
    except FaultError as error:
        if error.fault.code not in _LOST:
            store.devices.remember(device.mac, **{MARK: ""})
        raise
    store.devices.remember(device.mac, **{MARK: ""})


def left_open(store: Store) -> list[str]:
    """A sentence for every device whose relay was switched by a run that did not end; said once.

    Nothing is said, and no mark is taken away, while such a job still runs.
    """
    said: list[str] = []
    marked = [p for p in store.devices.root.glob("*.toml") if store.devices.head(p.stem).get(MARK)]
    if not marked or any(
        job.state == "running" and "-openbk-" in job.id for job in store.jobs.all()
    ):
        return said
    for path in sorted(marked):
        name = store.devices.head(path.stem)[MARK]
        said.append(
            f"The last job on {name} ended in the middle of its work: its relay may have been "
            "left on, or switched off. Look at the load. Does that plug feed this computer or its "
            "router? Move it to another socket first."
        )
        store.devices.remember(path.stem, **{MARK: ""})
    return said
