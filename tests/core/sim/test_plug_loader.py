"""The flash loader of a T answers as the worked examples of the BK7231 sheet say (2.2 to 2.7)."""

import asyncio
import zlib

import pytest

from core.sim.faults_on_order import parse_fault
from core.sim.firmware import stock_t
from core.sim.plug import PlugOptions
from tests.core.sim.plug_bench import (
    LINK,
    LINKED,
    ask,
    crc_of,
    erase,
    long,
    plug_and_link,
    read_4k,
    set_baud,
    short,
    u32,
    write_4k,
)
from tests.virtual_clock import virtual

T = PlugOptions(rate="max", chip="t", idle_reboot=0.0)
BLANK_CRC = bytes.fromhex("040e0801e0fc10f598ab0e")


@virtual
async def test_it_knows_its_version_and_no_registers():
    _, link = plug_and_link(T, stock_t())
    assert await ask(link, LINK) == LINKED
    version = await ask(link, short(0x11))
    assert version == bytes.fromhex("040e1401e0fc11") + b"BK7231S_1.0.5\0\0\0"
    for unknown in (short(0x03, u32(0x800000)), long(0x0C, b"\x05"), long(0x0E, b"\x9f\0\0\0"),
                    short(0x55), long(0x55), long(0x08, u32(0x11000) + b"\x10"),
                    long(0x0B, u32(0x11000)), short(0x0E, b"\x01")):  # fmt: skip
        assert await ask(link, unknown, 0.5) == b""


@virtual
async def test_the_fingerprint_covers_whole_256_bytes():
    _, link = plug_and_link(T, stock_t())
    assert await ask(link, short(0x10, u32(0) + u32(0x100))) == bytes.fromhex(
        "040e0801e0fc10473eab45"
    )


@pytest.mark.parametrize(("end", "size"), [(0x11FFF, 4096), (0x12000, 4096), (0x11100, 256)])
@virtual
async def test_the_end_of_a_crc_is_rounded_down(end, size):
    content = stock_t()
    _, link = plug_and_link(T, content)
    answer = await ask(link, short(0x10, u32(0x11000) + u32(end)))
    wanted = zlib.crc32(content[0x11000 : 0x11000 + size]) ^ 0xFFFFFFFF
    assert answer[7:] == u32(wanted)


@virtual
async def test_a_crc_of_less_than_256_bytes_is_all_ones():
    _, link = plug_and_link(T, stock_t())
    assert (await ask(link, short(0x10, u32(0x11000) + u32(0x110F0))))[7:] == b"\xff" * 4


@virtual
async def test_low_addresses_are_refused_and_their_aliases_are_not():
    content = stock_t()
    plug, link = plug_and_link(T, content)
    assert await ask(link, read_4k(0)) == bytes.fromhex("040eff01e0fcf4070009060000000000")
    assert await ask(link, erase(0x1000)) == bytes.fromhex("040eff01e0fcf407000f062000100000")
    assert (await ask(link, write_4k(0x1000, b"\0" * 4096)))[10] == 6
    assert (await ask(link, long(0x06, u32(0x8000) + b"\0" * 256)))[10] == 6
    reply = await ask(link, read_4k(0x200000))
    assert reply[11:15] == u32(0x200000)
    assert reply[15:] == content[:4096]
    assert bytes(plug.flash) == content


@virtual
async def test_only_a_link_check_and_an_erase_open_the_flash():
    plug, link = plug_and_link(T, stock_t())
    await ask(link, erase(0x20000))
    assert plug.ignored == 1, "locked from the start, and nothing armed it"
    await ask(link, LINK)
    await ask(link, erase(0x20000))
    await ask(link, write_4k(0x20000, b"\x12" * 4096))
    assert bytes(plug.flash[0x20000:0x21000]) == b"\x12" * 4096
    await ask(link, erase(0x21000))
    assert await ask(link, crc_of(0x21000, 0x22000)) == BLANK_CRC
    await ask(link, write_4k(0x21000, b"\x12" * 4096))
    assert plug.ignored == 2, "the CRC locked it again"
    await ask(link, LINK)
    await ask(link, write_4k(0x21000, b"\x12" * 4096))
    assert plug.ignored == 3, "a LinkCheck alone opens nothing"
    await ask(link, erase(0x21000))
    await ask(link, write_4k(0x21000, b"\x12" * 4096))
    assert bytes(plug.flash[0x21000:0x22000]) == b"\x12" * 4096


@virtual
async def test_its_parser_loses_a_packet_after_a_stray_first_byte():
    _, link = plug_and_link(T, stock_t())
    assert await ask(link, b"\x01" + LINK, 0.5) == b""
    assert await ask(link, LINK * 3) == LINKED * 3


@virtual
async def test_bytes_that_come_while_it_works_wait_in_a_ring():
    options = PlugOptions(chip="t", idle_reboot=0.0)
    _, link = plug_and_link(options, stock_t())
    await link.write(crc_of(0, 0x200000))
    await link.write(LINK)
    assert (await link.read_exactly(19, 5.0)).endswith(LINKED)


@virtual
async def test_a_silence_restarts_it_and_traffic_keeps_it():
    plug, link = plug_and_link(PlugOptions(rate="max", chip="t", idle_reboot=1.0), stock_t())
    await ask(link, LINK)
    for _ in range(5):
        await asyncio.sleep(0.7)
        await ask(link, LINK)
    assert plug.power_cycles == 0
    await asyncio.sleep(1.5)
    assert plug.power_cycles == 1


@virtual
async def test_any_byte_in_the_window_keeps_it():
    options = PlugOptions(rate="max", chip="t", window=0.005, idle_reboot=0.0)
    plug, link = plug_and_link(options, stock_t())
    plug.power_cycle()
    await link.write(b"\x00")
    await asyncio.sleep(1.0)
    assert plug.listening
    assert await ask(link, LINK) == LINKED


@virtual
async def test_the_change_of_speed_waits_in_ticks_of_two_milliseconds():
    plug, link = plug_and_link(PlugOptions(rate="max", chip="t", idle_reboot=0.0), stock_t())
    began = asyncio.get_running_loop().time()
    await link.write(set_baud(921600, 20))
    await link.set_baud(921600)
    assert len(await link.read_exactly(12, 1.0)) == 12
    assert asyncio.get_running_loop().time() - began == pytest.approx(0.042)
    assert plug.baud == 921600


@pytest.mark.parametrize("chip", ["n", "t"])
@pytest.mark.parametrize("order", ["reset:change:1", "reset:erase:2"])
@virtual
async def test_a_brown_out(chip, order):
    faults = (parse_fault(order),)
    options = PlugOptions(rate="max", chip=chip, protected=False, idle_reboot=0.0, faults=faults)
    plug, link = plug_and_link(options, stock_t())
    await ask(link, LINK)
    await ask(link, erase(0x20000), 0.5)
    await ask(link, erase(0x21000), 0.5)
    assert plug.power_cycles == 1
    assert plug.baud == 115200
    assert len(plug.changes) in (1, 2)


@pytest.mark.parametrize("wired", ["rts", "dtr"])
@virtual
async def test_cen_on_a_modem_line(wired):
    plug, link = plug_and_link(PlugOptions(rate="max", window=0.005, cen=wired))
    plug.lines(dtr=True, rts=True)
    assert await ask(link, LINK, 0.5) == b"", "held in reset"
    plug.lines(dtr=False, rts=False)
    assert await ask(link, LINK, 0.5) == LINKED
