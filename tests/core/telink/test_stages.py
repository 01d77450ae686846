"""What can meet a job in any phase: the fault comes with the first request of that phase.

Backup, resume, restore and wipe have tables of their own here; the stages of a flash job are all
of its phases at the port.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from core.events import Event
from core.fault import Touched
from core.job import Job
from core.link.api import Link
from core.link.memory import MemoryLink
from core.sim.module_orders import Order, Orders, parse_order
from core.sim.module_wire import Request
from core.store.files import read
from core.telink.client import Client
from core.telink.conversation import SILENCE
from core.telink.wire import BASE_BAUD
from tests.core.telink.bench import Bench, bench, fault_of, result_of, stock
from tests.core.telink.test_faults import at_both, healed, never_half_booting
from tests.virtual_clock import virtual


def at_phase(table: Bench, phase: str, order: str) -> Callable[[Job, Event], None]:
    """Order the fault when the phase first begins; requests count from there."""
    begun: list[str] = []

    def on_event(_job: Job, event: Event) -> None:
        name = getattr(event.body, "name", "") if event.body.event == "phase" else ""
        begun.append(name)
        if name == phase and begun.count(name) == 1:
            table.module._orders = Orders([parse_order(order)])

    return on_event


PULLED, SILENT, RESTARTED = "vanish:any:1", "gone:any:1", "reboot:any:2"
QUIET = ("Connect", "Identify", "Read and prove")
N, U, P = Touched.NOTHING, Touched.UNKNOWN, Touched.PARTIAL
STAGES = [
    *((phase, PULLED, "LINK-GONE", N) for phase in QUIET),
    ("Connect", SILENT, "TL-NO-PROGRAMMER", N),
    *((phase, SILENT, "TL-LOST", N) for phase in QUIET[1:]),
    *((phase, PULLED, "LINK-GONE", U) for phase in ("Unlock", "Write", "Compare")),
    *((phase, SILENT, "TL-LOST", U) for phase in ("Unlock", "Write", "Compare")),
    ("Verify", PULLED, "LINK-GONE", P),
    ("Verify", SILENT, "TL-LOST", P),
    *((phase, RESTARTED, "", N) for phase in (*QUIET, "Write", "Verify")),
    *(("Start", order, "", N) for order in (PULLED, SILENT, RESTARTED)),
]
"""In the first request of Write only the boot mark is read; at Verify all of it is written."""


@pytest.mark.parametrize(("phase", "order", "code", "touched", "baud"), at_both(STAGES))
def test_a_flash_job_ends_right_or_with_the_fault_named(
    phase: str, order: str, code: str, touched: Touched, baud: int, tmp_path: Path
) -> None:
    @virtual
    async def run() -> None:
        table = bench(tmp_path, baud=baud)
        outcome = await table.job("flash", at_phase(table, phase, order))
        if not code:
            result_of(outcome)
            assert table.right
            return
        fault = fault_of(outcome)
        assert (fault.code, fault.touched) == (code, touched)
        assert never_half_booting(table)
        if table.unchanged:
            assert phase in (*QUIET, "Unlock", "Write")
            assert not table.files("jobs/*/target.bin")
            return
        assert phase in ("Verify", "Compare")
        after = healed(table)
        result_of(await after.job("resume"))
        assert after.right

    run()


BACKUPS = [
    *((order, "") for order in (
        "drop:crc:9", "mute:crc:30", "corrupt:crc:40", "garbled:crc:50", "noise:crc:60:2",
        "trash:crc:70", "late:crc:80", "short:read:12", "noise:read:14", "corrupt:read:15",
        "reset:crc:200", "reboot:crc:300", "reset:read:21", "reboot:read:22", "drop:jedec:1",
        "noise:spi:1",
    )),
    ("noise:crc:1:*", "TL-UNPROVEN"),
    ("short:read:20:*", "TL-TARGET-LOST"),
    ("drop:crc:100:*", "TL-NO-ANSWER"),
    ("reboot:crc:100:*", "TL-REBOOTED"),
    ("gone:crc:100", "TL-LOST"),
    ("vanish:read:20", "LINK-GONE"),
    ("vanish:crc:500", "LINK-GONE"),
]  # fmt: skip


@pytest.mark.parametrize(("order", "code", "baud"), at_both(BACKUPS))
def test_a_backup_is_the_flash_or_none_at_all(
    order: str, code: str, baud: int, tmp_path: Path
) -> None:
    @virtual
    async def run() -> None:
        table = bench(tmp_path, order, baud=baud)
        outcome = await table.job("backup")
        if code:
            fault = fault_of(outcome)
            assert (fault.code, fault.touched) == (code, N)
            assert not table.files("backups/*/*.bin")
        else:
            result = result_of(outcome)
            assert result["true"] and read(Path(result["file"])) == table.before
        assert table.unchanged

    run()


AGAIN = [
    ("Identify", PULLED, "LINK-GONE"),
    ("Identify", SILENT, "TL-LOST"),
    ("Write", "vanish:write:5", "LINK-GONE"),
    ("Write", "vanish:erase:2", "LINK-GONE"),
    ("Write", "gone:write:9", "TL-LOST"),
    ("Write", "drop:write:3:*", "TL-LOST-PAGE"),
    ("Write", "drop:erase:1:*", "TL-LOST-ERASE"),
    ("Write", "lose:write:3:*", "TL-VERIFY"),
    ("Write", "busy:erase:1:9", "TL-BUSY"),
    ("Write", "reboot:write:3:*", "TL-REBOOTED"),
    ("Write", "reboot:write:3", ""),
    ("Verify", "noise:crc:2", ""),
    ("Verify", SILENT, "TL-LOST"),
]


@pytest.mark.parametrize(("phase", "order", "code", "baud"), at_both(AGAIN))
def test_a_resumed_job_that_fails_again_is_resumed_again(
    phase: str, order: str, code: str, baud: int, tmp_path: Path
) -> None:
    @virtual
    async def run() -> None:
        broken = bench(tmp_path, "vanish:write:20", baud=baud)
        fault_of(await broken.job("flash"))
        table = healed(broken)
        outcome = await table.job("resume", at_phase(table, phase, order))
        assert never_half_booting(table)
        if code:
            assert fault_of(outcome).code == code
            table = healed(table)
            outcome = await table.job("resume")
        result_of(outcome)
        table.before = stock()
        assert table.right and not table.files("jobs/*/target.bin")

    run()


class Babbling:
    """Answers the first request with rubbish that goes on after the deadline, then soundly."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.last = 0.0

    def attach(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    def received(self, data: bytes, baud: int) -> None:
        loop = asyncio.get_running_loop()
        self.asked.append(loop.time())
        if len(self.asked) > 1:
            loop.call_later(0.001, self._send, bytes.fromhex("06000100 00fdc0"))
            return
        for number in range(12):
            self.last = loop.time() + 0.01 + 0.02 * number
            loop.call_at(self.last, self._send, b"\x55" * 3)


@virtual
async def test_a_repeated_request_waits_until_the_line_is_silent() -> None:
    peer = Babbling()
    client = Client(MemoryLink(peer, baud=BASE_BAUD))
    assert await client.status() == 0
    assert len(peer.asked) == 2
    assert peer.asked[1] - peer.last == pytest.approx(SILENCE)


ASLEEP = [
    ("Read and prove", 0, "TL-ASLEEP", N),
    ("Read and prove", 30, "TL-ASLEEP", N),
    ("Read and prove", 490, "TL-ASLEEP", N),
    ("Unlock", 0, "TL-ASLEEP", U),
    ("Write", 0, "TL-ASLEEP", P),
    ("Verify", 0, "TL-ASLEEP", P),
]


@pytest.mark.parametrize(("phase", "after", "code", "touched", "baud"), at_both(ASLEEP))
def test_a_flash_that_falls_asleep_is_no_blank_flash(
    phase: str, after: int, code: str, touched: Touched, baud: int, tmp_path: Path
) -> None:
    """From then on every read gives FF with a sound checksum: no backup may come of that."""

    @virtual
    async def run() -> None:
        table = bench(tmp_path, baud=baud)
        module, begun = table.module, Counter[str]()
        respond = module._carry_out

        def sleepy(request: Request, due: dict[str, Order]) -> None:
            begun[request.kind] += bool(begun["now"])
            if begun["now"] and begun["crc"] >= after:
                module.memory._asleep = True
            respond(request, due)

        def on_event(_job: Job, event: Event) -> None:
            if event.body.event == "phase" and event.body.name == phase:
                begun["now"] = 1

        module._carry_out = sleepy  # type: ignore[method-assign]
        fault = fault_of(await table.job("flash", on_event))
        assert (fault.code, fault.touched) == (code, touched)
        assert bool(table.files("backups/*/*.bin")) == (phase != "Read and prove")
        if touched is P:
            after_it = healed(table)
            result_of(await after_it.job("resume"))
            assert after_it.right
        else:
            assert table.unchanged

    run()


@virtual
async def test_a_kit_that_hangs_is_reset_by_its_reset_pin(tmp_path: Path) -> None:
    table = bench(tmp_path)
    table.module._gone = True
    opened = table.open_port
    pulled: list[bool] = []

    async def open_with_lines(port: str, baud: int, holder: str) -> Link:
        link = await opened(port, baud, holder)

        async def set_lines(*, dtr: bool, rts: bool) -> None:
            assert not dtr
            pulled.append(rts)
            table.module._gone = rts

        link.set_lines = set_lines  # type: ignore[method-assign]
        return link

    table.open_port = open_with_lines  # type: ignore[method-assign]
    result_of(await table.job("info"))
    assert pulled[-2:] == [True, False]
