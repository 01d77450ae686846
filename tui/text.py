"""Small pieces of text that screens and lines share."""

from __future__ import annotations

import unicodedata

_HIDDEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}  # Cn: a newer Unicode may hide it


def clean(text: str) -> str:
    """`text` without control, format and bidi characters, so that names from a wire or dump
    cannot steer the terminal.  Each becomes a middle dot."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("·" if unicodedata.category(c) in _HIDDEN else c for c in text)


def size(count: float, unit: str = "bytes") -> str:
    """4096 bytes -> "4 KiB"; other units as they are."""
    if unit != "bytes":
        return f"{count:.0f} {unit}"
    if count >= 1 << 20:
        return f"{count / (1 << 20):.1f} MiB"
    if count >= 1 << 10:
        return f"{count / (1 << 10):.0f} KiB"
    return f"{count:.0f} B"


def rate(value: float | None, unit: str) -> str:
    """Units a second, or a dash."""
    if value is None:
        return "-"
    slow = 0 < value < 1
    return f"{value:.1f} {unit}/s" if slow else f"{size(value, unit)}/s"


def duration(seconds: float | None) -> str:
    """75.2 -> "1:15"; None -> "-"."""
    if seconds is None:
        return "-"
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"
