"""BlueZ over D-Bus, for what bleak does not tell: adapters, power, bonds, agents, restarts.

One connection of its own, opened when first needed and again after the bus has died.  Sources:
bleak notes 5 and 6; meter sheet 3.2.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bleak.backends.bluezdbus.utils import get_dbus_authenticator
from bleak.exc import BleakDBusError
from dbus_fast import BusType, Message, MessageType, unpack_variants
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError

from core.radio import errors
from core.radio.agent import Agent
from core.radio.api import Adapter, Known

BLUEZ = "org.bluez"
ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
MONITORS, AGENTS = "org.bluez.AdvertisementMonitorManager1", "org.bluez.AgentManager1"
OBJECTS, PROPERTIES = "org.freedesktop.DBus.ObjectManager", "org.freedesktop.DBus.Properties"
DBUS = "org.freedesktop.DBus"
AGENT_PATH = "/org/wattbench/agent"
RFKILL = Path("/sys/class/rfkill")
ANSWER = 10.0
"""Seconds that the stack may take for an answer."""

_RULES = (
    f"type='signal',sender='{BLUEZ}',interface='{PROPERTIES}',arg0='{ADAPTER}'",
    f"type='signal',sender='{BLUEZ}',interface='{OBJECTS}',member='InterfacesRemoved'",
    f"type='signal',sender='{BLUEZ}',interface='{OBJECTS}',member='InterfacesAdded'",
    f"type='signal',sender='{DBUS}',interface='{DBUS}',member='NameOwnerChanged',arg0='{BLUEZ}'",
)


class BlueZ:
    """The stack of this computer; see `core.radio.api.Host`.  Belongs to one loop."""

    def __init__(self) -> None:
        self.epoch = 0
        self._bus: MessageBus | None = None
        self._lock = asyncio.Lock()
        self._changed: Callable[[], None] | None = None
        self._death: asyncio.Task[None] | None = None

    # -- api.Host --------------------------------------------------------------------------

    async def adapters(self) -> list[Adapter]:
        reply = await self._call("/", OBJECTS, "GetManagedObjects", doing="Asking for adapters")
        objects: dict[str, dict[str, dict[str, Any]]] = unpack_variants(reply[0])
        blocked = await asyncio.to_thread(blocked_adapters)
        found = []
        for path, interfaces in sorted(objects.items()):
            if ADAPTER in interfaces:
                name, props = path.rsplit("/", 1)[1], interfaces[ADAPTER]
                found.append(_adapter(name, props, MONITORS in interfaces, name in blocked))
        return found

    async def known(self, adapter: str, address: str) -> Known:
        path = device_path(adapter, address)
        with contextlib.suppress(BleakDBusError):
            reply = await self._try(path, PROPERTIES, "GetAll", "s", [DEVICE])
            props = unpack_variants(reply[0])
            paired = bool(props.get("Paired"))
            return Known(bool(props.get("Connected")), paired, bool(props.get("Bonded", paired)))
        return Known()

    async def forget(self, adapter: str, address: str) -> None:
        body = [device_path(adapter, address)]
        try:
            await self._try(f"/org/bluez/{adapter}", ADAPTER, "RemoveDevice", "o", body)
        except BleakDBusError as error:
            if error.dbus_error != "org.bluez.Error.DoesNotExist":
                raise errors.fault_of(error, "Removing the device") from error

    async def hang_up(self, adapter: str, address: str) -> None:
        with contextlib.suppress(BleakDBusError):  # it is over, or the device unknown
            await self._try(device_path(adapter, address), DEVICE, "Disconnect")

    @asynccontextmanager
    async def agent(self) -> AsyncIterator[None]:
        doing = "Registering for pairing"
        bus, agent = await self._connected(doing), Agent()
        bus.export(AGENT_PATH, agent)
        try:
            body = [AGENT_PATH, "NoInputNoOutput"]
            await self._call("/org/bluez", AGENTS, "RegisterAgent", "os", body, doing=doing)
            body = [AGENT_PATH]
            await self._call("/org/bluez", AGENTS, "RequestDefaultAgent", "o", body, doing=doing)
            try:
                yield
            finally:
                with contextlib.suppress(BleakDBusError, OSError, EOFError):
                    await self._try("/org/bluez", AGENTS, "UnregisterAgent", "o", [AGENT_PATH])
        finally:
            bus.unexport(AGENT_PATH, agent)

    def watch(self, changed: Callable[[], None]) -> None:
        self._changed = changed

    async def close(self) -> None:
        bus, self._bus, self._changed = self._bus, None, None
        if bus is not None:
            bus.disconnect()
        if self._death is not None:
            await asyncio.wait([self._death])

    # -- the bus ---------------------------------------------------------------------------

    async def _connected(self, doing: str) -> MessageBus:
        """The bus, connected.  Raises FaultError."""
        async with self._lock:
            if self._bus is not None and self._bus.connected:
                return self._bus
            bus = MessageBus(bus_type=BusType.SYSTEM, auth=get_dbus_authenticator())
            try:
                async with asyncio.timeout(ANSWER):
                    await bus.connect()
                    bus.add_message_handler(self._signal)
                    for rule in _RULES:
                        await bus.call(_add_match(rule))
            except BaseException as error:
                bus.disconnect()
                if isinstance(error, AuthError):
                    raise errors.by_reason("DENIED_BY_SYSTEM", doing) from error
                if isinstance(error, Exception):
                    raise errors.fault_of(error, doing) from error
                raise
            self._bus = bus
            self._death = asyncio.create_task(self._watch_death(bus))
            return bus

    async def _watch_death(self, bus: MessageBus) -> None:
        with contextlib.suppress(Exception):  # why it died shows at the next call
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        self._happened(ends_scan=True)

    async def _call(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        body: list[Any] | None = None,
        *,
        doing: str,
    ) -> list[Any]:
        try:
            return await self._try(path, interface, member, signature, body, doing=doing)
        except (BleakDBusError, OSError, EOFError, TimeoutError) as error:
            raise errors.fault_of(error, doing) from error

    async def _try(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        body: list[Any] | None = None,
        *,
        doing: str = "Asking the Bluetooth service",
    ) -> list[Any]:
        """One call; errors as bleak's, so that one table has them all."""
        bus = await self._connected(doing)
        message = Message(
            destination=BLUEZ,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=body or [],
        )
        async with asyncio.timeout(ANSWER):
            reply = await bus.call(message)
        if reply.message_type is MessageType.ERROR:
            raise BleakDBusError(str(reply.error_name), [str(part) for part in reply.body])
        return list(reply.body)

    # -- what happens ----------------------------------------------------------------------

    def _signal(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        body = message.body
        if message.member == "NameOwnerChanged" and body[0] == BLUEZ:
            self._happened(ends_scan=True)
        elif message.member == "PropertiesChanged" and body[0] == ADAPTER:
            changed = unpack_variants(body[1])
            if "Powered" in changed or "PowerState" in changed or "Pairable" in changed:
                self._happened(ends_scan=changed.get("Powered") is False)
        elif message.member == "InterfacesRemoved" and ADAPTER in body[1]:
            self._happened(ends_scan=True)
        elif message.member == "InterfacesAdded" and ADAPTER in body[1]:
            self._happened(ends_scan=False)

    def _happened(self, *, ends_scan: bool) -> None:
        self.epoch += ends_scan
        if self._changed is not None:
            self._changed()


def device_path(adapter: str, address: str) -> str:
    """The object path of a device."""
    return f"/org/bluez/{adapter}/dev_{address.upper().replace(':', '_')}"


def blocked_adapters(folder: Path = RFKILL) -> set[str]:
    """The adapters that rfkill blocks, by name, from /sys."""
    found = set()
    with contextlib.suppress(OSError):
        for entry in folder.iterdir():
            with contextlib.suppress(OSError):
                blocked = any(
                    (entry / kind).read_text().strip() == "1" for kind in ("soft", "hard")
                )
                if blocked and (entry / "type").read_text().strip() == "bluetooth":
                    found.add((entry / "name").read_text().strip())
    return found


def _adapter(name: str, props: dict[str, Any], monitor: bool, blocked: bool) -> Adapter:
    return Adapter(
        name=name,
        address=str(props.get("Address", "")),
        powered=bool(props.get("Powered")),
        blocked=blocked or props.get("PowerState") == "off-blocked",
        monitor=monitor,
        pairable=bool(props.get("Pairable")),
        alias=str(props.get("Alias", "")),
    )


def _add_match(rule: str) -> Message:
    return Message(
        destination=DBUS,
        path="/org/freedesktop/DBus",
        interface=DBUS,
        member="AddMatch",
        signature="s",
        body=[rule],
    )
