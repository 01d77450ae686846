"""Two dumps side by side: where they differ, and in which areas.

Compared by flash address, so that a rotated dump or a part of one meets its counterpart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from core.bkimage.flashmap import SECTOR
from core.tuya.areas import Area
from core.tuya.survey import Survey

_RUN = re.compile(rb"[^\0](?:\0{0,15}[^\0])*", re.S)
"""Bytes that differ, with up to 15 equal ones between them."""


class Range(NamedTuple):
    """Flash addresses; `end` is exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class AreaDifference:
    """One area in which the two differ: in how many bytes, over how many sectors."""

    name: str
    start: int
    end: int
    size: int
    sectors: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`ranges` differ; `areas` sums them up; `common` is what both hold.

    `only` says what just one of them holds, as a sentence, or nothing.
    """

    common: Range
    ranges: tuple[Range, ...]
    areas: tuple[AreaDifference, ...]
    only: str

    @property
    def equal(self) -> bool:
        return not self.ranges and not self.only

    @property
    def summary(self) -> str:
        """`Only store and RF differ.`"""
        if self.equal:
            return "They are equal."
        if not self.ranges:
            return f"What both hold is equal. {self.only}"
        names = list(dict.fromkeys(_short(area.name) for area in self.areas))
        text = f"Only {_listed(names)} differ{'s' * (len(names) == 1)}."
        return f"{text} {self.only}".strip()


def compare(a: Survey, b: Survey) -> Comparison:
    """Where `b` differs from `a`; areas are those of `a`."""
    start = max(a.base, b.base)
    end = max(start, min(a.base + len(a.data), b.base + len(b.data)))
    left = a.data[start - a.base : end - a.base]
    right = b.data[start - b.base : end - b.base]
    ranges = tuple(Range(start + at, start + stop) for at, stop in differences(left, right))
    return Comparison(Range(start, end), ranges, _summed(a.areas, ranges), _only(a, b))


def differences(left: bytes, right: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of what differs in two pieces of equal length; near ones are joined."""
    last: tuple[int, int] | None = None
    for at in range(0, len(left), SECTOR):
        one, other = left[at : at + SECTOR], right[at : at + SECTOR]
        if one == other:
            continue
        mixed = (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))
        for found in _RUN.finditer(mixed):
            run = at + found.start(), at + found.end()
            if last is not None and run[0] == last[1]:
                last = last[0], run[1]
                continue
            if last is not None:
                yield last
            last = run
    if last is not None:
        yield last


def _summed(areas: tuple[Area, ...], ranges: tuple[Range, ...]) -> tuple[AreaDifference, ...]:
    found = []
    for area in areas:
        inside = [
            (max(r.start, area.start), min(r.end, area.end))
            for r in ranges
            if r.start < area.end and r.end > area.start
        ]
        if inside:
            size = sum(end - start for start, end in inside)
            sectors = {at // SECTOR for s, e in inside for at in range(s - s % SECTOR, e, SECTOR)}
            entry = AreaDifference(area.name, area.start, area.end, size, len(sectors))
            found.append(entry)
    return tuple(found)


def _only(a: Survey, b: Survey) -> str:
    one, other = (a.base, a.base + len(a.data)), (b.base, b.base + len(b.data))
    if one == other:
        return ""
    first, second = (f"{start:#x}-{end:#x}" for start, end in (one, other))
    return f"The first holds {first}, the second {second}."


def _short(name: str) -> str:
    """All blocks of the store are one thing to a person."""
    if name.startswith("store"):
        return "Tuya store"
    if name.startswith("file"):
        return "Tuya files"
    return name


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
