"""A dump in place of a device: show, export, compare and edit its configuration.

An edited dump is always a new file, kept beside the backups.  Its record says that the chip never
proved it, and names no flash, so that no job takes it for what a device holds.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from core.bkimage import backup as judge
from core.bkimage import rf
from core.fault import FaultError
from core.job import Result
from core.openbk import wire
from core.openbk.difference import Change, changes, shown, without_defaults
from core.profile import faults
from core.profile.block import SECTOR
from core.profile.check import require_possible
from core.profile.in_dump import Place, edited, find, holder, require_chip
from core.profile.model import POWER_UP, Channel, Profile, flat, for_mac
from core.profile.tables import RELAYS
from core.profile.toml_file import dump
from core.store.backups import Part, SidecarFacts
from core.store.clock import stamp
from core.store.files import free, require_new
from core.store.store import Store

MAC_AT, MAC_SIZE = 0x2D8, 6
RECORD = ".toml"
"""What the name of a record ends in."""


def configuration(data: bytes) -> Profile:
    """What the configuration in `data` says.  Raises PROFILE-BLOCK."""
    place = find(data)
    return replace(place.block.profile(), chip=place.chip or None)


def mac_of(data: bytes) -> str:
    """The MAC in the configuration, 12 hex digits; zeros when it was never set."""
    return find(data).block.data[MAC_AT : MAC_AT + MAC_SIZE].hex()


def show(data: bytes, name: str, *, reveal: bool = False) -> Result:
    """The configuration as path -> text; secrets masked unless `reveal`."""
    profile = configuration(data)
    values = {path: shown(value, reveal=reveal) for path, value in flat(profile).items()}
    return {"summary": f"{name}: {len(profile.pins)} pins", "profile": values}


def export(data: bytes, *, reveal: bool = False) -> str:
    """The configuration as a profile."""
    return dump(without_defaults(configuration(data)), reveal=reveal)


def compare(data: bytes, profile: Profile, mac: str = "") -> list[Change]:
    """What `profile` would change in it.  `mac` is whose dump it is, where that is known from
    elsewhere.  Raises PROFILE-VALUE."""
    return changes(configuration(data), _meant(data, profile, mac))


def apply(data: bytes, profile: Profile, mac: str = "") -> bytes:
    """The file with the profile in it; everything else as it was.  `mac` as for `compare`.

    Raises PROFILE-BLOCK, PROFILE-VALUE.
    """
    return edited(data, _meant(data, profile, mac))


def kept(store: Store) -> list[tuple[Path, Place]]:
    """Every file in the folder of backups that holds a configuration, the newest first."""
    root = store.backups.root
    files = sorted([*root.glob("*/*.bin"), *root.glob("*/*.sector")], key=lambda p: p.name)
    found = ((path, holder(path)) for path in reversed(files))
    return [(path, place) for path, place in found if place is not None]


async def keep(store: Store, source: Path, data: bytes) -> Path:
    """Keep the edited `data` of the dump `source` as a new file.  Raises STORE-*."""
    chip = find(data).chip
    if len(data) <= SECTOR:
        name = f"{stamp(store.now())}-{chip or 'any'}-config.sector"
        folder = store.backups.root / (_plain(owner_of(data, source)) or "unknown")
        path = free(folder / name)
        await asyncio.to_thread(store.files.write, path, data)
        return path
    part = store.backups.begin(owner_of(data, source) or None, chip, len(data))
    return await _recorded(part, source, data)


async def keep_as(store: Store, source: Path, data: bytes, path: Path) -> Path:
    """Keep it under a name of its own, with the same record; a sector has none.

    Raises STORE-EXISTS where the file or its record is, and other STORE-*.
    """
    require_new(path)
    if len(data) <= SECTOR:
        await asyncio.to_thread(store.files.write, path, data)
        return path
    require_new(path.with_suffix(RECORD))
    return await _recorded(Part(path, len(data), store.files, store.now), source, data)


async def _recorded(part: Part, source: Path, data: bytes) -> Path:
    """Write all of it with a record that says where it is from, or leave nothing behind."""
    try:
        info = await asyncio.to_thread(judge.examine, data)
        await part.write(0, data)
        made = await part.finish(
            SidecarFacts(
                chip=find(data).chip,
                flash_id="",
                mac=owner_of(data, source),
                size=len(data),
                true=False,
                whole=info.whole,
                reasons=(f"edited: the configuration in {source.name} was changed", *info.reasons),
                chip_crc="",
                source="edited",
            )
        )
    except FaultError:  # half of it is no backup that anybody could go on with
        part.path.unlink(missing_ok=True)
        part.map_path.unlink(missing_ok=True)
        raise
    finally:
        part.close()
    return made.path


def owner_of(data: bytes, source: Path | None = None) -> str:
    """The MAC in the configuration, else that of the radio; else that of the folder of backups
    that the file `source` lies in."""
    inside = mac_of(data)
    if not inside.strip("0"):
        at = rf.find(data)
        own = rf.mac_of(data[at:]) if at is not None else None
        inside = own.hex() if own else source.parent.name if source else ""
    return wire.normal_mac(inside)


def _plain(mac: str) -> str:
    return mac.replace(":", "").lower()


def _meant(data: bytes, profile: Profile, mac: str) -> Profile:
    """Names filled in, `on_power_up` spread over the relays that there are."""
    mac = mac or owner_of(data)
    if not mac and for_mac(profile, mac) != profile:
        raise faults.VALUE(
            what="The profile has {mac6} in a name, and the dump does not say its MAC.",
            cause="The MAC was never set in this configuration.",
            next="Write the name out in the profile.",
        )
    wanted = for_mac(profile, mac)
    require_possible(wanted)
    require_chip(find(data), wanted)
    channels = dict(wanted.channels)
    if wanted.on_power_up is not None:
        for pin in {**configuration(data).pins, **wanted.pins}.values():
            if pin.role in RELAYS and pin.channel is not None:
                channel = channels.get(pin.channel, Channel())
                if channel.start is None:
                    start = POWER_UP[wanted.on_power_up]
                    channels[pin.channel] = replace(channel, start=start)
    return replace(
        wanted, base=None, module=None, on_power_up=None, drivers=None, files={}, channels=channels
    )
