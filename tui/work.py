"""What a host runs, and what of this computer it may use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.job import Reporter, Result
from core.store.store import Store
from tui.logfile import append_log

if TYPE_CHECKING:
    from core.link.api import Link
    from core.link.ports import Port
    from core.radio.radio import Radio
    from tui.demo import Demo


@dataclass(frozen=True, slots=True)
class Work:
    """What to run: a stable kind, a title for people, and the task over the host's tools."""

    kind: str
    title: str
    task: Callable[[Reporter, Tools], Awaitable[Result]]


class Tools:
    """What a task may use of this computer."""

    def __init__(self, store: Store, demo: Demo | None) -> None:
        from core.link.leases import Leases

        self.store, self._demo = store, demo
        self.leases = Leases()
        self._radio: Radio | None = None

    async def open_port(self, url: str, baud: int, holder: str, tape: Path | None = None) -> Link:
        """Open a serial port; see `core.link.serial_port.open_port` for the faults."""
        from core.link import faults
        from core.link.serial_port import open_port

        if self._demo is not None and url not in {port.device for port in self._demo.ports()}:
            raise faults.NO_PORT(
                what=f"{url} is not on the simulated bench.",
                cause="With --demo only simulated devices are used.",
                next="Choose a port of the bench, or start without --demo.",
            )
        return await open_port(
            url,
            baud,
            holder=holder,
            tape=tape,
            leases=self.leases,
            describe_holder=self.job_of,
        )

    def job_of(self, pid: int) -> str | None:
        """The job that another wattbench, `pid`, runs; None when it shares no data folder."""
        running = (job for job in self.store.jobs.all() if job.pid == pid)
        return next((f"{job.title} ({job.id})" for job in running), None)

    def radio(self, adapter: str = "") -> Radio:
        """The one radio of this program, or that of the simulated bench; on core's loop.

        `adapter` is an address or a name; empty keeps the one in use.
        """
        from core.radio.radio import Radio

        if self._radio is None:
            backends = self._demo.backends() if self._demo is not None else None
            self._radio = Radio(
                backends=backends, log=lambda text: append_log(self.store, f"radio: {text}")
            )
        if adapter:
            self._radio.choose(adapter)
        return self._radio

    async def close(self) -> None:
        """Let go of the radio."""
        if self._radio is not None:
            await self._radio.close()
            self._radio = None

    def list_ports(self) -> list[Port]:
        """The serial ports of this computer, or of the simulated bench."""
        if self._demo is not None:
            return self._demo.ports()
        from core.link.ports import list_ports

        return list_ports()
