"""Opening files, taking things out of them, comparing them."""

import json
import lzma
import os
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fault import FaultError
from core.profile import toml_file
from core.tuya import opening
from core.tuya.compare import compare, differences
from core.tuya.outputs import configuration
from core.tuya.survey import survey
from core.tuya.take import key_bytes, range_bytes
from tests.core.tuya.dumps import STORE, VALUES, damaged, simple, stock, wiped, with_store

SEEN = survey(with_store(simple(**VALUES)))


def code_of(call, *args, **options):
    with pytest.raises(FaultError) as caught:
        call(*args, **options)
    return caught.value.fault.code


# -- values and ranges ------------------------------------------------------------------------


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_out_byte_for_byte(name):
    assert key_bytes(SEEN, name, reveal=True) == VALUES[name]


def test_secrets_only_on_wish():
    assert code_of(key_bytes, SEEN, "gw_bi") == "TUYA-SECRET"
    assert key_bytes(SEEN, "user_param_key") == VALUES["user_param_key"]


def test_a_value_that_is_not_there():
    with pytest.raises(FaultError) as caught:
        key_bytes(SEEN, "nope")
    assert caught.value.fault.code == "TUYA-NO-KEY"
    assert "user_param_key" in caught.value.fault.cause
    assert code_of(key_bytes, survey(b"x" * 5000), "k") == "TUYA-NO-STORE"


def test_a_damaged_value_is_not_given_out():
    seen = survey(damaged(simple(big=bytes(3000), k=b"v"), 0x1000 + 400))
    assert "k" not in seen.store.values or code_of(key_bytes, seen, "big") == "TUYA-NO-KEY"


@pytest.mark.parametrize("text", ["0x1D0000:0x1D0010", "1900544:1900560"])
def test_a_range(text):
    assert range_bytes(SEEN, text) == SEEN.data[0x1D0000:0x1D0010]


@pytest.mark.parametrize(
    "text", ["", "x", "1", "5:5", "9:1", "0:0x200001", "-1:5", "0x:5", "1:2:3", "9" * 99 + ":1"]
)
def test_a_range_that_is_none(text):
    assert code_of(range_bytes, SEEN, text) == "TUYA-RANGE"


def test_a_range_over_the_store_needs_to_be_revealed():
    text = "0x1EDFFF:0x1EE001"
    assert code_of(range_bytes, SEEN, text) == "TUYA-SECRET"
    assert len(range_bytes(SEEN, text, reveal=True)) == 2


def test_a_range_of_a_part_counts_in_flash_addresses():
    part = survey(stock()[STORE:])
    assert range_bytes(part, "0x1EE000:0x1EE004", reveal=True) == stock()[STORE : STORE + 4]


# -- configurations ---------------------------------------------------------------------------


def test_the_profile_reads_back():
    made = configuration(SEEN)
    assert toml_file.parse(made.toml()) == made.profile
    assert "a convenience, not a safety device" in made.toml()
    assert made.profile.startup == "AddChangeHandler Current > 16000 SetChannel 1 0"


def test_declining_the_overload_line_is_written_down():
    made = configuration(SEEN, trip=False)
    assert made.declined
    assert made.profile.startup == ""
    assert "was declined" in made.toml()


def test_a_turned_pin_is_written_down():
    made = configuration(SEEN, flipped=frozenset({10}))
    assert made.profile.pins[10].role == "WifiLED_n"
    assert "P10 was turned over" in made.toml()


def test_template_and_script_say_the_same():
    made = configuration(SEEN)
    template = json.loads(made.template())
    assert template["pins"]["8"] == "Rel;1"
    assert (template["chip"], template["board"], template["flags"]) == ("BK7231N", "CB2S", "1024")
    for pin, text in template["pins"].items():
        role, channel = text.split(";")
        line = f"backlog setPinRole {pin} {role}; setPinChannel {pin} {channel}"
        assert line in made.script().splitlines()


