"""The ROM answers byte for byte as the worked examples of the BK7231 sheet say (2.4)."""

import random
import zlib

import pytest

from core.fault import FaultError
from core.sim.plug import Plug, PlugOptions
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
    short,
    u32,
    with_crc,
    write_4k,
)
from tests.virtual_clock import virtual

MAX = PlugOptions(rate="max")
OPEN = PlugOptions(rate="max", protected=False)
SECTOR = with_crc(forged_flash()[0x11000:0x12000], 0x0DD19D40 ^ 0xFFFFFFFF)
PAGE = bytes(range(256))

# name, what the host sends, what the chip answers
TRACES = [
    ("LinkCheck", "01 e0 fc 01 00", "04 0e 05 01 e0 fc 01 00"),
    ("StayRom", "01 e0 fc 02 aa 55", "04 0e 05 01 e0 fc aa 55"),
    (
        "CRC of the fingerprint",
        "01 e0 fc 09 10 00 00 00 00 00 01 00 00",
        "04 0e 08 01 e0 fc 10 45 6e be 1e",
    ),
    (
        "ReadReg chip id",
        "01 e0 fc 05 03 00 00 80 00",
        "04 0e 0c 01 e0 fc 03 00 00 80 00 1c 23 07 00",
    ),
    (
        "ReadReg device id",
        "01 e0 fc 05 03 04 00 80 00",
        "04 0e 0c 01 e0 fc 03 04 00 80 00 10 10 52 20",
    ),
    (
        "GetMID",
        "01 e0 fc ff f4 05 00 0e 9f 00 00 00",
        "04 0e ff 01 e0 fc f4 06 00 0e 00 00 eb 60 15",
    ),
    ("ReadSR 05", "01 e0 fc ff f4 02 00 0c 05", "04 0e ff 01 e0 fc f4 04 00 0c 00 05 7c"),
    ("ReadSR 35", "01 e0 fc ff f4 02 00 0c 35", "04 0e ff 01 e0 fc f4 04 00 0c 00 35 40"),
    ("ReadSR 15", "01 e0 fc ff f4 02 00 0c 15", "04 0e ff 01 e0 fc f4 04 00 0c 00 15 40"),
    (
        "CRC of a sector",
        "01 e0 fc 09 10 00 10 21 00 ff 1f 21 00",
        "04 0e 08 01 e0 fc 10 40 9d d1 0d",
    ),
    (
        "Read4K",
        "01 e0 fc ff f4 05 00 09 00 10 21 00",
        "04 0e ff 01 e0 fc f4 06 10 09 00 00 10 21 00" + SECTOR.hex(),
    ),
    (
        "FlashRead",
        "01 e0 fc ff f4 06 00 08 00 10 01 00 10",
        "04 0e ff 01 e0 fc f4 16 00 08 00 00 10 01 00" + SECTOR[:16].hex(),
    ),
    (
        "WriteSR 16 bit",
        "01 e0 fc ff f4 04 00 0d 01 00 00",
        "04 0e ff 01 e0 fc f4 05 00 0d 00 01 00 00",
    ),
    ("WriteSR 8 bit", "01 e0 fc ff f4 03 00 0d 01 00", "04 0e ff 01 e0 fc f4 04 00 0d 00 01 00"),
    ("WriteSR 31", "01 e0 fc ff f4 03 00 0d 31 00", "04 0e ff 01 e0 fc f4 04 00 0d 00 31 00"),
    (
        "Erase 4K",
        "01 e0 fc ff f4 06 00 0f 20 00 10 21 00",
        "04 0e ff 01 e0 fc f4 07 00 0f 00 20 00 10 21 00",
    ),
    (
        "CRC of an erased sector",
        "01 e0 fc 09 10 00 10 21 00 ff 1f 21 00",
        "04 0e 08 01 e0 fc 10 f5 98 ab 0e",
    ),
    (
        "Write4K",
        "01 e0 fc ff f4 05 10 07 00 10 21 00" + SECTOR.hex(),
        "04 0e ff 01 e0 fc f4 06 00 07 00 00 10 21 00",
    ),
    (
        "FlashWrite 256",
        "01 e0 fc ff f4 05 01 06 00 01 22 00" + PAGE.hex(),
        "04 0e ff 01 e0 fc f4 07 00 06 00 00 01 22 00 00",
    ),
    (
        "Erase 64K",
        "01 e0 fc ff f4 06 00 0f d8 00 00 02 00",
        "04 0e ff 01 e0 fc f4 07 00 0f 00 d8 00 00 02 00",
    ),
    (
        "Erase4K, opcode 0b",
        "01 e0 fc ff f4 05 00 0b 00 10 01 00",
        "04 0e ff 01 e0 fc f4 06 00 0b 00 00 10 01 00",
    ),
    (
        "eFuse control",
        "01 e0 fc 05 03 74 00 80 00",
        "04 0e 0c 01 e0 fc 03 74 00 80 00 00 00 00 00",
    ),
    (
        "eFuse start",
        "01 e0 fc 09 01 74 00 80 00 01 00 00 00",
        "04 0e 0c 01 e0 fc 01 74 00 80 00 01 00 00 00",
    ),
    ("eFuse done", "01 e0 fc 05 03 74 00 80 00", "04 0e 0c 01 e0 fc 03 74 00 80 00 00 00 00 00"),
    ("eFuse byte 0", "01 e0 fc 05 03 78 00 80 00", "04 0e 0c 01 e0 fc 03 78 00 80 00 93 01 00 00"),
    (
        "SetBaud",
        "01 e0 fc 06 0f 00 10 0e 00 14",
        "04 0e 09 01 e0 fc 0f 00 10 0e 00 14",
    ),
]

