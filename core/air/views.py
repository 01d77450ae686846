"""What a screen or a script sees of a device: whole frozen records, made on demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from core.air.device import Device, Mark
from core.air.keystate import KeyState
from core.air.stream import Quantity, Stream
from core.bthome.objects import PACKET_ID
from core.bthome.reading import Packet, Reading

STRONG = -75
"""dBm; a device this strong does not fall silent because it is far away."""
SILENT = 40.0
CONNECTED_UP_TO = 5 * 60.0
"""Seconds; the meter's module ends every connection after 301 s (meter sheet 0)."""
ELSEWHERE = "probably connected elsewhere; back within 5 min"


class Value(NamedTuple):
    """The newest value of one quantity; `changed` and `time` are loop times."""

    reading: Reading
    kind: str
    changed: float
    time: float
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One row of the table, whole.  Times are those of the loop (or of the recording)."""

    address: str
    name: str
    who: str
    bthome: bool
    meter: bool
    version: int
    encrypted: bool
    trigger: bool
    pinned: bool
    rssi: int
    rssi_mean: float
    count: int
    per_minute: float
    since: float
    time: float
    key: KeyState
    no_poll: bool
    values: tuple[Value, ...]
    marks: tuple[Mark, ...]
    notes: tuple[str, ...]
    lost: int
    numbered: int

    def value(self, object_id: int, instance: int = 1) -> Reading | None:
        """The newest reading of an object."""
        for value in self.values:
            if value.reading.id == object_id and value.reading.instance == instance:
                return value.reading
        return None

    def absence(self, now: float) -> str:
        """Why nothing comes, if nothing comes."""
        age = now - self.time
        if age <= SILENT or self.trigger:
            return ""
        if self.meter and self.rssi_mean >= STRONG and age <= CONNECTED_UP_TO + SILENT:
            return ELSEWHERE
        return f"silent for {age:.0f} s"

    def to_json(self) -> dict[str, object]:
        """For copying and export; never a key."""
        return {
            "address": self.address,
            "name": self.name,
            "who": self.who,
            "version": self.version,
            "encrypted": self.encrypted,
            "trigger_based": self.trigger,
            "meter": self.meter,
            "rssi": self.rssi,
            "frames": self.count,
            "per_minute": round(self.per_minute, 1),
            "lost": self.lost,
            "key": self.key.text,
            "no_poll_yet": self.no_poll,
            "readings": [value.reading.to_json() for value in self.values],
            "marks": [{"code": m.code, "text": m.text, "count": m.count} for m in self.marks],
            "notes": list(self.notes),
        }


def view(device: Device, now: float) -> DeviceView:
    """The record of a device as it stands."""
    return DeviceView(
        address=device.address,
        name=device.name,
        who=device.who,
        bthome=device.heard_bthome,
        meter=device.is_meter,
        version=device.version,
        encrypted=bool(device.sealed),
        trigger=device.trigger,
        pinned=device.pinned,
        rssi=device.rssi,
        rssi_mean=device.rssi_mean,
        count=device.count,
        per_minute=device.rate.per_minute(now),
        since=device.since,
        time=device.time,
        key=device.key_state,
        no_poll=device.no_poll,
        values=tuple(_values(device)),
        marks=tuple(device.marks.values()),
        notes=tuple(device.notes),
        lost=device.lost,
        numbered=device.numbered,
    )


def _values(device: Device) -> list[Value]:
    """The newest value of every (id, instance) of every kind of frame.

    A device that was switched to encryption has two streams of one kind; the later one counts.
    """
    found: dict[tuple[tuple[int, ...], int, int], Value] = {}
    for stream in sorted(device.streams.values(), key=lambda s: s.time):
        for quantity in stream.quantities.values():
            reading = quantity.reading
            found[stream.key[2], reading.id, reading.instance] = Value(
                reading, stream.kind, quantity.changed, stream.time, quantity.least, quantity.most
            )
    return sorted(found.values(), key=lambda v: (v.reading.id, v.reading.instance))


# -- the detail view -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuantityView:
    """One quantity with its last quarter of an hour; `total` of an energy register counts the
    wraps that were seen."""

    reading: Reading
    least: float | None
    most: float | None
    since: float
    changed: float
    series: tuple[float | None, ...]
    total: float | None


@dataclass(frozen=True, slots=True)
class StreamView:
    """One kind of frame: its newest bytes, what they mean, its numbers."""

    kind: str
    uuid: int
    data: bytes
    packet: Packet
    relation: str
    count: int
    since: float
    time: float
    lost: int | None
    quantities: tuple[QuantityView, ...]


@dataclass(frozen=True, slots=True)
class DetailView:
    """One device in full."""

    device: DeviceView
    streams: tuple[StreamView, ...]
    rssi: tuple[float | None, ...]


def detail(device: Device, now: float) -> DetailView:
    """The full record of a device as it stands."""
    streams = tuple(
        made
        for stream in sorted(device.streams.values(), key=lambda s: (s.kind != "tariffs", s.since))
        if (made := _stream(stream, now)) is not None
    )
    return DetailView(view(device, now), streams, device.rssi_history.series(now))


def _stream(stream: Stream, now: float) -> StreamView | None:
    if stream.packet is None or not stream.recent:
        return None
    return StreamView(
        kind=stream.kind or _named(stream.packet),
        uuid=stream.uuid,
        data=stream.recent[-1],
        packet=stream.packet,
        relation=stream.relation,
        count=stream.count,
        since=stream.since,
        time=stream.time,
        lost=stream.loss.lost if stream.loss is not None else None,
        quantities=tuple(_quantity(q, now) for q in stream.quantities.values()),
    )


def _named(packet: Packet) -> str:
    names = dict.fromkeys(r.quantity for r in packet.readings if r.id != PACKET_ID)
    return ", ".join(names).replace("_", " ") or str(packet.state)


def _quantity(quantity: Quantity, now: float) -> QuantityView:
    register = quantity.register
    return QuantityView(
        reading=quantity.reading,
        least=quantity.least,
        most=quantity.most,
        since=quantity.since,
        changed=quantity.changed,
        series=quantity.history.series(now),
        total=register.total if register is not None and register.wraps else None,
    )
