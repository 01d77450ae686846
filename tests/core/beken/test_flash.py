"""Flashing a simulated plug: what is written, what is kept, what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.beken.tasks.backup import BackupOptions, backup
from core.beken.tasks.flash import FlashOptions, flash
from core.bkimage import cipher
from core.bkimage.flashmap import APP_END_MAX, APP_START
from core.events import Event, Failed, Finished
from core.job import Job
from core.sim import firmware
from core.sim.plug import Plug, PlugOptions
from core.stops import Stop
from tests.core.beken.bench import (
    Bench,
    fault_of,
    faulty,
    file_of,
    qio,
    real_dump,
    result_of,
    stock,
)
from tests.virtual_clock import virtual

MAX = PlugOptions(rate="max")


def a_bench(
    folder: Path,
    options: PlugOptions = MAX,
    flash: bytes | None = None,
    image: bytes | None = None,
) -> Bench:
    (folder / "image.bin").write_bytes(image or qio())
    return Bench(folder, Plug(flash or stock(), options))


async def write(
    bench: Bench,
    on_event: Callable[[Job, Event], None] | None = None,
    **changes: object,
) -> Finished | Failed:
    options = FlashOptions(
        port="sim", image=bench.folder / "image.bin", supply="external", link_timeout=2.0
    )
    options = replace(options, **changes)  # type: ignore[arg-type]
    return await bench.run(
        lambda report: flash(report, options, ports=bench.open_port, store=bench.store), on_event
    )


def expected(before: bytes) -> bytes:
    app = qio()[APP_START:APP_END_MAX].ljust(APP_END_MAX - APP_START, b"\xff")
    return before[:APP_START] + app + before[APP_END_MAX:]


def kept(bench: Bench) -> bool:
    """True when everything outside the application is as it was."""
    now = bytes(bench.plug.flash)
    return now[:APP_START] + now[APP_END_MAX:] == (
        bench.before[:APP_START] + bench.before[APP_END_MAX:]
    )


def changes_sent(bench: Bench) -> int:
    """How many erase and write frames the host sent."""
    frames = [data for _, data in bench.links[-1].frames]
    return sum(data[3:5] == b"\xff\xf4" and data[7] in (0x07, 0x0F) for data in frames)


# -- it works ----------------------------------------------------------------------------------


@virtual
async def test_flash_writes_the_application_and_nothing_else(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    result = result_of(await write(bench))
    assert bytes(bench.plug.flash) == expected(stock())
    assert (result["booted"], result["verified"]) == ("booted", True)
    assert file_of(result, "backup") == stock()
    assert min(change.address for change in bench.plug.changes) == APP_START
    assert max(c.address + c.size for c in bench.plug.changes) == APP_END_MAX
    assert not bench.plug.burned


@virtual
async def test_the_job_folder_has_the_plan_and_no_target_afterwards(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    result = result_of(await write(bench))
    (plan,) = bench.files("jobs/*/plan.json")
    values = json.loads(plan.read_bytes())
    assert (values["mac"], values["start"], values["end"]) == (
        "A4:C1:38:5C:94:FA",
        APP_START,
        APP_END_MAX,
    )
    assert values["backup_sha256"] == result["backup_sha256"]
    assert not bench.files("jobs/*/target.bin")


@virtual
async def test_the_plan_says_what_stays(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    await write(bench)
    lines = bench.facts("plan")["lines"]
    assert isinstance(lines, list)
    assert lines[0].startswith("keep         0x000000-0x010FFF  bootloader")
    assert lines[1] == "erase, write 0x011000-0x129FFF  OpenBeken 1.18.100 N"
    assert any("0x1D0000-0x1D0FFF  RF calibration and MAC" in line for line in lines)


@virtual
async def test_a_real_plug_at_line_speed(tmp_path: Path) -> None:
    dump = real_dump()
    bench = a_bench(tmp_path, PlugOptions(), dump)
    result = result_of(await write(bench))
    assert bytes(bench.plug.flash) == expected(dump)
    assert file_of(result, "backup") == dump


@virtual
async def test_an_existing_backup_of_this_device_is_enough(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    options = BackupOptions(port="sim", link_timeout=2.0)
    first = result_of(
        await bench.run(
            lambda report: backup(report, options, ports=bench.open_port, store=bench.store)
        )
    )
    bench.plug.flash[0x1D1000:0x1D2000] = b"\x55" * 4096  # a region that firmware rewrites
    bench.plug.requests.clear()
    bench.before = bytes(bench.plug.flash)
    result = result_of(await write(bench, backup=Path(str(first["file"]))))
    assert bench.plug.requests["FlashRead4K"] <= 5, "the ladder's steps, and no backup"
    assert result["backup"] == first["file"]
    assert kept(bench)


@virtual
async def test_registers_are_written_at_the_slow_speed_only(tmp_path: Path) -> None:
    """Rulings P8 and P9: eFuse and status registers at 115200."""
    bench = a_bench(tmp_path)
    await write(bench)
    frames = bench.links[0].frames
    registers = {baud for baud, data in frames if data[:5] == b"\x01\xe0\xfc\x09\x01"}
    statuses = {baud for baud, data in frames if data[3:5] == b"\xff\xf4" and data[7] == 0x0D}
    writes = {baud for baud, data in frames if data[3:5] == b"\xff\xf4" and data[7] == 0x07}
    assert (registers, statuses, writes) == ({115200}, {115200}, {2000000})


@virtual
async def test_the_port_is_closed_before_the_boot_question(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    seen: list[bool] = []

    def watch(_job: Job, event: Event) -> None:
        question = getattr(event.body, "question", None)
        if question is not None and question.key == "boot-check":
            seen.append(bench.links[0].closed)
            assert question.text.startswith(
                "The plug is open: use the 3.3 V lead. Mains here kills."
            )
            assert (question.assumed, len(question.choices)) == ("not checked", 3)

    await write(bench, watch)
    assert seen == [True]
    assert bench.plug.requests["Reboot"] >= 1


@pytest.mark.parametrize("answer", ["booted", "did not boot", "not checked", None])
def test_done_is_never_called_more_than_it_is(answer: str | None, tmp_path: Path) -> None:
    @virtual
    async def scene() -> None:
        bench = a_bench(tmp_path)
        del bench.answers.given["boot-check"]
        if answer:
            bench.answers.given["boot-check"] = answer
        result = result_of(await write(bench))
        assert result["booted"] == (answer or "not checked")
        assert ("it started" in str(result["summary"])) is (answer == "booted")

    scene()


# -- refused, nothing changed ------------------------------------------------------------------

BAD_IMAGES: list[tuple[Callable[[], bytes], str]] = [
    (firmware.openbeken_rbl, "IMG-OTA"),
    (firmware.tuya_ug, "IMG-UG"),
    (lambda: qio()[:0x80000], "IMG-TRUNCATED"),
    (lambda: qio()[:0x40000] + b"\0" + qio()[0x40001:], "IMG-DAMAGED"),
    (lambda: b"\xff" * 0x100000, "IMG-BLANK"),
    (lambda: b"PK\x03\x04 an archive" * 1000, "IMG-UNKNOWN"),
]


@pytest.mark.parametrize("image", [firmware.openbeken_ua, lambda: firmware.openbeken_qio(chip="t")])
@pytest.mark.parametrize("chip", ["", "bk7231n"])
def test_an_image_of_another_chip_is_refused(
    image: Callable[[], bytes], chip: str, tmp_path: Path
) -> None:
    """As soon as the chip is known: before the port is opened with --chip, else once linked."""

    @virtual
    async def scene() -> None:
        bench = a_bench(tmp_path, image=image())
        fault = fault_of(await write(bench, chip=chip))
        assert (fault.code, fault.exit, fault.touched) == ("IMG-WRONG-CHIP", 3, "nothing")
        assert bench.unchanged
        assert (bench.links == []) is bool(chip)
        assert not bench.files("backups/*/*")

    scene()


@pytest.mark.parametrize("chip", ["bk7231t", "T", "bk7238", "nonsense"])
@virtual
async def test_another_chip_than_expected_is_refused(tmp_path: Path, chip: str) -> None:
    """Rulings P17: an expectation, never an order."""
    bench = a_bench(tmp_path)
    fault = fault_of(await write(bench, chip=chip))
    assert (fault.code, fault.exit) in (("BK-OTHER-CHIP", 3), ("IMG-WRONG-CHIP", 3))
    assert bench.unchanged


@pytest.mark.parametrize(("image", "code"), BAD_IMAGES)
def test_wrong_images_are_refused_before_the_port_is_opened(
    image: Callable[[], bytes], code: str, tmp_path: Path
) -> None:
    @virtual
    async def scene() -> None:
        bench = a_bench(tmp_path, image=image())
        fault = fault_of(await write(bench))
        assert (fault.code, fault.exit, fault.touched) == (code, 3, "nothing")
        assert bench.links == []

    scene()


KEYS = [
    (cipher.ZERO, cipher.TUYA, "tuya", ""),  # unreadable, the stock program proves Tuya's
    (cipher.UASCENT, cipher.TUYA, "tuya", "IMG-KEY"),
    (cipher.Key(1, 2, 3, 4), cipher.TUYA, "tuya", "BK-KEY-UNKNOWN"),
    (cipher.ZERO, cipher.TUYA, "blank", "BK-KEY-UNKNOWN"),
    (cipher.TUYA, cipher.ZERO, "tuya", "IMG-KEY"),
]


@pytest.mark.parametrize(("chip_key", "image_key", "stock_app", "code"), KEYS)
def test_image_and_chip_must_share_a_key(
    chip_key: cipher.Key, image_key: cipher.Key, stock_app: str, code: str, tmp_path: Path
) -> None:
    @virtual
    async def scene() -> None:
        content = bytearray(stock())
        if stock_app == "blank":
            content[APP_START:APP_END_MAX] = b"\xff" * (APP_END_MAX - APP_START)
        options = replace(MAX, key=cipher.to_efuse(chip_key))
        image = firmware.openbeken_qio(key=image_key)
        bench = a_bench(tmp_path, options, bytes(content), image)
        outcome = await write(bench)
        if not code:
            assert result_of(outcome)["verified"]
            return
        assert (fault_of(outcome).code, fault_of(outcome).exit) == (code, 3)
        assert bench.unchanged
        assert not changes_sent(bench)

    scene()


@virtual
async def test_an_unencrypted_module_takes_an_unencrypted_image(tmp_path: Path) -> None:
    """Rulings P16: all zero, and the program on the chip is plain."""
    image = firmware.openbeken_qio(key=cipher.ZERO)
    content = stock()[:APP_START] + image[APP_START:].ljust(0x119000, b"\xff") + stock()[0x12A000:]
    bench = a_bench(tmp_path, replace(MAX, key=bytes(16)), content, image)
    assert result_of(await write(bench))["verified"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (replace(MAX, flash_id=(0x12, 0x34, 0x15), status=0x4104), "BK-PROTECTED"),
        (replace(MAX, status=0x4104), "BK-PROTECTED"),  # SRP1: the register is locked
    ],
)
def test_flash_chips_that_cannot_be_unlocked(
    options: PlugOptions, code: str, tmp_path: Path
) -> None:
    @virtual
    async def scene() -> None:
        bench = a_bench(tmp_path, options)
        fault = fault_of(await write(bench))
        assert fault.code == code
        assert fault.touched != "partial"
        assert bench.unchanged
        assert not changes_sent(bench)
        assert bench.files("backups/*/*.bin")

    scene()


@virtual
async def test_a_backup_of_another_device_is_refused(tmp_path: Path) -> None:
    other = Bench(tmp_path, Plug(firmware.stock_n(mac=bytes.fromhex("a4c138000001")), MAX))
    options = BackupOptions(port="sim", link_timeout=2.0)
    first = result_of(
        await other.run(
            lambda report: backup(report, options, ports=other.open_port, store=other.store)
        )
    )
    bench = a_bench(tmp_path)
    fault = fault_of(await write(bench, backup=Path(str(first["file"]))))
    assert (fault.code, fault.exit) == ("BK-FOREIGN", 3)
    assert "MAC" in fault.what
    assert "RF sector" in fault.what
    assert bench.unchanged


@virtual
async def test_a_changed_backup_is_refused_before_the_port_is_opened(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    options = BackupOptions(port="sim", link_timeout=2.0)
    first = result_of(
        await bench.run(
            lambda report: backup(report, options, ports=bench.open_port, store=bench.store)
        )
    )
    path = Path(str(first["file"]))
    path.write_bytes(stock()[:-1] + b"\0")  # noqa: ASYNC240
    assert fault_of(await write(bench, backup=path)).code == "STORE-CHANGED"
    assert len(bench.links) == 1
    assert bench.unchanged


@pytest.mark.parametrize("key", ["mains-gate", "write-plan"])
@pytest.mark.parametrize("answer", ["no", None])
def test_without_consent_nothing_happens(key: str, answer: str | None, tmp_path: Path) -> None:
    @virtual
    async def scene() -> None:
        bench = a_bench(tmp_path)
        bench.answers.given[key] = answer or ""
        if answer is None:
            del bench.answers.given[key]
        fault = fault_of(await write(bench))
        assert (fault.code, fault.exit) == ("DECLINED" if answer else "UNANSWERED", 3)
        assert bench.unchanged
        assert not bench.links or not changes_sent(bench)

    scene()


@pytest.mark.parametrize("typed", ["EB6015", "eb6015"])
def test_a_backup_that_is_not_whole_needs_typing(typed: str, tmp_path: Path) -> None:
    @virtual
    async def scene() -> None:
        content = bytearray(stock())
        content[0x1D0000:0x1D1000] = b"\xff" * 4096
        bench = a_bench(tmp_path, MAX, bytes(content))
        bench.answers.given["not-whole"] = typed
        outcome = await write(bench)
        if typed == "eb6015":
            assert result_of(outcome)["mac"] == ""
        else:
            assert fault_of(outcome).code == "DECLINED"
            assert bench.unchanged

    scene()


# -- accidents while writing -------------------------------------------------------------------


@virtual
async def test_a_flash_that_does_not_erase_at_all_is_left_alone(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, faulty("stuck:0x11000"))
    fault = fault_of(await write(bench))
    assert fault.code == "BK-NO-ERASE"
    assert fault.state == "Nothing was erased or written; the firmware on the plug is as it was."
    assert bytes(bench.plug.flash) == bench.before
    assert changes_sent(bench) == 1


@virtual
async def test_a_sector_that_does_not_erase(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, faulty("stuck:0x20000"))
    fault = fault_of(await write(bench))
    assert (fault.code, fault.touched) == ("BK-NO-ERASE", "partial")
    assert "0x11000-0x1FFFF is written and proven" in fault.state
    assert "loader stays reachable" in fault.state
    assert fault.command[:3] == ("wattbench", "jobs", "resume")
    assert bench.files("jobs/*/target.bin")
    assert max(change.address for change in bench.plug.changes) < 0x30000
    assert kept(bench)


@virtual
async def test_a_bit_that_does_not_program(tmp_path: Path) -> None:
    at = next(at for at in range(0x30000, 0x31000) if not qio()[at] & 1)
    bench = a_bench(tmp_path, faulty(f"weak:{at:#x}:0"))
    fault = fault_of(await write(bench))
    assert (fault.code, fault.touched) == ("BK-NO-WRITE", "partial")
    assert "0x11000-0x2FFFF is written and proven" in fault.state
    blocks_before, the_block, tries_at_three_speeds = 0x30 - 0x11, 16, 9
    assert bench.plug.requests["FlashWrite4K"] == blocks_before + the_block + tries_at_three_speeds
    assert bench.texts().count("SLOWER") == 2


@pytest.mark.parametrize(
    "order",
    [
        "drop:host:erase:130",
        "drop:host:write:40000",
        "corrupt:host:write:40000",
        "add:host:write:40000",
        "drop:chip:write:40",
        "corrupt:chip:erase:40",
        "lost:erase:5",
        "lost:write:5",
        "lost:crc:300",
        "silent:write:3",
        "silent:erase:3",
        "lost:baud:2",
        "lost:unprotect:3",
        "lie:60",
        "lie:100",
    ],
)
def test_one_accident_is_survived(order: str, tmp_path: Path) -> None:
    @virtual
    async def scene() -> None:
        bench = a_bench(tmp_path, faulty(order))
        result_of(await write(bench))
        assert bytes(bench.plug.flash) == expected(stock())
        assert not bench.plug.burned

    scene()


@virtual
async def test_a_chip_that_falls_silent_is_linked_again(tmp_path: Path) -> None:
    """The person pulls the reset lead when asked; the write goes on where it was."""
    bench = a_bench(tmp_path, faulty("silent:write"))

    def person(_job: Job, event: Event) -> None:
        if event.body.to_json().get("code") == "LINK-LOST":
            bench.plug.power_cycle()

    result_of(await write(bench, person))
    assert bytes(bench.plug.flash) == expected(stock())


@virtual
async def test_another_plug_on_the_wires_meanwhile_is_noticed(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, faulty("silent:write"))
    erased: list[int] = []

    def person(_job: Job, event: Event) -> None:
        if event.body.to_json().get("code") == "LINK-LOST":
            erased.append(changes_sent(bench))
            bench.plug.flash[0x1D0024] ^= 4
            bench.plug.power_cycle()

    fault = fault_of(await write(bench, person))
    assert (fault.code, fault.touched) == ("BK-FOREIGN", "partial")
    assert [changes_sent(bench)] == erased


@virtual
async def test_nobody_pulls_the_lead(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, faulty("silent:write"))
    fault = fault_of(await write(bench))
    assert (fault.code, fault.touched) == ("LINK-SILENT", "partial")
    assert "sagging supply" not in fault.cause  # not one sector was written before
    assert "will not start until the rest is written" in fault.state


@virtual
async def test_stop_while_waiting_for_the_lead(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, faulty("silent:write"))

    def stop(job: Job, event: Event) -> None:
        if event.body.to_json().get("code") == "LINK-LOST":
            job.stop(Stop.CANCEL)

    fault = fault_of(await write(bench, stop, link_timeout=60.0))
    assert (fault.code, fault.touched, fault.exit) == ("STOPPED", "partial", 1)


@virtual
async def test_a_chip_lost_under_load_points_to_the_supply(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, PlugOptions())

    def sag(_job: Job, event: Event) -> None:
        values = event.body.to_json()
        if values.get("phase") == "Write" and int(str(values["done"])) > 60 * 4096:
            bench.plug.received = lambda _data, _baud: None  # type: ignore[method-assign]

    fault = fault_of(await write(bench, sag))
    assert fault.code == "LINK-SILENT"
    assert "a sagging supply is the usual cause" in fault.cause


@virtual
async def test_the_question_names_board_and_profile_beside_the_plan(tmp_path: Path) -> None:
    """Rulings P21: on a small screen the question is all that is seen."""
    bench = a_bench(tmp_path)
    options = FlashOptions(port="sim", image=bench.folder / "image.bin", supply="external",
                           link_timeout=2.0)  # fmt: skip
    result_of(
        await bench.run(
            lambda report: flash(
                report, options, ports=bench.open_port, store=bench.store,
                describe=lambda _data: ["The board.", "A pin.", "The profile that fits."],
            )
        )
    )  # fmt: skip
    (question,) = (q for q in bench.answers.asked if q.key == "write-plan")
    said = question.text.splitlines()
    assert said[-4:-2] == ["The board.", "The profile that fits."]
    assert said[-2].startswith("Backup: ") and said[-1] == "Write this now?"


@virtual
async def test_a_supply_that_nobody_said_names_the_flag_and_its_values(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    fault = fault_of(await write(bench, supply=""))
    assert (fault.code, fault.exit) == ("UNANSWERED", 3)
    assert "What feeds the module" in fault.what
    assert "Give --supply external or --supply adapter on" in fault.next
    assert "adapter: the adapter's own 3.3 V pin" in fault.next
    assert not bench.links


@virtual
async def test_read_only_refuses_before_the_port_is_opened(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    bench.read_only = True
    fault = fault_of(await write(bench))
    assert (fault.code, fault.exit) == ("READ-ONLY", 3)
    assert not bench.links and not bench.answers.asked and bench.unchanged
    assert not bench.files("backups/*") and not bench.files("jobs/*/target.bin")


@pytest.mark.parametrize("n", [1, 2, 40])
def test_the_adapter_pulled_out_while_writing(n: int, tmp_path: Path) -> None:
    @virtual
    async def scene() -> None:
        bench = a_bench(tmp_path, faulty(f"vanish:change:{n}"))
        fault = fault_of(await write(bench))
        assert (fault.code, fault.touched) == ("LINK-GONE", "partial")
        assert kept(bench)

    scene()


@virtual
async def test_a_damaged_neighbour_is_found_at_the_end(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)

    def accident(_job: Job, event: Event) -> None:
        if event.body.to_json().get("name") == "Verify":
            bench.plug.flash[0x1D0100] ^= 1

    fault = fault_of(await write(bench, accident))
    assert (fault.code, fault.touched) == ("BK-NOT-AS-PLANNED", "unknown")
    assert "RF calibration" in fault.what


@virtual
async def test_cancel_before_the_first_erase_changes_nothing(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)

    def cancel(job: Job, event: Event) -> None:
        if event.body.to_json().get("name") == "Plan":
            job.stop(Stop.CANCEL)

    fault = fault_of(await write(bench, cancel))
    assert (fault.code, fault.exit) == ("CANCELLED", 130)
    assert bench.unchanged


@pytest.mark.parametrize("stop", [Stop.CANCEL, Stop.HANGUP, Stop.TERMINATE])
def test_stops_while_writing(stop: Stop, tmp_path: Path) -> None:
    @virtual
    async def scene() -> None:
        bench = a_bench(tmp_path, PlugOptions())

        def halt(job: Job, event: Event) -> None:
            values = event.body.to_json()
            if values.get("phase") == "Write" and int(str(values["done"])) > 40 * 4096:
                job.stop(stop)

        outcome = await write(bench, halt)
        if stop is Stop.TERMINATE:
            fault = fault_of(outcome)
            assert (fault.code, fault.touched, fault.exit) == ("STOPPED", "partial", 1)
            assert "is written and proven" in fault.state
            assert kept(bench)
        else:
            assert bytes(bench.plug.flash) == expected(stock())

    scene()


@virtual
async def test_cells_show_the_whole_flash(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    await write(bench)
    last = [
        v["cells"] for v in (e.body.to_json() for e in bench.events) if v.get("phase") == "Write"
    ][-1]
    assert last == "k" * 17 + "W" * 281 + "k" * 214
