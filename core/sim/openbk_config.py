"""The configuration that a simulated OpenBeken holds in memory, over the bytes of its sector.

The places of the fields are those of `core.profile.block`; what the firmware does with a value
that does not fit is done here: it cuts.
"""

from __future__ import annotations

import struct

from core.fault import FaultError
from core.profile.block import (
    ADDRESS_AT,
    CHANNEL2_AT,
    CHANNEL_AT,
    FACTORS_AT,
    FLAGS_AT,
    MQTT_PORT_AT,
    PING_AT,
    ROLE_AT,
    SECTOR,
    SIZE,
    START_AT,
    TEXTS,
    TYPE_AT,
    Block,
    crc8,
)

WEBAPP = "https://openbekeniot.github.io/webapp/"
WEBAPP_AT, WEBAPP_SIZE = 0x298, 64
MAC_AT = 0x2D8
CHANGES_AT, OTAS_AT, BOOT_OK_AT = 0x010, 0x012, 0x597


class Config:
    """Get and set one field after the other; `changes` counts like the device does."""

    def __init__(self, sector: bytes, mac: bytes, chip: str) -> None:
        self.mac, self.chip = mac, chip
        try:
            self.data = bytearray(Block.parse(sector).data)
        except FaultError:  # what the firmware would not take: it starts with its defaults
            self.data = bytearray(SIZE)
            self.reset()

    def reset(self) -> None:
        """The firmware's defaults (`clearConfig`)."""
        self.data = bytearray(Block.new().data)
        tail = self.mac[2:].hex().upper()
        for path, text in {
            "names.short": f"obk{tail}",
            "names.long": f"Open{self.chip}_{tail}",
            "mqtt.client": f"obk{tail}",
            "mqtt.password": "q" * 10,
        }.items():
            self.put(path, text)
        self._put_webapp(WEBAPP)
        self.data[MAC_AT : MAC_AT + 6] = self.mac

    def sector(self) -> bytes:
        """The sector as it is written to flash, with its checksum."""
        self.data[3] = crc8(bytes(self.data[4:]))
        return bytes(self.data).ljust(SECTOR, b"\xff")

    def touch(self) -> None:
        """Count a change."""
        count = (self._u16(CHANGES_AT) + 1) & 0xFFFF
        struct.pack_into("<H", self.data, CHANGES_AT, count)

    @property
    def changes(self) -> int:
        return self._u16(CHANGES_AT)

    @property
    def otas(self) -> int:
        return self._u16(OTAS_AT)

    def count_ota(self) -> None:
        struct.pack_into("<H", self.data, OTAS_AT, (self.otas + 1) & 0xFFFF)

    def _u16(self, at: int) -> int:
        return int(struct.unpack_from("<H", self.data, at)[0])

    # -- texts -----------------------------------------------------------------------------

    def get(self, path: str) -> str:
        at, size = TEXTS[path]
        return self.data[at : at + size].partition(b"\0")[0].decode("utf-8", "replace")

    def put(self, path: str, text: str, room: int = 0) -> None:
        """Store, cut to the field (or to `room` bytes) as the firmware does."""
        at, size = TEXTS[path]
        raw = text.encode("utf-8", "surrogateescape")[: min(size - 1, room or size)]
        self.data[at : at + size] = raw.ljust(size, b"\0")
        self.touch()

    @property
    def webapp(self) -> str:
        raw = self.data[WEBAPP_AT : WEBAPP_AT + WEBAPP_SIZE]
        return raw.partition(b"\0")[0].decode("utf-8", "replace")

    def _put_webapp(self, url: str) -> None:
        raw = url.encode()[: WEBAPP_SIZE - 1]
        self.data[WEBAPP_AT : WEBAPP_AT + WEBAPP_SIZE] = raw.ljust(WEBAPP_SIZE, b"\0")
        self.touch()

    def set_webapp(self, url: str) -> None:
        self._put_webapp(url)

    # -- pins and channels -----------------------------------------------------------------

    def role(self, pin: int) -> int:
        return self.data[ROLE_AT + pin]

    def channel(self, pin: int) -> int:
        return self.data[CHANNEL_AT + pin]

    def channel2(self, pin: int) -> int:
        return self.data[CHANNEL2_AT + pin]

    def set_pin(
        self,
        pin: int,
        *,
        role: int | None = None,
        channel: int | None = None,
        channel2: int | None = None,
    ) -> None:
        for at, value in ((ROLE_AT, role), (CHANNEL_AT, channel), (CHANNEL2_AT, channel2)):
            if value is not None:
                self.data[at + pin] = value & 0xFF
        self.touch()

    def type_of(self, channel: int) -> int:
        return self.data[TYPE_AT + channel]

    def set_type(self, channel: int, kind: int) -> None:
        self.data[TYPE_AT + channel] = kind & 0xFF
        self.touch()

    def start(self, channel: int) -> int:
        return int(struct.unpack_from("<h", self.data, START_AT + 2 * channel)[0])

    def set_start(self, channel: int, value: int) -> None:
        value = max(-0x8000, min(0x7FFF, value))
        struct.pack_into("<h", self.data, START_AT + 2 * channel, value)
        self.touch()

    def clear_io(self) -> None:
        """`clearIO`: roles, channels and channel types, nothing else."""
        self.data[ROLE_AT:START_AT] = bytes(START_AT - ROLE_AT)
        self.touch()

    # -- numbers ---------------------------------------------------------------------------

    @property
    def flags(self) -> int:
        return int.from_bytes(self.data[FLAGS_AT : FLAGS_AT + 8], "little")

    @flags.setter
    def flags(self, value: int) -> None:
        self.data[FLAGS_AT : FLAGS_AT + 8] = (value & (1 << 64) - 1).to_bytes(8, "little")
        self.touch()

    def flag(self, number: int) -> bool:
        return bool(self.flags >> number & 1)

    @property
    def signed_flags(self) -> int:
        """Flags 0 to 31 as the device prints them: a signed number."""
        low = self.flags & 0xFFFFFFFF
        return low - (1 << 32) if low >> 31 else low

    def number(self, at: int) -> int:
        return int(struct.unpack_from("<i", self.data, at)[0])

    def set_number(self, at: int, value: int) -> None:
        struct.pack_into("<i", self.data, at, max(-(1 << 31), min((1 << 31) - 1, value)))
        self.touch()

    @property
    def mqtt_port(self) -> int:
        return self.number(MQTT_PORT_AT)

    @mqtt_port.setter
    def mqtt_port(self, port: int) -> None:
        self.set_number(MQTT_PORT_AT, port)

    @property
    def ping_seconds(self) -> int:
        return self.number(PING_AT + 4)

    @ping_seconds.setter
    def ping_seconds(self, seconds: int) -> None:
        self.set_number(PING_AT + 4, seconds)

    def address(self, index: int) -> bytes:
        """IP, mask, gateway or DNS by index."""
        at = ADDRESS_AT + 4 * index
        return bytes(self.data[at : at + 4])

    def set_address(self, index: int, raw: bytes) -> None:
        at = ADDRESS_AT + 4 * index
        self.data[at : at + 4] = raw
        self.touch()

    def factor(self, index: int) -> float:
        """V, I, P factor or PowerMax by index; 0 means the default."""
        return float(struct.unpack_from("<f", self.data, FACTORS_AT + 4 * index)[0])

    def set_factor(self, index: int, value: float) -> None:
        struct.pack_into("<f", self.data, FACTORS_AT + 4 * index, value)
        self.touch()

    @property
    def boot_ok_delay(self) -> int:
        return self.data[BOOT_OK_AT]

    @boot_ok_delay.setter
    def boot_ok_delay(self, seconds: int) -> None:
        self.data[BOOT_OK_AT] = min(seconds, 255)
        self.touch()
