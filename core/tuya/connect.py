"""The fast-connect sector: name and password of the last network, so that joining takes less time.

Some N firmware hides it under eight repeating bytes.  Source: Tuya backup sheet 5.4.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SIZE = 171
MASK = bytes.fromhex("55aa5a55a54d637f")
_SSID = slice(0, 33)
_BSSID = slice(33, 39)
_SECURITY, _CHANNEL = 39, 40
_PSK = slice(41, 106)
_PASSWORD = slice(106, 171)


@dataclass(frozen=True, slots=True)
class FastConnect:
    """What the device would join with.  `psk` are 64 hex digits; `masked` tells the hidden form."""

    ssid: str
    bssid: bytes
    channel: int
    psk: str = field(repr=False)
    password: str = field(repr=False)
    masked: bool


def masked(data: bytes) -> bytes:
    """The bytes under the mask; the same call takes it off."""
    return bytes(byte ^ MASK[i % len(MASK)] for i, byte in enumerate(data))


def parse(sector: bytes) -> FastConnect | None:
    """The record that a sector begins with, plain or masked; None if it has neither."""
    raw = sector[:SIZE]
    if len(raw) < SIZE or not raw.strip(b"\xff"):
        return None
    for hidden in (False, True):
        found = _record(masked(raw) if hidden else raw, hidden)
        if found is not None:
            return found
    return None


def _record(raw: bytes, hidden: bool) -> FastConnect | None:
    texts = [_text(raw[part]) for part in (_SSID, _PSK, _PASSWORD)]
    if None in texts or not texts[0] or not 0 < raw[_CHANNEL] < 15:
        return None
    ssid, psk, password = (text or "" for text in texts)
    return FastConnect(ssid, raw[_BSSID], raw[_CHANNEL], psk, password, hidden)


def _text(part: bytes) -> str | None:
    """NUL-terminated text; None if it is none."""
    text, end, _ = part.partition(b"\0")
    try:
        found = text.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return found if end and (not found or found.isprintable()) else None


def build(ssid: str, password: str, *, bssid: bytes = bytes(6), channel: int = 6) -> bytes:
    """The plain record."""
    raw = bytearray(SIZE)
    raw[_SSID] = ssid.encode().ljust(33, b"\0")
    raw[_BSSID] = bssid
    raw[_SECURITY], raw[_CHANNEL] = 4, channel
    raw[_PASSWORD] = password.encode().ljust(65, b"\0")
    return bytes(raw)
