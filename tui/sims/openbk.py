"""an OpenBeken device on a port of this computer, over HTTP"""

from __future__ import annotations

import argparse
import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.store.files import read

if TYPE_CHECKING:
    from core.sim.openbk_options import OpenBkOptions
    from core.sim.plug import Plug
    from tui.demo import Demo

SECTOR = 0x1000
MAKER = bytes.fromhex("a4c1385c")
"""How a simulated device's MAC begins."""
SECOND = bytes.fromhex("a4c1385c94fb")
"""The MAC of the device that is in use on the simulated bench."""


def add(parser: argparse.ArgumentParser) -> None:
    """The options of `wattbench sim openbk`."""
    add = parser.add_argument
    add("--port", type=int, default=0, help="listen there; else on a free one")
    add("--address", default="127.0.0.1", help="of this computer")
    add("--chip", choices=("BK7231N", "BK7231T"), default="BK7231N")
    add("--mac", help="else one that is made from the port, so that no two devices share it")
    add("--config", type=Path, metavar="FILE",
        help="its configuration: a flash dump, a sector, or a profile (.toml)")  # fmt: skip
    add("--fresh", action="store_true", help="the firmware's defaults, no pins")
    add("--safe-mode", action="store_true")
    add("--latency", type=float, default=0.02, metavar="S", help="seconds for each request")
    add("--watts", type=float, default=1000.0, help="the load behind its relay")
    add("--jitter", type=float, default=0.01, help="how much a counting window varies")
    add("--moves-to", default="", help="its address after Wi-Fi was changed")
    add("--fault", action="append", default=[], metavar="SPEC",
        help="something that goes wrong: slow:5, cut:200, reset, json, 401, vanish, reboot; "
        "@3 for the third request, @3+ from there on, path=/cfg_mqtt: in front")  # fmt: skip


async def serve(
    args: argparse.Namespace, ready: Callable[[str], None], stopped: asyncio.Event
) -> None:
    """Be the device until `stopped`; `ready` gets its URL."""
    from core.sim.openbk_http import serve_openbk

    port = args.port or _free_port(args.address)
    mac = _mac(args.mac) if args.mac else MAKER + port.to_bytes(2)
    served = await serve_openbk(_options(args, mac), port)
    ready(served.url)
    await stopped.wait()
    await served.close()


async def join(demo: Demo) -> Callable[[], None]:
    """Another device on the simulated bench, one that is in use already."""
    from core.profile.toml_file import SHIPPED
    from core.sim.openbk_config import Config
    from core.sim.openbk_http import serve_openbk

    options = _base("BK7231N", SECOND)
    config = Config(_config(SHIPPED / "lsc-3202087.toml", options), SECOND, "BK7231N")
    config.put("names.short", "second-device")
    config.put("names.long", "Second device of the demo")
    config.put("mqtt.client", f"second-{SECOND[3:].hex()}")
    served = await serve_openbk(replace(options, config=config.sector()))
    demo.remember("openbk_host", served.host)
    demo.remember("openbk_hosts", served.host)
    return served.stop


async def on_network(demo: Demo, plug: Plug) -> Callable[[], None]:
    """Let the bench's plug be on the network while it runs an OpenBeken.

    The pane opens on it then, and a search names it first; it is told so through the settings.
    """
    from core.sim.openbk_plug import PlugOnNetwork

    other = demo.remembered("openbk_host")

    def changed(there: bool) -> None:
        if there:
            demo.remember("openbk_host", network.host)
        elif demo.remembered("openbk_host") == network.host:
            demo.remember("openbk_host", other)

    network = PlugOnNetwork(plug, _base("BK7231N", plug.options.efuse[24:30]), changed)
    await network.start()
    demo.shared["plug_network"] = network
    demo.remember("openbk_hosts", f"{network.host} {other}")
    return network.stop


def _base(chip: str, mac: bytes) -> OpenBkOptions:
    from core.sim.openbk_meter import Load
    from core.sim.openbk_options import OpenBkOptions

    return OpenBkOptions(chip=chip, mac=mac, latency=0.02, load=Load(watts=1000.0, jitter=0.01))


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", "").replace("-", ""))


def _free_port(address: str) -> int:
    """One that nobody listens on; the device's MAC is made from it before it listens."""
    with socket.create_server((address, 0)) as taken:
        return int(taken.getsockname()[1])


def _options(args: argparse.Namespace, mac: bytes) -> OpenBkOptions:
    from core.profile.toml_file import SHIPPED
    from core.sim.openbk_meter import Load
    from core.sim.openbk_options import parse_trouble

    options = replace(
        _base(args.chip, mac),
        ip=args.address,
        safe_mode=args.safe_mode,
        latency=args.latency,
        moves_to=args.moves_to,
        load=Load(watts=args.watts, jitter=args.jitter),
        faults=tuple(parse_trouble(text) for text in args.fault),
    )
    shipped = SHIPPED / ("lsc-3202087.toml" if args.chip == "BK7231N" else "lsc-3202088.toml")
    path = args.config or (None if args.fresh else shipped)
    return options if path is None else replace(options, config=_config(path, options))


def _config(path: Path, options: OpenBkOptions) -> bytes:
    """The sector in a dump or file, or one made from a profile."""
    from core.profile.block import Block
    from core.profile.model import for_mac
    from core.profile.toml_file import load
    from core.sim.openbk_device import CONFIG_AT

    if path.suffix == ".toml":
        profile = for_mac(load(path), options.mac.hex())
        fresh = Block.parse(fresh_sector(options))
        return fresh.with_profile(profile).sector()
    data = read(path)
    return data if len(data) <= SECTOR else data[CONFIG_AT[options.chip] :][:SECTOR]


def fresh_sector(options: OpenBkOptions) -> bytes:
    """What a device without any configuration makes for itself."""
    from core.sim.openbk_config import Config

    return Config(b"", options.mac, options.chip).sector()
