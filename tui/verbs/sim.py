"""a simulated device to practise on: prints where it is, runs until stopped

    wattbench sim plug

prints one line, the path of a serial port, and behaves there as an opened plug does.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import signal
from types import ModuleType

from tui.demo import sim_names
from tui.lines import Bench


def add(parser: argparse.ArgumentParser) -> None:
    devices = parser.add_subparsers(dest="device", required=True, metavar="|".join(sim_names()))
    for name in sim_names():
        module = _module(name)
        module.add(devices.add_parser(name, help=module.__doc__, description=module.__doc__))


def run(args: argparse.Namespace, bench: Bench) -> int:
    return asyncio.run(_serve(args, bench))


async def _serve(args: argparse.Namespace, bench: Bench) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    await _module(args.device).serve(args, bench.out.line, stopped)
    return 0


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"tui.sims.{name}")
