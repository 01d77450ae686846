"""Line time, speeds, latency and power of the simulated plug, on a clock that jumps."""

import asyncio

import pytest

from core.sim.plug import PlugOptions
from tests.core.sim.plug_bench import (
    LINK,
    LINKED,
    SIZE,
    ask,
    crc_of,
    erase,
    forged_flash,
    plug_and_link,
    read_4k,
    set_baud,
    short,
    write_4k,
)
from tests.virtual_clock import virtual

REBOOT = short(0x0E, b"\xa5")


def now() -> float:
    return asyncio.get_running_loop().time()


async def timed(link, request, size):
    began = now()
    await link.write(request)
    reply = await link.read_exactly(size, 10.0)
    assert len(reply) == size
    return reply, now() - began


@virtual
async def test_two_mebibytes_at_921600_take_their_line_time():
    options = PlugOptions()
    plug, link = plug_and_link(options)
    await link.write(set_baud(921600))
    await link.flush()
    await link.set_baud(921600)
    assert len(await link.read_exactly(12, 1.0)) == 12
    began, found = now(), b""
    for address in range(0, SIZE, 4096):
        reply, _ = await timed(link, read_4k(address), 4111)
        found += reply[15:]
        await timed(link, crc_of(address, address + 4096), 11)
    spent = now() - began
    assert found == forged_flash()
    assert plug.requests["FlashRead4K"] == plug.requests["CheckCRC"] == 512
    # 23.04 s of line time (BK7231 sheet 10.1) and what the CRCs cost the chip itself.
    assert spent == pytest.approx(23.04 + SIZE / options.crc_rate, rel=0.002)


@virtual
async def test_erase_and_program_take_their_time():
    options = PlugOptions(protected=False)
    _, link = plug_and_link(options)
    byte = 10 / 115200
    for request, size, own in (
        (erase(0x11000), 16, options.erase_4k),
        (erase(0x20000, 0x52), 16, options.erase_32k),
        (erase(0x20000, 0xD8), 16, options.erase_64k),
        (write_4k(0x11000, bytes(4096)), 15, options.program_4k),
        (crc_of(0, SIZE), 11, SIZE / options.crc_rate),
    ):
        _, spent = await timed(link, request, size)
        assert spent == pytest.approx(len(request) * byte + own + size * byte, abs=1e-6)


@virtual
async def test_replies_arrive_in_small_pieces_and_the_last_finds_the_chip_ready():
    plug, link = plug_and_link(PlugOptions())
    await link.write(read_4k(0))
    pieces = []
    while piece := await link.read(8192, 0.2):
        pieces.append(len(piece))
        if sum(pieces) == 4111:
            await link.write(LINK)
    assert max(pieces) <= 24
    assert sum(pieces) == 4111 + len(LINKED)
    assert plug.requests == {"FlashRead4K": 1, "LinkCheck": 1}


@virtual
async def test_bytes_that_arrive_while_the_chip_is_busy_are_lost():
    plug, link = plug_and_link(PlugOptions(protected=False))
    await link.write(erase(0x11000))
    await asyncio.sleep(0.02)
    await link.write(read_4k(0) + erase(0x12000))
    await asyncio.sleep(1.0)
    assert plug.requests == {"FlashErase": 1}
    await link.quiet(0.1, 1.0)
    # A flood without gaps: one answer, then the next whole packet after it.
    assert await ask(link, LINK * 20) == LINKED * plug.requests["LinkCheck"]
    assert 5 <= plug.requests["LinkCheck"] <= 10


@virtual
async def test_wrong_speed_is_neither_understood_nor_readable():
    plug, link = plug_and_link(PlugOptions())
    await link.set_baud(921600)
    assert await ask(link, LINK * 3, 0.5) == b""
    assert plug.requests == {}
    await link.set_baud(115200)
    assert await ask(link, LINK) == LINKED
    await link.write(read_4k(0x11000))
    plug.host_baud = lambda: 9600
    garbage = await link.read_exactly(4111, 1.0)
    assert LINKED[:2] not in garbage
    assert garbage[15:] != forged_flash()[0x11000:0x12000]


@pytest.mark.parametrize("rate", ["line", "max"])
@virtual
async def test_set_baud_answers_at_the_new_speed_after_its_delay(rate):
    plug, link = plug_and_link(PlugOptions(rate=rate))
    request = set_baud(2000000, 20)
    began = now()
    await link.write(request)
    await asyncio.sleep(0.01)
    assert plug.baud == 2000000
    await link.set_baud(2000000)
    assert await link.read_exactly(12, 1.0) == bytes.fromhex("040e0901e0fc0f80841e0014")
    assert now() - began > 0.0199
    assert await ask(link, LINK) == LINKED
    await link.write(REBOOT)
    await asyncio.sleep(0.01)
    assert (plug.baud, plug.linked) == (115200, False)


@virtual
async def test_adapter_latency_holds_the_last_bytes_back():
    _, link = plug_and_link(PlugOptions(latency=0.016))
    _, spent = await timed(link, LINK, 8)
    assert spent == pytest.approx(0.016 + 13 * 10 / 115200, abs=1e-6)


