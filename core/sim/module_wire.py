"""Frames of the simulated programmer, from its own side: what it takes and what it answers.

Source: TLSRPGM sheet 2.1, 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

LARGEST = 1030
BAUDS = (115385, 230769, 615385, 500000, 923077, 1000000, 1500000, 2000000, 3000000)
"""What the programmer really makes of each index; index 2 should have been 460800."""
LENGTH_ERROR, UNKNOWN_FUNCTION, TIMEOUT, BAD_BAUD = 2, 1, 3, 6
NAMES = {
    1: "read", 2: "write", 3: "erase", 4: "erase", 5: "jedec", 6: "status", 7: "swread",
    8: "swwrite", 9: "swread", 0x0B: "swread", 0x0C: "swwrite", 0x0D: "spi", 0x0E: "crc",
}  # fmt: skip
FUNCTIONS = {0: "version", 1: "pins", 2: "config", 3: "pins", 4: "activate", 5: "baud"}


def _table() -> tuple[int, ...]:
    found = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        found.append(value)
    return tuple(found)


TABLE = _table()


@lru_cache(maxsize=4096)
def crc16(data: bytes) -> int:
    """CRC-16/MODBUS; the same KiB, blank ones above all, is asked for over and over."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc


def framed(body: bytes) -> bytes:
    """A frame with its checksum."""
    return body + crc16(body).to_bytes(2, "little")


def answer(command: int, error: int, count: int, payload: bytes = b"") -> bytes:
    """An answer of the usual shape."""
    return framed(bytes([command, error]) + count.to_bytes(2, "little") + payload)


@dataclass(frozen=True, slots=True)
class Request:
    """A sound request: `address` is the 24-bit field, `payload` what follows it."""

    command: int
    address: int
    payload: bytes

    @property
    def function(self) -> int:
        return self.address & 0xFF

    @property
    def value(self) -> int:
        return self.address >> 8

    @property
    def kind(self) -> str:
        """What faults on order call it."""
        if self.command == 0:
            return FUNCTIONS.get(self.function, "version")
        return NAMES.get(self.command, "version")

    @property
    def wanted(self) -> int:
        """The 16-bit count at the start of the payload."""
        return int.from_bytes(self.payload[:2], "little")


def parse(frame: bytes) -> Request:
    """The fields of a frame of at least six bytes; its checksum is not looked at."""
    return Request(frame[0], int.from_bytes(frame[1:4], "little"), frame[4:-2])
