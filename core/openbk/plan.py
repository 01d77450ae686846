"""What it takes to turn a device into what a profile wants: changes, requests, consequences."""

from __future__ import annotations

from dataclasses import dataclass

from core.openbk.difference import Change, changes, wanted_for
from core.openbk.read import Device
from core.openbk.steps import Maker, Step
from core.openbk.words import translate_text
from core.profile.check import warnings
from core.profile.model import Profile, merged

WIRES = " Take RX1 and TX1 off before that boot."
"""What a warning about the serial pins ends with."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`relays` are the channels that may switch; `restart` asks for one at the end, `moves`
    says that Wi-Fi or the address changes and the device may come back elsewhere."""

    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]
    relays: tuple[int, ...]
    restart: bool
    moves: bool
    wanted: Profile

    @property
    def empty(self) -> bool:
        return not self.steps and not self.restart

    @property
    def restarts(self) -> bool:
        return self.restart or any(step.restarts for step in self.steps)

    def lines(self) -> list[str]:
        """The plan for people: every change, then every request.  Secrets are masked."""
        found = [change.line() for change in self.changes]
        found += [f"{n}. {step.title}" for n, step in enumerate(self.steps, 1)]
        if self.restart:
            found.append(f"{len(self.steps) + 1}. restart, and wait until it is back")
        return found


def plan_for(device: Device, profile: Profile) -> Plan:
    """What to send to `device`.  Raises OBK-CHIP, OBK-CANNOT-SET, PROFILE-VALUE."""
    wanted = wanted_for(profile, device)
    found = changes(device.profile, wanted)
    maker = Maker(device, wanted, {change.path: change for change in found})
    steps = tuple(maker.steps())
    after = merged(device.profile, wanted)
    return Plan(
        changes=tuple(change for change in found if change.path in maker.done),
        steps=steps,
        warnings=(
            *_news(device, after),
            *maker.notes,
            *(f"Startup command: {said}" for said in translate_text(profile.startup or "")[1]),
        ),
        relays=maker.switching(),
        restart=maker.needs_restart() and not any(step.restarts for step in steps),
        moves=any(path.startswith(("wifi.ssid", "wifi.pass", "network.")) for path in maker.done),
        wanted=wanted,
    )


def _news(device: Device, after: Profile) -> list[str]:
    """Warnings that the device does not deserve already.  A plug in the network is closed: what
    they say of wires is for who has it open."""
    old = warnings(device.profile)
    return [text.replace(WIRES, "") for text in warnings(after) if text not in old]
