"""The programming interface of a simulated OpenBeken (`/api/...`, HTTP sheet 4)."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar, NamedTuple

from core.bkimage import rbl
from core.profile.tables import CHANNEL_TYPES, CHANNELS, PINS, ROLES
from core.sim.openbk_commands import Commands
from core.sim.openbk_device import FLASH_SIZE, LFS_SIZE, OTA_AT, OpenBeken
from core.sim.openbk_pages import unknown_api
from core.sim.openbk_status import Raw, dump, mac_text, reply_to

JSON, TEXT, HTML, BYTES = (
    "application/json",
    "text/plain",
    "text/html",
    "application/octet-stream",
)
DEVICE_COMMAND = 128
LEVELS = ["NONE:", "Error:", "Warn:", "Info:", "Debug:", "ExtraDebug:", "All:"]
FEATURES = [
    "HTTP:", "MQTT:", "CFG:", "HTTP_CLIENT:", "OTA:", "PINS:", "MAIN:", "GEN:", "API:", "LFS:",
    "CMD:", "NTP:", "TuyaMCU:", "I2C:", "EnergyMeter:", "EVENT:", "DGR:", "DDP:", "RAW:", "HASS:",
    "IR:", "SENSOR:", "DRV:", "BERRY:",
]  # fmt: skip


class Answer(NamedTuple):
    """Status 0 stands for an answer without any header."""

    status: int
    kind: str
    body: bytes


def answer(status: int, kind: str, body: str | bytes) -> Answer:
    return Answer(status, kind, body.encode("utf-8", "replace") if isinstance(body, str) else body)


def good() -> Answer:
    return answer(200, JSON, '{"success":200, "msg":"OK"}')


def wrong(code: int, message: str) -> Answer:
    return answer(code, JSON, f'{{"error":{code}, "msg":"{message}"}}')


class Rest:
    """Answers `/api/` requests of one device."""

    def __init__(self, device: OpenBeken, commands: Commands) -> None:
        self.device, self.commands = device, commands

    def handle(self, method: str, target: str, body: bytes) -> Answer:
        """`target` is everything after `/api/`, the query included; only files may have one."""
        post = method == "POST"
        exact = (self.POST if post else self.GET).get(target)
        if exact is not None:
            return exact(self, body)
        for prefix, handler in self.POST_TREES if post else self.GET_TREES:
            if target.startswith(prefix):
                return handler(self, target[len(prefix) :], body)
        text = body.decode("utf-8", "replace")
        return answer(200, HTML, unknown_api(self.device, f"api/{target}", text, post))

    # -- GET -------------------------------------------------------------------------------

    def info(self, _body: bytes) -> Answer:
        device, config = self.device, self.device.config
        startup = config.get("startup").replace('"', '\\"')
        startup = startup.replace("\r", "\\r").replace("\n", "\\n")
        return answer(200, JSON, dump({
            "uptime_s": device.uptime,
            "build": f"Built on {device.options.date} version {device.version}",
            "ip": device.ip,
            "mac": mac_text(device),
            "flags": str(config.signed_flags),
            "mqtthost": f"{config.get('mqtt.host')}:{config.mqtt_port}",
            "mqtttopic": config.get("mqtt.client"),
            "chipset": device.chip,
            "webapp": config.webapp,
            "shortName": config.get("names.short"),
            "startcmd": startup,
            "supportsSSDP": int("SSDP" in device.drivers),
            "supportsClientDeviceDB": True,
        }))  # fmt: skip

    def pins(self, _body: bytes) -> Answer:
        device, config = self.device, self.device.config
        second = [config.channel2(pin) for pin in range(PINS)]
        while second and not second[-1]:
            second.pop()
        channels = [config.channel(pin) for pin in range(PINS)]
        found: dict[str, Any] = {
            "rolenames": [" ", *ROLES[1:]],
            "roles": [config.role(pin) for pin in range(PINS)],
            "channels": channels,
        }
        if second:
            found["channels2"] = second
        found["states"] = [device.channels[c] if c < CHANNELS else 0 for c in channels]
        return answer(200, JSON, dump(found))

    def channels(self, _body: bytes) -> Answer:
        """One entry for each pin with a role, so keys repeat."""
        config = self.device.config
        pairs = [
            f'"{config.channel(pin)}":{self.device.channels[config.channel(pin) % CHANNELS]}'
            for pin in range(PINS)
            if config.role(pin)
        ]
        return answer(200, JSON, "{" + ",".join(pairs) + "}")

    def channel_types(self, _body: bytes) -> Answer:
        types = [self.device.config.type_of(channel) for channel in range(CHANNELS)]
        return answer(200, JSON, dump({"typenames": list(CHANNEL_TYPES), "types": types}))

    def log_config(self, _body: bytes) -> Answer:
        found = {"level": 3, "features": 67108351, "levelnames": LEVELS, "featurenames": FEATURES}
        return answer(200, JSON, dump(found))

    def serial_log(self, tail: str, _body: bytes) -> Answer:
        return answer(200, JSON, f"Direct serial logging set to {tail[-1:]}")

    def get_flash(self, tail: str, _body: bytes) -> Answer:
        found = re.fullmatch(r"([0-9a-fA-F]{1,8})-([0-9a-fA-F]{1,8})", tail)
        if found is None:
            return wrong(-1, "invalid url")
        start, size = (int(part, 16) for part in found.groups())
        if start + size > FLASH_SIZE:
            return wrong(-1, "requested flash read out of range")
        return answer(200, BYTES, self.device.read_flash(start, size))

    def get_fsblock(self, _body: bytes) -> Answer:
        packed = json.dumps({name: data.hex() for name, data in self.device.files.items()})
        return answer(200, BYTES, packed.encode().ljust(LFS_SIZE, b"\xff"))

    def get_file(self, tail: str, _body: bytes) -> Answer:
        name = tail.partition("?")[0]
        files = self.device.files
        if name in files:
            return answer(200, JSON if name.endswith(".json") else BYTES, files[name])
        inside = f"{name}/" if name else ""
        if name and not any(path.startswith(inside) for path in files):
            return answer(404, JSON, f'{{"fname":"{name}","error":-2}}')
        rows: dict[str, dict[str, Any]] = {
            dot: {"name": dot, "type": 2, "size": 0} for dot in (".", "..")
        }
        for path in sorted(files):
            if path.startswith(inside):
                first, _, below = path[len(inside) :].partition("/")
                size = 0 if below else len(files[path])
                rows[first] = {"name": first, "type": 2 if below else 1, "size": size}
        return answer(200, JSON, dump({"dir": name, "content": list(rows.values())}))

    def delete(self, tail: str, _body: bytes) -> Answer:
        """The answer has neither status line nor headers."""
        gone = self.device.files.pop(tail, None)
        return answer(0, "", "Error" if gone is None else "OK")

    def run_script(self, _tail: str, _body: bytes) -> Answer:
        return answer(404, TEXT, "")

    # -- POST ------------------------------------------------------------------------------

    def set_pins(self, body: bytes) -> Answer:
        value = parse(body)
        if isinstance(value, Answer):
            return value
        if not isinstance(value, dict):
            return wrong(400, "Object expected\n")
        config = self.device.config
        for pin, role in enumerate(numbers(value.get("roles"), PINS)):
            config.set_pin(pin, role=role)
        for pin, channel in enumerate(numbers(value.get("channels"), PINS)):
            if channel < CHANNELS:
                config.set_pin(pin, channel=channel)
        flag = value.get("deviceFlag")
        if isinstance(flag, int) and flag in range(11):
            config.flags |= 1 << flag
        command = value.get("deviceCommand")
        if isinstance(command, str) and len(command) <= DEVICE_COMMAND:
            config.put("startup", command)
            self.commands.run(command)
        return good()

    def set_channels(self, body: bytes) -> Answer:
        value = parse(body)
        if isinstance(value, Answer):
            return value
        if not isinstance(value, list):
            return wrong(400, "Object expected\n")
        for channel, level in enumerate(numbers(value, CHANNELS)):
            self.device.set_channel(channel, level)
        return good()

    def set_channel_types(self, body: bytes) -> Answer:
        value = parse(body)
        if isinstance(value, Answer):
            return value
        if not isinstance(value, dict):
            return wrong(400, "Object expected\n")
        for channel, kind in enumerate(numbers(value.get("types"), CHANNELS)):
            self.device.config.set_type(channel, kind)
        return good()

    def set_log_config(self, body: bytes) -> Answer:
        value = parse(body)
        known = ("level", "features")
        odd = [key for key in value if key not in known] if isinstance(value, dict) else []
        lines = "".join(f"Unexpected key: {key}\nUnexpected key: 1\n" for key in odd)
        return answer(200, TEXT, lines)

    def command(self, body: bytes) -> Answer:
        line = body.decode("utf-8", "replace")
        code, message = self.commands.run(line)
        value = Raw(reply_to(self.commands, line) if line.strip() else "{}")
        if line.strip().lower().startswith("echo"):
            value = Raw("{}")
        if code != 200:
            self.device.say(f"Info:CMD:[WebApp Cmd '{line}' Result] {message}")
        word = "success" if code == 200 else "error"
        return answer(code, JSON, f'{{"{word}":{code}, "msg":"{message}", "res":{value}}}')

    def reboot(self, _body: bytes) -> Answer:
        self.device.reboot()
        return answer(200, JSON, '{"reboot":3}')

    def set_flash(self, tail: str, body: bytes) -> Answer:
        if not re.fullmatch(r"[0-9a-fA-F]{1,8}", tail):
            return wrong(-1, "invalid url")
        start = int(tail, 16)
        if start < OTA_AT[self.device.chip] or start % 0x1000 or start >= FLASH_SIZE:
            return wrong(-1, "invalid url")
        self.device.tick()
        self.device.write_flash(start, body)
        self.device.suspended = True
        self.device.config.count_ota()
        self.device.changed()
        return answer(200, JSON, f'{{"size":{len(body)}}}')

    def update(self, body: bytes) -> Answer:
        """The content is not looked at; the files at the end of the partition may be lost."""
        self.device.write_flash(OTA_AT[self.device.chip], body)
        self.device.config.count_ota()
        self.device.changed()
        if body:
            self.device.updating = True
            self.device.installed = version_in(body)
            self.device.files.clear()
        return answer(200, JSON, f'{{"size":{len(body)}}}')

    def set_fsblock(self, body: bytes) -> Answer:
        if len(body) != LFS_SIZE:
            return wrong(-20, "invalid size")
        packed = json.loads(body.rstrip(b"\xff") or b"{}")
        self.device.files = {name: bytes.fromhex(text) for name, text in packed.items()}
        return answer(200, JSON, f'{{"size":{len(body)}}}')

    def set_file(self, tail: str, body: bytes) -> Answer:
        """What does not fit is left out, and the answer is 200 all the same."""
        stored = body[: self.device.options.room]
        self.device.files[tail] = stored
        return answer(200, JSON, f'{{"fname":"{tail}","size":{len(stored)}}}')

    GET: ClassVar = {
        "info": info,
        "pins": pins,
        "channels": channels,
        "channelTypes": channel_types,
        "logconfig": log_config,
        "fsblock": get_fsblock,
    }
    POST: ClassVar = {
        "pins": set_pins,
        "channels": set_channels,
        "channelTypes": set_channel_types,
        "logconfig": set_log_config,
        "cmnd": command,
        "reboot": reboot,
        "ota": update,
        "fsblock": set_fsblock,
    }
    GET_TREES = (
        ("flash/", get_flash),
        ("lfs/", get_file),
        ("del/", delete),
        ("run/", run_script),
        ("seriallog/", serial_log),
    )
    POST_TREES = (("flash/", set_flash), ("lfs/", set_file))


UPLOADS = ("/api/lfs/", "/api/ota", "/api/flash/", "/api/fsblock")
"""Targets that read on until Content-Length is reached; all others take what came first."""


def parse(body: bytes) -> Any:
    """The JSON in a body, or the answer that the firmware gives to what is none."""
    if not body.strip():
        return wrong(400, "Object expected\n")
    try:
        return json.loads(body)
    except ValueError:
        return wrong(400, "Failed to parse JSON: -3\n")


def numbers(value: Any, most: int) -> list[int]:
    """The integers of an array; anything else counts as an empty one."""
    if not isinstance(value, list):
        return []
    return [entry if isinstance(entry, int) else 0 for entry in value[:most]]


def version_in(image: bytes) -> str:
    """The version that an update carries in its header; nothing without one."""
    header = rbl.parse(image)
    return header.version if header else ""
