"""What the module keeps in flash, what it has read, and the status that it sends of it.

Source: meter sheet 2.4 to 2.6, 9.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.sim.meter_gatt_options import ModuleOptions
from core.sim.meter_gatt_tables import Release

SCRAMBLED_PERIOD = 0x656C
FACTORY_SCALE = 0x0A0F


@dataclass
class Settings:
    """Survives power loss.  `saved` is whether they were ever written to flash."""

    kind: int = 1
    address: int = 0
    period: int = 1
    key: bytes = b""
    scale: int = FACTORY_SCALE
    saved: bool = False

    @classmethod
    def of(cls, options: ModuleOptions, release: Release) -> Settings:
        """As the options say; the scale is that of the kind where none is given."""
        found = cls(options.kind, options.meter_address, options.period, options.key)
        default = release.scales[options.kind - 1]
        found.scale = default if options.scale is None else options.scale
        if options.kind == 1 and options.scale is None:
            found.scale = default or FACTORY_SCALE
        found.saved = options.meter_address != 0
        return found

    def after_update(self, old: Release, new: Release) -> Settings:
        """What another firmware makes of them (sheet 9.3)."""
        if old.record == new.record:
            return self
        if old.record == 64 and new.record == 69 and self.saved:
            return Settings(1, 0x74656D5F, SCRAMBLED_PERIOD, b"", FACTORY_SCALE, True)
        return Settings()


@dataclass
class Values:
    """What was read from the meter since the start; raw numbers."""

    tariffs: list[int] = field(default_factory=lambda: [0, 0, 0])
    power: int = 0
    voltage: int = 0
    current: int = 0
    battery: int = 0
    serial: str = ""
    made: str = ""

    @property
    def known(self) -> bool:
        """Whether the meter has said who it is."""
        return bool(self.serial and self.made)

    def live(self, index: int, current_bytes: int) -> bytes:
        """A live characteristic: three tariffs, power, voltage, current."""
        if index < 4:
            return (self.tariffs[index] if index < 3 else self.power).to_bytes(4, "little")
        width = 2 if index == 4 else current_bytes
        number = self.voltage if index == 4 else self.current
        return (number & (1 << 8 * width) - 1).to_bytes(width, "little")


@dataclass
class StatusFields:
    """The status as it was last refreshed; some commands leave parts of it stale."""

    release: Release
    settings: Settings
    encrypted: bool = False
    kind: int = 1
    scale: int = FACTORY_SCALE
    address: int = 0
    period: int = 1

    def refresh(self) -> None:
        """All fields, as F4 and F9 do."""
        s = self.settings
        self.encrypted, self.kind, self.scale = bool(s.key), s.kind, s.scale
        self.refresh_part()

    def refresh_part(self) -> None:
        """Only period and address, as F8 does."""
        self.address, self.period = self.settings.address, self.settings.period

    def encode(self) -> bytes:
        """FEDA in the length of this firmware."""
        data = b"\xda\xfe" + self.period.to_bytes(2, "little")
        data += bytes([self.release.version, self.encrypted])
        wide = 2 if self.release.length == 8 else 4
        data += (self.address & (1 << 8 * wide) - 1).to_bytes(wide, "little")
        data += bytes([self.kind]) + self.scale.to_bytes(2, "little")
        return data[: self.release.length]


def text_field(mark: int, text: str) -> bytes:
    """FEDC and FEDD: 16 characters at most, padded with NUL."""
    return bytes([mark, 0xFE]) + text.encode("ascii", "replace")[:16].ljust(16, b"\0")
