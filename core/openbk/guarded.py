"""What a command line does that nobody may do by surprise: switch a load, lose a configuration,
restart, leave the network (rulings O1).  Tables are data; the words are those of HTTP sheet 6, 11.5
and 14.  A word that stands in no table may be an alias, so it is not taken for harmless.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a command does, as the question says it."""

    SWITCHES = "it may switch the load"
    LOSES = "what it clears is gone"
    WRITES = "it writes flash; a wrong file or a power cut can make the device unusable"
    RESTARTS = "the device restarts, and its relay may switch"
    LEAVES = "the device may leave this network and not be found again"
    RUNS = "the device runs commands of its own, now or later, that may switch the load"
    UNKNOWN = "wattbench does not know this word; an alias may switch the load or clear everything"


GUARDED: dict[str, Kind] = {
    **dict.fromkeys((
        "powerall", "setchannel", "addchannel", "togglechannel", "setchannelfloat", "toggle",
        "setpinrole", "setpinchannel", "led_enableall", "led_dimmer", "led_adddimmer",
        "led_basecolor_rgb", "led_basecolor_rgbcw", "led_temperature", "dimmer", "color", "ct",
    ), Kind.SWITCHES),
    **dict.fromkeys((
        "clearconfig", "clearall", "cleario", "clearflash", "clearallhandlers",
        "cleareventhandlers", "clearrepeatingevents", "clearclockevents",
        "cancelrepeatingevent", "removeclockevent",
        "lfs_format", "lfs_size", "lfs_remove", "energycntreset", "resetsvm",
    ), Kind.LOSES),
    **dict.fromkeys(("ota", "ota_http", "ota_exec", "flashwrite", "writeflash"), Kind.WRITES),
    **dict.fromkeys(
        ("restart", "reboot", "safemode", "deepsleep", "pindeepsleep", "crash", "crashnull"),
        Kind.RESTARTS,
    ),
    **dict.fromkeys(
        ("openap", "ssid1", "password1", "ssid2", "password2", "wifi", "setmac", "webpassword"),
        Kind.LEAVES,
    ),
    **dict.fromkeys((
        "alias", "exec", "startscript", "resetsvmandrun", "startupcommand", "addeventhandler",
        "addchangehandler", "addrepeatingevent", "addrepeatingeventid", "addclockevent", "if",
        "waitfor", "lfs_write", "lfs_append", "lfs_writeline", "lfs_appendline", "settimeout",
    ), Kind.RUNS),
}  # fmt: skip
"""Command -> what it does, with arguments or without."""

PATTERNS: tuple[tuple[str, Kind], ...] = (
    (r"power\d*", Kind.SWITCHES),
    (r"ch\d+", Kind.SWITCHES),
    (r"(clear|erase|format|wipe|factory)\w*", Kind.LOSES),
    (r"(ota|flash|uboot)\w*", Kind.WRITES),
)
"""The same for families of names, where the table above does not name the command."""

DOES = {
    "clearconfig": "names, pins, MQTT, Wi-Fi and calibration are set to defaults at once; after "
    "the next restart the device leaves this network and opens its access point",
    "clearall": "the whole configuration, its scripts and events are cleared at once; after the "
    "next restart the device leaves this network and opens its access point",
    "cleario": "all roles and channels of the pins are cleared at once; relay, button and meter "
    "do nothing any more",
    "lfs_format": "all files of the device are gone",
    "lfs_size": "the file system changes its size; its files may be gone",
    "lfs_remove": "the file is gone",
    "energycntreset": "the counted energy is gone",
    "setpinrole": "the role acts at once and may switch the load",
    "setpinchannel": "the channel acts at once and may switch the load",
    "safemode": "the device restarts into safe mode and leaves this network; its relay may switch",
    "openap": "the device leaves this network and opens its access point until it restarts",
}
"""What some of them do, where the kind does not say enough."""

