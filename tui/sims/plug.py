"""a BK7231N or T plug in its serial loader, behind a port"""

from __future__ import annotations

import argparse
import asyncio
import lzma
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.store.files import Files, read

if TYPE_CHECKING:
    from tui.demo import Demo

IMAGE = "OpenBK7231N_QIO_demo.bin"


def add(parser: argparse.ArgumentParser) -> None:
    """The options of `wattbench sim plug`."""
    add = parser.add_argument
    add("--chip", choices=("n", "t"), default="n", help="BK7231N, or BK7231T with its own loader")
    add("--flash", type=Path, help="what its flash holds (.bin or .bin.xz)")
    add("--rate", choices=("line", "max"), default="line", help="true line speed, or none")
    add("--crc-rate", type=float, default=1.5e6, help="speed of its CRC, bytes a second")
    add("--window", type=float, help="seconds it listens after power-on; else for ever")
    add("--power-cycle", type=float, metavar="S", help="a helper pulls the lead after S seconds")
    add("--unprotected", action="store_true", help="its flash protection is off")
    add("--fault", action="append", default=[], metavar="SPEC",
        help="something that goes wrong, e.g. silent:erase:3")  # fmt: skip
    add("--link", type=Path, metavar="PATH", help="a name for the port that stays the same")
    add("--returns", type=float, metavar="S",
        help="an adapter that vanished on order is back after S seconds")  # fmt: skip
    add("--save", type=Path, metavar="FILE", help="write the flash there at the end")


async def serve(
    args: argparse.Namespace, ready: Callable[[str], None], stopped: asyncio.Event
) -> None:
    """Be the plug until `stopped`; `ready` gets the path of the port."""
    from core.sim.faults_on_order import parse_fault
    from core.sim.firmware import stock_n, stock_t
    from core.sim.plug_options import DEFAULT
    from core.sim.serve import serve_plug

    options = replace(
        DEFAULT,
        chip=args.chip,
        rate=args.rate,
        crc_rate=args.crc_rate,
        window=args.window,
        power_cycle_after=args.power_cycle,
        protected=not args.unprotected,
        faults=tuple(parse_fault(text) for text in args.fault),
    )
    stock = stock_t if args.chip == "t" else stock_n
    content = _load(args.flash) if args.flash else stock()
    plug, port = await serve_plug(content, options, args.link, args.returns)
    ready(port.path)
    await stopped.wait()
    port.unplug()
    if args.save:
        Files().write(args.save, bytes(plug.flash))


async def join(demo: Demo) -> Callable[[], None]:
    """Put a plug on the simulated bench, and an image to flash; returns what unplugs it.

    Its reset lead is pulled by a helper a moment after the link is tried.  While it runs an
    OpenBeken it is on the network of the bench.
    """
    from core.sim.firmware import openbeken_qio, stock_n
    from core.sim.plug_options import DEFAULT
    from core.sim.serve import serve_plug
    from tui.sims.openbk import on_network

    Files().write(demo.home / "firmware" / IMAGE, openbeken_qio())
    options = replace(DEFAULT, window=0.005, power_cycle_after=1.5)
    plug, port = await serve_plug(stock_n(), options)
    demo.shared["plug"] = plug
    demo.add_port(port.path, "simulated plug (BK7231N)")
    demo.remember("plug_port", port.path)
    demo.remember("plug_image", str(demo.home / "firmware" / IMAGE))
    leave = await on_network(demo, plug)

    def unplug() -> None:
        leave()
        port.unplug()

    return unplug


def _load(path: Path) -> bytes:
    data = read(path)
    return lzma.decompress(data) if path.suffix == ".xz" else data
