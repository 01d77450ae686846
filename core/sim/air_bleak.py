"""The simulated stack as bleak backends in memory, for --demo and for tests on a jumping clock.

The classes behave as bleak's BlueZ backend does in front of a real stack; the stand-in of
`core.sim.bluez` keeps them honest, because there bleak's own backend runs the same tests.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from core.sim import bluez_link
from core.sim.air import Air
from core.sim.air_host import SimHost
from core.sim.bluez_host import Patterns, StackHost
from core.sim.bluez_records import UNKNOWN_OBJECT, SimAdapter, SimDevice, StackError

NO_MONITORS = (
    "passive scanning on Linux requires BlueZ >= 5.56 with --experimental enabled and "
    "Linux kernel >= 5.10"
)
PROTOCOL_ERRORS = {"Read not permitted": 0x02, "Write not permitted": 0x03, "Invalid Length": 0x0D}


def bleak_error(error: StackError) -> BleakError:
    """What bleak raises for an error reply."""
    if error.text in PROTOCOL_ERRORS:
        return BleakGATTProtocolError(PROTOCOL_ERRORS[error.text])
    if error.text.startswith("Operation failed with ATT error: "):
        return BleakGATTProtocolError(int(error.text.rsplit(" ", 1)[1], 16))
    return BleakDBusError(error.name, [error.text])


class SimBackends:
    """Scanner and client classes on one stack, and the host of the same stack.

    `stack` gives the options of `StackHost`.  The stack is made on the loop that first uses it;
    that is core's loop, while the air may live on another.
    """

    def __init__(self, air: Air, **stack: Any) -> None:
        self._air, self._options = air, stack
        self._stack: StackHost | None = None
        self.scanner: type[BaseBleakScanner] = _bound(_Scanner, self)
        self.client: type[BaseBleakClient] = _bound(_Client, self)

    @property
    def stack(self) -> StackHost:
        """The simulated stack itself, for whoever wants to unplug its adapter."""
        if self._stack is None:
            self._stack = StackHost(self._air, **self._options)
        return self._stack

    def host(self) -> SimHost:
        """What `core.radio` asks about adapters and bonds."""
        return SimHost(self.stack)

    def close(self) -> None:
        """End the stack."""
        if self._stack is not None:
            self._stack.close()


def _bound(base: type[Any], backends: SimBackends) -> type[Any]:
    return type(base.__name__.strip("_"), (base,), {"backends": backends})


def _pick(stack: StackHost, name: str | None) -> SimAdapter:
    """The adapter to use, with bleak's complaints where there is none."""
    if name is not None:
        if name not in stack.adapters:
            raise BleakError(f"adapter '{name}' not found")
        return stack.adapters[name]
    reasons = BleakBluetoothNotAvailableReason
    if not stack.adapters:
        raise BleakBluetoothNotAvailableError("No Bluetooth adapters found.", reasons.NO_BLUETOOTH)
    for adapter in stack.adapters.values():
        if adapter.powered:
            return adapter
    raise BleakBluetoothNotAvailableError("No powered adapters.", reasons.POWERED_OFF)


