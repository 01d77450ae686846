"""What the simulated stack knows of adapters and bonds, in the words of `core.radio.api.Host`.

The simulator imports no device and no radio: the records here have the same fields as those there.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from core.sim import bluez_link
from core.sim.bluez_host import StackHost
from core.sim.bluez_records import SimAdapter, SimDevice


@dataclass(frozen=True, slots=True)
class SimAdapterInfo:
    """The fields of `core.radio.api.Adapter`."""

    name: str
    address: str
    powered: bool
    blocked: bool
    monitor: bool
    pairable: bool
    alias: str


@dataclass(frozen=True, slots=True)
class SimKnown:
    """The fields of `core.radio.api.Known`."""

    connected: bool = False
    paired: bool = False
    bonded: bool = False


class SimHost:
    """The simulated stack in the words of `core.radio.api.Host`."""

    def __init__(self, stack: StackHost) -> None:
        self._stack = stack
        self._changed: Callable[[], None] | None = None
        self.epoch = 0
        stack.observers.append(self)

    async def adapters(self) -> list[Any]:
        stack = self._stack
        return [
            SimAdapterInfo(
                a.name, a.address, a.powered, a.blocked, stack.monitors_work, stack.pairable, a.name
            )
            for a in sorted(stack.adapters.values(), key=lambda a: a.name)
        ]

    async def known(self, adapter: str, address: str) -> Any:
        device = self._stack.devices.get(f"{adapter}/{address}")
        if device is None:
            return SimKnown()
        props = device.props
        return SimKnown(props["Connected"], props["Paired"], props["Bonded"])

    async def forget(self, adapter: str, address: str) -> None:
        device = self._stack.devices.get(f"{adapter}/{address}")
        if device is not None:
            await bluez_link.forget(self._stack, device)

    async def hang_up(self, adapter: str, address: str) -> None:
        device = self._stack.devices.get(f"{adapter}/{address}")
        if device is not None:
            await bluez_link.disconnect(self._stack, device)

    @asynccontextmanager
    async def agent(self) -> AsyncIterator[None]:
        self._stack.set_agents([*self._stack.agents, "program"])
        try:
            yield
        finally:
            self._stack.set_agents([a for a in self._stack.agents if a != "program"])

    def watch(self, changed: Callable[[], None]) -> None:
        self._changed = changed

    async def close(self) -> None:
        with contextlib.suppress(ValueError):
            self._stack.observers.remove(self)

    # -- Observer --------------------------------------------------------------------------

    def adapter_changed(self, adapter: SimAdapter, *, gone: bool) -> None:
        self.epoch += gone or not adapter.powered
        if self._changed is not None:
            self._changed()

    def device_added(self, device: SimDevice) -> None:
        """Not of interest here."""

    def device_changed(self, device: SimDevice, changed: dict[str, Any]) -> None:
        """Not of interest here."""

    def device_removed(self, device: SimDevice) -> None:
        """Not of interest here."""

    def notified(self, device: SimDevice, handle: int, data: bytes) -> None:
        """Not of interest here."""
