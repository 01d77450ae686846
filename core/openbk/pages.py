"""What the device's HTML pages say.

Values stand in the pages without any escaping (HTTP sheet 3, answer side), so a name may hold a
quote or a bracket.  No pattern looks farther than it must, so that a page of another kind costs no
time.  Every form is read between two anchors that the firmware prints around a
value, and the last fitting end wins.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIFI = ("ssid", "pass", "ssid2", "pass2", "web_admin_password")
MQTT = ("host", "port", "client", "group", "user", "password")
NAMES = ("shortName", "name")
ADDRESS = ("IP", "mask", "dns", "gate")
PING = ("host", "disconnectTime")

_VALUE_END = re.compile(r'"(?: pattern="[^"]*" title="[^"]*")?>(?=<br>|<span|<h2>|$)')
_FLAG = re.compile(
    r'id="flag(\d{1,3})" value="1"( checked)?><label for="flag\d{1,3}">(.{0,500}?)</label></div>',
    re.S,
)
_FLAGS_VALUE = re.compile(r"Current value=(\d{1,20})")
_START = re.compile(
    r'name="idx" value="(\d{1,3})"/>.{0,120}?name="value" value="(-?\d{1,6})">', re.S
)
_PIN = re.compile(r'f\("P(\d{1,2}) \(([^"]{0,40})\) "')
_ROLE_CHANNELS = re.compile(r'\["([^"]{1,40})",(\d)\]')
_DRIVERS = re.compile(r"\d drivers active(?: \(([^)]{0,600})\))?, total")
_AREA = re.compile(r"<textarea[^>]{0,120}>")
_BOLD_VALUE = re.compile(r"<b>([^<]{1,40})</b></td><td[^>]{0,60}>([^<]{0,24})</td>")
_MQTT_STATE = re.compile(r"MQTT State: (?:<[^>]{0,60}>)?([^<]{1,60})")
_RSSI = re.compile(r"Wifi RSSI: [^(]{0,24}\((-?\d{1,4})dBm\)")


def is_page(content_type: str, body: str) -> bool:
    """True for an HTML page, which is also how unknown paths are answered."""
    return content_type.startswith("text/html") or body[:15].lower().startswith("<!doctype html")


def unknown_path(body: str) -> bool:
    """True for the page that the firmware sends for a path it does not know."""
    middle = body.partition("</h1>")[2][:400]
    return middle.startswith(("Not found.", "GET of ", "POST to "))


def safe_mode(body: str) -> bool:
    """True when the state page says that the device is in safe mode."""
    return "class='safe'" in body or "You are in safe mode" in body


def inputs(body: str, names: Sequence[str]) -> dict[str, str]:
    """The values of the form's text fields in the order of `names`; what is missing is left out.

    A value reaches to the last possible end before the next field of the form.
    """
    found = {}
    for name, after in zip(names, (*names[1:], ""), strict=True):
        start = re.search(rf'<input type="[a-z]+" id="{name}" name="{name}" value="', body)
        if start is None:
            continue
        rest = body[start.end() :]
        stop = rest.find(f'<label for="{after}">') if after else -1
        if stop < 0:
            stop = rest.find('<input type="submit"')
        segment = rest[: stop if stop >= 0 else len(rest)]
        ends = list(_VALUE_END.finditer(segment))
        found[name] = segment[: ends[-1].start()] if ends else segment.partition('"')[0]
    return found


def web_password_on(body: str) -> bool:
    """True when the Wi-Fi page says that a web password is set."""
    box = re.search(r'<input type="checkbox" name="web_admin_password_enabled"([^>]{0,80})>', body)
    return box is not None and "checked" in box.group(1)


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag that this build offers, with the firmware's own text."""

    number: int
    text: str
    on: bool


def flags(body: str) -> tuple[Flag, ...]:
    """The flags of `/cfg_generic`; the sum in its head wins over the boxes."""
    value = _FLAGS_VALUE.search(body)
    total = int(value.group(1)) if value else None
    found = []
    for number, checked, label in _FLAG.findall(body):
        n = int(number)
        on = bool(checked) if total is None else bool(total >> n & 1)
        found.append(Flag(n, label.partition(" - ")[2] or label, on))
    return tuple(found)


def start_values(body: str) -> dict[int, int]:
    """Channel in use -> start value, from `/cfg_startup`."""
    return {int(channel): int(value) for channel, value in _START.findall(body)}


def startup_command(body: str) -> str | None:
    """The text of the area on `/startup_command`; None when the page has none."""
    area, end = _AREA.search(body), body.rfind("</textarea>")
    return body[area.end() : end] if area and area.end() <= end else None


def aliases(body: str) -> dict[int, str]:
    """Pin -> what it is also called ("PWM0"), from `/cfg_pins`; "N/A" is left out."""
    return {int(pin): name for pin, name in _PIN.findall(body) if name != "N/A"}


def role_channels(body: str) -> dict[str, int]:
    """Role name -> how many channels it uses, from the script line of `/cfg_pins`."""
    line = body.partition("var r = [")[2].partition("];")[0]
    return {name: int(count) for name, count in _ROLE_CHANNELS.findall(line)}


@dataclass(frozen=True, slots=True)
class State:
    """`/index?state=1`: readings by their printed names, drivers, Wi-Fi in dBm, MQTT in words."""

    readings: Mapping[str, float]
    drivers: tuple[str, ...]
    signal: int | None
    mqtt: str
    safe_mode: bool
    updating: bool


def state(body: str) -> State:
    readings = {}
    for name, text in _BOLD_VALUE.findall(body):
        with contextlib.suppress(ValueError):
            if math.isfinite(value := float(text)):
                readings[name] = value
    drivers = _DRIVERS.search(body)
    signal, mqtt = _RSSI.search(body), _MQTT_STATE.search(body)
    names = (drivers.group(1) or "") if drivers else ""
    return State(
        readings=readings,
        drivers=tuple(name.strip() for name in names.split(",") if name.strip()),
        signal=int(signal.group(1)) if signal else None,
        mqtt=mqtt.group(1).strip() if mqtt else "",
        safe_mode=safe_mode(body),
        updating="OTA In Progress" in body,
    )
