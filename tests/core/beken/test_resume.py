"""Going on with what was cut off: never from the start, and always to the exact target."""

import asyncio
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.beken.tasks.backup import BackupOptions, backup
from core.beken.tasks.resume import ResumeOptions, options_from, resumable, resume
from core.bkimage.flashmap import APP_END_MAX, APP_START, SECTOR
from core.events import Event, Failed, Finished
from core.fault import FaultError
from core.job import Job
from core.sim.faults_on_order import parse_fault
from core.sim.plug import Plug, PlugOptions
from core.stops import Stop
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
from tests.virtual_clock import virtual

CHIPS = ("n", "t")


def a_bench(folder: Path, chip: str, *orders: str, rate: str = "max") -> Bench:
    (folder / "image.bin").write_bytes(image_for(chip))
    return Bench(folder, Plug(stock_of(chip), replace(faulty(*orders), chip=chip, rate=rate)))


def expected(chip: str) -> bytes:
    before, image = stock_of(chip), image_for(chip)
    app = image[APP_START:APP_END_MAX] if chip == "n" else image
    return before[:APP_START] + app.ljust(APP_END_MAX - APP_START, b"\xff") + before[APP_END_MAX:]


def same_plug(bench: Bench, *orders: str) -> None:
    """The same chip, plugged in again, with what its flash holds now."""
    options = replace(bench.plug.options, faults=tuple(map(parse_fault, orders)))
    bench.plug = Plug(bytes(bench.plug.flash), options)


async def go_on(
    bench: Bench,
    job: str = "01",
    watch: Callable[[Job, Event], None] | None = None,
    **changes: object,
) -> Finished | Failed:
    options = ResumeOptions(port="sim", job=job, supply="external", link_timeout=2.0)
    options = replace(options, **changes)  # type: ignore[arg-type]
    return await bench.run(
        lambda report: resume(report, options, ports=bench.open_port, store=bench.store), watch
    )


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("change", [1, 30, 35, 200])
@virtual
async def test_a_pulled_cable(tmp_path: Path, chip: str, change: int) -> None:
    """At any change of the flash; what is proven is not written twice."""
    bench = a_bench(tmp_path, chip, f"vanish:change:{change}")
    fault = fault_of(await write(bench))
    assert (fault.code, fault.touched) == ("LINK-GONE", "partial")
    assert fault.command == ("wattbench", "jobs", "resume", bench.store.jobs.all()[0].id)
    assert resumable(bench.store) == [bench.store.jobs.all()[0].id]
    same_plug(bench)
    result = result_of(await go_on(bench))
    assert bytes(bench.plug.flash) == expected(chip)
    assert result["verified"]
    assert str(result["resumes"]).endswith("-01")
    assert resumable(bench.store) == []
    assert not bench.files("jobs/*/target.bin")
    assert len(bench.files("backups/*/*.bin")) == 1, "no second backup"
    assert bench.plug.requests["FlashRead4K"] <= 5 + 3


@virtual
async def test_read_only_refuses_before_the_port_is_opened(tmp_path: Path) -> None:
    """What was begun stays as it is, and can be gone on with afterwards."""
    bench = a_bench(tmp_path, "n", "vanish:change:30")
    fault_of(await write(bench))
    same_plug(bench)
    bench.read_only, bench.links, bench.answers.asked = True, [], []
    fault = fault_of(await go_on(bench))
    assert (fault.code, fault.exit) == ("READ-ONLY", 3)
    assert not bench.links and not bench.answers.asked and not bench.plug.changes
    assert [job[-3:] for job in resumable(bench.store)] == ["-01"]
    bench.read_only = False
    result_of(await go_on(bench))
    assert bytes(bench.plug.flash) == expected("n")


@virtual
async def test_a_backup_goes_on_under_read_only(tmp_path: Path) -> None:
    """It changes nothing."""
    bench = a_bench(tmp_path, "n", "vanish:read:30")
    options = BackupOptions(port="sim", link_timeout=2.0)
    fault_of(
        await bench.run(
            lambda report: backup(report, options, ports=bench.open_port, store=bench.store)
        )
    )
    same_plug(bench)
    bench.read_only = True
    assert file_of(result_of(await go_on(bench))) == stock_of("n")


