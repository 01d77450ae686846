"""The configurations of a device over time, kept by MAC in the store."""

from __future__ import annotations

import asyncio
from dataclasses import fields, replace

from core.openbk import faults
from core.openbk.read import Device
from core.profile.model import SECTIONS, Profile, Secret
from core.profile.toml_file import dump, parse
from core.store.devices import Entry
from core.store.store import Store


def secrets_of(profile: Profile) -> dict[str, str]:
    """Path -> value of every secret that has one."""
    found = {}
    for section in SECTIONS:
        part = getattr(profile, section)
        for f in fields(part):
            value = getattr(part, f.name)
            if isinstance(value, Secret) and value.value:
                found[f"{section}.{f.name}"] = value.value
    return found


def with_secrets(profile: Profile, secrets: dict[str, str]) -> Profile:
    """The profile with these values at their paths."""
    for path, value in secrets.items():
        section, _, name = path.partition(".")
        part = getattr(profile, section, None)
        if part is not None and name in {f.name for f in fields(part)}:
            profile = replace(profile, **{section: replace(part, **{name: Secret(value)})})
    return profile


async def keep(store: Store, device: Device, why: str) -> Entry | None:
    """Keep what was read, written by a thread.  None for a device without a MAC.

    Raises STORE-*.
    """
    if not device.mac:
        return None
    text = dump(replace(device.profile, drivers=None))  # what runs is no configuration
    secrets = secrets_of(device.profile)
    return await asyncio.to_thread(store.devices.add, device.mac, why, device.host, text, secrets)


def profile_of(entry: Entry) -> Profile:
    """The configuration of an entry, secrets included.  Raises PROFILE-TEXT."""
    return with_secrets(parse(entry.profile, f"history {entry.number}"), entry.secrets)


def entry_of(store: Store, mac: str, number: int) -> Entry:
    """One entry by its number; 0 is the newest, -1 the one before.  Raises OBK-NO-HISTORY."""
    entries = store.devices.history(mac)
    found = [e for e in entries if e.number == number]
    if not found and number <= 0 and len(entries) > -number:
        found = [entries[number - 1]]
    if not found:
        raise faults.NO_HISTORY(
            what=f"No configuration {number} of {mac} is kept here.",
            cause=store.devices.damage(mac)
            or "It was never read or applied with this data folder.",
            next="List what is kept.",
            command=("wattbench", "openbk", "history", mac),
        )
    return found[0]


def cached(store: Store, host: str) -> tuple[str, Profile] | None:
    """(MAC, configuration) as last seen at this address, without asking the device."""
    mac = store.devices.at(host)
    entries = store.devices.history(mac) if mac else []
    return (mac, profile_of(entries[-1])) if entries else None
