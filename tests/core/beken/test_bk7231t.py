"""A BK7231T: its loader has rules of its own, and everything works for it as for an N."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.beken.client import Client
from core.beken.identify import Device, identify
from core.beken.tasks.backup import BackupOptions, backup
from core.bkimage import cipher
from core.bkimage.flashmap import APP_END_MAX, APP_START
from core.events import Event
from core.fault import FaultError
from core.job import Job
from core.link.memory import MemoryLink
from core.sim import firmware
from core.sim.plug import Plug, PlugOptions
from tests.core.beken.bench import (
    Bench,
    fault_of,
    faulty,
    file_of,
    image_for,
    result_of,
    stock_of,
)
from tests.core.beken.test_flash import write
from tests.virtual_clock import run, virtual

T = PlugOptions(rate="max", chip="t")
LINK_CHECK, CRC = bytes.fromhex("01e0fc0100"), bytes.fromhex("01e0fc0910")
ERASE, WRITE = bytes.fromhex("01e0fcfff406000f"), bytes.fromhex("01e0fcfff4051007")


def a_bench(folder: Path, options: PlugOptions = T, flash: bytes | None = None) -> Bench:
    (folder / "image.bin").write_bytes(image_for("t"))
    return Bench(folder, Plug(flash or stock_of("t"), options))


def expected(before: bytes) -> bytes:
    app = image_for("t").ljust(APP_END_MAX - APP_START, b"\xff")
    return before[:APP_START] + app + before[APP_END_MAX:]


def look(plug: Plug) -> Device:
    async def scene() -> Device:
        return await identify(Client(MemoryLink(plug)), key_needed=True)

    return run(scene())


def test_a_stock_t() -> None:
    plug = Plug(stock_of("t"), T)
    device = look(plug)
    assert (device.chip, device.part, device.boot) == (
        "bk7231t",
        "BK7231S_1.0.5",
        "BK7231S (T) 1.0.5",
    )
    assert (device.size, device.flash_id, device.mac) == (0x200000, "", "A4:C1:38:5C:94:FA")
    assert not plug.register_writes


@pytest.mark.parametrize("mib", [2, 4, 8])
def test_the_size_is_where_the_flash_repeats_itself(mib: int) -> None:
    """Rulings P18: compared before any alias is used."""
    content = stock_of("t").ljust(mib << 20, b"\x5a")
    assert look(Plug(content, T)).size == mib << 20


@virtual
async def test_a_backup_of_a_t(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    options = BackupOptions(port="sim", link_timeout=2.0)
    result = result_of(
        await bench.run(
            lambda report: backup(report, options, ports=bench.open_port, store=bench.store)
        )
    )
    assert file_of(result) == stock_of("t")
    assert (result["chip"], result["true"], result["whole"]) == ("bk7231t", True, True)
    assert bench.unchanged


@virtual
async def test_flashing_a_t(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    result = result_of(await write(bench))
    assert bytes(bench.plug.flash) == expected(stock_of("t"))
    assert (result["chip"], result["booted"]) == ("bk7231t", "booted")
    assert bench.plug.ignored == 0, "nothing was sent that the locked flash ignores"


@virtual
async def test_registers_are_never_asked_of_a_t(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    await write(bench)
    ops = {(data[3] == 0xFF, data[7] if data[3] == 0xFF else data[4]) for _, data in frames(bench)}
    reads = (False, 0x03)  # the question that tells a T from an N
    assert ops - {reads} == {
        (False, 0x00), (False, 0x0E), (False, 0x0F), (False, 0x10), (False, 0x11),
        (True, 0x07), (True, 0x09), (True, 0x0F),
    }  # fmt: skip


def frames(bench: Bench) -> list[tuple[int, bytes]]:
    return bench.links[0].frames


def units(bench: Bench) -> Iterator[list[bytes]]:
    """What is sent from one erase to the CRC that locks again."""
    unit: list[bytes] = []
    for _, data in frames(bench):
        unit.append(data)
        if data.startswith(CRC):
            yield unit
            unit = []


@virtual
async def test_one_verify_unit_is_one_erase_unit(tmp_path: Path) -> None:
    """Rulings P13: LinkCheck, erase, all writes, then CRC."""
    bench = a_bench(tmp_path)
    await write(bench)
    sizes = set()
    for unit in units(bench):
        changing = [data for data in unit if data.startswith((ERASE, WRITE))]
        if not changing:
            continue
        at = unit.index(changing[0])
        assert unit[at - 1] == LINK_CHECK
        assert changing[0].startswith(ERASE)
        assert not any(data.startswith(ERASE) for data in changing[1:])
        sizes.add(changing[0][8])
    assert sizes == {0x20, 0xD8}


@virtual
async def test_a_failed_unit_is_done_again_whole(tmp_path: Path) -> None:
    """Rulings P13: the 20th write is in a unit of 64 KiB; all of it is sent again."""
    bench = a_bench(tmp_path, replace(faulty("corrupt:host:write:80000"), chip="t"))
    result_of(await write(bench))
    assert bytes(bench.plug.flash) == expected(stock_of("t"))
    starts = [c.address for c in bench.plug.changes if c.kind == "erase" and c.size == 0x10000]
    again = {at for at in starts if starts.count(at) > 1}
    assert len(again) == 1
    (block,) = again
    written = [c.address for c in bench.plug.changes if c.kind == "program"]
    assert all(written.count(at) == 2 for at in range(block, block + 0x10000, 0x1000))


@virtual
async def test_nothing_below_the_application_is_ever_written(tmp_path: Path) -> None:
    """Also not by an alias: there is the loader itself."""
    bench = a_bench(tmp_path)
    await write(bench)
    for _, data in frames(bench):
        if data.startswith((ERASE, WRITE)):
            at = 9 if data.startswith(ERASE) else 8
            assert APP_START <= int.from_bytes(data[at : at + 4], "little") < APP_END_MAX


@virtual
async def test_a_t_is_kept_awake_while_a_person_thinks(tmp_path: Path) -> None:
    """BK7231 sheet 1.3: after a long silence its loader restarts."""
    bench = a_bench(tmp_path)
    answer = bench.answers.answer

    async def slowly(question):  # type: ignore[no-untyped-def]
        await asyncio.sleep(30.0)
        return await answer(question)

    bench.answers.answer = slowly  # type: ignore[method-assign]
    cycles: list[int] = []

    def watch(_job: Job, event: Event) -> None:
        if event.body.to_json().get("name") == "Write":
            cycles.append(bench.plug.power_cycles)

    result_of(await write(bench, watch))
    assert cycles == [0]


@pytest.mark.parametrize("image", [firmware.openbeken_qio, lambda: firmware.openbeken_ua(chip="n")])
@virtual
async def test_an_image_for_an_n_is_refused(tmp_path: Path, image) -> None:  # type: ignore[no-untyped-def]
    bench = a_bench(tmp_path)
    (tmp_path / "image.bin").write_bytes(image())
    fault = fault_of(await write(bench))
    assert (fault.code, fault.exit) == ("IMG-WRONG-CHIP", 3)
    assert bench.unchanged


@virtual
async def test_a_qio_image_of_a_t_leaves_its_bootloader_out(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    (tmp_path / "image.bin").write_bytes(firmware.openbeken_qio(chip="t"))
    result_of(await write(bench))
    assert bytes(bench.plug.flash[:APP_START]) == stock_of("t")[:APP_START]


@virtual
async def test_a_key_that_the_backup_does_not_prove_is_refused(tmp_path: Path) -> None:
    """Rulings P16: Tuya's is assumed, and proven by what decrypts."""
    content = bytearray(stock_of("t"))
    content[APP_START:APP_END_MAX] = b"\xff" * (APP_END_MAX - APP_START)
    for at in range(0, 32):
        content[at] ^= 0x5A
    bench = a_bench(tmp_path, flash=bytes(content))
    bench.answers.given["not-whole"] = "A4:C1:38:5C:94:FA"
    fault = fault_of(await write(bench))
    assert fault.code == "BK-KEY-UNKNOWN"
    assert bench.unchanged


