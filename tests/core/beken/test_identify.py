"""Who is there: ids, status, key, MAC, and the one register that is ever written."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from core.beken.client import Client
from core.beken.flash_ids import generic
from core.beken.identify import Device, identify
from core.beken.tasks.info import InfoOptions, info
from core.bkimage import cipher
from core.fault import FaultError
from core.link.memory import MemoryLink
from core.sim.plug import Plug, PlugOptions
from tests.core.beken.bench import Bench, fault_of, faulty, result_of, stock
from tests.virtual_clock import run, virtual

MAX = PlugOptions(rate="max")


def look(plug: Plug, *, key_needed: bool = True) -> Device:
    async def scene() -> Device:
        return await identify(Client(MemoryLink(plug)), key_needed=key_needed)

    return run(scene())


def test_a_stock_plug() -> None:
    device = look(Plug(stock(), MAX))
    assert (device.chip, device.chip_id, device.flash_id) == ("bk7231n", 0x7231C, "eb6015")
    assert (device.part, device.size, device.status) == ("TH TH25Q16HB", 0x200000, 0x4004)
    assert (device.fingerprint, device.boot) == (0xE14191BA, "BK7231N 1.0.1")
    assert (device.flash_key, device.mac) == (cipher.TUYA, "A4:C1:38:5C:94:FA")
    assert device.protected


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (replace(MAX, chip_id=0x7236), "BK-NOT-YET"),
        (replace(MAX, chip_id=0x12345), "BK-NOT-YET"),
        (replace(MAX, flash_id=(0, 0, 0)), "BK-DEAD-FLASH"),
        (replace(MAX, flash_id=(0xFF, 0xFF, 0xFF)), "BK-DEAD-FLASH"),
    ],
)
def test_refused_by_name(options: PlugOptions, code: str) -> None:
    with pytest.raises(FaultError) as caught:
        look(Plug(stock(), options))
    assert caught.value.fault.code == code
    assert caught.value.fault.touched == "nothing"


@pytest.mark.parametrize("size_byte", [0x15, 0x99])
def test_an_unknown_flash_is_still_a_device(size_byte: int) -> None:
    """BK7231 sheet 4.2: size by the id's third byte, else by where the flash repeats itself."""
    device = look(Plug(stock(), replace(MAX, flash_id=(0x12, 0x34, size_byte))))
    assert (device.part, device.size, device.known_flash) == ("not in the table", 0x200000, False)
    chip = device.flash_chip
    assert chip is not None
    assert (chip.registers, chip.mask, device.protected) == (2, 0x407C, True)


def test_a_flash_of_no_known_size_is_refused() -> None:
    with pytest.raises(FaultError) as caught:
        look(Plug(stock()[:0x180000], replace(MAX, flash_id=(0x12, 0x34, 0x99))))
    assert caught.value.fault.code == "BK-FLASH-ID"


@pytest.mark.parametrize(
    ("status", "registers", "mask"),
    [(0x4004, 2, 0x407C), (0xFF1C, 1, 0x7C), (0x1C1C, 1, 0x7C), (0x0000, 2, 0x407C)],
)
def test_a_second_register_counts_only_when_it_is_plausible(
    status: int, registers: int, mask: int
) -> None:
    chip = generic(bytes.fromhex("123415"), status)
    assert (chip.registers, chip.mask) == (registers, mask)


def test_a_bk7238_is_a_device_whose_registers_are_left_alone() -> None:
    """Rulings P18: backup yes; its RF block is found by content."""
    content = bytearray(stock())
    content[0x1E3000:0x1E4000] = content[0x1D0000:0x1D1000]
    content[0x1D0000:0x1D1000] = b"\xff" * 4096
    plug = Plug(bytes(content), replace(MAX, chip_id=0x7238))
    device = look(plug)
    assert (device.chip, device.mac) == ("bk7238", "A4:C1:38:5C:94:FA")
    assert device.flash_key is None
    assert not plug.register_writes


class OtherLoader:
    """It answers LinkCheck, CRC and the version question, and nothing about registers."""

    def __init__(self, version: bytes) -> None:
        self.version = version
        self.asked: set[int] = set()

    def attach(self, send) -> None:  # type: ignore[no-untyped-def]
        self.send = send

    def received(self, data: bytes, baud: int) -> None:
        self.asked.add(data[4])
        if data[4] == 0x00:
            self.send(bytes.fromhex("040e0501e0fc0100"))
        if data[4] == 0x10:
            self.send(bytes.fromhex("040e0801e0fc1012345678"))
        if data[4] == 0x11 and self.version:
            self.send(bytes.fromhex("040e1401e0fc11") + self.version.ljust(16, b"\0"))


