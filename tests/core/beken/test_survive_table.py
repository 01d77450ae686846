"""Fault by stage, N and T: exit, code, touched, what the flash holds, and where resuming ends.

The job is short: all but a block and some sectors are on the chip already, and the backup it
rests on was made before.  Every row ends in the exact target, at once or after resuming.
"""

from __future__ import annotations

import tempfile
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from core.beken.tasks.backup import BackupOptions, backup
from core.bkimage import cipher
from core.bkimage.flashmap import APP_END_MAX, APP_START, CHIPS, SECTOR
from core.events import Event, Failed, Finished
from core.job import Job, exit_code
from core.link.api import Link
from core.sim import firmware
from core.sim.faults_on_order import parse_fault
from core.sim.plug import Plug, PlugOptions
from core.stops import Stop
from tests.core.beken.bench import Bench, fault_of, image_for, result_of, stock_of
from tests.core.beken.test_flash import write
from tests.core.beken.test_resume import expected, go_on, same_plug
from tests.virtual_clock import run, virtual

BOTH = ("n", "t")
CHANGED = (*range(0x12000, 0x15000, SECTOR), *range(0x20000, 0x30000, SECTOR), 0x51000)


@cache
def content(chip: str) -> bytes:
    """The target with some sectors of another firmware in it."""
    flash = bytearray(expected(chip))
    for at in CHANGED:
        flash[at : at + SECTOR] = bytes(byte ^ 0x5A for byte in flash[at : at + SECTOR])
    return bytes(flash)


