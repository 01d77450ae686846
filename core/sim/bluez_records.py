"""What the simulated Bluetooth stack keeps: adapters, devices, discovery sessions, its errors."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from core.sim.air import Connected
from core.sim.peripheral import Service, uuid16

FAILED = "org.bluez.Error.Failed"
NOT_READY = "org.bluez.Error.NotReady"
IN_PROGRESS = "org.bluez.Error.InProgress"
NOT_SUPPORTED = "org.bluez.Error.NotSupported"
NOT_CONNECTED = "org.bluez.Error.NotConnected"
DOES_NOT_EXIST = "org.bluez.Error.DoesNotExist"
ALREADY_EXISTS = "org.bluez.Error.AlreadyExists"
ALREADY_CONNECTED = "org.bluez.Error.AlreadyConnected"
AUTHENTICATION_FAILED = "org.bluez.Error.AuthenticationFailed"
BLOCKED = "org.bluez.Error.Blocked"
ACCESS_DENIED = "org.freedesktop.DBus.Error.AccessDenied"
UNKNOWN_METHOD = "org.freedesktop.DBus.Error.UnknownMethod"
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"

# Types of AD structures (Bluetooth assigned numbers).
FLAGS, SOME_UUIDS, ALL_UUIDS, SHORT_NAME, NAME = 0x01, 0x02, 0x03, 0x08, 0x09
TX_POWER, SERVICE_DATA, SERVICE_DATA_128, MANUFACTURER = 0x0A, 0x16, 0x21, 0xFF


class StackError(Exception):
    """An error reply of the stack: a D-Bus name and its text."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(f"{name}: {text}")
        self.name, self.text = name, text


@dataclass
class SimAdapter:
    """One adapter of the simulated computer."""

    name: str = "hci0"
    address: str = "B8:27:EB:00:00:01"
    powered: bool = True
    blocked: bool = False
    central: bool = True

    @property
    def path(self) -> str:
        return f"/org/bluez/{self.name}"


@dataclass
class Session:
    """One client's active discovery on one adapter, with its filter."""

    duplicates: bool = False
    every_rssi: bool = False


@dataclass
class SimDevice:
    """One device object: what BlueZ shows of it as properties."""

    adapter: SimAdapter
    address: str
    props: dict[str, Any]
    heard: float = 0.0
    link: Connected | None = None
    connecting: asyncio.Task[None] | None = None
    services: tuple[Service, ...] = ()

    @property
    def path(self) -> str:
        return f"{self.adapter.path}/dev_{self.address.replace(':', '_')}"


def new_device(adapter: SimAdapter, address: str, *, public: bool, bonded: bool) -> SimDevice:
    """A device object as it is when the stack first hears of the device."""
    props: dict[str, Any] = {
        "Address": address,
        "AddressType": "public" if public else "random",
        "Alias": address.replace(":", "-"),
        "Paired": bonded,
        "Bonded": bonded,
        "Trusted": False,
        "Blocked": False,
        "LegacyPairing": False,
        "Connected": False,
        "UUIDs": [],
        "Adapter": adapter.path,
        "ServicesResolved": False,
    }
    return SimDevice(adapter, address, props)


def structures(data: bytes) -> list[tuple[int, bytes]]:
    """The AD structures of a packet; what is cut off or of no length is left out."""
    found = []
    while data and 1 <= data[0] < len(data):
        size = data[0]
        found.append((data[1], data[2 : size + 1]))
        data = data[size + 1 :]
    return found


def properties_of(data: bytes) -> dict[str, Any]:
    """What BlueZ makes of a packet: Name, UUIDs, ServiceData, ManufacturerData, TxPower."""
    found: dict[str, Any] = {}
    uuids: list[str] = []
    for kind, body in structures(data):
        if kind in (SHORT_NAME, NAME):
            found["Name"] = body.decode("utf-8", "replace").rstrip("\0")
        elif kind in (SOME_UUIDS, ALL_UUIDS):
            uuids += [
                uuid16(int.from_bytes(body[i : i + 2], "little"))
                for i in range(0, len(body) - 1, 2)
            ]
        elif kind == TX_POWER and body:
            found["TxPower"] = int.from_bytes(body[:1], signed=True)
        elif kind == SERVICE_DATA and len(body) >= 2:
            uuid = uuid16(int.from_bytes(body[:2], "little"))
            found.setdefault("ServiceData", {})[uuid] = body[2:]
            uuids.append(uuid)  # the service data's UUID shows among the UUIDs, too
        elif kind == MANUFACTURER and len(body) >= 2:
            company = int.from_bytes(body[:2], "little")
            found.setdefault("ManufacturerData", {})[company] = body[2:]
    if uuids:
        found["UUIDs"] = uuids
    return found


def matches(patterns: list[tuple[int, int, bytes]], data: bytes) -> bool:
    """Whether a packet fits one of the patterns (position in the structure, its type, bytes)."""
    return any(
        kind == want and body[start : start + len(content)] == content
        for kind, body in structures(data)
        for start, want, content in patterns
    )


def merged(device: SimDevice, found: dict[str, Any], duplicates: bool) -> dict[str, Any]:
    """What a report changes.  Data of earlier reports stays, unless a client asked for
    duplicates: then every report is told, and replaces them."""
    changed: dict[str, Any] = {}
    for name in ("ServiceData", "ManufacturerData"):
        old = device.props.get(name, {})
        new = found.get(name, {})
        merged = new if duplicates else {**old, **new}
        if (duplicates and new) or merged != old:
            changed[name] = merged
    uuids = device.props["UUIDs"]
    more = [uuid for uuid in found.get("UUIDs", []) if uuid not in uuids]
    if more:
        changed["UUIDs"] = [*uuids, *more]
    local = found.get("Name")
    if local and device.props.get("Name") != local:
        changed["Name"] = changed["Alias"] = local
    if "TxPower" in found:
        changed["TxPower"] = found["TxPower"]
    return changed
