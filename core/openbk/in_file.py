"""A dump in place of a device: show, export, compare and edit its configuration."""

from __future__ import annotations

from dataclasses import replace

from core.job import Result
from core.openbk.difference import Change, changes, shown
from core.openbk.plan import without_defaults
from core.profile.check import require_possible
from core.profile.in_dump import edited, find
from core.profile.model import POWER_UP, Channel, Profile, flat, for_mac
from core.profile.tables import RELAYS
from core.profile.toml_file import dump

MAC_AT, MAC_SIZE = 0x2D8, 6


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


def compare(data: bytes, profile: Profile) -> list[Change]:
    """What `profile` would change in it.  Raises PROFILE-VALUE."""
    return changes(configuration(data), _meant(data, profile))


def apply(data: bytes, profile: Profile) -> bytes:
    """The file with the profile in it; everything else as it was.

    Raises PROFILE-BLOCK, PROFILE-VALUE.
    """
    return edited(data, _meant(data, profile))


def _meant(data: bytes, profile: Profile) -> Profile:
    """Names filled in, `on_power_up` spread over the relays that there are."""
    wanted = for_mac(profile, mac_of(data))
    require_possible(wanted)
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
