"""What must not be sent, and what deserves a second look, before anything is sent."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from core.profile import faults
from core.profile.model import POWER_UP, REMEMBER, Profile, Secret, flat
from core.profile.tables import (
    CHANNEL_TYPES,
    CHANNELS,
    FILE_NAME_ROOM,
    FILE_PARTS,
    FILE_ROOM,
    FLAGS,
    FLASHING_PINS,
    LONGEST_PING,
    PINS,
    RELAYS,
    REMEMBERED_CHANNELS,
    ROLES,
    TEXT_ROOM,
)

GREATEST = 1e9
"""Of a calibration factor; a sane one is near 1."""
_HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*"
                   r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?")  # fmt: skip

METER = "BL0937"
"""The driver that takes P24, P7 and P8 when its three pins have no roles (HTTP sheet 11.1)."""
_DRIVER = re.compile(r"[A-Za-z0-9_.]+")
_STARTS_METER = re.compile(rf"startdriver[\s\"']+{METER}(?![A-Za-z0-9_.])", re.I)
_COMMENT = re.compile(r"^\s*//.*$", re.M)


def starts_meter(text: str) -> bool:
    """True when a startup command or script starts the metering driver, wherever in it."""
    return _STARTS_METER.search(_COMMENT.sub("", text)) is not None


def meter_has_pins(profile: Profile) -> bool:
    """True when CF, CF1 and SEL have pins, so that the driver may start."""
    roles = {pin.role.lower() for pin in profile.pins.values()}
    return {"bl0937cf", "bl0937cf1"} <= roles and bool(roles & {"bl0937sel", "bl0937sel_n"})


def unsafe_starts(profile: Profile) -> list[str]:
    """Where a whole configuration starts the metering driver without its pins; empty if it may."""
    if meter_has_pins(profile):
        return []
    found = ["the startup command"] if starts_meter(profile.startup or "") else []
    return found + [f"file {name}" for name, text in profile.files.items() if starts_meter(text)]


def require_possible(profile: Profile, roles: Sequence[str] = ROLES) -> None:
    """Raise PROFILE-VALUE for the first value that the firmware cannot hold."""
    for text in _impossible(profile, roles):
        raise faults.VALUE(
            what=text,
            cause="The firmware would accept it and store something else.",
            next="Correct the value in the profile.",
        )


def _impossible(profile: Profile, roles: Sequence[str]) -> Iterator[str]:
    known = {role.lower() for role in roles}
    for number, pin in profile.pins.items():
        if number not in range(PINS):
            yield f"There is no pin P{number}; the chip has P0 to P{PINS - 1}."
        if pin.role.lower() not in known:
            yield f"P{number}: the firmware has no role {pin.role!r}."
        for channel in (pin.channel, pin.channel2):
            if channel is not None and channel not in range(CHANNELS):
                yield f"P{number}: channel {channel} is not between 0 and {CHANNELS - 1}."
    for number, entry in profile.channels.items():
        if number not in range(CHANNELS):
            yield f"There is no channel {number}."
        if entry.type is not None and entry.type not in CHANNEL_TYPES:
            yield f"Channel {number}: there is no type {entry.type!r}."
        if entry.start == REMEMBER and number >= REMEMBERED_CHANNELS:
            yield f"Channel {number}: only channels below {REMEMBERED_CHANNELS} can remember."
        if entry.start is not None and not -1 <= entry.start <= 32767:
            yield f"Channel {number}: start value {entry.start} is out of range."
    yield from (f"There is no flag {n}." for n in profile.flags if n not in range(FLAGS))
    for name in profile.drivers or ():
        if not _DRIVER.fullmatch(name.strip()):
            yield f"{name!r} is no name of a driver; one is like BL0937."
    yield from _bad_texts(profile)
    yield from _bad_files(profile)
    if profile.on_power_up not in (None, *POWER_UP):
        yield f"on_power_up is off, on or remember, not {profile.on_power_up!r}."
    if profile.on_power_up == "remember":
        relays = [p.channel for p in profile.pins.values() if p.role in RELAYS and p.channel]
        for channel in (c for c in relays if c >= REMEMBERED_CHANNELS):
            yield f"Channel {channel}: only channels below {REMEMBERED_CHANNELS} can remember."
    port = profile.mqtt.port
    if port is not None and port not in range(1, 65536):
        yield f"MQTT port {port} is not between 1 and 65535."
    yield from _bad_numbers(profile)
    yield from _bad_hosts(profile)


def _bad_numbers(profile: Profile) -> Iterator[str]:
    for path, value in flat(profile).items():
        section = path.partition(".")[0]
        if section == "network" and not _dotted(value):
            yield f"{path} is no IPv4 address: {value!r}."
        if section == "ping" and isinstance(value, int) and value not in range(LONGEST_PING + 1):
            yield f"{path} is not between 0 and {LONGEST_PING} s."
        if section == "calibration" and not 0 <= value <= GREATEST:  # also not a number
            yield f"{path} is no factor: {value}."


def _bad_hosts(profile: Profile) -> Iterator[str]:
    for path, text in (("mqtt.host", profile.mqtt.host), ("ping.host", profile.ping.host)):
        why = _no_host(text) if text else ""
        if why:
            yield f"{path} is {text!r}: {why}"


def _no_host(text: str) -> str:
    """Why this is neither an IPv4 address nor the name of a host; empty when it is one."""
    name, colon, port = text.rpartition(":")
    if "://" in text or "/" in text:
        return "only the address or name belongs here, without mqtt:// and without a path."
    if colon and port.isdigit() and ":" not in name:
        return "the port has a field of its own, and only the address belongs here."
    if any(char.isspace() for char in text):
        return "a blank is in it, and no address or name has one."
    numbers = not text.strip("0123456789.")
    if numbers and not _dotted(text):
        return "no IPv4 address; one has four numbers from 0 to 255, as in 192.168.1.2."
    if not numbers and not _HOST.fullmatch(text):
        return "no address and no name; a name has letters, digits, points and hyphens."
    return ""


def _dotted(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _bad_texts(profile: Profile) -> Iterator[str]:
    for path, value in flat(profile).items():
        room = TEXT_ROOM.get(path)
        text = value.value if isinstance(value, Secret) else value
        if room is None or not isinstance(text, str):
            continue
        if len(text.encode()) > room:
            yield f"{path} has {len(text.encode())} bytes; the firmware keeps {room}."
        if "\0" in text:
            yield f"{path} contains a NUL."
    web = profile.wifi.web_password
    if web is not None and web.value and len(web.value) < 5:
        yield "wifi.web_password has fewer than 5 characters; the firmware would clear it."


def _bad_files(profile: Profile) -> Iterator[str]:
    for name, text in profile.files.items():
        parts = name.split("/")
        if len(parts) > FILE_PARTS or any(not part.strip(" .") for part in parts):
            yield f"{name!r} is no file name; one is like autoexec.bat or folder/name."
        if "\\" in name or any(char < " " for char in name):
            yield f"The file name {name!r} has a character that no file name has."
        for what, value, room in (("The name of", name, FILE_NAME_ROOM), ("", text, FILE_ROOM)):
            size = len(value.encode("utf-8", "replace"))
            if size > room:
                yield f"{what} file {name[:40]} has {size} bytes; {room} fit.".strip()


def warnings(profile: Profile) -> list[str]:
    """What is possible and likely not meant, each with its reason."""
    found = []
    used = {n: pin for n, pin in profile.pins.items() if pin.role not in ("None", " ", "")}
    for number in FLASHING_PINS:
        if number in used:
            found.append(
                f"P{number} is the serial line for flashing; after the first boot with "
                f"{used[number].role} it is gone. Take RX1 and TX1 off before that boot."
            )
    meter = {pin.role for pin in used.values() if pin.role.startswith("BL0937")}
    trio = {"BL0937CF", "BL0937CF1"}
    if meter and not (trio <= meter and meter & {"BL0937SEL", "BL0937SEL_n"}):
        found.append("The meter chip needs CF, CF1 and SEL; without all three it does not start.")
    found += [
        f"{where[:1].upper()}{where[1:]} starts {METER}, and CF, CF1 and SEL have no pins: it will "
        "drive P24, P7 and P8, and P8 is the relay of many plugs."
        for where in unsafe_starts(profile)
    ]
    relays = Counter(pin.channel for pin in used.values() if pin.role in RELAYS)
    found += [
        f"{count} relays are on channel {channel}; they would switch together."
        for channel, count in relays.items()
        if count > 1
    ]
    return found