@virtual
async def test_a_packet_that_stops_is_answered_after_the_gap_and_forgotten():
    plug, link = plug_and_link(PlugOptions(gap=0.1))
    began = now()
    await link.write(write_4k(0x11000, bytes(4096))[:3000])
    assert (await link.read(100, 2.0)).hex(" ") == "04 0e ff 01 e0 fc f4 02 00 07 05"
    assert now() - began == pytest.approx(3000 * 10 / 115200 + 0.1, abs=0.005)
    assert await ask(link, LINK) == LINKED
    assert plug.changes == []


# -- power -----------------------------------------------------------------------------------


@virtual
async def test_the_window_answers_only_right_after_power_on():
    plug, link = plug_and_link(PlugOptions(window=0.005))
    assert await ask(link, LINK, 0.2) == b""
    plug.power_cycle()
    await asyncio.sleep(0.006)
    assert await ask(link, LINK, 0.2) == b""
    plug.power_cycle()
    assert await ask(link, LINK) == LINKED
    await asyncio.sleep(60)
    assert plug.listening
    assert await ask(link, LINK) == LINKED


@virtual
async def test_a_packet_under_way_when_power_comes_is_lost_but_the_next_one_is_heard():
    plug, link = plug_and_link(PlugOptions(window=0.005))
    await link.write(LINK * 4)
    await asyncio.sleep(0.0002)
    plug.power_cycle()
    began = now()
    assert await link.read_exactly(8, 0.2) == LINKED
    assert now() - began == pytest.approx((10 + 8) * 10 / 115200 - 0.0002, abs=1e-6)
    assert plug.linked


@virtual
async def test_the_window_closes_for_ever_without_a_link_in_time():
    plug, link = plug_and_link(PlugOptions(window=0.005))
    plug.power_cycle()
    await asyncio.sleep(0.0048)
    assert await ask(link, LINK, 0.2) == b""
    assert not plug.listening


@virtual
async def test_an_erased_flash_keeps_the_rom_listening():
    plug, link = plug_and_link(PlugOptions(window=0.005), b"\xff" * SIZE)
    plug.power_cycle()
    await asyncio.sleep(5)
    assert await ask(link, LINK) == LINKED


@virtual
async def test_someone_with_the_lead_comes_until_the_flood_has_linked():
    plug, link = plug_and_link(PlugOptions(window=0.005, power_cycle_after=3.0))
    began = now()
    await ask(link, LINK, 4.0)
    assert plug.power_cycles == 1
    assert not plug.linked
    while not plug.linked:
        await link.write(LINK)
        await asyncio.sleep(0.001)
    assert plug.power_cycles == 2
    assert now() - began == pytest.approx(7.15, abs=0.3)
    await asyncio.sleep(30)
    assert plug.power_cycles == 2


@virtual
async def test_someone_with_the_lead_helps_a_host_that_came_back_at_another_speed():
    plug, link = plug_and_link(PlugOptions(window=0.005, power_cycle_after=2.0))
    plug.power_cycle()
    assert await ask(link, LINK) == LINKED
    await link.write(set_baud(921600))
    await link.flush()
    await link.set_baud(921600)
    assert len(await link.read_exactly(12, 1.0)) == 12
    assert await ask(link, LINK) == LINKED
    await asyncio.sleep(10)
    assert plug.power_cycles == 1
    await link.set_baud(115200)
    while plug.power_cycles == 1 or not plug.linked:
        await link.write(LINK)
        await asyncio.sleep(0.001)
    assert (plug.power_cycles, plug.baud) == (2, 115200)


@virtual
async def test_the_application_talks_and_protects_the_flash_again():
    options = PlugOptions(window=0.005, boot_noise=b"\x55\xaa\x00\x00\x00\x00\xff", noise_every=1.0)
    plug, link = plug_and_link(options)
    assert await link.read_exactly(21, 2.5) == options.boot_noise * 3
    plug.power_cycle()
    assert await ask(link, LINK, 0.5) == LINKED
    await ask(link, bytes.fromhex("01e0fcfff404000d010000"))
    assert plug.unprotected
    await link.write(REBOOT)
    assert await link.read_exactly(14, 1.5) == options.boot_noise * 2
    assert not plug.listening
    assert not plug.unprotected
    assert await ask(link, LINK, 0.3) == b""


@virtual
async def test_power_lost_in_a_reply_ends_it():
    plug, link = plug_and_link(PlugOptions())
    await link.write(read_4k(0))
    first = await link.read_exactly(1000, 1.0)
    plug.power_cycle()
    assert len(first + await link.quiet(0.5, 1.0)) < 1100
    assert await ask(link, LINK) == LINKED


@virtual
async def test_both_reset_commands_restart_the_chip():
    plug, link = plug_and_link(PlugOptions())
    for request in (REBOOT, short(0x70, b"SEAN")):
        assert await ask(link, LINK) == LINKED
        assert await ask(link, request, 0.3) == b""
        assert not plug.linked
    assert plug.power_cycles == 2
    assert await ask(link, short(0x70, b"NASE")) == bytes.fromhex("040e0501e0fc7006")
