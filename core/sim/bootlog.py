"""The log pad of a plug, TX2: what it says at 115200 baud each time that it starts.

Texts as the loaders of N and T and OpenBeken print them (BK7231 sheet 1.8); the password in it is
made up.  It listens to nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

BANNER = """\
V:BK7231N_1.0.1
REG:cpsr     spsr     r13      r14
SVC:000000D3          00401C1C 000033AC
IRQ:000000d2 00000010 00401e0c 100cd7d0
FIR:000000d1 00000010 00401ffc eb7def6e
SYS:000000df          0040192c 00000158
ST:00000000
"""
JUMP = "J 0x10000\n"
START = """\
bk_misc_init_start_type 0 0
prvHeapInit-start addr:0x40d648, size:141752
[Flash]id:0xeb6015
[FUNC]rwnxl_init
"""
UP = """\
Info:MAIN:Main_Init_Before_Delay
Info:MAIN:Using SSID [workbench]
Info:MAIN:Using Pass [not-a-real-password]
"""
CRASH = "undefined instruction\nr0:00000000 r1:00000000\n"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`says` follows the reset, piece by piece; the plug starts again after `again` seconds (None:
    never), and while it is up it says a line a second."""

    says: tuple[str, ...]
    again: float | None
    up: bool = False


BEHAVIOURS = {
    "good": Behaviour((BANNER + JUMP, START, UP), None, up=True),
    "brown-out": Behaviour((BANNER + JUMP, START + "txd"), 0.9),
    "wrong-key": Behaviour((BANNER + JUMP, CRASH), 1.5),
    "no-program": Behaviour((BANNER,), None),
}
PIECE = 0.15
FIRST = 0.5
"""Seconds from the start of the simulation to the first reset."""


class BootLog:
    """A device that only talks.  Needs a running loop when it is attached."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._send: Callable[[bytes], None] = lambda data: None
        self._seconds = 0

    def attach(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._later(FIRST, self._reset)

    def received(self, data: bytes, baud: int) -> None:
        """TX2 has no ears."""

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, call)

    def _reset(self) -> None:
        self._seconds = 0
        for number, text in enumerate(self._behaviour.says):
            data = text.replace("\n", "\r\n").encode()
            self._later(PIECE * number, lambda data=data: self._send(data))  # type: ignore[misc]
        if self._behaviour.again is not None:
            self._later(self._behaviour.again, self._reset)
        if self._behaviour.up:
            self._later(1.0, self._tick)

    def _tick(self) -> None:
        self._seconds += 1
        line = f"Info:MAIN:Time {self._seconds}, idle 228123, free 74016, bWifi 0\r\n"
        self._send(line.encode())
        self._later(1.0, self._tick)
