"""Text that screens and lines share; nothing that steers a terminal gets through."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.text import clean, duration, rate, size

ANY = st.text(st.characters(codec=None), max_size=60)  # every code point, half pairs as well
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@settings(max_examples=500, deadline=None)
@given(ANY)
def test_nothing_that_steers_gets_through(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) == len(text)
    for before, after in zip(text, cleaned, strict=True):
        kind = unicodedata.category(after)
        assert kind[0] != "C" and kind not in ("Zl", "Zp")
        assert unicodedata.bidirectional(after) not in (
            "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN", "B",
        )  # fmt: skip
        assert after in (before, "·")
    assert clean(cleaned) == cleaned
    cleaned.encode()  # no half of a surrogate pair is left


def test_every_code_point_once() -> None:
    through = clean("".join(chr(n) for n in range(0x110000)))
    assert not {unicodedata.category(c) for c in through} & {
        "Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp",
    }  # fmt: skip


@pytest.mark.parametrize(
    "sign", ["\x1b", "\x9b", "\x07", "\n", "\r", "\t", "\x7f", "\u2028", *BIDI]
)
def test_the_known_tricks(sign: str) -> None:
    assert clean(f"a{sign}b") == "a·b"


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=40))
def test_what_is_readable_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("count", "unit", "text"),
    [
        (0, "bytes", "0 B"),
        (1023, "bytes", "1023 B"),
        (4096, "bytes", "4 KiB"),
        (2 << 20, "bytes", "2.0 MiB"),
        (7, "sectors", "7 sectors"),
    ],
)
def test_size(count: int, unit: str, text: str) -> None:
    assert size(count, unit) == text


def test_rate() -> None:
    assert rate(None, "bytes") == "-"
    assert rate(11_264.0, "bytes") == "11 KiB/s"
    assert rate(3.0, "sectors") == "3 sectors/s"
    assert rate(0.5, "readings") == "0.5 readings/s" and rate(0.0, "bytes") == "0 B/s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0, "0:00"), (59.4, "0:59"), (59.6, "1:00"), (75.2, "1:15"), (3675, "1:01:15")],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
