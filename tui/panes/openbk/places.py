"""Where devices are: those that a search found, and those that were read before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.cells import set_cell_size

from core.openbk.read import Device
from core.openbk.wire import normal_mac
from core.store.store import Store
from tui.widgets.prose import fit

NAME = 12
"""Cells of a name in the list."""
STATE = 26
"""Cells of how a device answers, where what became of it stands behind."""
EDGE = 21
"""The most cells that addresses get: four numbers and a port."""


@dataclass(frozen=True, slots=True)
class Place:
    """One device at an address; `live` when it answered a search of this session."""

    host: str
    name: str = ""
    chip: str = ""
    version: str = ""
    mac: str = ""
    signal: int | None = None
    safe_mode: bool = False
    locked: bool = False
    live: bool = False


def kept(store: Store) -> dict[str, Place]:
    """Those that were read with this data folder, by the address they had then."""
    found = {}
    for path in sorted(store.devices.root.glob("*.toml")):
        host = store.devices.head(path.stem).get("host")
        if isinstance(host, str) and host:
            found[host] = Place(host, mac=normal_mac(path.stem))
    return found


def found_by(facts: Mapping[str, Any]) -> dict[str, Place]:
    """Those that a search found, from its facts."""
    return {row["host"]: Place(**row, live=True) for row in facts.get("devices", ())}


def read_place(host: str, device: Device) -> Place:
    """The place of a device that was read whole."""
    return Place(host, device.info.short_name, device.chip, device.info.version, device.mac,
                 device.state.signal, live=True)  # fmt: skip


def who_line(place: Place, edge: int, *, marked: bool, cursor: str = " ") -> str:
    """One device: cursor, mark, address in `edge` cells, name, MAC."""
    mark = "x" if marked else " "
    host = set_cell_size(fit(place.host, edge), edge)
    name = set_cell_size(fit(place.name, NAME), NAME)
    return f"{cursor}[{mark}] {host} {name} {place.mac:<17}"


def state_line(place: Place) -> str:
    """How it answers: chip, version and signal, or why that is not known."""
    if place.locked:
        rest = "asks for a password"
    elif not place.live:
        rest = "read before"
    else:
        rest = f"{place.chip} {place.version}"
    signal = "" if place.signal is None else f"{place.signal} dBm"
    safe = " SAFE MODE" if place.safe_mode else ""
    return f"{rest:<16}{safe} {signal}".rstrip()