@virtual
async def test_another_key_in_the_image_is_refused(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    (tmp_path / "image.bin").write_bytes(firmware.openbeken_ua(key=cipher.UASCENT))
    assert fault_of(await write(bench)).code == "IMG-KEY"
    assert bench.unchanged


@pytest.mark.parametrize(
    "order",
    [
        "drop:host:erase:40",
        "drop:host:write:40000",
        "corrupt:host:write:40000",
        "add:host:write:40000",
        "corrupt:chip:erase:40",
        "lost:erase:5",
        "lost:write:5",
        "lost:crc:60",
        "silent:write:3",
        "lost:baud:2",
        "lie:40",
        "lie:80",
    ],
)
@virtual
async def test_one_accident_is_survived(order: str, tmp_path: Path) -> None:
    bench = a_bench(tmp_path, replace(faulty(order), chip="t"))
    result_of(await write(bench))
    assert bytes(bench.plug.flash) == expected(stock_of("t"))


def test_a_rom_that_lost_two_answers_is_not_taken_for_a_t() -> None:
    async def scene() -> None:
        plug = Plug(stock_of("n"), faulty("lost:identify:1", "lost:identify:2"))
        await identify(Client(MemoryLink(plug)), key_needed=True)

    with pytest.raises(FaultError) as caught:
        run(scene())
    assert caught.value.fault.code == "BK-NO-ANSWER"
