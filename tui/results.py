"""The fields of a result in people's words: labels, yes and no, sizes, addresses, times.

JSON and journals have the fields as they are.  A field that the table does not name is shown under
its own name; true and false are always yes and no, lists are one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tui.text import duration

NOT_SAID = frozenset(("summary", "exit", "basic", "start", "end"))
"""Said elsewhere in the result, or for machines only."""


def size_text(value: Any) -> str:
    """2097152 -> "2048 KiB"; what is no whole KiB stays in bytes."""
    if not isinstance(value, int):
        return str(value)
    return f"{value // 1024} KiB" if value and value % 1024 == 0 else f"{value} bytes"


def time_text(value: Any) -> str:
    """Seconds: "4.2 s", from one minute on "3:12 min"."""
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:.1f} s" if value < 60 else f"{duration(value)} min"


def ranges_text(value: Any) -> str:
    """Half-open (start, end) pairs, or ranges in words, with both ends counted in."""
    return ", ".join(map(_range, value)) if isinstance(value, list | tuple) else str(value)


def _range(entry: Any) -> str:
    match entry:
        case [int(start), int(end)]:
            return f"0x{start:06X}-0x{end - 1:06X}"
    return str(entry)


def sentences(value: Any) -> str:
    """One after the other."""
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def unless_none(value: Any) -> str:
    """A count of what went wrong; not worth a line where nothing did."""
    return str(value) if value else ""


def plain(value: Any) -> str:
    """Any other value on one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    return str(value)


WORDS: dict[str, tuple[str, Callable[[Any], str]]] = {
    # who is there
    "part": ("flash chip", plain),
    "status": ("flash status register", lambda value: f"0x{value}"),
    "bank_0": ("first boot bank", plain),
    "bank_1": ("second boot bank", plain),
    "protected": ("write-protected", plain),
    "locked": ("write-protected", plain),
    "boot": ("bootloader", plain),
    "fingerprint": ("bootloader fingerprint", plain),
    "key_note": ("about the key", plain),
    "uid": ("number of the flash chip", plain),
    "rung": ("reset/activation in ms", plain),
    "programmer": ("programmer version", plain),
    # backups
    "size": ("size", size_text),
    "true": ("every byte proven by the chip", plain),
    "whole": ("whole", plain),
    "reasons": ("not whole or proven because", sentences),
    "sha256": ("SHA-256", plain),
    "out": ("copy", plain),
    "reread": ("pieces read again", unless_none),
    "kept": ("taken from an unfinished backup", lambda value: size_text(value) if value else ""),
    # writing
    "ranges": ("addresses", ranges_text),
    "backup_sha256": ("SHA-256 of the backup", plain),
    "verified": ("proven after writing", plain),
    "booted": ("started", plain),
    "retries": ("repeats", unless_none),
    "resumes": ("goes on with", plain),
    "resumed": ("goes on with", plain),
    "seconds": ("time", time_text),
    # calibrating
    "energy_before": ("energy total before", lambda value: f"{value:.1f} Wh"),
    "without_pulses": ("not set, without pulses", plain),
    # comparing, testing
    "equal": ("the same", plain),
    "compared": ("compared", size_text),
    "best": ("highest good speed", lambda value: f"{value} baud"),
    "good": ("good speeds in baud", plain),
}


def rows(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, text) of each field that has something to say; what is nested, or a whole text, is
    left to JSON."""
    return [
        (label, text)
        for name, value in values.items()
        if name not in NOT_SAID and not _nested(value)
        for label, text in [row(name, value)]
        if text
    ]


def row(name: str, value: Any) -> tuple[str, str]:
    """Label and text of one field; the text is empty where there is nothing to say."""
    label, how = WORDS.get(name, (name.replace("_", " "), plain))
    return label, "" if value is None or value == [] else how(value)


def _nested(value: Any) -> bool:
    return of_records(value) or (isinstance(value, str) and "\n" in value)


def of_records(value: Any) -> bool:
    """True for a record, or a list of them, such as the devices of a fleet."""
    return isinstance(value, Mapping) or (
        isinstance(value, list | tuple) and any(isinstance(entry, Mapping) for entry in value)
    )
