"""bleak's two scanners on one adapter: the passive one and the active one beside it.

Only one of them passes adverts on, because with both running bleak calls both for each signal.
Sources: bleak notes 1 and 8.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.radio.api import Adapter, Backends

if TYPE_CHECKING:
    from bleak import BleakScanner
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

SERVICE_DATA = 0x16
BTHOME_UUIDS = tuple(
    f"0000{number}-0000-1000-8000-00805f9b34fb" for number in ("fcd2", "181c", "181e")
)
PATTERNS = [(0, SERVICE_DATA, bytes.fromhex(number)) for number in ("d2fc", "1c18", "1e18")]
FILTERS = {"DuplicateData": True, "RSSI": -127}
"""Every report counts.  The RSSI limit keeps BlueZ from 5.88 on from swallowing unchanged ones."""

IN_PROGRESS_PAUSES = (0.3, 0.7, 1.5)
STOP_LIMIT = 5.0

Take = Callable[["BLEDevice", "AdvertisementData"], None]


class Scans:
    """`take` gets each callback once; `log` hears how dead scans complain when they are ended."""

    def __init__(self, backends: Backends, take: Take, log: Callable[[str], None]) -> None:
        self._backends, self._take, self._log = backends, take, log
        self._passive: BleakScanner | None = None
        self._active: BleakScanner | None = None

    @property
    def passive(self) -> bool:
        """Whether adverts are watched passively."""
        return self._passive is not None

    @property
    def active(self) -> bool:
        """Whether devices are asked for their names."""
        return self._active is not None

    async def start_passive(self, adapter: Adapter) -> bool:
        """True if adverts are watched passively now, False where that does not exist.

        Raises what bleak raises.
        """
        from bleak.exc import BleakDBusError, BleakError

        scanner = self._make("passive", adapter, or_patterns=PATTERNS)
        try:
            await scanner.start()
        except BleakDBusError as error:
            if "Unknown" in error.dbus_error or "NotSupported" in error.dbus_error:
                return False
            raise
        except BleakError as error:
            if str(error).startswith("passive scanning"):
                return False
            raise
        self._passive = scanner
        return True

    async def start_active(self, adapter: Adapter) -> None:
        """Scan actively; an operation that is in progress gets some time to end.

        Raises what bleak raises, but not InProgress beside a passive scan: names can wait.
        """
        from bleak.exc import BleakDBusError

        for pause in (*IN_PROGRESS_PAUSES, None):
            scanner = self._make("active", adapter, filters=FILTERS)
            try:
                await scanner.start()
            except BleakDBusError as error:
                if not error.dbus_error.endswith(".InProgress"):
                    raise
                if pause is None:
                    if self.passive:
                        return
                    raise
                await asyncio.sleep(pause)
            else:
                self._active = scanner
                return

    def _make(self, mode: Any, adapter: Adapter, **bluez: Any) -> BleakScanner:
        from bleak import BleakScanner

        passive = mode == "passive"

        def heard(device: BLEDevice, data: AdvertisementData) -> None:
            if passive or not self.passive:
                self._take(device, data)

        bluez = {"adapter": adapter.name, **bluez}
        return BleakScanner(
            heard,
            scanning_mode=mode,
            bluez=bluez,  # type: ignore[arg-type]
            backend=self._backends.scanner,
        )

    async def stop_active(self) -> None:
        """Stop asking; never raises."""
        scanner, self._active = self._active, None
        await self._stop(scanner)

    async def stop(self) -> None:
        """End both; never raises."""
        await self.stop_active()
        scanner, self._passive = self._passive, None
        await self._stop(scanner)

    async def _stop(self, scanner: BleakScanner | None) -> None:
        """End a scan.  One that is dead already complains in many ways (bleak notes 5)."""
        if scanner is None:
            return
        try:
            async with asyncio.timeout(STOP_LIMIT):
                await scanner.stop()
        except Exception as error:
            self._log(f"ending a scan: {type(error).__name__}: {error}")
