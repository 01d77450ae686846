"""Everything that is known of one address: its streams, its numbers, its key, its marks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from core.air import names
from core.air.history import History, Rate
from core.air.keystate import KEPT, KeyState, Sealed, Verdict, judge
from core.air.meters import NAME, POWERS, TARIFFS, Register, is_blank, oddities
from core.air.numbers import COUNTERS, Loss, Relation
from core.air.stream import Key, Stream, stream_key
from core.bthome.cipher import BindKey
from core.bthome.packet import decode, mac_bytes
from core.bthome.reading import Packet, State
from core.radio.advert import Advert

MOST_STREAMS = 8
"""Streams of one device; the one that was silent longest makes room."""
NAME_CHARACTERS = 248
MOST_NOTES = 12
STRANGERS = 2
"""Frames with a lower number that are new kinds, where kinds cannot be told apart."""
NO_POLL = "no poll yet: the module has not read its meter since it started"
DAMAGED = "did not open with the key that opens the others: damaged by the radio"

_MARKED = {
    Relation.WRAP: "its numbers reached their end and began anew",
    Relation.BACK: "sent a frame with a lower number: an old one again, or a restart",
    Relation.SAME: "sent other data under the same number",
}
_ENERGY = {
    "wrapped": "an energy register passed 16777.216 kWh and began anew",
    "back": "an energy register fell without a wrap",
}


Earlier = Callable[[str], dict[int, Register]]
"""The energy registers of an address as they were the last time; asked once for each meter."""


class Frame(NamedTuple):
    """One decoded frame, as `scan` prints it and the walk test counts it."""

    advert: Advert
    uuid: int
    data: bytes
    packet: Packet
    relation: Relation
    lost: int
    kind: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened to a device, and when; shown, never a reason to hide a value."""

    code: str
    text: str
    time: float
    count: int = 1


