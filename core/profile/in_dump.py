"""The OpenBeken configuration inside a flash dump: opened, edited and put back like a device's.

Everything outside of the sector stays byte for byte.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from core.fault import FaultError
from core.profile import faults
from core.profile.block import SECTOR, Block
from core.profile.model import Profile

PLACES = {"bk7231n": 0x1D1000, "bk7231t": 0x1E1000}
"""Where the sector lies by chip (HTTP sheet 13.1)."""


@dataclass(frozen=True, slots=True)
class Place:
    """One configuration in a file: `chip` is empty for a bare sector, which fits any."""

    chip: str
    start: int
    block: Block


def find(data: bytes) -> Place:
    """The configuration in a dump or a bare sector.  Raises PROFILE-BLOCK when none fits."""
    places = {"": 0} if len(data) <= SECTOR else PLACES
    for chip, start in places.items():
        try:
            return Place(chip, start, Block.parse(data[start : start + SECTOR]))
        except FaultError:
            continue
    raise faults.BLOCK(
        what="The file holds no OpenBeken configuration.",
        cause="It was made while the stock firmware ran, or its sector is damaged.",
        next="Choose a backup that was made while OpenBeken ran.",
    )


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
    """The configuration in a file, None when there is none.  Reads the places where one can be,
    and nothing else."""
    try:
        with path.open("rb") as file:
            bare = file.seek(0, os.SEEK_END) <= SECTOR
            for chip, start in ({"": 0} if bare else PLACES).items():
                file.seek(start)
                with contextlib.suppress(FaultError):
                    return Place(chip, start, Block.parse(file.read(SECTOR)))
    except OSError:
        return None
    return None
