"""One kind of frame of one device: its numbers, its last values, their history."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from core.air.history import History
from core.air.meters import Register, frame_kind
from core.air.numbers import COUNTERS, PACKET_IDS, Loss, Numbering
from core.bthome.objects import ENERGY24, PACKET_ID
from core.bthome.reading import Packet, Reading, State

MOST_QUANTITIES = 32
"""Quantities of one stream that get a history; a packet of the air has no room for more."""

Key = tuple[int, bool, tuple[int, ...], int]
"""Version, encrypted, ids, and for what stays closed the length."""

_BORING = (PACKET_ID,)


def stream_key(packet: Packet, length: int) -> Key:
    """Which stream a packet belongs to: the ordered object ids as they are.  What cannot be read
    is told apart by its length alone."""
    closed = packet.state not in (State.PLAIN, State.OPENED)
    return (packet.version, packet.counter is not None, packet.ids, length if closed else 0)


@dataclass(slots=True)
class Quantity:
    """One (id, instance) of a stream, and what was seen of it."""

    reading: Reading
    since: float
    changed: float
    least: float | None = None
    most: float | None = None
    history: History = field(default_factory=History)
    register: Register | None = None

    def note(self, reading: Reading, now: float) -> str:
        """Take a new value; "wrapped" or "back" if an energy register did that."""
        if reading.value != self.reading.value:
            self.changed = now
        self.reading = reading
        number = reading.number
        if number is None:
            return ""
        if self.least is None or self.most is None:
            self.least = self.most = number
        elif number < self.least:
            self.least = number
        elif number > self.most:
            self.most = number
        self.history.add(now, number)
        return self.register.note(number) if self.register is not None else ""

    def heard_again(self, now: float) -> None:
        """The same value once more."""
        number = self.reading.number
        if number is not None:
            self.history.add(now, number)


class Stream:
    """Owned by its device; `epoch` is the restart of the device that it has followed."""

    __slots__ = (
        "count", "epoch", "key", "kind", "loss", "numbering", "packet", "pending", "quantities",
        "recent", "relation", "since", "strangers", "time", "uuid",
    )  # fmt: skip

    def __init__(self, key: Key, uuid: int, now: float, epoch: int) -> None:
        _version, encrypted, ids, length = key
        self.key, self.uuid, self.since, self.epoch = key, uuid, now, epoch
        self.kind = frame_kind(ids)
        self.numbering = Numbering(COUNTERS if encrypted else PACKET_IDS)
        self.loss = None if encrypted or length else Loss(PACKET_IDS)
        # kinds that cannot be read share a stream, and each repeats its own last bytes
        self.recent: deque[bytes] = deque(maxlen=4 if length else 1)
        self.packet: Packet | None = None
        self.relation = ""
        self.pending = False
        self.quantities: dict[tuple[int, int], Quantity] = {}
        self.count, self.time, self.strangers = 0, now, 0

    def take(self, packet: Packet, now: float, registers: dict[int, Register]) -> list[str]:
        """Take the values of a packet; what its energy registers did.

        `registers` are the energy registers of the device by instance: they outlive the stream,
        as when a meter is switched to encryption.
        """
        happened = []
        self.pending = False
        for reading in packet.readings:
            if reading.id in _BORING:
                continue
            place = (reading.id, reading.instance)
            quantity = self.quantities.get(place)
            if quantity is None:
                if len(self.quantities) >= MOST_QUANTITIES:
                    continue
                quantity = self.quantities[place] = Quantity(reading, now, now)
                if reading.id == ENERGY24:
                    quantity.register = registers.setdefault(reading.instance, Register())
            what = quantity.note(reading, now)
            if what:
                happened.append(what)
        return happened

    @property
    def closed(self) -> bool:
        """Whether its frames cannot be read."""
        return bool(self.key[3])

    def again(self, now: float) -> None:
        """The same bytes once more."""
        for quantity in self.quantities.values():
            quantity.heard_again(now)
