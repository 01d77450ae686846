"""Flash, wipe and restore against the simulated module: what is on the flash afterwards."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from core.fault import Exit, FaultError
from core.link.memory import MemoryLink
from core.sim.module import Module
from core.sim.module_images import KEY, meter_image, module_flash
from core.sim.module_target import MARK_AT
from core.store.files import read
from core.telink.client import Client
from core.telink.permit import Permit
from core.telink.plan import _SEAL
from tests.core.telink.bench import MAC, MAX, NEW, bench, expected, fault_of, result_of, stock
from tests.virtual_clock import virtual


@virtual
async def test_flash_leaves_image_and_untouched_rest_and_the_firmware_runs(tmp_path: Path) -> None:
    table = bench(tmp_path)
    result = result_of(await table.job("flash"))
    assert table.right
    assert result["started"] == "running" and table.module.target.runs
    assert result["summary"].startswith("electricity_meter V1.7: written and proven; ")
    assert (table.module.baud, table.links[0].baud) == (230769, 230400)
    backup = Path(str(result["backup"]))
    assert read(backup) == table.before and backup.parent.name == "a4c138aabbcc"
    assert not table.files("jobs/*/target.bin")
    assert table.files("jobs/*/plan.json")
    assert [q.key for q in table.answers.asked] == ["module-gate", "write-plan"]
    assert "SWS" in table.notes()
    assert table.facts("device")["firmware"] == "electricity_meter V1.7 (boots)"
    assert table.facts("device")["settings"]["meter_address"] == 20109  # type: ignore[index]


@virtual
async def test_the_real_size_at_line_speed(tmp_path: Path) -> None:
    image = meter_image()
    table = bench(tmp_path, rate="line", page=0.7e-3, sector=0.05)
    table.image.write_bytes(image)
    result_of(await table.job("flash"))
    assert bytes(table.module.flash) == expected(table.before, image)
    assert table.module.memory.refused == 0


@virtual
async def test_order_the_mark_falls_first_and_comes_back_last(tmp_path: Path) -> None:
    table = bench(tmp_path)
    result_of(await table.job("flash"))
    changes = table.module.changes
    assert (changes[0].kind, changes[0].address, changes[0].size) == ("program", MARK_AT, 1)
    erased = [c.address for c in changes if c.kind == "erase"]
    assert erased == [0x1000, 0x2000, 0x3000, 0]  # 0x4000 was blank by the backup
    last = changes[-1]
    assert (last.kind, last.address) == ("program", 0)
    below = [n for n, c in enumerate(changes) if c.address < 0x1000]
    assert all(changes[n].address >= 0x1000 for n in range(1, below[1]))


@virtual
async def test_at_no_moment_does_half_an_image_boot(tmp_path: Path) -> None:
    """After every single change the boot mark of bank 0 is only there with a whole image."""
    table = bench(tmp_path)
    wrong: list[int] = []
    cells = table.module.memory.cells

    class Watched(list):  # type: ignore[type-arg]
        def append(self, change: object) -> None:
            super().append(change)
            marked = cells[MARK_AT] == 0x4B
            if marked and bytes(cells[: len(NEW)]) != NEW:
                wrong.append(len(self))

    table.module.memory.changes = Watched()
    result_of(await table.job("flash"))
    assert wrong == [] and table.right


@virtual
async def test_identity_is_never_written_whatever_the_job(tmp_path: Path) -> None:
    for number, size in enumerate((0x80000, 0x100000)):
        folder = tmp_path / str(number)
        folder.mkdir()
        flash = module_flash(meter_image("V1.6", 12340, 1), size=size)
        jedec = (0xC8, 0x60, 0x13 if size == 0x80000 else 0x14)
        table = bench(folder, flash=flash, jedec=jedec)
        taken = Path(str(result_of(await table.job("flash"))["backup"]))
        result_of(await table.job("wipe"))
        assert bytes(table.module.flash[0x40000:0x76000]) == b"\xff" * 0x36000
        result_of(await table.job("restore", backup=taken))
        assert bytes(table.module.flash) == flash
        for change in table.module.changes:
            assert not (change.address < 0x78000 and change.address + change.size > 0x76000)
            assert change.address + change.size <= 0xFE000 or size == 0x80000


@virtual
async def test_wipe_needs_the_mac_typed_and_erases_only_settings(tmp_path: Path) -> None:
    table = bench(tmp_path)
    table.answers.given["wipe-plan"] = "yes"
    fault = fault_of(await table.job("wipe"))
    assert (fault.code, fault.exit) == ("DECLINED", Exit.REFUSED) and table.unchanged
    table.answers.given["wipe-plan"] = MAC
    result = result_of(await table.job("wipe"))
    wanted = table.before[:0x40000] + b"\xff" * 0x36000 + table.before[0x76000:]
    assert bytes(table.module.flash) == wanted
    assert "erased" in result["summary"] and table.facts("device")["settings"] is None
    assert table.facts("device")["firmware"] == "electricity_meter V1.6 (boots)"
    assert {c.kind for c in table.module.changes} == {"erase"}
    assert len(table.module.changes) == 2  # only the sectors that held anything


@virtual
async def test_an_older_backup_of_this_module_is_enough(tmp_path: Path) -> None:
    table = bench(tmp_path)
    taken = Path(str(result_of(await table.job("backup"))["file"]))
    result = result_of(await table.job("flash", backup=taken))
    assert table.right and result["backup"] == str(taken)
    assert len(table.files("backups/*/*.bin")) == 1


@virtual
async def test_backups_of_others_and_unproven_ones_are_refused(tmp_path: Path) -> None:
    other = bench(tmp_path, flash=module_flash(NEW, mac=bytes.fromhex("a4c138000001")))
    foreign = Path(str(result_of(await other.job("backup"))["file"]))
    table = bench(tmp_path)
    for kind in ("flash", "wipe", "restore"):
        fault = fault_of(await table.job(kind, backup=foreign))
        assert (fault.code, fault.exit) == ("TL-FOREIGN", Exit.REFUSED) and table.unchanged
    assert "MAC" in fault.what
    own = Path(str(result_of(await table.job("backup"))["file"]))
    record = own.with_suffix(".toml")
    record.write_text(record.read_text().replace("true = true", "true = false"))
    fault = fault_of(await table.job("flash", backup=own))
    assert fault.code == "TL-NOT-TRUE" and table.unchanged


@virtual
async def test_without_a_mac_no_old_backup_counts(tmp_path: Path) -> None:
    table = bench(tmp_path, flash=module_flash(NEW, mac=None))
    outcome = result_of(await table.job("backup"))
    assert not outcome["whole"] and "NO-MAC" in table.notes()
    fault = fault_of(await table.job("restore", backup=Path(str(outcome["file"]))))
    assert fault.code == "TL-FOREIGN" and table.unchanged
    result_of(await table.job("flash"))


@virtual
async def test_bad_images_and_sizes_are_refused_before_the_port_or_the_erase(
    tmp_path: Path,
) -> None:
    table = bench(tmp_path)
    table.image.write_bytes(NEW[:-1])
    fault = fault_of(await table.job("flash"))
    assert (fault.code, fault.exit) == ("TLIMG-LENGTH", Exit.REFUSED)
    assert not table.links
    small = bench(tmp_path, flash=stock() * 2 + stock() * 2, jedec=(0xC8, 0x60, 0x15))
    fault = fault_of(await small.job("flash"))
    assert fault.code == "TL-SIZE" and small.unchanged
    tiny = bench(tmp_path, flash=stock()[:0x40000], jedec=(0xC8, 0x60, 0x12))
    assert fault_of(await tiny.job("wipe")).code == "TL-SIZE" and tiny.unchanged


@virtual
async def test_declined_changes_nothing_and_restarts_the_module(tmp_path: Path) -> None:
    table = bench(tmp_path)
    table.answers.given["write-plan"] = "no"
    assert fault_of(await table.job("flash")).code == "DECLINED"
    assert table.unchanged and not table.files("jobs/*/target.bin")
    assert not table.module.target.halted and table.module.baud == 230769


@virtual
async def test_read_only_refuses_before_the_port_is_opened(tmp_path: Path) -> None:
    table = bench(tmp_path, "vanish:write:20")
    fault_of(await table.job("flash"))
    backup = table.files("backups/*/*.bin")[0]
    table.read_only, table.links, table.answers.asked = True, [], []
    table.before, changes = bytes(table.module.flash), len(table.module.changes)
    for kind, more in (
        ("flash", {}), ("wipe", {}), ("restore", {"backup": backup}), ("resume", {}),
    ):  # fmt: skip
        fault = fault_of(await table.job(kind, **more))
        assert (fault.code, fault.exit) == ("READ-ONLY", Exit.REFUSED), kind
    assert not table.links and not table.answers.asked
    assert bytes(table.module.flash) == table.before and len(table.module.changes) == changes
    assert len(table.files("backups/*/*.bin")) == 1
    assert len(table.files("jobs/*/target.bin")) == 1, "still to be gone on with"


@virtual
async def test_what_was_updated_over_the_air_is_seen_and_bank_0_wins(tmp_path: Path) -> None:
    flash = bytearray(module_flash(NEW, second=meter_image("V1.6", 12340, 1)))
    flash[MARK_AT] = 0
    table = bench(tmp_path, flash=bytes(flash))
    result_of(await table.job("flash"))
    assert "BANK-1" in table.notes() and table.right
    seen = [e.body.values for e in table.events if getattr(e.body, "key", "") == "device"]
    assert seen[-2]["firmware"] == "electricity_meter V1.6 (boots)"
    assert seen[-1]["firmware"] == "electricity_meter V1.7 (boots)"


@virtual
async def test_the_same_image_again_writes_nothing(tmp_path: Path) -> None:
    table = bench(tmp_path, flash=module_flash(NEW))
    result_of(await table.job("flash"))
    assert not table.module.changes and table.right


@virtual
async def test_the_plan_names_every_byte_of_the_flash_once(tmp_path: Path) -> None:
    table = bench(tmp_path)
    result_of(await table.job("flash"))
    question = table.answers.asked[-1]
    spans = sorted(
        tuple(int(part, 16) for part in word.split("-"))
        for line in question.text.splitlines()
        for word in line.split()
        if word.startswith("0x") and "-0x" in word
    )
    assert spans[0][0] == 0 and spans[-1][1] == 0x7FFFF
    assert all(a[1] + 1 == b[0] for a, b in pairwise(spans))
    assert "never touched" in question.text


@virtual
async def test_keys_are_in_nothing_that_is_said_or_kept_but_the_backup(tmp_path: Path) -> None:
    table = bench(tmp_path)
    result_of(await table.job("info"))
    result_of(await table.job("flash"))
    said = table.texts() + "".join(
        p.read_text() for p in table.files("jobs/*/*.json*") + table.files("backups/*/*.toml")
    )
    assert KEY.hex() not in said and repr(KEY)[2:20] not in said
    assert json.loads(table.files("jobs/*/plan.json")[-1].read_text())["mac"] == MAC


@virtual
async def test_a_permit_cannot_name_identity_and_only_the_plan_makes_one() -> None:
    def permit(*ranges: tuple[int, int], size: int = 0x80000, seal: object = _SEAL) -> Permit:
        return Permit("", "", size, "", ranges, seal)

    assert permit((0, 0x76000)).covers(0x75000, 0x76000)
    for bad in ((0x75000, 0x76001), (0x77FFF, 0x78001), (0x70000, 0x80000), (5, 5), (-1, 4),
                (0x7F000, 0x80001)):  # fmt: skip
        with pytest.raises(ValueError):
            permit(bad)
    with pytest.raises(ValueError):
        permit((0xF0000, 0xFE001), size=0x100000)
    with pytest.raises(TypeError):
        permit((0, 0x1000), seal=object())


@virtual
async def test_what_the_plan_does_not_name_is_not_even_asked_for() -> None:
    """Neither MAC nor calibration nor a page that would wrap: nothing is sent, TL-OUT-OF-BOUNDS."""
    module = Module(stock(), MAX)
    client = Client(MemoryLink(module, baud=230400))
    permit = Permit("", "", 0x80000, "", ((0, 0x5000), (0x40000, 0x76000)), _SEAL)
    for at in (0x5000, 0x3F000, 0x76000, 0x77000, 0x4800):
        with pytest.raises(FaultError, match="TL-OUT-OF-BOUNDS"):
            await client.erase(permit, at)
    for at, size in ((0x5000, 1), (0x75FFF, 2), (0x76000, 6), (0x10, 256), (0, 0)):
        with pytest.raises(FaultError, match="TL-OUT-OF-BOUNDS"):
            await client.program(permit, at, b"\0" * size)
    assert not module.log and bytes(module.flash) == stock()


@virtual
async def test_pages_are_proven_by_the_checksum_of_their_kib_and_not_by_polling(
    tmp_path: Path,
) -> None:
    table = bench(tmp_path)
    result_of(await table.job("flash"))
    commands = [request.command for request in table.module.log]
    assert 0x02 in commands
    assert (0x02, 0x06) not in set(pairwise(commands))
    last = len(commands) - 1 - commands[::-1].index(0x02)
    proofs = {r.address for r in table.module.log[last:] if r.command == 0x0E}
    assert set(range(0, len(NEW), 0x400)) <= proofs  # the whole image, after the last write
