"""The data inspector: what the byte under the cursor is, in three lines."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tui.widgets.hex_paper import Paper

if TYPE_CHECKING:
    from core.tuya.survey import Survey


def place_words(seen: Survey, address: int) -> str:
    """`0x1EF080  store block 0: value gw_bi, byte 0`."""
    from core.tuya.annotate import place_at

    place = place_at(seen, address)
    parts = ", ".join(filter(None, (place.structure, place.field)))
    file = seen.file_offset(address)
    where = f"0x{address:06X}" + (f" (file 0x{file:X})" if file != address else "")
    return f"{where}  {place.area}{': ' if parts else ''}{parts}"


def number_words(paper: Paper, address: int) -> tuple[str, str]:
    """The byte and what begins with it, little-endian; then the same big-endian."""
    if any(part.start <= address < part.end for part in paper.unread):
        return "not read yet", ""
    if paper.is_hidden(address, address + 1):
        return "secret: s shows it", ""
    end = next((r.start for r in paper.hidden if r.start > address), paper.end)
    at = address - paper.base
    raw = bytes(paper.data[at : min(at + 4, end - paper.base)])
    sign = chr(raw[0]) if 0x20 <= raw[0] < 0x7F else "-"
    first = f"u8 {raw[0]}  i8 {struct.unpack('b', raw[:1])[0]}  bits {raw[0]:08b}  char {sign}"
    return (
        f"{first}  {_strip(raw)}",
        f"LE {_numbers(raw, '<')}   BE {_numbers(raw, '>', bare=True)}",
    )


def _numbers(raw: bytes, order: str, *, bare: bool = False) -> str:
    """`u16 513 u32 7 f32 1e-44`; bare without the names, which stand before it already."""
    parts = []
    for name, form in (("u16", "H"), ("u32", "I"), ("f32", "f")):
        size = struct.calcsize(form)
        if len(raw) >= size:
            value = struct.unpack(order + form, raw[:size])[0]
            said = f"{value:.3g}" if form == "f" else str(value)
            parts.append(said if bare else f"{name} {said}")
    return " ".join(parts) or "-"


def _strip(raw: bytes) -> str:
    """Four bytes as text."""
    return "text " + "".join(chr(c) if 0x20 <= c < 0x7F else "." for c in raw)
