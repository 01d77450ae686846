"""Backups from a simulated plug: what is read, how long it takes, what is refused."""

from pathlib import Path

import pytest

from core.beken.tasks.backup import BackupOptions, backup
from core.events import Failed, Finished
from core.sim import firmware
from core.sim.plug import Plug, PlugOptions
from core.stops import Stop
from tests.core.beken.bench import (
    Bench,
    fault_of,
    faulty,
    file_of,
    real_dump,
    result_of,
    stock,
)
from tests.virtual_clock import virtual

OPTIONS = BackupOptions(port="sim", link_timeout=2.0)
MAX = PlugOptions(rate="max")


async def take(bench: Bench, options: BackupOptions = OPTIONS) -> Finished | Failed:
    return await bench.run(
        lambda report: backup(report, options, ports=bench.open_port, store=bench.store)
    )


@virtual
async def test_a_backup_is_true_and_whole(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), MAX))
    result = result_of(await take(bench))
    assert file_of(result) == stock()
    assert (result["true"], result["whole"], result["mac"]) == (True, True, "A4:C1:38:5C:94:FA")
    assert bench.unchanged
    loaded = bench.store.backups.load(Path(str(result["file"])))
    assert loaded.facts.true
    assert loaded.sha256 == result["sha256"]


@virtual
async def test_a_real_dump_at_line_speed_takes_three_quarters_of_the_usual_time(
    tmp_path: Path,
) -> None:
    """The usual client reads a CRC with each sector: 23.9 s (BK7231 sheet 10.2)."""
    dump = real_dump()
    bench = Bench(tmp_path, Plug(dump))
    result = result_of(await take(bench))
    assert file_of(result) == dump
    assert bench.events[-1].t <= 0.75 * 23.9


@virtual
async def test_blank_flash_is_not_read(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), MAX))
    result_of(await take(bench))
    filled = sum(stock()[at : at + 4096] != b"\xff" * 4096 for at in range(0, 0x200000, 4096))
    assert bench.plug.requests["FlashRead4K"] <= filled + 12


@virtual
async def test_cells_tell_blank_from_proven(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), MAX))
    result_of(await take(bench))
    cells = [e.body.cells for e in bench.events if getattr(e.body, "cells", "")]
    assert all(len(text) == 512 for text in cells)
    for sector, cell in enumerate(cells[-1]):
        blank = stock()[sector * 4096 : sector * 4096 + 4096] == b"\xff" * 4096
        assert cell == "_" if blank else cell == "R", hex(sector * 4096)


@pytest.mark.parametrize(
    "order",
    [
        "drop:chip:backup:70000",
        "corrupt:chip:backup:70000",
        "add:chip:backup:70000",
        "drop:host:backup:31",
        "corrupt:host:backup:31",
        "lost:backup:7",
        "silent:backup:2",
        "lie:5",
        "lie:20",
        "lost:crc:9",
    ],
)
def test_an_accident_ends_in_a_true_backup_all_the_same(order: str, tmp_path: Path) -> None:
    @virtual
    async def scene() -> None:
        bench = Bench(tmp_path, Plug(stock(), faulty(order)))
        assert file_of(result_of(await take(bench))) == stock()
        assert bench.unchanged

    scene()


@virtual
async def test_one_damaged_byte_costs_one_sector(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), faulty("corrupt:chip:backup:70000")))
    result = result_of(await take(bench))
    assert result["reread"] == 1
    assert "BYTES-LOST" in bench.texts()


@virtual
async def test_a_checksum_that_changes_is_named(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), faulty("lie:8")))
    result = result_of(await take(bench))
    assert result["reread"] == 0
    assert "noise or supply" in bench.texts()


@virtual
async def test_a_line_that_never_gets_it_right_makes_no_backup(tmp_path: Path) -> None:
    orders = [f"corrupt:chip:backup:{n}" for n in range(5000, 500000, 4000)]
    bench = Bench(tmp_path, Plug(stock(), faulty(*orders)))
    fault = fault_of(await take(bench))
    assert (fault.code, fault.touched) == ("BK-UNPROVEN", "nothing")
    assert "--baud" in fault.next
    assert not bench.files("backups/*/*.bin")
    assert bench.files("backups/*/*.bin.part")


