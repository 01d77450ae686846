"""Fault by stage: outcome, and what is on the flash afterwards.

Each row orders one fault from the simulated programmer.  A row that is "mended" ends well, with
the new image and the untouched rest, byte for byte.  The others end with the named fault; before
the first change the flash is untouched, after it the job is resumed on a programmer without the
fault and the flash is then right, byte for byte.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from core.events import Event
from core.fault import FaultError, FaultKind, Touched
from core.job import Job
from core.link.memory import MemoryLink
from core.sim.module import Module
from core.sim.module_target import MARK_AT
from core.telink import faults
from core.telink.client import Client
from core.telink.wire import BASE_BAUD
from tests.core.telink.bench import MAX, NEW, Bench, bench, fault_of, options, result_of, stock
from tests.virtual_clock import virtual

MENDED = [
    "drop:version:1", "corrupt:version:2", "trash:version:1", "late:version:1",
    "drop:pins:1", "mute:activate:1", "drop:baud:1", "mute:baud:1", "corrupt:baud:1",
    "garbled:baud:1", "drop:jedec:1", "noise:jedec:1", "noise:swread:1",
    "short:read:3", "drop:read:9:2", "corrupt:read:4",
    "trash:read:6", "garbled:read:7", "noise:read:40:2", "drop:crc:3",
    "noise:crc:5", "garbled:crc:21", "short:status:2", "drop:spi:1",
    "noise:spi:1", "mute:spi:3", "lose:spi:2", "drop:write:1", "lose:write:1",
    "drop:write:8", "mute:write:9", "corrupt:write:10", "garbled:write:11", "late:write:12",
    "lose:write:14", "lose:write:30", "drop:erase:1",
    "lose:erase:1", "lose:erase:2", "garbled:erase:3",
    "busy:erase:2:2.5", "drop:status:9", "noise:crc:520", "reset:read:20",
    "reset:crc:518", "reset:write:30", "reset:erase:2", "reset:status:6",
    "reboot:read:30", "reboot:crc:100", "reboot:write:20", "reboot:erase:3", "reboot:crc:516",
    "drop:swwrite:1:2",
]  # fmt: skip
BEFORE = [
    ("gone:any:1", "TL-NO-PROGRAMMER"),
    ("gone:activate:1", "TL-LOST"),
    ("gone:jedec:1", "TL-LOST"),
    ("gone:read:10", "TL-LOST"),
    ("gone:crc:100", "TL-LOST"),
    ("corrupt:read:2:*", "TL-NO-ANSWER"),
    ("noise:crc:1:*", "TL-UNPROVEN"),
    ("short:read:1:*", "TL-TARGET-LOST"),
    ("drop:jedec:1:*", "TL-NO-ANSWER"),
    ("vanish:version:1", "LINK-GONE"),
    ("vanish:activate:1", "LINK-GONE"),
    ("vanish:read:12", "LINK-GONE"),
    ("vanish:crc:90", "LINK-GONE"),
]
AFTER = [
    ("vanish:spi:3", "LINK-GONE", Touched.UNKNOWN),
    ("vanish:write:1", "LINK-GONE", Touched.PARTIAL),
    ("vanish:erase:1", "LINK-GONE", Touched.PARTIAL),
    ("vanish:erase:2", "LINK-GONE", Touched.PARTIAL),
    ("vanish:write:20", "LINK-GONE", Touched.PARTIAL),
    ("vanish:write:50", "LINK-GONE", Touched.PARTIAL),
    ("vanish:crc:532", "LINK-GONE", Touched.PARTIAL),
    ("gone:write:25", "TL-LOST", Touched.PARTIAL),
    ("gone:erase:3", "TL-LOST", Touched.PARTIAL),
    ("gone:crc:517", "TL-LOST", Touched.PARTIAL),
    ("drop:write:12:*", "TL-LOST-PAGE", Touched.PARTIAL),
    ("drop:erase:2:*", "TL-LOST-ERASE", Touched.PARTIAL),
    ("lose:write:12:*", "TL-VERIFY", Touched.PARTIAL),
    ("lose:erase:2:*", "TL-VERIFY", Touched.PARTIAL),
    ("lose:write:1:*", "TL-VERIFY", Touched.PARTIAL),
    ("busy:erase:2:9", "TL-BUSY", Touched.PARTIAL),
    ("noise:crc:515:*", "TL-VERIFY", Touched.PARTIAL),
    ("reset:write:30:*", "TL-TARGET-LOST", Touched.PARTIAL),
    ("reboot:write:30:*", "TL-REBOOTED", Touched.PARTIAL),
]
SPEEDS = (230400, 1500000)


def at_both(rows: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Every row at both speeds; the change of speed itself can only fail where there is one."""
    return [
        (*row, baud)
        for row in rows
        for baud in SPEEDS
        if baud != BASE_BAUD or ":baud:" not in str(row[0])
    ]