ERRORS = [
    ("unknown short", "01 e0 fc 01 55", "04 0e 05 01 e0 fc 55 07"),
    ("unknown long", "01 e0 fc ff f4 01 00 55", "04 0e ff 01 e0 fc f4 02 00 55 07"),
    ("boot version is the T's", "01 e0 fc 01 11", "04 0e 05 01 e0 fc 11 07"),
    ("chip erase is ignored", "01 e0 fc ff f4 02 00 0a 10", "04 0e ff 01 e0 fc f4 02 00 0a 07"),
    ("short of wrong length", "01 e0 fc 03 00 01 02", "04 0e 05 01 e0 fc 00 05"),
    ("long of wrong length", "01 e0 fc ff f4 03 00 09 00 00", "04 0e ff 01 e0 fc f4 02 00 09 04"),
    ("longer than the buffer", "01 e0 fc ff f4 ff ff 07", "04 0e ff 01 e0 fc f4 02 00 07 04"),
    ("short that stops", "01 e0 fc 05 03 00", "04 0e 05 01 e0 fc 03 05"),
    ("long that stops", "01 e0 fc ff f4 05 00 09 00", "04 0e ff 01 e0 fc f4 02 00 09 05"),
    ("erase of an unknown size", "01 e0 fc ff f4 06 00 0f 21 00 10 01 00",
     "04 0e ff 01 e0 fc f4 02 00 0f 06"),
    ("speed of 0", "01 e0 fc 06 0f 00 00 00 00 14", "04 0e 05 01 e0 fc 0f 06"),
    ("reboot with another value", "01 e0 fc 02 0e 00", "04 0e 05 01 e0 fc 0e 00"),
    ("a CRC that would never end", "01 e0 fc 09 10 00 00 00 00 ff ff ff ff",
     "04 0e 05 01 e0 fc 10 06"),
]  # fmt: skip


@virtual
async def test_worked_examples_in_one_conversation():
    flash = bytearray(forged_flash())
    flash[0x11000:0x12000] = SECTOR
    flash[0x20000:0x30000] = b"\xff" * 0x10000
    plug, link = plug_and_link(PlugOptions(rate="max", status=0x407C), bytes(flash))
    for name, sent, expected in TRACES:
        if name == "SetBaud":
            await link.write(bytes.fromhex(sent))
            await link.set_baud(921600)
            found = await link.read(100, 1.0)
        else:
            found = await ask(link, bytes.fromhex(sent))
        assert (name, found.hex(" ")) == (name, bytes.fromhex(expected).hex(" "))
    assert plug.baud == 921600
    assert await ask(link, LINK) == LINKED


@pytest.mark.parametrize(("name", "sent", "expected"), ERRORS, ids=[row[0] for row in ERRORS])
@virtual
async def test_error_shapes(name, sent, expected):
    plug, link = plug_and_link(OPEN)
    assert (await ask(link, bytes.fromhex(sent))).hex(" ") == expected
    assert await ask(link, LINK) == LINKED
    assert plug.changes == []


@virtual
async def test_noise_stray_zeros_and_repeated_first_bytes_are_tolerated():
    plug, link = plug_and_link(MAX)
    assert await ask(link, b"\x00\xf8\x01" + LINK) == LINKED
    assert await ask(link, b"\x01\x01" + LINK) == LINKED
    # A known client sends three zeros after every register write.
    write = short(0x01, u32(0x800074) + u32(1)) + bytes(3)
    assert len(await ask(link, write)) == 15
    assert await ask(link, LINK * 3) == LINKED * 3
    assert plug.requests == {"LinkCheck": 5, "WriteReg": 1}


@virtual
async def test_every_byte_of_noise_is_harmless():
    plug, link = plug_and_link(OPEN)
    rng = random.Random(5)
    before = bytes(plug.flash)
    for _ in range(200):
        await ask(link, rng.randbytes(40).replace(b"\xfc", b"\xfd"), 0.2)
    assert bytes(plug.flash) == before
    assert plug.requests == {}
    assert await ask(link, LINK) == LINKED


