"""Each fault on order does what its line of text says, and nothing more."""

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fault import FaultError
from core.sim.faults_on_order import STAGES, Fault, Kind, parse_fault
from core.sim.plug import PlugOptions
from tests.core.sim.plug_bench import (
    LINK,
    LINKED,
    ask,
    crc_of,
    erase,
    forged_flash,
    long,
    plug_and_link,
    read_4k,
    set_baud,
    short,
    u32,
    write_4k,
)
from tests.virtual_clock import virtual

TEXTS = [
    ("drop:host:1234", Fault(Kind.DROP, "host", n=1234)),
    ("corrupt:chip:read:5", Fault(Kind.CORRUPT, "chip", "backup", 5)),
    ("add:chip:verify:1", Fault(Kind.ADD, "chip", "verify", 1)),
    ("silent:erase:3", Fault(Kind.SILENT, stage="erase", n=3)),
    ("mute:crc:7", Fault(Kind.MUTE, stage="verify", n=7)),
    ("silent:crc", Fault(Kind.SILENT, stage="verify", n=0)),
    ("lost:baud", Fault(Kind.LOST, stage="baud", n=1)),
    ("lost:write:7", Fault(Kind.LOST, stage="write", n=7)),
    ("vanish:change:40", Fault(Kind.VANISH, stage="change", n=40)),
    ("vanish:erase:2", Fault(Kind.VANISH, stage="erase", n=2)),
    ("stuck:0x12000", Fault(Kind.STUCK, address=0x12000)),
    ("weak:0x12345:3", Fault(Kind.WEAK, address=0x12345, bit=3)),
    (" LIE:2 ", Fault(Kind.LIE, n=2)),
    ("noise:4", Fault(Kind.NOISE, n=4)),
]
WRONG = [
    "", ":", "drop", "drop:5", "drop:up:5", "drop:host", "drop:host:tea:5", "drop:host:0",
    "drop:host:read:write:5", "silent", "silent:tea", "silent:erase:0", "silent:erase:1:2",
    "vanish:40", "vanish:change:-1", "stuck:x", "stuck:-5", "weak:5", "weak:5:8", "lie", "lie:1:2",
    "explode:1",
]  # fmt: skip


def ordered(*texts, **options):
    """A fast, unprotected plug with these faults on order, and a link to it."""
    faults = tuple(parse_fault(text) for text in texts)
    return plug_and_link(PlugOptions(rate="max", protected=False, faults=faults, **options))


@pytest.mark.parametrize(("text", "fault"), TEXTS, ids=[text for text, _ in TEXTS])
def test_text_form(text, fault):
    assert parse_fault(text) == fault


@pytest.mark.parametrize("text", WRONG)
def test_wrong_text_is_refused_with_an_example(text):
    with pytest.raises(FaultError) as caught:
        parse_fault(text)
    assert caught.value.fault.code == "SIM-ORDER"
    assert "drop:host:1234" in caught.value.fault.next


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=40) | st.lists(st.sampled_from([*Kind, *STAGES, "host", "7"])).map(":".join)
)
def test_any_text_gives_a_fault_or_a_refusal(text):
    try:
        assert isinstance(parse_fault(text), Fault)
    except FaultError as error:
        assert error.fault.code == "SIM-ORDER"


@virtual
async def test_dropped_byte_from_the_host():
    plug, link = ordered("drop:host:10")
    assert await ask(link, LINK) == LINKED
    # The second packet lacks its opcode: the first byte of the third is taken for it.
    await link.write(LINK)
    assert await link.read(100, 0.05) == b""
    assert (await ask(link, LINK)).hex() == "040e0501e0fc0105"
    assert await ask(link, LINK) == LINKED
    assert plug.requests == {"LinkCheck": 2, "WriteReg": 1}


@virtual
async def test_dropped_corrupted_and_added_bytes_from_the_chip():
    _, link = ordered("drop:chip:3", "corrupt:chip:12", "add:chip:24")
    assert await ask(link, LINK) == LINKED[:2] + LINKED[3:]
    assert await ask(link, LINK) == LINKED[:3] + bytes([LINKED[3] ^ 0x10]) + LINKED[4:]
    assert await ask(link, LINK) == LINKED + b"\x55"
    assert await ask(link, LINK) == LINKED


@virtual
async def test_bytes_counted_within_a_stage():
    _, link = ordered("corrupt:chip:read:4127", "corrupt:host:write:9")
    flash = forged_flash()
    assert await ask(link, LINK) == LINKED
    assert (await ask(link, read_4k(0)))[15:] == flash[:4096]
    assert len(await ask(link, crc_of(0, 4096))) == 11
    # Byte 4127 of the replies to reads is the 16th of the second: its first data byte.
    second = (await ask(link, read_4k(0x11000)))[15:]
    assert second == bytes([flash[0x11000] ^ 0x10]) + flash[0x11001:0x12000]
    # Byte 9 of what is sent while writing is the lowest of the address.
    assert (await ask(link, write_4k(0x11000, bytes(4096))))[-4:] == u32(0x11010)


