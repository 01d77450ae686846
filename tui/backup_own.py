"""Which OpenBeken configuration a dump gives: its own one, or one made from the stock store.

A dump that was made while OpenBeken ran holds both: the sector that OpenBeken uses, and what the
stock firmware left behind, which knows neither names nor MQTT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.tuya.outputs import Configuration
    from core.tuya.survey import Survey

OWN = "the configuration that OpenBeken keeps in this dump"
STOCK = "the stock firmware's store"


def own_configuration(seen: Survey) -> Configuration | None:
    """What OpenBeken itself keeps in the dump, None where it keeps nothing."""
    from core.fault import FaultError
    from core.openbk import in_file
    from core.openbk.difference import without_defaults
    from core.tuya.outputs import Configuration

    data = b"\xff" * max(0, seen.base) + seen.data
    try:
        profile = without_defaults(in_file.configuration(data))
        mac = in_file.owner_of(data)
    except FaultError:
        return None
    whose = f"of {mac}" if mac else "of this plug"
    notes = (
        f"Names and MQTT client are those {whose}: change them for another plug.",
        "Passwords are left out.",
    )
    return Configuration(profile, OWN, notes)


def own_words(own: Configuration) -> str:
    """What it holds, in a few words."""
    names, pins = own.profile.names, len(own.profile.pins)
    broker = own.profile.mqtt.host
    parts = [
        f"name {names.short}" if names.short else "no name",
        f"{pins} pin{'' if pins == 1 else 's'}",
        f"MQTT {broker}" if broker else "no MQTT",
    ]
    return f"its own configuration is in this dump ({', '.join(parts)})"
