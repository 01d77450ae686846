"""The date, and whether the host knows it: a Pi without network may not."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from datetime import UTC, datetime

Now = Callable[[], datetime]

_STATUS_OFFSET = 40  # struct timex on 64-bit Linux: status follows modes, offset, freq and errors
_UNSYNCHRONISED = 0x40  # STA_UNSYNC of adjtimex(2)


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def synchronised() -> bool | None:
    """Whether the kernel counts its clock as set by somebody; None where it cannot say."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        buffer = ctypes.create_string_buffer(512)
        if libc.adjtimex(buffer) < 0:
            return None
    except (OSError, AttributeError):
        return None
    if ctypes.sizeof(ctypes.c_long) != 8:
        return None
    status = int.from_bytes(buffer.raw[_STATUS_OFFSET : _STATUS_OFFSET + 4], "little")
    return not status & _UNSYNCHRONISED


def stamp(when: datetime) -> str:
    """The date in file names: 20261120T140233Z."""
    return when.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def iso(when: datetime) -> str:
    """The date in text and JSON: 2026-11-20T14:02:33Z."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
