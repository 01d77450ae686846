"""A dump in place of a device: what is found in it, and the new file that an edit makes."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

import core.store.backups as backups
from core.bkimage import rf
from core.fault import FaultError
from core.openbk import in_file
from core.profile.block import crc8
from core.profile.in_dump import PLACES, find
from core.profile.model import Channel, Names, Profile
from core.store.backups import SidecarFacts
from core.store.files import read
from core.store.store import Store
from tests.core.openbk.bench import MAC, lsc

PLAIN = MAC.replace(":", "").lower()


def dump(chip: str = "bk7231n", sector: bytes | None = None) -> bytes:
    """A flash that is FF but for its configuration."""
    data = bytearray(b"\xff" * 0x200000)
    data[PLACES[chip] : PLACES[chip] + 4096] = lsc() if sector is None else sector
    return bytes(data)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def backed_up(store: Store, data: bytes, chip: str = "bk7231n") -> Path:
    part = store.backups.begin(MAC, chip, len(data))
    try:
        await part.write(0, data)
        facts = SidecarFacts(chip, "", MAC, len(data), True, True, (), "", "test")
        return (await part.finish(facts)).path
    finally:
        part.close()


async def test_backups_with_a_configuration_are_found_the_newest_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    await backed_up(store, b"\xff" * 0x200000)  # stock
    first = await backed_up(store, dump())
    second = await backed_up(store, dump("bk7231t"), "bk7231t")
    bare = second.with_name(second.name.replace("bk7231t", "x").replace(".bin", "-config.sector"))
    bare.write_bytes(lsc())
    (tmp_path / "backups" / PLAIN / "torn.bin").write_bytes(dump()[:0x1D1800])
    (tmp_path / "backups" / PLAIN / "lost.bin").symlink_to(tmp_path / "nowhere")
    found = in_file.kept(store)
    assert {path: place.chip for path, place in found} == {
        bare: "",
        second: "bk7231t",
        first: "bk7231n",
    }
    assert [path for path, _place in found] == sorted((first, second, bare), reverse=True)


async def test_an_edited_dump_is_a_new_file_that_proves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    source = await backed_up(store, dump())
    edited = in_file.apply(read(source), Profile(names=Names("other-name")))
    path = await in_file.keep(store, source, edited)
    assert path != source and path.parent == source.parent
    assert read(source) == dump() and read(path) == edited
    kept = store.backups.load(path)
    assert not kept.facts.true and kept.facts.flash_id == "" and kept.facts.mac == MAC
    assert kept.facts.reasons[0].startswith("edited:") and source.name in kept.facts.reasons[0]
    assert in_file.configuration(kept.read()).names.short == "other-name"


async def test_an_edited_sector_lies_beside_the_other_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    source = tmp_path / "backups" / PLAIN / "x-config.sector"
    source.parent.mkdir(parents=True)
    source.write_bytes(lsc())
    edited = in_file.apply(lsc(), Profile(channels={1: Channel(start=-1)}))
    first = await in_file.keep(store, source, edited)
    second = await in_file.keep(store, source, lsc())
    assert {first.parent, second.parent} == {source.parent} and first != second
    assert read(first) == edited and read(second) == lsc()
    loose = tmp_path / "x.sector"
    assert (await in_file.keep(store, loose, edited)).parent.name == "unknown"


async def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(backups, "write_at", full)
    with pytest.raises(FaultError) as caught:
        await in_file.keep(store, tmp_path / "x.bin", dump())
    assert caught.value.fault.code == "STORE-FULL"
    assert files_in(tmp_path) == []


def test_a_name_with_the_mac_needs_a_mac() -> None:
    named = Profile(names=Names("p-{mac6}"))
    with pytest.raises(FaultError) as caught:
        in_file.apply(dump(), named)
    assert caught.value.fault.code == "PROFILE-VALUE" and "{mac6}" in caught.value.fault.what
    assert in_file.configuration(in_file.apply(dump(), named, MAC)).names.short == "p-5C94FA"
    with_rf = bytearray(dump())
    with_rf[0x1D0000:0x1D1000] = rf.build(bytes.fromhex("a4c1385c94fb"), bytes(16))
    assert in_file.owner_of(bytes(with_rf)) == "A4:C1:38:5C:94:FB"
    assert in_file.owner_of(dump(), Path("/x") / PLAIN / "y.bin") == MAC
    assert in_file.owner_of(dump(), Path("y.bin")) == ""
    set_there = bytearray(lsc())
    set_there[in_file.MAC_AT : in_file.MAC_AT + 6] = bytes.fromhex(PLAIN)
    set_there[3] = crc8(bytes(set_there[4:3584]))
    assert in_file.owner_of(bytes(set_there)) == MAC


def test_another_chip_is_refused_before_anything_is_compared() -> None:
    with pytest.raises(FaultError) as caught:
        in_file.compare(dump("bk7231t"), Profile(chip="bk7231n"))
    assert caught.value.fault.code == "PROFILE-VALUE"
    assert in_file.compare(dump(), Profile(chip="BK7231N")) == []
    assert find(dump()).chip == "bk7231n"
