import zlib

import pytest

from core.bkimage import backup, strides
from core.bkimage.cipher import UASCENT, ZERO
from core.bkimage.flashmap import SECTOR, fingerprint_of
from core.sim import firmware

ERASED = b"\xff" * SECTOR


@pytest.mark.parametrize("make", [firmware.stock_n, firmware.stock_t])
def test_a_stock_flash_is_like_a_real_one(make):
    flash = make()
    assert len(flash) == 0x200000
    blank = sum(flash[at : at + SECTOR] == ERASED for at in range(0, len(flash), SECTOR))
    assert 0.35 < blank / 512 < 0.45
    assert strides.check(flash[:0x11000]) is None
    assert strides.check(flash[0x11000:0x12A000]) is None
    assert backup.examine(flash).whole


def test_the_fingerprint_is_forged_under_right_checksums():
    assert zlib.crc32(firmware.stock_n()[:257]) == 0xE14191BA
    assert zlib.crc32(firmware.stock_t()[:256]) == 0xBA54C1B8
    assert firmware.stock_n()[0x110:0x118] == b"BK7231\0\0"


@pytest.mark.parametrize("key", [ZERO, UASCENT], ids=lambda key: key.name)
def test_the_fingerprint_is_that_of_the_key(key):
    found = fingerprint_of(firmware.openbeken_qio(key=key))
    assert found is not None
    assert (found.chip, found.key) == ("n", key.name)


def test_same_arguments_same_bytes_other_seed_other_bytes():
    assert firmware.stock_n() == firmware.stock_n()
    assert firmware.stock_n(seed=9) != firmware.stock_n()
    assert backup.examine(firmware.stock_n(seed=9)).whole


def test_mac_and_overlay_are_where_they_belong():
    mac = bytes.fromhex("a09208758104")
    flash = firmware.stock_n(mac, overlay={0x1EE000: b"store", 0x1D1000: b"CFG"})
    assert backup.examine(flash).mac == mac
    assert flash[0x1EE000:0x1EE005] == b"store"
    assert flash[0x1D1000:0x1D1003] == b"CFG"


@pytest.mark.parametrize("at", [-1, 0x1FFFFF])
def test_an_overlay_outside_the_flash(at):
    with pytest.raises(ValueError, match="fit"):
        firmware.stock_n(overlay={at: b"ab"})


@pytest.mark.parametrize("chip", ["n", "t"])
def test_a_qio_image_has_the_size_of_a_real_one(chip):
    assert len(firmware.openbeken_qio(chip=chip)) == 0x129F70
