"""The air as JSON and CSV: one event a frame, one line a device."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from core.air.device import Frame
from core.air.views import DeviceView

COLUMNS = ("address", "name", "who", "version", "encrypted", "key", "rssi", "per_minute", "frames",
           "lost", "readings", "marks")  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def frame_json(frame: Frame, time: object) -> dict[str, Any]:
    """A frame as the `advert` event; `time` as the caller counts it."""
    packet = frame.packet
    return {
        "time": time,
        "address": frame.advert.address,
        "name": frame.advert.name,
        "rssi": frame.advert.rssi,
        "version": packet.version,
        "encrypted": packet.encrypted,
        "counter": packet.counter,
        "packet_id": packet.packet_id,
        "kind": frame.kind,
        "state": str(packet.state),
        "relation": str(frame.relation),
        "lost": frame.lost,
        "readings": [reading.to_json() for reading in packet.readings],
        "notes": list(frame.notes),
    }


def table_json(views: Iterable[DeviceView]) -> str:
    """The table as one JSON list."""
    return json.dumps([view.to_json() for view in views], indent=1) + "\n"


def table_csv(views: Iterable[DeviceView]) -> str:
    """The table for a spreadsheet.  A name that a spreadsheet would compute is quoted first."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for view in views:
        writer.writerow([
            view.address, _tame(view.name), view.who, view.version, view.encrypted, view.key.text,
            view.rssi, f"{view.per_minute:.0f}", view.count, view.lost,
            _tame("; ".join(
                f"{v.reading.quantity}{v.reading.instance} {v.reading.text}" for v in view.values
            )),
            "; ".join(mark.code for mark in view.marks),
        ])  # fmt: skip
    return out.getvalue()


def _tame(text: str) -> str:
    shown = "".join(c if c.isprintable() else "·" for c in text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
