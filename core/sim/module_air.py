"""The module at the programmer as Bluetooth hears it: it advertises while its firmware runs.

What it says follows from its flash at each start: the release, whether and with which key it
encrypts, its address.  Source: TLSRPGM sheet 5.2; meter sheet 1.
"""

from __future__ import annotations

from core.sim.air_crowd import LivingMeter
from core.sim.meter_adverts import FIRMWARES, MeterAdverts
from core.sim.module import Module
from core.tlimage import image, ring
from core.tlimage.flashmap import MAC_AT, RING, mac_of

KEY = slice(21, 37)
"""Where the bind key is in a record of the ring."""


class ModuleInAir(LivingMeter):
    """`module`, which has a MAC, in the air.

    A release whose packets are not in `FIRMWARES` is not heard.
    """

    def __init__(self, module: Module, rssi: int = -48) -> None:
        super().__init__(mac_of(bytes(module.flash[MAC_AT : MAC_AT + 6])), rssi=rssi)
        self._module = module
        self._boots = -1
        self._heard = False

    def advert(self) -> bytes:
        target = self._module.target
        if not target.runs:
            return b""
        if target.boots != self._boots:
            self._boots = target.boots
            self._heard = self._started()
        return super().advert() if self._heard else b""

    def _started(self) -> bool:
        """Take in what the flash holds now; whether there is anything to be heard."""
        flash = bytes(self._module.flash)
        bank = next((bank for bank in image.banks(flash) if bank.marked), None)
        firmware = FIRMWARES.get(bank.version.removeprefix("V")) if bank is not None else None
        if firmware is None:
            return False
        settings = ring.newest(flash[RING.start : RING.end])
        key = flash[settings.at :][KEY] if settings is not None and settings.encrypted else None
        self.adverts = MeterAdverts(self.adverts.mac, firmware, key)
        return True
