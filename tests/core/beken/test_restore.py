"""A backup written back: everything but the bootloader, and RF under rules of its own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.beken.tasks.backup import BackupOptions, backup
from core.beken.tasks.restore import RestoreOptions, restore
from core.bkimage import rf
from core.bkimage.flashmap import APP_START, CHIPS
from core.events import Event, Failed, Finished
from core.job import Job
from core.sim import firmware
from core.sim.plug import Plug
from tests.core.beken.bench import Bench, fault_of, faulty, result_of, stock_of
from tests.core.beken.test_flash import write
from tests.core.beken.test_resume import CHIPS as BOTH
from tests.core.beken.test_resume import a_bench, expected, go_on, same_plug
from tests.virtual_clock import virtual

MAC = "A4:C1:38:5C:94:FA"


async def take(bench: Bench) -> Path:
    options = BackupOptions(port="sim", link_timeout=2.0)
    found = await bench.run(
        lambda report: backup(report, options, ports=bench.open_port, store=bench.store)
    )
    return Path(str(result_of(found)["file"]))


async def bring_back(
    bench: Bench,
    path: Path,
    watch: Callable[[Job, Event], None] | None = None,
    **changes: object,
) -> Finished | Failed:
    options = RestoreOptions(port="sim", backup=path, supply="external", link_timeout=2.0)
    options = replace(options, **changes)  # type: ignore[arg-type]
    return await bench.run(
        lambda report: restore(report, options, ports=bench.open_port, store=bench.store), watch
    )


def erase_rf(bench: Bench, chip: str = "n") -> None:
    at = CHIPS[chip].rf
    bench.plug.flash[at.start : at.end] = b"\xff" * 4096


def sent_to_rf(bench: Bench, chip: str = "n") -> list[str]:
    at = CHIPS[chip].rf
    return [
        c.kind for c in bench.plug.changes if c.address < at.end and at.start < c.address + c.size
    ]


@pytest.mark.parametrize("chip", BOTH)
@virtual
async def test_back_to_stock_byte_for_byte(tmp_path: Path, chip: str) -> None:
    """Rulings P19: also the sector that OpenBeken uses for its configuration."""
    bench = a_bench(tmp_path, chip)
    path = await take(bench)
    result_of(await write(bench))
    config = CHIPS[chip].config
    bench.plug.flash[config.start : config.end] = b"CFG".ljust(4096, b"\x11")
    bench.plug.flash[0x1E5000:0x1E7000] = b"\x22" * 0x2000
    result = result_of(await bring_back(bench, path))
    assert bytes(bench.plug.flash) == stock_of(chip)
    assert result["verified"]
    assert "OpenBK" not in bench.answers.asked[-1].text and "LED" in bench.answers.asked[-1].text
    assert not sent_to_rf(bench, chip)
    assert min(c.address for c in bench.plug.changes) >= APP_START


@virtual
async def test_back_to_a_backup_of_openbeken_looks_for_its_access_point(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n")
    result_of(await write(bench))
    path = await take(bench)
    bench.plug.flash[0x20000:0x21000] = bytes(4096)
    result_of(await bring_back(bench, path))
    assert "OpenBK" in bench.answers.asked[-1].text


@pytest.mark.parametrize("chip", BOTH)
@virtual
async def test_no_large_erase_covers_the_rf_sector(tmp_path: Path, chip: str) -> None:
    """Rulings P10, with every byte around it different."""
    bench = a_bench(tmp_path, chip)
    path = await take(bench)
    rf_at = CHIPS[chip].rf
    for at in range(rf_at.start // 0x10000 * 0x10000, 0x200000, 0x1000):
        if not rf_at.start <= at < rf_at.end:
            bench.plug.flash[at] ^= 0x55
    result_of(await bring_back(bench, path))
    assert bytes(bench.plug.flash) == stock_of(chip)
    assert not sent_to_rf(bench, chip)
    assert any(c.size == 0x10000 for c in bench.plug.changes)


@virtual
async def test_another_bootloader_is_refused(tmp_path: Path) -> None:
    """Rulings P10."""
    bench = a_bench(tmp_path, "n")
    path = await take(bench)
    bench.plug.flash[0x8000] ^= 1
    bench.before = bytes(bench.plug.flash)
    fault = fault_of(await bring_back(bench, path))
    assert (fault.code, fault.exit) == ("BK-FOREIGN", 3)
    assert "bootloader" in fault.what
    assert bench.unchanged


@pytest.mark.parametrize("rf_only", [False, True])
@virtual
async def test_a_foreign_backup_is_refused_and_own_rf_kept(tmp_path: Path, rf_only: bool) -> None:
    """Rulings P11: an own RF block is always kept."""
    other = Bench(tmp_path, Plug(firmware.stock_n(mac=bytes.fromhex("a4c138000001")), faulty()))
    path = await take(other)
    bench = a_bench(tmp_path, "n")
    fault = fault_of(await bring_back(bench, path, rf_only=rf_only))
    assert (fault.code, fault.exit) == ("BK-FOREIGN", 3)
    assert "backup list" in fault.next, "a restore cannot leave --backup away"
    assert bench.unchanged


@pytest.mark.parametrize("chip", BOTH)
@pytest.mark.parametrize("rf_only", [False, True])
@virtual
async def test_a_lost_rf_block_comes_back_after_its_mac_is_typed(
    tmp_path: Path, chip: str, rf_only: bool
) -> None:
    bench = a_bench(tmp_path, chip)
    path = await take(bench)
    erase_rf(bench, chip)
    bench.answers.given["rf-mac"] = MAC
    result_of(await bring_back(bench, path, rf_only=rf_only))
    assert bytes(bench.plug.flash) == stock_of(chip)
    assert len(bench.files("backups/*/*.bin")) == 2, "what the plug was is kept first"
    rf_at = CHIPS[chip].rf
    assert all(c.size <= 4096 for c in bench.plug.changes if rf_at.start <= c.address < rf_at.end)
    assert rf_at.start <= bench.plug.changes[-1].address < rf_at.end, "last"


@pytest.mark.parametrize("typed", ["", "A4:C1:38:5C:94:FB", "yes"])
@virtual
async def test_without_the_mac_nothing_is_written(tmp_path: Path, typed: str) -> None:
    bench = a_bench(tmp_path, "n")
    path = await take(bench)
    erase_rf(bench)
    bench.before = bytes(bench.plug.flash)
    if typed:
        bench.answers.given["rf-mac"] = typed
    fault = fault_of(await bring_back(bench, path))
    assert (fault.code, fault.exit) == ("DECLINED" if typed else "UNANSWERED", 3)
    assert bench.unchanged


@virtual
async def test_the_wanted_mac_replaces_that_of_a_foreign_block(tmp_path: Path) -> None:
    """Rulings P11: at +0x24."""
    bench = a_bench(tmp_path, "n")
    path = await take(bench)
    erase_rf(bench)
    bench.answers.given["rf-mac"] = "02:11:22:33:44:55"
    result_of(await bring_back(bench, path, rf_only=True, mac="021122334455"))
    found = bytes(bench.plug.flash[0x1D0000:0x1D1000])
    assert found[0x24:0x2A] == bytes.fromhex("021122334455")
    assert found == rf.with_mac(stock_of("n")[0x1D0000:0x1D1000], bytes.fromhex("021122334455"))


@pytest.mark.parametrize("mac", ["zz", "0102", "010203040506", "000000000000"])
@virtual
async def test_a_mac_that_is_none_is_refused(tmp_path: Path, mac: str) -> None:
    bench = a_bench(tmp_path, "n")
    path = await take(bench)
    erase_rf(bench)
    assert fault_of(await bring_back(bench, path, mac=mac)).code == "BK-NO-RF"
    assert not bench.plug.changes


@virtual
async def test_rf_is_written_only_when_its_checksum_differs(tmp_path: Path) -> None:
    """Rulings P10."""
    bench = a_bench(tmp_path, "n")
    path = await take(bench)
    result = result_of(await bring_back(bench, path, rf_only=True))
    assert result["sectors_written"] == 0
    assert bench.unchanged


@virtual
async def test_damaged_calibration_is_kept_by_a_full_restore_and_mended_by_rf_only(
    tmp_path: Path,
) -> None:
    bench = a_bench(tmp_path, "n")
    path = await take(bench)
    bench.plug.flash[0x1D0080] ^= 0xFF
    result_of(await bring_back(bench, path))
    assert "RF-KEPT" in bench.texts()
    assert not bench.plug.changes
    bench.answers.given["rf-mac"] = MAC
    result_of(await bring_back(bench, path, rf_only=True))
    assert bytes(bench.plug.flash) == stock_of("n")


@virtual
async def test_rf_that_does_not_erase_is_tried_three_times(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n")
    path = await take(bench)
    erase_rf(bench)
    same_plug(bench, "weak:0x1d0000:0")
    bench.plug.flash[0x1D0000] = 0xFE
    bench.answers.given["rf-mac"] = MAC
    fault = fault_of(await bring_back(bench, path, rf_only=True))
    assert fault.code in ("BK-NO-WRITE", "BK-NO-ERASE")
    assert sent_to_rf(bench).count("erase") <= 3
    assert fault.command[:3] == ("wattbench", "jobs", "resume")


@virtual
async def test_a_backup_without_rf_restores_none(tmp_path: Path) -> None:
    content = bytearray(stock_of("n"))
    content[0x1D0000:0x1D1000] = b"\xff" * 4096
    bench = Bench(tmp_path, Plug(bytes(content), faulty()))
    path = await take(bench)
    bench.answers.given["not-whole"] = "eb6015"
    bench.plug.flash[0x20000] ^= 0xFF
    result_of(await bring_back(bench, path))
    assert bytes(bench.plug.flash) == bytes(content)
    fault_of_rf = await bring_back(bench, path, rf_only=True)
    assert result_of(fault_of_rf)["sectors_written"] == 0


@virtual
async def test_a_backup_of_the_other_chip_is_refused(tmp_path: Path) -> None:
    other = a_bench(tmp_path, "t")
    path = await take(other)
    bench = a_bench(tmp_path, "n")
    assert fault_of(await bring_back(bench, path)).code == "BK-FOREIGN"
    assert bench.unchanged


@pytest.mark.parametrize("chip", BOTH)
@pytest.mark.parametrize("lost_rf", [False, True])
@virtual
async def test_a_restore_that_was_cut_off_is_resumed(
    tmp_path: Path, chip: str, lost_rf: bool
) -> None:
    bench = a_bench(tmp_path, chip)
    path = await take(bench)
    result_of(await write(bench))
    assert bytes(bench.plug.flash) == expected(chip)
    bench.answers.given["rf-mac"] = MAC
    if lost_rf:
        erase_rf(bench, chip)
    same_plug(bench, "vanish:change:50")
    fault = fault_of(await bring_back(bench, path))
    assert (fault.code, fault.touched) == ("LINK-GONE", "partial")
    same_plug(bench)
    result_of(await go_on(bench, "03"))
    assert bytes(bench.plug.flash) == stock_of(chip)


@virtual
async def test_a_restore_cut_off_between_erase_and_write_of_rf_is_resumed(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n")
    path = await take(bench)
    bench.answers.given["rf-mac"] = MAC
    bench.plug.flash[0x1D0000:0x1D0100] = bytes(0x100)
    same_plug(bench, "vanish:change:1")
    assert fault_of(await bring_back(bench, path, rf_only=True)).touched == "partial"
    same_plug(bench)
    result_of(await go_on(bench, "02"))
    assert bytes(bench.plug.flash) == stock_of("n")


@virtual
async def test_a_restored_configuration_that_takes_the_wires_is_not_started(
    tmp_path: Path,
) -> None:
    """Rulings P5: the pins become outputs at the first start."""
    from core.profile.block import Block
    from core.profile.model import Pin, Profile

    config = Block.new().with_profile(Profile(pins={10: Pin("WifiLED")})).sector()
    content = bytearray(stock_of("n"))
    content[0x1D1000:0x1D2000] = config
    bench = Bench(tmp_path, Plug(bytes(content), faulty()))
    path = await take(bench)
    bench.plug.flash[0x20000] ^= 0xFF
    bench.answers.given["wires-off"] = "yes"
    asked: list[tuple[str, bool]] = []

    def watch(_job: Job, event: Event) -> None:
        question = getattr(event.body, "question", None)
        if question is not None:
            asked.append((question.key, bench.links[-1].closed))

    result_of(await bring_back(bench, path, watch))
    assert asked[-2:] == [("wires-off", True), ("boot-check", True)]
    assert bench.plug.requests["Reboot"] == 0
