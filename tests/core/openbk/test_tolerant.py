"""JSON as the firmware prints it, and any bytes."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fault import FaultError
from core.openbk.tolerant import loads
from tests.core.openbk.bench import SAMPLES, body_of, needs_samples


@needs_samples
def test_every_recorded_json_has_a_value() -> None:
    seen = 0
    for file in sorted(SAMPLES.glob("*.http")):
        head, _, body = file.read_bytes().partition(b"\r\n\r\n")
        if b"application/json" in head and body[:1] in (b"{", b"["):
            assert isinstance(loads(body).value, dict), file.name
            seen += 1
    assert seen > 150


@needs_samples
def test_a_name_with_a_quote_is_read_whole() -> None:
    found = loads(body_of("512_"))
    assert found.value["shortName"] == 'a"b'
    assert found.value["supportsClientDeviceDB"] is True
    assert "a quote that is not escaped" in found.notes


@needs_samples
def test_raw_newlines_repeated_keys_and_lone_backslashes() -> None:
    assert loads(body_of("062_")).value["error"] == 400
    channels = loads(body_of("070_"))
    assert channels.value == {"1": 0, "0": 0}
    assert channels.notes == ("repeated keys",)
    start = loads(body_of("146_")).value["startcmd"]
    assert start == 'echo "quoted"\necho back\\slash'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":inf,"b":-inf}', {"a": math.inf, "b": -math.inf}),
        ('{"a":0.,"b":1.5e3}', {"a": 0.0, "b": 1500.0}),
        ('{"a":"x"y","b":1}', {"a": 'x"y', "b": 1}),
        ('{"a":"\\"q\\" and \\s","b":"x"z"}', {"a": '"q" and \\s', "b": 'x"z'}),
        ('["x"y","z"]', ['x"y', "z"]),
        ('{"a":true,"b":null,"c":"d"e"}', {"a": True, "b": None, "c": 'd"e'}),
    ],
)
def test_what_strict_json_refuses(text: str, value: object) -> None:
    assert loads(text.encode()).value == value


def test_nan_is_a_number_that_is_none() -> None:
    found = loads(b'{"P":nan,"Q":-nan,"R":1}').value
    assert math.isnan(found["P"]) and math.isnan(found["Q"]) and found["R"] == 1


def test_a_piece_cut_at_254_characters_ends_where_the_next_key_begins() -> None:
    whole = '"mqtthost":"' + "h" * 300 + '",'
    found = loads(("{" + whole[:254] + '"mqtttopic":"t","flags":"4"}').encode())
    assert found.value["mqtttopic"] == "t"
    assert set(found.value["mqtthost"]) == {"h"}
    assert "cut at 254 characters" in found.notes


@given(st.integers(1, 400))
@settings(max_examples=60, deadline=None)
def test_cut_at_any_byte_gives_what_came_before_with_a_note(at: int) -> None:
    text = json.dumps({"uptime_s": 5, "mac": "A4:C1", "list": [1, 2, {"x": "y"}], "name": "plug"})
    part = text[: min(at, len(text) - 1)]
    found = loads(part.encode())
    assert isinstance(found.value, dict)
    assert any(note.startswith("cut") for note in found.notes)


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_value_or_a_fault(raw: bytes) -> None:
    for data in (raw, b"{" + raw, b'{"a":"' + raw, b"[" * 50 + raw):
        try:
            loads(data)
        except FaultError as error:
            assert error.fault.code == "OBK-UNREADABLE"


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner,
                                                               max_size=4),
    max_leaves=12,
))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_right_json_is_read_as_json_does(value: object) -> None:
    assert loads(json.dumps([value]).encode()).value == [value]


@given(st.text(alphabet="abc \"',{}[]:ü\\", max_size=30))
@settings(max_examples=300, deadline=None)
def test_names_without_structure_inside_survive_unescaped(name: str) -> None:
    """Quotes are told apart by what follows them; names that imitate JSON cannot be."""
    text = f'{{"shortName":"{name}","startcmd":"","n":7}}'
    found = loads(text.encode()).value
    assert isinstance(found, dict)
    imitates = any(mark in name for mark in ('",', '"}', '"]', "\\", '":')) or '" ' in name
    if not imitates and not name.endswith('"'):
        assert found["shortName"] == name
        assert found["n"] == 7


def test_a_long_run_of_quotes_is_read_in_one_go() -> None:
    text = '{"a":"' + '" ' * 20000 + 'x","b":1}'
    assert loads(text.encode()).value["b"] == 1


@pytest.mark.parametrize("digits", [25, 400, 5000])
def test_a_number_of_any_length_is_infinite_at_most(digits: int) -> None:
    for text in (b'{"a":%s,"b":-%s}', b'{"a":%s,"b":-%s,}'):
        nines = b"9" * digits
        found = loads(text.replace(b"%s", nines)).value
        assert isinstance(found["a"], float) and found["b"] == -found["a"]


def test_half_a_surrogate_pair_does_not_get_any_further() -> None:
    found = loads(rb'{"shortName":"a\ud800b","\udc00":["\ud83d\ude00"]}').value
    assert found == {"shortName": "a?b", "?": ["\U0001f600"]}


def test_what_is_nested_too_deep_is_refused_also_in_right_json() -> None:
    with pytest.raises(FaultError):
        loads(b"[" * 200 + b"]" * 200)


@pytest.mark.parametrize("piece", [b'"', b'{"', b'" ', b"\\", b"x"])
def test_what_is_longer_than_any_answer_is_not_repaired(piece: bytes) -> None:
    with pytest.raises(FaultError) as caught:
        loads(b'{"a":' + piece * (300_000 // len(piece)))
    assert caught.value.fault.code == "OBK-UNREADABLE"
