"""What the radio remembers of each address, so that one callback becomes one honest advert.

bleak hands over BlueZ's device object, not the packet: service data of earlier packets stays in
it, and a callback also comes when something else of the device changes (bleak notes 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.radio.advert import Advert

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

MOST = 12_000
"""Addresses that are remembered; beyond that the half that was silent longest is forgotten."""
NO_RSSI = -127


class Sighting:
    """The last that was heard of one address."""

    __slots__ = ("connected", "data", "device", "name", "rssi", "shown", "time")

    def __init__(self, device: BLEDevice) -> None:
        self.device = device
        self.time = 0.0
        self.rssi = NO_RSSI
        self.name = ""
        self.connected = False
        self.data: Mapping[str, bytes] = {}
        self.shown: Mapping[str, bytes] = {}


class Seen:
    """All addresses."""

    def __init__(self) -> None:
        self._all: dict[str, Sighting] = {}

    def of(self, address: str) -> Sighting | None:
        """What is remembered of an address."""
        return self._all.get(address.upper())

    def drop(self, address: str) -> None:
        """The stack has forgotten this device: its object is of no use any more."""
        self._all.pop(address.upper(), None)

    def take(self, device: BLEDevice, data: AdvertisementData, now: float) -> Advert | None:
        """The advert that a callback stands for; None where it does not stand for one."""
        address = device.address.upper()
        known = self._all.get(address)
        if known is None:
            if len(self._all) >= MOST:
                self._forget_half()
            known = self._all[address] = Sighting(device)
        known.device = device
        if data.rssi == NO_RSSI or _is_no_packet(known, data):
            return None
        known.time, known.rssi = now, data.rssi
        if data.local_name:
            known.name = data.local_name
        services: Mapping[str, bytes] = data.service_data
        if len(services) > 1:
            services = _fresh(known, services)
        else:
            known.data = known.shown = services
        return Advert(now, address, known.name, data.rssi, services, data.manufacturer_data)

    def _forget_half(self) -> None:
        newest = sorted(self._all.items(), key=lambda item: item[1].time)[MOST // 2 :]
        self._all = dict(newest)


def _is_no_packet(known: Sighting, data: AdvertisementData) -> bool:
    """A connected device does not advertise: a change of its object is not an advert, nor is the
    change that says that the connection is over."""
    props: Any = data.platform_data[1] if len(data.platform_data) > 1 else {}
    was, known.connected = known.connected, bool(props.get("Connected"))
    return known.connected or was


def _fresh(known: Sighting, services: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """What of several service data belongs to this packet: what changed; else what last did."""
    changed = {uuid: data for uuid, data in services.items() if known.data.get(uuid) != data}
    known.data = services
    if changed:
        known.shown = changed
    return {uuid: services[uuid] for uuid in known.shown if uuid in services}
