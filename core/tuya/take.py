"""Single values and ranges out of a dump, secrets only when they are asked for."""

from __future__ import annotations

import re

from core.fault import FaultError
from core.tuya import faults
from core.tuya.areas import PRIVATE
from core.tuya.keyvalue import Entry
from core.tuya.secrets import holds_secrets
from core.tuya.survey import Survey

_RANGE = re.compile(r"(0[xX][0-9a-fA-F]{1,8}|\d{1,9}):(0[xX][0-9a-fA-F]{1,8}|\d{1,9})")


def key_bytes(seen: Survey, name: str, *, reveal: bool = False) -> bytes:
    """The bytes of a live value, exactly as stored; else of that name in the protected sector.

    Raises TUYA-NO-STORE, TUYA-NO-KEY, TUYA-SECRET.
    """
    entry = seen.store.get(name) if seen.store else None
    value = _usable(entry) if entry else None
    if value is None and seen.protected is not None:
        value = seen.protected.values.get(name)
    if value is None and name == "user_param_key" and seen.pins is not None:
        value = seen.pins.text
    if value is None:
        raise _no_key(seen, name, entry)
    if not reveal and holds_secrets(name, value):
        raise _secret(f"The value {name} holds secrets.")
    return value


def _usable(entry: Entry) -> bytes | None:
    return entry.value if entry.intact else None


def _no_key(seen: Survey, name: str, entry: Entry | None) -> FaultError:
    if seen.store is None:
        return faults.NO_STORE(
            what="No key-value store could be opened in this file.",
            cause="It is no dump of a Tuya device, is cut off, or its store was erased.",
            next="See what the file is: wattbench backup show F.",
        )
    if entry is not None:
        return faults.NO_KEY(
            what=f"The value {name} is damaged: {entry.missing or 'some'} of its {entry.length} "
            "bytes are missing or wrong.",
            cause="A block of the store is damaged in this file.",
            next="Take another backup; `wattbench backup show F` shows what is left of it.",
        )
    names = ", ".join(e.name for e in seen.store.entries) or "none"
    return faults.NO_KEY(
        what=f"The store has no value {name[:64]!r}.",
        cause=f"The values in it are: {names}.",
        next="Take one of these names.",
    )


def range_bytes(seen: Survey, text: str, *, reveal: bool = False) -> bytes:
    """The raw bytes of `A:B`, flash addresses.  Raises TUYA-RANGE, TUYA-SECRET."""
    match = _RANGE.fullmatch(text)
    start, end = (int(part, 0) for part in match.groups()) if match else (0, 0)
    low, high = seen.base, seen.base + len(seen.data)
    if not low <= start < end <= high:
        raise faults.RANGE(
            what=f"{text[:40]!r} is no range inside {low:#x}:{high:#x}.",
            cause="The numbers are not understood, or lie outside of the file.",
            next=f"Give two flash addresses, for example {low:#x}:{high:#x}.",
        )
    private = [
        area.name
        for area in seen.areas
        if area.kind in PRIVATE and area.state != "blank" and area.start < end and area.end > start
    ]
    if private and not reveal:
        raise _secret(f"The range holds {private[0]}, where secrets may stand.")
    return seen.data[start - low : end - low]


def _secret(what: str) -> FaultError:
    return faults.SECRET(
        what=what,
        cause="Secrets are only given out when they are asked for.",
        next="Add --reveal if that is what you want, and keep the output to yourself.",
    )
