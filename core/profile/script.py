"""A profile as the lines that OpenBeken's console takes, one command a line.

Source: Tuya backup sheet 4.2.
"""

from __future__ import annotations

from core.profile.model import Profile


def lines(profile: Profile) -> list[str]:
    """The commands in the order in which they must be sent.

    Nothing is cleared first: what the profile does not name stays (`ClearIO` while a relay is on
    would drop it, ruling O1).  Networks and secrets are no part of a script.
    """
    found = ["stopDriver *", f"StartupCommand {_quoted('')}"] if profile.pins else []
    for number, pin in sorted(profile.pins.items()):
        channels = " ".join(str(c) for c in (pin.channel or 0, pin.channel2) if c is not None)
        found.append(f"backlog setPinRole {number} {pin.role}; setPinChannel {number} {channels}")
    for number, channel in sorted(profile.channels.items()):
        if channel.type is not None:
            found.append(f"SetChannelType {number} {channel.type}")
        if channel.start is not None:
            found.append(f"SetStartValue {number} {channel.start}")
    found += [f"SetFlag {number} {int(on)}" for number, on in sorted(profile.flags.items())]
    if profile.startup:
        found.append(f"StartupCommand {_quoted(profile.startup)}")
    return found


def dump(profile: Profile) -> str:
    """The lines as text."""
    return "".join(f"{line}\n" for line in lines(profile))


def _quoted(text: str) -> str:
    return f'"{text}"'
