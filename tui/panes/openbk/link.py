"""What the pane sees of one device: read whole in the background, then looked at again and again.

Runs as a stream on core's loop.  The pane takes what came out of `inbox` with its clock.  While a
job runs, or nobody looks, the device is left alone: it serves one request at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from core.fault import Fault, FaultError
from core.openbk import history
from core.openbk.client import Client
from core.openbk.console import Prepared, Spoken, prepare, send
from core.openbk.read import Device, read_device
from core.openbk.watch import EVERY, Sample, look
from tui.host import Host
from tui.openbk_works import client_of

UNSEEN = 3.0
"""Seconds without a tick of the pane until it counts as not looked at."""

TRIES = 3
"""Whole reads that fail one after the other until it waits for a person, or for the device to
come back."""


@dataclass(frozen=True, slots=True)
class Read:
    """The device was read whole."""

    device: Device


@dataclass(frozen=True, slots=True)
class Unread:
    """It could not be read."""

    fault: Fault


News = Read | Unread | Sample


class DeviceLink:
    """The stream of one device at `address`."""

    def __init__(self, host: Host, address: str, password: str = "") -> None:
        self.address = address
        self.inbox: queue.SimpleQueue[News] = queue.SimpleQueue()
        self.reading = True
        self._host, self._password = host, password
        self._poked = asyncio.Event()
        self._due, self._have, self._tries = True, False, 0
        self._seen = 0.0
        self._client: Client | None = None
        self._future: Future[None] | None = None

    def start(self) -> None:
        """Begin.  Raises OBK-RANGE for what is no address."""
        self._client = client_of(self._host, self.address, self._password)
        self._future = self._host.stream(self._run(self._client))

    def stop(self) -> None:
        """End it."""
        if self._future is not None:
            self._future.cancel()
            self._future = None

    def news(self) -> list[News]:
        """What came since the last time; also says that somebody looks."""
        if self._future is not None and self._future.done():
            self._future.result()  # a mistake in the program is not kept quiet
        self._host.stream(self._look_here())
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self.inbox.get_nowait())
        return found

    def refresh(self) -> None:
        """Read it whole again."""
        self.reading = True
        self._host.stream(self._poke())

    def speak(self, line: str, told: Callable[[Prepared | Spoken | Fault], None]) -> None:
        """Send one line of the console; `told` is called on core's thread.  What needs a yes is
        told as it is prepared, and sent by `send`."""

        async def work() -> Prepared | Spoken:
            assert self._client is not None
            read_only = self._host.options.read_only
            ready = await prepare(self._client, line, read_only=read_only)
            return ready if ready.question is not None else await self._sent(ready)

        self._tell(work(), told)

    def send(self, ready: Prepared, told: Callable[[Prepared | Spoken | Fault], None]) -> None:
        """Send what somebody said yes to."""
        self._tell(self._sent(ready), told)

    def _tell(
        self,
        work: Coroutine[Any, Any, Prepared | Spoken],
        told: Callable[[Prepared | Spoken | Fault], None],
    ) -> None:
        async def tell() -> None:
            try:
                told(await work)
            except FaultError as error:
                told(error.fault)

        self._host.stream(tell())

    async def _sent(self, ready: Prepared) -> Spoken:
        """What came of it; the device is read again, whatever came, unless it was a read."""
        assert self._client is not None
        try:
            return await send(self._client, ready)
        finally:
            if not ready.reads:
                self.reading = True
                await self._poke()

    # -- on core's loop --------------------------------------------------------------------

    async def _look_here(self) -> None:
        self._seen = asyncio.get_running_loop().time()

    async def _poke(self) -> None:
        self._due, self._tries = True, 0
        self._poked.set()

    async def _run(self, client: Client) -> None:
        loop = asyncio.get_running_loop()
        last = Sample(loop.time())
        self._seen = loop.time()
        try:
            while True:
                if self._host.running() or loop.time() - self._seen > UNSEEN:
                    await self._pause(0.3)
                    continue
                if self._due:
                    await self._read(client)
                before, last = last, await look(client, last)
                back = before.fault is not None and last.fault is None
                back = back or last.restarted
                self._due = self._due or back or (not self._have and self._tries < TRIES)
                self.inbox.put(last)
                await self._pause(EVERY)
        finally:
            await client.close()

    async def _pause(self, seconds: float) -> None:
        self._poked.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._poked.wait()

    async def _read(self, client: Client) -> None:
        self._due = False
        self._tries += 1
        try:
            device = await read_device(client)
            await history.keep(self._host.store, device, "read")
            self._have, self._tries = True, 0
            self.inbox.put(Read(device))
        except FaultError as error:
            self._have = False
            self.inbox.put(Unread(error.fault))
        self.reading = self._due
