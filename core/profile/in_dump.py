"""The OpenBeken configuration inside a flash dump: opened, edited and put back like a device's.

Everything outside of the sector stays byte for byte.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.fault import FaultError
from core.profile import faults
from core.profile.block import SECTOR, Block
from core.profile.model import Profile

PLACES = {"bk7231n": 0x1D1000, "bk7231t": 0x1E1000}
"""Where the sector lies by chip (HTTP sheet 13.1)."""


RF_MARK = b"TLV\0"
"""How the sector of radio calibration begins; a chip keeps it right before the configuration."""


@dataclass(frozen=True, slots=True)
class Place:
    """One configuration in a file: `chip` is empty for a bare sector, which fits any; `other` is
    the chip at whose place a second configuration lies."""

    chip: str
    start: int
    block: Block
    other: str = ""


def find(data: bytes) -> Place:
    """The configuration in a dump or a bare sector.  Raises PROFILE-BLOCK when none fits, or when
    two do and the radio calibration does not say which chip the dump is of."""
    return _find(lambda at, size: data[at : at + size], len(data))


def _find(read: Callable[[int, int], bytes], size: int) -> Place:
    found: list[Place] = []
    for chip, start in ({"": 0} if size <= SECTOR else PLACES).items():
        with contextlib.suppress(FaultError):
            found.append(Place(chip, start, Block.parse(read(start, SECTOR))))
    if not found:
        raise faults.BLOCK(
            what="The file holds no OpenBeken configuration.",
            cause="It was made while the stock firmware ran, or its sector is damaged.",
            next="Choose a backup that was made while OpenBeken ran.",
        )
    if len(found) == 1:
        return found[0]
    own = [p for p in found if read(p.start - SECTOR, len(RF_MARK)) == RF_MARK]
    if len(own) != 1:
        both = " and ".join(f"at 0x{p.start:X} ({p.chip.upper()})" for p in found)
        raise faults.BLOCK(
            what=f"The file holds two configurations, {both}.",
            cause="The radio calibration that would say which chip it is of is missing.",
            next="Cut the right sector of 4096 bytes out of it, or choose another backup.",
        )
    return replace(own[0], other=next(p.chip for p in found if p is not own[0]))


def edited(data: bytes, profile: Profile) -> bytes:
    """The dump with everything that `profile` names in its configuration, checksum renewed.

    Raises PROFILE-BLOCK, PROFILE-VALUE.
    """
    place = find(data)
    require_chip(place, profile)
    block = place.block.with_profile(profile).data
    return data[: place.start] + block + data[place.start + len(block) :]


def require_chip(place: Place, profile: Profile) -> None:
    """Refuse a profile of another chip.  Raises PROFILE-VALUE."""
    if profile.chip and place.chip and profile.chip.lower() != place.chip:
        raise faults.VALUE(
            what=f"The profile is for {profile.chip}, the dump is of a {place.chip}.",
            cause="Pins differ between the chips.",
            next="Choose the profile of this chip.",
        )


def holder(path: Path) -> Place | None:
    """The configuration in a file, None when `find` would find none.  Reads the places where one
    can be, and nothing else."""
    try:
        with path.open("rb") as file:

            def at(start: int, size: int) -> bytes:
                file.seek(start)
                return file.read(size)

            return _find(at, file.seek(0, os.SEEK_END))
    except (OSError, FaultError):
        return None