@virtual
async def test_only_what_is_missing_is_written(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n", "vanish:change:250")
    fault_of(await write(bench))
    same_plug(bench)
    result = result_of(await go_on(bench))
    assert 0 < int(str(result["sectors_written"])) < 120
    assert bench.plug.requests["FlashWrite4K"] <= int(str(result["sectors_written"])) + 16


@pytest.mark.parametrize("chip", CHIPS)
@virtual
async def test_resuming_is_cut_off_as_well(tmp_path: Path, chip: str) -> None:
    bench = a_bench(tmp_path, chip, "vanish:change:40")
    fault_of(await write(bench))
    for job, change in (("01", 20), ("02", 20), ("03", 7)):
        same_plug(bench, f"vanish:change:{change}")
        fault = fault_of(await go_on(bench, job))
        assert fault.code == "LINK-GONE"
        assert len(bench.files("jobs/*/target.bin")) == 1, "only the newest is to be gone on with"
    same_plug(bench)
    result_of(await go_on(bench, "04"))
    assert bytes(bench.plug.flash) == expected(chip)


@virtual
async def test_stopped_by_the_host_and_resumed(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n", rate="line")

    def halt(job: Job, event: Event) -> None:
        values = event.body.to_json()
        if values.get("phase") == "Write" and int(str(values["done"])) > 90 * SECTOR:
            job.stop(Stop.TERMINATE)

    fault = fault_of(await write(bench, halt))
    assert (fault.code, fault.command[:3]) == ("STOPPED", ("wattbench", "jobs", "resume"))
    same_plug(bench)
    result_of(await go_on(bench))
    assert bytes(bench.plug.flash) == expected("n")


@virtual
async def test_progress_of_a_resumed_job_begins_in_the_middle(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n", "vanish:change:250")
    fault_of(await write(bench))
    same_plug(bench)
    bench.events.clear()
    result_of(await go_on(bench))
    done = [
        int(str(v["done"]))
        for v in (e.body.to_json() for e in bench.events)
        if v.get("phase") == "Write"
    ]
    assert done[0] > 150 * SECTOR
    assert done == sorted(done)


@virtual
async def test_another_plug_is_refused(tmp_path: Path) -> None:
    """The permission is made again only for the same device."""
    from core.sim import firmware

    bench = a_bench(tmp_path, "n", "vanish:change:40")
    fault_of(await write(bench))
    other = firmware.stock_n(mac=bytes.fromhex("a4c138000001"))
    bench.plug = Plug(other, PlugOptions(rate="max"))
    fault = fault_of(await go_on(bench))
    assert (fault.code, fault.exit) == ("BK-FOREIGN", 3)
    assert bytes(bench.plug.flash) == other
    assert not bench.plug.changes
    assert bench.files("jobs/*01/target.bin")


@virtual
async def test_an_n_is_not_gone_on_with_on_a_t(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n", "vanish:change:40")
    fault_of(await write(bench))
    bench.plug = Plug(stock_of("t"), PlugOptions(rate="max", chip="t"))
    assert fault_of(await go_on(bench)).code == "BK-FOREIGN"
    assert not bench.plug.changes


Spoil = Callable[[Path, Path], None]


def _other_range(job: Path, _backup: Path) -> None:
    plan = json.loads((job / "plan.json").read_text())
    plan["spans"][0][1:] = [0, 0x119000]
    (job / "plan.json").write_text(json.dumps(plan))


def _over_rf(job: Path, _backup: Path) -> None:
    plan = json.loads((job / "plan.json").read_text())
    plan["spans"][0][1:] = [0xC0000, 0xC0000 + 0x119000]
    (job / "plan.json").write_text(json.dumps(plan))


def _changed(name: str, value: object) -> Spoil:
    def spoil(job: Path, _backup: Path) -> None:
        plan = json.loads((job / "plan.json").read_text())
        (job / "plan.json").write_text(json.dumps({**plan, name: value}))

    return spoil


SPOILT: list[tuple[Spoil, str]] = [
    (lambda job, _: (job / "target.bin").unlink(), "BK-RESUME"),
    (lambda job, _: (job / "target.bin").write_bytes(b"\0" * 0x119000), "BK-RESUME"),
    (lambda job, _: (job / "target.bin").write_bytes(b""), "BK-RESUME"),
    (lambda job, _: (job / "plan.json").unlink(), "BK-RESUME"),
    (lambda job, _: (job / "plan.json").write_bytes(b"\xff{["), "BK-RESUME"),
    (lambda job, _: (job / "plan.json").write_text('{"job": "flash"}'), "BK-RESUME"),
    (
        lambda job, _: (job / "plan.json").write_text('{"job": "flash", "chip": "bk7231n"}'),
        "BK-RESUME",
    ),
    (_other_range, "BK-RESUME"),
    *(
        (_changed(name, value), "BK-RESUME")
        for name, value in (
            ("spans", 7),
            ("spans", [[1]]),
            ("spans", [["x", "0", []]]),
            ("spans", []),
            ("spans", [["x", -4096, 0x119000]]),
            ("spans", [["x", 0.5, 1e9]]),
            ("rf_crc", "no number"),
            ("target_sha256", None),
        )
    ),
    (_over_rf, "BK-RESUME"),
    (lambda _, backup: backup.unlink(), "STORE-UNREADABLE"),
    (lambda _, backup: backup.write_bytes(backup.read_bytes()[:-1] + b"\0"), "STORE-CHANGED"),
]


@pytest.mark.parametrize(("spoil", "code"), SPOILT)
@virtual
async def test_a_spoilt_job_folder_is_refused(tmp_path: Path, spoil: Spoil, code: str) -> None:
    bench = a_bench(tmp_path, "n", "vanish:change:40")
    fault_of(await write(bench))
    (job,), (kept,) = bench.files("jobs/*-01"), bench.files("backups/*/*.bin")
    spoil(job, kept)
    same_plug(bench)
    before = bytes(bench.plug.flash)
    fault = fault_of(await go_on(bench))
    assert fault.code == code
    assert fault.touched == "nothing"
    assert bytes(bench.plug.flash) == before


@virtual
async def test_a_job_that_is_done_has_nothing_to_resume(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n")
    result_of(await write(bench))
    assert fault_of(await go_on(bench)).code == "BK-RESUME"
    assert fault_of(await go_on(bench, "nonsense")).code == "STORE-NO-JOB"


@virtual
async def test_all_written_already_is_only_proven(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n", "vanish:change:40")
    fault_of(await write(bench))
    bench.plug = Plug(expected("n"), PlugOptions(rate="max"))
    result = result_of(await go_on(bench))
    assert result["sectors_written"] == 0
    assert not bench.plug.changes
    assert not bench.files("jobs/*/target.bin")


@virtual
async def test_the_folder_says_how_the_plug_was_reached(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n", "vanish:change:40")
    fault_of(await write(bench))
    (job,) = bench.files("jobs/*-01")
    assert options_from(job)["supply"] == "external"
    assert options_from(job, port="other", lead=None)["port"] == "other"
    secrets = (job / "plan.json").read_text()
    assert "93b00f51" not in secrets
    with pytest.raises(FaultError):
        options_from(tmp_path)


# -- backups -----------------------------------------------------------------------------------

OPTIONS = BackupOptions(port="sim", link_timeout=2.0)


async def take(bench: Bench) -> Finished | Failed:
    return await bench.run(
        lambda report: backup(report, OPTIONS, ports=bench.open_port, store=bench.store)
    )


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("how", ["again", "resume"])
@virtual
async def test_a_backup_goes_on_where_it_was_cut_off(tmp_path: Path, chip: str, how: str) -> None:
    bench = a_bench(tmp_path, chip, "vanish:backup:200")
    assert fault_of(await take(bench)).code == "LINK-GONE"
    assert len(bench.files("backups/*/*.part")) == 1
    assert not bench.files("backups/*/*.bin")
    assert resumable(bench.store) == [bench.store.jobs.all()[0].id]
    same_plug(bench)
    result = result_of(await (take(bench) if how == "again" else go_on(bench)))
    assert file_of(result) == stock_of(chip)
    assert result["true"]
    assert int(str(result["kept"])) >= 0x80000
    assert not bench.files("backups/*/*.part")
    assert not bench.files("backups/*/*.map")


@virtual
async def test_an_unfinished_backup_of_a_changed_plug_counts_only_where_it_agrees(
    tmp_path: Path,
) -> None:
    bench = a_bench(tmp_path, "n", "vanish:backup:200")
    fault_of(await take(bench))
    same_plug(bench)
    for at in (0x24000, 0x41000, 0x1D1000):
        bench.plug.flash[at] ^= 0xFF
    assert file_of(result_of(await take(bench))) == bytes(bench.plug.flash)


@pytest.mark.parametrize("content", [b"", b"\0" * 0x10000, b"\0" * 0x400000, None])
@virtual
async def test_any_unfinished_backup_is_survived(tmp_path: Path, content: bytes | None) -> None:
    """A `.part` is never taken for a backup, and never trusted."""
    bench = a_bench(tmp_path, "n")
    folder = tmp_path / "backups" / "a4c1385c94fa"
    folder.mkdir(parents=True)
    part = folder / "20261120T000000Z-bk7231n-0001.bin.part"
    if content is None:
        part.mkdir()
    else:
        part.write_bytes(content)
    assert file_of(result_of(await take(bench))) == stock_of("n")
    assert bench.store.backups.all()[0].path.suffix == ".bin"


@virtual
async def test_an_unfinished_backup_of_another_plug_is_left_alone(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n", "vanish:backup:200")
    fault_of(await take(bench))
    (part,) = bench.files("backups/*/*.part")
    data = bytearray(await asyncio.to_thread(part.read_bytes))
    data[0x8000] ^= 1  # another bootloader
    part.write_bytes(data)
    same_plug(bench)
    result = result_of(await take(bench))
    assert (result["kept"], part.exists()) == (0, True)
    shutil.rmtree(part.parent)


@virtual
async def test_a_flash_job_that_was_declined_has_nothing_to_resume(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, "n")
    bench.answers.given["write-plan"] = "no"
    assert fault_of(await write(bench)).code == "DECLINED"
    assert resumable(bench.store) == []
