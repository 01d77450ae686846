"""The bytes of the module's configuration channel and of its live values.

Numbers are little-endian but for the payloads of F7 and FA.  Which fields a status has, and which
commands the firmware knows, follows from the *length* of the status; the version number is not
unique.  Source: meter sheet 2.1 to 2.7 and 9.1.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

_BASE = "0000{:04x}-0000-1000-8000-00805f9b34fb"


def uuid16(number: int) -> str:
    """The 128-bit text of a 16-bit UUID, in lower case."""
    return _BASE.format(number)


CONFIG_SERVICE, CONFIG = uuid16(0x1F10), uuid16(0x1F1F)
LIVE_SERVICE = uuid16(0x181C)
OTA_SERVICE = "00010203-0405-0607-0809-0a0b0c0d1912"
OTA = "00010203-0405-0607-0809-0a0b0c0d2b12"
INFO_SERVICE, SOFTWARE_REVISION = uuid16(0x180A), uuid16(0x2A28)

LIVE = {
    "tariff1": uuid16(0x2AF2),
    "tariff2": uuid16(0x2AF3),
    "tariff3": uuid16(0x2B89),
    "power": uuid16(0x2B05),
    "voltage": uuid16(0x2B18),
    "current": uuid16(0x2AEE),
}
"""Live values by name.  Current is missing in V1.1 to V1.3 of 2023-03-05; it is 2 or 4 bytes."""

LIVE_BYTES = (2, 4)


class Id(IntEnum):
    """First byte of a command."""

    PERIOD = 0xF1
    RELEASE = 0xF2
    REBOOT = 0xF3
    IDENTIFY = 0xF4
    SET_KEY = 0xF5
    NO_KEY = 0xF6
    ADDRESS = 0xF7
    CLEAR = 0xF8
    MODEL = 0xF9
    SCALE = 0xFA


@dataclass(frozen=True, slots=True)
class Generation:
    """What firmware that sends a status of `length` bytes can do; `releases` for people."""

    length: int
    releases: str
    address_limit: int
    has_model: bool = False
    has_scale: bool = False

    def knows(self, command: Id) -> bool:
        """Whether the firmware acts on this command; it ignores the others without a word."""
        if command is Id.MODEL:
            return self.has_model
        return self.has_scale if command is Id.SCALE else True


GENERATIONS = {
    g.length: g
    for g in (
        Generation(8, "V1.1 to V1.3 of February 2023", 0xFFFF),
        Generation(10, "V1.3 of early March 2023", 0xFFFFFFFF),
        Generation(11, "V1.3 of 5 to 10 March 2023", 0xFFFFFFFF, has_model=True),
        Generation(13, "V1.3 of 12 March 2023 to V1.7", 0xFFFFFFFF, True, True),
    )
}


@dataclass(frozen=True, slots=True)
class Status:
    """FEDA: the module's settings.  `period` in minutes; `version` as one byte, 0x17 is V1.7.

    `model` (1..4) and `scale` (the divisor word) are None where the firmware has none.
    """

    period: int
    version: int
    encrypted: bool
    address: int
    model: int | None
    scale: int | None
    generation: Generation

    @property
    def release(self) -> str:
        """The firmware version as people say it."""
        return f"V{self.version >> 4}.{self.version & 15}"


@dataclass(frozen=True, slots=True)
class KeyIs:
    """FEDB: the bind key, 16 bytes.  Sent only when encryption is on."""

    key: bytes

    def __repr__(self) -> str:
        return "KeyIs(not shown)"


@dataclass(frozen=True, slots=True)
class SerialIs:
    """FEDC: the meter's serial number; empty when the meter has not answered."""

    text: str


@dataclass(frozen=True, slots=True)
class MadeIs:
    """FEDD: the meter's date of production; empty when the meter has not answered."""

    text: str


@dataclass(frozen=True, slots=True)
class LogPiece:
    """At most 12 bytes of the module's log.  Each comes twice with the same `number`."""

    number: int
    text: bytes
    logging: bool