@virtual
async def test_efuse_bytes_and_the_burn_guard():
    plug, link = plug_and_link(MAX)
    found = bytearray()
    for index in range(16):
        await ask(link, short(0x01, u32(0x800074) + u32(index << 8 | 1)))
        reply = await ask(link, short(0x03, u32(0x800078)))
        assert reply[12] == 1
        found.append(reply[11])
    assert bytes(found) == PlugOptions().key
    assert not plug.burned
    await ask(link, short(0x01, u32(0x800074) + u32(3)))
    assert plug.burned
    assert plug.register_writes[-1] == (0x800074, 3)
    assert len(plug.register_writes) == 17
    assert (await ask(link, short(0x03, u32(0x1234)))).endswith(u32(0))


@virtual
async def test_protected_flash_acknowledges_and_does_nothing():
    plug, link = plug_and_link(MAX)
    before = bytes(plug.flash)
    assert (await ask(link, erase(0x11000)))[10] == 0
    assert (await ask(link, write_4k(0x11000, bytes(4096))))[10] == 0
    assert bytes(plug.flash) == before
    assert (plug.changes, plug.ignored, plug.unprotected) == ([], 2, False)


@virtual
async def test_status_register_keeps_its_other_bits_and_shows_busy_for_a_while():
    plug, link = plug_and_link(PlugOptions(rate="max", status=0x4684, wip_polls=2))
    await ask(link, long(0x0D, bytes([0x01, 0x80, 0x02])))
    polls = [(await ask(link, long(0x0C, b"\x05")))[-1] for _ in range(3)]
    assert polls == [0x81, 0x81, 0x80]
    # QE stays as written, LB can never be cleared again.
    assert (await ask(link, long(0x0C, b"\x35")))[-1] == 0x06
    assert plug.unprotected
    assert plug.status_writes == [(0x01, b"\x80\x02")]
    await ask(link, long(0x0D, bytes([0x31, 0x40])))
    assert plug.status == 0x4480
    await ask(link, long(0x0D, bytes([0x01, 0x00])))
    assert plug.status == 0x4400
    plug.power_cycle()
    assert plug.status == 0x4400


@virtual
async def test_locked_down_status_register_cannot_be_written():
    plug, link = plug_and_link(PlugOptions(rate="max", status=0x4104))
    await ask(link, long(0x0D, bytes([0x01, 0x00, 0x00])))
    assert plug.status == 0x4104


@virtual
async def test_erase_aligns_down_and_wraps():
    plug, link = plug_and_link(OPEN, bytes(0x200000))
    for address, code, start, size in (
        (0x12345, 0x20, 0x12000, 0x1000),
        (0x22345, 0x52, 0x20000, 0x8000),
        (0x45678, 0xD8, 0x40000, 0x10000),
        (0x261234, 0x20, 0x61000, 0x1000),
    ):
        reply = await ask(link, erase(address, code))
        assert reply[-4:] == u32(address)
        assert plug.flash[start : start + size] == b"\xff" * size
        assert (plug.changes[-1].kind, *plug.changes[-1][1:3]) == ("erase", start, size)
    assert plug.flash.count(0xFF) == 0x1000 + 0x8000 + 0x10000 + 0x1000


@virtual
async def test_programming_only_clears_bits():
    plug, link = plug_and_link(OPEN, b"\xff" * 0x200000)
    await ask(link, long(0x06, u32(0x20000) + bytes([0xF0, 0x0F])))
    reply = await ask(link, long(0x06, u32(0x20000) + bytes([0x3C, 0xFF, 0x00])))
    assert reply[-1] == 3
    assert plug.flash[0x20000:0x20004] == bytes([0x30, 0x0F, 0x00, 0xFF])
    assert [c[:3] for c in plug.changes] == [("program", 0x20000, 2), ("program", 0x20000, 3)]


@virtual
async def test_reads_and_crcs_wrap_at_the_size_of_the_flash():
    plug, link = plug_and_link(MAX)
    flash = forged_flash()
    assert (await ask(link, read_4k(0x1FF800)))[15:] == flash[-0x800:] + flash[:0x800]
    for start, end in ((0x1FF000, 0x201000), (0x211000, 0x212000), (0, 0x200000)):
        reply = await ask(link, crc_of(start, end))
        expected = zlib.crc32((flash + flash + flash)[start:end])
        assert int.from_bytes(reply[7:], "little") ^ 0xFFFFFFFF == expected
    assert plug.requests == {"FlashRead4K": 1, "CheckCRC": 3}


@pytest.mark.parametrize("content", [b"", b"\xff" * 4095])
def test_a_flash_of_broken_size_is_refused(content):
    with pytest.raises(FaultError) as caught:
        Plug(content)
    assert caught.value.fault.code == "SIM-FLASH"
