"""What can be searched for in bytes, and the search: text, hex with wildcards, numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from mmap import mmap

LONGEST = 64
_STEP = 1 << 16
_HEX = re.compile(r"[xX][ :]+(.*)")
_NUMBER = re.compile(r"u(16|32)(le|be)?[ :]+(0[xX][0-9a-fA-F]+|\d+)")
_PAIRS = re.compile(r"(?:[0-9a-fA-F]{2}|\?\?)+")
HELP = (
    "A text; or x 55 AA ?? 03 for bytes, ?? any; or u16 513, u32 0x1234, u32be 7 for a number "
    "(u16 and u32 are little-endian)."
)


@dataclass(frozen=True, slots=True)
class Needle:
    """`plain` bytes where nothing is a wildcard, else `pattern`; `size` bytes long."""

    size: int
    plain: bytes | None
    pattern: re.Pattern[bytes]

    def find(self, data: bytes | mmap, start: int = 0) -> int:
        """The first place at or behind `start`; -1 without one."""
        if self.plain is not None:
            return data.find(self.plain, start)
        match = self.pattern.search(data, start)
        return match.start() if match else -1

    def rfind(self, data: bytes | mmap, end: int) -> int:
        """The last place that begins before `end`; -1 without one."""
        if self.plain is not None:
            return data.rfind(self.plain, 0, max(end, 0) + self.size - 1) if end > 0 else -1
        high = min(end, len(data))
        while high > 0:
            low = max(0, high - _STEP)
            last = -1
            match = self.pattern.search(data, low, high + self.size - 1)
            while match is not None and match.start() < high:
                last = match.start()
                match = self.pattern.search(data, last + 1, high + self.size - 1)
            if last >= 0:
                return last
            high = low
        return -1


def parse(text: str) -> Needle:
    """What a person typed.  Raises ValueError with a sentence."""
    number, pairs = _NUMBER.fullmatch(text.strip()), _HEX.fullmatch(text.strip())
    if number is not None:
        return _literal(_number(int(number[1]) // 8, number[2] or "le", int(number[3], 0)))
    if pairs is not None:
        return _bytes(re.sub(r"[ :,]", "", pairs[1]))
    if not text:
        raise ValueError("Nothing was typed.")
    return _literal(text.encode("utf-8", "surrogateescape"))


def _number(size: int, order: str, value: int) -> bytes:
    if value >= 1 << 8 * size:
        raise ValueError(f"{value} does not fit {size} bytes.")
    return value.to_bytes(size, "little" if order == "le" else "big")


def _literal(wanted: bytes) -> Needle:
    if len(wanted) > LONGEST:
        raise ValueError(f"More than {LONGEST} bytes are too many.")
    return Needle(len(wanted), wanted, re.compile(re.escape(wanted), re.S))


def _bytes(digits: str) -> Needle:
    if not _PAIRS.fullmatch(digits):
        raise ValueError("Bytes are two hex digits each, or ?? for any.")
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    if len(pairs) > LONGEST:
        raise ValueError(f"More than {LONGEST} bytes are too many.")
    if all(pair == "??" for pair in pairs):
        raise ValueError("At least one byte must be known.")
    if "??" not in pairs:
        return _literal(bytes.fromhex(digits))
    parts = (b"." if pair == "??" else re.escape(bytes.fromhex(pair)) for pair in pairs)
    return Needle(len(pairs), None, re.compile(b"".join(parts), re.S))
