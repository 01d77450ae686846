"""The radio as a visit needs it: who was heard lately, and one connection."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType

from core.meter import adverts
from core.radio.advert import Advert
from core.radio.connection import Connection
from core.radio.radio import Listening, Radio

RECENT = 30.0
FRAMES = 6
"""The newest adverts that are kept of a device: both frames are among them."""


class Reach:
    """Listens as long as it is entered; `adapter` is then the address of the adapter in use."""

    def __init__(self, radio: Radio, holder: str) -> None:
        self.radio, self._holder = radio, holder
        self.adapter = ""
        self._heard: dict[str, deque[Advert]] = {}
        self._news = asyncio.Event()
        self._lease: Listening | None = None

    async def __aenter__(self) -> Reach:
        self._lease = await self.radio.listen(self._take)
        adapter = self.radio.status.adapter
        self.adapter = adapter.address if adapter is not None else ""
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._lease is not None:
            await self._lease.close()

    def _take(self, advert: Advert) -> None:
        kept = self._heard.setdefault(advert.address, deque(maxlen=FRAMES))
        kept.append(advert)
        self._news.set()

    # -- adverts ---------------------------------------------------------------------------

    def rssi(self, address: str) -> int | None:
        """The signal of the newest advert, in dBm."""
        kept = self._heard.get(address)
        return kept[-1].rssi if kept else None

    def heard(self) -> list[Advert]:
        """The newest advert of each device that was heard in the last 30 s."""
        now = asyncio.get_running_loop().time()
        newest = [kept[-1] for kept in self._heard.values()]
        return [advert for advert in newest if now - advert.time < RECENT]

    def modules(self) -> list[Advert]:
        """The meter modules among them."""
        return [
            kept[-1]
            for kept in self._heard.values()
            if any(adverts.is_module(advert) for advert in kept)
            and asyncio.get_running_loop().time() - kept[-1].time < RECENT
        ]

    async def survey(self, seconds: float) -> None:
        """Listen to everybody for a while."""
        await asyncio.sleep(seconds)

    async def listen(self, address: str, seconds: float) -> list[Advert]:
        """Adverts of one device from now on: until both frames came, or the time is over."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            found = [a for a in self._heard.get(address, ()) if a.time >= began]
            payloads = {data for a in found for data in a.service_data.values()}
            left = began + seconds - loop.time()
            if len(payloads) > 1 or left <= 0:
                return found
            self._news.clear()
            try:
                async with asyncio.timeout(left):
                    await self._news.wait()
            except TimeoutError:
                continue

    # -- connection ------------------------------------------------------------------------

    async def connect(self, address: str) -> Connection:
        """Find the device and connect to it.  Raises the RADIO-* faults."""
        return await self.radio.connect(address, self._holder)

    async def bonded(self, address: str) -> bool:
        """Whether this computer holds a pairing with the device."""
        known = await self.radio.known(address)
        return known.bonded or known.paired
