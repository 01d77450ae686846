"""The shelf: what each kind of file is, whatever its name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from core.bkimage import cipher
from core.fault import FaultError
from core.guide.shelf import Shelf, examine
from core.sim import firmware
from core.sim.module_images import meter_image
from core.store.files import Files


@cache
def qio() -> bytes:
    return firmware.openbeken_qio()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "firmware", Files())


@pytest.mark.parametrize(
    ("data", "chip", "kind", "use", "code"),
    [
        (qio(), "bk7231n", "qio", "wires", ""),
        (firmware.openbeken_ua(), "bk7231t", "ua", "wires", ""),
        (firmware.openbeken_qio(key=cipher.ZERO), "bk7231n", "qio", "wires", ""),
        (firmware.openbeken_rbl(), "", "ota", "network", ""),
        (meter_image(), "tlsr8253", "meter", "wires", ""),
        (firmware.tuya_ug(), "", "ug", "nothing", "IMG-UG"),
        (qio()[:-5000], "bk7231n", "qio", "nothing", "IMG-TRUNCATED"),
        (qio()[:0x40000] + b"?" + qio()[0x40001:], "bk7231n", "qio", "nothing", "IMG-DAMAGED"),
        (firmware.openbeken_rbl()[:-9], "", "ota", "nothing", "IMG-DAMAGED"),
        (meter_image()[:-1], "tlsr8253", "meter", "nothing", "TLIMG-LENGTH"),
        (b"\xff" * 5000, "", "blank", "nothing", "IMG-BLANK"),
        (b"<!DOCTYPE html>" * 90, "", "unknown", "nothing", "IMG-UNKNOWN"),
        (b"", "", "blank", "nothing", "IMG-BLANK"),
    ],
    ids=[
        "qio",
        "ua",
        "no key",
        "rbl",
        "meter",
        "ug",
        "cut qio",
        "damaged qio",
        "damaged rbl",
        "cut meter",
        "blank",
        "page",
        "empty",
    ],
)
def test_a_file_is_what_its_contents_say(
    shelf: Shelf, data: bytes, chip: str, kind: str, use: str, code: str
) -> None:
    name = "OpenBK7231T_UA_lies.bin"
    found = examine(data, shelf.folder / name)
    assert (found.chip, found.kind, found.use, found.code) == (chip, kind, use, code)
    assert found.title
    path = shelf.keep(name, data)
    if not code:
        assert shelf.check(path) == found
    else:
        with pytest.raises(FaultError) as error:
            shelf.check(path)
        assert (error.value.fault.code, error.value.fault.exit) == (code, 3)


def test_version_product_and_key_are_read_from_the_contents(shelf: Shelf) -> None:
    found = examine(firmware.openbeken_qio("1.18.230"), shelf.folder / "x")
    assert (found.product, found.version, found.key) == ("OpenBeken", "1.18.230", "tuya")
    assert examine(meter_image("V1.6"), shelf.folder / "y").version == "V1.6"


def test_the_list_shows_every_file_and_no_side_file(shelf: Shelf) -> None:
    assert shelf.all() == []
    shelf.keep("b.bin", qio())
    shelf.keep("a.bin", b"nothing")
    (shelf.folder / "c.part").write_bytes(b"half")
    (shelf.folder / "folder").mkdir()
    with (shelf.folder / "huge.bin").open("wb") as huge:
        huge.truncate(17 << 20)
    found = {f.name: f.use for f in shelf.all()}
    assert found == {"a.bin": "nothing", "b.bin": "wires", "huge.bin": "nothing"}


def test_the_checksum_stands_beside_the_file_as_sha256sum_writes_it(shelf: Shelf) -> None:
    path = shelf.keep("b.bin", qio())
    digest = shelf.check(path).sha256
    assert path.with_name("b.bin.sha256").read_text() == f"{digest}  b.bin\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_changed_since_is_not_sound(shelf: Shelf) -> None:
    path = shelf.keep("b.bin", qio())
    path.write_bytes(firmware.openbeken_qio("1.18.1"))
    with pytest.raises(FaultError, match="STORE-CHANGED"):
        shelf.check(path)


def test_nothing_is_written_over(shelf: Shelf) -> None:
    path = shelf.keep("b.bin", qio())
    with pytest.raises(FileExistsError):
        shelf.keep("b.bin", b"other")
    assert path.read_bytes() == qio()


def test_a_bare_name_is_looked_for_on_the_shelf(shelf: Shelf, tmp_path: Path) -> None:
    shelf.keep("b.bin", qio())
    assert shelf.check(Path("b.bin")).use == "wires"
    with pytest.raises(FaultError, match="STORE-UNREADABLE"):
        shelf.check(tmp_path / "b.bin")
