"""A live view of one device: a stream of samples, no job.  Reads only."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from core.fault import Fault, FaultError
from core.openbk import wire
from core.openbk.client import Client

EVERY = 2.0
KEPT = 120


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the device; `fault` when it did not answer, the rest is then the last known."""

    at: float
    energy: wire.Energy | None = None
    relays: tuple[tuple[str, bool], ...] = ()
    signal: int | None = None
    heap: int = 0
    uptime: int = 0
    mqtt: str = ""
    drivers: tuple[str, ...] = ()
    safe_mode: bool = False
    restarted: bool = False
    fault: Fault | None = None


@dataclass
class Trend:
    """The last values of each quantity, for sparklines."""

    volts: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    amperes: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    watts: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))

    def add(self, sample: Sample) -> None:
        if sample.energy is not None:
            self.volts.append(sample.energy.voltage or 0.0)
            self.amperes.append(sample.energy.current or 0.0)
            self.watts.append(sample.energy.power or 0.0)


async def watch(client: Client, every: float = EVERY) -> AsyncIterator[Sample]:
    """A sample every so many seconds, for ever; a device that is away does not end it."""
    loop = asyncio.get_running_loop()
    last = Sample(loop.time())
    while True:
        began = loop.time()
        last = await look(client, last)
        yield last
        await asyncio.sleep(max(0.0, every - (loop.time() - began)))


async def look(client: Client, last: Sample) -> Sample:
    """One sample: the full status, then the page that names drivers and MQTT."""
    at = asyncio.get_running_loop().time()
    try:
        status = await client.status()
        state = await client.state()
    except FaultError as error:
        return Sample(
            at, last.energy, last.relays, last.signal, last.heap, last.uptime, last.mqtt,
            last.drivers, last.safe_mode, False, error.fault,
        )  # fmt: skip
    return Sample(
        at=at,
        energy=status.energy,
        relays=tuple(status.relays.items()),
        signal=state.signal if state.signal is not None else (status.signal or None),
        heap=status.heap,
        uptime=status.uptime,
        mqtt=state.mqtt,
        drivers=state.drivers,
        safe_mode=state.safe_mode,
        restarted=last.fault is None and status.uptime < last.uptime,
    )