PLAIN = frozenset((
    "voltageset", "currentset", "powerset", "powermax", "powersave", "startdriver", "stopdriver",
    "setupenergystats", "consumptionthreshold", "vcppublishthreshold", "vcppublishintervals",
    "vcpprecision", "setchanneltype", "setchannellabel", "setstartvalue", "shortname",
    "friendlyname", "mqtthost", "mqttuser", "mqttpassword", "mqttclient", "mqttgroup", "setflag",
    "flags", "fullboottime", "lfs_mount", "lfs_unmount", "lfs_mkdir", "setbuttontimes", "pinghost",
    "pinginterval", "schedulehadiscovery", "loglevel", "logfeature", "ntp_setserver",
    "ntp_timezoneofs", "delay_s", "delay_ms",
))  # fmt: skip
"""Settings that switch nothing and lose nothing."""

ALWAYS_READS = frozenset((
    "echo", "getchannel", "getreadings", "status", "state", "sensor", "json", "listevents",
    "listeventhandlers", "listrepeatingevents", "listclockevents", "ntp_info",
))  # fmt: skip
READS_ALONE = frozenset((
    "ch", "flags", "shortname", "friendlyname", "mqtthost", "mqttuser", "mqttpassword",
    "mqttclient", "mqttgroup", "ssid1", "lfs_size", "powermax", "loglevel", "powersave",
))  # fmt: skip
"""Without arguments these only say what is set."""


@dataclass(frozen=True, slots=True)
class Risk:
    """One command of a line that is not sent unasked.  `text` is what the question shows of it:
    its arguments only where they say what is switched, for others may be passwords."""

    kind: Kind
    text: str
    does: str
    channel: int | None = None


def parts_of(line: str) -> list[list[str]]:
    """The commands of a line, a backlog's one by one, each as its words."""
    found = []
    for part in re.split(r"[;\r\n]", line):
        words = part.replace('"', " ").split()
        while words and words[0].lower() == "backlog":
            words = words[1:]
        if words:
            found.append(words)
    return found


def only_reads(line: str) -> bool:
    """Whether nothing of it changes anything."""
    return all(_reads(words) for words in parts_of(line))


def risks_of(line: str) -> list[Risk]:
    """What of a line may not go out unasked."""
    return [risk for words in parts_of(line) if (risk := _risk(words)) is not None]


def _reads(words: list[str]) -> bool:
    name, rest = words[0].lower(), words[1:]
    if name in ALWAYS_READS:
        return True
    if re.fullmatch(r"power\d*", name):
        return not rest or rest[0].lower() == "status"
    return not rest and (name in READS_ALONE or re.fullmatch(r"ch\d+", name) is not None)


def _risk(words: list[str]) -> Risk | None:
    name = words[0].lower()
    if _reads(words) or name in PLAIN:
        return None
    kind = kind_of(name)
    does = DOES.get(name, kind.value)
    if kind is Kind.SWITCHES:
        return Risk(kind, " ".join(words[:4])[:60], does, _channel(name, words[1:]))
    if kind is Kind.RUNS and (inner := _inner(words[1:])):
        return Risk(kind, f"{words[0][:40]} with {', '.join(inner)}", does)
    return Risk(kind, words[0][:40], does)


def kind_of(name: str) -> Kind:
    """The kind of a command by its name, UNKNOWN for what stands in no table."""
    low = name.lower()
    if low in GUARDED:
        return GUARDED[low]
    return next((kind for form, kind in PATTERNS if re.fullmatch(form, low)), Kind.UNKNOWN)


def _inner(words: list[str]) -> list[str]:
    """The guarded commands that an event, a script or a start line carries."""
    kinds = ((word, kind_of(word)) for word in words if word.lower() not in PLAIN)
    return list(dict.fromkeys(word[:40] for word, kind in kinds if kind is not Kind.UNKNOWN))


def _channel(name: str, rest: list[str]) -> int | None:
    """The channel that a SetChannel and its kin change, where it is a plain number."""
    if name in ("setchannel", "addchannel", "togglechannel"):
        return int(rest[0]) if rest and re.fullmatch(r"\d{1,2}", rest[0]) else None
    return int(name[2:]) if re.fullmatch(r"ch\d{1,2}", name) else None


def switches_nothing(risk: Risk, channels: dict[int, set[int]]) -> bool:
    """Whether the channel of a risk drives no pin.  `channels` is pin -> its channels, of a device
    that has a relay; a device without one may switch by another chip."""
    if risk.kind is not Kind.SWITCHES or risk.channel is None or not channels:
        return False
    return all(risk.channel not in used for used in channels.values())
