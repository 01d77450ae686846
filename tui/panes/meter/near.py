"""The modules in range, listened for as long as the pane is in front."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.fault import Fault, FaultError

if TYPE_CHECKING:
    from core.radio.advert import Advert
    from tui.host import Host

RECENT = 30.0
MOST = 64
"""Modules that are offered: whoever fills the air with names must not fill the list."""
LAPSE = 5.0
"""Seconds after which listening ends that nobody asks for any more."""


@dataclass(frozen=True, slots=True)
class Near:
    """One module: how strong it is, and its tariffs where they can be read."""

    address: str
    rssi: int
    tariffs: str
    time: float


class Nearby:
    """Collects modules on core's loop; what it holds is replaced whole, so the screen may look."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._task: Future[None] | None = None
        self._found: dict[str, Near] = {}
        self._wanted = 0.0
        self._keys: Mapping[str, bytes] = {}
        self.fault: Fault | None = None

    def start(self, now: float) -> None:
        """Listen from now on; to be called again as long as it is wanted."""
        self._wanted = now
        if self._task is None or self._task.done():
            self._keys = self._host.store.keys.bind_keys
            self._task = self._host.stream(self._listen())

    def stop(self) -> None:
        """End that."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def modules(self, now: float) -> list[Near]:
        """Those heard lately, strongest first; `now` is the loop's time."""
        found = [near for near in self._found.copy().values() if now - near.time < RECENT]
        return sorted(found, key=lambda near: -near.rssi)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            radio = self._host.tools.radio()
            lease = await radio.listen(self._take, persist=True)
        except FaultError as error:
            self.fault = error.fault
            return
        try:
            while loop.time() - self._wanted < LAPSE:
                self.fault = radio.status.fault
                await asyncio.sleep(1.0)
        finally:
            await lease.close()

    def _take(self, advert: Advert) -> None:
        from core.meter import adverts

        old = self._found.get(advert.address)
        if old is None and not adverts.is_module(advert):
            return
        values = adverts.readings(advert, self._keys.get(advert.address))
        energies = [values[name] for name in ("tariff1", "tariff2", "tariff3") if name in values]
        tariffs = "  ".join(f"T{n} {kwh:.2f}" for n, kwh in enumerate(energies, 1))
        known = tariffs or (old.tariffs if old is not None else "")
        near = Near(advert.address, advert.rssi, known, advert.time)
        recent = {a: n for a, n in self._found.items() if advert.time - n.time < RECENT}
        if len(recent) < MOST or advert.address in recent:
            self._found = {**recent, advert.address: near}