def healed(table: Bench) -> Bench:
    """The same module and store, the programmer replaced by one without a fault."""
    module = Module(bytes(table.module.flash), MAX)
    after = Bench(table.folder, module, table.baud)
    after.before = table.before
    return after


def never_half_booting(table: Bench) -> bool:
    """Whether bank 0 boots nothing, the old image as it was, or the new one whole."""
    flash = bytes(table.module.flash)
    old = flash[:0x4000] == table.before[:0x4000]
    return flash[MARK_AT] != 0x4B or old or flash[: len(NEW)] == NEW


@pytest.mark.parametrize(("order", "baud"), at_both((order,) for order in MENDED))
def test_a_fault_that_passes_is_mended(order: str, baud: int, tmp_path: Path) -> None:
    @virtual
    async def run() -> None:
        table = bench(tmp_path, order, baud=baud)
        result = result_of(await table.job("flash"))
        assert table.right and result["verified"], order
        assert table.module.baud == 230769

    run()


@pytest.mark.parametrize(("order", "code", "baud"), at_both(BEFORE))
def test_before_the_first_change_a_lasting_fault_leaves_the_module_alone(
    order: str, code: str, baud: int, tmp_path: Path
) -> None:
    @virtual
    async def run() -> None:
        table = bench(tmp_path, order, baud=baud)
        fault = fault_of(await table.job("flash"))
        assert fault.code == code, fault
        assert table.unchanged and fault.touched is Touched.NOTHING
        assert (fault.cause and fault.next and "Nothing was changed" in fault.state) or (
            code == "LINK-GONE"
        )
        assert not table.files("jobs/*/target.bin") and not table.files("backups/*/*.bin")

    run()


@pytest.mark.parametrize(("order", "code", "touched", "baud"), at_both(AFTER))
def test_after_the_first_change_the_job_resumes_to_the_right_flash(
    order: str, code: str, touched: Touched, baud: int, tmp_path: Path
) -> None:
    @virtual
    async def run() -> None:
        table = bench(tmp_path, order, baud=baud)
        fault = fault_of(await table.job("flash"))
        assert (fault.code, fault.touched) == (code, touched), fault
        assert never_half_booting(table)
        assert bytes(table.module.flash[0x5000:]) == table.before[0x5000:]
        if touched is Touched.UNKNOWN:  # the protection may be off, no more
            assert bytes(table.module.flash) == table.before
            assert not table.files("jobs/*/target.bin")
            return
        assert fault.command == ("wattbench", "module", "resume", "--port", "sim")
        assert "proven" in fault.state or "written" in fault.state
        after = healed(table)
        result = result_of(await after.job("resume"))
        assert after.right and result["resumed"], fault
        assert not after.files("jobs/*/target.bin")
        assert fault_of(await after.job("resume")).code == "TL-NO-RESUME"

    run()


WIRES = [
    ({"present": False}, "TL-NO-PROGRAMMER"),
    ({"echo": True}, "TL-ECHO"),
    ({"left_at": 2}, "TL-SPEED"),
    ({"sws": False}, "TL-NO-TARGET"),
    ({"powered": False}, "TL-NO-TARGET"),
    ({"rst": False}, "TL-NO-TARGET"),
    ({"rst_held": True}, "TL-RST"),
    ({"chip": b"\x01\x01\x55"}, "TL-OTHER-CHIP"),
    ({"jedec": (0, 0, 0)}, "TL-BUS"),
    ({"dead": True}, "TL-ASLEEP"),
    ({"partial": 2}, "TL-NOT-ACTIVATED"),
    ({"jedec": (4, 0xF9, 0xEB)}, "TL-GARBLED"),
]


