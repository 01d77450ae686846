"""The changing part of the first page of a simulated OpenBeken (`/index?state=1`)."""

from __future__ import annotations

from core.profile.tables import RELAYS
from core.sim.openbk_device import DRIVERS, OpenBeken

ROWS = (
    ("Voltage", "Voltage", 1, "V", 1.0),
    ("Current", "Current", 3, "A", 1.0),
    ("Power", "Power", 2, "W", 1.0),
    ("Apparent Power", "ApparentPower", 2, "VA", 1.0),
    ("Reactive Power", "ReactivePower", 2, "var", 1.0),
    ("Power Factor", "Factor", 2, "", 1.0),
)
JOINS_AFTER = 5
"""Seconds of uptime until the device is in the network and knows its signal."""


def index_state(device: OpenBeken) -> str:
    """Relays, readings, drivers, channels, counters, Wi-Fi and MQTT, in the firmware's order."""
    config = device.config
    channels = ", ".join(f"Channel {c} = {device.channels[c]:.2f}" for c in device.used_channels)
    names = f" ({', '.join(device.drivers)})" if device.drivers else ""
    drivers = f"<h5>{len(device.drivers)} drivers active{names}, total: {len(DRIVERS)}</h5>"
    boots = 5 if device.safe_mode else 0
    counters = (
        f"<h5>Cfg size: 3584, change counter: {config.changes}, ota counter: {config.otas}, "
        f"incomplete boots: {boots}</h5>"
    )
    update = "<h5>OTA In Progress</h5>" if device.suspended else ""
    joined = device.uptime >= JOINS_AFTER
    signal = f"<h5>Wifi RSSI: Good ({device.options.signal}dBm)</h5>" if joined else ""
    return (
        f"{_relays(device)}<table></table>{_meter(device)}{drivers}<h5>{channels}</h5>{counters}"
        f"{update}<h5>Chip temperature: 41.5°C</h5>{signal}{_mqtt(device)}"
        "<style onload=\"document.getElementById('obkChart').style.display='none'\"></style>"
        + (_SAFE if device.safe_mode else "")
    )


_SAFE = (
    "<h5 class='safe'>You are in safe mode (AP mode) because full reboot failed 5 times. "
    "Pins, relays, etc are disabled.</h5>"
)


def _relays(device: OpenBeken) -> str:
    channels = [] if device.safe_mode else sorted(
        {device.config.channel(pin) for pin in device.pins_with(*RELAYS)}
    )  # fmt: skip
    states = buttons = ""
    for channel in channels:
        on = device.channels[channel] > 0
        word, style = ("on", "bgrn") if on else ("off", "bred")
        states += f"<tr><td class='{word}'>{word.upper()}</td>"
        buttons += (
            f'<tr><td><form action="index"><input type="hidden" name="tgl" value="{channel}">'
            f'<input class="{style}" type="submit" value="Toggle {channel}"/></form></td>'
        )
    return f"<table>{states}</table><table>{buttons}</table>"


def _meter(device: OpenBeken) -> str:
    if not device.meter.running:
        return ""
    readings = device.meter.readings()
    rows = [
        (name, f"{readings[key] * scale:.{digits}f}", unit)
        for name, key, digits, unit, scale in ROWS
    ]
    rows.append(("Energy Total", f"{device.meter.total / 1000:.3f}", "kWh"))
    table = "".join(
        f"<tr><td><b>{name}</b></td><td style='text-align: right;'>{text}</td><td>{unit}</td>"
        for name, text, unit in rows
    )
    return (
        f"<hr><table style='width:100%'>{table}</table>(changes sent 0, skipped 0, saved 0) - "
        "BL0937<hr><h5>Energy Clear Date: (not set)<br>Daily energy stats disabled.</h5>"
        "<h5>Periodic Statistics disabled.</h5>"
    )


def _mqtt(device: OpenBeken) -> str:
    if not device.config.get("mqtt.host"):
        return "<h5>MQTT State: not configured<br>"
    return (
        '<h5>MQTT State: <span style="color:yellow">disconnected</span> RES: 0(ERR_OK)<br>'
        "MQTT ErrMsg:  <br>MQTT Stats: CONN: 0 PUB: 0 RECV: 0 ERR: 0 </h5>"
    )