@virtual
async def test_silent_for_some_requests_then_back():
    plug, link = ordered("silent:erase:3")
    assert await ask(link, LINK) == LINKED
    assert await ask(link, erase(0x11000), 0.2) == b""
    assert await ask(link, LINK, 0.2) == b""
    assert await ask(link, erase(0x11000), 0.2) == b""
    assert plug.changes == []
    assert await ask(link, LINK) == LINKED
    assert len(await ask(link, erase(0x11000))) == 16
    assert plug.requests == {"LinkCheck": 3, "FlashErase": 3}


@virtual
async def test_silent_until_the_next_power_on():
    plug, link = ordered("silent:read")
    assert await ask(link, LINK) == LINKED
    for request in (read_4k(0), LINK, crc_of(0, 4096), LINK):
        assert await ask(link, request, 0.2) == b""
    plug.power_cycle()
    assert await ask(link, LINK) == LINKED
    assert len(await ask(link, read_4k(0))) == 4111


@virtual
async def test_lost_reply_of_set_baud_leaves_the_chip_at_the_new_speed():
    plug, link = ordered("lost:baud")
    assert await ask(link, set_baud(921600), 0.3) == b""
    assert await ask(link, LINK, 0.3) == b""
    await link.set_baud(921600)
    assert await ask(link, LINK) == LINKED
    assert plug.requests["SetBaudRate"] == 1


@virtual
async def test_lost_write_reply_was_written_all_the_same():
    plug, link = ordered("lost:write:2")
    assert len(await ask(link, write_4k(0x11000, bytes(4096)))) == 15
    assert await ask(link, write_4k(0x12000, bytes(4096)), 0.3) == b""
    assert plug.flash[0x12000:0x13000] == bytes(4096)
    assert len(await ask(link, write_4k(0x13000, bytes(4096)))) == 15


@virtual
async def test_adapter_vanishes_after_a_change_and_comes_back():
    plug, link = ordered("vanish:change:3")
    gone = []
    plug.on_vanish = lambda: gone.append(len(plug.changes))
    for address in (0x11000, 0x12000):
        assert len(await ask(link, erase(address))) == 16
    assert await ask(link, erase(0x13000), 0.3) == b""
    assert gone == [3]
    assert plug.flash[0x13000:0x14000] == b"\xff" * 4096
    assert await ask(link, LINK, 0.3) == b""
    plug.attach(link._arrived)
    assert await ask(link, LINK) == LINKED
    assert len(await ask(link, erase(0x14000))) == 16
    assert gone == [3]


@virtual
async def test_adapter_vanishes_before_a_request_is_done():
    plug, link = ordered("vanish:erase:2")
    plug.on_vanish = link.unplug
    assert len(await ask(link, erase(0x11000))) == 16
    with pytest.raises(FaultError, match="LINK-GONE"):
        await ask(link, erase(0x12000))
    assert plug.requests["FlashErase"] == 2
    assert len(plug.changes) == 1


@virtual
async def test_sector_that_does_not_erase_keeps_its_content_in_every_erase():
    plug, link = ordered("stuck:0x23000")
    flash = forged_flash()
    for code in (0x20, 0x52, 0xD8):
        assert (await ask(link, erase(0x23000, code)))[10] == 0
        assert plug.flash[0x23000:0x24000] == flash[0x23000:0x24000]
    assert plug.flash[0x20000:0x23000] == b"\xff" * 0x3000
    assert plug.flash[0x24000:0x30000] == b"\xff" * 0xC000


@virtual
async def test_bit_that_does_not_program():
    plug, link = ordered("weak:0x11010:5")
    await ask(link, erase(0x11000))
    await ask(link, write_4k(0x11000, bytes(4096)))
    assert plug.flash[0x11010] == 0x20
    assert plug.flash[0x11000:0x12000].count(0) == 4095
    await ask(link, long(0x06, u32(0x11010) + b"\0"))
    assert plug.flash[0x11010] == 0x20


@virtual
async def test_crc_that_lies_once():
    _, link = ordered("lie:2")
    truth = zlib.crc32(forged_flash()[:4096]) ^ 0xFFFFFFFF
    replies = [await ask(link, crc_of(0, 4096)) for _ in range(3)]
    found = [int.from_bytes(reply[7:], "little") for reply in replies]
    assert found == [truth, truth ^ 1, truth]


@virtual
async def test_noise_while_linking():
    _, link = ordered("noise:2")
    replies = [await ask(link, LINK) for _ in range(3)]
    assert [len(reply) for reply in replies] == [11, 11, 8]
    assert all(reply.endswith(LINKED) for reply in replies)


@virtual
async def test_without_orders_nothing_goes_wrong_over_a_whole_life():
    plug, link = ordered()
    data = forged_flash()
    for address in range(0x11000, 0x21000, 4096):
        await ask(link, erase(address))
        await ask(link, write_4k(address, data[address : address + 4096]))
    assert plug.flash == data
    assert len(await ask(link, short(0x03, u32(0x800000)))) == 15
    assert len(plug.changes) == 32


@virtual
async def test_mute_from_the_second_request_of_a_stage():
    plug, link = ordered("mute:erase:2")
    assert len(await ask(link, erase(0x11000))) == 16
    for request in (erase(0x12000), LINK):
        assert await ask(link, request, 0.2) == b""
    assert [change.address for change in plug.changes] == [0x11000]
    plug.power_cycle()
    assert await ask(link, LINK) == LINKED