@pytest.mark.parametrize(("more", "code"), WIRES)
def test_what_is_wrong_with_which_wire(more: dict[str, object], code: str, tmp_path: Path) -> None:
    @virtual
    async def run() -> None:
        for kind, baud in (("info", 230400), ("flash", 1500000)):
            table = bench(tmp_path, baud=baud, **more)
            fault = fault_of(await table.job(kind))
            assert fault.code == code and table.unchanged
            assert fault.what and fault.cause and fault.next
            assert table.module.commands.speed in (1, more.get("left_at"))

    run()


@virtual
async def test_a_locked_flash_is_named_and_nothing_is_erased(tmp_path: Path) -> None:
    table = bench(tmp_path, locked=True)
    fault = fault_of(await table.job("flash"))
    assert (fault.code, fault.touched) == ("TL-LOCKED", Touched.UNKNOWN)
    assert "1C" in fault.what and bytes(table.module.flash) == table.before
    assert not table.module.changes


@virtual
async def test_a_protected_flash_is_unlocked_and_a_sleeping_one_woken(tmp_path: Path) -> None:
    table = bench(tmp_path, protected=0x1C, asleep=True)
    result_of(await table.job("flash"))
    assert table.right and table.module.memory.refused == 0
    assert {"LOCKED", "UNLOCKED"} <= set(table.notes())


@pytest.mark.parametrize("version", [1, 2, 3, 5, 8])
def test_every_version_of_the_programmer_flashes_and_restores(version: int, tmp_path: Path) -> None:
    @virtual
    async def run() -> None:
        table = bench(tmp_path, version=version)
        taken = Path(str(result_of(await table.job("flash"))["backup"]))
        assert table.right
        assert table.module.requests["crc"] == 0 or version >= 3
        assert ("OLD-PROGRAMMER" in table.notes()) == (version < 3)
        if version in (2, 8):
            result_of(await table.job("restore", backup=taken))
            assert bytes(table.module.flash) == stock()

    run()


ONCE: dict[Path, bytes] = {}
"""The files of one backup, by their path under the table's folder: made for real, by one job."""


async def kept_backup(folder: Path) -> Path:
    """A true backup of the stock module in this table's store."""
    if not ONCE:
        first = bench(folder)
        made = Path(str(result_of(await first.job("backup"))["file"]))
        ONCE.update({p.relative_to(folder): p.read_bytes() for p in made.parent.iterdir()})
    for path, data in ONCE.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return next(folder / path for path in ONCE if path.name.endswith((".bin", ".bin.xz")))


RESTORES = [
    ("vanish:write:10", "LINK-GONE"),
    ("vanish:erase:4", "LINK-GONE"),
    ("gone:write:15", "TL-LOST"),
    ("drop:write:9:*", "TL-LOST-PAGE"),
    ("drop:erase:3:*", "TL-LOST-ERASE"),
    ("lose:write:9:*", "TL-VERIFY"),
    ("busy:erase:3:9", "TL-BUSY"),
    ("lose:erase:3", ""),
    ("reset:write:12", ""),
    ("reboot:erase:2", ""),
    ("noise:crc:900", ""),
]


@pytest.mark.parametrize(("order", "code", "baud"), at_both(RESTORES))
def test_a_restore_is_mended_or_resumed_to_the_backup(
    order: str, code: str, baud: int, tmp_path: Path
) -> None:
    @virtual
    async def run() -> None:
        taken = await kept_backup(tmp_path)
        changed = NEW.ljust(0x6000, b"\x5a") + stock()[0x6000:0x40000]
        changed += b"\xff" * 0x100 + stock()[0x40100:]
        table = bench(tmp_path, order, flash=changed, baud=baud)
        outcome = await table.job("restore", backup=taken)
        if not code:
            result_of(outcome)
        else:
            fault = fault_of(outcome)
            assert (fault.code, fault.touched) == (code, Touched.PARTIAL)
            assert table.module.flash[MARK_AT] != 0x4B
            table = healed(table)
            result_of(await table.job("resume"))
        assert bytes(table.module.flash) == stock()

    run()


