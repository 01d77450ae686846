import pytest
from bk7231tools.analysis.crc16 import crc16 as peer_crc16
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bkimage import strides
from core.bkimage.strides import BLANK


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"123456789", 0xAEE7),
        (b"\xff" * 32, 0x000C),
        (bytes(32), 0x8029),
        (bytes(range(32)), 0x259D),
    ],
)
def test_crc_vectors(data, crc):
    assert strides.crc16(data) == crc


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_strip_undoes_add_and_the_peers_crc_agrees(plain):
    raw = strides.add(plain)
    assert len(raw) % strides.STRIDE == 0
    assert strides.strip(raw)[: len(plain)] == plain
    assert set(strides.strip(raw)[len(plain) :]) <= {0xFF}
    assert strides.check(raw) is None
    for at in range(0, len(raw), strides.STRIDE):
        crc = int.from_bytes(raw[at + 32 : at + 34])
        assert crc == peer_crc16(raw[at : at + 32], initial_value=0xFFFF)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=300), st.data())
def test_every_flipped_bit_is_found_in_its_stride(plain, data):
    raw = bytearray(strides.add(plain))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    assert strides.check(bytes(raw)) == bit // 8 // strides.STRIDE * strides.STRIDE


def test_blank_strides_are_right_but_not_where_one_byte_is_programmed():
    good = strides.add(bytes(64))
    assert strides.check(BLANK * 3 + good + BLANK) is None
    spoilt = BLANK[:10] + b"\xfe" + BLANK[11:]
    assert strides.check(good + BLANK + spoilt + good) == 3 * 34


def test_all_bad_strides_are_listed_in_order():
    good = strides.add(bytes(32))
    bad = bytes(34)
    assert strides.bad_strides(bad + good + bad + bad) == [0, 68, 102]


@pytest.mark.parametrize("tail", [b"\xff", b"\xff" * 33])
def test_a_blank_tail_is_right(tail):
    assert strides.check(strides.add(bytes(32)) + tail) is None


@pytest.mark.parametrize("tail", [b"\0", b"\xff" * 32 + b"\0"])
def test_a_tail_with_bytes_is_half_a_stride(tail):
    assert strides.check(strides.add(bytes(32)) + tail) == 34


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_can_be_stripped_and_checked(raw):
    assert len(strides.strip(raw)) == len(raw) // 34 * 32 + min(len(raw) % 34, 32)
    found = strides.check(raw)
    assert found is None or (found % 34 == 0 and found < len(raw))


@pytest.mark.parametrize(
    ("logical", "physical"), [(0, 0), (31, 31), (32, 34), (0x10000, 0x11000), (0x118700, 0x129F70)]
)
def test_addresses(logical, physical):
    assert strides.physical(logical) == physical
    assert strides.logical(physical) == logical


def test_a_checksum_byte_belongs_to_the_address_after_it():
    assert strides.logical(32) == strides.logical(33) == 32


def test_every_stride_of_the_real_dumps_is_right(real):
    dump, _, _ = real
    assert strides.check(dump[:0x11000]) is None
    assert strides.check(dump[0x11000:0x12A000]) is None
