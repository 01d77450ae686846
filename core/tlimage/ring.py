"""The configuration ring at 0x40000: 256-byte pages, each save in the next one.

The newest record is the last of the run of consecutive sequence numbers that begins with the
first page.  A record is recognised by the id at its start only (rulings T4); the second id is
written by one command alone.  Source: TLSRPGM sheet 5.2; meter sheet 2.6, 9.3.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from core.tlimage.flashmap import PAGE, RING

RECORD_ID = 0x0FED141A
LAYOUT = struct.Struct("<IIII B I 16s B H B H 26s")
"""id, sequence, own address, data id; type, address, key, encrypted, divisor, size, period, name"""
SIZE_BYTE = LAYOUT.size
SCRAMBLED_PERIOD = 0x656C
"""What V1.7 makes of a record of V1.2: the letters "le" of its name."""
MODELS = {1: "KASKAD-1-MT", 2: "KASKAD-11", 3: "Mercury-206", 4: "CE-102M"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the newest record says, without the key.

    `period` in minutes; `at` is the address of the record in flash; `notes` say what is odd.
    """

    model: str
    meter_address: int
    period: int
    encrypted: bool
    divisor: int
    sequence: int
    at: int
    notes: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """For the screen and JSON."""
        return {
            "meter": self.model,
            "meter_address": self.meter_address,
            "period": self.period,
            "encrypted": self.encrypted,
            "notes": list(self.notes),
        }

    @property
    def text(self) -> str:
        """The settings on one line."""
        address = self.meter_address or "not set"
        key = "encrypted" if self.encrypted else "not encrypted"
        return f"{self.model}, address {address}, every {self.period} min, {key}"


def run_length(data: bytes) -> int:
    """How many pages from the first on belong to the run that holds the newest record."""
    count, last = 0, 0
    for at in range(0, len(data) - LAYOUT.size + 1, PAGE):
        record, sequence = struct.unpack_from("<II", data, at)
        if record != RECORD_ID or (count and sequence != (last + 1) & 0xFFFFFFFF):
            break
        count, last = count + 1, sequence
    return count


def newest(data: bytes) -> Settings | None:
    """The settings in `data`, which begins at the ring's first page; None when there are none.

    Any bytes are allowed.  What `data` leaves out of the ring is not looked at.
    """
    data = data[: RING.end - RING.start]
    count = run_length(data)
    if not count:
        return None
    at = (count - 1) * PAGE
    _, sequence, _, _, kind, address, _key, encrypted, divisor, size, period, _ = (
        LAYOUT.unpack_from(data, at)
    )
    notes = []
    if size != SIZE_BYTE:
        notes.append(f"The record has size {size}, not {SIZE_BYTE}: another firmware wrote it.")
    elif period == SCRAMBLED_PERIOD:
        notes.append(
            "A record of firmware V1.2: V1.7 misreads it. Clear the settings and enter them again."
        )
    if kind not in MODELS:
        notes.append(f"Meter type {kind} is not known.")
    return Settings(
        model=MODELS.get(kind, f"type {kind}"),
        meter_address=address,
        period=period,
        encrypted=bool(encrypted),
        divisor=divisor,
        sequence=sequence,
        at=RING.start + at,
        notes=tuple(notes),
    )
