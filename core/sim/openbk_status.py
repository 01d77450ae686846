"""The Tasmota-like answers of a simulated OpenBeken (HTTP sheet 6).

Much of it is fixed decoration in the firmware, too; it stands in tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from core.profile.tables import RELAYS
from core.sim.openbk_commands import Commands, expand
from core.sim.openbk_device import OpenBeken

TIME = "0000-00-00T00:00:00"
STATUS = {
    "ButtonTopic": "0", "Power": 0, "PowerOnState": 3, "LedState": 1, "LedMask": "FFFF",
    "SaveData": 1, "SaveState": 1, "SwitchTopic": "0", "SwitchMode": [0] * 8, "ButtonRetain": 0,
    "SwitchRetain": 0, "SensorRetain": 0, "PowerRetain": 0, "InfoRetain": 0, "StateRetain": 0,
}  # fmt: skip
MEMORY = {
    "ProgramSize": 616, "Free": 384, "Heap": 25, "ProgramFlashSize": 1024, "FlashSize": 2048,
    "FlashChipId": "1540A1", "FlashFrequency": 40, "FlashMode": 3,
    "Features": ["00000809", "8FDAC787", "04368001", "000000CF", "010013C0", "C000F981",
                 "00004004", "00001000", "00000020"],
    "Drivers": "1,2,3,4,5,6,7,8,9,10,12,16,18,19,20,21,22,24,26,27,29,30,35,37,45",
    "Sensors": "1,2,3,4,5,6",
}  # fmt: skip
LOGGING = {
    "SerialLog": 2, "WebLog": 2, "MqttLog": 0, "SysLog": 0, "LogHost": "", "LogPort": 514,
    "SSId1": "", "SSId2": "", "TelePeriod": 300, "Resolution": "558180C0",
    "SetOption": ["000A8009", "2805C80001000600003C5A0A000000000000", "00000280", "00006008",
                  "00004000"],
}  # fmt: skip
OTA_URL = "https://github.com/openshwprojects/OpenBK7231T_App/releases/latest"


class Raw(str):
    """Text that goes into an answer as it is, without the escaping that JSON wants."""


def dump(value: Any) -> str:
    """JSON as the firmware prints it: no blanks, names not escaped."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f'"{name}":{dump(entry)}' for name, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    if isinstance(value, str):
        return f'"{value}"'
    return json.dumps(value)


def reply_to(commands: Commands, line: str) -> str:
    """The value that goes with a command, chosen by how its text begins."""
    low = line.strip().lower()
    for prefix, make in REPLIES:
        if low.startswith(prefix):
            return make(commands, line.strip())
    if low.startswith("echo"):
        return expand(commands, line.strip()[5:])
    return "{}"


def power(device: OpenBeken) -> dict[str, str]:
    """POWER, or POWER1, POWER2 and so on; without any relay it says ON."""
    relays = device.relay_channels
    if not relays:
        return {"POWER": "ON"}
    shift = 1 if 0 in relays else 0
    words = {c: "ON" if device.channels[c] else "OFF" for c in relays}
    if len(relays) == 1:
        return {"POWER": words[relays[0]]}
    return {f"POWER{c + shift}": word for c, word in words.items()}


def used(device: OpenBeken) -> list[int]:
    """Channels with a pin, a type or a value."""
    found = set(device.used_channels)
    found |= {c for c, v in enumerate(device.channels) if v or device.config.type_of(c)}
    return sorted(found)


def sensors(device: OpenBeken) -> dict[str, Any]:
    found: dict[str, Any] = {"Time": TIME}
    if device.meter.running:
        r = device.meter.readings()
        found["ENERGY"] = {
            "Power": Raw(f" {r['Power']:.6f}"),
            "ApparentPower": Raw(f" {r['ApparentPower']:.6f}"),
            "ReactivePower": Raw(f" {r['ReactivePower']:.6f}"),
            "Factor": Raw(f"{r['Factor']:.6f}"),
            "Voltage": Raw(f"{r['Voltage']:.6f}"),
            "Current": Raw(f"{r['Current']:.6f}"),
            "Frequency": Raw("0.000000"),
            "ConsumptionTotal": Raw(f"{device.meter.total:.6f}"),
            "Yesterday": Raw(" 0.000000"),
            "ConsumptionLastHour": Raw("0.000000"),
        }
    return {**found, "ESP32": {"Temperature": Raw(" 0.0")}, "TempUnit": "C"}


def state(device: OpenBeken) -> dict[str, Any]:
    up = device.uptime
    day, rest = divmod(up, 86400)
    clock = f"{day}T{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    wifi = {
        "AP": 1, "SSId": device.config.get("wifi.ssid"), "BSSId": "30:B5:C2:5D:70:72",
        "Channel": 12, "Mode": "11n", "RSSI": (device.options.signal + 100) * 2,
        "Signal": device.options.signal, "LinkCount": 21, "Downtime": "0T06:13:34",
    }  # fmt: skip
    return {
        "Time": TIME, "Uptime": clock, "UptimeSec": up, "Heap": 97, "SleepMode": "None",
        "Sleep": 0, "LoadAvg": 99, "MqttCount": 23, **power(device), "Wifi": wifi,
    }  # fmt: skip


def firmware(device: OpenBeken) -> dict[str, Any]:
    return {
        "Version": f"Open{device.chip}_{device.version}", "BuildDateTime": device.options.date,
        "Boot": 7, "Core": "0.0", "SDK": "obk", "CpuFrequency": 80, "Hardware": device.chip,
        "CR": "465/699",
    }  # fmt: skip


