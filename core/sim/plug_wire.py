"""The chip's side of the serial protocol: packets found in what arrives, replies made.

Layouts from the BK7231 sheet 2.1 and 2.2; nothing here is shared with the host's side.
"""

from __future__ import annotations

from typing import NamedTuple

PREAMBLE = b"\x01\xe0\xfc"
# The ROM has one buffer for packets both ways (BK7231 sheet 10.4).
BUFFER = 4200

OK = 0
BAD_LENGTH = 4
INCOMPLETE = 5
BAD_PARAMETER = 6
UNKNOWN = 7


class Request(NamedTuple):
    """One packet from the host; `status` is set when the packet itself is wrong."""

    long: bool
    op: int
    payload: bytes
    status: int = OK


def short_reply(op: int, payload: bytes) -> bytes:
    """`04 0e L 01 e0 fc op payload`; L counts from the `01`."""
    return b"\x04\x0e" + bytes([4 + len(payload)]) + PREAMBLE + bytes([op]) + payload


def long_reply(op: int, status: int, payload: bytes = b"") -> bytes:
    """`04 0e ff 01 e0 fc f4 len16 op status payload`; len16 counts op and status too."""
    length = (2 + len(payload)).to_bytes(2, "little")
    return b"\x04\x0e\xff" + PREAMBLE + b"\xf4" + length + bytes([op, status]) + payload


def error_reply(request: Request, status: int) -> bytes:
    """The answer to a request that cannot be carried out."""
    if request.long:
        return long_reply(request.op, status)
    return short_reply(request.op, bytes([status]))


class Deframer:
    """Finds packets in a byte stream, as the ROM does.

    Feed it at most `wanting()` bytes at a time; then at most one packet comes back, at its very
    last byte, which is when the chip begins to act on it.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def reset(self) -> None:
        """Forget a packet that has begun."""
        self._buffer.clear()

    @property
    def begun(self) -> bool:
        """True while a packet is under way."""
        return len(self._buffer) > 0

    def wanting(self) -> int:
        """How many bytes are missing until something can be decided; at least 1."""
        return max(1, self._needed() - len(self._buffer))

    def feed(self, data: bytes) -> Request | None:
        """Take some bytes; the packet that they complete, if any."""
        buffer = self._buffer
        buffer += data
        if not buffer.startswith(PREAMBLE):
            self._hunt()
        if len(buffer) < 5 or len(buffer) < self._needed():
            return None
        if buffer[3] == 0 or (buffer[3] == 0xFF and buffer[4] != 0xF4):
            # Neither a length nor the mark of a long packet: hunt on in what follows.
            del buffer[:3]
            self._hunt()
            return None
        request = self._taken()
        buffer.clear()
        return request

    def abandon(self) -> Request | None:
        """Give up on a packet that stopped arriving; an error to answer if its opcode is known."""
        buffer, found = self._buffer, None
        at = 7 if self._long() else 4
        if buffer.startswith(PREAMBLE) and len(buffer) > at and buffer[3]:
            found = Request(self._long(), buffer[at], b"", INCOMPLETE)
        buffer.clear()
        return found

    def _hunt(self) -> None:
        buffer = self._buffer
        at = buffer.find(PREAMBLE)
        if at < 0:
            keep = 2 if buffer.endswith(PREAMBLE[:2]) else int(buffer.endswith(PREAMBLE[:1]))
            at = len(buffer) - keep
        del buffer[:at]

    def _long(self) -> bool:
        return self._buffer[3:5] == b"\xff\xf4"

    def _needed(self) -> int:
        buffer = self._buffer
        if len(buffer) < 5:
            return 5
        if not self._long():
            return 4 + (buffer[3] if buffer[3] != 0xFF else 1)
        if len(buffer) < 8:
            return 8
        length = self._length()
        return 7 + length if 0 < length <= BUFFER else 8

    def _length(self) -> int:
        return int.from_bytes(self._buffer[5:7], "little")

    def _taken(self) -> Request:
        buffer = self._buffer
        if not self._long():
            return Request(False, buffer[4], bytes(buffer[5:]))
        if not 0 < self._length() <= BUFFER:
            return Request(True, buffer[7], b"", BAD_LENGTH)
        return Request(True, buffer[7], bytes(buffer[8:]))
