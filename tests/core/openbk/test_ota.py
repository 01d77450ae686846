"""An update takes the file system with it: it is saved, put back, and said; done means proven."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from core.events import Event, Failed, Finished, Note, Warned
from core.job import Job
from core.openbk.client import Client
from core.openbk.tasks.ota import OtaOptions, ota
from core.openbk.tasks.restore import RestoreOptions, restore
from core.sim.firmware import openbeken_rbl
from core.sim.openbk_http import Served
from core.stops import Stop
from core.store.files import read
from tests.core.openbk.bench import Bench, Given, fault_of, plugged, result_of
from tests.virtual_clock import virtual

FILES = {"autoexec.bat": b"startDriver NTP", "web/x.bin": b"\xff\x00"}
YES = {"ota": "yes", "files-back": "yes", "files-replace": "no", "raw-restore": "yes"}


def bench_in(folder: Path) -> Bench:
    return Bench(folder, answers=Given(YES))


def connect(host: str) -> Client:
    return Client(host, connect_timeout=1.0)


async def update(
    bench: Bench,
    served: Served,
    *,
    named: str = "1.18.300",
    holds: str = "1.18.300",
    on_event: Callable[[Job, Event], None] | None = None,
) -> Finished | Failed:
    image = bench.folder / f"OpenBK7231N_{named}.rbl"
    image.write_bytes(openbeken_rbl(holds, 0x8000))
    chosen = OtaOptions(host=served.host, image=image)
    return await bench.run(lambda r: ota(r, chosen, connect=connect, store=bench.store), on_event)


def saved(bench: Bench) -> list[Path]:
    return sorted(bench.store.devices.root.glob("*.lfs"))


def losing(served: Served, method: str, target: str, *, does: bool = True) -> None:
    """From now on one answer to such a request gets lost; the request is done if it `does`."""
    handle = served.site.handle
    lost: list[str] = []

    def once(m: str, t: str, headers: list[str], body: bytes) -> bytes:
        if (m, t) != (method, target) or lost:
            return handle(m, t, headers, body)
        lost.append(t)
        if does:
            handle(m, t, headers, body)
        return b""

    served.site.handle = once  # type: ignore[method-assign]


async def pulled(served: Served) -> None:
    """Somebody pulls the plug and puts it in again; it installs what lies in its update area."""
    served._go_down()
    await asyncio.sleep(10)


# -- the files ---------------------------------------------------------------------------------


@virtual
@pytest.mark.parametrize("does", [True, False])
async def test_a_lost_answer_to_the_restart_is_no_failure(tmp_path: Path, does: bool) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        served.device.files |= FILES
        losing(served, "POST", "/api/reboot", does=does)
        result = result_of(await update(bench, served))
        assert result["after"] == "1.18.300"
        assert served.device.files == FILES and not saved(bench)


@virtual
async def test_a_stop_while_it_restarts_does_not_take_the_files(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        served.device.files |= FILES

        def terminate(job: Job, event: Event) -> None:
            if getattr(event.body, "name", "") == "Restart":
                job.stop(Stop.TERMINATE)

        assert result_of(await update(bench, served, on_event=terminate))["files"] is True
        assert served.device.files == FILES


@virtual
async def test_files_of_a_device_that_is_lost_are_put_back_by_the_next_update(
    tmp_path: Path,
) -> None:
    bench = bench_in(tmp_path)
    async with plugged("path=/api/reboot:vanish") as served:
        served.device.files |= FILES
        fault = fault_of(await update(bench, served))
        assert fault.code == "OBK-NOT-BACK"
        [path] = saved(bench)
        noted = [e.body.text for e in bench.events if isinstance(e.body, Note)][:1]
        assert str(path) in noted[0]  # in the journal also of a run that is killed
        assert str(path) in fault.state and path.stat().st_mode & 0o777 == 0o600
        await pulled(served)
        assert served.device.files == {}
        result = result_of(await update(bench, served))
        assert served.device.files == FILES and not saved(bench)
        assert result["before"] == result["after"] == "1.18.300"
        assert [t for _, t in served.requests].count("/api/ota") == 1


@virtual
async def test_what_was_saved_never_goes_over_newer_files_by_itself(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged("path=/api/reboot:vanish") as served:
        served.device.files |= FILES
        fault_of(await update(bench, served))
        await pulled(served)
        served.device.files["new.txt"] = b"newer"
        fault_of(await update(bench, served))  # it vanishes at the restart again
        assert served.device.files in ({}, {"new.txt": b"newer"})
        aside, kept = saved(bench)
        assert b"autoexec" in read(aside) + read(kept)
        assert str(aside) in bench.texts() or str(kept) in bench.texts()


@virtual
async def test_files_damaged_by_half_an_upload_are_put_back_first(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        served.device.files |= FILES
        losing(served, "POST", "/api/ota", does=False)
        assert fault_of(await update(bench, served)).code == "OBK-SHORT"
        served.device.files["autoexec.bat"] = b"\xff" * len(FILES["autoexec.bat"])
        assert result_of(await update(bench, served))["after"] == "1.18.300"
        assert served.device.files == FILES and not saved(bench)
    assert "files-replace" not in [question.key for question in bench.answers.asked]


@virtual
async def test_a_lost_answer_to_the_files_is_read_back(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        served.device.files |= FILES
        losing(served, "POST", "/api/fsblock")
        assert result_of(await update(bench, served))["files"] is True
        assert served.device.files == FILES


@virtual
async def test_files_that_read_back_otherwise_are_no_success(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        served.device.files |= FILES
        for _ in range(3):
            losing(served, "POST", "/api/fsblock", does=False)
        fault = fault_of(await update(bench, served))
        assert str(saved(bench)[0]) in fault.state
        assert fault.state.count(".lfs") == 2  # where it is, and the command


@virtual
async def test_a_saved_file_system_is_put_back_by_name(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged("path=/api/reboot:vanish") as served:
        served.device.files |= FILES
        fault_of(await update(bench, served))
        await pulled(served)
        back = RestoreOptions(host=served.host, backup=saved(bench)[0], raw=True)
        result = result_of(
            await bench.run(lambda r: restore(r, back, connect=connect, store=bench.store))
        )
        assert result["identical"] is True and served.device.files == FILES


# -- the proof ---------------------------------------------------------------------------------


@virtual
async def test_an_upload_that_never_arrived_is_seen_before_the_restart(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        handle = served.site.handle

        def drop(method: str, target: str, headers: list[str], body: bytes) -> bytes:
            if target == "/api/ota":
                return b'HTTP/1.1 200 OK\r\n\r\n{"size":%d}' % len(body)
            return handle(method, target, headers, body)

        served.site.handle = drop  # type: ignore[method-assign]
        fault = fault_of(await update(bench, served))
        assert fault.code == "OBK-SHORT" and "reads back other bytes" in fault.what
        assert "/api/reboot" not in [t for _, t in served.requests]


@virtual
async def test_the_same_version_again_is_never_called_done(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        outcome = await update(bench, served, named="1.18.299", holds="1.18.299")
    assert fault_of(outcome).code == "OBK-UNPROVEN"
    assert "cannot be told" in fault_of(outcome).cause
    asked = next(q for q in bench.answers.asked if q.key == "ota")
    assert "runs this version already" in asked.text


@virtual
async def test_another_build_of_the_same_version_is_proven_by_its_build(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        info = served.site.rest.info

        def built(body: bytes) -> object:
            found = info(body)
            date = b"Nov 20 2026" if served.device.boots < 2 else b"Nov 21 2026"
            return found._replace(body=found.body.replace(b"Nov 20 2026", date))

        served.site.rest.GET["info"] = lambda _rest, body: built(body)
        try:
            result = result_of(await update(bench, served, named="1.18.299", holds="1.18.299"))
        finally:
            served.site.rest.GET["info"] = type(served.site.rest).info
    assert str(result["proof"]).startswith("proven by its build: ")


@virtual
@pytest.mark.parametrize(
    ("named", "holds", "code"),
    [
        ("1.18.301", "1.18.300", "OTA-NAME"),
        ("ALT_1.18.300", "1.18.300", ""),
        ("1.18.300", "1.00", ""),  # what a packaging tool writes says nothing
    ],
)
async def test_a_name_and_a_content_that_differ_are_said(
    tmp_path: Path, named: str, holds: str, code: str
) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        going_down = served.device.going_down

        def installs() -> None:
            going_down()
            served.device.version = "1.18.300"

        served.device.going_down = installs  # type: ignore[method-assign]
        result = result_of(await update(bench, served, named=named, holds=holds))
    warned = [e.body.code for e in bench.events if isinstance(e.body, Warned)]
    assert bool(code) == ("OTA-NAME" in warned) and result["after"] == "1.18.300"


@virtual
async def test_a_third_version_is_a_fault(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        served.device.going_down = (  # type: ignore[method-assign]
            lambda: setattr(served.device, "version", "1.17.1")
        )
        assert fault_of(await update(bench, served)).code == "OBK-DIFFERS"


@virtual
async def test_the_time_in_which_the_device_writes_is_shown(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged("path=/api/ota:slow:20") as served:
        result_of(await update(bench, served))
    seconds = [e.body for e in bench.events if getattr(e.body, "unit", "") == "s"]
    assert len(seconds) >= 15 and "waiting until the device has written it" in bench.texts()
