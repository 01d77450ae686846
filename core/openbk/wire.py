"""What the device's JSON answers say, as frozen records.  Layouts: HTTP sheet 4, 6 and 9."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from core.profile.in_dump import PLACES

SDK = "obk"
"""What `StatusFWR.SDK` says in every OpenBeken, and in no Tasmota."""

CONFIG_AT = {chip.upper(): start for chip, start in PLACES.items()}
CONFIG_SIZE = 0x1000
FLASH_SIZE = 0x200000
FACTORS_AT = 0x498
OTA_ROOM = {"BK7231N": 0xA6000, "BK7231T": 0x96000}
"""Where the configuration sector lies, and how large an update may be (HTTP sheet 12, 13)."""


LARGEST = (1 << 63) - 1
_WHOLE = re.compile(r"[-+]?\d{1,22}")


def fields_of(value: Any) -> Mapping[str, Any]:
    """The object that `value` should be; anything else counts as an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    """A text; numbers are shown, everything else is empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(value)
    short = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST
    return str(value) if short else ""


def int_of(value: Any, default: int = 0) -> int:
    """A whole number of at most 63 bits, also from its decimal text; `default` for what is none."""
    if isinstance(value, int):
        found = int(value)
    elif isinstance(value, float):
        found = int(value) if math.isfinite(value) else default
    else:
        found = int(value) if _WHOLE.fullmatch(text_of(value).strip()) else default
    return found if abs(found) <= LARGEST else default


def float_of(value: Any) -> float | None:
    """A finite number, or None for inf, nan, what no float can hold, and everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:  # JSON sets no limit to the digits of a whole number
        return None
    return found if math.isfinite(found) else None


def ints_of(value: Any) -> tuple[int, ...]:
    return tuple(int_of(item) for item in value) if isinstance(value, list) else ()


def texts_of(value: Any) -> tuple[str, ...]:
    return tuple(text_of(item) for item in value) if isinstance(value, list) else ()


def normal_mac(text: str) -> str:
    """`A4:C1:38:5C:94:FA`, or nothing when `text` is no MAC.

    The firmware writes it with or without colons, in either case, and with a blank behind it.
    """
    digits = "".join(c for c in text.upper() if c not in ":-. ")
    if len(digits) != 12 or not set(digits) <= set("0123456789ABCDEF"):
        return ""
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


@dataclass(frozen=True, slots=True)
class Info:
    """`/api/info`.  `version` is the last word of `build`; `low_flags` are flags 0 to 31."""

    uptime: int
    build: str
    version: str
    ip: str
    mac: str
    low_flags: int
    mqtt: str
    client: str
    chip: str
    short_name: str

    @classmethod
    def of(cls, value: Any) -> Info:
        v = fields_of(value)
        build = text_of(v.get("build"))
        return cls(
            uptime=int_of(v.get("uptime_s")),
            build=build,
            version=build.rpartition("version ")[2].strip(),
            ip=text_of(v.get("ip")),
            mac=normal_mac(text_of(v.get("mac"))),
            low_flags=int_of(v.get("flags")) & 0xFFFFFFFF,
            mqtt=text_of(v.get("mqtthost")),
            client=text_of(v.get("mqtttopic")),
            chip=text_of(v.get("chipset")).upper(),
            short_name=text_of(v.get("shortName")),
        )


class PinState(NamedTuple):
    """One pin as the device has it: numbers of role and channels, and the level."""

    role: int
    channel: int
    channel2: int
    state: int


@dataclass(frozen=True, slots=True)
class Pins:
    """`/api/pins`: the role names in the order of their numbers, and every pin."""

    role_names: tuple[str, ...]
    pins: tuple[PinState, ...]

    @classmethod
    def of(cls, value: Any) -> Pins:
        v = fields_of(value)
        roles, channels = ints_of(v.get("roles")), ints_of(v.get("channels"))
        second, states = ints_of(v.get("channels2")), ints_of(v.get("states"))
        found = [
            PinState(role, *(_at(row, pin) for row in (channels, second, states)))
            for pin, role in enumerate(roles)
        ]
        return cls(texts_of(v.get("rolenames")), tuple(found))

    def role(self, number: int) -> str:
        """The name of a role; number 0 is "None", as the command calls it."""
        if number == 0:
            return "None"
        return _named(self.role_names, number, "role")


def _named(names: tuple[str, ...], number: int, kind: str) -> str:
    return names[number] if 0 <= number < len(names) else f"{kind}{number}"


