"""a TLSRPGM programmer with a TLSR8253 module, behind a port"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.store.files import Files, read

if TYPE_CHECKING:
    from tui.demo import Demo

IMAGE = "electricity_meter_V1.7.bin"
VERSIONS = (1, 2, 3, 4, 5, 8)


def add(parser: argparse.ArgumentParser) -> None:
    """The options of `wattbench sim module`."""
    add = parser.add_argument
    add("--flash", type=Path, help="what the module's flash holds (.bin)")
    add("--rate", choices=("line", "max"), default="line", help="true line speed, or none")
    add("--version", type=int, choices=VERSIONS, default=8, help="of the programmer's firmware")
    add("--left-at", type=int, default=1, metavar="INDEX", help="speed that a crash left it at")
    add("--no-wire", action="append", choices=("sws", "rst", "3v3"), default=[],
        help="a wire that is not connected")  # fmt: skip
    add("--unprotected", action="store_true", help="the flash protection is off")
    add("--fault", action="append", default=[], metavar="SPEC",
        help="something that goes wrong, e.g. drop:write:3")  # fmt: skip
    add("--link", type=Path, metavar="PATH", help="make this symlink to the port")
    add("--returns", type=float, metavar="S", help="plug a vanished adapter in again after S s")
    add("--save", type=Path, metavar="FILE", help="write the flash there at the end")


async def serve(
    args: argparse.Namespace, ready: Callable[[str], None], stopped: asyncio.Event
) -> None:
    """Be programmer and module until `stopped`; `ready` gets the path of the port."""
    from core.sim.module_images import meter_image, module_flash
    from core.sim.module_options import DEFAULT
    from core.sim.module_orders import parse_order
    from core.sim.module_serve import serve_module

    options = replace(
        DEFAULT,
        rate=args.rate,
        version=args.version,
        left_at=args.left_at,
        sws="sws" not in args.no_wire,
        rst="rst" not in args.no_wire,
        powered="3v3" not in args.no_wire,
        protected=0 if args.unprotected else DEFAULT.protected,
        orders=tuple(parse_order(text) for text in args.fault),
    )
    flash = read(args.flash) if args.flash else module_flash(meter_image("V1.6", 73988, 16))
    module, port = await serve_module(flash, options, args.link, args.returns)
    ready(port.path)
    await stopped.wait()
    port.unplug()
    if args.save:
        Files().write(args.save, bytes(module.flash))


async def join(demo: Demo) -> Callable[[], None]:
    """Put a programmer with a module on the simulated bench, and an image to flash.

    Once that image runs, the module is heard in the air of the bench.
    """
    from core.sim.module_air import ModuleInAir
    from core.sim.module_images import meter_image, module_flash
    from core.sim.module_options import DEFAULT
    from core.sim.module_serve import serve_module

    Files().write(demo.home / "firmware" / IMAGE, meter_image())
    module, port = await serve_module(module_flash(meter_image("V1.6", 73988, 16)), DEFAULT)
    demo.shared["air"].add(ModuleInAir(module))
    demo.add_port(port.path, "simulated module programmer (TLSRPGM)")
    demo.remember("module_port", port.path)
    demo.remember("module_image", str(demo.home / "firmware" / IMAGE))
    return port.unplug
