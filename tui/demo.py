"""The simulated bench behind --demo: devices on a thread and loop of their own.

Nothing here touches real ports, radios or the user's folder; the data folder is a temporary one
that is removed at the end.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.link.ports import Port

IMAGE = "OpenBK7231N_QIO_demo.bin"


class Demo:
    """One plug whose reset lead is pulled by a helper a moment after the link is tried."""

    def __init__(self) -> None:
        from core.sim.firmware import openbeken_qio

        self.home = Path(tempfile.mkdtemp(prefix="wattbench-demo-"))
        (self.home / "firmware").mkdir()
        (self.home / "firmware" / IMAGE).write_bytes(openbeken_qio())
        self._plug_path = ""
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="demo")
        self._thread.start()
        ready.wait()

    def _run(self, ready: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        from core.sim.firmware import stock_n
        from core.sim.plug_options import DEFAULT
        from core.sim.serve import serve_plug

        options = replace(DEFAULT, window=0.005, power_cycle_after=1.5)
        _plug, port = await serve_plug(stock_n(), options)
        self._plug_path = str(port.path)
        ready.set()
        await self._stop.wait()
        port.unplug()

    def ports(self) -> list[Port]:
        """The ports of the simulated bench."""
        from core.link.ports import Port, Use

        return [
            Port(
                device=self._plug_path,
                stable=self._plug_path,
                description="simulated plug (BK7231N)",
                vid=None,
                pid=None,
                chip="",
                advice="",
                start_baud=115200,
                ceiling_baud=2_000_000,
                use=Use.FREE,
                holder=None,
                console=False,
            )
        ]

    def close(self) -> None:
        """Stop the devices and remove the folder."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        shutil.rmtree(self.home, ignore_errors=True)
