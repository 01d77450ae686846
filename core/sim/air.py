"""The simulated air: devices that advertise, adapters that listen, one connection a device.

Everything lives on the loop that runs when `Air()` is made; listeners and centrals may belong to
other loops (the bench of --demo has a thread of its own), calls cross over by themselves.
`backends(air)` makes scanner and client classes for bleak's own `backend=` argument.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from core.sim.peripheral import Peripheral

if TYPE_CHECKING:
    from core.sim.air_bleak import SimBackends

T = TypeVar("T")


class Heard(NamedTuple):
    """One packet as an adapter receives it: AD structures of advert and scan response."""

    peripheral: Peripheral
    rssi: int
    advert: bytes
    scan_response: bytes


Listener = Callable[[Heard], None]


class Connected:
    """One connection; the device's view of its central, and the central's handle on the device.

    `notified` and `dropped` are called on the air's loop.
    """

    def __init__(
        self,
        air: Air,
        peripheral: Peripheral,
        address: str,
        notified: Callable[[int, bytes], None],
        dropped: Callable[[], None],
    ) -> None:
        self.peripheral, self.address = peripheral, address
        self._air, self._notified, self._dropped = air, notified, dropped
        self.open, self._begun = True, False

    def begin(self) -> None:
        """The device has seen the central's first packet."""
        if self.open:
            self._begun = True
            self.peripheral.connected(self)

    def notify(self, handle: int, data: bytes) -> None:
        """From the device: a notification on the characteristic declared at `handle`."""
        if self.open:
            self._notified(handle, bytes(data))

    def hang_up(self) -> None:
        """End the connection, from either side; may be repeated."""
        if self.open:
            self.open = False
            self._air.released(self)
            if self._begun:
                self.peripheral.disconnected()
            self._dropped()


class Air:
    """All devices around one computer.

    `noise` is how far, in dB, each received RSSI strays by chance; `seed` makes chance the same
    each time.  `advertised` counts the advertising events.
    """

    def __init__(self, seed: int = 1, noise: int = 2) -> None:
        self.loop = asyncio.get_running_loop()
        self.devices: dict[str, Peripheral] = {}
        self.advertised = 0
        self._chance = random.Random(seed)
        self._noise = noise
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._connected: dict[str, Connected] = {}
        self._listeners: dict[Listener, asyncio.AbstractEventLoop] = {}

    # -- devices ---------------------------------------------------------------------------

    def add(self, peripheral: Peripheral) -> None:
        """Switch a device on; it advertises at once, and from then on at its interval."""
        self.devices[peripheral.address] = peripheral
        self._timers[peripheral.address] = self.loop.call_soon(  # type: ignore[assignment]
            self._advertise, peripheral
        )

    def remove(self, address: str) -> None:
        """Switch a device off, or carry it away."""
        self.devices.pop(address, None)
        timer = self._timers.pop(address, None)
        if timer is not None:
            timer.cancel()
        if link := self._connected.get(address):
            link.hang_up()

    def close(self) -> None:
        """Switch everything off."""
        for address in list(self.devices):
            self.remove(address)

    def _advertise(self, peripheral: Peripheral) -> None:
        low, high = peripheral.interval
        wait = self._chance.uniform(low, high) + self._chance.uniform(0, 0.010)
        self._timers[peripheral.address] = self.loop.call_later(wait, self._advertise, peripheral)
        if peripheral.address not in self._connected:
            self.send(peripheral)

    def send(self, peripheral: Peripheral) -> None:
        """One advertising event now; everybody who listens hears it."""
        advert = peripheral.advert()
        if not advert:
            return
        self.advertised += 1
        rssi = peripheral.rssi + self._chance.randint(-self._noise, self._noise)
        heard = Heard(peripheral, rssi, advert, peripheral.scan_response())
        for listener, loop in list(self._listeners.items()):
            if loop is self.loop:
                listener(heard)
            else:
                with contextlib.suppress(RuntimeError):  # the listener's loop has ended
                    loop.call_soon_threadsafe(listener, heard)

    # -- adapters --------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Give every packet to `listener`, on the loop that calls this."""
        self._listeners[listener] = asyncio.get_running_loop()

    def deafen(self, listener: Listener) -> None:
        """End that."""
        self._listeners.pop(listener, None)

    async def connect(
        self,
        address: str,
        central: str,
        notified: Callable[[int, bytes], None],
        dropped: Callable[[], None],
    ) -> Connected:
        """Connect to a device.  Where it does not accept the central, or is connected or gone,
        this never returns, as a controller that waits for an advert that it may answer."""
        while True:
            peripheral = self.devices.get(address)
            free = peripheral is not None and address not in self._connected
            if peripheral is not None and free and peripheral.accepts(central):
                break
            await asyncio.sleep(0.1)
        link = Connected(self, peripheral, central, notified, dropped)
        self._connected[address] = link
        try:
            await asyncio.sleep(peripheral.setup)
        except asyncio.CancelledError:
            link.hang_up()
            raise
        link.begin()
        return link

    def released(self, link: Connected) -> None:
        """A connection is over."""
        self._connected.pop(link.peripheral.address, None)

    async def here(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the air's loop, from whatever loop this is."""
        if asyncio.get_running_loop() is self.loop:
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))


def backends(air: Air, **options: Any) -> SimBackends:
    """Scanner and client classes for bleak's `backend=`, and the host that they run on.

    The options are those of `core.sim.air_bleak.SimBackends`.
    """
    from core.sim.air_bleak import SimBackends

    return SimBackends(air, **options)