@dataclass(frozen=True, slots=True)
class Strange:
    """A notification that this program does not know."""

    data: bytes
    why: str


Message = Status | KeyIs | SerialIs | MadeIs | LogPiece | Strange

_LOG = 0x78
_LOG_BYTES, _LOG_TEXT = 16, 12
_TEXT_BYTES, _KEY_BYTES = 16, 16


def parse(data: bytes) -> Message:
    """What a notification of the configuration channel says.  Any bytes; never raises."""
    if data[:1] == bytes([_LOG]):
        if len(data) != _LOG_BYTES:
            return Strange(data, f"a log fragment of {len(data)} bytes, not {_LOG_BYTES}")
        return LogPiece(data[1], data[3 : 3 + _LOG_TEXT].split(b"\0")[0], data[2] == 1)
    body = data[2:]
    match data[:2]:
        case b"\xda\xfe":
            return _status(data)
        case b"\xdb\xfe" if len(body) == _KEY_BYTES:
            return KeyIs(body)
        case b"\xdc\xfe" if len(body) == _TEXT_BYTES:
            return SerialIs(_text(body))
        case b"\xdd\xfe" if len(body) == _TEXT_BYTES:
            return MadeIs(_text(body))
    return Strange(data, f"{len(data)} bytes beginning with {data[:2].hex(' ') or 'nothing'}")


def _status(data: bytes) -> Status | Strange:
    generation = GENERATIONS.get(len(data))
    if generation is None:
        lengths = ", ".join(map(str, GENERATIONS))
        return Strange(data, f"a status of {len(data)} bytes; known are {lengths}")
    period, version, encrypted = struct.unpack_from("<HBB", data, 2)
    wide = generation.address_limit > 0xFFFF
    (address,) = struct.unpack_from("<I" if wide else "<H", data, 6)
    model = data[10] if generation.has_model else None
    scale = int.from_bytes(data[11:13], "little") if generation.has_scale else None
    return Status(period, version, bool(encrypted), address, model, scale, generation)


def _text(field: bytes) -> str:
    """NUL-padded ASCII; what is not printable is shown as `?`."""
    text = field.split(b"\0")[0].decode("ascii", "replace")
    return "".join(c if c.isprintable() and c != "\N{REPLACEMENT CHARACTER}" else "?" for c in text)


def live_value(data: bytes) -> int | None:
    """A live characteristic's raw number; None for a length that no firmware sends."""
    return int.from_bytes(data, "little") if len(data) in LIVE_BYTES else None


# -- commands ------------------------------------------------------------------------------

RELEASE = bytes([Id.RELEASE])
REBOOT = bytes([Id.REBOOT])
IDENTIFY = bytes([Id.IDENTIFY])
NO_KEY = bytes([Id.NO_KEY])
CLEAR = bytes([Id.CLEAR])


def set_period(minutes: int) -> bytes:
    """F1: how often the meter is polled; 1..255 (0 would poll every second)."""
    return bytes([Id.PERIOD, minutes])


def set_key(key: bytes) -> bytes:
    """F5: store the bind key and switch encryption on."""
    if len(key) != _KEY_BYTES:
        raise ValueError("a bind key has 16 bytes")
    return bytes([Id.SET_KEY]) + key


def set_address(address: int) -> bytes:
    """F7: the meter's address, most significant byte first, 2 or 4 bytes."""
    return bytes([Id.ADDRESS]) + address.to_bytes(2 if address <= 0xFFFF else 4, "big")


def set_model(model: int) -> bytes:
    """F9: the kind of meter, 1..4.  Loads that kind's own scale when the kind changes."""
    return bytes([Id.MODEL, model])


def set_scale(word: int) -> bytes:
    """FA: the divisor word, most significant byte first."""
    return bytes([Id.SCALE]) + word.to_bytes(2, "big")
