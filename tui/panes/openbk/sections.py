"""The sections of the form, and the rows of each."""

from __future__ import annotations

from core.profile.tables import PINS
from tui.panes.openbk.sheet import POWER, Sheet
from tui.panes.openbk.values import NO_ROLE

DEVICES = "Devices"
ADD_CHANNEL, ADD_FILE = "add-channel", "add-file"
"""Rows that are no fields: Enter on them makes one."""
ADDING = (ADD_CHANNEL, ADD_FILE)

SHOWN: dict[str, tuple[tuple[str, str], ...]] = {
    "Network": (
        ("wifi.ssid", "Wi-Fi"), ("wifi.password", "Wi-Fi password"), ("wifi.ssid2", "Wi-Fi 2"),
        ("wifi.password2", "Wi-Fi 2 password"), ("wifi.web_password", "Web password"),
        ("network.ip", "Static IP"), ("network.mask", "Mask"), ("network.gateway", "Gateway"),
        ("network.dns", "DNS"), ("ping.host", "Ping host"), ("ping.interval", "Ping interval"),
        ("ping.seconds", "Ping watchdog"),
    ),
    "MQTT": (
        ("mqtt.host", "Broker"), ("mqtt.port", "Port"), ("mqtt.user", "User"),
        ("mqtt.password", "Password"), ("mqtt.client", "Client topic"),
        ("mqtt.group", "Group topic"),
    ),
    "Names": (("names.short", "Short name"), ("names.long", "Long name")),
    "Metering": (
        ("calibration.voltage", "Voltage factor"), ("calibration.current", "Current factor"),
        ("calibration.power", "Power factor"), ("calibration.power_max", "Highest power"),
        ("drivers", "Drivers"),
    ),
}  # fmt: skip
TABS = ("Pins", "Network", "MQTT", "Names", "Flags", "Startup", "Metering", DEVICES)


def paths(sheet: Sheet, tab: str) -> list[str]:
    """The fields of a section, in their order."""
    if not sheet.known:
        return []
    if tab == "Pins":
        return [f"pins.{number}" for number in range(PINS)]
    if tab == "Flags":
        numbers = (
            [flag.number for flag in sheet.device.flags]
            if sheet.device is not None
            else sorted(sheet.base.flags)
        )
        return [f"flags.{number}" for number in numbers]
    if tab == "Startup":
        files = [] if "files" in sheet.LACKS else [*_file_paths(sheet), ADD_FILE]
        return ["startup", POWER, *_channel_paths(sheet), ADD_CHANNEL, *files]
    return [path for path, _label in SHOWN.get(tab, ()) if path not in sheet.LACKS]


def _channel_paths(sheet: Sheet) -> list[str]:
    """The channels that a pin uses or that have a type or start value already."""
    used = {*sheet.base.channels, *sheet.listed}
    used |= {int(path[9:]) for path in sheet.edits if path.startswith("channels.")}
    for number in range(PINS):
        pin = sheet.value(f"pins.{number}")
        if pin.role not in NO_ROLE:
            used |= {c for c in (pin.channel, pin.channel2) if c is not None}
    return [f"channels.{number}.{name}" for number in sorted(used) for name in ("type", "start")]


def _file_paths(sheet: Sheet) -> list[str]:
    names = {*sheet.base.files, *(p[6:] for p in sheet.edits if p.startswith("files."))}
    return [f"files.{name}" for name in sorted(names)]
