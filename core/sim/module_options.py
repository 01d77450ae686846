"""How a simulated programmer and its module behave, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.sim.module_orders import Order

READ_SECONDS = 11.4e-3 / 1024
"""SWire, per byte read (TLSRPGM sheet 6)."""
WRITE_SECONDS = 19.4e-3 / 1024
"""SWire, per byte written."""
HOST_SECONDS = 6.3e-3
"""USB and host, per request: with the SWire time above it makes the sheet's 17.7 ms per KiB."""
UID = bytes.fromhex("4150323136393301004000f1fee5ffffc801")


@dataclass(frozen=True, slots=True)
class ModuleOptions:
    """Times in seconds.

    `rate` "line" keeps line, SWire and host times; "max" leaves them out, not the flash's own.
    `gap` is the silence that ends a request on top of 24 bits: a pty delivers in pieces.
    `sws`, `rst`, `powered`, `present`: which wires are there, whether a programmer is there at
    all.  `rst_held` keeps the RST line low.  `echo` makes of the port a loop of TX and RX.
    `window` is how long SWS answers after a reset before the firmware takes the pad away, `wakes`
    how long it is deaf before.  `min_reset` is the shortest pulse that resets the module.
    `partial` makes of every activation a broken one: so many bytes come, the processor runs on.
    `hand` is after how long in an activation somebody switches the module's supply off and on.
    `left_at` is the index of the speed at which a crash left the programmer.
    `protected` are the protection bits of the flash; `locked` keeps them whatever is written.
    `asleep`: the flash is in deep power-down until it is woken; `dead`: it never answers.
    """

    version: int = 8
    rate: Literal["line", "max"] = "line"
    gap: float = 0.0
    host: float = HOST_SECONDS
    present: bool = True
    echo: bool = False
    sws: bool = True
    rst: bool = True
    rst_held: bool = False
    powered: bool = True
    keep_sws: bool = False
    window: float = 0.03
    wakes: float = 0.0
    min_reset: float = 0.002
    partial: int | None = None
    hand: float | None = None
    left_at: int = 1
    jedec: tuple[int, int, int] = (0xC8, 0x60, 0x13)
    uid: bytes = UID
    chip: bytes = b"\x02\x62\x55"
    protected: int = 0x1C
    locked: bool = False
    asleep: bool = False
    dead: bool = False
    page: float = 0.7e-3
    sector: float = 0.05
    status_write: float = 0.005
    orders: tuple[Order, ...] = ()


DEFAULT = ModuleOptions()
