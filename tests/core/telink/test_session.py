"""Reaching programmer and module: ladder, speeds, leaving, stops, info, self-test, backup."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.events import Event
from core.fault import Exit, FaultError
from core.job import Job
from core.sim.module_images import meter_image, module_flash
from core.stops import Stop
from core.store.files import read
from core.telink.tasks.session import checked_baud
from tests.core.telink.bench import (
    MAC,
    Bench,
    bench,
    fault_of,
    result_of,
    stock,
)
from tests.virtual_clock import virtual


def stop_at(phase: str, why: Stop, after: int = 0):  # type: ignore[no-untyped-def]
    """Stops the job in this phase, at the given progress event of it."""
    left = [after]

    def on_event(job: Job, event: Event) -> None:
        body = event.body
        if (body.event == "phase" and body.name == phase and not after) or (
            body.event == "progress" and body.phase == phase and after
        ):
            left[0] -= 1
            if left[0] <= 0:
                job.stop(why)

    return on_event


@virtual
async def test_info_says_everything_and_changes_nothing(tmp_path: Path) -> None:
    table = bench(tmp_path, protected=0x1C)
    result = result_of(await table.job("info"))
    assert table.unchanged
    assert result["summary"] == (
        "TLSR825x, GD25LD40C 512 KiB, electricity_meter V1.6 (boots), A4:C1:38:AA:BB:CC; "
        "KASKAD-1-MT, address 20109, every 2 min, encrypted"
    )
    assert (result["programmer"], result["status"], result["locked"]) == (8, "1C", True)
    assert result["bank_1"] == "blank" and result["uid"].startswith("4150323136")
    assert result["settings"]["meter_address"] == 20109
    assert not table.module.target.halted


@pytest.mark.parametrize("left_at", [0, 3, 4, 5, 6, 7, 8])
def test_a_programmer_left_at_another_speed_is_found_and_brought_back(
    left_at: int, tmp_path: Path
) -> None:
    @virtual
    async def run() -> None:
        table = bench(tmp_path, left_at=left_at)
        result_of(await table.job("info"))
        assert "LEFT-FAST" in table.notes() and table.module.commands.speed == 1

    run()


@virtual
async def test_speed_is_raised_proved_and_put_back(tmp_path: Path) -> None:
    table = bench(tmp_path)
    result_of(await table.job("info"))
    speeds = [baud for baud, _ in table.links[0].frames]
    assert max(speeds) == 1500000 and speeds[-1] == 230400
    assert table.facts("programmer")["baud"] == 1500000
    slow = bench(tmp_path, baud=230400)
    result_of(await slow.job("info"))
    assert {baud for baud, _ in slow.links[0].frames} == {230400}


@virtual
async def test_an_adapter_that_cannot_stays_slow_and_says_so(tmp_path: Path) -> None:
    table = bench(tmp_path)

    async def refuse(self: object, baud: int) -> None:
        from core.link import faults

        if baud != 230400:
            raise faults.bad_baud("sim", baud, "no")

    opened = table.open_port

    async def open_slow(port: str, baud: int, holder: str):  # type: ignore[no-untyped-def]
        link = await opened(port, baud, holder)
        link.set_baud = refuse.__get__(link)  # type: ignore[method-assign]
        return link

    table.open_port = open_slow  # type: ignore[method-assign]
    result_of(await table.job("info"))
    assert "BAUD" in table.notes()


def test_460800_is_never_offered() -> None:
    with pytest.raises(FaultError) as caught:
        checked_baud(460800)
    assert (caught.value.fault.code, caught.value.fault.exit) == ("TL-BAUD", Exit.USAGE)
    assert "615385" in caught.value.fault.cause
    assert checked_baud(0) == 0 and checked_baud(1000000) == 1000000


LADDER = [
    ({}, "50/200"),
    ({"wakes": 0.3}, "50/500"),
    ({"min_reset": 0.1}, "200/500"),
    ({"wakes": 1.0}, "50/2550"),
    ({"wakes": 3.0}, "200/5000"),
    ({"rst": False, "hand": 5.2}, "50/5900"),
    ({"keep_sws": True, "rst": False}, "50/200"),
]


@pytest.mark.parametrize(("more", "rung"), LADDER)
def test_the_ladder_finds_the_rung_and_remembers_it(
    more: dict[str, object], rung: str, tmp_path: Path
) -> None:
    @virtual
    async def run() -> None:
        table = bench(tmp_path, **more)
        assert result_of(await table.job("info"))["rung"] == rung
        assert "REACHED" in table.notes() and rung.partition("/")[2] in table.texts()
        assert ("BY-HAND" in table.notes()) == ("hand" in more)
        before = table.module.requests["activate"]
        assert result_of(await table.job("info"))["rung"] == rung
        assert "hand" in more or table.module.requests["activate"] == before + 1

    run()


@virtual
async def test_what_was_tried_is_said(tmp_path: Path) -> None:
    fault = fault_of(await bench(tmp_path, sws=False).job("info"))
    for word in ("50/200", "200/5000", "50/5900"):
        assert word in fault.what
    assert "J1 pin 3" in fault.next and "D3" in fault.next
    held = fault_of(await bench(tmp_path, rst_held=True).job("info"))
    assert "stays low" in held.what and "GND" in held.cause


STOPS = [
    ("Connect", Stop.CANCEL), ("Identify", Stop.HANGUP), ("Read and prove", Stop.CANCEL),
    ("Read and prove", Stop.HANGUP), ("Read and prove", Stop.TERMINATE), ("Plan", Stop.CANCEL),
]  # fmt: skip


@pytest.mark.parametrize(("phase", "why"), STOPS)
def test_a_stop_before_the_first_erase_leaves_all_as_it_was(
    phase: str, why: Stop, tmp_path: Path
) -> None:
    @virtual
    async def run() -> None:
        table = bench(tmp_path)
        after = 1 if phase == "Read and prove" else 0
        fault = fault_of(await table.job("flash", stop_at(phase, why, after)))
        assert (fault.code, fault.exit) == ("CANCELLED", 130)
        assert table.unchanged and table.module.commands.speed == 1
        assert not table.module.target.halted

    run()


@virtual
async def test_after_the_first_erase_only_sigterm_stops_and_resume_finishes(
    tmp_path: Path,
) -> None:
    for why in (Stop.CANCEL, Stop.HANGUP):
        table = bench(tmp_path)
        result_of(await table.job("flash", stop_at("Write", why)))
        assert table.right
    table = bench(tmp_path)
    fault = fault_of(await table.job("flash", stop_at("Write", Stop.TERMINATE)))
    assert fault.code == "STOPPED" and "resume" in fault.command
    assert table.module.commands.speed == 1 and table.module.target.halted
    after = Bench(table.folder, table.module)
    after.before = table.before
    result_of(await after.job("resume"))
    assert after.right


@virtual
async def test_a_lost_wire_while_writing_can_be_stopped(tmp_path: Path) -> None:
    table = bench(tmp_path, "reset:write:20:*", sector=0.02)
    seen: list[str] = []

    def on_event(job: Job, event: Event) -> None:
        body = event.body
        if body.event == "warning" and body.code == "LOST":
            seen.append(body.text)
            job.stop(Stop.CANCEL)

    fault = fault_of(await table.job("flash", on_event))
    assert seen and fault.code == "STOPPED"


@virtual
async def test_resume_refuses_another_module_and_damaged_folders(tmp_path: Path) -> None:
    table = bench(tmp_path, "vanish:write:20")
    fault_of(await table.job("flash"))
    flash = bytes(table.module.flash)
    other = bench(tmp_path, flash=flash[:0x76000] + b"\x01" * 6 + flash[0x76006:])
    fault = fault_of(await other.job("resume"))
    assert fault.code == "TL-FOREIGN" and other.unchanged and "MAC" in fault.what
    uid = bench(tmp_path, flash=flash, uid=bytes(18))
    assert fault_of(await uid.job("resume")).code == "TL-FOREIGN" and uid.unchanged
    plan = next(p for p in table.files("jobs/*/plan.json"))
    target = plan.with_name("target.bin")
    kept, whole = plan.read_text(), target.read_bytes()
    for text, data in (
        (kept, whole[:-1]),
        (kept.replace("20480", "524288"), whole),
        (kept.replace('"ranges"', '"rungs"'), whole),
        ("[]", whole),
        ("{", whole),
    ):
        plan.write_text(text)
        target.write_bytes(data)
        again = bench(tmp_path, flash=flash)
        assert fault_of(await again.job("resume")).code == "TL-NO-RESUME"
        assert again.unchanged
    plan.write_text(kept)
    target.write_bytes(whole)
    last = bench(tmp_path, flash=flash)
    result_of(await last.job("resume", job=plan.parent.name))
    assert bytes(last.module.flash[:0x5000]) == whole


@virtual
async def test_a_backup_is_the_flash_byte_for_byte_and_says_how_it_was_proven(
    tmp_path: Path,
) -> None:
    for version, proof in ((8, "CRC-16"), (2, "read twice")):
        table = bench(tmp_path, version=version, flash=module_flash(meter_image(), full=True))
        out = tmp_path / f"copy{version}.bin"
        result = result_of(await table.job("backup", out=out))
        assert read(Path(result["file"])) == read(out) == table.before
        assert result["true"] and result["whole"] and result["mac"] == MAC
        assert proof in read(Path(result["file"]).with_suffix(".toml")).decode()
        assert table.unchanged


@virtual
async def test_identity_is_read_never_inferred(tmp_path: Path) -> None:
    """All of 0x76000-0x77FFF is read twice by 01, also where it is blank."""
    table = bench(tmp_path)
    result_of(await table.job("backup"))
    for at in range(0x76000, 0x78000, 0x400):
        reads = [r for r in table.module.log if r.command == 1 and r.address == at]
        assert len(reads) >= 3  # twice at identification, once more for the backup
    asked = {r.address for r in table.module.log if r.command == 0x0E}
    assert not {at for at in asked if 0x76000 <= at < 0x78000}
    blank = {r.address for r in table.module.log if r.command == 1}
    assert 0x60000 not in blank and 0x60000 in asked


@pytest.mark.parametrize("value", [0x00, 0xFF])
def test_a_constant_flash_is_no_backup(value: int, tmp_path: Path) -> None:
    @virtual
    async def run() -> None:
        table = bench(tmp_path, flash=bytes([value]) * 0x80000)
        assert fault_of(await table.job("backup")).code == "TL-CONSTANT"
        assert not table.files("backups/*/*.bin")

    run()


@virtual
async def test_the_self_test_neither_resets_nor_stops_the_kit(tmp_path: Path) -> None:
    table = bench(tmp_path, flash=stock(), keep_sws=True)
    result = result_of(await table.job("selftest"))
    assert result["summary"].startswith("Programmer version 8 works: 16 of 16")
    assert not table.module.requests["pins"] + table.module.requests["activate"]
    assert not table.module.requests["swwrite"]
    loose = bench(tmp_path, sws=False)
    assert "None of 16" in fault_of(await loose.job("selftest")).what
    noisy = bench(tmp_path, "noise:swread:3:4", keep_sws=True)
    fault = fault_of(await noisy.job("selftest"))
    assert fault.code == "TL-SELFTEST" and "12 of 16" in fault.what and "LED" in fault.cause


@virtual
async def test_requests_go_out_whole_one_at_a_time_after_a_flush(tmp_path: Path) -> None:
    """Garbage that came while nothing was asked is not taken for an answer."""
    table = bench(tmp_path)
    opened = table.open_port

    async def open_noisy(port: str, baud: int, holder: str):  # type: ignore[no-untyped-def]
        link = await opened(port, baud, holder)
        link._inbox.feed(bytes.fromhex("00 02 00 00 a1 e4"))
        return link

    table.open_port = open_noisy  # type: ignore[method-assign]
    result_of(await table.job("info"))
    assert all(len(frame) >= 6 for _, frame in table.links[0].frames)
    assert sum(table.module.requests.values()) == len(table.links[0].frames)


@pytest.mark.parametrize(("more", "delay"), [({}, 0.02), ({"wakes": 3.0}, 7.0)])
def test_a_stop_during_reset_or_activation_leaves_the_module_running(
    more: dict[str, object], delay: float, tmp_path: Path
) -> None:
    """RST is released and the processor runs again, also where the programmer hears nothing for
    seconds because it is still activating."""

    @virtual
    async def run() -> None:
        table = bench(tmp_path, **more)

        def on_event(job: Job, event: Event) -> None:
            if event.body.event == "facts" and event.body.key == "link":
                asyncio.get_running_loop().call_later(delay, job.stop, Stop.CANCEL)

        assert fault_of(await table.job("info", on_event)).code == "CANCELLED"
        assert table.module.commands.level == 1 and not table.module.target.halted
        assert table.module.commands.speed == 1

    run()


@virtual
async def test_activation_happens_at_the_usual_speed(tmp_path: Path) -> None:
    table = bench(tmp_path)
    result_of(await table.job("info"))
    speeds = {baud for baud, frame in table.links[0].frames if frame[:2] == b"\x00\x04"}
    assert speeds == {230400}
