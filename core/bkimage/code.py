"""Decrypted code in its place: the same length as on flash, so that offsets stay.

Only the 32 data bytes of each stride change; the two checksum bytes stay as they are, and so do
blank strides.  Source: Tuya backup sheet 5.2 and 5.3.
"""

from __future__ import annotations

from core.bkimage import cipher, strides
from core.bkimage.cipher import Key
from core.bkimage.flashmap import APP_LOGICAL, APP_START

_OWN_KEY_AT = {0x48: "Tuya", 0x1F08: "Beken"}
"""Where a decrypted bootloader carries its own key words."""


def in_place(raw: bytes, logical: int, key: Key) -> bytes:
    """`raw`, which begins with a stride and lies at `logical`, with its code decrypted."""
    plain = cipher.crypt(strides.strip(raw), logical, key)
    count = len(raw) // strides.STRIDE
    out = bytearray(raw)
    for position in range(strides.DATA):
        end = count * strides.STRIDE
        out[position : end : strides.STRIDE] = plain[position : count * strides.DATA : strides.DATA]
    tail = plain[count * strides.DATA :]
    out[count * strides.STRIDE : count * strides.STRIDE + len(tail)] = tail
    return bytes(_keep_blank(raw, out))


def _keep_blank(raw: bytes, out: bytearray) -> bytearray:
    at = raw.find(strides.BLANK)
    while at >= 0:
        start = at + -at % strides.STRIDE
        end = start
        while raw[end : end + strides.STRIDE] == strides.BLANK:
            end += strides.STRIDE
        out[start:end] = raw[start:end]
        at = raw.find(strides.BLANK, max(end, at + 1))
    return out


def key_for(dump: bytes, keys: tuple[Key, ...] = cipher.KNOWN) -> Key | None:
    """The key of the application of a dump, else that of its bootloader; None if none fits."""
    for at, logical in ((APP_START, APP_LOGICAL), (0, 0)):
        found = cipher.key_of(dump[at : at + strides.DATA], logical, keys)
        if found is not None:
            return found
    return None


def own_key(bootloader: bytes, key: Key) -> str:
    """Who says that `key` is right: the bootloader may carry its own key words.

    `bootloader` is stripped.  Empty when it carries none.
    """
    plain = cipher.crypt(bootloader[:0x2000], 0, key)
    words = cipher.to_efuse(key)
    return next((who for at, who in _OWN_KEY_AT.items() if plain[at : at + 16] == words), "")


def plain_app(dump: bytes, key: Key) -> bytes:
    """The application of a dump, stripped and decrypted, up to its last byte that is not blank."""
    raw = dump[APP_START:].rstrip(b"\xff")
    return cipher.crypt(strides.strip(raw), APP_LOGICAL, key)
