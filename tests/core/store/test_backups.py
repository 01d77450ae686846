"""A backup has its name only when it is complete, synced, read back, and has its record."""

from __future__ import annotations

import hashlib
import stat
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.fault import Exit, FaultError
from core.store import backups as backups_module
from core.store.backups import SECTOR, Backup, Part, SidecarFacts
from core.store.files import Files
from core.store.jobs import lock_holder
from core.store.store import Store
from tests.virtual_clock import run, virtual

MAC = "A4:C1:38:5C:94:FA"
WHEN = datetime(2026, 11, 20, 14, 2, 33, tzinfo=UTC)
FACTS = SidecarFacts(
    chip="bk7231n", flash_id="eb6015", mac=MAC, size=4 * SECTOR, true=True, whole=False,
    reasons=("The boot signature is not known.",), chip_crc="0badf00d", source="serial line",
)  # fmt: skip
DATA = bytes(range(256)) * (4 * SECTOR // 256)


def store_at(home: Path, when: datetime = WHEN) -> Store:
    return Store(home, now=lambda: when)


async def fill(part: Part) -> None:
    for at in range(0, len(DATA), SECTOR):
        await part.write(at, DATA[at : at + SECTOR])
        part.mark(at // SECTOR, "=")


async def make(store: Store, known: str | None = MAC, **facts: str) -> Backup:
    part = store.backups.begin(known, "bk7231n", len(DATA))
    await fill(part)
    values = {name: getattr(FACTS, name) for name in FACTS.__slots__} | facts
    return await part.finish(SidecarFacts(**values))


def code_of_load(store: Store, path: Path) -> str:
    with pytest.raises(FaultError) as caught:
        store.backups.load(path)
    return caught.value.fault.code


@virtual
async def test_a_finished_backup_and_its_record(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    kept = await make(store)
    assert kept.path == tmp_path / "backups/a4c1385c94fa/20261120T140233Z-bk7231n-0001.bin"
    assert kept.path.read_bytes() == DATA == kept.read()
    record = tomllib.loads(kept.path.with_suffix(".toml").read_text())
    assert record["sha256"] == hashlib.sha256(DATA).hexdigest() == kept.sha256
    assert record["when"] == "2026-11-20T14:02:33Z"
    assert isinstance(record["clock_synchronised"], bool)
    assert {n: record[n] for n in ("chip", "flash_id", "mac", "size", "true", "whole")} == {
        "chip": "bk7231n", "flash_id": "eb6015", "mac": MAC, "size": 16384,
        "true": True, "whole": False,
    }  # fmt: skip
    assert store.backups.load(kept.path) == kept
    assert store.backups.all() == [kept]


def test_every_file_is_private(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    run(make(store))
    growing = store.backups.begin(MAC, "bk7231n", len(DATA))
    growing.close()
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert len(files) == 4
    assert {stat.S_IMODE(p.stat().st_mode) for p in files} == {0o600}


@virtual
async def test_a_part_is_never_a_backup(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    part = store.backups.begin(MAC, "bk7231n", len(DATA))
    await fill(part)
    part.close()
    names = sorted(p.name for p in part.path.parent.iterdir())
    assert names == [
        "20261120T140233Z-bk7231n-0001.bin.map",
        "20261120T140233Z-bk7231n-0001.bin.part",
    ]
    assert store.backups.all() == []
    assert code_of_load(store, part.path) == "STORE-NO-RECORD"
    assert part.path.read_bytes() == DATA


@virtual
async def test_the_map_that_stays_says_what_was_read(tmp_path: Path) -> None:
    part = store_at(tmp_path).backups.begin(MAC, "bk7231n", len(DATA))
    assert part.map_path.read_bytes() == b"    "
    part.mark(0, "=")
    part.mark(2, "?")
    assert part.map_path.read_bytes() == b"= ? "  # also without `close`: a crash does not close
    part.close()
    assert part.map_path.read_bytes() == b"= ? "


STEPS = ["fsync", "read back", "record", "rename", "sync folder"]


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_between_the_steps_leaves_no_final_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class PowerCut(BaseException):
        pass

    def cut(*_: object, **__: object) -> None:
        raise PowerCut

    store = store_at(tmp_path)
    part = store.backups.begin(MAC, "bk7231n", len(DATA))
    run(fill(part))
    match step:
        case "fsync":
            monkeypatch.setattr(backups_module.os, "fsync", cut)
        case "read back":
            monkeypatch.setattr(backups_module, "read", cut)
        case "record":
            monkeypatch.setattr(Files, "write", cut)
        case "rename":
            monkeypatch.setattr(Path, "rename", cut)
        case "sync folder":
            monkeypatch.setattr(backups_module, "sync_folder", cut)
    with pytest.raises(PowerCut):
        part._finish(FACTS)
    monkeypatch.undo()
    part.close()
    again = store_at(tmp_path)
    if step == "sync folder":  # everything is in place, with its record
        assert [b.read() for b in again.backups.all()] == [DATA]
        return
    assert again.backups.all() == []
    assert not list(tmp_path.rglob("*.bin"))
    assert part.path.read_bytes() == DATA
    assert run(make(again)).counter == 2  # and the next one does not touch it
    assert part.path.read_bytes() == DATA


@virtual
async def test_a_disk_that_returns_other_bytes_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_at(tmp_path)
    part = store.backups.begin(MAC, "bk7231n", len(DATA))
    await fill(part)
    monkeypatch.setattr(backups_module, "read", lambda _path: DATA[:-1] + b"\x00")
    with pytest.raises(FaultError) as caught:
        await part.finish(FACTS)
    assert caught.value.fault.code == "STORE-IO"
    assert part.path.exists() and not part.final.exists()


@virtual
async def test_one_changed_byte_is_found_out(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    kept = await make(store)
    kept.path.write_bytes(DATA[:100] + b"\xee" + DATA[101:])
    with pytest.raises(FaultError) as caught:
        store.backups.load(kept.path)
    assert caught.value.fault.code == "STORE-CHANGED"
    assert caught.value.fault.exit == Exit.REFUSED
    kept.path.write_bytes(DATA[:-1])
    assert code_of_load(store, kept.path) == "STORE-CHANGED"


@virtual
async def test_without_its_record_nothing_is_known(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    kept = await make(store)
    kept.path.with_suffix(".toml").unlink()
    assert code_of_load(store, kept.path) == "STORE-NO-RECORD"
    assert code_of_load(store, tmp_path / "mistyped.bin") == "STORE-UNREADABLE"
    assert store.backups.all() == []


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"\xff\xff",
        b"sha256 = 7",
        b"x = " + b"[" * 20_000,
        b"= broken",
    ],
    ids=["empty", "not utf-8", "few fields", "nested", "no toml"],
)
def test_a_record_of_any_bytes_is_refused(tmp_path: Path, record: bytes) -> None:
    store = store_at(tmp_path)
    kept = run(make(store))
    kept.path.with_suffix(".toml").write_bytes(record)
    assert code_of_load(store, kept.path) == "STORE-NO-RECORD"
    assert store.backups.all() == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("counter = 1", 'counter = "1"'),
        ("true = true", "true = 1"),
        ("size = 16384", "size = true"),
        ('mac = "A4:C1:38:5C:94:FA"', "mac = 4"),
        ('chip = "bk7231n"', ""),
    ],
)
def test_a_record_with_a_field_of_another_type_is_refused(
    tmp_path: Path, old: str, new: str
) -> None:
    store = store_at(tmp_path)
    kept = run(make(store))
    record = kept.path.with_suffix(".toml")
    text = record.read_text()
    assert old in text
    record.write_text(text.replace(old, new))
    assert code_of_load(store, kept.path) == "STORE-NO-RECORD"
    assert store.backups.all() == []


@virtual
async def test_the_counter_gives_the_order_when_the_clock_does_not(tmp_path: Path) -> None:
    first = await make(store_at(tmp_path, datetime(2026, 11, 20, tzinfo=UTC)))
    second = await make(store_at(tmp_path, datetime(1970, 1, 1, tzinfo=UTC)))
    third = await make(store_at(tmp_path, datetime(1970, 1, 1, tzinfo=UTC)))
    assert store_at(tmp_path).backups.all() == [first, second, third]
    assert [b.counter for b in (first, second, third)] == [1, 2, 3]


@virtual
async def test_without_a_mac_the_checksum_names_the_folder(tmp_path: Path) -> None:
    kept = await make(store_at(tmp_path), None, mac="")
    assert kept.path.parent.name == f"unknown-{kept.sha256[:8]}"
    assert store_at(tmp_path).backups.load(kept.path).read() == DATA
    assert not list((tmp_path / "backups/unknown").iterdir())


@virtual
async def test_a_mac_found_in_the_dump_names_the_folder(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    await make(store)
    kept = await make(store, None)
    assert kept.path.name == "20261120T140233Z-bk7231n-0002.bin"
    assert kept.path.parent.name == "a4c1385c94fa"
    assert len(store.backups.all()) == 2


@pytest.mark.parametrize("mac", ["", "?", "../../etc", "a4c138"])
def test_what_is_no_mac_names_no_folder(tmp_path: Path, mac: str) -> None:
    part = store_at(tmp_path).backups.begin(mac, "bk7231n", SECTOR)
    part.close()
    assert part.path.parent == tmp_path / "backups" / "unknown"


FULL = """
import asyncio, resource, signal, sys
from pathlib import Path
from core.fault import FaultError
from core.store.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
part = Store(Path(sys.argv[1])).backups.begin("A4:C1:38:5C:94:FA", "bk7231n", 65536)
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
async def main():
    try:
        await part.write(4096, bytes([0xAA]) * 4096)  # 1904 bytes of it fit
        print("taken")
    except FaultError as error:
        print(error.fault.code)
    finally:
        part.mark(0, "=")
        part.close()
asyncio.run(main())
"""


def test_a_disk_that_fills_up_inside_a_write_is_found_out(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("STORE-FULL", "")
    assert store_at(tmp_path).backups.all() == []


KILLED = """
import asyncio, sys
from pathlib import Path
from core.store.store import Store
part = Store(Path(sys.argv[1])).backups.begin("A4:C1:38:5C:94:FA", "bk7231n", 16384)
async def main():
    await part.write(0, bytes([0xAA]) * 4096)
    part.mark(0, "=")
    print("growing", flush=True)
    sys.stdin.read()
asyncio.run(main())
"""


def test_what_was_read_survives_a_kill(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"growing\n"
        process.kill()
    (part,) = tmp_path.rglob("*.part")
    assert part.read_bytes() == b"\xaa" * 4096
    (cells,) = tmp_path.rglob("*.map")
    assert cells.read_bytes() == b"=   "
    assert store_at(tmp_path).backups.all() == []


def test_a_part_that_grows_is_held(tmp_path: Path) -> None:
    """Another job would else take it for one that was left behind."""
    part = Store(tmp_path).backups.begin("a4c1385c94fa", "bk7231n", 4096)
    assert lock_holder(part.path) is not None
    part.close()
    assert lock_holder(part.path) is None
