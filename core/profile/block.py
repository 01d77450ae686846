"""The configuration sector of OpenBeken: 3584 bytes, and how a profile reads and changes them.

What is not named stays as it is, byte for byte.  Layout: BK7231 sheet 9.3; checksum: 9.2, a CRC-8
whose shifts keep the sign, as the chip's compiler does it.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

from core.profile import faults
from core.profile.model import (
    POWER_UP,
    Calibration,
    Channel,
    Mqtt,
    Names,
    Network,
    Pin,
    Ping,
    Profile,
    Secret,
    Wifi,
)
from core.profile.tables import CHANNEL_TYPES, CHANNELS, FLAGS, PINS, RELAYS, ROLES

SIZE = 3584
SECTOR = 4096
SHORT_SIZE = 2016
VERSION = 5
IDENT = b"CFG"

# path: (offset, bytes)
TEXTS = {
    "wifi.ssid": (0x014, 64),
    "wifi.password": (0x054, 64),
    "mqtt.host": (0x094, 256),
    "mqtt.client": (0x194, 64),
    "mqtt.user": (0x1D4, 64),
    "mqtt.password": (0x214, 128),
    "names.short": (0x2DE, 32),
    "names.long": (0x2FE, 64),
    "mqtt.group": (0x554, 64),
    "ping.host": (0x5A0, 64),
    "startup": (0x5E0, 1568),
    "wifi.ssid2": (0xC00, 64),
    "wifi.password2": (0xC40, 68),
    "wifi.web_password": (0xC84, 33),
}
FULL_WIDTH = ("wifi.password",)  # may use all its bytes, without a NUL at the end
ROLE_AT, CHANNEL_AT, CHANNEL2_AT = 0x33E, 0x35E, 0x37E
TYPE_AT, START_AT = 0x39E, 0x3DE
FLAGS_AT, MQTT_PORT_AT, FACTORS_AT, ADDRESS_AT = 0x008, 0x294, 0x498, 0x527
PING_AT = 0x598

DEFAULTS = {
    "mqtt.user": "homeassistant",
    "mqtt.group": "bekens",
    "ping.host": "192.168.0.1",
}
BARE_DEFAULTS = {
    0x298: b"https://openbekeniot.github.io/webapp/",
    0x478: b"217.147.223.78",  # its NTP server
    0x4B8: bytes((3, 10, 5)),  # short, long and repeated press, in 0.1 s
    0x597: bytes((5,)),  # seconds after which a boot counts as good
}
"""What the firmware writes into a fresh sector at places that no profile names.  Its correction of
LED colours is left out: all zero means the same to it."""


def _crc_table() -> tuple[bytes, ...]:
    """Next register for each (register, byte); shifts are arithmetic on 8 signed bits."""
    rows = []
    for register in range(256):
        row = bytearray()
        for byte in range(256):
            c, e = register - 256 * (register > 127), byte - 256 * (byte > 127)
            for _ in range(8):
                low = (c ^ e) & 1
                c, e = c >> 1, e >> 1
                if low:
                    c = ((c ^ 0x8C) + 128) % 256 - 128
            row.append(c & 0xFF)
        rows.append(bytes(row))
    return tuple(rows)


_TABLE = _crc_table()


def crc8(data: bytes) -> int:
    """The chip's checksum; "123456789" gives 0x63."""
    register = 0
    for byte in data:
        register = _TABLE[register][byte]
    return register


