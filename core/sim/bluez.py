"""A BlueZ stand-in: a private dbus-daemon with an `org.bluez` on it, for bleak's own backend.

Runs as an ordinary user and touches no real adapter.  Set `DBUS_SYSTEM_BUS_ADDRESS` to `address`
and every program that talks to BlueZ over D-Bus talks to this one.  The stack behind it is
`core.sim.bluez_host`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from core.sim import bluez_calls, faults
from core.sim.bluez_host import StackHost
from core.sim.bluez_objects import (
    ADAPTER,
    CHARACTERISTIC,
    DEVICE,
    MONITORS,
    OBJECTS,
    PROPERTIES,
    Objects,
    variants,
)
from core.sim.bluez_records import ACCESS_DENIED, UNKNOWN_METHOD, SimAdapter, SimDevice, StackError

BLUEZ = "org.bluez"
START = 10.0

_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <allow user="*"/>
    {denied}
  </policy>
  <limit name="max_outgoing_bytes">1000000000</limit>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_replies_per_connection">50000</limit>
</busconfig>
"""
_DENIED = '<deny send_destination="org.bluez"/>'


class BlueZ:
    """The stand-in.  `start` it, use it, `close` it.

    `denied` makes a bus whose policy refuses everybody; `service` False leaves bluetoothd out.
    """

    def __init__(self, host: StackHost, *, denied: bool = False, service: bool = True) -> None:
        self.host = host
        self._denied, self._service = denied, service
        self._folder = Path(tempfile.mkdtemp(prefix="wattbench-bluez-"))
        self._daemon: asyncio.subprocess.Process | None = None
        self._bus: MessageBus | None = None
        self._objects = Objects(host)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """What to set DBUS_SYSTEM_BUS_ADDRESS to."""
        return f"unix:path={self._folder / 'bus'}"

    # -- life ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the bus and the service.  Raises FaultError SIM-DBUS."""
        program = shutil.which("dbus-daemon")
        if program is None:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise faults.DBUS(
                what="dbus-daemon is not installed.",
                cause="The simulated Bluetooth service needs a private message bus.",
                next="Install the package dbus-daemon.",
                command=("sudo", "apt", "install", "dbus-daemon"),
            )
        config = self._folder / "bus.conf"
        denied = _DENIED if self._denied else ""
        config.write_text(_CONFIG.format(path=self._folder / "bus", denied=denied))
        self._daemon = await asyncio.create_subprocess_exec(
            program,
            "--nofork",
            "--nopidfile",
            "--print-address",
            f"--config-file={config}",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C meant for the program is not meant for the bus
        )
        assert self._daemon.stdout is not None
        async with asyncio.timeout(START):
            if not await self._daemon.stdout.readline():
                raise faults.DBUS(
                    what="dbus-daemon did not start.",
                    cause="It ended at once.",
                    next=f"Try `dbus-daemon --nofork --config-file={config}`.",
                )
        if self._service:
            await self.begin()

    async def begin(self) -> None:
        """bluetoothd starts: it takes its name on the bus."""
        bus = self._bus = MessageBus(bus_address=self.address)
        await bus.connect()
        bus.add_message_handler(self._message)
        await bus.request_name(BLUEZ)
        await bus.call(_watch_names())
        self.host.observers.append(self)

    async def end(self) -> None:
        """bluetoothd dies: the name goes, and with it every scan, monitor and connection."""
        bus, self._bus = self._bus, None
        with contextlib.suppress(ValueError):
            self.host.observers.remove(self)
        for task in list(self._tasks):
            task.cancel()
        if bus is not None:
            bus.disconnect()
            with contextlib.suppress(Exception):
                await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        self.host.restart()

    async def close(self) -> None:
        """End everything; the bus goes, too."""
        await self.end()
        if self._daemon is not None and self._daemon.returncode is None:
            self._daemon.terminate()
            await self._daemon.wait()
        if self._daemon is not None:  # else its pipe is left to the garbage collector
            self._daemon._transport.close()  # type: ignore[attr-defined]
        shutil.rmtree(self._folder, ignore_errors=True)

    def kill_bus(self) -> None:
        """The message bus itself dies."""
        if self._daemon is not None and self._daemon.returncode is None:
            os.kill(self._daemon.pid, 9)

    # -- calls -----------------------------------------------------------------------------

    def _message(self, message: Message) -> bool | None:
        if message.message_type is MessageType.SIGNAL:
            if message.member == "NameOwnerChanged" and not message.body[2]:
                self.host.leave(str(message.body[0]))
            return None
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        task = asyncio.ensure_future(self._serve(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _serve(self, message: Message) -> None:
        try:
            signature, body = await self._answer(message)
            reply = Message.new_method_return(message, signature, body)
        except StackError as error:
            reply = Message.new_error(message, error.name, error.text)
        if self._bus is not None:
            self._bus.send(reply)

    async def _answer(self, message: Message) -> tuple[str, list[Any]]:
        path, interface, member = str(message.path), message.interface, str(message.member)
        if interface == OBJECTS and member == "GetManagedObjects":
            self.host.obey(member)
            return "a{oa{sa{sv}}}", [self._objects.managed()]
        if interface == PROPERTIES:
            return self._properties(path, member, message.body)
        if interface == MONITORS and self.host.monitors_work:
            bus = self._bus
            assert bus is not None
            return await bluez_calls.monitor(self.host, bus, message)
        if interface == "org.bluez.AgentManager1":
            return bluez_calls.agent(self.host, message)
        if interface == ADAPTER:
            return await bluez_calls.adapter(self.host, self._objects, message)
        if interface == DEVICE:
            return await bluez_calls.device(self.host, self._objects, message)
        if interface in (CHARACTERISTIC, "org.bluez.GattDescriptor1"):
            return await bluez_calls.attribute(self.host, self._objects, message)
        raise StackError(UNKNOWN_METHOD, f"Method {member} with signature is not there")

    def _properties(self, path: str, member: str, body: list[Any]) -> tuple[str, list[Any]]:
        held = self._objects.interfaces(path).get(body[0])
        if held is None:
            raise StackError(f"{PROPERTIES}.Error", f"No such interface {body[0]}")
        if member == "GetAll":
            return "a{sv}", [held]
        if member == "Get":
            return "v", [held[body[1]]]
        if member == "Set" and body[1] == "Powered":
            self.host.set_power(path.rsplit("/", 1)[1], bool(body[2].value))
        elif member == "Set" and body[1] == "Trusted":
            self.host.change(self._objects.device(path), Trusted=bool(body[2].value))
        elif member == "Set":
            raise StackError(ACCESS_DENIED, "Property is read-only")
        return "", []

    # -- Observer --------------------------------------------------------------------------

    def _emit(self, path: str, interface: str, member: str, signature: str, body: Any) -> None:
        if self._bus is not None:
            self._bus.send(Message.new_signal(path, interface, member, signature, body))

    def _changed(self, path: str, interface: str, changed: dict[str, Variant]) -> None:
        self._emit(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, changed, []])

    def _added(self, path: str) -> None:
        body = [path, self._objects.interfaces(path)]
        self._emit("/", OBJECTS, "InterfacesAdded", "oa{sa{sv}}", body)

    def _removed(self, path: str, interfaces: list[str]) -> None:
        self._emit("/", OBJECTS, "InterfacesRemoved", "oas", [path, interfaces])

    def device_added(self, device: SimDevice) -> None:
        self._added(device.path)

    def device_changed(self, device: SimDevice, changed: dict[str, Any]) -> None:
        if changed.get("ServicesResolved"):
            for path in self._objects.attributes(device):
                self._added(path)
        self._changed(device.path, DEVICE, variants(changed))

    def device_removed(self, device: SimDevice) -> None:
        for path in reversed(self._objects.attributes(device)):
            self._removed(path, list(self._objects.interfaces(path)))
        self._removed(device.path, [DEVICE])

    def notified(self, device: SimDevice, handle: int, data: bytes) -> None:
        path = self._objects.characteristic_path(device, handle)
        if path is not None:
            self._changed(path, CHARACTERISTIC, {"Value": Variant("ay", data)})

    def adapter_changed(self, adapter: SimAdapter, *, gone: bool) -> None:
        if gone:
            self._removed(adapter.path, [ADAPTER, MONITORS])
        elif adapter.path not in self._objects.announced:
            self._added(adapter.path)
        else:
            self._changed(adapter.path, ADAPTER, self._objects.adapter(adapter))
        (self._objects.announced.discard if gone else self._objects.announced.add)(adapter.path)


def _watch_names() -> Message:
    return Message(
        destination="org.freedesktop.DBus",
        path="/org/freedesktop/DBus",
        interface="org.freedesktop.DBus",
        member="AddMatch",
        signature="s",
        body=["type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'"],
    )
