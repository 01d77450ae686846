"""The methods of the BlueZ stand-in, one function an interface: message in, reply out.

Each returns the signature and the body of the reply, or raises StackError.
"""

from __future__ import annotations

from typing import Any

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

from core.sim import bluez_link
from core.sim.bluez_host import Patterns, StackHost
from core.sim.bluez_objects import PROPERTIES, Objects
from core.sim.bluez_records import (
    DOES_NOT_EXIST,
    NOT_SUPPORTED,
    UNKNOWN_METHOD,
    UNKNOWN_OBJECT,
    StackError,
)
from core.sim.peripheral import Descriptor

Reply = tuple[str, list[Any]]
DONE: Reply = ("", [])


def _adapter_name(host: StackHost, message: Message) -> str:
    name = str(message.path).rsplit("/", 1)[1]
    if name not in host.adapters:
        raise StackError(UNKNOWN_OBJECT, f"no such object {message.path}")
    return name


async def adapter(host: StackHost, objects: Objects, message: Message) -> Reply:
    """org.bluez.Adapter1."""
    name, client = _adapter_name(host, message), str(message.sender)
    if message.member == "SetDiscoveryFilter":
        host.obey("SetDiscoveryFilter")
        host.set_filter(client, name, {k: v.value for k, v in message.body[0].items()})
    elif message.member == "StartDiscovery":
        host.start_discovery(client, name)
    elif message.member == "StopDiscovery":
        host.stop_discovery(client, name)
    elif message.member == "RemoveDevice":
        try:
            device = objects.device(message.body[0])
        except StackError:
            raise StackError(DOES_NOT_EXIST, "Does Not Exist") from None
        await bluez_link.forget(host, device)
    else:
        raise StackError(UNKNOWN_METHOD, f"no method {message.member}")
    return DONE


async def device(host: StackHost, objects: Objects, message: Message) -> Reply:
    """org.bluez.Device1."""
    found = objects.device(str(message.path))
    if message.member == "Connect":
        await bluez_link.connect(host, found)
    elif message.member == "Disconnect":
        await bluez_link.disconnect(host, found)
    elif message.member == "Pair":
        await bluez_link.pair(host, found)
    else:
        raise StackError(UNKNOWN_METHOD, f"no method {message.member}")
    return DONE


async def attribute(host: StackHost, objects: Objects, message: Message) -> Reply:
    """org.bluez.GattCharacteristic1 and GattDescriptor1."""
    found, thing = objects.find(str(message.path))
    if isinstance(thing, Descriptor):
        if message.member == "ReadValue":
            return "ay", [thing.value]
        raise StackError("org.bluez.Error.NotPermitted", "Write not permitted")
    if message.member == "ReadValue":
        return "ay", [await bluez_link.read(host, found, thing.handle)]
    if message.member == "WriteValue":
        data, options = message.body
        kind = options["type"].value if "type" in options else "request"
        await bluez_link.write(host, found, thing.handle, bytes(data), response=kind != "command")
    elif message.member in ("StartNotify", "StopNotify"):
        if not {"notify", "indicate"} & set(thing.flags):
            raise StackError(NOT_SUPPORTED, "Operation is not supported")
        await bluez_link.subscribe(host, found, thing.handle, message.member == "StartNotify")
    else:
        raise StackError(UNKNOWN_METHOD, f"no method {message.member}")
    return DONE


async def monitor(host: StackHost, bus: MessageBus, message: Message) -> Reply:
    """org.bluez.AdvertisementMonitorManager1.

    As in BlueZ, the client's object is asked for its patterns after the call has been answered;
    bleak exports it only then.
    """
    host.obey(str(message.member))
    name, client, path = _adapter_name(host, message), str(message.sender), message.body[0]
    if message.member == "UnregisterMonitor":
        host.remove_monitor(client, name, path)
        return DONE
    if message.member != "RegisterMonitor":
        raise StackError(UNKNOWN_METHOD, f"no method {message.member}")
    host.later(_fetch_patterns(host, bus, client, name, path))
    return DONE


async def _fetch_patterns(
    host: StackHost, bus: MessageBus, client: str, name: str, path: str
) -> None:
    reply = None
    for _ in range(50):  # until the client has exported the object
        reply = await bus.call(
            Message(
                destination=client,
                path=path,
                interface=PROPERTIES,
                member="GetAll",
                signature="s",
                body=["org.bluez.AdvertisementMonitor1"],
            )
        )
        if reply.message_type is MessageType.METHOD_RETURN:
            break
    if reply is None or reply.message_type is not MessageType.METHOD_RETURN:
        return
    patterns: Patterns = [
        (int(start), int(kind), bytes(content))
        for start, kind, content in reply.body[0]["Patterns"].value
    ]
    host.add_monitor(client, name, path, patterns)


def agent(host: StackHost, message: Message) -> Reply:
    """org.bluez.AgentManager1."""
    host.obey(str(message.member))
    client = str(message.sender)
    if message.member == "RegisterAgent":
        host.set_agents([*host.agents, client])
    elif message.member == "UnregisterAgent":
        host.set_agents([a for a in host.agents if a != client])
    elif message.member != "RequestDefaultAgent":
        raise StackError(UNKNOWN_METHOD, f"no method {message.member}")
    return DONE
