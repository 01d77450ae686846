"""What is in the air: every advert decoded and counted, one state for each address.

Nothing is merged before it is counted, and nothing is dropped for its number.  The screen takes
whole device records, when it wants to paint.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from core.air.device import Device, Earlier, Frame
from core.air.history import Rate
from core.air.keystate import KeyState
from core.bthome.cipher import BindKey
from core.bthome.packet import UUIDS
from core.radio.advert import Advert

MOST_DEVICES = 2000


class Air:
    """All devices, least recently heard first.  `keys` are bind keys by address as it is sent
    (`A4:C1:38:5C:94:FA`); beyond `limit` addresses the one that was silent longest and is not
    pinned makes room, and `evicted` counts it.  `earlier` gives the energy registers of an address
    as they were the last time."""

    def __init__(
        self,
        keys: Mapping[str, bytes] | None = None,
        limit: int = MOST_DEVICES,
        earlier: Earlier | None = None,
    ) -> None:
        self._earlier = earlier
        self._keys = {address: BindKey(raw) for address, raw in (keys or {}).items()}
        self._limit = limit
        self.devices: OrderedDict[str, Device] = OrderedDict()
        self.heard = self.evicted = 0
        self.rate = Rate()
        self.time = 0.0
        self._changed: set[str] = set()

    def hear(self, advert: Advert) -> tuple[Frame, ...]:
        """Take one advert; its BTHome frames, decoded.  Never raises, whatever it holds."""
        device = self.devices.get(advert.address)
        if device is None:
            device = self._add(advert)
        else:
            self.devices.move_to_end(advert.address)
        self.heard += 1
        self.time = advert.time
        self.rate.add(advert.time)
        self._changed.add(advert.address)
        device.hear(advert)
        return tuple(
            device.frame(advert, UUIDS[uuid], data)
            for uuid, data in advert.service_data.items()
            if uuid in UUIDS
        )

    def _add(self, advert: Advert) -> Device:
        if len(self.devices) >= self._limit:
            oldest = next((d for d in self.devices.values() if not d.pinned), None)
            if oldest is not None:
                del self.devices[oldest.address]
                self._changed.discard(oldest.address)
                self.evicted += 1
        device = Device(advert, self._keys.get(advert.address), self._earlier)
        self.devices[advert.address] = device
        return device

    def changed(self) -> set[str]:
        """The addresses that were heard, keyed or pinned since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    # -- what a person does ------------------------------------------------------------------

    def set_key(self, address: str, raw: bytes | None) -> KeyState | None:
        """Use a key for a device, or forget it; how it does on the frames that are kept.  None
        for an address that was not heard."""
        key = BindKey(raw) if raw is not None else None
        if key is None:
            self._keys.pop(address, None)
        else:
            self._keys[address] = key
        device = self.devices.get(address)
        if device is None:
            return None
        self._changed.add(address)
        return device.set_key(key)

    def try_key(self, address: str, raw: bytes) -> KeyState | None:
        """How a key would do, without using it."""
        device = self.devices.get(address)
        return device.try_key(BindKey(raw)) if device is not None else None

    def pin(self, address: str, pinned: bool) -> None:
        """Keep a device whatever comes, and on top of the table."""
        device = self.devices.get(address)
        if device is not None:
            device.pinned = pinned
            self._changed.add(address)
