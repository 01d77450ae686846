"""A simulated plug on the table: jobs run against it on a clock that jumps."""

from __future__ import annotations

import lzma
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest

from core.events import Failed, Finished
from core.job import Recorder, Reporter, Result
from core.link.api import Link
from core.sim import firmware
from core.sim.faults_on_order import parse_fault
from core.sim.plug import Plug, PlugOptions
from core.store.jobs import JobFolder
from tests.core import wire_bench
from tests.core.wire_bench import Given, OnEvent, WireBench, fault_of, result_of

__all__ = ["Bench", "Given", "Wired", "fault_of", "result_of"]

MAC = bytes.fromhex("a4c1385c94fa")
DUMPS = Path(__file__).parents[4] / "shared" / "dumps"
MIRABELLA = DUMPS / "mirabella-genio-i003632-plug.bin.xz"
YES = {"mains-gate": "yes", "write-plan": "yes", "boot-check": "booted"}


@cache
def stock() -> bytes:
    """A synthetic stock flash."""
    return firmware.stock_n(mac=MAC)


@cache
def stock_of(chip: str) -> bytes:
    """A synthetic stock flash of an N or a T."""
    return stock() if chip == "n" else firmware.stock_t(mac=MAC)


@cache
def image_for(chip: str) -> bytes:
    """A synthetic OpenBeken image for an N (QIO) or a T (UA)."""
    return qio() if chip == "n" else firmware.openbeken_ua()


@cache
def qio() -> bytes:
    """A synthetic OpenBeken image."""
    return firmware.openbeken_qio()


def real_dump(path: Path = MIRABELLA) -> bytes:
    """A real dump, or skip the test."""
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    return lzma.decompress(path.read_bytes())


def faulty(*orders: str, **options: object) -> PlugOptions:
    """Options of a plug with faults on order."""
    base = replace(PlugOptions(rate="max"), **options)  # type: ignore[arg-type]
    return replace(base, faults=tuple(map(parse_fault, orders)))


class Wired(wire_bench.Wired):
    """A line with modem lines, which a plug may have on its CEN."""

    def __init__(self, plug: Plug, baud: int) -> None:
        super().__init__(plug, baud)
        self._plug = plug

    async def set_lines(self, *, dtr: bool, rts: bool) -> None:
        await super().set_lines(dtr=dtr, rts=rts)
        if isinstance(self._plug, Plug):
            self._plug.lines(dtr=dtr, rts=rts)


@dataclass
class Bench(WireBench):
    """A table with one plug."""

    folder: Path
    plug: Plug
    answers: Given = field(default_factory=lambda: Given(YES), kw_only=True)

    @property
    def device(self) -> Plug:
        return self.plug

    @property
    def home(self) -> Path:
        return self.folder

    def recorder(self, folder: JobFolder) -> Recorder:
        """Nowhere: what a journal holds is tested elsewhere."""
        return Recorder(lambda _event: None, _synced, pytest.fail)

    async def open_port(self, port: str, baud: int, holder: str) -> Link:
        link = Wired(self.plug, baud)
        self.links.append(link)
        return link

    async def run(
        self, task: Callable[[Reporter], Awaitable[Result]], on_event: OnEvent | None = None
    ) -> Finished | Failed:
        """Run one job to its end."""
        return await self.run_as("test", task, on_event)


async def _synced() -> None:
    return None


def file_of(result: Mapping[str, object], field: str = "file") -> bytes:
    """The bytes of the file that a result names."""
    return Path(str(result[field])).read_bytes()
