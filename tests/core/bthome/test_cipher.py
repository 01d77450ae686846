"""Bind keys as people type them."""

import pytest

from core.bthome.cipher import BindKey, key_digits, parse_key
from core.fault import FaultError

DIGITS = "231d39c1d7cc1ab1aee224cd096db932"
WRITTEN = [
    DIGITS,
    DIGITS.upper(),
    f"0x{DIGITS}",
    ":".join(DIGITS[at : at + 2] for at in range(0, 32, 2)),
    " ".join(DIGITS[at : at + 4] for at in range(0, 32, 4)),
    f"  '{DIGITS[:16]}-{DIGITS[16:]}'  ",
    DIGITS[:8] + ";" + DIGITS[8:16] + "_" + DIGITS[16:24] + "," + DIGITS[24:],
]


@pytest.mark.parametrize("text", WRITTEN)
def test_any_separators(text):
    assert parse_key(text).raw.hex() == DIGITS
    assert key_digits(text) == (32, "")


@pytest.mark.parametrize("text", ["", DIGITS[:-1], DIGITS + "0", DIGITS[:-1] + "g", "ключ", "[b]"])
def test_what_is_no_key_is_a_fault_that_does_not_quote_it(text):
    with pytest.raises(FaultError) as caught:
        parse_key(text)
    assert caught.value.fault.code == "BTHOME-KEY"
    assert not text or text not in caught.value.fault.what


def test_the_length_is_told_while_typing():
    assert [key_digits(DIGITS[:n])[0] for n in (0, 1, 31, 32)] == [0, 1, 31, 32]
    assert key_digits("12 zz")[1] == "z"


def test_a_key_does_not_show_itself():
    key = BindKey(bytes.fromhex(DIGITS))
    assert DIGITS not in repr(key) and "#" not in repr(key)
    assert key == parse_key(DIGITS) and key != BindKey(bytes(16))


@pytest.mark.parametrize("size", [0, 15, 17, 24, 32])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError):
        BindKey(bytes(size))
