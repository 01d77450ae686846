"""A simulated OpenBeken: what it is between two requests.  HTTP is in `openbk_http`.

Time comes from `clock`, seconds that only grow.  The flash is kept by sector; the configuration
in memory goes to flash a moment after a change, and always before a restart by software, which is
why a sector restored over HTTP is lost then (HTTP sheet 13.2).
"""

from __future__ import annotations

from collections.abc import Callable

from core.profile.block import SECTOR
from core.profile.tables import CHANNEL_TYPES, CHANNELS, PINS, RELAYS, ROLES
from core.sim.openbk_config import Config
from core.sim.openbk_meter import DEFAULTS, Meter
from core.sim.openbk_options import OpenBkOptions

CONFIG_AT = {"BK7231N": 0x1D1000, "BK7231T": 0x1E1000}
OTA_AT = {"BK7231N": 0x12A000, "BK7231T": 0x132000}
FLASH_SIZE = 0x200000
LFS_SIZE = 0x8000
LED_ROLES = ("LED", "LED_n")
TRIO = ("BL0937CF", "BL0937CF1")
SELECTS = ("BL0937SEL", "BL0937SEL_n")
DRIVERS = ("BL0937", "NTP", "SSDP", "HTTPButtons", "BL0942", "CSE7766", "TuyaMCU", "Wemo")
FALLBACK_PINS = (24, 7, 8)
"""What the BL0937 driver takes when no pin has its roles: SEL, CF, CF1 (HTTP sheet 11.1)."""


