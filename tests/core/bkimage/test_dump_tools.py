"""Rotation, entropy, and code decrypted in its place."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bkimage import cipher, code, entropy, rbl, rotation, strides
from core.bkimage.flashmap import APP_LOGICAL, APP_START, SIZE


@settings(max_examples=25, deadline=None)
@given(shift=st.integers(1, SIZE - 1))
def test_any_rotation_is_found_and_undone(stock, shift):
    turned = stock[shift:] + stock[:shift]
    header = stock.find(rbl.MAGIC)
    if header < shift < header + rbl.ON_FLASH:  # the header itself is cut in two
        return
    assert rotation.shift_of(turned) == shift
    assert rotation.corrected(turned, shift) == stock


@pytest.mark.parametrize("dump", [b"", b"x" * 100, b"RBL\0" * 1000, bytes(SIZE)])
def test_what_is_not_rotated(dump):
    assert rotation.shift_of(dump) == 0
    assert rotation.corrected(dump, 0) == dump


def test_real_dumps_are_told(real):
    dump, _, _ = real
    assert rotation.shift_of(dump) == 0
    assert rotation.shift_of(dump[0x11000:] + dump[:0x11000]) == 0x11000


def by_definition(data):
    shares = [data.count(bytes([b])) / len(data) for b in set(data)]
    return -sum(share * math.log2(share) for share in shares)


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=4096))
def test_entropy_is_what_it_is_defined_as(data):
    assert entropy.entropy(data) == pytest.approx(by_definition(data), abs=1e-9)


def test_entropy_of_a_flash():
    found = entropy.profile(bytes(4096) + bytes(range(256)) * 16 + b"\xff" * 100)
    assert found == [0.0, 8.0, 0.0]
    assert entropy.entropy(b"") == 0.0
    assert entropy.blank_sectors(b"\xff" * 4096 + bytes(8192), 0) == [4096, 8192]


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=1, max_size=700), st.integers(0, 34))
def test_code_in_place_keeps_checksums_and_length(plain, cut):
    raw = strides.add(plain)[: len(plain) + 34 - cut]
    shown = code.in_place(raw, APP_LOGICAL, cipher.TUYA)
    assert len(shown) == len(raw)
    assert shown[32::34] == raw[32::34]
    assert strides.strip(shown) == cipher.crypt(strides.strip(raw), APP_LOGICAL, cipher.TUYA)


def test_blank_strides_stay_blank():
    raw = strides.add(b"code" * 16) + strides.BLANK * 3 + strides.add(b"more" * 16)
    shown = code.in_place(raw, 0, cipher.TUYA)
    assert shown[68 : 68 + 102] == strides.BLANK * 3
    assert shown[:32] != raw[:32]
    assert shown[170:202] != raw[170:202]


def test_the_key_of_a_dump(real):
    dump, _, _ = real
    key = code.key_for(dump)
    assert key == cipher.TUYA
    assert code.own_key(strides.strip(dump[:APP_START]), key) == "Tuya"
    assert code.own_key(strides.strip(dump[:APP_START]), cipher.UASCENT) == ""
    assert cipher.starts_arm(code.plain_app(dump, key))
    assert code.key_for(b"\xff" * SIZE) is None


def test_the_hash_is_left_out_on_wish(stock):
    header = rbl.parse_on_flash(stock[0x129F0A:])
    body = strides.strip(stock[APP_START:0x129F0A])
    wrong = rbl.Rbl(**{name: getattr(header, name) for name in header.__slots__} | {"fnv": 0})
    assert rbl.verify(wrong, body) != ()
    assert rbl.verify(wrong, body, both=False) == ()
