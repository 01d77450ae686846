import zlib
from itertools import pairwise

import pytest

from core.bkimage import flashmap
from core.bkimage.flashmap import CHIPS, N, T


@pytest.mark.parametrize("chip", [N, T], ids=lambda chip: chip.chip)
def test_regions_cover_the_flash_without_gap_or_overlap(chip):
    edges = [(r.start, r.end) for r in chip.regions]
    assert edges[0][0] == 0
    assert edges[-1][1] == 0x200000
    assert all(a[1] == b[0] for a, b in pairwise(edges))
    assert all(start % flashmap.SECTOR == 0 and start < end for start, end in edges)
    assert len({r.name for r in chip.regions}) == len(chip.regions)


@pytest.mark.parametrize(
    ("chip", "address", "name"),
    [
        (N, 0x0, "bootloader"),
        (N, 0x10FFF, "bootloader"),
        (N, 0x11000, "app"),
        (N, 0x129FFF, "app"),
        (N, 0x12A000, "download"),
        (N, 0x1D0000, "rf"),
        (N, 0x1D1000, "config"),
        (N, 0x1EE000, "tuya store"),
        (N, 0x1FFFFF, "tuya store"),
        (T, 0x12A000, "tuya files 3"),
        (T, 0x132000, "download"),
        (T, 0x1D7FFF, "download"),
        (T, 0x1E0000, "rf"),
        (T, 0x1E1000, "config"),
    ],
)
def test_region_at(chip, address, name):
    assert chip.region_at(address).name == name


@pytest.mark.parametrize("address", [-1, 0x200000])
def test_no_region_outside_the_flash(address):
    with pytest.raises(ValueError, match="outside"):
        N.region_at(address)


def test_the_application_ends_below_tuyas_file_system_on_both_chips():
    assert {chip.app.end for chip in CHIPS.values()} == {flashmap.APP_END_MAX}


def test_one_sector_each_for_rf_and_configuration():
    assert {r.size for c in CHIPS.values() for r in (c.rf, c.config)} == {flashmap.SECTOR}


@pytest.mark.parametrize("name", ["bk7231n", "BK7231N", "n", "N"])
def test_chip_map_by_name(name):
    assert flashmap.chip_map(name) is N


def test_chip_map_of_an_unknown_chip():
    with pytest.raises(KeyError):
        flashmap.chip_map("bk7238")


def test_constants_are_the_checksums_that_they_are_said_to_be():
    assert {n: zlib.crc32(bytes(n)) for n in (256, 257)} == flashmap.DEAD_FLASH
    assert {n: zlib.crc32(b"\xff" * n) for n in (256, 257)} == flashmap.ERASED_BOOT
    for size, crc in flashmap.BLANK_CRC.items():
        assert zlib.crc32(b"\xff" * size) == crc
    for size, crc in flashmap.ZERO_CRC.items():
        assert zlib.crc32(bytes(size)) == crc


@pytest.mark.parametrize(
    ("head", "text"),
    [
        (b"\xff" * 252 + bytes.fromhex("56566c3c") + b"\xff", "BK7231N 1.0.1"),
        (bytes(252) + bytes.fromhex("51715132") + b"\0", "BK7231N 1.0.1"),
        (b"\xff" * 252 + bytes.fromhex("7a60f918"), "BK7231S (T) 1.0.5"),
        (bytes(252) + bytes.fromhex("a437ae19"), "BK7231S (T) 1.0.5"),
        (b"\xff" * 252 + bytes.fromhex("a306ce43"), "BK7231S (T) 1.0.1"),
        (b"\xff" * 252 + bytes.fromhex("c9e2b5f2"), "BK7231S (T) 1.0.3"),
        (b"\xff" * 252 + bytes.fromhex("b7cb1b44"), "BK7231S (T) 1.0.6"),
    ],
)
def test_forged_fingerprints_of_the_sheet(head, text):
    found = flashmap.fingerprint_of(head + b"\xff" * 64)
    assert found is not None
    assert found.text == text


@pytest.mark.parametrize("head", [b"", b"\xff" * 300, bytes(300), b"x" * 300])
def test_no_fingerprint(head):
    assert flashmap.fingerprint_of(head) is None


def test_real_dumps_begin_with_a_known_bootloader(real):
    dump, chip, _ = real
    found = flashmap.fingerprint_of(dump)
    assert found is not None
    assert (found.chip, found.span) == (chip, CHIPS[chip].fingerprint_span)
