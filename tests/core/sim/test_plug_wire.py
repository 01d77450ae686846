"""Packets are found in any stream, however it is cut, and no stream stops the plug."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.sim.plug import PlugOptions
from core.sim.plug_rom import OPS
from core.sim.plug_wire import Deframer, Request, error_reply, long_reply, short_reply
from tests.core.sim.plug_bench import LINK, LINKED, ask, long, plug_and_link, short
from tests.virtual_clock import run

OPCODES = st.sampled_from([op for _, op in OPS]) | st.integers(0, 255)
PACKETS = st.builds(
    lambda make, op, payload: make(op, payload),
    st.sampled_from([short, long]),
    OPCODES,
    st.binary(max_size=12),
)
# Neither of these has the preamble in it, so they can only be in the way.
NOISE = st.binary(max_size=8).map(lambda data: data.replace(b"\xe0", b"\xe1"))


def found_in(data):
    """Every packet in `data`, fed as the plug feeds it."""
    deframer, at, found = Deframer(), 0, []
    while at < len(data):
        size = deframer.wanting()
        request = deframer.feed(data[at : at + size])
        at += size
        if request is not None:
            found.append(request)
    return found


def test_replies_as_laid_out():
    assert short_reply(0x10, b"abcd").hex(" ") == "04 0e 08 01 e0 fc 10 61 62 63 64"
    assert long_reply(0x0E, 0, b"abcd").hex(" ") == "04 0e ff 01 e0 fc f4 06 00 0e 00 61 62 63 64"
    assert error_reply(Request(False, 0x55, b""), 7).hex(" ") == "04 0e 05 01 e0 fc 55 07"
    assert error_reply(Request(True, 0x55, b""), 7).hex(" ") == "04 0e ff 01 e0 fc f4 02 00 55 07"


def test_a_short_packet_of_no_length_and_a_broken_long_mark_are_passed_over():
    assert found_in(bytes.fromhex("01e0fc0000") + LINK) == [Request(False, 0, b"")]
    assert found_in(bytes.fromhex("01e0fcfff5") + LINK) == [Request(False, 0, b"")]


def test_given_up_packets_are_answered_only_when_the_opcode_has_come():
    for sent, expected in (
        ("01", None),
        ("01e0fc05", None),
        ("01e0fc0503", Request(False, 3, b"", 5)),
        ("01e0fcfff40510", None),
        ("01e0fcfff4051007", Request(True, 7, b"", 5)),
    ):
        deframer = Deframer()
        deframer.feed(bytes.fromhex(sent))
        assert deframer.begun
        assert deframer.abandon() == expected
        assert not deframer.begun


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(NOISE, st.booleans(), OPCODES, st.binary(max_size=200)), max_size=5))
def test_every_packet_is_found_among_noise(parts):
    stream, expected = b"", []
    for noise, is_long, op, payload in parts:
        stream += noise + (long if is_long else short)(op, payload)
        expected.append(Request(is_long, op, payload))
    assert found_in(stream) == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=30) | PACKETS, max_size=8), st.sampled_from(["line", "max"]))
def test_no_stream_stops_the_plug(stream, rate):
    async def session():
        options = PlugOptions(rate=rate, protected=False, crc_rate=1e9)
        plug, link = plug_and_link(options, b"\xff" * 0x20000)
        for data in stream:
            await link.write(data)
            await link.quiet(0.3, 2.0)
        plug.power_cycle()
        assert await ask(link, LINK) == LINKED
        assert len(plug.flash) == 0x20000

    run(session())
