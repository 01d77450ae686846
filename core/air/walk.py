"""The walk test: where must the Pi sit to hear this device?

One device, one place after the other.  At each place a sample is taken: how strong, how many
frames, how many lost for certain, by their numbers.  The last one is "door closed": what counts
is the cabinet as it stays.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from core.air.device import Frame
from core.air.numbers import Relation

DOOR_CLOSED = "door closed"
SILENCE = 3.0
"""Seconds without a frame that ring the bell: ten adverts of the meter's module."""
SECONDS_SHOWN = 120
FAIR, GOOD = -85, -75
"""dBm: below FAIR a place is poor, above GOOD it is good."""


@dataclass(slots=True)
class Sample:
    """One place; `ended` is None while it is being taken.  RSSI in dBm, `lost` by the numbers."""

    name: str
    began: float
    ended: float | None = None
    count: int = 0
    least: int = 0
    most: int = 0
    total: int = 0
    lost: int = 0
    numbered: int = 0

    @property
    def mean(self) -> float | None:
        """Mean RSSI; None where nothing was heard."""
        return self.total / self.count if self.count else None

    @property
    def loss(self) -> float | None:
        """Share of the numbered frames that never came; None where none was numbered."""
        all_of_them = self.lost + self.numbered
        return self.lost / all_of_them if all_of_them else None

    def per_minute(self, now: float) -> float:
        """Frames a minute at this place."""
        spent = (now if self.ended is None else self.ended) - self.began
        return self.count * 60 / spent if spent > 0 else 0.0

    def verdict(self) -> str:
        """The place in a word."""
        mean = self.mean
        if mean is None:
            return "nothing heard"
        if mean < FAIR or (self.loss or 0) > 0.2:
            return "poor"
        return "good" if mean >= GOOD and (self.loss or 0) <= 0.05 else "fair"

    def to_json(self, now: float) -> dict[str, object]:
        mean, loss = self.mean, self.loss
        return {
            "name": self.name,
            "seconds": round((now if self.ended is None else self.ended) - self.began, 1),
            "frames": self.count,
            "rssi_min": self.least if self.count else None,
            "rssi_mean": round(mean, 1) if mean is not None else None,
            "rssi_max": self.most if self.count else None,
            "lost": self.lost,
            "loss": round(loss, 4) if loss is not None else None,
            "verdict": self.verdict(),
        }


@dataclass(slots=True)
class _Second:
    at: int
    least: int
    most: int


@dataclass(slots=True)
class Walk:
    """A walk with one device.  `samples` are the places that are done, `here` the one at hand."""

    address: str
    began: float
    samples: list[Sample] = field(default_factory=list)
    here: Sample = field(init=False)
    rssi: int | None = None
    heard: float = field(init=False)
    _seconds: deque[_Second] = field(default_factory=lambda: deque(maxlen=SECONDS_SHOWN))
    _rung: bool = False

    def __post_init__(self) -> None:
        self.here = Sample("place 1", self.began)
        self.heard = self.began

    def hear(self, time: float, rssi: int, frames: tuple[Frame, ...] = ()) -> bool:
        """Count one advert of the device with its frames; True when some were lost before it."""
        here = self.here
        self.rssi, self.heard, self._rung = rssi, time, False
        here.least = min(here.least, rssi) if here.count else rssi
        here.most = max(here.most, rssi) if here.count else rssi
        here.count += 1
        here.total += rssi
        lost = 0
        for frame in frames:
            packet = frame.packet
            if frame.relation is not Relation.REPEAT and (
                packet.encrypted or packet.packet_id is not None
            ):
                here.numbered += 1
                lost += frame.lost
        here.lost += lost
        second = int(time)
        if self._seconds and self._seconds[-1].at == second:
            last = self._seconds[-1]
            last.least, last.most = min(last.least, rssi), max(last.most, rssi)
        else:
            self._seconds.append(_Second(second, rssi, rssi))
        return lost > 0

    def fell_silent(self, now: float) -> bool:
        """True once each time when nothing came for too long."""
        if self._rung or now - self.heard < SILENCE:
            return False
        self._rung = True
        return True

    def take(self, now: float, name: str = "") -> Sample:
        """End the place at hand and begin the next; the sample."""
        sample = self.here
        sample.name = name or sample.name
        sample.ended = now
        self.samples.append(sample)
        self.here = Sample(f"place {len(self.samples) + 1}", now)
        return sample

    def finish(self, now: float) -> Sample:
        """The last sample: the cabinet as it stays."""
        return self.take(now, DOOR_CLOSED)

    @property
    def finished(self) -> bool:
        """Whether the last sample is the one with the door closed."""
        return bool(self.samples) and self.samples[-1].name == DOOR_CLOSED

    def series(self, now: float, seconds: int = 60) -> tuple[float | None, ...]:
        """The weakest RSSI of each of the last seconds, oldest first."""
        known = {s.at: s.least for s in self._seconds}
        end = int(now)
        return tuple(known.get(at) for at in range(end - seconds + 1, end + 1))

    def to_json(self, now: float) -> dict[str, object]:
        """The walk as a record."""
        return {
            "address": self.address,
            "finished": self.finished,
            "samples": [sample.to_json(now) for sample in self.samples],
        }
