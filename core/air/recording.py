"""Recordings of the air: one advert a line, as it was received, to be played back anywhere.

The first line names the format and the date; times are seconds from there.  A recording holds the
addresses and names of everything around, so the file is private.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from core.air import faults
from core.air.names import short_uuid
from core.radio.advert import Advert
from core.store.clock import iso
from core.store.files import Files, disk
from core.store.store import Store

FORMAT = "wattbench-air"
LONGEST_LINE = 1 << 16
LONGEST_DATA = 4096
LONGEST_NAME = 4096
_ADDRESS = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f-]{36}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Recorder:
    """Writes adverts to a new file.  `put` never waits; `drain` writes what has gathered, and may
    be called on a thread.  Raises AIR-EXISTS for a file that is there, and the store's faults."""

    def __init__(self, path: Path, store: Store) -> None:
        self.path, self.count = path, 0
        files: Files = store.files
        files.folder(path.parent)
        if path.exists():
            raise faults.EXISTS(
                what=f"{path} exists.",
                cause="It was recorded before, or belongs to something else.",
                next="Choose another name.",
            )
        with disk(path):
            self._file = files.create(path)
        self._began: float | None = None
        head = {"format": FORMAT, "version": 1, "began": iso(store.now()), "private": True}
        self._lines = [json.dumps(head)]

    def put(self, advert: Advert) -> None:
        """Take one advert."""
        if self._began is None:
            self._began = advert.time
        self.count += 1
        self._lines.append(to_line(advert, advert.time - self._began))

    def drain(self) -> None:
        """Write what has gathered."""
        lines, self._lines = self._lines, []
        if lines:
            with disk(self.path):
                self._file.write(("\n".join(lines) + "\n").encode())
                self._file.flush()

    def close(self) -> None:
        """Write the rest and close the file."""
        try:
            self.drain()
        finally:
            with disk(self.path):
                self._file.close()


def to_line(advert: Advert, time: float) -> str:
    """One advert as a line of the file; a short UUID as its four digits."""
    services = {}
    for uuid, data in advert.service_data.items():
        short = short_uuid(uuid)
        services[uuid if short is None else f"{short:04x}"] = data.hex()
    line: dict[str, object] = {
        "time": round(time, 4),
        "address": advert.address,
        "name": advert.name,
        "rssi": advert.rssi,
        "service_data": services,
        "manufacturer_data": {f"{k:04x}": v.hex() for k, v in advert.manufacturer_data.items()},
        "connectable": advert.connectable,
    }
    return json.dumps(line)


class Playback:
    """The adverts of a recording, in order; `bad` counts lines that were none.

    Raises AIR-RECORDING for a file of another kind, STORE-UNREADABLE and kin.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.bad, self.began = path, 0, ""
        with disk(path), path.open("rb") as file:
            head = file.readline(LONGEST_LINE)
        found = _loads(head)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise faults.RECORDING(
                what=f"{path} does not begin with the line of a recording.",
                cause="It is another kind of file, or its beginning is missing.",
                next="Choose a file that `wattbench scan --record` wrote.",
            )
        self.began = str(found.get("began", ""))

    def __iter__(self) -> Iterator[Advert]:
        latest = 0.0
        with disk(self.path), self.path.open("rb") as file:
            file.readline(LONGEST_LINE)
            while line := file.readline(LONGEST_LINE):
                advert = from_line(line, latest)
                if advert is not None:
                    latest = advert.time
                    yield advert
                elif line.strip():
                    self.bad += 1


def from_line(line: bytes, earliest: float = 0.0) -> Advert | None:
    """The advert of one line, not before `earliest`; None for what is none."""
    values = _loads(line)
    if not isinstance(values, dict):
        return None
    time, address, rssi = values.get("time"), values.get("address"), values.get("rssi")
    name = values.get("name", "")
    if not _is_number(time) or not _is_number(rssi):
        return None
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        return None
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        return None
    services, companies = values.get("service_data", {}), values.get("manufacturer_data", {})
    try:
        return Advert(
            time=max(float(time), earliest),
            address=address.upper(),
            name=name,
            rssi=max(-127, min(20, int(rssi))),
            service_data={_uuid(uuid): _data(data) for uuid, data in _items(services)},
            manufacturer_data={int(k, 16) & 0xFFFF: _data(data) for k, data in _items(companies)},
            connectable=values.get("connectable") is not False,
        )
    except (ValueError, OverflowError):
        return None


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def _loads(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _items(table: object) -> list[tuple[str, object]]:
    if not isinstance(table, Mapping):
        raise ValueError
    return list(table.items())


def _uuid(text: str) -> str:
    uuid = text.lower()
    if len(uuid) == 4:
        return f"0000{int(uuid, 16):04x}-0000-1000-8000-00805f9b34fb"
    if not _UUID.fullmatch(uuid):
        raise ValueError
    return uuid


def _data(text: object) -> bytes:
    if not isinstance(text, str) or len(text) > 2 * LONGEST_DATA:
        raise ValueError
    return bytes.fromhex(text)