class Device:
    """State of one address.  Nothing here asks for the time: every frame brings its own."""

    def __init__(self, advert: Advert, key: BindKey | None, earlier: Earlier | None = None) -> None:
        self.address, self.mac = advert.address, mac_bytes(advert.address)
        self.name, self.who = "", ""
        self.key = key
        self.pinned = False
        self.since = self.time = advert.time
        self.rssi = advert.rssi
        self.rssi_mean = float(advert.rssi)
        self.count = 0
        self.rate, self.rssi_history = Rate(), History()
        self.streams: dict[Key, Stream] = {}
        self.sealed: deque[Sealed] = deque(maxlen=KEPT)
        self.marks: dict[str, Mark] = {}
        self.notes: dict[str, None] = {}
        self.version = 0
        self.trigger = self.plain = self.heard_bthome = False
        self.counters = Loss(COUNTERS)
        self.epoch = 0
        self.last: Advert = advert
        self._latest: dict[bytes, Stream] = {}
        self._blank: dict[str, bool] = {}
        self._earlier = earlier
        self.registers: dict[int, Register] = {}

    # -- hearing ---------------------------------------------------------------------------

    def hear(self, advert: Advert) -> None:
        """What every advert tells, BTHome or not."""
        now = advert.time
        self.time, self.rssi, self.last = now, advert.rssi, advert
        self.count += 1
        self.rssi_mean += (advert.rssi - self.rssi_mean) / min(self.count, 16)
        self.rate.add(now)
        if self.heard_bthome:  # the others are too many
            self.rssi_history.add(now, advert.rssi)
        if advert.name and advert.name != self.name:
            self.name = advert.name[:NAME_CHARACTERS]
        if not self.who:
            self.who = names.who(advert.manufacturer_data, advert.service_data)

    def frame(self, advert: Advert, uuid: int, data: bytes) -> Frame:
        """Decode and count one BTHome payload."""
        stream = self._latest.get(data)
        if stream is not None and stream.packet is not None and stream.uuid == uuid:
            return self._repeat(stream, stream.packet, advert, data)
        packet = decode(uuid, data, self.mac, self.key)
        self.heard_bthome = True
        if packet.state is State.BROKEN or self._is_damaged(packet):
            notes = packet.notes or (DAMAGED,)
            self._note(notes)
            if packet.counter is not None and all(data != old.data for old in self.sealed):
                self.sealed.append(Sealed(uuid, data, advert.time, opened=False))
            return Frame(advert, uuid, data, packet, Relation.FREE, 0, "", notes)
        return self._take(advert, uuid, data, packet)

    def _is_damaged(self, packet: Packet) -> bool:
        """A refused packet among good ones: its counter means nothing."""
        return packet.state is State.REFUSED and self.key_state.verdict is Verdict.OK

    def _repeat(self, stream: Stream, packet: Packet, advert: Advert, data: bytes) -> Frame:
        stream.count += 1
        stream.time, stream.relation = advert.time, Relation.REPEAT
        if stream.closed:  # the kind that stands still must not be forgotten
            stream.recent.remove(data)
            stream.recent.append(data)
        if not (self.no_poll and stream.kind):
            if stream.pending:  # zeros that were no poll yet, and are a value after all
                stream.take(packet, advert.time, self.registers)
            else:
                stream.again(advert.time)
        return Frame(
            advert, stream.uuid, data, packet, Relation.REPEAT, 0, stream.kind, packet.notes
        )

    def _take(self, advert: Advert, uuid: int, data: bytes, packet: Packet) -> Frame:
        now = advert.time
        self._note_sort(packet, now)
        if packet.counter is not None:
            self.sealed.append(Sealed(uuid, data, now, opened=packet.state is State.OPENED))
        stream = self._stream(packet, len(data), uuid, now)
        relation = self._judge(stream, packet, now)
        lost = 0
        if packet.counter is not None:
            lost = self.counters.note(packet.counter, relation)
        elif packet.packet_id is not None and stream.loss is not None:
            lost = stream.loss.note(packet.packet_id, relation)
        if relation is Relation.RESTART:
            self._restarted(stream, now)
        elif relation in _MARKED and (relation is not Relation.WRAP or packet.encrypted):
            self.mark(relation, _MARKED[relation], now)
        notes = self._store(stream, data, packet, relation, now)
        return Frame(advert, uuid, data, packet, relation, lost, stream.kind, notes)

    def _stream(self, packet: Packet, length: int, uuid: int, now: float) -> Stream:
        key = stream_key(packet, length)
        stream = self.streams.get(key)
        if stream is None:
            if len(self.streams) >= MOST_STREAMS:
                self._drop(min(self.streams.values(), key=lambda s: s.time))
            stream = self.streams[key] = Stream(key, uuid, now, self.epoch)
        return stream

    def _drop(self, stream: Stream) -> None:
        del self.streams[stream.key]
        for data in stream.recent:
            self._latest.pop(data, None)

    def _note_sort(self, packet: Packet, now: float) -> None:
        if packet.version != self.version:
            if self.version:
                self.mark("version", f"BTHome v{self.version}, then v{packet.version}", now)
            self.version = packet.version
        self.trigger = packet.trigger
        if packet.counter is None:
            self.plain = True
            if self.key is not None:
                self.mark("plaintext", "sends without encryption although a key is kept", now)

    def _judge(self, stream: Stream, packet: Packet, now: float) -> Relation:
        number = packet.counter if packet.counter is not None else packet.packet_id
        if number is None:
            return Relation.FREE if stream.count else Relation.FIRST
        last = stream.numbering.last
        if stream.closed and last is not None and number < last and stream.strangers < STRANGERS:
            stream.strangers += 1  # a kind that stands still and was not heard until now
            return Relation.NEXT
        before = stream.packet
        fresh = (
            bool(stream.kind)
            and is_blank(packet.readings)
            and before is not None
            and not is_blank(before.readings)
        )
        return stream.numbering.judge(number, now, fresh=fresh)

    def _restarted(self, stream: Stream, now: float) -> None:
        """The streams of one device restart together: count it once."""
        if stream.epoch == self.epoch:
            self.epoch += 1
            self.mark("restart", "the device restarted: its numbers began anew", now)

    def _store(
        self, stream: Stream, data: bytes, packet: Packet, relation: Relation, now: float
    ) -> tuple[str, ...]:
        """Make a packet the newest of its stream; what there is to say about it."""
        recent = stream.recent
        if len(recent) == recent.maxlen:
            self._latest.pop(recent[0], None)
        recent.append(data)
        self._latest[data] = stream
        stream.packet, stream.relation = packet, relation
        stream.count += 1
        stream.time, stream.epoch = now, self.epoch
        notes = packet.notes
        if stream.kind:
            blank = self._blank[stream.kind] = is_blank(packet.readings)
            if blank and relation is Relation.RESTART:
                self._blank[POWERS] = True  # until the power frame says otherwise
            notes += oddities(packet.ids, packet.readings)
            if blank and self.no_poll:
                stream.pending = True
                self._note(notes)
                return (*notes, NO_POLL)
        if self._earlier is not None and stream.kind == TARIFFS:
            earlier, self._earlier = self._earlier, None
            self.registers = {**earlier(self.address), **self.registers}
        for what in stream.take(packet, now, self.registers):
            self.mark(f"energy-{what}", _ENERGY[what], now)
        self._note(notes)
        return notes

    # -- keys ------------------------------------------------------------------------------

    @property
    def key_state(self) -> KeyState:
        """What the last encrypted frames say of the key."""
        return judge(self.sealed, has_key=self.key is not None, plain=self.plain)

    def set_key(self, key: BindKey | None) -> KeyState:
        """Use another key, or none: tried at once on the frames that are kept, so that values
        appear without waiting for the next advert."""
        self.key = key
        for stream in [s for s in self.streams.values() if s.key[1]]:
            self._drop(stream)
        self.counters = Loss(COUNTERS)
        for frame in self.sealed:
            packet = decode(frame.uuid, frame.data, self.mac, key)
            frame.opened = packet.state is State.OPENED
            if key is None or frame.opened:
                stream = self._stream(packet, len(frame.data), frame.uuid, frame.time)
                self._judge(stream, packet, frame.time)
                self._store(stream, frame.data, packet, Relation.NEXT, frame.time)
        return self.key_state

    def try_key(self, key: BindKey) -> KeyState:
        """How a key would do, without using it."""
        opened = sum(
            decode(frame.uuid, frame.data, self.mac, key).state is State.OPENED
            for frame in self.sealed
        )
        verdict = Verdict.OK if opened else Verdict.WRONG
        return KeyState(verdict if self.sealed else Verdict.NONE, opened, len(self.sealed))

    # -- judging ---------------------------------------------------------------------------

    def mark(self, code: str, text: str, now: float) -> None:
        """Something worth a sign on the screen."""
        old = self.marks.get(code)
        self.marks[code] = Mark(code, text, now, old.count + 1 if old else 1)

    def _note(self, notes: tuple[str, ...]) -> None:
        for note in notes:
            if note in self.notes or len(self.notes) < MOST_NOTES:
                self.notes[note] = None

    @property
    def no_poll(self) -> bool:
        """Whether a meter's module sends zeros because it has not asked its meter yet."""
        return self._blank.get(POWERS, self._blank.get(TARIFFS, False))

    @property
    def tariffs_known(self) -> bool:
        """Whether a tariff frame of a meter was read, whatever its numbers are."""
        return TARIFFS in self._blank

    @property
    def is_meter(self) -> bool:
        """An electricity meter, by its frames or, while they cannot be read, by its name."""
        return bool(self._blank) or self.name.startswith(NAME)

    @property
    def lost(self) -> int:
        """Frames that the numbers say were never heard."""
        return self.counters.lost + sum(s.loss.lost for s in self.streams.values() if s.loss)

    @property
    def numbered(self) -> int:
        """Frames with a new number that were heard."""
        return self.counters.heard + sum(s.loss.heard for s in self.streams.values() if s.loss)
