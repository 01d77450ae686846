"""The requests of a plan, in the order that is safe.

A page that erases what it is not told is always sent complete (HTTP sheet 0, point 15).  Secrets
go through form pages only, where nothing expands `$` and `;`.  Wi-Fi comes last, because it
restarts the device; so does what takes its address away.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from core.fault import FaultError
from core.openbk import faults
from core.openbk.client import Client
from core.openbk.difference import Change
from core.openbk.read import Device
from core.profile.check import METER, meter_has_pins, unsafe_starts
from core.profile.model import Profile, Secret, merged
from core.profile.tables import RELAYS

SWITCHING = ("Rel", "Rel_n", "LED", "LED_n", "PWM", "PWM_n")
"""Roles that drive their pin; when one leaves, only a restart frees the pin (rulings O1)."""
FLAGS_PAGE = {"setFlags": "1"}


@dataclass(frozen=True, slots=True)
class Step:
    """One request: a form (`values`), a body to post (`body`), or a command (`command`)."""

    title: str
    target: str
    paths: tuple[str, ...]
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    command: str = ""
    restarts: bool = False

    async def send(self, client: Client) -> None:
        """Send it once.  Raises OBK-REFUSED, OBK-SHORT and what sending raises."""
        if self.command:
            await client.must(self.command)
        elif self.values:
            await client.form(self.target, self.values)
        elif self.target.startswith("/api/lfs/"):
            stored = await client.upload(self.target, self.body)
            if stored != len(self.body):
                raise faults.SHORT(
                    what=f"{self.title}: {stored} of {len(self.body)} bytes were stored.",
                    cause="The file system of the device is full.",
                    next="Remove files from the profile, or make them shorter.",
                )
        else:
            answer = await client.change("POST", self.target, self.body)
            if answer.status_code != 200:
                raise client.refused(self.target, {"msg": f"code {answer.status_code}"})


class Maker:
    """Makes the steps for the changes `todo`; `done` collects the paths that they cover."""

    def __init__(self, device: Device, wanted: Profile, todo: dict[str, Change]) -> None:
        self.device, self.wanted, self.todo = device, wanted, todo
        self.now = device.profile
        self.after = merged(device.profile, wanted)
        self.done: set[str] = set()
        self.notes: list[str] = []

    def steps(self) -> Iterator[Step]:
        self._require_meter_pins()
        yield from self._pins()
        yield from self._types()
        yield from self._starts()
        yield from self._flags()
        yield from self._names()
        yield from self._ping()
        yield from self._files()
        yield from self._startup()
        yield from self._mqtt()
        yield from self._drivers()
        yield from self._calibration()
        yield from self._address()
        yield from self._wifi()

    def _take(self, *sections: str) -> tuple[str, ...]:
        """The changed paths below these, now covered."""
        found = tuple(
            path
            for path in self.todo
            if any(path == s or path.startswith(f"{s}.") for s in sections)
        )
        self.done.update(found)
        return found

    # -- pins and channels -----------------------------------------------------------------

    def _pins(self) -> Iterator[Step]:
        """Only changed pins are named on this page; the others stay."""
        paths = self._take("pins")
        if not paths:
            return
        numbers = {name.lower(): n for n, name in enumerate(self.device.pins.role_names)} | {
            "none": 0
        }
        values = {}
        for path in paths:
            pin, after = path.partition(".")[2], self.todo[path].after
            values[pin] = str(numbers[after.role.lower()])
            values[f"r{pin}"] = str(after.channel or 0)
            values[f"e{pin}"] = str(after.channel2 or 0)
        title = "roles of " + ", ".join(f"P{path.partition('.')[2]}" for path in paths)
        yield Step(title, "/cfg_pins", paths, values)

    def switching(self) -> tuple[int, ...]:
        """Channels of relays on pins that change, before and after."""
        found = set()
        for path, change in self.todo.items():
            if path.startswith("pins."):
                for pin in (change.before, change.after):
                    if pin.role in RELAYS and pin.channel is not None:
                        found.add(pin.channel)
        return tuple(sorted(found))

    def needs_restart(self) -> bool:
        """Freed pins, a metering driver that starts with its pins, and the ping watchdog."""
        for path, change in self.todo.items():
            if path.startswith("pins."):
                left = change.before.role != change.after.role
                if left and change.before.role in SWITCHING:
                    return True
        if "wifi.password" in self.done and not _value(self.after.wifi.password):
            return True  # the command alone does not restart
        return "drivers" in self.done or any(
            path.startswith(("ping.", "network.")) for path in self.done
        )

    def _types(self) -> Iterator[Step]:
        paths = tuple(p for p in self.todo if p.startswith("channels.") and p.endswith(".type"))
        if not paths:
            return
        self.done.update(paths)
        names = {name: n for n, name in enumerate(self.device.types.names)}
        types = list(self.device.types.types)
        for path in paths:
            kind = names.get(self.todo[path].after)
            if kind is None:
                raise self._cannot(path, f"this firmware has no type {self.todo[path].after}")
            types[int(path.split(".")[1])] = kind
        body = json.dumps({"types": types}, separators=(",", ":")).encode()
        yield Step("channel types", "/api/channelTypes", paths, body=body)

    def _starts(self) -> Iterator[Step]:
        for path in [p for p in self.todo if p.startswith("channels.") and p.endswith(".start")]:
            self.done.add(path)
            channel, value = path.split(".")[1], self.todo[path].after
            values = {"idx": channel, "value": str(value)}
            yield Step(f"start value of channel {channel}", "/cfg_startup", (path,), values)

    # -- one page each, always complete ----------------------------------------------------

    def _flags(self) -> Iterator[Step]:
        paths = self._take("flags")
        if not paths:
            return
        offered = {flag.number for flag in self.device.flags}
        for path in paths:
            if int(path.partition(".")[2]) not in offered:
                raise self._cannot(path, "this firmware does not offer the flag")
        on = [n for n, value in sorted(self.after.flags.items()) if value]
        yield Step("flags", "/cfg_generic", paths, {**FLAGS_PAGE, **{f"flag{n}": "1" for n in on}})

    def _names(self) -> Iterator[Step]:
        paths = self._take("names")
        if not paths:
            return
        names = self.after.names
        if " " in (names.short or ""):
            raise self._cannot("names.short", "the page turns blanks into underscores")
        for path, text in (("names.short", names.short), ("names.long", names.long)):
            if path in paths and not text:
                raise self._cannot(path, "a name cannot be empty")
        values = {"shortName": names.short or "", "name": names.long or ""}
        yield Step("names", "/cfg_name", paths, values)

    def _ping(self) -> Iterator[Step]:
        paths = self._take("ping.host", "ping.seconds")
        if paths:
            ping = self.after.ping
            values = {"host": ping.host or "", "disconnectTime": str(ping.seconds or 0)}
            yield Step("ping watchdog", "/cfg_ping", paths, values)
        if "ping.interval" in self.todo:
            self.done.add("ping.interval")
            command = f"PingInterval {self.after.ping.interval or 0}"
            yield Step("ping interval", "/api/cmnd", ("ping.interval",), command=command)

    def _files(self) -> Iterator[Step]:
        for path in self._take("files"):
            name = path.partition(".")[2]
            body = self.todo[path].after.encode()
            yield Step(f"file {name}", f"/api/lfs/{quote(name)}", (path,), body=body)

    def _startup(self) -> Iterator[Step]:
        paths = self._take("startup")
        if paths:
            values = {"startup_cmd": "1", "data": self.after.startup or ""}
            yield Step("startup command", "/startup_command", paths, values)

    def _mqtt(self) -> Iterator[Step]:
        """The host is erased when it is missing, so the page goes out whole; empty texts are
        ignored by it and need a command."""
        paths = self._take("mqtt")
        if not paths:
            return
        m = self.after.mqtt
        values = {
            "host": m.host or "",
            "port": str(m.port or 1883),
            "client": m.client or "",
            "group": m.group or "",
            "user": m.user or "",
            "password": m.password.value if m.password else "",
        }
        yield Step("MQTT", "/cfg_mqtt_set", paths, values)
        commands = {"client": "MqttClient", "group": "MqttGroup", "user": "MqttUser",
                    "password": "MqttPassword"}  # fmt: skip
        for name, command in commands.items():
            if f"mqtt.{name}" in paths and not values[name]:
                yield Step(f"MQTT: empty the {name}", "/api/cmnd", (f"mqtt.{name}",),
                           command=f'{command} ""')  # fmt: skip

    # -- drivers and calibration -----------------------------------------------------------

    def _require_meter_pins(self) -> None:
        """A startup command or a script starts a driver as well as a request does (O2).  What the
        device did before, and the plan leaves alone, is only said.  Raises OBK-DRIVER-PINS."""
        unsafe = unsafe_starts(self.after)
        if not unsafe:
            return
        old = unsafe_starts(self.now)
        sent = {path for path in self.todo if path == "startup" or path.startswith("files.")}
        names = {"startup": "the startup command"}
        brought = [
            where
            for where in unsafe
            if where not in old
            or any(where == names.get(path, f"file {path.partition('.')[2]}") for path in sent)
        ]
        if not brought:
            self.notes.append(
                f"{', '.join(unsafe)} of the device: starts {METER} without its pins; it drives "
                "P24, P7 and P8."
            )
            return
        raise faults.UNSAFE_DRIVER(
            what=f"{METER} would be started by {' and '.join(brought)}, and not all of CF, CF1 and "
            "SEL have pins.",
            cause="Without them the driver takes P24, P7 and P8; P8 is the relay of many plugs.",
            next="Give the three roles their pins in the same profile, or leave the start out.",
        )

    def _drivers(self) -> Iterator[Step]:
        """BL0937 starts with the device once its pins have their roles; never before (O2)."""
        change = self.todo.get("drivers")
        if change is None:
            return
        ready = meter_has_pins(self.after)
        for name in change.after:
            if name.upper() == METER and not ready:
                self.notes.append(
                    "BL0937 is not started: CF, CF1 and SEL have no pins. Without them it would "
                    "take P24, P7 and P8."
                )
            elif name.upper() == METER and self.after.flags.get(36):
                self.notes.append("BL0937 does not start by itself: flag 36 is on.")
            elif name.upper() == METER:
                self.done.add("drivers")  # by the restart at the end
            else:
                self.done.add("drivers")
                yield Step(f"start {name}", "/api/cmnd", ("drivers",),
                           command=f"startDriver {name}")  # fmt: skip
                if name not in (self.after.startup or ""):
                    self.notes.append(
                        f"{name} runs until the next restart only: put 'startDriver {name}' into "
                        "the startup command."
                    )

    def _calibration(self) -> Iterator[Step]:
        """Factors have no request of their own; `calibrate` sets them with a load."""
        paths = [path for path in self.todo if path.startswith("calibration.")]
        if "calibration.power_max" in paths and "BL0937" in self.device.state.drivers:
            value = self.after.calibration.power_max or 0.0
            if 200 <= value <= 7200:
                self.done.add("calibration.power_max")
                command = f"PowerMax {value:.0f}"
                yield Step("highest power", "/api/cmnd", ("calibration.power_max",),
                           command=command)  # fmt: skip
                paths.remove("calibration.power_max")
        if paths:
            self.notes.append(
                "Calibration factors are not sent: the firmware has no request for them. "
                "'wattbench openbk calibrate HOST --factors PROFILE' puts them back with a load on."
            )

    # -- the network, last -----------------------------------------------------------------

    def _address(self) -> Iterator[Step]:
        paths = self._take("network")
        if paths:
            n = self.after.network
            zero = "0.0.0.0"  # the firmware's word for DHCP
            values = {"IP": n.ip or zero, "mask": n.mask or zero, "dns": n.dns or zero,
                      "gate": n.gateway or zero}  # fmt: skip
            yield Step("address", "/cfg_ip", paths, values)

    def _wifi(self) -> Iterator[Step]:
        """Complete with the web password, which would be erased otherwise."""
        paths = self._take("wifi")
        if not paths:
            return
        w = self.after.wifi
        values = {
            "ssid": w.ssid or "",
            "pass": _value(w.password),
            "ssid2": w.ssid2 or "",
            "pass2": _value(w.password2),
        }
        if _value(w.web_password):
            values |= {
                "web_admin_password_enabled": "1",
                "web_admin_password": _value(w.web_password),
            }
        for path, name in (("wifi.ssid2", "ssid2"), ("wifi.password2", "pass2")):
            if path in paths and not values[name]:
                raise self._cannot(path, "the page ignores an empty text")
        if "wifi.ssid" in paths and not values["ssid"]:
            raise self._cannot("wifi.ssid", "this would open the access point; do it on the page")
        if "wifi.password" in paths and not values["pass"]:
            yield Step("Wi-Fi: empty the password", "/api/cmnd", ("wifi.password",),
                       command='Password1 ""')  # fmt: skip
            if len(paths) == 1:
                return
        moving = any(path != "wifi.web_password" for path in paths)
        title = "Wi-Fi, last: the device restarts" if moving else "web password"
        yield Step(title, "/cfg_wifi_set", paths, values, restarts=moving)

    def _cannot(self, path: str, why: str) -> FaultError:
        return faults.CANNOT(
            what=f"{path} cannot be set so: {why}.",
            cause="The firmware has no request for it.",
            next="Leave it out of the profile, or choose another value.",
        )


def _value(secret: Secret | None) -> str:
    return secret.value if secret else ""