def test_hostile_fields_stay_in_their_comment():
    text = b"{module:x\n[wifi]\nssid=1,rl1_pin:8,rl2_pin:8,evil\n[mqtt]\n_pin:9}"
    toml = configuration(survey(simple(user_param_key=text))).toml()
    assert "wifi" not in tomllib.loads(toml)
    assert "mqtt" not in tomllib.loads(toml)


@pytest.mark.parametrize("module", [rb"\ud800\u0000x", rb"\u001b[2J", b"\xff\xfe", b"x" * 5000])
def test_any_module_name_can_be_written_out(module):
    made = configuration(survey(simple(user_param_key=b'{"module":"' + module + b'","rl1_pin":8}')))
    for text in (made.toml(), made.template(), made.script()):
        assert text.encode("ascii")
        assert len(text) < 1500


def test_a_dump_without_pins():
    assert code_of(configuration, survey(simple(k=b"v"))) == "TUYA-NO-PINS"
    assert code_of(configuration, survey(b"")) == "TUYA-NO-PINS"


def test_a_second_chip_gets_its_driver():
    made = configuration(survey(simple(baud_cfg=b'{"baud":9600}\0')))
    assert made.profile.startup == "startDriver TuyaMCU"


# -- files ------------------------------------------------------------------------------------


def test_packed_files_are_unpacked(tmp_path):
    path = tmp_path / "a.bin.xz"
    path.write_bytes(lzma.compress(b"data"))
    assert opening.load(path).data == b"data"
    path.write_bytes(b"no xz")
    assert code_of(opening.load, path) == "STORE-UNREADABLE"
    path.write_bytes(lzma.compress(bytes(17 << 20), preset=0))
    assert code_of(opening.load, path) == "STORE-UNREADABLE"


def test_what_cannot_be_opened(tmp_path):
    assert code_of(opening.load, tmp_path) == "STORE-UNREADABLE"
    assert code_of(opening.load, tmp_path / "none") == "STORE-UNREADABLE"
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(64 << 20)
    assert code_of(opening.load, large) == "STORE-UNREADABLE"
    os.mkfifo(tmp_path / "fifo")
    assert code_of(opening.load, tmp_path / "fifo") == "STORE-UNREADABLE"


def test_a_file_that_changes_while_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    path.write_bytes(b"one")
    whole = opening.read

    def slow(name, limit):
        found = whole(name, limit)
        path.write_bytes(b"other")
        return found

    monkeypatch.setattr(opening, "read", slow)
    assert code_of(opening.load, path) == "TUYA-CHANGING"


# -- comparing --------------------------------------------------------------------------------


def test_equal_dumps():
    found = compare(SEEN, SEEN)
    assert found.equal
    assert found.summary == "They are equal."


def test_differences_are_named_by_area():
    data = wiped(damaged(stock(), 0x1D0030), STORE, STORE + 16)
    found = compare(survey(stock()), survey(data))
    assert found.summary == "Only RF and MAC and Tuya store differ."
    assert [area.name for area in found.areas] == ["RF and MAC", "store key"]
    assert found.ranges[0] == (0x1D0030, 0x1D0031)


def test_a_rotated_dump_equals_itself():
    data = stock()
    assert compare(survey(data), survey(data[0x11000:] + data[:0x11000])).equal


def test_a_part_is_compared_where_it_overlaps():
    found = compare(survey(stock()), survey(stock()[STORE:]))
    assert not found.equal
    assert not found.ranges
    assert found.common == (STORE, 0x200000)
    assert "0x1ee000" in found.summary


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20_000), st.sets(st.integers(0, 19_999), max_size=40))
def test_every_difference_is_in_a_range(size, places):
    left = bytes(size)
    right = bytearray(left)
    changed = {at for at in places if at < size}
    for at in changed:
        right[at] = 1
    ranges = list(differences(left, bytes(right)))
    assert changed == {at for a, b in ranges for at in range(a, b) if right[at]}
    assert all(right[a] and right[b - 1] for a, b in ranges)
    assert ranges == sorted(ranges)
