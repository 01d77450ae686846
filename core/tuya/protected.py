"""The protected sector before the store: a second copy of licence and Wi-Fi state on newer N.

Source: Tuya backup sheet 1.7.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.bkimage.flashmap import SECTOR
from core.tuya import crypt, layout
from core.tuya.keyvalue import Span


@dataclass(frozen=True, slots=True)
class Protected:
    """One protected sector; `values` by name, `spans` where each lies (enciphered)."""

    at: int
    key: bytes = field(repr=False)
    values: dict[str, bytes] = field(repr=False)
    spans: dict[str, Span] = field(repr=False)
    plain: bytes = field(repr=False)


def find(data: bytes) -> Protected | None:
    """The first protected sector on a sector bound; None without one."""
    heads = b"".join(data[at : at + 16] for at in range(0, len(data) - SECTOR + 1, SECTOR))
    plain = crypt.decrypt(heads, crypt.MASTER)
    magic = layout.KEY_MAGIC.to_bytes(4, "little")
    for number in range(len(plain) // 16):
        if plain[16 * number : 16 * number + 4] == magic:
            found = parse(data[number * SECTOR : (number + 1) * SECTOR], number * SECTOR)
            if found is not None:
                return found
    return None


def parse(sector: bytes, at: int) -> Protected | None:
    """The protected sector whose bytes these are."""
    outer = crypt.decrypt(sector, crypt.MASTER)
    total, key = layout.protected_length(outer), layout.inner_key(outer)
    if total is None or key is None:
        return None
    inner = crypt.decrypt(outer[layout.PROTECTED_HEAD :], crypt.data_key(key))
    saved = layout.parse_saved(inner, total)
    return Protected(
        at,
        key,
        {name: value for name, value, _ in saved},
        {n: Span(at + layout.PROTECTED_HEAD + start, len(v)) for n, v, start in saved},
        outer[: layout.PROTECTED_HEAD] + inner,
    )
