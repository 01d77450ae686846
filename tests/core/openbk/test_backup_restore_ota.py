"""Copies of the flash, configurations brought back, firmware updated."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from core.events import Event
from core.fault import FaultError
from core.job import Job
from core.openbk.client import Client
from core.openbk.tasks.backup import BackupOptions, backup
from core.openbk.tasks.ota import OtaOptions, ota
from core.openbk.tasks.restore import RestoreOptions, config_place, restore
from core.openbk.update_file import require_fitting
from core.profile.model import Mqtt, Names, Profile
from core.sim.firmware import openbeken_qio, openbeken_rbl
from core.store.files import read
from tests.core.openbk.bench import MAC, Bench, Given, fault_of, lsc, plugged, result_of
from tests.virtual_clock import virtual

YES = {"relays-switch": "yes", "apply-plan": "yes", "raw-restore": "yes", "ota": "yes"}
OLD = lsc(Profile(names=Names("old-name"), mqtt=Mqtt("10.1.1.1")))


def bench_in(folder: Path) -> Bench:
    return Bench(folder, answers=Given(YES))


def connect(host: str) -> Client:
    return Client(host, connect_timeout=1.0)


# -- backup ------------------------------------------------------------------------------------


@virtual
async def test_a_copy_of_the_flash_is_kept_and_is_not_true(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged("reset@30", "cut:900@40", late_body=0.0) as served:
        served.device.flash[0x1D0000] = b"\x5a" * 4096
        task = lambda r: backup(  # noqa: E731
            r, BackupOptions(host=served.host), connect=connect, store=bench.store
        )
        result = result_of(await bench.run(task))
    data = read(Path(str(result["file"])))
    assert len(data) == 0x200000 and data[0x1D1000:][:4096] == lsc()
    assert data[0x1D0000:][:4] == b"\x5a" * 4
    assert result["true"] is False and result["mac"] == MAC
    kept = bench.store.backups.all()[0]
    assert not kept.facts.true and kept.facts.source == "HTTP"
    assert any("no checksum of the chip" in reason for reason in kept.facts.reasons)


@virtual
async def test_the_sector_alone_is_kept_and_goes_back(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(config=OLD) as served:
        chosen = BackupOptions(host=served.host, sector=True)
        task = lambda r: backup(r, chosen, connect=connect, store=bench.store)  # noqa: E731
        kept = Path(str(result_of(await bench.run(task))["file"]))
        assert read(kept) == OLD
        served.site.commands.run("ShortName other")
        back = RestoreOptions(host=served.host, backup=kept)
        result_of(await bench.run(lambda r: restore(r, back, connect=connect, store=bench.store)))
        assert served.device.config.get("names.short") == "old-name"


@virtual
async def test_a_full_disk_is_a_fault_and_leaves_no_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import core.store.backups as backups

    bench = bench_in(tmp_path)

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(backups, "write_at", full)
    async with plugged(late_body=0.0) as served:
        outcome = await bench.run(
            lambda r: backup(r, BackupOptions(host=served.host), connect=connect, store=bench.store)
        )
    assert fault_of(outcome).code == "STORE-FULL"
    assert bench.store.backups.all() == []


# -- restore -----------------------------------------------------------------------------------


@virtual
async def test_values_are_restored_out_of_a_dump(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    dump = bytearray(b"\xff" * 0x200000)
    dump[0x1D1000 : 0x1D1000 + 4096] = OLD
    (tmp_path / "old.bin").write_bytes(dump)
    async with plugged() as served:
        chosen = RestoreOptions(host=served.host, backup=tmp_path / "old.bin")
        result = result_of(
            await bench.run(lambda r: restore(r, chosen, connect=connect, store=bench.store))
        )
        assert set(result["changed"]) == {"names.short", "mqtt.host"}  # type: ignore[call-overload]
        assert served.device.config.get("names.short") == "old-name"


@virtual
async def test_raw_restore_needs_a_power_cut_and_sends_no_restart(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    (tmp_path / "cfg.bin").write_bytes(OLD)
    async with plugged() as served:

        def pull(_job: Job, event: Event) -> None:
            if getattr(event.body, "code", "") == "CUT-POWER":
                assert served.device.config.get("names.short") == "plug1"  # memory is unchanged
                asyncio.get_running_loop().call_later(30, served.device.power_cut)

        chosen = RestoreOptions(host=served.host, backup=tmp_path / "cfg.bin", raw=True)
        outcome = await bench.run(
            lambda r: restore(r, chosen, connect=connect, store=bench.store), pull
        )
        assert result_of(outcome)["identical"] is True
        assert served.device.config.get("names.short") == "old-name"
        posts = [target for method, target in served.requests if method == "POST"]
        assert posts == ["/api/flash/1d1000"]
        assert not any("cfg_mac" in target or "restart" in target for _, target in served.requests)


@virtual
async def test_raw_restore_without_the_power_cut_is_not_called_done(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    (tmp_path / "cfg.bin").write_bytes(OLD)
    async with plugged() as served:
        chosen = RestoreOptions(host=served.host, backup=tmp_path / "cfg.bin", raw=True)
        outcome = await bench.run(lambda r: restore(r, chosen, connect=connect, store=bench.store))
        assert fault_of(outcome).code == "OBK-NOT-BACK"
        assert "power cut" in fault_of(outcome).state


@virtual
async def test_a_raw_restore_that_a_restart_lost_is_a_fault(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    (tmp_path / "cfg.bin").write_bytes(OLD)
    async with plugged() as served:

        def restarted(_job: Job, event: Event) -> None:
            if getattr(event.body, "code", "") == "CUT-POWER":
                served.device.reboot(5)

        chosen = RestoreOptions(host=served.host, backup=tmp_path / "cfg.bin", raw=True)
        outcome = await bench.run(
            lambda r: restore(r, chosen, connect=connect, store=bench.store), restarted
        )
        fault = fault_of(outcome)
        assert fault.code == "OBK-DIFFERS" and "configuration from before" in fault.what
        assert "restarted by software" in fault.cause and "only pull the plug" in fault.next
        assert served.device.config.get("names.short") == "plug1"


@virtual
async def test_another_device_at_the_address_is_not_the_restored_one(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    (tmp_path / "cfg.bin").write_bytes(OLD)
    async with plugged() as served:
        handle = served.site.handle
        other = b"A4:C1:38:00:00:01"

        def stranger(_job: Job, event: Event) -> None:
            if getattr(event.body, "code", "") == "CUT-POWER":
                served.device.power_cut()
                served.site.handle = lambda *request: (  # type: ignore[method-assign]
                    handle(*request).replace(MAC.lower().encode(), other)
                )

        chosen = RestoreOptions(host=served.host, backup=tmp_path / "cfg.bin", raw=True)
        outcome = await bench.run(
            lambda r: restore(r, chosen, connect=connect, store=bench.store), stranger
        )
        assert fault_of(outcome).code == "OBK-NOT-BACK"
        assert other.decode() in fault_of(outcome).what


@virtual
async def test_a_dump_with_two_configurations_is_taken_by_its_chip_and_said(
    tmp_path: Path,
) -> None:
    bench = bench_in(tmp_path)
    dump = bytearray(b"\xff" * 0x200000)
    dump[0x1D1000 : 0x1D1000 + 4096] = OLD
    dump[0x1E1000 : 0x1E1000 + 4096] = lsc(Profile(names=Names("other")))
    with pytest.raises(FaultError, match=r"two configurations, at 0x1D1000 .* 0x1E1000") as caught:
        config_place(bytes(dump), "both.bin")
    assert caught.value.fault.code == "OBK-FILE"
    dump[0x1D0000:0x1D0004] = b"TLV\0"
    (tmp_path / "both.bin").write_bytes(dump)
    async with plugged() as served:
        chosen = RestoreOptions(host=served.host, backup=tmp_path / "both.bin")
        result_of(await bench.run(lambda r: restore(r, chosen, connect=connect, store=bench.store)))
        assert served.device.config.get("names.short") == "old-name"
    assert "TWO-CONFIGURATIONS" in bench.texts()


@virtual
async def test_a_restart_by_software_would_lose_it(tmp_path: Path) -> None:
    """Why the rule exists: the simulated device saves its memory first, as the real one does."""
    async with plugged() as served:
        client = connect(served.host)
        await client.upload("/api/flash/1d1000", OLD)
        await client.reboot()
        await asyncio.sleep(10)
        assert (await client.info()).short_name == "plug1"
        await client.close()


@virtual
async def test_other_chips_and_stock_dumps_are_refused(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    stock = tmp_path / "stock.bin"
    stock.write_bytes(b"\xff" * 0x200000)
    other = bytearray(b"\xff" * 0x200000)
    other[0x1E1000 : 0x1E1000 + 4096] = OLD
    (tmp_path / "t.bin").write_bytes(other)
    (tmp_path / "bad.bin").write_bytes(OLD[:100] + b"\x01" + OLD[101:])
    (tmp_path / "zeros.bin").write_bytes(b"CFG".ljust(4096, b"\0"))  # its checksum fits
    codes = []
    async with plugged() as served:
        for name, raw in (
            ("stock.bin", False),
            ("t.bin", True),
            ("bad.bin", True),
            ("zeros.bin", True),
        ):
            chosen = RestoreOptions(host=served.host, backup=tmp_path / name, raw=raw)
            outcome = await bench.run(
                lambda r, c=chosen: restore(r, c, connect=connect, store=bench.store)
            )
            codes.append(fault_of(outcome).code)
        assert all(method == "GET" for method, _ in served.requests)
    assert codes == ["OBK-FILE", "OBK-CHIP", "OBK-FILE", "OBK-FILE"]


# -- update ------------------------------------------------------------------------------------


def rbl(version: str = "1.18.300", packed: int = 0x8000) -> bytes:
    """An update whose checksums fit."""
    return openbeken_rbl(version, packed)


@virtual
async def test_an_update_is_sent_once_and_proven_by_the_version(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    image = tmp_path / "OpenBK7231N_1.18.300.rbl"
    image.write_bytes(rbl())
    async with plugged() as served:
        files = {"autoexec.bat": b"startDriver NTP", "web/x.bin": b"\xff\x00"}
        served.device.files |= files
        chosen = OtaOptions(host=served.host, image=image)
        result = result_of(
            await bench.run(lambda r: ota(r, chosen, connect=connect, store=bench.store))
        )
        assert (result["before"], result["after"]) == ("1.18.299", "1.18.300")
        assert [t for m, t in served.requests if t == "/api/ota"] == ["/api/ota"]
        assert served.device.files == files  # put back, also what is no text
        assert result["files"] is True and result["proof"] == "proven by the version"
        assert not list(bench.store.devices.root.glob("*.lfs"))


@virtual
async def test_the_old_version_is_named_with_its_remedy(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    image = tmp_path / "OpenBK7231N_1.18.300.rbl"
    image.write_bytes(rbl())
    async with plugged(update_fails=True) as served:
        chosen = OtaOptions(host=served.host, image=image)
        outcome = await bench.run(lambda r: ota(r, chosen, connect=connect, store=bench.store))
    assert fault_of(outcome).code == "OBK-OLD-VERSION"
    assert "stopDriver *" in fault_of(outcome).next


def test_files_that_are_no_update_of_this_chip_are_refused(tmp_path: Path) -> None:
    good = rbl()
    assert require_fitting("OpenBK7231N_1.18.300.rbl", good, "BK7231N").named == "1.18.300"
    renamed = require_fitting("renamed.rbl", good, "BK7231N")
    assert (renamed.named, renamed.inside) == ("", "1.18.300")
    for name, data, chip, code in (
        ("OpenBK7231T_1.18.300.rbl", good, "BK7231N", "OBK-CHIP"),
        ("OpenBK7231N_QIO_1.18.rbl", openbeken_qio(), "BK7231N", "OBK-FILE"),
        ("OpenBK7231N_1.rbl", b"", "BK7231N", "OBK-FILE"),
        ("OpenBK7231N_1.rbl", rbl(packed=0xA6020), "BK7231N", "OBK-FILE"),
        ("OpenBK7231N_1.rbl", good[:-100], "BK7231N", "OBK-FILE"),
        ("OpenBL602_1.rbl", good, "BL602", "OBK-FILE"),
    ):
        with pytest.raises(FaultError) as caught:
            require_fitting(name, data, chip)
        assert caught.value.fault.code == code, name


@virtual
async def test_an_update_that_is_declined_sends_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, answers=Given({**YES, "ota": "no"}))
    image = tmp_path / "OpenBK7231N_1.18.300.rbl"
    image.write_bytes(rbl())
    async with plugged() as served:
        chosen = OtaOptions(host=served.host, image=image)
        outcome = await bench.run(lambda r: ota(r, chosen, connect=connect, store=bench.store))
        assert fault_of(outcome).code == "DECLINED"
        assert all(method == "GET" for method, _ in served.requests)


def test_a_sector_alone_fits_any_chip() -> None:
    for data in (OLD, OLD[:3584]):
        place = config_place(data, "x")
        assert (place.chip, place.block.sector()) == ("", OLD)
