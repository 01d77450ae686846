"""The SPI flash inside a simulated TLSR8253: busy, write enable, protection, AND-programming.

Source: TLSRPGM sheet 7 (flash).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.sim.module_options import ModuleOptions

SECTOR = 4096
PAGE = 256
BUSY, ENABLED, PROTECT = 0x01, 0x02, 0x7C
ERASES = {0x20: SECTOR, 0x52: 0x8000, 0xD8: 0x10000, 0x60: 0, 0xC7: 0}


@dataclass(frozen=True, slots=True)
class Change:
    """One erase or program that took effect."""

    kind: str
    address: int
    size: int


class Flash:
    """`cells` is the content; `changes` what changed it; `refused` how often protection did."""

    def __init__(self, content: bytes, options: ModuleOptions, now: Callable[[], float]) -> None:
        self.cells = bytearray(content)
        self.changes: list[Change] = []
        self.refused = 0
        self.stay_busy = 0.0
        self._options, self._now = options, now
        self._enabled = False
        self._busy_until = 0.0
        self.protection = options.protected
        self._asleep = options.asleep

    @property
    def status(self) -> int:
        """The status register."""
        enabled = ENABLED if self._enabled else 0
        return (BUSY if self.busy else 0) | enabled | self.protection

    @property
    def busy(self) -> bool:
        return self._now() < self._busy_until

    @property
    def silent(self) -> bool:
        """True when it drives nothing: every read is FF."""
        return self._asleep or self._options.dead

    def transact(self, sent: bytes, count: int) -> bytes:
        """One SPI transaction: send, then read `count` bytes."""
        op, rest = sent[0], sent[1:]
        if op == 0xAB:
            self._asleep = False
        if self.silent:
            return b"\xff" * count
        if op == 0x05:
            return bytes([self.status]) * count
        if self.busy:
            return b"\xff" * count
        if op in (0x03, 0x9F, 0x35, 0x4B):
            return self._answer(op, rest, count)
        self._change(op, rest)
        return b"\xff" * count

    def _answer(self, op: int, rest: bytes, count: int) -> bytes:
        if op == 0x9F:
            return bytes(self._options.jedec).ljust(count, b"\0")[:count]
        if op == 0x35:
            return bytes(count)
        if op == 0x4B:
            skipped = max(0, 4 - len(rest))
            return (b"\xff" * skipped + self._options.uid + b"\xff" * count)[:count]
        at = int.from_bytes(rest[:3], "big") % len(self.cells)
        twice = self.cells[at : at + count]
        return bytes(twice + self.cells[: count - len(twice)])

    def _change(self, op: int, rest: bytes) -> None:
        if op == 0x06:
            self._enabled = True
            return
        if op == 0x04:
            self._enabled = False
            return
        if not self._enabled:
            return
        if op == 0x01:
            if not self._options.locked and rest:
                self.protection = rest[0] & 0xFC
            self._work(self._options.status_write)
        elif op in ERASES:
            self._erase(ERASES[op], int.from_bytes(rest[:3], "big"))
        elif op == 0x02 and len(rest) > 3:
            self._program(int.from_bytes(rest[:3], "big"), rest[3:])

    def _erase(self, size: int, address: int) -> None:
        self._work(self._options.sector * max(size, SECTOR) / SECTOR if size else 2.0)
        if self.protection & PROTECT:
            self.refused += 1
            return
        start = (address % len(self.cells)) // size * size if size else 0
        end = start + size if size else len(self.cells)
        self.cells[start:end] = b"\xff" * (end - start)
        self.changes.append(Change("erase", start, end - start))

    def _program(self, address: int, data: bytes) -> None:
        self._work(self._options.page)
        if self.protection & PROTECT:
            self.refused += 1
            return
        address %= len(self.cells)
        page = address // PAGE * PAGE
        for offset, byte in enumerate(data):
            self.cells[page + (address - page + offset) % PAGE] &= byte
        self.changes.append(Change("program", address, len(data)))

    def _work(self, seconds: float) -> None:
        self._enabled = False
        self._busy_until = self._now() + seconds + self.stay_busy
        self.stay_busy = 0.0
