"""OpenBeken in the flash of a simulated plug: it is on the network while the plug runs it.

The plug says when its application starts and when its power goes.  What is in the flash at a start
decides: an OpenBeken comes up with the MAC, the configuration and the version that lie there, any
other firmware stays away from the network.  What the running firmware saved is in the flash again
when the power goes.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import replace

from core.bkimage import rf
from core.bkimage.flashmap import APP_END_MAX, APP_START, CHIPS
from core.bkimage.image import identify
from core.profile.block import SECTOR
from core.sim.openbk_http import Served
from core.sim.openbk_options import OpenBkOptions
from core.sim.plug import Plug


class PlugOnNetwork:
    """What `plug` is on the network, always at one `host`.

    `base` is how it behaves apart from its MAC, configuration and version.  `changed` is called
    whenever it comes up (True) or leaves (False).  `now` is the device, None while there is none.
    """

    def __init__(self, plug: Plug, base: OpenBkOptions, changed: Callable[[bool], None]) -> None:
        self.now: Served | None = None
        self._plug, self._base, self._changed = plug, base, changed
        self._port = 0
        self._updated: dict[int, str] = {}  # versions that an update over Wi-Fi brought
        self._opening: asyncio.Task[None] | None = None

    @property
    def host(self) -> str:
        return f"{self._base.ip}:{self._port}"

    async def start(self) -> None:
        """Take a port and watch the plug.  Raises OSError."""
        first = Served(self._base)
        await first.open()
        first.stop_listening()  # nobody is there yet
        self._port = first.port
        self._plug.on_app = self._power
        if self._plug.app_runs:
            self._power(True)

    def stop(self) -> None:
        """Leave for good; may be repeated."""
        self._plug.on_app = None
        self._leave()

    def _power(self, on: bool) -> None:
        self._leave()
        options = self._firmware() if on else None
        if options is not None:
            self.now = Served(options)
            self._opening = asyncio.get_running_loop().create_task(self.now.open(self._port))
            self._changed(True)

    def _firmware(self) -> OpenBkOptions | None:
        """What the flash comes up as, None for any other firmware and for one that is torn."""
        flash = self._plug.flash
        image = identify(bytes(flash))
        if image.product != "OpenBeken" or image.chip is None or image.problems:
            return None
        chip = CHIPS[image.chip]
        mac = rf.mac_of(bytes(flash[chip.rf.start : chip.rf.end])) or self._base.mac
        return replace(
            self._base,
            chip=chip.chip.upper(),
            mac=mac,
            version=self._updated.get(self._app(), image.version or self._base.version),
            config=bytes(flash[chip.config.start : chip.config.end]),
        )

    def _leave(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        served, self.now = self.now, None
        if served is None:
            return
        served.stop()
        served.device.tick()
        flash = self._plug.flash
        for at, data in served.device.flash.items():
            if at + SECTOR <= len(flash):
                flash[at : at + SECTOR] = data
        if served.device.version != served.options.version:
            self._updated[self._app()] = served.device.version
        self._changed(False)

    def _app(self) -> int:
        return zlib.crc32(self._plug.flash[APP_START:APP_END_MAX])
