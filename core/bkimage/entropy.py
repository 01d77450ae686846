"""How much information sectors hold: what tells code from text, and both from nothing."""

from __future__ import annotations

import math
from collections import Counter

from core.bkimage.flashmap import SECTOR

_BITS = tuple(0.0 if n == 0 else n * math.log2(n) for n in range(SECTOR + 1))


def entropy(block: bytes) -> float:
    """Bits a byte, 0 for a constant block up to 8 for noise; at most one sector is looked at."""
    data = block[:SECTOR]
    if not data or not data.strip(data[:1]):
        return 0.0
    # H = log2 n - (1/n) * sum c log2 c
    total = sum(_BITS[count] for count in Counter(data).values())
    return math.log2(len(data)) - total / len(data)


def profile(data: bytes, step: int = SECTOR) -> list[float]:
    """The entropy of every `step` bytes, in order."""
    return [entropy(data[at : at + step]) for at in range(0, len(data), step)]


def blank_sectors(data: bytes, value: int) -> list[int]:
    """Offsets of whole sectors that hold nothing but `value`."""
    sector = bytes([value]) * SECTOR
    return [at for at in range(0, len(data), SECTOR) if data[at : at + SECTOR] == sector]
