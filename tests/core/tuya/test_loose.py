"""JSON without quotes, however it was left behind."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.sim.tuya_values import LSC_N
from core.tuya import loose

GOOD = {
    b"{}": {},
    b"{a:1}": {"a": 1},
    b"{a:1,}": {"a": 1},
    b"{ a : 1 ,\r\n b : two }": {"a": 1, "b": "two"},
    b'{"a":"1","b":2}': {"a": "1", "b": 2},
    b"{a:1.0.4,b:-5,c:007,d:-0x1}": {"a": "1.0.4", "b": -5, "c": "007", "d": "-0x1"},
    b"{a:}": {"a": ""},
    b"{a:,b:2}": {"a": "", "b": 2},
    b"{a:[[14,1c],[]],b:{c:[1,2,],},}": {"a": [[14, "1c"], []], "b": {"c": [1, 2]}},
    b"{a:12:30,b:1}": {"a": "12:30", "b": 1},
    b'{a:"x,y}z",b:"q\\"\\n"}': {"a": "x,y}z", "b": 'q"\n'},
    b"{a:true,b:false,c:null}": {"a": True, "b": False, "c": None},
    b"junk{a:1}\0\0": {"a": 1},
    b"{a:1}\xff\xff": {"a": 1},
}
ODD = {
    b"": ({}, "no opening brace"),
    b"\xff" * 9: ({}, "no opening brace"),
    b"{a:1,b:2": ({"a": 1, "b": 2}, "ends before"),
    b"{a:1,a:2}": ({"a": 1}, "there twice"),
    b"{a,b:1}": ({"a": "", "b": 1}, "has no value"),
    b"{]": ({}, "do not match"),
    b"{a:x]y,b:1}": ({"a": "x", "y": "", "b": 1}, "do not match"),
    b"{a:[1,2},b:1}": ({"a": [1, 2]}, "do not match"),
    b'{a:"x': ({"a": "x"}, "quotation mark"),
    b"{a:" * 30: (None, "Nested deeper"),
    b"{a:[" * 500: (None, "Nested deeper"),
}


@pytest.mark.parametrize("text", GOOD)
def test_what_is_read_without_a_word(text):
    read = loose.parse(text)
    assert read.fields == GOOD[text]
    assert not read.notes


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[:10].decode("latin-1"))
def test_what_is_read_with_a_note(text):
    fields, note = ODD[text]
    read = loose.parse(text)
    assert fields is None or read.fields == fields
    assert any(note in told for told in read.notes)


WORDS = st.text("abcdefgXYZ_ .", min_size=1, max_size=12).map(str.strip).filter(bool)
VALUES = st.recursive(
    st.integers(-(10**9), 10**9)
    | st.booleans()
    | st.none()
    | st.text(max_size=8).filter(lambda text: all(c < "\ud800" for c in text)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(WORDS, VALUES, max_size=5))
def test_strict_json_is_read_as_such(fields):
    assert loose.parse(json.dumps(fields).encode()).fields == fields


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120) | st.text('{}[]:,"\\ab1 ', max_size=60).map(str.encode))
def test_any_bytes_end(data):
    loose.flattened(loose.parse(data).fields)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(LSC_N)))
def test_a_cut_configuration_keeps_what_is_before_the_cut(end):
    whole = loose.parse(LSC_N).fields
    cut = loose.parse(LSC_N[:end]).fields
    complete = dict(list(cut.items())[:-1])
    assert complete.items() <= whole.items()


def test_the_old_nested_form_gets_the_names_of_the_flat_one():
    old = {
        "sw": {
            "dltj": {"ct": 1, "ivcpin": {"pin": 3, "lv": True}, "ivpin": {"pin": 4},
                     "epin": {"pin": 5}, "ri": 2},
            "ch": [
                {"bt": {"pin": {"value": 7}, "lv": {"value": False}}, "rl": {"pin": {"value": 8}}},
                {"rl": {"pin": {"value": 9}, "lv": {"value": True}}},
            ],
            "net": {"wfst": {"pin": 10, "lv": 0}},
        }
    }  # fmt: skip
    assert loose.flattened(old) == {
        "chip_type": 1, "sel_pin_pin": 3, "sel_pin_lv": 1, "vi_pin": 4, "ele_pin": 5,
        "resistor": 2, "bt1_pin": 7, "bt1_lv": 0, "rl1_pin": 8, "rl2_pin": 9, "rl2_lv": 1,
        "netled_pin": 10, "netled_lv": 0,
    }  # fmt: skip