def _at(row: tuple[int, ...], index: int) -> int:
    return row[index] if index < len(row) else 0


@dataclass(frozen=True, slots=True)
class ChannelTypes:
    """`/api/channelTypes`: names by number, and the number of each channel's type."""

    names: tuple[str, ...]
    types: tuple[int, ...]

    @classmethod
    def of(cls, value: Any) -> ChannelTypes:
        v = fields_of(value)
        return cls(texts_of(v.get("typenames")), ints_of(v.get("types")))

    def name(self, number: int) -> str:
        return _named(self.names, number, "type")


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to `POST /api/cmnd`: its HTTP code, the device's words, and the value."""

    code: int
    message: str
    value: Any

    @property
    def ok(self) -> bool:
        return self.code == 200

    @classmethod
    def of(cls, status: int, value: Any) -> Reply:
        v = fields_of(value)
        return cls(status, text_of(v.get("msg")).strip(), v.get("res"))


@dataclass(frozen=True, slots=True)
class Energy:
    """The ENERGY block: W, VA, var, V, A; `total` in Wh.  None where the device has no number."""

    power: float | None
    apparent: float | None
    reactive: float | None
    factor: float | None
    voltage: float | None
    current: float | None
    total: float | None

    @classmethod
    def of(cls, value: Any) -> Energy | None:
        """The block inside StatusSNS, or None when no metering driver runs."""
        v = fields_of(value).get("ENERGY")
        if not isinstance(v, dict):
            return None
        names = ("Power", "ApparentPower", "ReactivePower", "Factor", "Voltage", "Current",
                 "ConsumptionTotal")  # fmt: skip
        return cls(*(float_of(v.get(name)) for name in names))


@dataclass(frozen=True, slots=True)
class Status:
    """What of `Status 0` is real (HTTP sheet 6).  `relays` maps POWER names to on or off."""

    sdk: str
    chip: str
    version: str
    short_name: str
    mac: str
    ip: str
    uptime: int
    heap: int
    ssid: str
    signal: int
    relays: Mapping[str, bool]
    energy: Energy | None

    @property
    def openbeken(self) -> bool:
        return self.sdk.lower() == SDK

    @classmethod
    def of(cls, value: Any) -> Status:
        v = fields_of(value)
        part = {name: fields_of(v.get(f"Status{name}")) for name in ("", "FWR", "NET", "SNS")}
        state = fields_of(v.get("StatusSTS")) or v
        wifi = fields_of(state.get("Wifi"))
        version = text_of(part["FWR"].get("Version"))
        return cls(
            sdk=text_of(part["FWR"].get("SDK")),
            chip=text_of(part["FWR"].get("Hardware")).upper(),
            version=version.partition("_")[2] or version,
            short_name=text_of(part[""].get("DeviceName")),
            mac=normal_mac(text_of(part["NET"].get("Mac"))),
            ip=text_of(part["NET"].get("IPAddress")),
            uptime=int_of(state.get("UptimeSec")),
            heap=int_of(state.get("Heap")),
            ssid=text_of(wifi.get("SSId")),
            signal=int_of(wifi.get("Signal")),
            relays=_relays(state, part[""].get("Power")),
            energy=Energy.of(part["SNS"]),
        )


def _relays(state: Mapping[str, Any], mask: Any) -> dict[str, bool]:
    """POWER name -> on.  A device without a relay says ON, too; its bit mask has none set."""
    found = {
        name: entry == "ON"
        for name, entry in state.items()
        if name.startswith("POWER") and isinstance(entry, str)
    }
    return {} if found == {"POWER": True} and mask == 0 else found


class Entry(NamedTuple):
    """One entry of a folder in the device's file system."""

    name: str
    folder: bool
    size: int


def listing(value: Any) -> tuple[Entry, ...]:
    """The entries of an `/api/lfs/` folder without `.` and `..`."""
    found = []
    content = fields_of(value).get("content")
    for item in content if isinstance(content, list) else ():
        v = fields_of(item)
        name = text_of(v.get("name"))
        if name and name not in (".", ".."):
            found.append(Entry(name, int_of(v.get("type")) == 2, int_of(v.get("size"))))
    return tuple(found)


class Factors(NamedTuple):
    """The meter's factors in units per pulse per second; 0 is the driver's default."""

    voltage: float
    current: float
    power: float

    @classmethod
    def unpack(cls, data: bytes) -> Factors:
        """From the 12 bytes at +0x498 of the configuration sector."""
        return cls(*struct.unpack("<3f", data[:12]))