WIPES = [("vanish:erase:2",), ("drop:erase:1:*",), ("lose:erase:2:*",)]


@pytest.mark.parametrize(("order", "baud"), at_both(WIPES))
def test_a_wipe_is_resumed_and_the_firmware_stays_bootable(
    order: str, baud: int, tmp_path: Path
) -> None:
    @virtual
    async def run() -> None:
        table = bench(tmp_path, order, baud=baud)
        fault = fault_of(await table.job("wipe"))
        assert fault.touched is Touched.PARTIAL and "untouched" in fault.state
        assert bytes(table.module.flash[:0x40000]) == table.before[:0x40000]
        after = healed(table)
        result_of(await after.job("resume"))
        wanted = table.before[:0x40000] + b"\xff" * 0x36000 + table.before[0x76000:]
        assert bytes(after.module.flash) == wanted

    run()


@virtual
async def test_a_restarted_programmer_is_told_from_a_restarted_module(tmp_path: Path) -> None:
    """Also at the speed that it starts with: only a programmer swallows a request."""
    for order, code in (("reboot:crc:9", "TL-REBOOTED"), ("reset:crc:9", "TL-TARGET-LOST")):
        module = Module(stock(), options(order, keep_sws=False))
        client = Client(MemoryLink(module, baud=BASE_BAUD))
        assert await client.present()
        await client.pins(high=False)
        await asyncio.sleep(0.05)
        assert await client.activate(0.2) == 4
        client.stopped = True
        with pytest.raises(FaultError, match=code):
            for _ in range(9):
                await client.crc(0, 1024)


@virtual
async def test_mac_that_changes_under_the_job_is_noticed(tmp_path: Path) -> None:
    table = bench(tmp_path)

    def on_event(_job: Job, event: Event) -> None:
        if event.body.event == "phase" and event.body.name == "Compare":
            table.module.memory.cells[0x77010] ^= 1

    fault = fault_of(await table.job("flash", on_event))
    assert (fault.code, fault.touched) == ("TL-IDENTITY", Touched.UNKNOWN)
    assert "All 5 sectors are written" in fault.state


class Floader:
    """A module with the loader of the two-stage method in its RAM."""

    def attach(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    def received(self, data: bytes, baud: int) -> None:
        if baud == 230400 and data == bytes.fromhex("000000000024"):
            self._send(bytes.fromhex("00116255b97e"))


@virtual
async def test_a_loader_in_ram_is_told_from_a_programmer(tmp_path: Path) -> None:
    table = bench(tmp_path)

    async def open_floader(port: str, baud: int, holder: str) -> MemoryLink:
        return MemoryLink(Floader(), port, baud)

    table.open_port = open_floader  # type: ignore[assignment,method-assign]
    fault = fault_of(await table.job("info"))
    assert fault.code == "TL-FLOADER" and "version 1.1" in fault.what


@virtual
async def test_a_request_that_the_programmer_does_not_know_is_not_repeated() -> None:
    module = Module(stock(), replace(MAX, version=2, keep_sws=True))
    client = Client(MemoryLink(module, baud=230400))
    assert await client.present() and not client.has_crc
    with pytest.raises(FaultError, match="TL-UNSUPPORTED"):
        await client.crc(0, 1024)
    assert module.requests["crc"] == 1


def test_every_kind_of_fault_here_is_met_by_a_test() -> None:
    """The table of the sheet, and whatever else this package can say."""
    folder = Path(__file__).parent
    text = "".join(path.read_text() for path in folder.glob("test_*.py"))
    codes = {kind.code for kind in vars(faults).values() if isinstance(kind, FaultKind)}
    assert not {code for code in codes if code not in text}