@pytest.mark.parametrize(
    ("content", "flash_id", "code"),
    [
        (b"\x00", (0, 0, 0), "BK-DEAD-FLASH"),
        (b"\x00", (0xEB, 0x60, 0x15), "BK-DEAD-FLASH"),
        (b"\xff", (0xEB, 0x60, 0x15), "BK-ERASED"),
        (b"\x5a", (0xEB, 0x60, 0x15), "BK-DEAD-FLASH"),
    ],
)
def test_constant_flash_is_not_a_backup(
    content: bytes, flash_id: tuple[int, int, int], code: str, tmp_path: Path
) -> None:
    @virtual
    async def scene() -> None:
        plug = Plug(content * 0x200000, PlugOptions(rate="max", flash_id=flash_id))
        bench = Bench(tmp_path, plug)
        assert fault_of(await take(bench)).code == code
        assert not bench.files("backups/*/*.bin")

    scene()


@virtual
async def test_true_but_not_whole_says_why(tmp_path: Path) -> None:
    flash = bytearray(stock())
    flash[0x1D0000:0x1D1000] = b"\xff" * 4096
    bench = Bench(tmp_path, Plug(bytes(flash), MAX))
    result = result_of(await take(bench))
    assert (result["true"], result["whole"], result["mac"]) == (True, False, "")
    assert "NOT-WHOLE" in bench.texts()


@virtual
async def test_a_backup_goes_without_the_key(tmp_path: Path) -> None:
    key = bytes.fromhex("93b00051dceacb007ea1005903ebadc7")
    bench = Bench(tmp_path, Plug(stock(), PlugOptions(rate="max", key=key)))
    result_of(await take(bench))
    assert "3 damaged bytes" in bench.texts()


@virtual
async def test_a_cloned_mac_is_warned_of(tmp_path: Path) -> None:
    flash = firmware.stock_n(mac=bytes.fromhex("c8478c000000"))
    bench = Bench(tmp_path, Plug(flash, MAX))
    result_of(await take(bench))
    assert "RF-MAC" in bench.texts()


@virtual
async def test_an_adapter_as_supply_stays_slow(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), MAX))
    await take(bench, BackupOptions(port="sim", supply="adapter", baud=921600))
    assert {baud for baud, _ in bench.links[0].frames} == {115200}


@virtual
async def test_the_chip_is_left_at_the_usual_speed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), MAX))
    result_of(await take(bench))
    again = result_of(await take(bench))
    assert again["whole"]
    assert bench.links[1].frames[0][0] == 115200


@virtual
async def test_expecting_another_chip_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), MAX))
    fault = fault_of(await take(bench, BackupOptions(port="sim", chip="bk7231t")))
    assert (fault.code, fault.exit) == ("BK-OTHER-CHIP", 3)
    assert bench.unchanged


@virtual
async def test_the_adapter_pulled_out_is_a_fault(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), faulty("vanish:backup:40")))
    assert fault_of(await take(bench)).code == "LINK-GONE"


@virtual
async def test_a_chip_that_falls_silent_is_a_fault(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), faulty("silent:backup")))
    fault = fault_of(await take(bench))
    assert (fault.code, fault.touched) == ("BK-LOST", "nothing")


@virtual
async def test_cancel_while_reading_stops_at_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), PlugOptions()))

    def cancel(job, event) -> None:  # type: ignore[no-untyped-def]
        if getattr(event.body, "done", 0) > 0x40000:
            job.stop(Stop.CANCEL)

    outcome = await bench.run(
        lambda report: backup(report, OPTIONS, ports=bench.open_port, store=bench.store), cancel
    )
    assert (fault_of(outcome).code, fault_of(outcome).exit) == ("CANCELLED", 130)
    assert bench.files("backups/*/*.part")
    assert bench.links[0].baud == 115200