def network(device: OpenBeken) -> dict[str, Any]:
    return {
        "Hostname": device.config.get("names.short"), "IPAddress": device.ip,
        "Gateway": "192.168.0.1", "Subnetmask": "255.255.255.0", "DNSServer1": "192.168.0.1",
        "DNSServer2": "0.0.0.0", "Mac": mac_text(device), "Webserver": 2, "HTTP_API": 1,
        "WifiConfig": 4, "WifiPower": Raw("17.0"),
    }  # fmt: skip


def mac_text(device: OpenBeken) -> str:
    """Lower case, colons, and a blank behind it."""
    return device.options.mac.hex(":") + " "


def mqtt(device: OpenBeken) -> dict[str, Any]:
    config = device.config
    return {
        "MqttHost": config.get("mqtt.host"), "MqttPort": config.mqtt_port,
        "MqttClientMask": "core", "MqttClient": config.get("mqtt.client"),
        "MqttUser": config.get("mqtt.user"), "MqttCount": 23, "MAX_PACKET_SIZE": 1200,
        "KEEPALIVE": 30, "SOCKET_TIMEOUT": 4,
    }  # fmt: skip


def times(_device: OpenBeken) -> dict[str, Any]:
    return {
        "UTC": TIME, "Local": TIME, "StartDST": TIME, "EndDST": TIME, "Timezone": "+00:00",
        "Sunrise": "07:50", "Sunset": "17:17",
    }  # fmt: skip


def head(device: OpenBeken) -> dict[str, Any]:
    """Names and bit mask count real relays only, not what POWER also lists."""
    short = device.config.get("names.short")
    relays = sorted({device.config.channel(pin) for pin in device.pins_with(*RELAYS)})
    friendly = [f"{short}_{n + 1}" for n in range(len(relays))]
    mask = sum(1 << n for n, c in enumerate(relays) if device.channels[c])
    return {
        "Module": 0,
        "DeviceName": short,
        "FriendlyName": friendly or [device.config.get("names.long")],
        "Topic": device.config.get("mqtt.client"),
        **STATUS,
        "Power": mask,
    }


def parameters(device: OpenBeken) -> dict[str, Any]:
    return {
        "Baudrate": 115200, "SerialConfig": "8N1", "GroupTopic": "", "OtaUrl": OTA_URL,
        "RestartReason": "HardwareWatchdog", "Uptime": device.uptime, "StartupUTC": TIME,
        "Sleep": 50, "CfgHolder": 4617, "BootCount": 22, "BCResetTime": "2022-01-27T16:10:56",
        "SaveCount": 1235, "SaveAddress": "F9000",
    }  # fmt: skip


def logs(device: OpenBeken) -> dict[str, Any]:
    names = {"SSId1": device.config.get("wifi.ssid"), "SSId2": device.config.get("wifi.ssid2")}
    return {**LOGGING, **names}


PARTS: dict[str, tuple[str, Callable[[OpenBeken], dict[str, Any]]]] = {
    "2": ("StatusFWR", firmware),
    "4": ("StatusMEM", lambda _device: MEMORY),
    "5": ("StatusNET", network),
    "6": ("StatusMQT", mqtt),
    "7": ("StatusTIM", times),
    "8": ("StatusSNS", sensors),
    "10": ("StatusSNS", sensors),
    "11": ("StatusSTS", state),
}
FULL: tuple[tuple[str, Callable[[OpenBeken], dict[str, Any]]], ...] = (
    ("Status", head),
    ("StatusPRM", parameters),
    ("StatusFWR", firmware),
    ("StatusLOG", logs),
    ("StatusMEM", lambda _device: MEMORY),
    ("StatusNET", network),
    ("StatusMQT", mqtt),
    ("StatusTIM", times),
    ("StatusSNS", sensors),
    ("StatusSTS", state),
)


def status(device: OpenBeken, line: str) -> str:
    """One part of the status, or all of it for every other number."""
    number = line.partition(" ")[2].strip()
    chosen = (PARTS[number],) if number in PARTS else FULL
    return dump({name: make(device) for name, make in chosen})


def _channel_value(commands: Commands, line: str) -> str:
    words = line.split()
    index = int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0
    channels = commands.device.channels
    return str(channels[index] if index < len(channels) else 0)


def _channel_type(commands: Commands, line: str) -> str:
    words = line.split()
    index = int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0
    return str(commands.device.config.type_of(index) if index < 64 else 0)


def _text(name: str, path: str) -> Callable[[Commands, str], str]:
    return lambda commands, _line: dump({name: commands.device.config.get(path)})


def _flags(commands: Commands, _line: str) -> str:
    return dump({"Flags": str(commands.device.config.signed_flags)})


def _channels(commands: Commands, _line: str) -> str:
    device = commands.device
    return dump({f"Ch{c}": device.channels[c] for c in used(device)})


Reply = Callable[[Commands, str], str]
REPLIES: tuple[tuple[str, Reply], ...] = (
    ("power", lambda commands, _line: dump(power(commands.device))),
    ("status", lambda commands, line: status(commands.device, line)),
    ("state", lambda commands, _line: dump(state(commands.device))),
    ("sensor", lambda commands, _line: dump(sensors(commands.device))),
    ("setchanneltype", _channel_type),
    ("getchannel", _channel_value),
    ("setchannel", _channel_value),
    ("addchannel", _channel_value),
    ("mqtthost", _text("MQTTHost", "mqtt.host")),
    ("mqttclient", _text("MQTTClient", "mqtt.client")),
    ("mqttuser", _text("MQTTUser", "mqtt.user")),
    ("mqttpassword", lambda _commands, _line: dump({"MqttPassword": "****"})),
    ("ssid1", _text("SSID1", "wifi.ssid")),
    ("flags", _flags),
    ("led_map", lambda _commands, _line: dump({"Map": [0, 0, 0, 0, 0]})),
    ("ch", _channels),
)
