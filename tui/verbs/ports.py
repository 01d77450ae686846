"""the serial ports, what they are and who uses them

Lists every serial port with its adapter chip, its stable name and whether it is free.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from tui.lines import Bench


def add(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(args: argparse.Namespace, bench: Bench) -> int:
    ports = bench.host.tools.list_ports()
    lines = [f"{p.device:<16} {p.state:<10} {p.description}" for p in ports]
    bench.out.result(
        {"ports": [asdict(p) for p in ports]},
        lines or ["No serial port. Plug the USB adapter in; `dmesg | tail` shows if it is seen."],
    )
    return 0
