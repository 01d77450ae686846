"""Finds the answer to a request in whatever has arrived.  Pure, for any bytes.

Source: BK7231 sheet 2.1 and 2.2.
"""

from __future__ import annotations

from struct import unpack_from
from typing import NamedTuple

from core.beken.wire import COMMAND, LONG_REPLY_HEAD, REPLY, Expected, Reply, Status


class Found(NamedTuple):
    """What `find_reply` saw: `consumed` bytes at the front can be dropped; `missing` is how many
    bytes the frame at hand still lacks, 0 while none has begun."""

    reply: Reply | None
    consumed: int
    missing: int


def find_reply(buffer: bytes | bytearray, expected: Expected) -> Found:
    """Look for the expected answer anywhere in `buffer`.

    Noise, stale answers to other requests and frames with a wrong echo are passed over.  An error
    answer to this request (short one-byte form, long with a status) counts as the answer.
    """
    at = 0
    while True:
        at = buffer.find(REPLY, at)
        if at < 0:
            kept = 1 if buffer.endswith(REPLY[:1]) else 0
            return Found(None, len(buffer) - kept, 0)
        read = _long_reply if expected.long else _short_reply
        reply, missing, size = read(buffer, at, expected)
        if reply is not None:
            return Found(reply, at + size, 0)
        if missing:
            return Found(None, at, missing)
        at += 1


_Try = tuple[Reply | None, int, int]  # reply, bytes missing, frame size; all empty: not it
_NOT_IT: _Try = (None, 0, 0)


def _short_reply(buffer: bytes | bytearray, at: int, expected: Expected) -> _Try:
    head = bytes(buffer[at : at + 7])
    want = REPLY + bytes((4 + expected.size,)) + COMMAND + bytes((expected.op,))
    error = REPLY + bytes((5,)) + COMMAND + bytes((expected.op,))
    if len(head) < 7:
        possible = want.startswith(head) or error.startswith(head)
        return (None, 7 + 1 - len(head), 0) if possible else _NOT_IT
    if head not in (want, error):
        return _NOT_IT
    size = 3 + head[2]
    payload = bytes(buffer[at + 7 : at + size])
    if len(payload) < head[2] - 4:
        return None, head[2] - 4 - len(payload), 0
    if head == want and payload.startswith(expected.echo):
        return Reply(expected.op, Status.OK, payload), 0, size
    if head == error and head != want:
        return Reply(expected.op, Status(payload[0]), payload), 0, size
    return _NOT_IT


def _long_reply(buffer: bytes | bytearray, at: int, expected: Expected) -> _Try:
    head = bytes(buffer[at : at + 11])
    if head[:7] != LONG_REPLY_HEAD[: len(head)]:
        return _NOT_IT
    if len(head) < 11:
        return None, 11 - len(head), 0
    length, op, status = unpack_from("<HBB", head, 7)
    if op != expected.op or not 2 <= length <= max(2 + expected.size, 7):
        return _NOT_IT
    if status == Status.OK and length != 2 + expected.size:
        return _NOT_IT
    size = 9 + length
    echo = bytes(buffer[at + 11 : at + 11 + len(expected.echo)])
    if status == Status.OK and not expected.echo.startswith(echo):
        return _NOT_IT
    if len(buffer) - at < size:
        return None, size - (len(buffer) - at), 0
    return Reply(op, Status(status), bytes(buffer[at + 11 : at + size])), 0, size