class _Scanner(BaseBleakScanner):
    """Scans the simulated air; takes the arguments of bleak's BlueZ scanner."""

    backends: SimBackends

    def __init__(
        self,
        detection_callback: Any,
        service_uuids: list[str] | None,
        scanning_mode: str,
        *,
        bluez: Any,
        **_: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._passive = scanning_mode == "passive"
        self._name: str | None = bluez.get("adapter")
        self._patterns: Patterns = [tuple(p) for p in bluez.get("or_patterns") or ()]
        self._filters: dict[str, Any] = dict(bluez.get("filters") or {})
        self._on: SimAdapter | None = None

    async def start(self) -> None:
        stack = self.backends.stack
        adapter = _pick(stack, self._name)
        self.seen_devices = {}
        if self._passive and not stack.monitors_work:
            raise BleakError(NO_MONITORS)
        if self._passive:
            stack.add_monitor("program", adapter.name, str(id(self)), self._patterns)
        else:
            try:
                stack.set_filter("program", adapter.name, self._filters)
                stack.start_discovery("program", adapter.name)
            except StackError as error:
                raise bleak_error(error) from None
        self._on = adapter
        stack.observers.append(self)

    async def stop(self) -> None:
        if self._on is None:
            return
        stack, adapter, self._on = self.backends.stack, self._on, None
        stack.observers.remove(self)
        if self._passive:
            stack.remove_monitor("program", adapter.name, str(id(self)))
            return
        try:
            stack.stop_discovery("program", adapter.name)
        except StackError as error:
            raise bleak_error(error) from None

    # -- Observer --------------------------------------------------------------------------

    def device_added(self, device: SimDevice) -> None:
        self._tell(device)

    def device_changed(self, device: SimDevice, changed: dict[str, Any]) -> None:
        self._tell(device)

    def device_removed(self, device: SimDevice) -> None:
        self.seen_devices.pop(device.path, None)

    def notified(self, device: SimDevice, handle: int, data: bytes) -> None:
        """Not of interest here."""

    def adapter_changed(self, adapter: SimAdapter, *, gone: bool) -> None:
        """bleak does not tell its scanner either."""

    def _tell(self, device: SimDevice) -> None:
        if device.adapter is not self._on:
            return
        props = dict(device.props)
        found = AdvertisementData(
            local_name=props.get("Name"),
            manufacturer_data=dict(props.get("ManufacturerData", {})),
            service_data=dict(props.get("ServiceData", {})),
            service_uuids=list(props["UUIDs"]),
            tx_power=props.get("TxPower"),
            rssi=props.get("RSSI", -127),
            platform_data=(device.path, props),
        )
        details = {"path": device.path, "props": props}
        name = props.get("Name")
        ble = self.create_or_update_device(device.path, device.address, name, details, found)
        self.call_detection_callbacks(ble, found)


class _Client(BaseBleakClient):
    """Connects to a device of the simulated air."""

    backends: SimBackends

    def __init__(self, address_or_ble_device: BLEDevice | str, **options: Any) -> None:
        super().__init__(
            address_or_ble_device,
            disconnected_callback=options["disconnected_callback"],
            timeout=options["timeout"],
        )
        assert isinstance(address_or_ble_device, BLEDevice), "pass the BLEDevice"
        self._path: str = address_or_ble_device.details["path"]
        self._device: SimDevice | None = None
        self._resolved = asyncio.Event()
        self._gone = asyncio.Event()
        self._sinks: dict[int, NotifyCallback] = {}

    @property
    def mtu_size(self) -> int:
        return 23

    @property
    def name(self) -> str:
        return self.address

    @property
    def is_connected(self) -> bool:
        return self._device is not None and self._device.link is not None

    async def connect(self, pair: bool, **_: Any) -> None:
        stack = self.backends.stack
        found = [d for d in stack.devices.values() if d.path == self._path]
        if not found:
            raise BleakError(f"device '{self._path.rsplit('/', 1)[1]}' not found")
        self._device = found[0]
        stack.observers.append(self)
        try:
            async with asyncio.timeout(self._timeout):
                if not found[0].props["Connected"]:
                    await self._connect(stack, found[0])
                await self._discover(found[0])
        except BaseException as error:
            await bluez_link.disconnect(stack, found[0])
            self._leave()
            if isinstance(error, StackError):
                raise _connect_error(self.address, error) from None
            raise

    async def _connect(self, stack: StackHost, device: SimDevice) -> None:
        while True:
            try:
                await bluez_link.connect(stack, device)
                return
            except StackError as error:
                if error.text != "le-connection-abort-by-local":
                    raise
                await asyncio.sleep(0.1)  # bleak tries again by itself

    async def _discover(self, device: SimDevice) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (self._resolved, self._gone)]
        try:
            if not device.props["ServicesResolved"] and device.link is not None:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if device.link is None:
            raise BleakError("failed to discover services, device disconnected")
        self.services = collection(device)

    def _leave(self) -> None:
        self._device = None
        self.services = None
        with contextlib.suppress(ValueError):
            self.backends.stack.observers.remove(self)

    async def disconnect(self) -> None:
        if self._device is not None:
            await bluez_link.disconnect(self.backends.stack, self._device)
            await self._gone.wait()

    async def pair(self, *args: Any, **kwargs: Any) -> None:
        assert self._device is not None
        if not self._device.props["Paired"]:
            await self._call(bluez_link.pair(self.backends.stack, self._device))

    async def unpair(self) -> None:
        assert self._device is not None
        await self._call(bluez_link.forget(self.backends.stack, self._device))

    async def _call(self, work: Any) -> Any:
        try:
            return await work
        except StackError as error:
            raise bleak_error(error) from None

    def _connected(self) -> SimDevice:
        if self._device is None or self._device.link is None:
            raise BleakError("Not connected")
        return self._device

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, **kwargs: Any
    ) -> bytearray:
        device = self._connected()
        stack = self.backends.stack
        return bytearray(await self._call(bluez_link.read(stack, device, characteristic.handle)))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, **kwargs: Any
    ) -> bytearray:
        self._connected()
        return bytearray(descriptor.obj.value)

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: Any, response: bool
    ) -> None:
        device, handle = self._connected(), characteristic.handle
        await self._call(
            bluez_link.write(self.backends.stack, device, handle, bytes(data), response=response)
        )

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: Any) -> None:
        self._connected()
        raise BleakGATTProtocolError(0x03)

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **kwargs: Any
    ) -> None:
        device, handle = self._connected(), characteristic.handle
        self._sinks[handle] = callback
        await self._call(bluez_link.subscribe(self.backends.stack, device, handle, True))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        device, handle = self._connected(), characteristic.handle
        await self._call(bluez_link.subscribe(self.backends.stack, device, handle, False))
        self._sinks.pop(handle, None)

    # -- Observer --------------------------------------------------------------------------

    def device_added(self, device: SimDevice) -> None:
        """Not of interest here."""

    def device_changed(self, device: SimDevice, changed: dict[str, Any]) -> None:
        if device is not self._device:
            return
        if changed.get("ServicesResolved"):
            self._resolved.set()
        if changed.get("Connected") is False and not self._gone.is_set():
            self._gone.set()
            was = self.services is not None
            self._leave()
            if was and self._disconnected_callback is not None:
                self._disconnected_callback()

    def device_removed(self, device: SimDevice) -> None:
        """Connected is told first."""

    def notified(self, device: SimDevice, handle: int, data: bytes) -> None:
        if device is self._device and handle in self._sinks:
            self._sinks[handle](bytearray(data))

    def adapter_changed(self, adapter: SimAdapter, *, gone: bool) -> None:
        """The connection's end is told as such."""


def _connect_error(address: str, error: StackError) -> BleakError:
    if error.name == UNKNOWN_OBJECT:
        return BleakDeviceNotFoundError(address, f"Device with address {address} was not found.")
    return bleak_error(error)


def collection(device: SimDevice) -> BleakGATTServiceCollection:
    """bleak's view of an attribute table, with the handles that BlueZ would show."""
    found = BleakGATTServiceCollection()
    for service in device.services:
        ble = BleakGATTService(service, service.handle, service.uuid)
        found.add_service(ble)
        for char in service.characteristics:
            flags: Any = list(char.flags)
            made = BleakGATTCharacteristic(char, char.handle, char.uuid, flags, lambda: 20, ble)
            found.add_characteristic(made)
            for descriptor in char.descriptors:
                found.add_descriptor(
                    BleakGATTDescriptor(descriptor, descriptor.handle, descriptor.uuid, made)
                )
    return found