@cache
def kept(chip: str) -> dict[str, bytes]:
    """The files of a backup of that content."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), Plug(content(chip), options(chip)))
        taking = BackupOptions(port="sim", link_timeout=2.0)

        async def take() -> None:
            result_of(
                await bench.run(
                    lambda r: backup(r, taking, ports=bench.open_port, store=bench.store)
                )
            )

        run(take())
        return {
            str(path.relative_to(folder)): path.read_bytes() for path in bench.files("backups/*/*")
        }


@pytest.fixture(scope="module", autouse=True)
def _prepared() -> None:
    """What runs loops of its own, before a test has one."""
    for chip in BOTH:
        asked(chip)


def options(chip: str, *orders: str, **changes: object) -> PlugOptions:
    base = PlugOptions(rate="max", chip=chip, faults=tuple(map(parse_fault, orders)))  # type: ignore[arg-type]
    return replace(base, **changes)  # type: ignore[arg-type]


def a_bench(folder: Path, chip: str, *orders: str, **changes: object) -> Bench:
    (folder / "image.bin").write_bytes(image_for(chip))
    for name, data in kept(chip).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return Bench(folder, Plug(content(chip), options(chip, *orders, **changes)))


async def flash_it(bench: Bench, **changes: object) -> Finished | Failed:
    (path,) = bench.files("backups/*/*.bin")
    return await write(bench, **{"backup": path, **changes})


@cache
def asked(chip: str) -> dict[str, int]:
    """How often each request comes in a run without faults."""
    with tempfile.TemporaryDirectory() as folder:
        bench = a_bench(Path(folder), chip)

        async def scene() -> None:
            result_of(await flash_it(bench))

        run(scene())
        assert bytes(bench.plug.flash) == expected(chip)
        return dict(bench.plug.requests)


def outside_is_kept(bench: Bench, chip: str) -> None:
    found = bytes(bench.plug.flash)
    old, new = content(chip), expected(chip)
    assert found[:APP_START] + found[APP_END_MAX:] == old[:APP_START] + old[APP_END_MAX:]
    for at in range(APP_START, APP_END_MAX, SECTOR):
        part = slice(at, at + SECTOR)
        assert found[part] in (old[part], new[part], b"\xff" * SECTOR)


STAGES = ("link:2", "identify:3", "backup:1", "unprotect:2", "erase:2", "write:3", "verify:last")
AFTER = ("erase", "write", "verify")


def at_stage(chip: str, stage: str) -> str:
    name, number = stage.split(":")
    return f"{name}:{asked(chip)['CheckCRC'] - 1 if number == 'last' else number}"


@pytest.mark.parametrize("chip", BOTH)
@pytest.mark.parametrize("stage", STAGES)
@virtual
async def test_the_cable_is_pulled(tmp_path: Path, chip: str, stage: str) -> None:
    """Also: the port vanishes."""
    if chip == "t" and stage.startswith("unprotect"):
        pytest.skip("a T unprotects itself")
    bench = a_bench(tmp_path, chip, f"vanish:{at_stage(chip, stage)}")
    fault = fault_of(await flash_it(bench))
    assert (fault.code, fault.exit) == ("LINK-GONE", 1)
    outside_is_kept(bench, chip)
    if stage.split(":")[0] not in AFTER:
        assert fault.touched == "nothing"
        assert fault.state == "Nothing was changed."
        assert bench.unchanged
        assert stage.startswith("unprotect") or not bench.files("jobs/*/target.bin")
        return
    first = stage.startswith("verify")
    assert fault.touched == ("unknown" if first else "partial")
    same_plug(bench)
    result_of(await go_on(bench))
    assert bytes(bench.plug.flash) == expected(chip)


@pytest.mark.parametrize("chip", BOTH)
@pytest.mark.parametrize("stage", STAGES)
@virtual
async def test_the_chip_is_reset(tmp_path: Path, chip: str, stage: str) -> None:
    """A brown-out: before the first erase the job ends, after it it links again and goes on."""
    if chip == "t" and stage.startswith("unprotect"):
        pytest.skip("a T unprotects itself")
    bench = a_bench(tmp_path, chip, f"reset:{at_stage(chip, stage)}")
    outcome = await flash_it(bench)
    if isinstance(outcome, Finished):
        assert bytes(bench.plug.flash) == expected(chip)
        return
    assert fault_of(outcome).touched == "nothing"
    assert bench.unchanged
    assert stage.split(":")[0] not in AFTER


KINDS = ("link", "identify", "unprotect", "backup", "erase", "write", "verify", "baud", "reboot")


@pytest.mark.parametrize(
    ("chip", "fault"), [("n", "drop"), ("n", "corrupt"), ("n", "add"), ("t", "drop"), ("t", "add")]
)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("direction", ["host", "chip"])
@virtual
async def test_one_bad_byte_in_every_kind_of_packet(
    tmp_path: Path, chip: str, kind: str, direction: str, fault: str
) -> None:
    """Lost, changed or added: nothing ends in anything but the target."""
    bench = a_bench(tmp_path, chip, f"{fault}:{direction}:{kind}:7")
    result_of(await flash_it(bench))
    assert bytes(bench.plug.flash) == expected(chip)
    assert not bench.plug.burned


@pytest.mark.parametrize("chip", BOTH)
@pytest.mark.parametrize(
    "order", ["noise:5", "lost:baud:1", "lost:baud:2", "lie:9", "lost:erase:1", "lost:write:2"]
)
@virtual
async def test_noise_and_lost_replies(tmp_path: Path, chip: str, order: str) -> None:
    bench = a_bench(tmp_path, chip, order)
    result_of(await flash_it(bench))
    assert bytes(bench.plug.flash) == expected(chip)


PERSON = 4.0
"""Seconds until the lead is pulled, for a chip at a speed that nobody knows."""
BAUD_BYTES = [
    *((("n", f"{fault}:host:baud:{n}")) for fault in ("drop", "corrupt") for n in range(1, 11)),
    *(("n", f"add:host:baud:{n}") for n in range(4, 9)),
    *(("n", f"{fault}:chip:baud:{n}") for fault in ("drop", "corrupt") for n in (1, 5, 9)),
    *(("n", f"corrupt:host:baud:{n}") for n in (13, 16, 17, 18, 24, 26, 28)),
    *(("t", f"{fault}:host:baud:{n}") for fault in ("drop", "corrupt") for n in (2, 6, 8, 9)),
]  # fmt: skip


@pytest.mark.parametrize(("chip", "order"), BAUD_BYTES)
@virtual
async def test_one_bad_byte_in_a_change_to_a_speed_that_was_asked_for(
    tmp_path: Path, chip: str, order: str
) -> None:
    """Up, down for the registers, up again: asked once more where the chip is still heard, linked
    again where it is not; what is written comes out right, at more than the first speed."""
    bench = a_bench(tmp_path, chip, order, power_cycle_after=PERSON)
    result_of(await flash_it(bench, baud=921600, link_timeout=20.0))
    assert bytes(bench.plug.flash) == expected(chip)
    (link,) = bench.links
    lost = "LINK-LOST" in bench.texts()
    written = {b for b, data in link.frames if data[3:5] == b"\xff\xf4" and data[7] == 7}
    assert written <= ({460800, 921600} if lost else {921600})


@pytest.mark.parametrize("chip", BOTH)
@virtual
async def test_a_speed_that_loses_the_chip_twice_is_left_alone(tmp_path: Path, chip: str) -> None:
    bench = a_bench(
        tmp_path, chip, "corrupt:host:baud:8", "corrupt:host:baud:18", power_cycle_after=PERSON
    )
    result_of(await flash_it(bench, baud=230400, link_timeout=20.0))
    assert bytes(bench.plug.flash) == expected(chip)
    assert "2 changes of the speed failed. Going on at 115200 baud." in bench.texts()
    assert bench.texts().count("LINK-LOST") == 2


@virtual
async def test_a_chip_lost_twice_on_its_way_to_the_first_erase(tmp_path: Path) -> None:
    """On the way down to the registers, and again on the way up after it was linked."""
    bench = a_bench(
        tmp_path, "n", "corrupt:host:baud:18", "corrupt:host:baud:28", power_cycle_after=PERSON
    )
    result_of(await flash_it(bench, baud=921600, link_timeout=20.0))
    assert bytes(bench.plug.flash) == expected("n")
    assert bench.texts().count("LINK-LOST") == 2


@virtual
async def test_a_speed_that_loses_the_chip_with_nobody_at_the_lead(tmp_path: Path) -> None:
    """It took 1279040 for 230400."""
    bench = a_bench(tmp_path, "n", "corrupt:host:baud:8")
    fault = fault_of(await flash_it(bench, baud=230400))
    assert (fault.code, fault.exit, fault.touched) == ("LINK-SILENT", 1, "nothing")
    assert bench.unchanged


@virtual
async def test_another_plug_after_linking_again_ends_the_job(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n", "corrupt:host:baud:8", power_cycle_after=PERSON)

    def exchange(_job: Job, event: Event) -> None:
        if event.body.to_json().get("code") == "LINK-LOST":
            bench.plug.flash[CHIPS["n"].rf.start + 0x24 + 5] ^= 1

    (path,) = bench.files("backups/*/*.bin")
    fault = fault_of(await write(bench, exchange, backup=path, baud=921600, link_timeout=20.0))
    assert (fault.code, fault.exit, fault.touched) == ("BK-FOREIGN", 3, "nothing")
    assert not bench.plug.changes


@virtual
async def test_the_way_back_to_115200_is_asked_for_again(tmp_path: Path) -> None:
    """Its request is the second one where the speed was given, and the chip did not get it."""
    bench = a_bench(tmp_path, "n", "corrupt:host:baud:13")
    result_of(await flash_it(bench, baud=921600))
    assert bytes(bench.plug.flash) == expected("n")


@virtual
async def test_a_protected_flash(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n", status=0x4104)
    fault = fault_of(await flash_it(bench))
    assert (fault.code, fault.exit) == ("BK-PROTECTED", 1)
    assert "Nothing was erased or written" in fault.state
    assert bench.unchanged


@pytest.mark.parametrize("chip", BOTH)
@virtual
async def test_a_flash_that_ignores_every_erase(tmp_path: Path, chip: str) -> None:
    orders = [f"stuck:{at:#x}" for at in CHANGED]
    bench = a_bench(tmp_path, chip, *orders)
    fault = fault_of(await flash_it(bench))
    assert (fault.code, fault.exit) == ("BK-NO-ERASE", 1)
    assert bytes(bench.plug.flash) == content(chip)


IMAGES: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "of the other chip": (
        "IMG-WRONG-CHIP",
        lambda chip: firmware.openbeken_qio(chip="t" if chip == "n" else "n"),
    ),
    "application of the other chip": (
        "IMG-WRONG-CHIP",
        lambda chip: firmware.openbeken_ua(chip="t" if chip == "n" else "n"),
    ),
    "RBL": ("IMG-OTA", lambda _: firmware.openbeken_rbl()),
    "UG": ("IMG-UG", lambda _: firmware.tuya_ug()),
    "truncated": ("IMG-TRUNCATED", lambda chip: firmware.openbeken_qio(chip=chip)[:0x60000]),
    "noise": ("IMG-UNKNOWN", lambda _: bytes(range(256)) * 4096),
    "other key": (
        "IMG-KEY",
        lambda chip: firmware.openbeken_qio(chip=chip, key=cipher.UASCENT),
    ),
}


@pytest.mark.parametrize("chip", BOTH)
@pytest.mark.parametrize("image", IMAGES)
@virtual
async def test_a_wrong_image(tmp_path: Path, chip: str, image: str) -> None:
    """Under the right name: what a file is called never counts."""
    bench = a_bench(tmp_path, chip)
    code, make = IMAGES[image]
    name = f"OpenBK7231{chip.upper()}_QIO_1.18.100.bin"
    (tmp_path / name).write_bytes(make(chip))
    fault = fault_of(await flash_it(bench, image=tmp_path / name))
    assert (fault.code, fault.exit, fault.touched) == (code, 3, "nothing")
    assert bench.unchanged


@pytest.mark.parametrize("chip", BOTH)
@virtual
async def test_a_right_image_under_a_wrong_name(tmp_path: Path, chip: str) -> None:
    bench = a_bench(tmp_path, chip)
    path = tmp_path / f"OpenBK7231{'T' if chip == 'n' else 'N'}_UA_x.rbl"
    path.write_bytes(image_for(chip))
    result_of(await flash_it(bench, image=path))
    assert bytes(bench.plug.flash) == expected(chip)


@pytest.mark.parametrize("chip", BOTH)
@virtual
async def test_a_foreign_backup(tmp_path: Path, chip: str) -> None:
    bench = a_bench(tmp_path, chip)
    bench.plug.flash[CHIPS[chip].rf.start + 0x24 + 5] ^= 1
    bench.before = bytes(bench.plug.flash)
    fault = fault_of(await flash_it(bench))
    assert (fault.code, fault.exit, fault.touched) == ("BK-FOREIGN", 3, "nothing")
    assert bench.unchanged


@pytest.mark.parametrize("chip", BOTH)
@virtual
async def test_no_rf_block(tmp_path: Path, chip: str) -> None:
    """True but not whole: only after typing what names the device."""
    bench = a_bench(tmp_path, chip)
    region = CHIPS[chip].rf
    bench.plug.flash[region.start : region.end] = b"\xff" * SECTOR
    bench.before = bytes(bench.plug.flash)
    fault = fault_of(await write(bench))
    assert (fault.code, fault.exit) == ("UNANSWERED", 3)
    assert bench.unchanged
    bench.answers.given["not-whole"] = "eb6015" if chip == "n" else "bk7231t"
    result_of(await write(bench, backup=bench.store.backups.all()[-1].path))
    assert bytes(bench.plug.flash[APP_START:APP_END_MAX]) == expected(chip)[APP_START:APP_END_MAX]


@pytest.mark.parametrize("chip", BOTH)
@virtual
async def test_a_folder_that_takes_no_backup(tmp_path: Path, chip: str) -> None:
    bench = a_bench(tmp_path, chip)
    for path in bench.files("backups/*/*"):
        path.unlink()
    for folder in bench.files("backups/*"):
        folder.rmdir()
        folder.write_bytes(b"in the way")
    fault = fault_of(await write(bench))
    assert fault.code.startswith("STORE-")
    assert (fault.exit, fault.touched) == (1, "nothing")
    assert bench.unchanged


@pytest.mark.parametrize("chip", BOTH)
@pytest.mark.parametrize("stop", [Stop.TERMINATE, Stop.HANGUP, Stop.CANCEL])
@virtual
async def test_stopped_while_writing(tmp_path: Path, chip: str, stop: Stop) -> None:
    """SIGTERM stops after the sector and is resumed; SIGHUP and Ctrl-C let the write finish."""
    bench = a_bench(tmp_path, chip, rate="line")
    already = (APP_END_MAX - APP_START) // SECTOR - len(CHANGED)

    def halt(job: Job, event: Event) -> None:
        values = event.body.to_json()
        if values.get("phase") == "Write" and int(str(values["done"])) > (already + 4) * SECTOR:
            job.stop(stop)

    (path,) = bench.files("backups/*/*.bin")
    outcome = await write(bench, halt, backup=path)
    if stop is not Stop.TERMINATE:
        assert exit_code(outcome) == 0
        assert bytes(bench.plug.flash) == expected(chip)
        return
    fault = fault_of(outcome)
    assert (fault.code, fault.exit, fault.touched) == ("STOPPED", 1, "partial")
    outside_is_kept(bench, chip)
    assert bytes(bench.plug.flash) != expected(chip)
    same_plug(bench)
    result_of(await go_on(bench))
    assert bytes(bench.plug.flash) == expected(chip)


@pytest.mark.parametrize("chip", BOTH)
@virtual
async def test_ctrl_c_before_the_first_erase_changes_nothing(tmp_path: Path, chip: str) -> None:
    bench = a_bench(tmp_path, chip)

    def halt(job: Job, event: Event) -> None:
        if event.body.to_json().get("name") == "Plan":
            job.stop(Stop.CANCEL)

    (path,) = bench.files("backups/*/*.bin")
    fault = fault_of(await write(bench, halt, backup=path))
    assert (fault.code, fault.exit) == ("CANCELLED", 130)
    assert bench.unchanged


class Babbler:
    """A hostile chip: links like a real one, then answers each request with `flood`."""

    def __init__(self, flood: Callable[[bytes], bytes]) -> None:
        self.flood = flood

    def attach(self, send: Callable[[bytes], None]) -> None:
        self.send = send

    def received(self, data: bytes, baud: int) -> None:
        linked = bytes.fromhex("040e0501e0fc0100")
        self.send(linked if data == bytes.fromhex("01e0fc0100") else self.flood(data))


FLOODS: dict[str, Callable[[bytes], bytes]] = {
    "noise": lambda _: bytes(range(256)) * 40,
    "wrong lengths": lambda _: b"\x04\x0e\xff\x01\xe0\xfc\xf4\xff\xff" + bytes(5000),
    "begun and never ended": lambda data: b"\x04\x0e\x0c\x01\xe0\xfc" * 500,
    "10 MB/s": lambda _: b"\x04\x0e\xff\x01\xe0\xfc\xf4\x06\x10\x09\x00" * 4_000,
    "its own questions": lambda data: data * 1000,
}


@pytest.mark.parametrize("flood", FLOODS)
@virtual
async def test_a_hostile_chip_is_a_fault_in_bounded_memory(tmp_path: Path, flood: str) -> None:
    bench = a_bench(tmp_path, "n")
    bench.plug = Babbler(FLOODS[flood])  # type: ignore[assignment]
    open_port = bench.open_port

    async def traced(port: str, baud: int, holder: str) -> Link:
        tracemalloc.start()
        return await open_port(port, baud, holder)

    bench.open_port = traced  # type: ignore[method-assign]
    try:
        outcome = await flash_it(bench)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert exit_code(outcome) != 0
    assert fault_of(outcome).touched == "nothing"
    assert peak < 8 << 20


@virtual
async def test_a_stock_plug_of_each_chip_is_what_the_table_assumes(tmp_path: Path) -> None:
    for chip in BOTH:
        assert len(content(chip)) == len(stock_of(chip))
        assert sum(
            content(chip)[at : at + SECTOR] != expected(chip)[at : at + SECTOR]
            for at in range(0, len(content(chip)), SECTOR)
        ) == len(CHANGED)