@dataclass(frozen=True, slots=True)
class Block:
    """A configuration block whose ident and checksum are right; `data` has 3584 bytes."""

    data: bytes

    @property
    def version(self) -> int:
        return int(struct.unpack_from("<i", self.data, 4)[0])

    @classmethod
    def parse(cls, sector: bytes) -> Block:
        """The block at the start of `sector`.  Raises PROFILE-BLOCK when the firmware would
        not take it."""
        data = sector[:SIZE]
        wrong = ""
        if len(data) < SIZE:
            wrong = f"It has {len(data)} bytes, not {SIZE}."
        elif data[:3] != IDENT:
            wrong = f"It begins with {data[:3].hex(' ')}, not with CFG."
        elif data[3] != crc8(data[4 : _checked(data)]):
            wrong = "Its checksum does not fit."
        elif not any(data[4:8]):
            wrong = "It has version 0, which no firmware wrote."  # zeros have a fitting checksum
        if wrong:
            raise faults.BLOCK(
                what=f"No OpenBeken configuration: {wrong}",
                cause="The device never ran OpenBeken, or the sector is damaged.",
                next="Write a new configuration from a profile.",
            )
        return cls(data)

    @classmethod
    def new(cls) -> Block:
        """A block as the firmware's own defaults have it, without Wi-Fi."""
        data = bytearray(SIZE)
        data[:3] = IDENT
        struct.pack_into("<i", data, 4, VERSION)
        struct.pack_into("<I", data, FLAGS_AT, 1 << 10)
        struct.pack_into("<i", data, MQTT_PORT_AT, 1883)
        for at, value in BARE_DEFAULTS.items():
            data[at : at + len(value)] = value
        for path, text in DEFAULTS.items():
            _put_text(data, path, text)
        return cls(_sealed(data))

    def sector(self) -> bytes:
        """The whole flash sector: the block, the rest FF."""
        return self.data.ljust(SECTOR, b"\xff")

    def with_profile(self, profile: Profile) -> Block:
        """The block with everything that `profile` names.  Raises PROFILE-VALUE for a role or
        type that has no number here."""
        data = bytearray(self.data)
        struct.pack_into("<i", data, 4, max(self.version, VERSION))
        for path in TEXTS:
            value = _named(profile, path)
            if value is not None:
                _put_text(data, path, value)
        _put_pins(data, profile)
        _put_channels(data, profile)
        _put_numbers(data, profile)
        return Block(_sealed(data))

    def profile(self) -> Profile:
        """All that the block says, as a profile.  Secrets are values here."""
        text = {path: _text(self.data, path) for path in TEXTS}
        flags = int.from_bytes(self.data[FLAGS_AT : FLAGS_AT + 8], "little")
        factors = struct.unpack_from("<4f", self.data, FACTORS_AT)
        interval, seconds = struct.unpack_from("<ii", self.data, PING_AT)
        ip, mask, gateway, dns = (
            str(ipaddress.IPv4Address(self.data[at : at + 4]))
            for at in range(ADDRESS_AT, ADDRESS_AT + 16, 4)
        )
        return Profile(
            startup=text["startup"],
            names=Names(text["names.short"], text["names.long"]),
            wifi=Wifi(
                text["wifi.ssid"],
                Secret(text["wifi.password"]),
                text["wifi.ssid2"],
                Secret(text["wifi.password2"]),
                Secret(text["wifi.web_password"]),
            ),
            mqtt=Mqtt(
                text["mqtt.host"],
                int(struct.unpack_from("<i", self.data, MQTT_PORT_AT)[0]),
                text["mqtt.user"],
                Secret(text["mqtt.password"]),
                text["mqtt.client"],
                text["mqtt.group"],
            ),
            network=Network(ip, mask, gateway, dns),
            ping=Ping(text["ping.host"], seconds, interval),
            calibration=Calibration(*factors),
            pins={n: self._pin(n) for n in range(PINS) if self.data[ROLE_AT + n]},
            channels={n: c for n in range(CHANNELS) if (c := self._channel(n)) != Channel()},
            flags={n: bool(flags >> n & 1) for n in range(FLAGS)},
        )

    def _pin(self, number: int) -> Pin:
        role = self.data[ROLE_AT + number]
        name = ROLES[role] if role < len(ROLES) else f"role{role}"
        return Pin(name, self.data[CHANNEL_AT + number], self.data[CHANNEL2_AT + number] or None)

    def _channel(self, number: int) -> Channel:
        kind = self.data[TYPE_AT + number]
        start = int(struct.unpack_from("<h", self.data, START_AT + 2 * number)[0])
        name = CHANNEL_TYPES[kind] if kind < len(CHANNEL_TYPES) else f"type{kind}"
        return Channel(name if kind else None, start or None)


