"""The worked bytes of BK7231 sheet 2.4, another client's encoders, and hostile buffers."""

import pytest
from bk7231tools.serial.base import packets
from hypothesis import given, settings
from hypothesis import strategies as st

from core.beken import wire
from core.beken.replies import find_reply
from core.beken.wire import Long, Request, Short, Status, Unit

WORKED = [
    (wire.link_check(), "01e0fc0100", "040e0501e0fc0100", "00"),
    (
        wire.set_baud(921600, 20),
        "01e0fc060f00100e0014",
        "040e0901e0fc0f00100e0014",
        "00100e0014",
    ),
    (wire.check_crc(0, 0x100), "01e0fc09100000000000010000", "040e0801e0fc10456ebe1e", "456ebe1e"),
    (
        wire.read_reg(0x800000),
        "01e0fc050300008000",
        "040e0c01e0fc03000080001c230700",
        "000080001c230700",
    ),
    (
        wire.boot_version(),
        "01e0fc0111",
        "040e1401e0fc11424b3732333153 5f312e302e35000000",
        "424b37323331535f312e302e35000000",
    ),
    (wire.get_mid(), "01e0fcfff405000e9f000000", "040efffc", None),
    (wire.get_mid(), "01e0fcfff405000e9f000000", "040eff01e0fcf406000e0000eb6015", "00eb6015"),
    (wire.read_sr(0x05), "01e0fcfff402000c05", "040eff01e0fcf404000c00057c", "057c"),
    (wire.read_sr(0x35), "01e0fcfff402000c35", "040eff01e0fcf404000c003540", "3540"),
    (
        wire.write_sr(1, b"\0\0"),
        "01e0fcfff404000d010000",
        "040eff01e0fcf405000d00010000",
        "010000",
    ),
    (wire.write_sr(1, b"\0"), "01e0fcfff403000d0100", "040eff01e0fcf404000d000100", "0100"),
    (
        wire.erase(Unit.SECTOR, 0x211000),
        "01e0fcfff406000f2000102100",
        "040eff01e0fcf407000f002000102100",
        "2000102100",
    ),
    (
        wire.erase(Unit.BLOCK, 0x20000),
        "01e0fcfff406000fd800000200",
        "040eff01e0fcf407000f00d800000200",
        "d800000200",
    ),
    (
        wire.write_reg(0x800074, 1),
        "01e0fc09017400800001000000",
        "040e0c01e0fc017400800001000000",
        "7400800001000000",
    ),
]


@pytest.mark.parametrize(("request_", "sent", "answer", "payload"), WORKED)
def test_worked_bytes(request_: Request, sent: str, answer: str, payload: str | None) -> None:
    assert request_.frame == bytes.fromhex(sent)
    assert request_.expected is not None
    found = find_reply(bytes.fromhex(answer), request_.expected)
    if payload is None:
        assert found.reply is None
        return
    assert found.reply is not None
    assert found.reply.payload == bytes.fromhex(payload)
    assert found.reply.status == Status.OK
    assert found.consumed == len(bytes.fromhex(answer)) == request_.expected.frame_size


def test_worked_bytes_of_a_sector() -> None:
    data = bytes(range(256)) * 16
    read = wire.read_4k(0x211000)
    assert read.frame == bytes.fromhex("01e0fcfff405000900102100")
    answer = bytes.fromhex("040eff01e0fcf40610090000102100") + data
    assert read.expected is not None
    found = find_reply(answer, read.expected)
    assert found.reply is not None
    assert found.reply.payload == bytes.fromhex("00102100") + data
    assert len(answer) == read.expected.frame_size == 4111
    write = wire.write_4k(0x211000, data)
    assert write.frame == bytes.fromhex("01e0fcfff405100700102100") + data
    assert len(write.frame) == 4108


def test_reboot_has_no_answer() -> None:
    assert wire.reboot() == Request("Reboot", bytes.fromhex("01e0fc020ea5"), None)


def _other_client(packet: packets.Packet) -> bytes:
    """The frame as bk7231tools builds it."""
    body = bytes((packet.CODE,)) + packet.serialize()
    if packet.IS_LONG:
        return b"\x01\xe0\xfc\xff\xf4" + len(body).to_bytes(2, "little") + body
    return b"\x01\xe0\xfc" + bytes((len(body),)) + body


u32 = st.integers(0, 0xFFFFFFFF)


