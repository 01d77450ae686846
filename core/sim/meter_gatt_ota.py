"""The module's side of an update over the air, step by step as in meter sheet 5.5."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

GAP, TOTAL = 5.0, 40.0
BLOCK = 20
LEAST, MOST = 0x4000, 0x1F000

OK, SEQUENCE, INVALID, BLOCK_CRC, FLASH, END_INDEX, ORDER, IMAGE_CRC = range(8)
LENGTH, MARK, SIZE, GAP_OUT, TOTAL_OUT, LINK_LOST = 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E
START, START_MORE, END, VERSION, ASK = 0xFF01, 0xFF03, 0xFF02, 0xFF00, 0xFF04
_HIGHEST = 0x1F00


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


@dataclass
class Update:
    """One update; `write` returns a result code when it is over, else None.

    `now` is in seconds.  `error` at block `error_at` is a failure on order.
    """

    error: int = 0
    error_at: int = 0
    started: float | None = None
    last_block: float = 0.0
    done: int | None = None
    image: bytearray = field(default_factory=bytearray)
    _current: int = -1
    _last: int = _HIGHEST
    _length: int = 0
    _sound: bool = False

    @property
    def blocks(self) -> int:
        """Blocks taken."""
        return self._current + 1

    def write(self, data: bytes, now: float) -> int | None:
        """One write to the update characteristic."""
        if self.done is not None or len(data) < 2:
            return None
        first = int.from_bytes(data[:2], "little")
        if first in (START, START_MORE):
            if self.started is not None:
                return self.over(ORDER)
            self.started = self.last_block = now
            return None
        if first in (VERSION, ASK):
            return None
        if first == END:
            return self._end(data)
        return self._block(first, data, now)

    def overdue(self, now: float) -> int | None:
        """The code of a deadline that has passed, if one has."""
        if self.started is None or self.done is not None:
            return None
        if now - self.started > TOTAL:
            return self.over(TOTAL_OUT)
        return self.over(GAP_OUT) if now - self.last_block > GAP else None

    def deadline(self) -> float:
        """When `overdue` next has something to say."""
        assert self.started is not None
        return min(self.started + TOTAL, self.last_block + GAP)

    def over(self, code: int) -> int:
        """End the update with this code."""
        self.done = code
        return code

    def _end(self, data: bytes) -> int:
        if self.started is None:
            return self.over(ORDER)
        index, complement = (int.from_bytes(data[at : at + 2], "little") for at in (2, 4))
        code = OK
        if index ^ complement == 0xFFFF and index != self._current:
            code = END_INDEX
        return self.over(code if self._sound else IMAGE_CRC)

    def _block(self, index: int, data: bytes, now: float) -> int | None:
        code = self._fault_of(index, data)
        if code is not None:
            return self.over(code)
        self.image += data[2:18]
        self._current, self.last_block = index, now
        if index == self._last and self._length:
            kept = bytes(self.image[: self._length - 4])
            self._sound = (zlib.crc32(kept) ^ 0xFFFFFFFF) == int.from_bytes(
                self.image[self._length - 4 : self._length], "little"
            )
            if not self._sound:
                return self.over(IMAGE_CRC)
        if self.error and self.blocks == self.error_at:
            return self.over(self.error)
        return None

    def _fault_of(self, index: int, data: bytes) -> int | None:
        if index > self._last:
            return INVALID
        if self.started is None:
            return ORDER
        if index == 2 and not self._length:
            return SIZE
        if len(data) != BLOCK:
            return LENGTH
        if index != self._current + 1:
            return SEQUENCE
        if crc16(data[:18]) != int.from_bytes(data[18:20], "little"):
            return BLOCK_CRC
        if index == 0 and data[10:14] != b"KNLT":
            return MARK
        if index == 1:
            length = int.from_bytes(data[10:14], "little")
            if not (LEAST <= length <= MOST and length % 16 == 4):
                return SIZE
            self._length, self._last = length, (length - 1) // 16
        return None
