"""Where the pin configuration is found when it is not where it should be.

From the surest place to the last resort; each find says where it came from and how sure it is.
Source: Tuya backup sheet 1.8 and 5.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.tuya import loose
from core.tuya.files import FileSystem
from core.tuya.keyvalue import Span, Store

NAME = "user_param_key"
_FILES = ("oem_cfg", NAME, "json")
_CHECK = b"crc:"
_APP_MARKS = (b",crc:", b",module:", b"Jsonver:")
_LONGEST = 4096
_MOST_HITS = 256
_PRINTABLE = bytes(c if 0x20 <= c < 0x7F or c in b"\r\n\t" else 0 for c in range(256))
_FEWEST = 3
"""Fewer fields than this, found outside of the store, are no configuration."""


class Sure(StrEnum):
    """How far a find can be trusted."""

    CERTAIN = "certain"
    LIKELY = "likely"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class PinText:
    """The text, where it is from, and its fields under their flat names.

    `spans` are offsets in the dump; empty for text out of decrypted code.
    """

    text: bytes = field(repr=False)
    source: str
    sure: Sure
    spans: tuple[Span, ...]
    fields: dict[str, Any]
    notes: tuple[str, ...]


def find(
    data: bytes,
    store: Store | None,
    files: FileSystem | None,
    app: bytes = b"",
    base: int = 0,
) -> PinText | None:
    """The best pin configuration there is; None where there is none.

    `app` is the decrypted application; give it when the rest found nothing.  `base` is the flash
    address of the data's first byte.
    """
    for text, source, sure, spans in _places(data, store, files, app, base):
        read = loose.parse(text)
        if len(read.fields) >= (1 if sure is Sure.CERTAIN else _FEWEST):
            flat = loose.flattened(read.fields)
            return PinText(text, source, sure, spans, flat, tuple(read.notes))
    return None


_Place = tuple[bytes, str, Sure, tuple[Span, ...]]


def _places(
    data: bytes, store: Store | None, files: FileSystem | None, app: bytes, base: int
) -> Iterator[_Place]:
    entry = store.get(NAME) if store else None
    if entry and entry.intact:
        yield entry.value, "key-value store", Sure.CERTAIN, entry.spans
    for name in _FILES:
        file = files.get(name) if files else None
        if file and file.at is not None:
            text = _braced(file.data)
            yield text, f"file {name} beside the store", Sure.LIKELY, (Span(file.at, len(text)),)
    for old in store.others if store else ():
        if old.name == NAME and old.intact:
            where = f"key-value store, {old.state} version"
            yield old.value, where, Sure.LIKELY, old.spans
    for at, text in _loose_texts(data):
        yield text, f"text at {base + at:#08x}", Sure.LIKELY, (Span(at, len(text)),)
    if entry:
        yield entry.value, "key-value store, damaged", Sure.DOUBTFUL, entry.spans
    text = _in_app(app)
    if text:
        yield text, "compiled into the firmware", Sure.LIKELY, ()


def _braced(data: bytes) -> bytes:
    """From the first brace to the end of the printable text: behind it lies old memory."""
    start = data.find(b"{")
    return _printable_run(data[start:]) if start >= 0 else b""


def _printable_run(data: bytes) -> bytes:
    end = data[:_LONGEST].translate(_PRINTABLE).find(b"\0")
    run = data[:_LONGEST] if end < 0 else data[:end]
    last = run.rfind(b"}")
    return run[: last + 1] if last >= 0 else run


def _loose_texts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Plain `{name:...,crc:NN,}` anywhere."""
    at = data.find(_CHECK)
    for _ in range(_MOST_HITS):
        if at < 0:
            return
        low = max(0, at - _LONGEST)
        before = data[low:at].translate(_PRINTABLE)
        start = data.find(b"{", low + before.rfind(b"\0") + 1, at)
        end = data.find(b"}", at, at + 64)
        if start >= 0 and end >= 0 and b":" in data[start:at]:
            yield start, data[start : end + 1]
        at = data.find(_CHECK, at + 1)


def _in_app(app: bytes) -> bytes:
    """The configuration that some firmware has compiled in: between two NULs around its marks."""
    for mark in _APP_MARKS:
        at = app.find(mark)
        for _ in range(_MOST_HITS):
            if at < 0:
                break
            if app[at + len(mark) : at + len(mark) + 1] != b"\0":
                start = app.rfind(b"\0", max(0, at - _LONGEST), at) + 1
                end = app.find(b"\0", at, at + _LONGEST)
                text = app[start:end]
                if start and end > 0 and b"{" in text:
                    return _braced(text)
            at = app.find(mark, at + 1)
    return b""
