"""a simulated device to practise on: prints where it is, runs until stopped

    wattbench sim plug [--rate max] [--flash DUMP.bin] [--fault SPEC]

prints one line, the path of a serial port, and behaves there as an opened plug does.
"""

from __future__ import annotations

import argparse
import asyncio
import lzma
import os
import signal
from dataclasses import replace
from pathlib import Path

from core.store.files import disk, read
from tui.lines import Bench


def add(parser: argparse.ArgumentParser) -> None:
    devices = parser.add_subparsers(dest="device", required=True, metavar="plug")
    plug = devices.add_parser("plug", help="a BK7231N plug in its serial loader")
    plug.add_argument("--flash", type=Path, help="what its flash holds (.bin or .bin.xz)")
    plug.add_argument("--rate", choices=("line", "max"), default="line", help="true speed or none")
    plug.add_argument("--crc-rate", type=float, default=1.5e6, help="CRC speed, bytes a second")
    plug.add_argument("--window", type=float, help="seconds it listens after power-on")
    plug.add_argument("--power-cycle", type=float, metavar="S",
                      help="a helper pulls the lead S seconds after the first byte")  # fmt: skip
    plug.add_argument("--unprotected", action="store_true", help="flash protection is off")
    plug.add_argument("--fault", action="append", default=[], metavar="SPEC",
                      help="something that goes wrong, e.g. silent:erase:3")  # fmt: skip
    plug.add_argument("--save", type=Path, metavar="FILE", help="write the flash there at the end")


def run(args: argparse.Namespace, bench: Bench) -> int:
    return asyncio.run(_plug(args, bench))


async def _plug(args: argparse.Namespace, bench: Bench) -> int:
    from core.sim.faults_on_order import parse_fault
    from core.sim.firmware import stock_n
    from core.sim.plug_options import DEFAULT
    from core.sim.serve import serve_plug

    flash = _load(args.flash) if args.flash else stock_n()
    options = replace(
        DEFAULT,
        rate=args.rate,
        crc_rate=args.crc_rate,
        window=args.window,
        power_cycle_after=args.power_cycle,
        protected=not args.unprotected,
        faults=tuple(parse_fault(text) for text in args.fault),
    )
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    plug, port = await serve_plug(flash, options)
    bench.out.line(str(port.path))
    await stopped.wait()
    port.unplug()
    if args.save:
        with disk(args.save):
            aside = args.save.with_suffix(f".{os.getpid()}")
            aside.write_bytes(bytes(plug.flash))
            aside.replace(args.save)
    return 0


def _load(path: Path) -> bytes:
    data = read(path)
    return lzma.decompress(data) if path.suffix == ".xz" else data
