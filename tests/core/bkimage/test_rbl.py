import io
from dataclasses import replace

import pytest
from bk7231tools.analysis.flash import FLASH_LAYOUTS
from bk7231tools.analysis.rbl import Container
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bkimage import fal, rbl, strides
from core.bkimage.flashmap import APP_RBL, BOOTLOADER_RBL


def header_and_body(dump, at, start):
    found = rbl.parse_on_flash(dump[at:])
    return found, strides.strip(dump[start:at])


@pytest.mark.parametrize(("data", "hash_"), [(b"", 0x811C9DC5), (b"foobar", 0xBF9CF968)])
def test_fnv(data, hash_):
    assert rbl.fnv1a(data) == hash_


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=1, max_size=300), st.integers(0, 0xFFFFFFFF))
def test_a_built_header_is_read_back_and_proves_its_body(body, time):
    header = rbl.for_body(body, "app", "1.00", time)
    raw = rbl.build(header)
    assert len(raw) == rbl.SIZE
    assert rbl.parse(raw) == header
    assert rbl.parse_on_flash(strides.add(raw)) == header
    assert rbl.verify(header, body + b"\xff" * 9) == ()


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_changed_body_is_found_by_both_checks(body, data):
    header = rbl.for_body(body, "app", "1.00", 0)
    bit = data.draw(st.integers(0, len(body) * 8 - 1))
    changed = bytearray(body)
    changed[bit // 8] ^= 1 << bit % 8
    assert len(rbl.verify(header, bytes(changed))) == 2


def test_a_changed_header_is_not_intact():
    raw = bytearray(rbl.build(rbl.for_body(b"code", "app", "1.00", 0)))
    raw[30] ^= 1
    found = rbl.parse(bytes(raw))
    assert found is not None
    assert not found.intact
    assert "header" in rbl.verify(found, b"code")[0]


@pytest.mark.parametrize(
    "change", [{"raw_size": 5}, {"raw_size": 0xFFFFFFFF}, {"packed_size": 3}, {"algorithm": 0x102}]
)
def test_sizes_and_packing_that_cannot_be_checked(change):
    header = replace(rbl.for_body(b"code", "app", "1.00", 0), **change)
    assert len(rbl.verify(header, b"code")) == 1


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=120))
def test_any_bytes_after_the_magic(data):
    found = rbl.parse(rbl.MAGIC + data)
    assert (found is None) == (len(data) < rbl.SIZE - 4)
    assert rbl.parse(b"LBR\0" + data) is None


def test_names_are_text_whatever_they_are():
    raw = rbl.MAGIC + bytes(8) + b"\x1b[2J\xff".ljust(16, b"\xff") + bytes(68)
    found = rbl.parse(raw)
    assert found is not None
    assert found.name.startswith("\x1b[2J")


def test_bootloader_and_application_of_a_made_up_dump(stock):
    for at, start, name in ((BOOTLOADER_RBL, 0, "bootloader"), (APP_RBL, 0x11000, "app")):
        header, body = header_and_body(stock, at, start)
        assert header.name == name
        assert rbl.verify(header, body) == ()


@pytest.mark.parametrize(("at", "name"), [(BOOTLOADER_RBL, "bootloader"), (APP_RBL, "app")])
def test_the_peer_reads_and_proves_the_made_up_containers(stock, at, name):
    stream = io.BytesIO(stock)
    stream.seek(at)
    container = Container.from_bytestream(stream, FLASH_LAYOUTS["ota_1"])
    assert container.header.name == name
    assert container.payload is not None


def test_containers_of_real_dumps(real):
    dump, chip, _ = real
    boot, body = header_and_body(dump, BOOTLOADER_RBL, 0)
    assert rbl.verify(boot, body) == ()
    assert boot.crc == {"n": 0xA9792DA2, "t": 0x878FF8A1}[chip]
    if chip == "n":
        assert (boot.raw_size, boot.packed_size, boot.fnv) == (0xEA1C, 0xEA20, 0x4F914887)
    app, body = header_and_body(dump, APP_RBL, 0x11000)
    assert app.name == "app"
    assert rbl.verify(app, body) == ()


def test_partition_tables(real):
    dump, chip, _ = real
    table = fal.find(strides.strip(dump[:0x11000]))
    assert [p.name for p in table] == ["bootloader", "app", "download"]
    assert table[1] == fal.Partition("app", fal.CODE_DEVICE, 0x10000, 0x108700)
    download = {"n": 0x12A000, "t": 0x132000}[chip]
    assert table[2] == fal.Partition("download", fal.RAW_DEVICE, download, 0xA6000)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_a_partition_table_in_any_bytes(data):
    assert len(fal.find(data + fal.MAGIC + data)) <= 16
    table = (fal.Partition("app", fal.RAW_DEVICE, 1, 2),)
    assert fal.find(b"\xff" * 7 + fal.build(table) + b"\xff" * 70) == table


def test_an_endless_partition_table_is_cut():
    assert len(fal.find(fal.build((fal.Partition("a", "b", 1, 2),)) * 100)) == 16
