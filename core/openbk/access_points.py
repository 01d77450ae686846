"""Open access points of new, reset or stranded OpenBeken devices, out of what Wi-Fi tools print.

Names (HTTP sheet 2): a fresh device is `OpenBK7231N_` or `OpenBK7231T_` and the last four bytes of
its MAC, other chips alike; a device with a long name uses that, at most 32 bytes of it.

Network names are any 32 bytes.  nmcli prints them as they are, so they are read from its hex
column; iw writes every byte that is not printable as `\\xNN`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

FRESH = re.compile(r"Open([A-Z][A-Za-z0-9]{1,11})_([0-9A-Fa-f]{8})")
NAME_BYTES = 32
FIELDS = "SSID-HEX,BSSID,CHAN,FREQ,SIGNAL,SECURITY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One access point as a tool printed it.  `signal` is in `unit`: "%" of nmcli, "dBm" of iw;
    `frequency` in MHz."""

    name: bytes
    bssid: str = ""
    channel: int | None = None
    frequency: int | None = None
    signal: int | None = None
    unit: str = ""
    open: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPoint:
    """The access point of an OpenBeken device.  `chip` is guessed from the name; `mac_tail` are
    the last eight hex digits of the MAC, `mac` the whole one of a device that is known here."""

    name: str
    bssid: str
    signal: int | None
    unit: str
    channel: int | None
    frequency: int | None
    chip: str = ""
    mac_tail: str = ""
    mac: str = ""


# -- what the tools print ------------------------------------------------------------------


def of_nmcli(text: str) -> list[Heard]:
    """Lines of `nmcli --terse` with FIELDS; a line of another shape is left out."""
    found = []
    for line in text.splitlines():
        fields = unescaped(line)
        if len(fields) != 6:
            continue
        name, bssid, channel, frequency, signal, security = fields
        with contextlib.suppress(ValueError):
            found.append(
                Heard(
                    name=bytes.fromhex(name),
                    bssid=bssid.upper(),
                    channel=_number(channel),
                    frequency=_number(frequency),
                    signal=_number(signal),
                    unit="%",
                    open=security in ("", "--"),
                )
            )
    return found


def unescaped(line: str) -> list[str]:
    """The fields of a terse line: a backslash takes the next character as it is."""
    fields, rest = [""], iter(line)
    for char in rest:
        if char == ":":
            fields.append("")
        else:
            fields[-1] += next(rest, "") if char == "\\" else char
    return fields


_BSS = re.compile(r"BSS ([0-9a-f]{2}(?::[0-9a-f]{2}){5})\b", re.IGNORECASE)


def of_iw(text: str) -> list[Heard]:
    """What `iw dev ... scan` prints; only lines with one tab belong to the access point itself."""
    found: list[Heard] = []
    for line in text.splitlines():
        begin = _BSS.match(line)
        if begin:
            found.append(Heard(name=b"", bssid=begin[1].upper(), unit="dBm"))
        elif found and line.startswith("\t") and not line.startswith("\t\t"):
            key, _, value = line[1:].partition(":")
            found[-1] = _told(found[-1], key, value.strip(" "))
    return found


def _told(heard: Heard, key: str, value: str) -> Heard:
    match key:
        case "SSID":
            return replace(heard, name=_bytes_of_iw(value))
        case "freq":
            return replace(heard, frequency=_number(value))
        case "signal":
            return replace(heard, signal=_number(value), unit="dBm" if "dBm" in value else "%")
        case "DS Parameter set":
            return replace(heard, channel=_number(value.removeprefix("channel ")))
        case "capability":
            return replace(heard, open=heard.open and "Privacy" not in value.split())
        case "RSN" | "WPA":
            return replace(heard, open=False)
    return heard


def _bytes_of_iw(text: str) -> bytes:
    r"""The name behind iw's `\xNN`."""
    plain = text.encode("utf-8", "surrogateescape")
    return re.sub(rb"\\x([0-9a-f]{2})", lambda hit: bytes([int(hit[1], 16)]), plain)


def _number(text: str) -> int | None:
    """The number a field begins with: "2412 MHz", "2412.0", "-53.00 dBm"."""
    hit = re.match(r"-?\d{1,6}(?:\.\d{1,3})?(?![\d.])", text)
    return round(float(hit[0])) if hit else None


# -- which of them are ours ----------------------------------------------------------------


def of_openbeken(heard: Iterable[Heard], known: Mapping[str, str]) -> list[AccessPoint]:
    """The open ones with a name that a device gives itself, the strongest first.

    `known` maps long names of devices to their MAC.
    """
    macs = {name.encode()[:NAME_BYTES]: mac for name, mac in known.items() if name}
    found: dict[str, AccessPoint] = {}
    for one in heard:
        name = one.name.decode("utf-8", "backslashreplace")
        fresh, mac = FRESH.fullmatch(name), macs.get(one.name, "")
        if not one.open or (fresh is None and not mac):
            continue
        point = AccessPoint(
            name=name,
            bssid=one.bssid,
            signal=one.signal,
            unit=one.unit,
            channel=one.channel,
            frequency=one.frequency,
            chip=fresh[1] if fresh else "",
            mac_tail=fresh[2].upper() if fresh else mac.replace(":", "").upper()[-8:],
            mac=mac,
        )
        before = found.get(one.bssid or name)
        if before is None or _strength(point) > _strength(before):
            found[one.bssid or name] = point
    return sorted(found.values(), key=lambda p: (-_strength(p), p.name))


def _strength(point: AccessPoint) -> int:
    return -999 if point.signal is None else point.signal


def line(point: AccessPoint) -> str:
    """One access point for people; a fresh name has chip and MAC in it already."""
    parts = [point.name]
    if point.signal is not None:
        parts.append(f"{point.signal} {point.unit}")
    if point.channel is not None:
        parts.append(f"channel {point.channel}")
    if point.frequency is not None:
        parts.append(f"{point.frequency} MHz")
    return "  ".join([*parts, point.mac] if point.mac else parts)
