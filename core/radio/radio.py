"""The radio as everybody sees it: one scan for all who listen, one connection at a time.

A `Radio` belongs to one loop.  The scan runs while somebody listens or connects.
"""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from core.fault import FaultError
from core.radio import faults
from core.radio.advert import Advert
from core.radio.api import Adapter, Backends, Host, Known
from core.radio.connecting import Connecting
from core.radio.connection import Connection
from core.radio.logs import LibraryLogs
from core.radio.scanner import Scanner
from core.radio.status import Mode, Status

if TYPE_CHECKING:
    from bleak.backends.client import BaseBleakClient
    from bleak.backends.scanner import BaseBleakScanner

Sink = Callable[[Advert], None]


class RealBackends:
    """bleak's own backend and the stack of this computer."""

    scanner: type[BaseBleakScanner] | None = None
    client: type[BaseBleakClient] | None = None

    def host(self) -> Host:
        from core.radio.bluez import BlueZ

        return BlueZ()


class Listening:
    """A lease of the scan; ends with `close`."""

    def __init__(self, radio: Radio, sink: Sink, *, everything: bool) -> None:
        self._radio, self.sink, self.everything = radio, sink, everything

    def hear_everything(self, on: bool) -> None:
        """With True the radio keeps on asking, so that also others than BTHome are heard."""
        self.everything = on
        self._radio.weigh()

    async def close(self) -> None:
        """Stop listening; the last one stops the scan."""
        await self._radio.leave(self)


