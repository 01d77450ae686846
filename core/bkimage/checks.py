"""Checks of the parts of a firmware file; each gives the problems that it finds.

Source: BK7231 sheet 7.3, 7.4 and 7.7.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.bkimage import faults, rbl, strides
from core.bkimage.flashmap import APP_END_MAX, SIZE
from core.fault import FaultKind


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an image must not be written; `offset` is the place in the file, if there is one."""

    kind: FaultKind
    text: str
    offset: int | None = None


def too_big(end: int) -> Problem:
    """An application that would reach up to flash offset `end`."""
    text = f"The application would end at {end:#x}, behind {APP_END_MAX:#x}."
    return Problem(faults.TOO_BIG, text, APP_END_MAX)


def size_problems(data: bytes, whole: bool) -> list[Problem]:
    """What is wrong with the length of a file that begins with a bootloader.

    `whole` says that it is the picture of a whole flash.
    """
    if not whole:
        return [too_big(len(data))] if len(data.rstrip(b"\xff")) > APP_END_MAX else []
    if len(data) < SIZE:
        text = f"A whole flash has {SIZE} bytes; {len(data)} are there."
        return [Problem(faults.TRUNCATED, text, len(data))]
    return []


def stride_problems(raw: bytes, at: int, name: str) -> list[Problem]:
    """What the stride checksums of a partition say; `at` is its place in the file."""
    bad = strides.bad_strides(raw)
    if not bad:
        return []
    first = at + bad[0]
    if bad[0] + strides.STRIDE > len(raw):
        text = f"The {name} ends in the middle of a 34-byte stride, at {at + len(raw):#x}."
        return [Problem(faults.TRUNCATED, text, first)]
    if len(bad) >= len(raw) // strides.STRIDE:
        text = f"The {name} has no stride checksums: a plain or decrypted binary."
        return [Problem(faults.DAMAGED, text, first)]
    text = f"{len(bad)} of {len(raw) // strides.STRIDE} checksums in the {name} are wrong"
    return [Problem(faults.DAMAGED, f"{text}; the first is at {first:#x}.", first)]


def container(
    stripped: bytes, name: str, expected: int, at: int
) -> tuple[tuple[rbl.Rbl, ...], list[Problem]]:
    """The container header in a stripped partition: the last intact one, else the expected one.

    Tuya and OpenBeken for N put it at a fixed place, OpenBeken for T at the end of its image.
    """
    place = stripped.rfind(rbl.MAGIC)
    found: tuple[int, rbl.Rbl] | None = None
    while place >= 0:
        header = rbl.parse(stripped[place : place + rbl.SIZE]) if place % 32 == 0 else None
        if header and (header.intact or place == expected):
            found = place, header
            break
        place = stripped.rfind(rbl.MAGIC, 0, place)
    if found is None:
        return (), []
    place, header = found
    where = at + strides.physical(place)
    wrong = rbl.verify(header, stripped[:place])
    return (header,), [Problem(faults.DAMAGED, text, where) for text in wrong]