@pytest.mark.parametrize("version", [b"", b"BK7252_1.0.1", b"\x1b[31m"])
def test_a_basic_loader_that_is_no_t_is_refused(version: bytes) -> None:
    device = OtherLoader(version)

    async def scene() -> None:
        await identify(Client(MemoryLink(device)), key_needed=True)

    with pytest.raises(FaultError) as caught:
        run(scene())
    assert caught.value.fault.code == "BK-NOT-YET"
    assert "\x1b" not in caught.value.fault.what
    assert device.asked == {0x03, 0x00, 0x11, 0x10}


@pytest.mark.parametrize("order", ["drop:host:identify:2", "corrupt:chip:identify:9"])
def test_one_lost_byte_does_not_make_a_t_of_an_n(order: str) -> None:
    assert look(Plug(stock(), faulty(order))).chip == "bk7231n"


# -- the key ---------------------------------------------------------------------------------


def test_only_the_read_bit_of_one_register_is_ever_written() -> None:
    """Rulings P8: direction bit never set, no other register, index and start only."""
    plug = Plug(stock(), MAX)
    look(plug)
    assert len(plug.register_writes) == 48
    assert {address for address, _ in plug.register_writes} == {0x800074}
    assert all(value & ~0x0F00 == 1 for _, value in plug.register_writes)
    assert not plug.burned


class DirtyControl(Plug):
    """A plug whose control register reads back with every bit set but the start bit."""

    def received(self, data: bytes, baud: int) -> None:
        if data == bytes.fromhex("01e0fc050374008000"):
            asyncio.get_running_loop().call_soon(
                self._deliver, bytes.fromhex("040e0c01e0fc0374008000feffffff")
            )
            return
        super().received(data, baud)


def test_left_over_bits_of_the_control_register_are_cleared() -> None:
    plug = DirtyControl(stock(), MAX)
    look(plug)
    assert plug.register_writes
    for _, value in plug.register_writes:
        assert value & 0x02 == 0
        assert value & 0x00FF0000 == 0
        assert value & 0xFF000000 == 0xFF000000
    assert not plug.burned


@pytest.mark.parametrize(
    "order", ["drop:host:identify:400", "lost:identify:9", "silent:identify:2"]
)
def test_an_accident_during_the_key_is_survived(order: str) -> None:
    plug = Plug(stock(), faulty(order))
    assert look(plug).flash_key == cipher.TUYA
    assert not plug.burned


def test_a_register_write_that_arrives_changed_stops_everything() -> None:
    plug = Plug(stock(), faulty("corrupt:host:identify:40"))
    with pytest.raises(FaultError) as caught:
        look(plug, key_needed=False)
    assert caught.value.fault.code == "BK-ECHO"
    assert len(plug.register_writes) == 1


@pytest.mark.parametrize(
    ("key", "name"),
    [(cipher.ZERO, "zero"), (cipher.UASCENT, "uascent"), (cipher.Key(1, 2, 3, 4), "other")],
)
def test_other_keys_are_read_as_they_are(key: cipher.Key, name: str) -> None:
    device = look(Plug(stock(), replace(MAX, key=cipher.to_efuse(key))))
    assert device.flash_key is not None
    assert device.flash_key.name == name


def test_a_damaged_tuya_key_is_named_so() -> None:
    damaged = bytearray(cipher.to_efuse(cipher.TUYA))
    damaged[2] = damaged[7] = damaged[9] = 0
    with pytest.raises(FaultError) as caught:
        look(Plug(stock(), replace(MAX, key=bytes(damaged))))
    assert caught.value.fault.code == "BK-KEY-DAMAGED"
    assert "3 damaged bytes" in caught.value.fault.what


class FlickeringKey(Plug):
    """A plug of whose key one byte reads differently every time."""

    reads = 0

    def _deliver(self, data: bytes) -> None:
        if data.startswith(bytes.fromhex("040e0c01e0fc0378008000")):
            self.reads += 1
            if self.reads % 16 == 5:
                data = data[:11] + bytes((self.reads & 0xFF,)) + data[12:]
        super()._deliver(data)


def test_reads_that_differ_are_noise_not_a_key() -> None:
    with pytest.raises(FaultError) as caught:
        look(FlickeringKey(stock(), MAX))
    assert caught.value.fault.code == "BK-KEY-READ"
    assert look(FlickeringKey(stock(), MAX), key_needed=False).flash_key is None


# -- the task --------------------------------------------------------------------------------


@virtual
async def test_info_says_who_is_there_and_changes_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), MAX))
    options = InfoOptions(port="sim", link_timeout=1.0)
    result = result_of(await bench.run(lambda r: info(r, options, ports=bench.open_port)))
    assert result["mac"] == "A4:C1:38:5C:94:FA"
    assert result["flash_key"] == "tuya"
    assert bench.facts("device")["chip_id"] == "0x7231c"
    assert bench.unchanged


@virtual
async def test_info_without_a_link_says_why_and_closes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), faulty("silent:link")))
    options = InfoOptions(port="sim", link_timeout=1.0)
    outcome = await bench.run(lambda r: info(r, options, ports=bench.open_port))
    assert fault_of(outcome).code == "LINK-SILENT"
    assert "RESET-NOW" in bench.texts()