class Radio:
    """Bluetooth of this computer.

    `adapter` is an address, a name or empty for the first that is on.  `backends` replaces bleak's
    classes and the stack (see `core.radio.api`).  `log` gets the libraries' warnings.
    """

    def __init__(
        self,
        *,
        adapter: str = "",
        backends: Backends | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self._backends: Backends = backends or RealBackends()
        self._log = log or (lambda _: None)
        self._logs = LibraryLogs(self._log)
        self._host = self._backends.host()
        self._watchers: list[Callable[[Status], None]] = []
        self._scanner = Scanner(self._backends, self._host, self._heard, self._changed, self._log)
        self._scanner.adapter = adapter
        self._listening: list[Listening] = []
        self._sinks: tuple[Sink, ...] = ()
        self._task: asyncio.Task[None] | None = None
        self._connections = 0
        self._holder = ""
        self._connection: Connection | None = None

    # -- adapters --------------------------------------------------------------------------

    async def adapters(self) -> list[Adapter]:
        """All Bluetooth adapters.  Raises the faults of a stack that is not there."""
        return await self._host.adapters()

    def choose(self, adapter: str) -> None:
        """Use another adapter from now on; a running scan moves to it."""
        if adapter != self._scanner.adapter:
            self._scanner.move(adapter)

    async def known(self, address: str) -> Known:
        """What this computer holds of a device on the adapter in use."""
        return await self._host.known(await self._adapter_name(), address)

    async def forget(self, address: str) -> None:
        """Remove a device and its bond from this computer."""
        await self._host.forget(await self._adapter_name(), address)
        self._scanner.seen.drop(address)

    def agent(self) -> AbstractAsyncContextManager[None]:
        """While inside, pairing needs nobody's consent; the device may then lock itself to us."""
        return self._host.agent()

    async def can_bond(self) -> bool:
        """Whether some agent makes this computer bond by itself (ruling M2)."""
        name = await self._adapter_name()
        return any(a.pairable for a in await self._host.adapters() if a.name == name)

    async def _adapter_name(self) -> str:
        from core.radio.choice import choose

        adapter = self._scanner.status.adapter
        if adapter is None:
            found = await self._host.adapters()
            adapter = choose(found, self._scanner.adapter, "Looking for the adapter")
        return adapter.name

    # -- scanning --------------------------------------------------------------------------

    @property
    def status(self) -> Status:
        """What the radio is doing now."""
        return self._scanner.current()

    def on_status(self, watcher: Callable[[Status], None]) -> Callable[[], None]:
        """Call `watcher` at each change of mode or fault; returns what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    async def listen(
        self, sink: Sink, *, everything: bool = False, persist: bool = False
    ) -> Listening:
        """Give every advert to `sink` until the lease is closed.

        Returns when the scan runs; raises its FaultError when it does not start.  With `persist`
        it returns at once and never raises: what is wrong shows in `status`, and the radio tries
        again by itself.
        """
        lease = Listening(self, sink, everything=everything)
        self._listening.append(lease)
        self.weigh()
        if not persist:
            try:
                await self._started()
            except BaseException:
                await lease.close()
                raise
        return lease

    async def leave(self, lease: Listening) -> None:
        """End a lease; may be repeated."""
        with contextlib.suppress(ValueError):
            self._listening.remove(lease)
        self.weigh()
        await self._rest_if_unused()

    def weigh(self) -> None:
        """Start the scan where somebody needs it, with what they need."""
        self._sinks = tuple(lease.sink for lease in self._listening)
        self._scanner.everything = any(lease.everything for lease in self._listening)
        self._scanner.wake()
        if (self._listening or self._connections) and self._task is None:
            self._scanner.first = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._scanner.run())

    async def _started(self) -> None:
        first, fault = self._scanner.first, self._scanner.status.fault
        assert first is not None
        if fault is not None and self._scanner.status.mode is Mode.FAILED:
            raise FaultError(fault)
        if not first.done():  # later failures show in the status
            await asyncio.wait([first])
            first.result()

    async def _rest_if_unused(self) -> None:
        task = self._task
        if task is None or self._listening or self._connections:
            return
        self._task = None
        task.cancel()
        await asyncio.wait([task])
        first = self._scanner.first
        if first is not None and first.done():
            first.exception()  # seen, or of no interest any more

    def _heard(self, advert: Advert) -> None:
        for sink in self._sinks:
            try:
                sink(advert)
            except Exception:  # one listener must not deafen the others
                self._log(traceback.format_exc())

    def _changed(self, status: Status) -> None:
        for watcher in list(self._watchers):
            watcher(status)

    # -- connections -----------------------------------------------------------------------

    async def connect(self, address: str, holder: str) -> Connection:
        """Connect to a device that is in the air; `holder` names the job for whoever comes next.

        Raises RADIO-TAKEN, RADIO-NOT-SEEN, RADIO-ELSEWHERE, RADIO-BOUND, RADIO-WEAK,
        RADIO-CONNECT, RADIO-STALE-BOND, RADIO-SLOW, or why the radio does not work.
        """
        if self._holder:
            raise faults.TAKEN(
                what=f"The radio is in use: {self._holder}.",
                cause="There is one connection at a time.",
                next="End that first.",
            )
        self._holder = holder
        made: list[Connection] = []

        def lost() -> None:
            for connection in made:
                connection.lost.set()

        try:
            self._connections += 1
            try:
                self.weigh()
                await self._started()
                way = Connecting(address, self._scanner, self._host, self._backends, lost)
                client = await way.run()
            finally:
                self._connections -= 1
                await self._rest_if_unused()
        except BaseException:
            self._holder = ""
            raise
        connection = Connection(
            client,
            self._host,
            way.adapter,
            address.upper(),
            released=self._release,
            forgotten=self._scanner.seen.drop,
        )
        made.append(connection)
        self._connection, self._scanner.calm = connection, True
        if not client.is_connected:
            lost()
        return connection

    def _release(self) -> None:
        self._holder, self._connection = "", None
        self._scanner.calm = False

    async def close(self) -> None:
        """End the connection and the scan, let go of the stack."""
        if self._connection is not None:
            await self._connection.close()
        self._listening.clear()
        self._connections = 0
        self.weigh()
        await self._rest_if_unused()
        await self._host.close()
        self._logs.close()
