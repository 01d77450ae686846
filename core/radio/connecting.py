"""How a connection comes about: fresh sighting, scan stopped, two tries, and what a failure means.

Rulings S3, S4, M5; bleak notes 4; meter sheet 3.2.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.fault import FaultError
from core.radio import errors, faults
from core.radio.api import Backends, Host
from core.radio.scanner import Scanner
from core.radio.seen import Sighting

if TYPE_CHECKING:
    from bleak import BleakClient

FRESH = 2.0
"""Seconds: an older device object may be gone from BlueZ by the time it is used."""
LOOK = 15.0
"""Seconds that the device is looked for; a filtering controller shows it every 10.24 s."""
CONNECTED = 12.0
"""Seconds until the link counts as refused."""
SERVICES = 30.0
"""Seconds for the rest: finding the services of a module that listens every 2.5 s."""
TRIES = 2
GOOD = -75
"""dBm from which on a missing answer is not a matter of distance."""
AWAY = 330.0
"""A module that was heard this long ago may be connected to somebody (it hangs up at 301 s)."""
POLL = 0.25

_LE_ERRORS = {
    "adapter-not-powered": "The adapter is off.",
    "busy": "The adapter is busy.",
    "concurrent-connection-limit": "The adapter holds as many connections as it can.",
    "refused": "The device refused the connection.",
    "timeout": "The device did not answer.",
    "abort-by-remote": "The device hung up at once.",
    "abort-by-local": "The radio gave up: the device did not follow.",
    "link-layer-protocol-error": "The two radios did not understand each other.",
    "key-missing": "The device does not know the key of an old pairing any more.",
    "gatt-browsing": "The device ended the connection while its services were read.",
    "already-connected": "The Bluetooth service holds a connection to it already.",
    "not-supported": "The adapter cannot do this kind of connection.",
    "invalid-arguments": "The Bluetooth service and the kernel do not understand each other.",
    "bad-socket": "The Bluetooth service could not open a connection.",
    "create-socket": "The Bluetooth service could not open a connection.",
    "memory-allocation": "This computer has no memory left for a connection.",
}


@dataclass
class Refusal:
    """How one try ended: nothing came, or an error did."""

    error: Exception | None
    linked: bool
    rssi: int


class Connecting:
    """Makes one connection; `run` gives bleak's client, connected, or raises FaultError."""

    def __init__(
        self,
        address: str,
        scanner: Scanner,
        host: Host,
        backends: Backends,
        lost: Callable[[], None],
    ) -> None:
        self._address = address.upper()
        self._scanner, self._host, self._backends = scanner, host, backends
        self._lost = lost
        self.adapter = ""

    async def run(self) -> BleakClient:
        """Two tries, each with a device object that is fresh.  Raises FaultError."""
        await self._end_leftover()
        refusals: list[Refusal] = []
        after = self._now() - FRESH
        for _ in range(TRIES):
            seen = await self._look(after)
            client, refusal = await self._try(seen)
            if refusal is None:
                return client
            refusals.append(refusal)
            after = seen.time
        last = refusals[-1]
        if all(r.error is None and not r.linked for r in refusals):
            again = await self._look(after)
            last = Refusal(None, False, max(again.rssi, last.rssi))
        raise await self._verdict(refusals, last)

    async def _end_leftover(self) -> None:
        """BlueZ keeps the connection of a program that died: then the device does not advertise."""
        adapter = self._scanner.status.adapter
        if adapter is not None:
            known = await self._host.known(adapter.name, self._address)
            if known.connected:
                await self._host.hang_up(adapter.name, self._address)

    # -- looking ---------------------------------------------------------------------------

    async def _look(self, after: float) -> Sighting:
        """A sighting less than 2 s old, and later than `after`.  Raises RADIO-NOT-SEEN,
        RADIO-ELSEWHERE, or why the scan does not run."""
        began = self._now()
        while self._now() - began < LOOK:
            seen = self._scanner.seen.of(self._address)
            if seen is not None and seen.time > max(after, self._now() - FRESH):
                return seen
            await asyncio.sleep(POLL)
        fault = self._scanner.status.fault
        if fault is not None:
            raise FaultError(fault)
        raise self._not_seen()

    def _not_seen(self) -> FaultError:
        seen, now = self._scanner.seen.of(self._address), self._now()
        if seen is not None and seen.time and now - seen.time < AWAY:
            ago, rssi = now - seen.time, seen.rssi
            return faults.ELSEWHERE(
                what=f"{self._address} was heard at {rssi} dBm until {ago:.0f} s ago and is now "
                "silent.",
                cause="It is probably connected to somebody else: then it does not advertise.",
                next="Close the other connection, or wait: it is back within 5 minutes.",
            )
        heard = self._scanner.current().heard
        others = "Others are heard, so the radio works." if heard else "Nobody else is heard."
        return faults.NOT_SEEN(
            what=f"{self._address} was not heard within {LOOK:.0f} s.",
            cause=f"It has no power, is out of range, or is connected to somebody. {others}",
            next="Check power and address, go closer, or wait 5 minutes and try again.",
        )

    # -- one try ---------------------------------------------------------------------------

    async def _try(self, seen: Sighting) -> tuple[BleakClient, Refusal | None]:
        from bleak import BleakClient

        adapter = self._scanner.status.adapter
        self.adapter = adapter.name if adapter is not None else ""
        client = BleakClient(
            seen.device,
            disconnected_callback=lambda _: self._lost(),
            timeout=CONNECTED + SERVICES,
            bluez={"adapter": self.adapter} if self.adapter else {},
            backend=self._backends.client,
        )
        await self._scanner.hold()
        try:
            refusal = await self._connect(client, seen)
        finally:
            self._scanner.go_on()
        return client, refusal

    async def _connect(self, client: BleakClient, seen: Sighting) -> Refusal | None:
        connecting = asyncio.ensure_future(client.connect())
        linked = False
        try:
            deadline = self._now() + CONNECTED
            while not connecting.done() and self._now() < deadline:
                await asyncio.wait([connecting], timeout=POLL)
                if not linked and not connecting.done() and await self._linked():
                    linked, deadline = True, self._now() + SERVICES
            if not connecting.done():
                return Refusal(None, linked, seen.rssi)
            error = connecting.exception()
            if error is None:
                return None
            if isinstance(error, Exception):
                return Refusal(None if _silent(error) else error, linked, seen.rssi)
            raise error
        finally:
            if not connecting.done():  # bleak disconnects by itself when it is cancelled
                connecting.cancel()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait([connecting], timeout=10.0)

    async def _linked(self) -> bool:
        with contextlib.suppress(FaultError):
            return (await self._host.known(self.adapter, self._address)).connected
        return False

    # -- what it means ---------------------------------------------------------------------

    async def _verdict(self, refusals: list[Refusal], last: Refusal) -> FaultError:
        if not any(r.linked or r.error for r in refusals):
            return self._bound(last) if last.rssi >= GOOD else self._weak(last)
        error = next((r.error for r in reversed(refusals) if r.error), None)
        text = errors.words(error) if error is not None else ""
        known = await self._host.known(self.adapter, self._address)
        if known.paired and ("device disconnected" in text or "key-missing" in text):
            return faults.STALE_BOND(
                what=f"{self._address} drops the link at once, {len(refusals)} times.",
                cause="This computer holds a pairing that the device does not know any more.",
                next="Remove the pairing here, then connect again.",
                command=("bluetoothctl", "remove", self._address),
            )
        if error is None:
            return faults.SLOW(
                what=f"{self._address} connected, but its services could not be read in "
                f"{SERVICES:.0f} s.",
                cause="The device is busy, or the link is bad.",
                next="Try again, closer to it.",
            )
        fault = errors.fault_of(error, f"Connecting to {self._address}")
        if fault.fault.code != faults.STACK.code:
            return fault
        cause = next((why for word, why in _LE_ERRORS.items() if word in text), "Not known.")
        return faults.CONNECT(
            what=f"Connecting to {self._address} failed {len(refusals)} times: {text}.",
            cause=cause,
            next="Try again, closer to it." if last.rssi < GOOD else "Try again.",
        )

    def _bound(self, last: Refusal) -> FaultError:
        return faults.BOUND(
            what=f"{self._address} is heard at {last.rssi} dBm, but did not answer a connection "
            f"within {CONNECTED:.0f} s, {TRIES} times.",
            cause="It is bonded with another computer or phone and answers only that one.",
            next="Release its whitelist from there, or with the SWS pin.",
        )

    def _weak(self, last: Refusal) -> FaultError:
        return faults.WEAK(
            what=f"{self._address} is heard at {last.rssi} dBm and did not answer, {TRIES} times.",
            cause="It is too far away, or bonded with somebody else: this cannot be told apart at "
            "such a signal.",
            next=f"Go closer, until it is {GOOD} dBm or better, and try again.",
        )

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _silent(error: Exception) -> bool:
    """Whether an error only says that nothing came."""
    return isinstance(error, TimeoutError)
