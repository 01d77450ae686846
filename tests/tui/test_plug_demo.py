"""The simulated bench: what the plug is on the network, and what pane 5 opens on."""

import asyncio
import time

from core.sim.firmware import openbeken_qio, stock_n
from core.store.files import Files
from core.store.settings import Settings
from tui.demo import Demo


def on_bench(bench: Demo, flash: bytes) -> None:
    """Write the bench's plug as its loader does, and start it."""
    plug = bench.shared["plug"]

    def write() -> None:
        plug.power_cycle()
        plug.flash[: len(flash)] = flash

    bench._loop.call_soon_threadsafe(write)


def wait_for(settings: Settings, host: str) -> None:
    end = time.monotonic() + 10
    while settings.get("openbk_host") != host:
        assert time.monotonic() < end, settings.get("openbk_host")
        time.sleep(0.005)


def test_the_flashed_plug_is_the_device_that_pane_5_opens() -> None:
    bench = Demo()
    try:
        settings = bench.settings = Settings(bench.home / "settings.toml", Files())
        other = settings.get("openbk_host")
        network = bench.shared["plug_network"]
        assert other and other != network.host and network.now is None
        assert settings.get("openbk_hosts").split() == [network.host, other]
        on_bench(bench, openbeken_qio())
        wait_for(settings, network.host)
        assert network.now.device.options.mac.hex() == "c0ffee001234"
        on_bench(bench, stock_n())
        wait_for(settings, other)
        assert network.now is None
    finally:
        bench.close()


def test_two_simulated_devices_do_not_share_a_mac() -> None:
    from argparse import ArgumentParser

    from tui.sims import openbk

    async def macs(*args: str) -> str:
        from core.openbk.client import Client
        from core.openbk.read import read_device

        parser = ArgumentParser()
        openbk.add(parser)
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        stopped = asyncio.Event()
        task = asyncio.create_task(openbk.serve(parser.parse_args(args), ready.set_result, stopped))
        client = Client((await ready).removeprefix("http://"))
        device = await read_device(client)
        await client.close()
        stopped.set()
        await task
        return device.mac

    async def both() -> list[str]:
        return list(await asyncio.gather(*(macs("--latency", "0") for _ in range(2))))

    first, second = asyncio.run(both())
    assert first != second and first.startswith("A4:C1:38:5C:")
    assert asyncio.run(macs("--latency", "0", "--mac", "c0:ff:ee:00:00:07")) == "C0:FF:EE:00:00:07"
