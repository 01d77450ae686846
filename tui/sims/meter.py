"""a Bluetooth service of its own with an electricity meter's module in the air"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.sim.air import Air
    from core.sim.peripheral import Peripheral
    from tui.demo import Demo

DEMO_KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
"""The bind key of the encrypted meter on the simulated bench, that of the meter sheet."""

OPEN, SEALED, OLD = "A4:C1:38:5C:94:FA", "A4:C1:38:00:00:02", "A4:C1:38:00:00:03"


def add(parser: argparse.ArgumentParser) -> None:
    """The options of `wattbench sim meter`."""
    add = parser.add_argument
    add("--address", default=OPEN, help="the module's Bluetooth address")
    add("--release", default="1.7", help="its firmware, e.g. 1.7 or 1.2")
    add("--type", type=int, default=1, choices=(1, 2, 3, 4), help="the meter behind it")
    add("--rssi", type=int, default=-60, help="how strong it is heard, dBm")
    add("--key-file", type=Path, help="a file with its bind key, 32 hex digits; else plain")
    add("--bonded-to", default="", metavar="ADDRESS", help="it answers only this adapter")
    add("--mood", default="answers",
        choices=("answers", "silent", "bad-crc", "three-phase", "noise"),
        help="what the meter behind it does")  # fmt: skip
    add("--meter-address", type=int, default=0, help="the address it was set up with")
    add("--latency", type=float, default=0.0, metavar="S", help="each answer is this late")
    add("--hang-up", type=float, default=301.0, metavar="S", help="it ends connections after S")
    add("--ota-error", type=int, default=0, metavar="CODE", help="an update fails with this code")
    add("--neighbours", action="store_true", help="other devices are in the air, too")
    add("--no-monitor", action="store_true", help="bluetoothd without --experimental")
    add("--filtering", action="store_true", help="an adapter that reports a device every 10 s")


async def serve(
    args: argparse.Namespace, ready: Callable[[str], None], stopped: asyncio.Event
) -> None:
    """Be the Bluetooth service until `stopped`; `ready` gets the line to set."""
    from core.sim.air import Air
    from core.sim.air_crowd import neighbours
    from core.sim.bluez import BlueZ
    from core.sim.bluez_host import StackHost

    air = Air()
    air.add(_module(args))
    for other in neighbours() if args.neighbours else []:
        air.add(other)
    stack = StackHost(
        air,
        controller="address" if args.filtering else "none",
        monitors=not args.no_monitor,
    )
    bluez = BlueZ(stack)
    try:
        await bluez.start()
        ready(f"DBUS_SYSTEM_BUS_ADDRESS={bluez.address}")
        await stopped.wait()
    finally:
        air.close()
        stack.close()
        await bluez.close()


def _module(args: argparse.Namespace) -> Peripheral:
    from core.sim.meter_gatt import MeterModule
    from core.sim.meter_gatt_options import MeterOptions, ModuleOptions

    key = bytes.fromhex(args.key_file.read_text().strip()) if args.key_file else b""
    options = ModuleOptions(
        address=args.address.upper(),
        release=args.release,
        kind=args.type,
        meter=MeterOptions(kind=args.type, mood=args.mood),
        bonded_to=args.bonded_to.upper(),
        key=key,
        meter_address=args.meter_address,
        latency=args.latency,
        hang_up=args.hang_up,
        ota_error=args.ota_error,
    )
    return MeterModule(options, args.rssi)


async def join(demo: Demo) -> Callable[[], None]:
    """Fill the air of the simulated bench; returns what empties it.

    There is a module that nobody has set up, an encrypted one, an old one that an update with the
    image in firmware/ scrambles as it does in the field, and the neighbours.
    """
    from core.sim.air import Air, backends

    air = Air()
    _fill(air)
    demo.set_air(backends(air))
    demo.shared["air"] = air
    return air.close


def _fill(air: Air) -> None:
    from core.sim.air_crowd import LivingMeter, neighbours
    from core.sim.meter_gatt import MeterModule
    from core.sim.meter_gatt_options import ModuleOptions

    air.add(MeterModule(rssi=-58))
    air.add(LivingMeter(SEALED, key=DEMO_KEY, rssi=-67))
    air.add(MeterModule(ModuleOptions(address=OLD, release="1.2", meter_address=20109), -74))
    for other in neighbours():
        air.add(other)
