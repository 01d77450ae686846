"""The configuration sector of OpenBeken on a plug: what it says, and what a profile makes of it.

The profile lies on top of what is there; every other field stays.  A stock firmware leaves other
data in this sector, so what does not pass the firmware's own test is no configuration, and a new
one begins with the firmware's defaults.  Source: rulings P5, P18 to P20; BK7231 sheet 9.
"""

from __future__ import annotations

import zlib

from core.beken import faults
from core.beken.client import TRIES, Client
from core.bkimage.flashmap import Region, chip_map
from core.fault import FaultError
from core.profile import faults as profile_faults
from core.profile.block import Block
from core.profile.check import require_possible
from core.profile.model import Mqtt, Names, Profile, beyond, diff, for_mac, merged
from core.profile.secrets import shown
from core.profile.tables import FLASHING_PINS


def config_region(chip: str) -> Region:
    """Where the configuration is: 0x1D1000 on an N, 0x1E1000 on a T, one sector."""
    return chip_map(chip).config


def block_in(sector: bytes) -> Block | None:
    """The configuration in a sector, or None when the firmware would not take it."""
    try:
        return Block.parse(sector)
    except FaultError:
        return None


def set_values(sector: bytes) -> Profile:
    """What is configured beyond the firmware's defaults; nothing for a sector without any."""
    block = block_in(sector)
    return Profile() if block is None else beyond(Block.new().profile(), block.profile())


def sector_with(before: bytes, profile: Profile, chip: str, mac: str) -> bytes:
    """The 4096 bytes that `before` becomes with `profile` on a device with this chip and MAC.

    Raises PROFILE-CHIP for a profile of another chip, PROFILE-VALUE for what cannot be stored.
    """
    require_chip(profile, chip)
    require_possible(profile)
    block = block_in(before)
    if block is None:
        block, profile = Block.new(), merged(default_names(chip, mac), profile)
    return block.with_profile(for_mac(profile, mac)).sector()


def default_names(chip: str, mac: str) -> Profile:
    """The names that the firmware gives itself: from the last four bytes of the MAC."""
    tail = mac.replace(":", "")[4:].upper()
    if not tail:
        return Profile()
    short = f"obk{tail}"
    long = f"OpenBK{chip.upper().removeprefix('BK')}_{tail}"
    return Profile(names=Names(short, long), mqtt=Mqtt(client=short))


def require_chip(profile: Profile, chip: str) -> None:
    """Refuse a profile that is bound to another chip (rulings P18).  Raises PROFILE-CHIP."""
    bound = (profile.chip or chip).lower()
    if bound not in (chip, chip.removeprefix("bk7231")):
        raise profile_faults.CHIP(
            what=f"The profile is for {profile.chip}, the chip is a {chip}.",
            cause="It was made for another module.",
            next="Take the profile of this plug.",
        )


def serial_pins(sector: bytes) -> list[int]:
    """Which of RX1 and TX1 get a role at the next boot with this sector (rulings P5)."""
    block = block_in(sector)
    return [] if block is None else [n for n in FLASHING_PINS if n in block.profile().pins]


def change_lines(before: bytes, after: bytes) -> list[str]:
    """What changes, one line a value, secrets masked."""
    old, new = (block_in(sector) for sector in (before, after))
    if new is None:
        return []
    base = (old or Block.new()).profile()
    lines = [f"{d.path}: {shown(d.before)} -> {shown(d.after)}" for d in diff(base, new.profile())]
    return [*(["a new configuration, with the firmware's defaults"] if old is None else []), *lines]


async def read_sector(client: Client, chip: str) -> bytes:
    """The configuration sector, proven by the chip's CRC.  Raises BK-UNPROVEN."""
    region = config_region(chip)
    for _ in range(TRIES):
        sector = await client.read_4k(region.start)
        if zlib.crc32(sector) == await client.crc(region.start, region.end):
            return sector
    raise faults.UNPROVEN(
        what=f"The configuration sector at {region.start:#x} was read {TRIES} times, never proven.",
        cause="Bytes are lost or damaged on the line.",
        next="Shorter wires, GND at the module; then try again.",
        evidence=client.evidence,
    )
