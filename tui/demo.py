"""The simulated bench behind --demo: devices on a thread and loop of their own.

Nothing here touches real ports, radios or the user's folder; the data folder is a temporary one
that is removed at the end.  Each device is a file in `tui/sims` with a `join`.
"""

from __future__ import annotations

import asyncio
import importlib
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

if TYPE_CHECKING:
    from core.link.ports import Port
    from core.radio.api import Backends
    from core.store.settings import Settings


def sim_names() -> list[str]:
    """Every simulated device: one file each in `tui/sims`."""
    folder = Path(__file__).parent / "sims"
    return sorted(p.stem for p in folder.glob("*.py") if p.stem != "__init__")


class Demo:
    """The bench.  A device's `join` may use `home`, `add_port`, `set_air`, `remember` and the
    running loop."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="wattbench-demo-"))
        self._ports: list[Port] = []
        self._remembered: dict[str, str] = {}
        self.settings: Settings | None = None  # the program's, once it has opened them
        self.shared: dict[str, Any] = {}  # what one device lets another one see
        self._backends: Backends | None = None
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="demo")
        self._thread.start()
        ready.wait()

    def _run(self, ready: threading.Event) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve(ready))
        finally:
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        leave = []
        for name in sim_names():
            module = importlib.import_module(f"tui.sims.{name}")
            if hasattr(module, "join"):
                leave.append(await module.join(self))
        if self._remembered:
            text = tomli_w.dumps(self._remembered)
            (self.home / "settings.toml").write_text(text, encoding="utf-8")
        ready.set()
        await self._stop.wait()
        for stop in leave:
            stop()

    def add_port(self, path: str, description: str) -> None:
        """Put a simulated device's serial port on the bench."""
        from core.link.ports import Port, Use

        self._ports.append(
            Port(
                device=path,
                stable=path,
                description=description,
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
        )

    def remember(self, name: str, value: str) -> None:
        """A choice that the bench opens with, such as which of its ports belongs to which pane.

        Later, when something on the bench changed, it is one of the program's settings at once.
        """
        self._remembered[name] = value
        if self.settings is not None:
            self.settings.set(name, value)

    def remembered(self, name: str) -> str:
        """That choice as it is now, or nothing."""
        before = self._remembered.get(name, "")
        return before if self.settings is None else self.settings.get(name, before)

    def set_air(self, backends: Backends) -> None:
        """What the radio of the bench runs on; see `core.radio.api`."""
        self._backends = backends

    def backends(self) -> Backends:
        """That of `set_air`.  Raises RADIO-NO-ADAPTER where the bench has no air."""
        from core.radio.errors import by_reason

        if self._backends is None:
            raise by_reason("NO_BLUETOOTH", "Listening on the simulated bench")
        return self._backends

    def ports(self) -> list[Port]:
        """The ports of the simulated bench."""
        return list(self._ports)

    def close(self) -> None:
        """Stop the devices and remove the folder."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        shutil.rmtree(self.home, ignore_errors=True)
