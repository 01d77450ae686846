"""From a source of adverts to what a screen or a script wants: the one stream of a program.

A source is the radio or a recording.  Everything here belongs to one loop; a screen on another
thread takes `Snapshot`s, which are whole and frozen.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from core.air.air import Air
from core.air.device import Frame
from core.air.energy import Energy
from core.air.keystate import KeyState
from core.air.meters import Register
from core.air.recording import Playback, Recorder
from core.air.views import DetailView, DeviceView, detail, view
from core.air.walk import Walk
from core.fault import Fault, FaultError
from core.radio.advert import Advert
from core.store.store import Store

Hear = Callable[[Advert], None]
DRAIN_EVERY = 1.0
KEEP_EVERY = 600.0
"""Seconds between two looks at the energy registers that are kept for the next session."""


class Source(Protocol):
    """Where adverts come from."""

    @property
    def says(self) -> str:
        """What it is and how it listens, in a few words."""

    @property
    def hint(self) -> str:
        """What this way of listening costs, and the way out; may be empty."""

    @property
    def fault(self) -> Fault | None:
        """Why nothing is heard now; it goes on trying."""

    def hear_everything(self, on: bool) -> None:
        """Also hear what is not BTHome, where that takes something."""

    async def run(self, hear: Hear) -> None:
        """Give every advert to `hear` until cancelled or at the end.  Raises FaultError."""


class Player:
    """A recording as a source, at the pace in which it was heard; `speed` 0 does not wait."""

    CHUNK = 256
    hint = ""
    fault: Fault | None = None

    def __init__(self, playback: Playback, speed: float = 1.0) -> None:
        self._playback, self._speed = playback, speed
        self.done = False

    @property
    def says(self) -> str:
        name = self._playback.path.name
        return f"{name} is over" if self.done else f"plays {name}"

    def hear_everything(self, on: bool) -> None:
        """A recording holds what it holds."""

    async def run(self, hear: Hear) -> None:
        """Give the adverts at their times."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        adverts = iter(self._playback)
        while chunk := await asyncio.to_thread(lambda: list(islice(adverts, self.CHUNK))):
            for advert in chunk:
                wait = began + advert.time / self._speed - loop.time() if self._speed else 0
                if wait > 0:
                    await asyncio.sleep(wait)
                hear(advert)
        self.done = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The air as it stands.

    `changed` are whole records of the devices that were heard since the last snapshot.  `present`
    are all addresses when some made room since then, else None.  `reset` says to forget all rows
    first.
    """

    now: float
    says: str
    hint: str
    fault: Fault | None
    reset: bool
    changed: tuple[DeviceView, ...]
    present: frozenset[str] | None
    devices: int
    evicted: int
    heard: int
    per_minute: float
    detail: DetailView | None
    walk: Walk | None
    lost: int
    recording: str
    recorded: int


class Feed:
    """Runs one source at a time.

    `keys` are used in place of those of the store.  `on_frame` gets every decoded frame, before
    anything merges; `on_advert` every advert.
    """

    def __init__(
        self,
        store: Store,
        *,
        keys: Mapping[str, bytes] | None = None,
        on_frame: Callable[[Frame], None] | None = None,
        on_advert: Hear | None = None,
    ) -> None:
        self._store, self._keys = store, keys
        self._on_frame, self._on_advert = on_frame, on_advert
        self._energy = Energy(store.devices)
        self._playing = False
        self.air = self._new_air()
        self.fault: Fault | None = None
        self.selected = ""
        self.walk: Walk | None = None
        self._lost = 0
        self._recorder: Recorder | None = None
        self.recorded = 0
        self._source: Source | None = None
        self._reset = True
        self._evicted = 0

    def _new_air(self) -> Air:
        keys = self._store.keys.bind_keys if self._keys is None else self._keys
        return Air(keys, earlier=self._earlier)

    def _earlier(self, address: str) -> dict[int, Register]:
        return {} if self._playing else self._energy.earlier(address)

    def _keep_energy(self) -> None:
        """A recording is of another time: it says nothing of the meters as they are now."""
        if self._playing:
            return
        try:
            self._energy.keep(self.air.devices.values())
        except FaultError as error:
            self.fault = error.fault

    # -- running ---------------------------------------------------------------------------

    async def run(self, source: Source) -> None:
        """Listen to a source until it ends or this is cancelled.  A fault of it is kept in
        `fault` and raised."""
        self._source, self.fault = source, None
        self._playing = isinstance(source, Player)
        draining = asyncio.create_task(self._drain())
        try:
            await source.run(self.hear)
        except FaultError as error:
            self.fault = error.fault
            raise
        finally:
            draining.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await draining
            self._keep_energy()
            try:
                self.stop_recording()
            except FaultError as error:
                self.fault = error.fault

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + KEEP_EVERY
        while True:
            await asyncio.sleep(DRAIN_EVERY)
            if loop.time() >= due:
                due += KEEP_EVERY
                self._keep_energy()
            if self._recorder is not None:
                try:
                    await asyncio.to_thread(self._recorder.drain)
                except FaultError as error:
                    self.fault, self._recorder = error.fault, None

    def hear(self, advert: Advert) -> None:
        """Take one advert."""
        if self._recorder is not None:
            self._recorder.put(advert)
        if self._on_advert is not None:
            self._on_advert(advert)
        frames = self.air.hear(advert)
        walk = self.walk
        if walk is not None and advert.address == walk.address and not walk.finished:
            self._lost += walk.hear(advert.time, advert.rssi, frames)
        if self._on_frame is not None:
            for frame in frames:
                self._on_frame(frame)

    def clear(self) -> None:
        """Begin with an empty table, as for another source."""
        self._keep_energy()
        self.air, self._reset, self.walk, self.selected = self._new_air(), True, None, ""

    # -- what a person does ------------------------------------------------------------------

    def hear_everything(self, on: bool) -> None:
        """Also hear what is not BTHome."""
        if self._source is not None:
            self._source.hear_everything(on)

    def record(self, path: Path) -> None:
        """Begin a recording.  Raises AIR-EXISTS and the store's faults."""
        self.stop_recording()
        self._recorder = Recorder(path, self._store)

    def stop_recording(self) -> int:
        """End the recording; how many adverts the last one holds."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            self.recorded = recorder.count
            recorder.close()
        return self.recorded

    def start_walk(self, address: str) -> None:
        """Begin a walk test with a device."""
        self.walk, self._lost = Walk(address, self.now()), 0

    def take_place(self) -> None:
        """The walk: this place is done, the next one begins."""
        if self.walk is not None and not self.walk.finished:
            self.walk.take(self.now())

    def close_door(self) -> dict[str, object] | None:
        """The walk: its last sample, with the door closed; the record of the whole walk."""
        walk, now = self.walk, self.now()
        if walk is None or walk.finished:
            return None
        walk.finish(now)
        return walk.to_json(now)

    def end_walk(self) -> None:
        """Leave the walk test."""
        self.walk = None

    def keep_key(self, address: str, raw: bytes) -> KeyState | None:
        """Keep a bind key for an address, or forget it if empty; how it does on what was heard.

        Raises what `core.store.keys` raises.
        """
        if raw:
            self._store.keys.set_bind_key(address, raw)
        else:
            self._store.keys.forget_bind_key(address)
        return self.air.set_key(address, raw or None)

    def move_key(self, old: str, new: str) -> KeyState | None:
        """Give the kept key of `old` to `new`, whose module had another address before."""
        raw = self._store.keys.bind_key(old)
        if raw is None:
            return None
        state = self.keep_key(new, raw)
        self.keep_key(old, b"")
        return state

    # -- looking -----------------------------------------------------------------------------

    def now(self) -> float:
        """The time on the adverts' clock."""
        return self.air.time if self._playing else asyncio.get_running_loop().time()

    def snapshot(self) -> Snapshot:
        """What changed since the last one."""
        now = self.now()
        air = self.air
        reset, self._reset = self._reset, False
        made_room, self._evicted = air.evicted != self._evicted, air.evicted
        device = air.devices.get(self.selected)
        recorder = self._recorder
        walk, source = self.walk, self._source
        if walk is not None and not walk.finished and walk.fell_silent(now):
            self._lost += 1
        return Snapshot(
            now=now,
            says=source.says if source is not None else "",
            hint=source.hint if source is not None else "",
            fault=self.fault or (source.fault if source is not None else None),
            reset=reset,
            changed=tuple(
                view(air.devices[address], now)
                for address in air.changed()
                if address in air.devices
            ),
            present=frozenset(air.devices) if made_room else None,
            devices=len(air.devices),
            evicted=air.evicted,
            heard=air.heard,
            per_minute=air.rate.per_minute(now),
            detail=detail(device, now) if device is not None else None,
            walk=deepcopy(walk),
            lost=self._lost,
            recording=str(recorder.path) if recorder is not None else "",
            recorded=recorder.count if recorder is not None else 0,
        )

    def table(self) -> list[DeviceView]:
        """Every device as it stands, for export."""
        now = self.now()
        return [view(device, now) for device in self.air.devices.values()]
