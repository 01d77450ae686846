"""The file of keys: what is found, what is kept, and that no value ever shows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fault import FaultError
from core.store.files import Files
from core.store.keys import Keys, _with_line
from core.store.store import Store

MAC = "A4:C1:38:5C:94:FA"
KEY = bytes(range(16))
BY_HAND = f"""\
# stairwell 3
"{MAC}" = "{KEY.hex()}"   # the one on the left

[secrets]
home-wifi = "pass # word"  # of the customer
"""


def keys_of(tmp_path: Path, text: str | None = None, mode: int = 0o600) -> Keys:
    path = tmp_path / "keys.toml"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    return Keys(path, Files())


def test_no_file_holds_nothing(tmp_path: Path) -> None:
    keys = keys_of(tmp_path)
    assert (keys.bind_keys, keys.secret_names, keys.problem) == ({}, [], "")
    assert keys.bind_key(MAC) is None


def test_a_file_written_by_hand(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, BY_HAND)
    assert keys.bind_key("a4c1385c94fa") == KEY
    assert keys.secret("home-wifi") == "pass # word"
    assert keys.secret("other") is None
    assert (keys.problem, keys.too_open) == ("", "")


def test_a_new_file_is_private_and_in_the_documented_form(tmp_path: Path) -> None:
    keys = Store(tmp_path).keys
    keys.set_bind_key("a4c1385c94fa", KEY)
    keys.set_secret("home-wifi", 'a "b" \\ ü')
    path = tmp_path / "keys.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert tomllib.loads(path.read_text()) == {
        MAC: KEY.hex(), "secrets": {"home-wifi": 'a "b" \\ ü'},
    }  # fmt: skip
    assert Store(tmp_path).keys.secret("home-wifi") == 'a "b" \\ ü'


def test_a_change_leaves_the_rest_as_it_was(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, BY_HAND)
    keys.set_bind_key("00:11:22:33:44:55", bytes(16))
    keys.set_secret("mqtt", "x")
    keys.set_bind_key("AA:11:22:33:44:55", KEY)
    text = keys.path.read_text()
    assert all(row in text.splitlines() for row in BY_HAND.splitlines())
    assert keys.bind_key("001122334455") == bytes(16)
    assert keys.bind_key("AA1122334455") == KEY
    assert keys.secret_names == ["home-wifi", "mqtt"]
    keys.forget_bind_key("001122334455")
    assert keys.bind_key("001122334455") is None
    assert "# stairwell 3" in keys.path.read_text()


def test_a_new_value_takes_the_place_of_the_old(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, f'"{MAC.lower()}" = "{bytes(16).hex()}"\n[secrets]\nw = "a"\n')
    keys.set_bind_key(MAC, KEY)
    keys.set_secret("w", "b")
    assert (keys.bind_keys, keys.secret("w")) == ({MAC: KEY}, "b")


@pytest.mark.parametrize("text", ["secrets = 3\n", 'secrets = { w = "a" }\n', 'a = """\nx\n"""\n'])
def test_a_file_that_lines_cannot_change_is_written_anew(tmp_path: Path, text: str) -> None:
    keys = keys_of(tmp_path, text)
    keys.set_secret("w", "b")
    keys.set_bind_key(MAC, KEY)
    assert (keys.secret("w"), keys.bind_key(MAC)) == ("b", KEY)


@pytest.mark.parametrize("text", ['"A4:C1" = \n', "\xff\xfe", '[secrets]\nw = "hunter2\n'])
def test_an_unreadable_file_is_named_and_kept(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.toml").write_bytes(text.encode("latin-1"))
    keys = Keys(tmp_path / "keys.toml", Files())
    assert str(keys.path) in keys.problem
    assert "hunter2" not in keys.problem
    with pytest.raises(FaultError) as error:
        keys.set_secret("a", "b")
    assert (error.value.fault.code, error.value.fault.exit) == ("STORE-KEYS", 3)
    assert keys.path.read_bytes() == text.encode("latin-1")


def test_entries_that_are_no_keys_are_named_and_the_others_used(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, f'hello = 3\n"{MAC}" = "{KEY.hex()}"\n"00:11:22:33:44:55" = "ab"\n')
    assert keys.bind_keys == {MAC: KEY}
    assert "'hello', '00:11:22:33:44:55'" in keys.problem


def test_a_file_that_others_may_read_is_said(tmp_path: Path) -> None:
    assert "chmod 600" in keys_of(tmp_path, BY_HAND, 0o644).too_open


@pytest.mark.parametrize(("mac", "key"), [("nonsense", KEY), (MAC, b"short")])
def test_what_is_no_bind_key_is_refused(tmp_path: Path, mac: str, key: bytes) -> None:
    with pytest.raises(ValueError, match="bind key"):
        keys_of(tmp_path).set_bind_key(mac, key)


def test_no_value_is_in_a_repr(tmp_path: Path) -> None:
    assert "pass" not in repr(keys_of(tmp_path, BY_HAND))


NAMES = st.text("ab- .\"'#=[]é", min_size=1, max_size=6)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(NAMES, st.text(max_size=8), max_size=4), NAMES, st.text(max_size=8))
def test_any_name_and_value_survives(entries: dict[str, str], name: str, value: str) -> None:
    text = ""
    for key, entry in {**entries, name: value}.items():
        text = _with_line(text, key, entry, table="secrets")
    assert tomllib.loads(text) == {"secrets": {**entries, name: value}}
