"""Bytes of the sheet, both ways; any other bytes do no harm."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fault import FaultError
from core.meter import models, scale, wire
from core.meter.log import HIDDEN, LogText, line_of
from core.meter.wire import GENERATIONS, KeyIs, LogPiece, MadeIs, SerialIs, Status, Strange, parse

KEY = "231d39c1d7cc1ab1aee224cd096db932"


def test_the_status_of_v1_7() -> None:
    status = parse(bytes.fromhex("dafe 0100 17 01 8d4e0000 01 0f0a"))
    assert status == Status(1, 0x17, True, 20109, 1, 0x0A0F, GENERATIONS[13])
    assert isinstance(status, Status) and status.release == "V1.7"


@pytest.mark.parametrize(
    ("data", "model", "word"),
    [
        ("dafe 0100 12 01 8d4e", None, None),
        ("dafe 0100 13 01 8d4e0000", None, None),
        ("dafe 0100 13 01 8d4e0000 02", 2, None),
        ("dafe 0100 13 01 8d4e0000 02 050a", 2, 0x0A05),
    ],
)
def test_the_status_of_each_generation(data: str, model: int | None, word: int | None) -> None:
    status = parse(bytes.fromhex(data))
    assert isinstance(status, Status)
    assert (status.address, status.model, status.scale) == (20109, model, word)


@pytest.mark.parametrize("length", [n for n in range(2, 21) if n not in GENERATIONS])
def test_other_lengths_are_strange(length: int) -> None:
    assert isinstance(parse(b"\xda\xfe".ljust(length, b"\1")), Strange)


def test_the_other_notifications() -> None:
    assert parse(bytes.fromhex("dbfe" + KEY)) == KeyIs(bytes.fromhex(KEY))
    assert KEY not in repr(parse(bytes.fromhex("dbfe" + KEY)))
    assert parse(bytes.fromhex("dcfe33313731313132353230313039000000")) == SerialIs("3171112520109")
    assert parse(bytes.fromhex("ddfe30342e31302e32303137000000000000")) == MadeIs("04.10.2017")
    piece = parse(bytes.fromhex("7802014d61696e206e6f7469667920 00"))
    assert piece == LogPiece(2, b"Main notify ", True)


@given(st.binary(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_parsed(data: bytes) -> None:
    found = parse(data)
    if isinstance(found, SerialIs | MadeIs):
        assert found.text.isprintable()


def test_the_worked_writes() -> None:
    assert wire.set_period(5).hex() == "f105"
    assert wire.set_address(20109).hex() == "f74e8d"
    assert wire.set_address(7943).hex() == "f71f07"
    assert wire.set_address(35900555).hex() == "f70223cc8b"
    assert wire.set_model(3).hex() == "f903"
    assert wire.set_scale(0x0A0F).hex() == "fa0a0f"
    assert wire.set_key(bytes.fromhex(KEY)).hex() == "f5" + KEY


@given(st.integers(0, 0x0FFF))
@settings(max_examples=100, deadline=None)
def test_a_scale_word_is_its_four_fields(word: int) -> None:
    found = scale.Scale.of(word)
    assert found.word == word
    again = scale.parse(found.text)
    assert again is not None
    for raw in (0, 7, 1234, 999999):
        for name in scale.QUANTITIES:
            assert scale.steps(name, raw, again) == scale.steps(name, raw, word)


def test_the_worked_scale() -> None:
    shown = {
        name: scale.shown(name, raw, 0x0A0F)
        for name, raw in (("tariff1", 730860), ("power", 12), ("voltage", 23600), ("current", 180))
    }
    assert shown == {
        "tariff1": "7308.600 kWh", "power": "120.00 W", "voltage": "236.0 V", "current": "0.180 A"
    }  # fmt: skip
    assert scale.parse("1000 0,1 1 10") == 0x0A0F == scale.parse("0x0a0f")
    assert scale.parse("2 1 1 1") is None and scale.parse("0x1fff") is None


@pytest.mark.parametrize(
    ("model", "word", "right"),
    [(1, 0x0A4F, 0x0A0F), (2, 0x0A0F, 0x0A05), (2, 0, 0x0A05), (3, 0x0D46, 0x0B46),
     (3, 0, 0x0B46), (4, 0, 0x0A09), (1, 0x0A0F, None), (4, 0x0A09, None), (None, 0, None)],
)  # fmt: skip
def test_known_wrong_scales(model: int | None, word: int, right: int | None) -> None:
    assert scale.correction(model, word) == right


@pytest.mark.parametrize(
    ("typed", "name", "number"),
    [
        ("ID-07943", "kaskad-1-mt", 7943),
        ("07943", "kaskad-11", 7943),
        (" id 20109 ", "kaskad-1-mt", 20109),
        ("35 900 555", "mercury-206", 35900555),
        ("4294967295", "mercury-206", 4294967295),
    ],
)
def test_addresses_as_typed(typed: str, name: str, number: int) -> None:
    assert models.address_of(typed, models.named(name)) == number


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("65001", "kaskad-1-mt"), ("0", "kaskad-1-mt"), ("", "kaskad-11"), ("65536", "kaskad-11"),
        ("4294967296", "mercury-206"), ("5", "ce-102m"), ("-5", "kaskad-1-mt"), ("٣", "kaskad-11"),
        ("1" * 50, "mercury-206"), ("12a", "kaskad-1-mt"),
    ],
)  # fmt: skip
def test_what_is_no_address(typed: str, name: str) -> None:
    with pytest.raises(FaultError) as caught:
        models.address_of(typed, models.named(name))
    assert caught.value.fault.code == "METER-ADDRESS"


@pytest.mark.parametrize("text", [KEY[:31], KEY + "0", "g" + KEY[1:], ""])
def test_a_key_has_exactly_32_digits(text: str) -> None:
    with pytest.raises(FaultError) as caught:
        models.key_of(text)
    fault = caught.value.fault
    assert fault.code == "METER-KEY" and (not text or text not in str(fault))


def test_keys_with_separators_and_periods() -> None:
    assert models.key_of(":".join(KEY[n : n + 2] for n in range(0, 32, 2))) == bytes.fromhex(KEY)
    for minutes in (0, 256, -1):
        with pytest.raises(FaultError):
            models.period_of(minutes)


def pieces(text: bytes) -> list[LogPiece]:
    cut = [text[n : n + 12] for n in range(0, len(text), 12)]
    return [LogPiece(n & 0xFF, part, True) for n, part in enumerate(cut, 7)]


def test_fragments_come_twice_and_the_first_is_an_old_one() -> None:
    log, found = LogText(), []
    for piece in [
        LogPiece(1, b"old line\r\n", True),
        *pieces(b"Main notify start\r\npower: 12\r\n"),
    ]:
        found += log.add(piece) + log.add(piece)
    assert found == ["Main notify start", "power: 12"]


@given(st.integers(0, 60), st.sets(st.integers(1, 8), max_size=3))
@settings(max_examples=100, deadline=None)
def test_a_key_in_the_log_is_left_out_whatever_is_lost(lead: int, lost: set[int]) -> None:
    log, found = LogText(), []
    text = b"x" * lead + b'\r\nSet new bindkey - "' + KEY.encode() + b'"\r\npower: 12\r\n'
    log.add(LogPiece(1, b"", True))
    for number, piece in enumerate(pieces(text)):
        if number not in lost:
            found += log.add(piece)
    told = "\n".join(found)
    assert not any(KEY[n : n + 12] in told for n in range(21))


def test_requests_and_serial_numbers_stay() -> None:
    ping = "request pkt: 0x735520008d4effff0100000000d655"
    assert line_of(ping.encode()) == ping
    assert line_of(b"Serial Number: 3171112520109") == "Serial Number: 3171112520109"
    assert line_of(f'Set new bindkey - "{KEY}"'.encode()) == f"Set new bindkey - {HIDDEN}"
    assert line_of(b"\x1b[2Jx") == "?[2Jx"