def _checked(data: bytes | bytearray) -> int:
    """Where the checksum ends: version 3 covers the short form only (rulings P20)."""
    return SHORT_SIZE if int.from_bytes(data[4:8], "little") == 3 else SIZE


def _sealed(data: bytearray) -> bytes:
    data[3] = crc8(bytes(data[4 : _checked(data)]))
    return bytes(data)


def _named(profile: Profile, path: str) -> str | None:
    section, _, name = path.partition(".")
    value = getattr(profile, section)
    if name:
        value = getattr(value, name)
    return value.value if isinstance(value, Secret) else value


def _put_text(data: bytearray, path: str, text: str) -> None:
    at, size = TEXTS[path]
    raw = text.encode()
    if len(raw) > (size if path in FULL_WIDTH else size - 1):
        raise _too_much(f"{path} has {len(raw)} bytes; {size - 1} fit.")
    data[at : at + size] = raw.ljust(size, b"\0")


def _text(data: bytes, path: str) -> str:
    at, size = TEXTS[path]
    return data[at : at + size].partition(b"\0")[0].decode("utf-8", "replace")


def _put_pins(data: bytearray, profile: Profile) -> None:
    by_name = {name.lower(): number for number, name in enumerate(ROLES)}
    for number, pin in profile.pins.items():
        role = by_name.get(pin.role.lower())
        if role is None or number not in range(PINS):
            raise _too_much(f"P{number} {pin.role!r} has no place in the sector.")
        data[ROLE_AT + number] = role
        if pin.channel is not None:
            data[CHANNEL_AT + number] = pin.channel
        if pin.channel2 is not None:
            data[CHANNEL2_AT + number] = pin.channel2


def _put_channels(data: bytearray, profile: Profile) -> None:
    for number, channel in profile.channels.items():
        if channel.type is not None:
            if channel.type not in CHANNEL_TYPES:
                raise _too_much(f"Channel {number}: there is no type {channel.type!r}.")
            data[TYPE_AT + number] = CHANNEL_TYPES.index(channel.type)
        if channel.start is not None:
            struct.pack_into("<h", data, START_AT + 2 * number, channel.start)
    if profile.on_power_up is not None:
        for pin in profile.pins.values():
            if pin.role in RELAYS and pin.channel is not None:
                start = POWER_UP[profile.on_power_up]
                struct.pack_into("<h", data, START_AT + 2 * pin.channel, start)


def _put_numbers(data: bytearray, profile: Profile) -> None:
    flags = int.from_bytes(data[FLAGS_AT : FLAGS_AT + 8], "little")
    for number, on in profile.flags.items():
        flags = flags | 1 << number if on else flags & ~(1 << number)
    data[FLAGS_AT : FLAGS_AT + 8] = flags.to_bytes(8, "little")
    if profile.mqtt.port is not None:
        struct.pack_into("<i", data, MQTT_PORT_AT, profile.mqtt.port)
    network = profile.network
    for index, text in enumerate((network.ip, network.mask, network.gateway, network.dns)):
        if text is not None:
            at = ADDRESS_AT + 4 * index
            data[at : at + 4] = ipaddress.IPv4Address(text).packed
    for index, number_or_none in enumerate((profile.ping.interval, profile.ping.seconds)):
        if number_or_none is not None:
            struct.pack_into("<i", data, PING_AT + 4 * index, number_or_none)
    c = profile.calibration
    for index, factor in enumerate((c.voltage, c.current, c.power, c.power_max)):
        if factor is not None:
            struct.pack_into("<f", data, FACTORS_AT + 4 * index, factor)


def _too_much(what: str) -> Exception:
    return faults.VALUE(
        what=what,
        cause="The sector has fixed places and sizes.",
        next="Correct the value in the profile.",
    )
