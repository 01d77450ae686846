"""The SPI flash of the simulated plug: cells, status register, protection (BK7231 sheet 4, 11)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Literal, NamedTuple

from core.sim import faults
from core.sim.faults_on_order import SECTOR, Orders
from core.sim.plug_options import PROTECTION, PlugOptions

# Erase opcodes and the block each clears, aligned down (BK7231 sheet 2.3).
ERASE_SIZES = {0x20: 0x1000, 0x52: 0x8000, 0xD8: 0x10000}

WIP = 0x0001
SRP1 = 0x0100
LOCK = 0x0400
WRITABLE = 0x7FFC


class Change(NamedTuple):
    """One erase or program that took effect.  `time` is the loop's."""

    kind: Literal["erase", "program"]
    address: int
    size: int
    time: float


class Memory:
    """The flash.  Addresses wrap at its size, as the chip ignores the bits above.

    Raises FaultError SIM-FLASH when the content is not whole sectors.
    """

    def __init__(
        self, content: bytes, options: PlugOptions, orders: Orders, clock: Callable[[], float]
    ) -> None:
        if not content or len(content) % SECTOR:
            raise faults.FLASH(
                what=f"{len(content)} bytes are not the content of a flash chip.",
                cause="A flash has whole sectors of 4096 bytes.",
                next="Give a complete dump, usually 2097152 bytes.",
            )
        self.cells = bytearray(content)
        self.changes: list[Change] = []
        self.ignored = 0
        self.status = options.status if options.protected else options.status & ~PROTECTION
        self._orders = orders
        self._clock = clock
        self._at_boot = self.status & PROTECTION
        self._locked_down = bool(self.status & SRP1)
        self._wip_polls = options.wip_polls
        self._wip_left = 0

    @property
    def unprotected(self) -> bool:
        """True when erase and program take effect."""
        return not self.status & PROTECTION

    @property
    def blank(self) -> bool:
        """True when there is nothing to boot."""
        return self.cells.count(0xFF, 0, 0x100) == min(0x100, len(self.cells))

    def power_on(self) -> None:
        """The register keeps its bits; a write in progress is over."""
        self._wip_left = 0
        self._locked_down = bool(self.status & SRP1)

    def app_protects(self) -> None:
        """The application sets its protection again at every start (BK7231 sheet 4.1)."""
        if not self.status & SRP1:
            self.status |= self._at_boot

    # -- status register -------------------------------------------------------------------

    def read_status(self, op: int) -> int:
        """One byte of the register: 05 the low one, 35 (15 at Macronix) the high one."""
        if op == 0x05:
            busy = WIP if self._wip_left else 0
            self._wip_left = max(0, self._wip_left - 1)
            return self.status & 0xFF | busy
        return self.status >> 8 if op in (0x35, 0x15) else 0

    def write_status(self, op: int, value: bytes) -> None:
        """Write with opcode 01 (low, or low and high byte) or 31 (high byte)."""
        wanted = self.status
        if op == 0x01:
            wanted = wanted & 0xFF00 | value[0]
            if len(value) == 2:
                wanted = wanted & 0x00FF | value[1] << 8
        elif op == 0x31:
            wanted = wanted & 0x00FF | value[0] << 8
        self._wip_left = self._wip_polls
        if not self._locked_down:
            self.status = wanted & WRITABLE | self.status & LOCK

    # -- cells -----------------------------------------------------------------------------

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes, wrapping at the end."""
        start = address % len(self.cells)
        found = bytes(self.cells[start : start + size])
        while len(found) < size:
            found += bytes(self.cells[: size - len(found)])
        return found

    def crc(self, start: int, end: int) -> int:
        """Raw CRC-32 (no final xor) of `start` up to and including `end`."""
        left, at, crc = end - start + 1, start % len(self.cells), 0
        while left > 0:
            size = min(left, len(self.cells) - at)
            crc = zlib.crc32(memoryview(self.cells)[at : at + size], crc)
            left, at = left - size, 0
        return crc ^ 0xFFFFFFFF

    def erase(self, address: int, size: int) -> None:
        """Set the block that holds `address` to FF, unless protected."""
        if not self.unprotected:
            self.ignored += 1
            return
        start = address % len(self.cells) // size * size
        size = min(size, len(self.cells) - start)
        self._orders.erased(self.cells, start, start + size)
        self.changes.append(Change("erase", start, size, self._clock()))

    def program(self, address: int, data: bytes) -> None:
        """Clear bits, unless protected; a 1 cannot be made from a 0."""
        if not self.unprotected:
            self.ignored += 1
            return
        start, size = address % len(self.cells), len(data)
        fits = min(size, len(self.cells) - start)
        for at, part in ((start, data[:fits]), (0, data[fits:])):
            end = at + len(part)
            old = int.from_bytes(self.cells[at:end], "little")
            new = old & int.from_bytes(part, "little")
            self.cells[at:end] = new.to_bytes(len(part), "little")
            self._orders.programmed(self.cells, at, end)
        self.changes.append(Change("program", start, size, self._clock()))
