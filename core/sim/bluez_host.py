"""A simulated Bluetooth stack, behaving as BlueZ does: what it merges, forgets and refuses.

`StackHost` hears the air and keeps device objects.  What shows it to the program is either
`core.sim.bluez` (D-Bus, for bleak's own backend) or `core.sim.air_bleak` (in memory).
Sources: bleak notes 1, 2, 4, 5; meter sheet 3.2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Literal, Protocol

from core.sim.air import Air, Heard
from core.sim.bluez_records import (
    BLOCKED,
    IN_PROGRESS,
    NOT_READY,
    Session,
    SimAdapter,
    SimDevice,
    StackError,
    matches,
    merged,
    new_device,
    properties_of,
)

TEMPORARY = 30.0
"""Seconds after the last report until an unpaired device is forgotten."""
CYCLE = 10.24
"""Seconds of a scan cycle; a controller that filters reports a device once in each."""

QUIET_RSSI = 8

Patterns = list[tuple[int, int, bytes]]


class Observer(Protocol):
    """Whoever shows the stack to a program."""

    def device_added(self, device: SimDevice) -> None: ...

    def device_changed(self, device: SimDevice, changed: dict[str, Any]) -> None: ...

    def device_removed(self, device: SimDevice) -> None: ...

    def notified(self, device: SimDevice, handle: int, data: bytes) -> None: ...

    def adapter_changed(self, adapter: SimAdapter, *, gone: bool) -> None: ...


class StackHost:
    """The stack of one simulated computer.

    `controller` is what the radio itself filters during an active scan: `none`, or `address`
    (one report per device and cycle).  `monitors` False is a bluetoothd without --experimental;
    `deaf_monitors` accepts a monitor and then reports nothing, as a kernel that refused it.
    `quiet_rssi` is BlueZ from 5.88 on: a report that changes nothing and whose RSSI is within 8 dB
    is not told, unless a client's filter names an RSSI.
    """

    def __init__(
        self,
        air: Air,
        *,
        adapters: tuple[SimAdapter, ...] | None = None,
        controller: Literal["none", "address"] = "none",
        monitors: bool = True,
        deaf_monitors: bool = False,
        quiet_rssi: bool = False,
    ) -> None:
        self.air, self.controller = air, controller
        self.monitors_work, self.deaf_monitors = monitors, deaf_monitors
        self.quiet_rssi = quiet_rssi
        self.adapters = {a.name: a for a in adapters or (SimAdapter(),)}
        self.devices: dict[str, SimDevice] = {}
        self.bonds: set[tuple[str, str]] = set()
        self.agents: list[str] = []
        self.observers: list[Observer] = []
        self.orders: list[tuple[str, StackError]] = []
        self._sessions: dict[tuple[str, str], Session] = {}
        self._monitors: dict[tuple[str, str], Patterns] = {}
        self._filters: dict[tuple[str, str], dict[str, Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._expiry: asyncio.TimerHandle | None = None
        air.listen(self._heard)

    def close(self) -> None:
        """Stop listening; connections end."""
        self.air.deafen(self._heard)
        if self._expiry is not None:
            self._expiry.cancel()
        for device in list(self.devices.values()):
            if device.connecting is not None:
                device.connecting.cancel()
            if device.link is not None:
                self._on_air(device.link.hang_up)

        for task in self._tasks:
            task.cancel()

    def restart(self) -> None:
        """bluetoothd has died: what was not on disk is gone, connections end."""
        self._sessions.clear()
        self._monitors.clear()
        self._filters.clear()
        self.agents.clear()
        for device in list(self.devices.values()):
            self.drop(device)

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something on the stack's own account."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_air(self, call: Callable[[], None]) -> None:
        if asyncio.get_running_loop() is self.air.loop:
            call()
        else:
            self.air.loop.call_soon_threadsafe(call)

    def order(self, method: str, name: str, text: str = "", times: int = 1) -> None:
        """Answer the next `times` calls of `method` with an error."""
        self.orders += [(method, StackError(name, text))] * times

    def obey(self, method: str) -> None:
        """Raises the error that was ordered for this call, if there is one."""
        for number, (wanted, error) in enumerate(self.orders):
            if wanted == method:
                del self.orders[number]
                raise error

    # -- adapters --------------------------------------------------------------------------

    @property
    def pairable(self) -> bool:
        """Bondable only while an agent is registered (AlwaysPairable=false)."""
        return bool(self.agents)

    def set_agents(self, agents: list[str]) -> None:
        """The clients that have an agent; the adapters' Pairable follows."""
        self.agents = agents
        for adapter in self.adapters.values():
            self._tell("adapter_changed", adapter, gone=False)

    def set_power(self, name: str, on: bool) -> None:
        """Switch an adapter.  Off ends every scan and connection without a word to the clients.

        Raises StackError Blocked while rfkill blocks it.
        """
        adapter = self.adapters[name]
        if on and adapter.blocked:
            raise StackError(BLOCKED)
        adapter.powered = on
        if not on:
            self._end_scans(adapter)
        self._tell("adapter_changed", adapter, gone=False)

    def block(self, name: str, blocked: bool) -> None:
        """rfkill; blocking also switches off, unblocking does not switch on."""
        self.adapters[name].blocked = blocked
        if blocked:
            self.set_power(name, False)
        else:
            self._tell("adapter_changed", self.adapters[name], gone=False)

    def unplug(self, name: str) -> SimAdapter:
        """Pull the adapter out; `plug` puts it back."""
        adapter = self.adapters.pop(name)
        self._end_scans(adapter)
        for device in [d for d in self.devices.values() if d.adapter is adapter]:
            self.drop(device)
        self._tell("adapter_changed", adapter, gone=True)
        return adapter

    def plug(self, adapter: SimAdapter) -> None:
        """Put an adapter in."""
        self.adapters[adapter.name] = adapter
        self._tell("adapter_changed", adapter, gone=False)

    def _end_scans(self, adapter: SimAdapter) -> None:
        for key in [key for key in self._sessions if key[1] == adapter.name]:
            del self._sessions[key]
        for key in [key for key in self._monitors if key[1].startswith(f"{adapter.name}:")]:
            del self._monitors[key]
        for device in self.devices.values():
            if device.adapter is not adapter:
                continue
            if device.connecting is not None:
                device.connecting.cancel()
            if device.link is not None:
                self._on_air(device.link.hang_up)

    def _tell(self, what: str, *args: Any, **named: Any) -> None:
        for observer in list(self.observers):
            getattr(observer, what)(*args, **named)

    # -- scanning --------------------------------------------------------------------------

    def start_discovery(self, client: str, name: str) -> None:
        """Start an active scan for a client.  Raises StackError NotReady, InProgress."""
        self.obey("StartDiscovery")
        if not self.adapters[name].powered:
            raise StackError(NOT_READY, "Resource Not Ready")
        if (client, name) in self._sessions:
            raise StackError(IN_PROGRESS, "Operation already in progress")
        wanted = self._filters.get((client, name), {})
        self._sessions[client, name] = Session(bool(wanted.get("DuplicateData")), "RSSI" in wanted)

    def stop_discovery(self, client: str, name: str) -> None:
        """End it.  Raises StackError Failed where nothing runs."""
        self.obey("StopDiscovery")
        if (client, name) not in self._sessions:
            raise StackError("org.bluez.Error.Failed", "No discovery started")
        del self._sessions[client, name]
        if not self._scanned(name):
            for device in self.devices.values():
                device.props.pop("RSSI", None)

    def set_filter(self, client: str, name: str, wanted: dict[str, Any]) -> None:
        """SetDiscoveryFilter.  Raises StackError for what BlueZ does not take."""
        if not -127 <= wanted.get("RSSI", 0) <= 20:
            raise StackError("org.bluez.Error.InvalidArguments", "Invalid arguments in method call")
        self._filters[client, name] = wanted

    def add_monitor(self, client: str, name: str, key: str, patterns: Patterns) -> None:
        """Watch passively for adverts that fit one of the patterns."""
        self._monitors[client, f"{name}:{key}"] = patterns

    def remove_monitor(self, client: str, name: str, key: str) -> None:
        """End that."""
        self._monitors.pop((client, f"{name}:{key}"), None)

    def leave(self, client: str) -> None:
        """A client has gone: its scans and monitors end."""
        for held in (self._sessions, self._monitors, self._filters):
            for key in [key for key in held if key[0] == client]:
                del held[key]
        if client in self.agents:
            self.set_agents([agent for agent in self.agents if agent != client])

    def _scanned(self, name: str) -> list[Session]:
        return [s for (_, adapter), s in self._sessions.items() if adapter == name]

    def _watched(self, name: str) -> list[Patterns]:
        if self.deaf_monitors:
            return []
        return [p for (_, key), p in self._monitors.items() if key.startswith(f"{name}:")]

    def _heard(self, heard: Heard) -> None:
        for adapter in list(self.adapters.values()):
            if not adapter.powered:
                continue
            active, watched = self._scanned(adapter.name), self._watched(adapter.name)
            fits = any(matches(patterns, heard.advert) for patterns in watched)
            if active or fits:
                self._report(adapter, heard, active, passive=bool(watched))

    def _report(
        self, adapter: SimAdapter, heard: Heard, active: list[Session], *, passive: bool
    ) -> None:
        now = asyncio.get_running_loop().time()
        address = heard.peripheral.address
        device = self.devices.get(f"{adapter.name}/{address}")
        filtering = self.controller == "address" and active and not passive
        if filtering and device is not None and now - device.heard < CYCLE:
            return
        fresh = device is None
        if device is None:
            bonded = (adapter.address, address) in self.bonds
            device = new_device(adapter, address, public=heard.peripheral.public, bonded=bonded)
            self.devices[f"{adapter.name}/{address}"] = device
        device.heard = now
        packet = heard.advert + (heard.scan_response if active else b"")
        changed = merged(device, properties_of(packet), any(s.duplicates for s in active))
        quiet = self.quiet_rssi and not any(s.every_rssi for s in active)
        if not quiet or abs(heard.rssi - device.props.get("RSSI", 0)) >= QUIET_RSSI:
            changed["RSSI"] = heard.rssi
        device.props.update(changed)
        if fresh:
            self._tell("device_added", device)
            self._expire_later()
        elif changed:
            self._tell("device_changed", device, changed)

    # -- devices ---------------------------------------------------------------------------

    def change(self, device: SimDevice, **changed: Any) -> None:
        """Set properties of a device and tell everybody."""
        device.props.update(changed)
        self._tell("device_changed", device, changed)

    def tell_notified(self, device: SimDevice, handle: int, data: bytes) -> None:
        """A notification has come."""
        self._tell("notified", device, handle, data)

    def drop(self, device: SimDevice) -> None:
        """Forget a device object."""
        key = f"{device.adapter.name}/{device.address}"
        if self.devices.get(key) is device:
            del self.devices[key]
            if device.connecting is not None:
                device.connecting.cancel()
            if device.link is not None:
                self._on_air(device.link.hang_up)
            self._tell("device_removed", device)

    def _expire_later(self) -> None:
        if self._expiry is None:
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(TEMPORARY / 10, self._expire)

    def _expire(self) -> None:
        self._expiry = None
        now = asyncio.get_running_loop().time()
        for device in list(self.devices.values()):
            kept = device.props["Bonded"] or device.link or device.connecting
            if not kept and now - device.heard > TEMPORARY:
                self.drop(device)
        if self.devices:
            self._expire_later()
