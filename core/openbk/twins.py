"""Devices that a plan would make look alike: a name, or the MQTT client, that another one has.

A profile that was exported from one device names it; sent to others, it makes them its twins.  A
broker drops the one of two clients with the same name as soon as the other comes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.events import Question
from core.fault import FaultError
from core.openbk import history
from core.openbk.prepared import Prepared
from core.openbk.standing import counted, some
from core.openbk.wire import normal_mac
from core.profile.model import Profile, flat
from core.store.store import Store

CLIENT = "mqtt.client"
NAMED = {"names.short": "short name", "names.long": "long name", CLIENT: "MQTT client"}
"""What tells one device from another, by its path in a profile."""
REMEDY = "Leave it out of the profile, or write {mac6} in it: the end of the device's MAC."

Known = Mapping[str, Mapping[str, object]]
"""What each device was called when it was seen last: MAC -> path -> value."""


@dataclass(frozen=True, slots=True)
class Twins:
    """Devices of this run, `names`, that would have `value` at `path`; `others` are MACs of
    devices that have it already and are not in this run."""

    path: str
    value: str
    names: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def line(self) -> str:
        """The warning."""
        what = f"the same {NAMED[self.path]}, {self.value}"
        if len(self.names) == 1:
            return f"{self.names[0]} would have {what}, as {some(self.others, 3)}. {REMEDY}"
        more = f", and so has {some(self.others, 3)}" if self.others else ""
        many = counted(len(self.names), "device")
        return f"{many} would have {what}: {some(self.names)}{more}. {REMEDY}"


def twins(found: Sequence[Prepared], known: Known) -> list[Twins]:
    """Those that the plans would make, by path; nothing that is so already."""
    here = {p.device.mac for p in found}
    result = []
    for path in NAMED:
        groups: dict[str, dict[str, Prepared]] = {}
        for p in found:
            value = flat(p.plan.wanted).get(path)
            if value:
                groups.setdefault(str(value), {})[p.device.mac or p.host] = p
        for value, group in groups.items():
            changed = any(c.path == path for p in group.values() for c in p.plan.changes)
            others = [m for m, has in known.items() if m not in here and has.get(path) == value]
            if changed and (len(group) > 1 or others):
                names = tuple(p.device.name for p in group.values())
                result.append(Twins(path, value, names, tuple(others)))
    return result


async def find_twins(found: Sequence[Prepared], store: Store) -> list[Twins]:
    """The same, with what the store's history knows of devices that are not in this run."""
    if any(change.path in NAMED for p in found for change in p.plan.changes):
        return twins(found, await asyncio.to_thread(_known, store))
    return []


def _known(store: Store) -> Known:
    found = {}
    for path in sorted(store.devices.root.glob("*.toml")):
        entries = store.devices.history(path.stem)
        with contextlib.suppress(FaultError):  # a file that somebody edited
            profile = history.profile_of(entries[-1]) if entries else Profile()
            found[normal_mac(path.stem)] = flat(profile)
    return found


def client_question(found: Sequence[Twins], todo: Sequence[Prepared]) -> Question | None:
    """Twins at the broker are asked for by themselves, and `--yes` does not answer it: the end
    of the MAC is typed, or for several devices a word."""
    clients = [twin for twin in found if twin.path == CLIENT]
    if not clients:
        return None
    mac = todo[0].device.mac.replace(":", "") if len(todo) == 1 else ""
    head = "Two MQTT clients with one name drop each other from the broker, again and again."
    values = some([twin.value for twin in clients], 3)
    why = "because the other device is gone" if len(todo) == 1 else "though it is another's"
    ask = f"Send the MQTT client {values} all the same, {why}?"
    text = "\n".join((head, *(twin.line for twin in clients), ask))
    return Question("mqtt-client", text, expect=mac[-6:] or "same")
