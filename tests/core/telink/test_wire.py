"""Frames and replies, with the byte examples of the fact sheet."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.sim.module_wire import crc16 as other_crc16
from core.telink import wire
from core.telink.wire import Verdict

FRAMES = {
    "00 00 00 00 00 24": wire.get_version(),
    "00 02 00 00 05 03 5a 00 06 02 00 05 f1 34": wire.set_config(5),
    "00 02 00 00 04 03 5a 00 06 02 00 05 30 f8": wire.set_config(4),
    "00 03 00 00 f0 24": wire.pins(high=False),
    "00 03 01 00 f1 b4": wire.pins(high=True),
    "00 04 4f 04 74 16": wire.activate(1103),
    "00 04 9e 08 28 43": wire.activate(2206),
    "00 04 e9 6d cf 98": wire.activate(28137),
    "00 05 06 00 13 85": wire.set_baud(6),
    "00 05 01 00 11 b5": wire.set_baud(1),
    "01 00 00 00 00 04 00 09": wire.read(0, 1024),
    "01 00 60 07 08 00 a9 cb": wire.read(0x76000, 8),
    "01 00 fc 07 00 04 81 98": wire.read(0x7FC00, 1024),
    "03 00 00 00 00 60": wire.erase(0),
    "03 00 00 04 01 a3": wire.erase(0x40000),
    "05 00 00 00 00 e8": wire.jedec(),
    "06 00 00 00 00 ac": wire.status(),
    "07 7d 00 00 03 00 6d 56": wire.peek(wire.CHIP_ID_AT, 3),
    "07 bc 06 00 04 00 52 3f": wire.peek(wire.PC_AT, 4),
    "07 02 06 00 01 00 79 74": wire.peek(wire.CPU_AT, 1),
    "08 02 06 00 05 e4 7b": wire.poke(wire.CPU_AT, wire.CPU_STOP),
    "08 6f 00 00 20 d9 0d": wire.poke(wire.RESET_AT, wire.SOFT_RESET),
    "0d 00 00 00 00 00 06 47 c2": wire.spi(bytes([wire.WRITE_ENABLE])),
    "0d 00 00 00 00 00 01 00 80 02": wire.spi(bytes([wire.WRITE_STATUS, 0])),
    "0d 00 00 00 00 00 ab 86 7f": wire.spi(bytes([wire.WAKE])),
    "0d 00 00 00 24 00 4b c7 fc": wire.spi(bytes([wire.UNIQUE_ID]), 36),
    "0e 00 00 00 00 01 c0 f5": wire.crc(0, 256),
    "0e 00 24 01 b4 00 2d 05": wire.crc(0x12400, 180),
}
REPLIES = [
    (wire.set_baud(6), "00 00 00 00 00 24", Verdict.OK),
    (wire.set_baud(6), "00 06 00 00 e0 25", Verdict.REFUSED),
    (wire.set_baud(6), "05 00 00 00 00 e8", Verdict.UNHEARD),
    (wire.pins(high=False), "00 00 01 00 00 75 c0", Verdict.OK),
    (wire.activate(1), "00 00 04 00 00 00 00 00 41 8f", Verdict.OK),
    (wire.activate(1), "00 03 00 00 f0 24", Verdict.NO_TARGET),
    (wire.activate(1), "00 03 02 00 a5 a5 fe 88", Verdict.NO_TARGET),
    (wire.jedec(), "05 00 03 00 c8 60 13 e2 33", Verdict.OK),
    (wire.jedec(), "05 03 00 00 f0 e8", Verdict.NO_TARGET),
    (wire.jedec(), "05 00 00 00 00 e8", Verdict.UNHEARD),  # its own id, error 0, but count 0
    (wire.peek(0x7D, 3), "07 00 00 00 01 50", Verdict.UNHEARD),
    (wire.read(0, 8), "05 00 00 00 00 e8", Verdict.UNHEARD),
    (wire.read(0, 8), "01 03 00 00 f1 d8", Verdict.NO_TARGET),
    (wire.program(0, b"\0" * 256), "02 00 00 01 c0 5c", Verdict.OK),
    (wire.program(0, b"\0" * 180), "02 00 b4 00 76 9c", Verdict.OK),
    (wire.program(0, b"\0" * 256), "02 02 00 00 a0 5c", Verdict.UNHEARD),
    (wire.program(0, b"\0" * 256), "07 00 00 00 01 50", Verdict.UNHEARD),
    (wire.erase(0x1000), "03 00 00 00 00 60", Verdict.OK),
    (wire.erase(0x1000), "07 00 00 00 01 50", Verdict.UNHEARD),
    (wire.status(), "06 00 01 00 1c fc 09", Verdict.OK),
    (wire.poke(0x602, b"\5"), "08 00 01 00 03 d4", Verdict.OK),
    (wire.poke(0x602, b"\5"), "0d 00 00 00 02 88", Verdict.UNHEARD),
    (wire.spi(b"\6"), "0d 00 01 00 03 18", Verdict.OK),
    (wire.spi(b"\6"), "0d 00 00 00 02 88", Verdict.UNHEARD),  # the trap of the same id
    (wire.crc(0, 256), "0e 00 25 9f 58 34", Verdict.OK),
    (wire.crc(0, 256), "0e 03 00 00 f2 cc", Verdict.NO_TARGET),
    (wire.crc(0, 256), "0f 00 00 00 03 30", Verdict.UNHEARD),
    (wire.get_version(), "00 02 00 00 a1 e4", Verdict.UNHEARD),  # a stray byte before it
    (wire.get_version(), "00 01 00 00 51 e4", Verdict.REFUSED),
    (wire.get_version(), "00 00 00 00 00 24", Verdict.UNHEARD),  # an echo proves nothing
    (wire.status(), "06 00 01 00 1c fc 08", Verdict.DAMAGED),
    (wire.status(), "06 00", Verdict.DAMAGED),
    (wire.status(), "01 00 00 00 01 24", Verdict.DAMAGED),
]


@pytest.mark.parametrize("wanted", FRAMES)
def test_requests_are_the_bytes_of_the_sheet(wanted: str) -> None:
    assert FRAMES[wanted].frame.hex(" ") == wanted


@pytest.mark.parametrize(("request_", "text", "verdict"), REPLIES)
def test_replies_mean_what_the_sheet_says(
    request_: wire.Request, text: str, verdict: Verdict
) -> None:
    frame = bytes.fromhex(text)
    found, reply = wire.judge(request_, frame)
    assert found is verdict
    if found is not Verdict.DAMAGED:
        assert reply is not None and 4 + wire.rest_of(request_, frame[:4]) == len(frame)


def test_the_checksum_is_modbus_and_the_same_as_the_programmers() -> None:
    assert wire.crc16(b"123456789") == other_crc16(b"123456789") == 0x4B37
    assert wire.crc16(bytes.fromhex("000000000024")) == 0


def test_unknown_commands_are_three_bytes() -> None:
    for text in ("0e 3e 84", "10 be 8c", "7f fe a0"):
        assert wire.is_unknown(bytes.fromhex(text))
    for frame in FRAMES.values():
        assert not wire.is_unknown(frame.frame[:3])


def test_index_2_is_not_offered_and_spi_never_hangs_the_programmer() -> None:
    assert 2 not in wire.BAUDS.values() and 460800 not in wire.BAUDS
    assert sorted(wire.BAUDS.values()) == [0, 1, 3, 4, 5, 6, 7, 8]
    with pytest.raises(ValueError):
        wire.spi(b"")
    assert len(wire.spi(b"\6").frame) >= 4 + 3 + 2


def test_the_version_reply() -> None:
    found = wire.programmer(bytes.fromhex("0800625501 05035a0006020005"))
    assert (found.version, found.chip, found.clock, found.right_divider) == (8, 0x5562, 24, 5)
    usb = wire.programmer(bytes.fromhex("0300275301 06035a0006020005"))
    assert (usb.version, usb.clock, usb.right_divider, usb.has_crc) == (3, 32, 7, True)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=1100), st.sampled_from(list(FRAMES.values())))
def test_any_bytes_are_judged(data: bytes, request_: wire.Request) -> None:
    assert wire.judge(request_, data)[0] in Verdict
    assert 2 <= wire.rest_of(request_, data.ljust(4, b"\xff")[:4]) <= 2050
    sealed = data.ljust(4, b"\0")
    wire.judge(request_, sealed + wire.crc16(sealed).to_bytes(2, "little"))