class OpenBeken:
    """One device.  `on_reboot(seconds)` is called when it wants to restart in so many seconds."""

    def __init__(self, options: OpenBkOptions, clock: Callable[[], float]) -> None:
        self.options, self.clock = options, clock
        self.chip = options.chip
        self.config_at = CONFIG_AT[options.chip]
        self.flash: dict[int, bytes] = {}
        self.files: dict[str, bytes] = {}
        self.on_reboot: Callable[[float], None] | None = None
        self.run_startup_command: Callable[[str], None] | None = None
        self.installed = ""
        self.leave_safe_mode_at: float | None = None
        self.version = options.version
        self.ip = options.ip
        self.boots = 0
        self.stuck_pins: set[int] = set()
        self.switched: list[tuple[float, int, int]] = []
        self.wifi_changed = False
        self._dirty: float | None = None
        self.safe_mode = options.safe_mode
        self.config = Config(options.config, options.mac, options.chip)
        self.save()
        self.boot()

    # -- life ------------------------------------------------------------------------------

    def boot(self) -> None:
        """Start: configuration from flash, channels to their start values, drivers by roles."""
        self.boots += 1
        self.began = self.clock()
        self.config = Config(
            self.read_flash(self.config_at, SECTOR), self.options.mac, self.options.chip
        )
        self.log: list[str] = []
        self.aliases: dict[str, str] = {}
        self.drivers: list[str] = []
        self.channels = [0] * CHANNELS
        self.updating = False
        self.suspended = False
        self._dirty = None
        self.meter = Meter(self.options.load)
        if self.safe_mode:
            return
        for channel in range(CHANNELS):
            start = self.config.start(channel)
            self.channels[channel] = max(0, start)
        if self.meter_pins_set and not self.config.flag(36):
            self.start_driver("BL0937")
        self.run_startup()

    def run_startup(self) -> None:
        """The startup command, once commands are there to run it."""
        if self.run_startup_command is not None and self.config.get("startup"):
            self.run_startup_command(self.config.get("startup"))

    @property
    def uptime(self) -> int:
        return int(self.clock() - self.began)

    def reboot(self, seconds: float | None = None) -> None:
        """Restart by software: what is in memory is saved first."""
        if self.on_reboot is not None:
            self.on_reboot(self.options.reboot_delay if seconds is None else seconds)

    def going_down(self) -> None:
        """The last moment before a restart by software."""
        if self._dirty is not None:
            self.save()
        if self.updating and not self.options.update_fails:
            self.version = self.installed or self.version

    def power_cut(self) -> None:
        """The plug is pulled: memory is lost, flash stays."""
        self.tick()
        self.boot()

    def changed(self) -> None:
        """Something in memory differs from flash."""
        if self._dirty is None:
            self._dirty = self.clock()

    def tick(self) -> None:
        """What time brings: a save that is due, pulses of the meter."""
        if self.leave_safe_mode_at is not None and self.clock() >= self.leave_safe_mode_at:
            self.safe_mode, self.leave_safe_mode_at = False, None
        due = self._dirty is not None and self.clock() - self._dirty >= self.options.save_delay
        if due and not self.suspended:
            self.save()
        self.meter.advance(self.clock(), self.relay_on, self.factors)

    def save(self) -> None:
        self.flash[self.config_at] = self.config.sector()
        self._dirty = None

    # -- flash -----------------------------------------------------------------------------

    def read_flash(self, start: int, size: int) -> bytes:
        """`size` bytes from `start`; what was never written is FF."""
        first = start // SECTOR * SECTOR
        data = b"".join(
            self.flash.get(at, b"\xff" * SECTOR) for at in range(first, start + size, SECTOR)
        )
        return data[start - first : start - first + size]

    def write_flash(self, start: int, data: bytes) -> None:
        """Whole sectors; a short tail is filled with FF."""
        for at in range(0, len(data), SECTOR):
            self.flash[start + at] = data[at : at + SECTOR].ljust(SECTOR, b"\xff")

    # -- pins and channels -----------------------------------------------------------------

    def role(self, pin: int) -> str:
        number = self.config.role(pin)
        return ROLES[number] if number < len(ROLES) else ""

    def pins_with(self, *roles: str) -> list[int]:
        return [pin for pin in range(PINS) if self.role(pin) in roles]

    @property
    def relay_channels(self) -> list[int]:
        """Channels that count as relays for POWER (HTTP sheet 6)."""
        found = {self.config.channel(pin) for pin in self.pins_with(*RELAYS, *LED_ROLES)}
        toggle = CHANNEL_TYPES.index("Toggle")
        found |= {c for c in range(CHANNELS) if self.config.type_of(c) == toggle}
        return sorted(channel for channel in found if channel < CHANNELS)

    @property
    def used_channels(self) -> list[int]:
        """Channels of pins with a role."""
        found = {self.config.channel(pin) for pin in range(PINS) if self.config.role(pin)}
        return sorted(channel for channel in found if channel < CHANNELS)

    @property
    def relay_on(self) -> bool:
        """Whether current flows through the relay."""
        if self.safe_mode:
            return False
        for pin in self.pins_with(*RELAYS):
            channel = self.config.channel(pin)
            level = channel < CHANNELS and self.channels[channel] > 0
            if level != (self.role(pin) == "Rel_n"):
                return True
        return False

    def set_channel(self, channel: int, value: int) -> bool:
        """True when the channel exists."""
        if channel not in range(CHANNELS):
            return False
        self.tick()
        if self.channels[channel] == value:
            self.say(f"Info:GEN:No change in channel {channel} (still set to {value}) - ignoring")
            return True
        self.channels[channel] = value
        self.switched.append((self.clock(), channel, value))
        return True

    def say(self, line: str) -> None:
        """One line of the log."""
        self.log.append(line)

    # -- metering --------------------------------------------------------------------------

    @property
    def meter_pins_set(self) -> bool:
        roles = {self.role(pin) for pin in range(PINS)}
        return roles.issuperset(TRIO) and bool(roles.intersection(SELECTS))

    @property
    def factors(self) -> tuple[float, float, float]:
        v, i, p = (self.config.factor(n) or DEFAULTS[n] for n in range(3))
        return v, i, p

    def start_driver(self, name: str) -> None:
        """An unknown name is only a line in the log; the answer stays OK."""
        known = {driver.lower(): driver for driver in DRIVERS}.get(name.lower())
        if known is None:
            self.say(f"Error:MAIN:Driver {name} is not known in this build")
            return
        if known not in self.drivers:
            self.drivers.append(known)
        if known == "BL0937":
            if not self.meter_pins_set:
                self.stuck_pins.update(FALLBACK_PINS)
            self.meter.start(self.clock())

    def stop_driver(self, name: str) -> None:
        gone = list(self.drivers) if name == "*" else [
            driver for driver in self.drivers if driver.lower() == name.lower()
        ]  # fmt: skip
        for driver in gone:
            self.drivers.remove(driver)
            if driver == "BL0937":
                self.tick()
                self.meter.stop()
