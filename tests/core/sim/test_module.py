"""The simulated programmer replays the byte traces of the fact sheet, and its irregular replies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.fault import FaultError
from core.link.memory import MemoryLink
from core.sim.module import Module, ModuleOptions
from core.sim.module_flash import Flash
from core.sim.module_images import meter_image, module_flash
from core.sim.module_orders import parse_order
from core.sim.module_wire import TABLE, crc16, framed
from tests.virtual_clock import virtual

BASE = ModuleOptions(protected=0)
# ruff: noqa: E501
INFO = """
> 00 00 00 00 00 24
< 00 00 0d 00 08 00 62 55 01 05 03 5a 00 06 02 00 05 d7 cb
> 00 03 00 00 f0 24
< 00 00 01 00 00 75 c0
> 00 04 9e 08 28 43
< 00 00 04 00 00 00 00 00 41 8f
> 08 02 06 00 05 e4 7b
< 08 00 01 00 03 d4
> 07 7d 00 00 03 00 6d 56
< 07 00 03 00 02 62 55 61 5f
> 07 bc 06 00 04 00 52 3f
< 07 00 04 00 00 00 00 00 00 69
> 07 02 06 00 01 00 79 74
< 07 00 01 00 05 00 03
> 05 00 00 00 00 e8
< 05 00 03 00 c8 60 13 e2 33
> 06 00 00 00 00 ac
< 06 00 01 00 00 fd c0
> 0d 00 00 00 24 00 4b c7 fc
< 0d 00 25 00 ff ff ff ff 41 50 32 31 36 39 33 01 00 40 00 f1 fe e5 ff ff c8 01 {14ff} 38 39
> 01 00 00 00 20 00 18 0a
< 01 00 20 00 56 80 00 00 00 00 5d 02 4b 4e 4c 54 54 07 88 00 c6 80 00 00 00 00 00 00 b4 24 01 00 00 00 00 00 59 4c
> 07 61 00 00 04 00 be a4
< 07 00 04 00 f7 c7 83 08 e3 16
> 07 60 00 00 20 00 98 64
< {registers}
> 00 05 01 00 11 b5
< 00 00 00 00 00 24
"""
REGISTERS = "7c f7 c7 83 08 30 06 00 02 00 02 00 01 02 1f 00 00 04 00 04 00 00 00 00 00 00 00 64 00 02 62 55"
WRITE = """
> 00 03 00 00 f0 24
< 00 00 01 00 00 75 c0
> 00 04 9e 08 28 43
< 00 00 04 00 00 00 00 00 41 8f
> 0d 00 00 00 00 00 06 47 c2
< 0d 00 01 00 03 18
> 0d 00 00 00 00 00 01 00 80 02
< 0d 00 02 00 03 e8
> 06 00 00 00 00 ac
< 06 00 01 00 00 fd c0
> 03 00 00 00 00 60
< 03 00 00 00 00 60
> 06 00 00 00 00 ac
< 06 00 01 00 01 3c 00
> 08 6f 00 00 20 d9 0d
< 08 00 01 00 03 d4
"""
PAGES = """
> 0e 00 00 00 00 01 c0 f5
< 0e 00 25 9f 58 34
> 0e 00 24 01 b4 00 2d 05
< 0e 00 58 d5 f8 93
"""
SINGLE = {
    "read mac": ("01 00 60 07 08 00 a9 cb", None),
    "erase the ring's first sector": ("03 00 00 04 01 a3", "03 00 00 00 00 60"),
    "read SR2": ("0d 00 00 00 01 00 35 56 17", "0d 00 02 00 00 a8 01"),
    "wake": ("0d 00 00 00 00 00 ab 86 7f", "0d 00 01 00 03 18"),
    "get config": ("00 02 00 00 a1 e4", "00 00 08 00 05 03 5a 00 06 02 00 05 7b 66"),
    "set config": (
        "00 02 00 00 05 03 5a 00 06 02 00 05 f1 34",
        "00 00 08 00 05 03 5a 00 06 02 00 05 7b 66",
    ),
    "pins high": ("00 03 01 00 f1 b4", "00 00 01 00 01 b4 00"),
    "bad index": ("00 05 09 00 " + framed(bytes.fromhex("00050900"))[-2:].hex(" "),
                  "00 06 00 00 e0 25"),
    "unknown function": (framed(bytes.fromhex("00090000")).hex(" "), "00 01 00 00 51 e4"),
    "unknown command": (framed(bytes.fromhex("7f000000")).hex(" "), "7f fe a0"),
    "stray byte": ("00", "00 02 00 00 a1 e4"),
    "empty page": (framed(bytes.fromhex("02000000")).hex(" "), "02 02 00 00 a0 5c"),
    "printf": ("0f 00 e7 84 00 a3 36", "0f 00 01 00 02 a0"),
    "pins low": ("00 03 00 00 f0 24", "00 00 01 00 00 75 c0"),
    "activate 100 ms": ("00 04 4f 04 74 16", "00 00 04 00 00 00 00 00 41 8f"),
    "activate 2550 ms": ("00 04 e9 6d cf 98", "00 00 04 00 00 00 00 00 41 8f"),
    "divider 4": ("00 02 00 00 04 03 5a 00 06 02 00 05 30 f8", None),
    "1.5 M": ("00 05 06 00 13 85", "00 00 00 00 00 24"),
    "stall": ("08 02 06 00 06 a4 7a", "08 00 01 00 03 d4"),
    "go": ("08 02 06 00 08 25 be", "08 00 01 00 03 d4"),
    "start from SRAM": ("08 02 06 00 88 24 1e", "08 00 01 00 03 d4"),
    "chip erase": ("04 00 00 00 01 14", "04 00 00 00 01 14"),
    "last block of the chip": ("01 00 fc 07 00 04 81 98", None),
    "analog": ("09 00 00 00 00 01 c1 42", None),
    "bad wait": (framed(bytes.fromhex("10000000010203")).hex(" "), "10 02 00 00 a5 24"),
}  # fmt: skip


PARTS = {
    "read mac": (14, 4, "ccbbaa38c1a4"),
    "divider 4": (14, 0, "00 00 08 00 04 03 5a 00 06 02 00 05"),
    "last block of the chip": (1030, 1028, "6b 68"),
    "analog": (262, 0, "09 00 00 01"),
}
"""Where the sheet gives only part of the answer: its size, and these bytes at an offset."""


def hexed(text: str) -> bytes:
    dump = framed(bytes.fromhex("07 00 20 00" + REGISTERS)).hex()
    return bytes.fromhex(text.replace("{14ff}", "ff " * 14).replace("{registers}", dump))


def bench(flash: bytes | None = None, **options: object) -> tuple[Module, MemoryLink]:
    base = replace(BASE, **options)  # type: ignore[arg-type]
    module = Module(module_flash(meter_image()) if flash is None else flash, base)
    return module, MemoryLink(module, baud=230400)


async def ask(link: MemoryLink, request: bytes, timeout: float = 1.0) -> bytes:
    await link.quiet(0.001, 0.1)
    await link.write(request)
    found = await link.read(4096, timeout)
    while more := await link.read(4096, 0.02):
        found += more
    return found


async def replay(link: MemoryLink, trace: str) -> None:
    lines = trace.split("\n")[1:-1]
    for sent, wanted in zip(lines[::2], lines[1::2], strict=True):
        assert (await ask(link, hexed(sent[2:]))).hex(" ") == hexed(wanted[2:]).hex(" "), sent


async def activated(link: MemoryLink) -> None:
    await replay(link, "\n".join(INFO.split("\n")[:7]) + "\n")


@virtual
async def test_the_traces_of_the_sheet_replay() -> None:
    _, link = bench()
    await replay(link, INFO)
    _, link = bench(protected=0x1C, window=0.05, status_write=0.0)
    await replay(link, WRITE)


def forged(data: bytes, crc: int) -> bytes:
    """`data` with its last two bytes chosen so that its CRC-16 is `crc`."""
    before = crc16(data[:-2])
    for last in range(0x10000):
        after = before
        for byte in last.to_bytes(2, "little"):
            after = after >> 8 ^ TABLE[(after ^ byte) & 0xFF]
        if after == crc:
            return data[:-2] + last.to_bytes(2, "little")
    raise AssertionError("no two bytes do it")


@virtual
async def test_the_page_traces_of_the_sheet_replay_on_pages_with_its_checksums() -> None:
    flash = bytearray(module_flash(meter_image()))
    for at, size, crc in ((0, 256, 0x9F25), (0x12400, 180, 0xD558)):
        page = forged(bytes(flash[at : at + size]), crc)
        _, link = bench(module_flash(None))
        body = b"\x02" + at.to_bytes(3, "little") + page
        reply = await ask(link, framed(body))
        wanted = {256: "02 00 00 01 c0 5c", 180: "02 00 b4 00 76 9c"}[size]
        assert reply.hex(" ") == wanted
        flash[at : at + size] = page
    _, link = bench(bytes(flash), keep_sws=True)
    await replay(link, PAGES)


@virtual
async def test_a_broken_off_activation_has_the_bytes_that_came() -> None:
    _, link = bench(partial=2)
    assert await ask(link, hexed("00 04 9e 08 28 43")) == hexed("00 03 02 00 a5 a5 fe 88")


@pytest.mark.parametrize("name", SINGLE)
def test_single_exchanges_of_the_sheet(name: str) -> None:
    @virtual
    async def run() -> None:
        _, link = bench(keep_sws=True)
        request, reply = SINGLE[name]
        heard = await ask(link, hexed(request), 3.0)
        if reply is None:
            assert crc16(heard) == 0
            size, at, part = PARTS[name]
            assert len(heard) == size and heard[at:].startswith(bytes.fromhex(part))
        else:
            assert heard.hex(" ") == reply

    run()


@pytest.mark.parametrize(
    ("version", "tail"), [(1, "ca 02"), (2, "cf c1"), (3, "cd 40"), (5, "c4 86"), (8, "d7 cb")]
)
def test_versions_gate_commands(version: int, tail: str) -> None:
    @virtual
    async def run() -> None:
        _, link = bench(module_flash(None), version=version)
        reply = await ask(link, hexed("00 00 00 00 00 24"))
        assert (len(reply), reply[4], reply[-2:].hex(" ")) == (19, version, tail)
        found = await ask(link, framed(bytes.fromhex("0e000000 0004")))
        assert found == (hexed("0e 3e 84") if version < 3 else found)
        assert (len(found) == 3) == (version < 3)
        waited = await ask(link, hexed("10 bc 06 00 02 06 00 05 1d 10"))
        if version < 5:
            assert waited == hexed("10 be 8c")
        else:
            assert waited == hexed("10 00 00 00 04 e4 10 00 04 00 74 05 00 00 4b 72")

    run()


@pytest.mark.parametrize(
    ("commands", "reply"),
    [
        ("00 01 04 05", "05 00 00 00 00 e8"),
        ("02 03 06 07", "07 00 00 00 01 50"),
        ("08 09 0c 0d", "0d 00 00 00 02 88"),
        ("0a 0b 0e 0f", "0f 00 00 00 03 30"),
        ("10", "15 00 00 00 04 28"),
    ],
)
def test_a_request_with_a_bad_checksum(commands: str, reply: str) -> None:
    @virtual
    async def run() -> None:
        _, link = bench()
        for command in bytes.fromhex(commands):
            broken = bytes([command, 0, 0, 0, 1, 2])
            assert (await ask(link, broken)).hex(" ") == reply

    run()


NO_TARGET = {
    "activate": ("00 04 9e 08 28 43", "00 03 00 00 f0 24"),
    "read": ("01 00 00 00 00 04 00 09", "01 03 00 00 f1 d8"),
    "jedec": ("05 00 00 00 00 e8", "05 03 00 00 f0 e8"),
    "status": ("06 00 00 00 00 ac", "06 03 00 00 f0 ac"),
    "chip": ("07 7d 00 00 03 00 6d 56", "07 03 00 00 f1 50"),
    "crc": ("0e 00 00 00 00 01 c0 f5", "0e 03 00 00 f2 cc"),
    "erase": ("03 00 00 00 00 60", "03 00 00 00 00 60"),
    "wren": ("0d 00 00 00 00 00 06 47 c2", "0d 00 01 00 03 18"),
    "stop": ("08 02 06 00 05 e4 7b", "08 00 01 00 03 d4"),
}


@pytest.mark.parametrize("name", NO_TARGET)
def test_without_a_target_only_reads_fail(name: str) -> None:
    @virtual
    async def run() -> None:
        _, link = bench(sws=False)
        request, reply = NO_TARGET[name]
        assert (await ask(link, hexed(request))).hex(" ") == reply

    run()


@virtual
async def test_the_running_firmware_takes_sws_away_and_a_reset_gives_it_back() -> None:
    module, link = bench()
    assert await ask(link, hexed("07 7d 00 00 03 00 6d 56")) == hexed("07 03 00 00 f1 50")
    await activated(link)
    assert module.target.halted and module.target.boots == 1
    await ask(link, hexed("08 6f 00 00 20 d9 0d"))
    await link.quiet(0.05, 0.1)
    assert module.target.runs
    blank, link = bench(module_flash(None))
    assert await ask(link, hexed("07 7d 00 00 03 00 6d 56")) == hexed("07 00 03 00 02 62 55 61 5f")
    assert not blank.target.bootable


@virtual
async def test_a_request_during_another_is_lost_and_a_split_one_fails_twice() -> None:
    module, link = bench(module_flash(None))
    await link.write(hexed("00 04 4f 04 74 16"))  # 100 ms
    await link.quiet(0.02, 0.02)
    await link.write(hexed("05 00 00 00 00 e8"))
    assert await link.read_exactly(64, 0.5) == hexed("00 00 04 00 00 00 00 00 41 8f")
    assert module.requests["jedec"] == 0
    await link.write(hexed("05 00 00"))
    await link.quiet(0.0004, 0.0004)
    await link.write(hexed("00 00 e8"))
    assert len(await link.read_exactly(64, 0.1)) == 12


@virtual
async def test_a_reboot_is_not_answered_and_brings_the_power_on_state_back() -> None:
    module, link = bench(keep_sws=True)
    assert await ask(link, hexed("00 02 00 00 04 03 5a 00 06 02 00 05 30 f8"))
    assert await ask(link, hexed("00 05 06 00 13 85")) == hexed("00 00 00 00 00 24")
    await link.set_baud(1500000)
    assert await ask(link, hexed("00 01 00 00 51 e4")) == b""
    assert (module.target.boots, module.baud) == (1, 230769)
    await link.set_baud(230400)
    whole = hexed("00 00 0d 00 08 00 62 55 01 05 03 5a 00 06 02 00 05 d7 cb")
    assert await ask(link, hexed("00 00 00 00 00 24")) == whole


@virtual
async def test_a_protected_status_is_that_of_the_sheet() -> None:
    _, link = bench(protected=0x1C, keep_sws=True)
    assert await ask(link, hexed("06 00 00 00 00 ac")) == hexed("06 00 01 00 1c fc 09")


@virtual
async def test_baud_changes_after_the_reply_and_index_2_is_not_what_it_says() -> None:
    module, link = bench()
    for index, baud in ((6, 1500000), (2, 460800)):
        assert await ask(link, framed(bytes([0, 5, index, 0]))) == hexed("00 00 00 00 00 24")
        await link.set_baud(baud)
        reply = await ask(link, hexed("00 00 00 00 00 24"))
        assert (len(reply) == 19 and crc16(reply) == 0) == (index == 6)
    assert module.baud == 615385


@virtual
async def test_line_time_is_that_of_the_published_logs() -> None:
    import asyncio

    for baud, index in ((230400, 1), (1500000, 6)):
        _, link = bench(module_flash(None, full=True), keep_sws=True)
        await ask(link, framed(bytes([0, 5, index, 0])))
        await link.set_baud(baud)
        began = asyncio.get_running_loop().time()
        await link.write(hexed("01 00 00 00 00 04 00 09"))
        assert len(await link.read_exactly(1030, 1.0)) == 1030
        spent = asyncio.get_running_loop().time() - began
        assert spent == pytest.approx(17.7e-3 + 10815 / baud, rel=0.03)


def flash_of(content: bytes, **options: object) -> tuple[Flash, list[float]]:
    clock = [0.0]
    return Flash(content, replace(BASE, **options), lambda: clock[0]), clock  # type: ignore[arg-type]


def test_flash_programs_by_and_wraps_in_its_page_and_needs_the_latch() -> None:
    flash, clock = flash_of(b"\xff" * 8192)
    flash.transact(b"\x02\0\0\0\x00", 0)
    assert flash.cells[0] == 0xFF
    flash.transact(b"\x06", 0)
    assert flash.status == 2
    flash.transact(b"\x02\x00\x00\xfe\x0f\x0f\x0f", 0)
    assert flash.status == 1
    assert bytes(flash.cells[0xFE:0x100]) == b"\x0f\x0f" and flash.cells[0] == 0x0F
    flash.transact(b"\x06", 0)
    assert flash.status == 1  # busy: ignored
    clock[0] = 1.0
    flash.transact(b"\x06", 0)
    flash.transact(b"\x02\x00\x00\xfe\xf0", 0)
    clock[0] = 2.0
    assert flash.cells[0xFE] == 0
    flash.transact(b"\x06", 0)
    flash.transact(b"\x20\x00\x00\x00", 0)
    clock[0] = 2.02
    assert flash.busy and flash.transact(b"\x03\0\0\0", 2) == b"\xff\xff"
    clock[0] = 3.0
    assert bytes(flash.cells) == b"\xff" * 8192


def test_protected_flash_ignores_and_unlocks_only_with_the_latch() -> None:
    flash, clock = flash_of(b"\0" * 4096, protected=0x1C)
    for request in (b"\x06", b"\x20\0\0\0"):
        flash.transact(request, 0)
    clock[0] = 1.0
    assert flash.cells[0] == 0 and flash.refused == 1 and not flash.changes
    flash.transact(b"\x01\x00", 0)
    assert flash.status == 0x1C
    flash.transact(b"\x06", 0)
    flash.transact(b"\x01\x00", 0)
    clock[0] = 2.0
    assert flash.status == 0


@pytest.mark.parametrize("text", ["", "drop", "drop:write", "eat:write:1", "drop:cake:1",
                                  "drop:write:0", "busy:erase:1", "drop:write:x"])  # fmt: skip
def test_an_order_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(FaultError, match="SIM-ORDER"):
        parse_order(text)


@virtual
async def test_orders_do_what_they_say() -> None:
    version = hexed("00 00 00 00 00 24")
    whole = hexed("00 00 0d 00 08 00 62 55 01 05 03 5a 00 06 02 00 05 d7 cb")

    async def second(order: str) -> bytes:
        _, link = bench(orders=(parse_order(order),))
        assert await ask(link, version) == whole
        return await ask(link, version, 0.3)

    assert await second("drop:version:2") == b""
    assert await second("mute:version:2") == b""
    assert await second("gone:any:2") == b""
    assert await second("garbled:version:2") == hexed("05 00 00 00 00 e8")
    assert (await second("corrupt:version:2"))[1:] == whole[1:]
    assert (await second("trash:version:2"))[5:] == whole
    assert await second("late:version:2") == whole
