"""An independent client works with the simulated plug, and asks exactly as often as known.

bk7231tools runs unmodified in its own process.  Only pyserial's two modem-line setters are made
to do nothing: a pseudo terminal has no such lines.
"""

import asyncio
import random
import sys

from core.sim.plug import PlugOptions
from core.sim.serve import serve_plug
from tests.core.sim.plug_bench import SIZE, forged_flash, stock_flash

CLIENT = """
import serial
serial.Serial._update_rts_state = serial.Serial._update_dtr_state = lambda self: None
from bk7231tools.__main__ import cli
cli()
"""
# Two LinkChecks when each is answered within the client's 5 ms; a busy machine may make it repeat.
START = {"ReadReg": 1, "GetMID": 1}


def counted(plug):
    assert plug.requests.pop("LinkCheck") >= 2
    return plug.requests


async def client(*arguments):
    """Run the client to its end; what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CLIENT,
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def test_chip_info():
    plug, port = await serve_plug(stock_flash(), PlugOptions(rate="max"))
    try:
        printed = await client("chip_info", "-d", port.path)
    finally:
        port.unplug()
    assert "BK7231N / Flash ID: eb 60 15 / Flash size: 0x200000 / Protocol: FULL" in printed
    assert "bootloader: BK7231N_1_0_1" in printed
    assert counted(plug) == START | {"CheckCRC": 1}


async def test_read_flash_gives_every_byte(tmp_path):
    plug, port = await serve_plug(stock_flash(), PlugOptions(rate="max"))
    out = tmp_path / "dump.bin"
    try:
        await client("read_flash", "-d", port.path, out)
    finally:
        port.unplug()
    assert out.read_bytes() == stock_flash()
    assert counted(plug) == START | {"FlashRead4K": 512, "CheckCRC": 513}
    assert plug.changes == []


async def test_read_flash_at_a_higher_speed(tmp_path):
    _plug, port = await serve_plug(forged_flash(), PlugOptions(rate="max"))
    out = tmp_path / "part.bin"
    try:
        await client("read_flash", "-d", port.path, "-b", 921600, "-s", 0, "-l", 0x10000, out)
    finally:
        port.unplug()
    assert out.read_bytes() == forged_flash()[:0x10000]


async def test_write_flash_writes_the_application_and_nothing_else(tmp_path):
    before = stock_flash()
    plug, port = await serve_plug(before, PlugOptions(rate="max"))
    image = tmp_path / "image.bin"
    image.write_bytes(random.Random(281).randbytes(281 * 4096))
    try:
        await client("write_flash", "-d", port.path, "-s", "0x11000", image)
    finally:
        port.unplug()
    assert plug.flash[0x11000:0x12A000] == image.read_bytes()
    assert plug.flash[:0x11000] == before[:0x11000]
    assert plug.flash[0x12A000:] == before[0x12A000:]
    # The first sector is erased with a CRC before and after; each written one has its own.
    assert counted(plug) == START | {
        "ReadSR": 4,
        "WriteSR": 1,
        "FlashErase": 281,
        "FlashWrite4K": 281,
        "CheckCRC": 284,
    }
    assert (plug.unprotected, plug.ignored, plug.burned) == (True, 0, False)
    assert len(plug.flash) == SIZE
