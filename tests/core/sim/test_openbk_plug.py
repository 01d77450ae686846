"""What a simulated plug is on the network: what lies in its flash, from one start to the next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache

from core.profile.block import Block
from core.profile.model import for_mac
from core.profile.toml_file import SHIPPED, load
from core.sim.firmware import openbeken_qio, stock_n
from core.sim.openbk_options import OpenBkOptions
from core.sim.openbk_plug import PlugOnNetwork
from core.sim.plug import Plug
from core.sim.plug_options import DEFAULT

BASE = OpenBkOptions(mac=bytes(6), version="9.9")
CONFIG = 0x1D1000
MAC = "c0ffee001234"


@cache
def flashed(version: str = "1.18.100", profile_for: str = "") -> bytes:
    """The flash of the stock plug after OpenBeken, and perhaps a profile, were written."""
    flash = bytearray(stock_n())
    image = openbeken_qio(version)
    flash[: len(image)] = image
    block = b""
    if profile_for:
        profile = for_mac(load(SHIPPED / "lsc-3202087.toml"), profile_for)
        block = Block.new().with_profile(profile).sector()
    flash[CONFIG : CONFIG + 0x1000] = block.ljust(0x1000, b"\xff")
    return bytes(flash)


@asynccontextmanager
async def bench(flash: bytes) -> AsyncIterator[tuple[Plug, PlugOnNetwork, list[bool]]]:
    told: list[bool] = []
    plug = Plug(flash, replace(DEFAULT, window=0.001))
    network = PlugOnNetwork(plug, BASE, told.append)
    await network.start()
    try:
        yield plug, network, told
    finally:
        network.stop()


async def boot(plug: Plug, flash: bytes | None = None) -> None:
    """Write this flash as the loader does, then start the plug."""
    plug.power_cycle()
    if flash is not None:
        plug.flash[:] = flash
    for _ in range(1000):
        if plug.app_runs:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the plug did not start")


async def answers(network: PlugOnNetwork) -> bool:
    """Whether somebody listens there, a moment after a start."""
    host, _, port = network.host.partition(":")
    for _ in range(5):
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            await asyncio.sleep(0.005)
            continue
        writer.close()
        return True
    return False


async def test_it_comes_up_as_what_was_flashed_and_leaves_with_the_stock_firmware() -> None:
    async with bench(stock_n()) as (plug, network, told):
        assert network.now is None and not await answers(network)
        await boot(plug, flashed(profile_for=MAC))
        assert network.now is not None and await answers(network)
        device = network.now.device
        assert device.options.mac.hex() == MAC and device.version == "1.18.100"
        assert device.config.get("names.short") == "plug-001234"
        assert device.relay_channels and device.uptime == 0
        plug.power_cycle()  # its loader has it: nobody is on the network
        assert network.now is None
        await boot(plug, stock_n())
        assert network.now is None and not await answers(network) and told == [True, False]


async def test_each_flash_is_a_new_start_with_the_new_block() -> None:
    async with bench(flashed()) as (plug, network, _):
        assert network.now is not None and network.now.device.pins_with("Rel") == []
        first, host = network.now, network.host
        await boot(plug, flashed("1.18.150", MAC))
        assert network.now is not None and network.now is not first and network.host == host
        assert network.now.device.version == "1.18.150" and network.now.device.relay_channels


async def test_what_it_saved_is_in_the_flash_and_survives_a_restart() -> None:
    async with bench(flashed()) as (plug, network, _):
        assert network.now is not None
        device = network.now.device
        assert device.config.get("names.short") == "obkEE001234"
        device.config.put("names.short", "kitchen")
        device.save()
        device.version = "1.18.300"  # an update over Wi-Fi
        await boot(plug)
        assert b"kitchen" in plug.flash[CONFIG : CONFIG + 0x1000]
        assert network.now is not None
        assert network.now.device.config.get("names.short") == "kitchen"
        assert network.now.device.version == "1.18.300"


async def test_a_firmware_that_is_torn_does_not_start() -> None:
    torn = bytearray(flashed())
    torn[0x80000:0x100000] = b"\xff" * 0x80000
    async with bench(stock_n()) as (plug, network, _):
        await boot(plug, bytes(torn))
        assert network.now is None
