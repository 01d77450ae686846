"""The D-Bus objects of the BlueZ stand-in: paths, interfaces, properties with their types."""

from __future__ import annotations

from typing import Any

from dbus_fast import Variant

from core.sim.bluez_host import StackHost
from core.sim.bluez_records import UNKNOWN_OBJECT, SimAdapter, SimDevice, StackError
from core.sim.peripheral import Characteristic, Descriptor, Service

ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
SERVICE, CHARACTERISTIC = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"
DESCRIPTOR = "org.bluez.GattDescriptor1"
MONITORS, AGENTS = "org.bluez.AdvertisementMonitorManager1", "org.bluez.AgentManager1"
OBJECTS, PROPERTIES = "org.freedesktop.DBus.ObjectManager", "org.freedesktop.DBus.Properties"

Interfaces = dict[str, dict[str, Variant]]

_TYPES = {"RSSI": "n", "TxPower": "n", "UUIDs": "as", "Adapter": "o"}


def variants(props: dict[str, Any]) -> dict[str, Variant]:
    """Properties of a device with their D-Bus types."""
    return {name: _variant(name, value) for name, value in props.items()}


def _variant(name: str, value: Any) -> Variant:
    if name == "ServiceData":
        return Variant("a{sv}", {uuid: Variant("ay", bytes(d)) for uuid, d in value.items()})
    if name == "ManufacturerData":
        return Variant("a{qv}", {number: Variant("ay", bytes(d)) for number, d in value.items()})
    return Variant(_TYPES.get(name, "b" if isinstance(value, bool) else "s"), value)


class Objects:
    """All objects of one stack, made from its state whenever somebody asks."""

    def __init__(self, host: StackHost) -> None:
        self._host = host
        self.announced = {adapter.path for adapter in host.adapters.values()}

    def managed(self) -> dict[str, Interfaces]:
        """Everything, for GetManagedObjects."""
        paths = ["/org/bluez"]
        paths += [adapter.path for adapter in self._host.adapters.values()]
        for device in self._host.devices.values():
            paths += [device.path, *self.attributes(device)]
        return {path: self.interfaces(path) for path in paths}

    def interfaces(self, path: str) -> Interfaces:
        """The interfaces of one object; empty where there is no such object."""
        if path == "/org/bluez":
            return {AGENTS: {}}
        parts = path.split("/")
        adapter = self._host.adapters.get(parts[3]) if len(parts) > 3 else None
        if adapter is None:
            return {}
        if len(parts) == 4:
            found = {ADAPTER: self.adapter(adapter)}
            if self._host.monitors_work:
                types = Variant("as", ["or_patterns"])
                found[MONITORS] = {"SupportedMonitorTypes": types}
            return found
        try:
            device = self.device("/".join(parts[:5]))
        except StackError:
            return {}
        if len(parts) == 5:
            return {DEVICE: variants(device.props)}
        return self._attribute(device, path)

    def adapter(self, adapter: SimAdapter) -> dict[str, Variant]:
        """The properties of an adapter."""
        state = "on" if adapter.powered else "off-blocked" if adapter.blocked else "off"
        return {
            "Address": Variant("s", adapter.address),
            "AddressType": Variant("s", "public"),
            "Name": Variant("s", "bench"),
            "Alias": Variant("s", "bench"),
            "Powered": Variant("b", adapter.powered),
            "PowerState": Variant("s", state),
            "Pairable": Variant("b", self._host.pairable),
            "Discovering": Variant("b", False),
            "Roles": Variant("as", ["central", "peripheral"] if adapter.central else []),
        }

    def device(self, path: str) -> SimDevice:
        """The device at a path.  Raises StackError UnknownObject."""
        for device in self._host.devices.values():
            if device.path == path:
                return device
        raise StackError(UNKNOWN_OBJECT, f"Method on {path} with no such object")

    # -- attributes ------------------------------------------------------------------------

    def attributes(self, device: SimDevice) -> list[str]:
        """The paths of all services, characteristics and descriptors, parents first."""
        return list(_table(device))

    def characteristic_path(self, device: SimDevice, handle: int) -> str | None:
        """Where the characteristic declared at `handle` is."""
        return next(
            (
                path
                for path, thing in _table(device).items()
                if isinstance(thing, Characteristic) and thing.handle == handle
            ),
            None,
        )

    def find(self, path: str) -> tuple[SimDevice, Characteristic | Descriptor]:
        """The characteristic or descriptor at a path.  Raises StackError UnknownObject."""
        device = self.device("/".join(path.split("/")[:5]))
        thing = _table(device).get(path)
        if thing is None or isinstance(thing, Service):
            raise StackError(UNKNOWN_OBJECT, f"no such object {path}")
        return device, thing

    def _attribute(self, device: SimDevice, path: str) -> Interfaces:
        thing = _table(device).get(path)
        parent = path.rsplit("/", 1)[0]
        if isinstance(thing, Service):
            props = {
                "UUID": Variant("s", thing.uuid),
                "Primary": Variant("b", True),
                "Device": Variant("o", parent),
            }
            return {SERVICE: props}
        if isinstance(thing, Characteristic):
            props = {
                "UUID": Variant("s", thing.uuid),
                "Service": Variant("o", parent),
                "Flags": Variant("as", list(thing.flags)),
                "Notifying": Variant("b", False),
                "MTU": Variant("q", 23),
            }
            return {CHARACTERISTIC: props}
        if isinstance(thing, Descriptor):
            props = {"UUID": Variant("s", thing.uuid), "Characteristic": Variant("o", parent)}
            return {DESCRIPTOR: props}
        return {}


def _table(device: SimDevice) -> dict[str, Service | Characteristic | Descriptor]:
    """Every attribute by its path, parents first."""
    found: dict[str, Service | Characteristic | Descriptor] = {}
    for service in device.services:
        at = f"{device.path}/service{service.handle:04x}"
        found[at] = service
        for char in service.characteristics:
            below = f"{at}/char{char.handle:04x}"
            found[below] = char
            for descriptor in char.descriptors:
                found[f"{below}/desc{descriptor.handle:04x}"] = descriptor
    return found
