import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bkimage.backup import examine
from core.sim import firmware

MAC = bytes.fromhex("c0ffee001234")


def test_a_whole_dump(stock):
    found = examine(stock)
    assert found.whole
    assert found.reasons == ()
    assert (found.chip, found.mac, found.rf_at, found.key) == ("n", MAC, 0x1D0000, "tuya")
    assert found.constant is None


def test_a_whole_dump_of_a_t():
    found = examine(firmware.stock_t())
    assert (found.whole, found.chip, found.rf_at) == (True, "t", 0x1E0000)


@pytest.mark.parametrize("byte", [0x00, 0xFF, 0x5A])
def test_one_repeated_byte(byte):
    found = examine(bytes([byte]) * 0x200000)
    assert not found.whole
    assert found.constant == byte
    assert len(found.reasons) == 1


def spoilt(dump, at, data):
    return dump[:at] + data + dump[at + len(data) :]


@pytest.mark.parametrize(
    ("at", "data", "words"),
    [
        (0x10, b"\0\0\0", "known bootloader"),
        (0x1D0000, b"\xff" * 4096, "RF block"),
        (0x1D0024, bytes(6), "RF block"),
    ],
)
def test_true_perhaps_but_not_whole(stock, at, data, words):
    found = examine(spoilt(stock, at, data))
    assert not found.whole
    assert [words in reason for reason in found.reasons] == [True]


def test_the_application_does_not_matter(stock):
    found = examine(spoilt(stock, 0x11000, b"\xff" * 0x119000))
    assert (found.whole, found.key) == (True, None)


def test_too_short(stock):
    assert "bytes" in examine(stock[:-1]).reasons[0]
    assert examine(b"").reasons == ("It is empty.",)


@pytest.mark.parametrize("shift", [0x1, 0x1000, 0x1EF000])
def test_a_moved_dump_is_recognised(stock, shift):
    moved = stock[-shift:] + stock[:-shift]
    reasons = " ".join(examine(moved).reasons)
    assert f"moved by {shift:#x} bytes" in reasons


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes(data):
    assert not examine(data).whole


def test_a_real_dump_is_whole(real):
    dump, chip, mac = real
    found = examine(dump)
    assert (found.whole, found.reasons, found.chip, found.mac) == (True, (), chip, mac)
    assert found.key == "tuya"
