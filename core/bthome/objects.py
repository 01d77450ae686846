"""The table of BTHome objects: what each id means, how many bytes it has, in which unit.

One table serves both versions: v2 takes sizes and signs from here, v1 carries its own.  Source:
BTHome sheet 3, complete for the format as of June 2026.  An object is one id byte and its data;
value = raw x `times` / `per`, which for a power of ten gives the nearest number there is.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Form(IntEnum):
    """How the data bytes of an object are read."""

    UINT = 0
    SINT = 1
    BOOL = 2
    TEXT = 3
    RAW = 4
    TIME = 5
    BUTTON = 6
    DIMMER = 7
    COMMAND = 8
    VERSION = 9


class ObjectType(NamedTuple):
    """One row.  `size` counts data bytes; 0 means that a length byte comes first.

    `words` are what 0 and 1 mean of a yes/no object.
    """

    id: int
    quantity: str
    size: int
    form: Form
    times: int
    per: int
    unit: str
    words: tuple[str, str] = ("off", "on")


_U, _S = Form.UINT, Form.SINT

_NUMBERS = (
    (0x00, "packet_id", 1, _U, 1, ""),
    (0x01, "battery", 1, _U, 1, "%"),
    (0x02, "temperature", 2, _S, 100, "°C"),
    (0x03, "humidity", 2, _U, 100, "%"),
    (0x04, "pressure", 3, _U, 100, "hPa"),
    (0x05, "illuminance", 3, _U, 100, "lx"),
    (0x06, "mass", 2, _U, 100, "kg"),
    (0x07, "mass", 2, _U, 100, "lb"),
    (0x08, "dew_point", 2, _S, 100, "°C"),
    (0x09, "count", 1, _U, 1, ""),
    (0x0A, "energy", 3, _U, 1000, "kWh"),
    (0x0B, "power", 3, _U, 100, "W"),
    (0x0C, "voltage", 2, _U, 1000, "V"),
    (0x0D, "pm25", 2, _U, 1, "µg/m³"),
    (0x0E, "pm10", 2, _U, 1, "µg/m³"),
    (0x12, "co2", 2, _U, 1, "ppm"),
    (0x13, "tvoc", 2, _U, 1, "µg/m³"),
    (0x14, "moisture", 2, _U, 100, "%"),
    (0x2E, "humidity", 1, _U, 1, "%"),
    (0x2F, "moisture", 1, _U, 1, "%"),
    (0x3D, "count", 2, _U, 1, ""),
    (0x3E, "count", 4, _U, 1, ""),
    (0x3F, "rotation", 2, _S, 10, "°"),
    (0x40, "distance", 2, _U, 1, "mm"),
    (0x41, "distance", 2, _U, 10, "m"),
    (0x42, "duration", 3, _U, 1000, "s"),
    (0x43, "current", 2, _U, 1000, "A"),
    (0x44, "speed", 2, _U, 100, "m/s"),
    (0x45, "temperature", 2, _S, 10, "°C"),
    (0x46, "uv_index", 1, _U, 10, ""),
    (0x47, "volume", 2, _U, 10, "L"),
    (0x48, "volume", 2, _U, 1, "mL"),
    (0x49, "volume_flow_rate", 2, _U, 1000, "m³/h"),
    (0x4A, "voltage", 2, _U, 10, "V"),
    (0x4B, "gas", 3, _U, 1000, "m³"),
    (0x4C, "gas", 4, _U, 1000, "m³"),
    (0x4D, "energy", 4, _U, 1000, "kWh"),
    (0x4E, "volume", 4, _U, 1000, "L"),
    (0x4F, "water", 4, _U, 1000, "L"),
    (0x51, "acceleration", 2, _U, 1000, "m/s²"),
    (0x52, "gyroscope", 2, _U, 1000, "°/s"),
    (0x55, "volume_storage", 4, _U, 1000, "L"),
    (0x56, "conductivity", 2, _U, 1, "µS/cm"),
    (0x57, "temperature", 1, _S, 1, "°C"),
    (0x59, "count", 1, _S, 1, ""),
    (0x5A, "count", 2, _S, 1, ""),
    (0x5B, "count", 4, _S, 1, ""),
    (0x5C, "power", 4, _S, 100, "W"),
    (0x5D, "current", 2, _S, 1000, "A"),
    (0x5E, "direction", 2, _U, 100, "°"),
    (0x5F, "precipitation", 2, _U, 10, "mm"),
    (0x60, "channel", 1, _U, 1, ""),
    (0x61, "rotational_speed", 2, _U, 1, "rpm"),
    (0x62, "speed", 4, _S, 1_000_000, "m/s"),
    (0x63, "acceleration", 4, _S, 1_000_000, "m/s²"),
    (0x64, "light_level", 1, _U, 1, ""),
    (0x65, "settings_revision", 1, _U, 1, ""),
    (0xF0, "device_type_id", 2, _U, 1, ""),
)

_OTHERS = (
    (0x3A, "button", 1, Form.BUTTON),
    (0x3B, "command", 0, Form.COMMAND),
    (0x3C, "dimmer", 2, Form.DIMMER),
    (0x50, "timestamp", 4, Form.TIME),
    (0x53, "text", 0, Form.TEXT),
    (0x54, "raw", 0, Form.RAW),
    (0xF1, "firmware_version", 4, Form.VERSION),
    (0xF2, "firmware_version", 3, Form.VERSION),
)

_SWITCHES = (
    (0x0F, "generic", "off", "on"),
    (0x10, "power_on", "off", "on"),
    (0x11, "opening", "closed", "open"),
    (0x15, "battery_low", "normal", "low"),
    (0x16, "battery_charging", "no", "charging"),
    (0x17, "carbon_monoxide", "clear", "detected"),
    (0x18, "cold", "normal", "cold"),
    (0x19, "connectivity", "disconnected", "connected"),
    (0x1A, "door", "closed", "open"),
    (0x1B, "garage_door", "closed", "open"),
    (0x1C, "gas_alarm", "clear", "detected"),
    (0x1D, "heat", "normal", "hot"),
    (0x1E, "light", "none", "detected"),
    (0x1F, "lock", "locked", "unlocked"),
    (0x20, "moisture_alarm", "dry", "wet"),
    (0x21, "motion", "clear", "detected"),
    (0x22, "moving", "still", "moving"),
    (0x23, "occupancy", "clear", "detected"),
    (0x24, "plug", "unplugged", "plugged in"),
    (0x25, "presence", "away", "home"),
    (0x26, "problem", "ok", "problem"),
    (0x27, "running", "stopped", "running"),
    (0x28, "safety", "unsafe", "safe"),
    (0x29, "smoke", "clear", "detected"),
    (0x2A, "sound", "clear", "detected"),
    (0x2B, "tamper", "off", "on"),
    (0x2C, "vibration", "clear", "detected"),
    (0x2D, "window", "closed", "open"),
)

OBJECTS: dict[int, ObjectType] = {
    row.id: row
    for row in (
        *(ObjectType(i, name, size, form, 1, per, unit)
          for i, name, size, form, per, unit in _NUMBERS),
        ObjectType(0x58, "temperature", 1, _S, 35, 100, "°C"),
        *(ObjectType(i, name, size, form, 1, 1, "") for i, name, size, form in _OTHERS),
        *(ObjectType(i, name, 1, Form.BOOL, 1, 1, "", (no, yes))
          for i, name, no, yes in _SWITCHES),
    )
}  # fmt: skip

PACKET_ID = 0x00
BATTERY = 0x01
ENERGY24 = 0x0A
POWER = 0x0B
CURRENT = 0x43
VOLTAGE = 0x4A

BUTTONS = {
    1: "press",
    2: "double_press",
    3: "triple_press",
    4: "long_press",
    5: "long_double_press",
    6: "long_triple_press",
    0x80: "hold_press",
    0x81: "hold_release",
}
DIMMERS = {1: "rotate_left", 2: "rotate_right"}
COMMANDS = {0: "off", 1: "on", 2: "toggle", 3: "step_up", 4: "step_down"}
