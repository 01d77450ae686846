"""the log pad TX2 of a plug that starts well, sags, or has a wrong image"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable

KINDS = ("good", "brown-out", "wrong-key", "no-program")


def add(parser: argparse.ArgumentParser) -> None:
    """The options of `wattbench sim bootlog`."""
    parser.add_argument("--as", dest="kind", choices=KINDS, default="good", help="how it starts")


async def serve(
    args: argparse.Namespace, ready: Callable[[str], None], stopped: asyncio.Event
) -> None:
    """Talk until `stopped`; `ready` gets the path of the port."""
    from core.sim.bootlog import BEHAVIOURS, BootLog
    from core.sim.pty import PtyPort

    port = PtyPort(BootLog(BEHAVIOURS[args.kind]))
    ready(str(port.path))
    await stopped.wait()
    port.unplug()
