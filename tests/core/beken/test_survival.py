"""Fault by stage: how a flash job ends, what it says, and what the flash then holds.

One table for all: at a named moment of the job something goes wrong, once.  Before the first
erase the flash is untouched whatever happens; after it everything outside the planned range is
as it was, and every planned sector is the old one, blank, or the new one.  After the step that
failed no erase and no write is sent any more.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.bkimage.flashmap import APP_END_MAX, APP_START, SECTOR
from core.events import (
    Event,
    Failed,
    Finished,
    Phase,
)
from core.fault import Touched
from core.job import Job, exit_code
from core.link.api import Link
from core.sim.plug import Plug, PlugOptions
from core.stops import Stop
from tests.core.beken.bench import Bench, Wired, fault_of, qio, stock
from tests.core.beken.test_flash import expected, write
from tests.virtual_clock import virtual

ERASE = bytes.fromhex("01e0fcfff406000f20")
WRITE = bytes.fromhex("01e0fcfff4051007")

# stage: (phase in which it begins, what the request begins with, which of them)
STAGES = {
    "link": ("Link", b"", 1),
    "identify": ("Identify", b"", 2),
    "backup": ("Read and prove", b"", 9),
    "erase": ("Write", ERASE, 3),
    "write": ("Write", WRITE, 3),
    "verify": ("Verify", b"", 1),
}
BEFORE = ("link", "identify", "backup")
AFTER = ("erase", "write", "verify")
STOPS = {"Ctrl-C": Stop.CANCEL, "SIGHUP": Stop.HANGUP, "SIGTERM": Stop.TERMINATE}


class Line(Wired):
    """A line on which something happens to one request when told to."""

    def __init__(self, plug: Plug, baud: int, trap: Trap) -> None:
        super().__init__(plug, baud)
        self._trap = trap

    async def write(self, data: bytes) -> None:
        await super().write(self._trap.passing(self, data))


class Trap:
    """Waits for its stage, then does one thing."""

    def __init__(self, bench: Bench, stage: str, fault: str) -> None:
        self.phase, self.prefix, self.count = STAGES[stage]
        self.bench, self.fault = bench, fault
        self.now, self.sprung_at = "", -1
        self.job: Job | None = None

    def hear(self, job: Job, event: Event) -> None:
        self.job = job
        if isinstance(event.body, Phase):
            self.now = event.body.name

    def passing(self, line: Line, data: bytes) -> bytes:
        if self.sprung_at >= 0 or self.now != self.phase or not data.startswith(self.prefix):
            return data
        self.count -= 1
        if self.count:
            return data
        self.sprung_at = len(line.frames)
        return self.spring(line, data)

    def spring(self, line: Line, data: bytes) -> bytes:
        if self.fault == "cable":
            line.unplug()
        elif self.fault == "silent":
            self.bench.plug.detach()
            line._peer = Deaf()  # type: ignore[assignment]
        elif self.fault == "disk full":
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        elif self.fault in STOPS:
            assert self.job is not None
            self.job.stop(STOPS[self.fault])
        return data


class Deaf:
    """What is left of a chip that lost its supply."""

    def received(self, data: bytes, baud: int) -> None:
        """Nothing hears it."""


@pytest.fixture(autouse=True)
def disk_as_before() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


async def attempt(folder: Path, stage: str, fault: str) -> tuple[Bench, Trap, Finished | Failed]:
    (folder / "image.bin").write_bytes(qio())
    bench = Bench(folder, Plug(stock(), PlugOptions(rate="max")))
    trap = Trap(bench, stage, fault)

    async def open_port(port: str, baud: int, holder: str) -> Link:
        line = Line(bench.plug, baud, trap)
        bench.links.append(line)
        return line

    bench.open_port = open_port  # type: ignore[method-assign]
    outcome = await write(bench, on_event=trap.hear)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert trap.sprung_at >= 0, "the stage was never reached"
    return bench, trap, outcome


def changing(frames: list[tuple[int, bytes]]) -> list[bytes]:
    return [frame for _baud, frame in frames if frame.startswith((ERASE, WRITE))]


def only_planned_sectors_differ(bench: Bench) -> None:
    found, old, new = bytes(bench.plug.flash), stock(), expected(stock())
    assert found[:APP_START] == old[:APP_START]
    assert found[APP_END_MAX:] == old[APP_END_MAX:]
    for at in range(APP_START, APP_END_MAX, SECTOR):
        sector = found[at : at + SECTOR]
        assert sector in (old[at : at + SECTOR], new[at : at + SECTOR], b"\xff" * SECTOR)


@pytest.mark.parametrize("stage", BEFORE)
@pytest.mark.parametrize("fault", ["cable", "silent", "disk full", *STOPS])
@virtual
async def test_before_the_first_erase_nothing_is_changed(
    tmp_path: Path, stage: str, fault: str
) -> None:
    bench, _trap, outcome = await attempt(tmp_path, stage, fault)
    said = fault_of(outcome)
    codes = {
        "cable": {"LINK-GONE"},
        "silent": {"LINK-SILENT", "LINK-UNSTABLE", "BK-LOST"},
        "disk full": {"STORE-FULL"},
    }.get(fault, {"CANCELLED"})
    assert said.code in codes
    assert exit_code(outcome) == (130 if fault in STOPS else 1)
    assert said.touched is Touched.NOTHING
    assert bench.unchanged
    assert not changing(bench.links[0].frames)
    assert not bench.files("backups/*/*.bin")


@pytest.mark.parametrize("stage", AFTER)
@pytest.mark.parametrize("fault", ["cable", "silent"])
@virtual
async def test_a_lost_chip_leaves_a_state_that_is_named(
    tmp_path: Path, stage: str, fault: str
) -> None:
    bench, trap, outcome = await attempt(tmp_path, stage, fault)
    said = fault_of(outcome)
    assert said.code in {"LINK-GONE"} if fault == "cable" else {"LINK-SILENT", "BK-LOST"}
    assert exit_code(outcome) == 1
    assert said.touched is (Touched.UNKNOWN if stage == "verify" else Touched.PARTIAL)
    assert "0x11000" in said.state
    assert said.command[:3] == ("wattbench", "jobs", "resume")
    only_planned_sectors_differ(bench)
    after = changing(bench.links[0].frames[trap.sprung_at + 1 :])
    # The chip that fell silent is asked the same again; nothing new is begun.
    asked = bench.links[0].frames[trap.sprung_at][1] if stage != "verify" else b""
    assert all(frame == asked for frame in after)
    assert bench.files("jobs/*/target.bin")
    assert len(bench.files("backups/*/*.bin")) == 1


@pytest.mark.parametrize("stage", AFTER)
@pytest.mark.parametrize("fault", ["disk full", "Ctrl-C", "SIGHUP"])
@virtual
async def test_after_the_first_erase_the_job_finishes(
    tmp_path: Path, stage: str, fault: str
) -> None:
    bench, _trap, outcome = await attempt(tmp_path, stage, fault)
    assert exit_code(outcome) == 0, outcome
    assert bytes(bench.plug.flash) == expected(stock())


@pytest.mark.parametrize("stage", AFTER)
@virtual
async def test_a_host_that_goes_down_stops_after_the_sector(tmp_path: Path, stage: str) -> None:
    bench, trap, outcome = await attempt(tmp_path, stage, "SIGTERM")
    if stage == "verify":
        assert exit_code(outcome) == 0
        assert bytes(bench.plug.flash) == expected(stock())
        return
    said = fault_of(outcome)
    assert (said.code, exit_code(outcome), said.touched) == ("STOPPED", 1, Touched.PARTIAL)
    only_planned_sectors_differ(bench)
    begun = {frame[-4:] for frame in changing(bench.links[0].frames[trap.sprung_at + 1 :])}
    assert len(begun) <= 1, "the sector in hand is finished, no other is begun"


@pytest.mark.parametrize("bit", [0, 11, 12, 13, 16, 20, 23])
@virtual
async def test_an_erase_that_hits_elsewhere_is_never_called_done(tmp_path: Path, bit: int) -> None:
    """Frames carry no checksum: one turned bit in the address erases another sector."""

    def turned(data: bytes) -> bytes:
        frame = bytearray(data)
        frame[9 + bit // 8] ^= 1 << bit % 8
        return bytes(frame)

    (tmp_path / "image.bin").write_bytes(qio())
    bench = Bench(tmp_path, Plug(stock(), PlugOptions(rate="max")))
    trap = Trap(bench, "erase", "turned")
    trap.spring = lambda _line, data: turned(data)  # type: ignore[method-assign]

    async def open_port(port: str, baud: int, holder: str) -> Link:
        bench.links.append(Line(bench.plug, baud, trap))
        return bench.links[-1]

    bench.open_port = open_port  # type: ignore[method-assign]
    outcome = await write(bench, on_event=trap.hear)
    right = bytes(bench.plug.flash) == expected(stock())
    assert isinstance(outcome, Finished) == right
    if not right:
        said = fault_of(outcome)
        assert said.code == "BK-NOT-AS-PLANNED"
        assert said.touched is Touched.UNKNOWN
