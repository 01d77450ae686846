"""an OpenBeken device on a port of this computer, over HTTP"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.store.files import read

if TYPE_CHECKING:
    from core.sim.openbk_options import OpenBkOptions
    from tui.demo import Demo

SECTOR = 0x1000
APP = 0x11000
MAC = bytes.fromhex("a4c1385c94fa")
BOOT = 2.0
"""Seconds without a change of the flash until the plug counts as restarted."""


def add(parser: argparse.ArgumentParser) -> None:
    """The options of `wattbench sim openbk`."""
    add = parser.add_argument
    add("--port", type=int, default=0, help="listen there; else on a free one")
    add("--address", default="127.0.0.1", help="of this computer")
    add("--chip", choices=("BK7231N", "BK7231T"), default="BK7231N")
    add("--mac", default="a4:c1:38:5c:94:fa")
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

    served = await serve_openbk(_options(args), args.port)
    ready(served.url)
    await stopped.wait()
    await served.close()


async def join(demo: Demo) -> Callable[[], None]:
    """Two devices on the simulated bench: one that is in use already, and the plug of the bench,
    which comes up once OpenBeken was flashed, with the configuration that was flashed."""
    from core.profile.toml_file import SHIPPED
    from core.sim.openbk_http import Served, serve_openbk

    options = _base("BK7231N", bytes.fromhex("a4c1385c94fb"))
    options = replace(options, config=_config(SHIPPED / "lsc-3202087.toml", options))
    first = await serve_openbk(options)
    flashed = Served(_base("BK7231N", MAC))
    await flashed.open()
    flashed.stop_listening()  # only its port is taken; nobody is there yet
    demo.remember("openbk_host", first.host)
    demo.remember("openbk_hosts", f"{first.host} {flashed.host}")
    waiting = asyncio.get_running_loop().create_task(_come_up(demo, flashed.port))

    def leave() -> None:
        first.stop()
        waiting.cancel()

    return leave


async def _come_up(demo: Demo, port: int) -> None:
    """Wait until the plug's flash holds OpenBeken and rests, then be that device."""
    from core.bkimage import rf
    from core.sim.firmware import openbeken_qio
    from core.sim.openbk_device import CONFIG_AT
    from core.sim.openbk_http import serve_openbk

    wanted = openbeken_qio()[APP : APP + SECTOR]
    before = b""
    while True:
        await asyncio.sleep(BOOT)
        plug = demo.shared.get("plug")
        now = b"" if plug is None else bytes(plug.flash[APP:])
        if now[:SECTOR] == wanted and now == before:
            break
        before = now
    at = CONFIG_AT["BK7231N"] - APP
    mac = rf.mac_of(now[at - SECTOR : at]) or MAC
    options = replace(_base("BK7231N", mac), config=now[at : at + SECTOR])
    served = await serve_openbk(options, port)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        served.stop()


def _base(chip: str, mac: bytes) -> OpenBkOptions:
    from core.sim.openbk_meter import Load
    from core.sim.openbk_options import OpenBkOptions

    return OpenBkOptions(chip=chip, mac=mac, latency=0.02, load=Load(watts=1000.0, jitter=0.01))


def _options(args: argparse.Namespace) -> OpenBkOptions:
    from core.profile.toml_file import SHIPPED
    from core.sim.openbk_meter import Load
    from core.sim.openbk_options import parse_trouble

    mac = bytes.fromhex(args.mac.replace(":", "").replace("-", ""))
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