@settings(max_examples=50, deadline=None)
@given(u32, u32, st.binary(max_size=64).map(lambda some: some.ljust(4096, b"\xff")))
def test_encoders_agree_with_another_client(a: int, b: int, data: bytes) -> None:
    pairs = [
        (wire.link_check(), packets.BkLinkCheckCmnd()),
        (wire.read_reg(a), packets.BkReadRegCmnd(a)),
        (wire.write_reg(a, b), packets.BkWriteRegCmnd(a, b)),
        (wire.set_baud(a, b & 0xFF), packets.BkSetBaudRateCmnd(a, b & 0xFF)),
        (wire.check_crc(a, b), packets.BkCheckCrcCmnd(a, b)),
        (wire.boot_version(), packets.BkBootVersionCmnd()),
        (wire.reboot(), packets.BkRebootCmnd(0xA5)),
        (wire.get_mid(), packets.BkFlashReg24ReadCmnd(0x9F)),
        (wire.read_sr(a & 0xFF), packets.BkFlashReg8ReadCmnd(a & 0xFF)),
        (
            wire.write_sr(a & 0xFF, b.to_bytes(4, "little")[:2]),
            packets.BkFlashReg16WriteCmnd(a & 0xFF, b & 0xFFFF),
        ),
        (wire.read_4k(a), packets.BkFlashRead4KCmnd(a)),
        (wire.write_4k(a, data), packets.BkFlashWrite4KCmnd(a, data)),
        (
            wire.erase(Unit.BLOCK, a),
            packets.BkFlashEraseBlockCmnd(packets.EraseSize.BLOCK_64K, a),
        ),
    ]
    for ours, theirs in pairs:
        assert ours.frame == _other_client(theirs)


def test_unknown_bytes_are_members_not_errors() -> None:
    assert Short(0x7F) == 0x7F
    assert Short(0x7F).name == "0x7F"
    assert Long(0x55).name == "0x55"
    assert Status(0x42).name == "0x42"
    assert Unit(0x33).size == 0
    assert Unit.BLOCK.size == 65536


def test_error_answers() -> None:
    crc = wire.check_crc(0, 1).expected
    assert crc is not None
    found = find_reply(bytes.fromhex("040e0501e0fc1007"), crc)
    assert found.reply is not None
    assert found.reply.status == Status.UNKNOWN_COMMAND
    read = wire.read_4k(0).expected
    assert read is not None
    for text, status in (
        ("040eff01e0fcf402000907", Status.UNKNOWN_COMMAND),
        ("040eff01e0fcf40700090600000000 00", Status.BAD_PARAMETER),
    ):
        found = find_reply(bytes.fromhex(text), read)
        assert found.reply is not None
        assert found.reply.status == status


def test_a_wrong_echo_or_a_stale_answer_is_passed_over() -> None:
    asked = wire.erase(Unit.SECTOR, 0x11000)
    assert asked.expected is not None
    stale = bytes.fromhex("040e0501e0fc0100")
    other = bytes.fromhex("040eff01e0fcf407000f002000200100")
    right = bytes.fromhex("040eff01e0fcf407000f002000100100")
    found = find_reply(b"\x55\xaa\x04" + stale + other + right + b"\x04", asked.expected)
    assert found.reply is not None
    assert found.reply.payload == bytes.fromhex("2000100100")
    assert find_reply(stale + other, asked.expected).reply is None


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40), st.integers(1, 15))
def test_an_answer_in_pieces_after_noise_is_found(noise: bytes, piece: int) -> None:
    asked = wire.read_reg(0x800000)
    answer = bytes.fromhex("040e0c01e0fc03000080001c230700")
    assert asked.expected is not None
    stream, buffer = noise + answer, bytearray()
    reply = None
    for at in range(0, len(stream), piece):
        buffer += stream[at : at + piece]
        found = find_reply(buffer, asked.expected)
        del buffer[: found.consumed]
        reply = reply or found.reply
    assert reply is not None
    assert wire.u32(reply, 4) == 0x7231C


REQUESTS = [
    wire.link_check(),
    wire.check_crc(0, 5),
    wire.read_reg(1),
    wire.get_mid(),
    wire.read_4k(0x11000),
    wire.write_sr(1, b"\0\0"),
    wire.erase(Unit.BLOCK, 0),
]
GRAINS = st.lists(
    st.sampled_from(
        [b"\x04\x0e", b"\xff\x01\xe0\xfc\xf4", b"\x01\xe0\xfc", b"\x06\x10\x09\0", b"\0"]
    )
    | st.binary(max_size=6),
    max_size=20,
).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(GRAINS, st.sampled_from(REQUESTS))
def test_any_bytes_give_an_answer_or_none(buffer: bytes, request_: Request) -> None:
    assert request_.expected is not None
    found = find_reply(buffer, request_.expected)
    assert 0 <= found.consumed <= len(buffer)
    assert found.missing >= 0
    if found.reply is None and not found.missing:
        # What is kept can only be the beginning of a frame.
        assert len(buffer) - found.consumed <= 1
