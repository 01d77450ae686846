"""The command line of a simulated OpenBeken: what each command does, and whether it says OK.

The firmware says OK to a good deal that it does not do (HTTP sheet 4.3); so does this.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from core.profile.tables import CHANNEL_TYPES, PINS, ROLES
from core.sim.openbk_device import OpenBeken
from core.sim.openbk_meter import AMPERES, SMALLEST, VOLTS, WATTS

OK, BAD, FEW, FAILED, UNKNOWN, EMPTY = (
    (200, "OK"),
    (400, "Bad argument"),
    (400, "Not enough arguments for this command"),
    (400, "Command found but returned error"),
    (501, "Unknown command"),
    (400, "No command entered"),
)
Outcome = tuple[int, str]
Handler = Callable[["Commands", list[str], str], Outcome]
SUB_COMMAND = 127
TOKENS = 512
SAFE = ("lfs_format", "lfs_size", "lfs_write", "lfs_remove", "loglevel", "logfeature")
ALIASES = {"PWM0": 6, "PWM1": 7, "PWM2": 8, "PWM3": 9, "PWM4": 24, "PWM5": 26,
           "TXD2": 0, "RXD2": 1, "RXD1": 10, "TXD1": 11}  # fmt: skip
TEXTS = {
    "mqtthost": "mqtt.host",
    "mqttuser": "mqtt.user",
    "mqttpassword": "mqtt.password",
    "mqttclient": "mqtt.client",
    "mqttgroup": "mqtt.group",
    "ssid1": "wifi.ssid",
    "password1": "wifi.password",
    "shortname": "names.short",
    "friendlyname": "names.long",
    "startupcommand": "startup",
    "pinghost": "ping.host",
}
ALWAYS_OK = ("setbuttontimes", "delay_s", "delay_ms", "lfs_mount", "lfs_unmount",
             "getreadings", "setupenergystats", "vcppublishthreshold", "consumptionthreshold",
             "schedulehadiscovery", "loglevel", "logfeature", "powersave", "fullboottime",
             "addchangehandler")  # fmt: skip
MIN_ARGS = {
    "setpinrole": 2, "setpinchannel": 2, "setchannel": 2, "addchannel": 2, "togglechannel": 1,
    "getchannel": 1, "setchanneltype": 2, "setstartvalue": 2, "setflag": 2, "flags": 1,
    "startdriver": 1, "stopdriver": 1, "alias": 2, "ota_http": 1, "mqtthost": 1, "mqttuser": 1,
    "mqttpassword": 1, "mqttclient": 1, "mqttgroup": 1, "ssid1": 1, "password1": 1,
    "startupcommand": 1, "lfs_write": 2, "lfs_remove": 1, "voltageset": 1, "currentset": 1,
    "powerset": 1, "powermax": 1, "pinghost": 1, "pinginterval": 1,
}  # fmt: skip


class Commands:
    """Runs command lines on one device."""

    def __init__(self, device: OpenBeken) -> None:
        self.device = device
        device.run_startup_command = self.run_script

    def run_script(self, text: str) -> None:
        """Every line of a text, as at the start of the device."""
        for line in text.split("\n"):
            if line.strip():
                self.run(line)

    def run(self, line: str) -> Outcome:
        """One line: a command, an alias or a backlog."""
        line = line.strip()
        if not line:
            return EMPTY
        name, _, rest = line.partition(" ")
        if name.lower() == "backlog":
            return self._backlog(rest)
        if name in self.device.aliases:
            return self.run(self.device.aliases[name])
        return self._one(name, rest.strip())

    def _backlog(self, rest: str) -> Outcome:
        """Each part in turn; the last code that is not OK is the answer."""
        outcome = OK
        for part in rest.split(";"):  # also inside of quotes
            if part.strip():
                one = self.run(part.strip()[:SUB_COMMAND])
                outcome = one if one != OK else outcome
        return outcome

    def _one(self, name: str, rest: str) -> Outcome:
        low = name.lower()
        device = self.device
        handler = self._handler(low)
        if handler is None or (device.safe_mode and low not in SAFE):
            device.say(f"Error:CMD:cmd {name} NOT found (args {rest})")
            return UNKNOWN
        args = self._tokens(rest)
        need = MIN_ARGS.get(low, 0)
        if len(args) < need:
            device.say(
                f"Error:CMD:Cant run '{name}', expected at least {need} args (given {len(args)})"
            )
            return FEW
        device.tick()
        outcome = handler(self, args, rest)
        if outcome != FAILED:  # a factor that is refused works until the restart, unsaved
            device.changed()
        return outcome

    def _handler(self, low: str) -> Handler | None:
        if low in ("voltageset", "currentset", "powerset", "powermax", "energycntreset"):
            if not self.device.meter.known:
                return None
            return METER[low]
        if low in HANDLERS:
            return HANDLERS[low]
        if low in TEXTS:
            path = TEXTS[low]
            return lambda me, args, rest: me.put_text(path, args)
        if re.fullmatch(r"power\d{0,2}", low):
            return lambda me, args, rest: me.power(low[5:], args)
        if re.fullmatch(r"ch\d{0,2}", low):
            return lambda me, args, rest: me.ch(low[2:], args)
        if low in ALWAYS_OK:
            return lambda me, args, rest: OK
        return None

    def _tokens(self, rest: str) -> list[str]:
        """Arguments; quotes keep blanks together, a leading $ is looked up."""
        found = []
        for quoted, bare in re.findall(r'"([^"]*)(?:"|$)|(\S+)', rest[:TOKENS]):
            text = bare or quoted
            if text.startswith("$"):
                text = str(self.constant(text))
            found.append(text)
        return found

    def constant(self, text: str) -> int:
        """The value of `$CHn`; what is no constant is the smallest number there is."""
        known = re.fullmatch(r"\$CH(\d{1,2})", text)
        if known and int(known.group(1)) < len(self.device.channels):
            return self.device.channels[int(known.group(1))]
        return -2147483648

    # -- what commands do ------------------------------------------------------------------

    def put_text(self, path: str, args: list[str]) -> Outcome:
        if args:
            text = args[0]
            self.device.config.put(path, text)
            if path == "startup" and args[1:2] == ["1"]:
                self.run(text)
        return OK

    def power(self, number: str, args: list[str]) -> Outcome:
        device = self.device
        relays = device.relay_channels
        if number:
            channel = int(number) - 1 if 0 in relays else int(number)
            channel = 0 if number == "0" else channel
        else:
            rel = [device.config.channel(p) for p in device.pins_with("Rel", "Rel_n")]
            channel = min(rel or relays or [1])
        return self._switch(channel, args)

    def _switch(self, channel: int, args: list[str]) -> Outcome:
        word = args[0].upper() if args else ""
        device = self.device
        if channel not in range(len(device.channels)):
            return OK
        if word in ("ON", "1"):
            device.set_channel(channel, 1)
        elif word in ("OFF", "0"):
            device.set_channel(channel, 0)
        elif word in ("TOGGLE", "2"):
            device.set_channel(channel, 0 if device.channels[channel] else 1)
        return OK

    def ch(self, number: str, args: list[str]) -> Outcome:
        if not args:
            return FEW
        if number:
            self.device.set_channel(int(number), number_of(args[0]))
        return OK

    def pin(self, text: str) -> int:
        """A pin's number or alias; -1 for what is neither ("P6" is not)."""
        if text.isdecimal():
            return int(text)
        return ALIASES.get(text.upper(), -1)

    def calibrate(self, index: int, args: list[str]) -> Outcome:
        """A factor is the value given by the pulses of the last window."""
        device = self.device
        value = c_float(args[0])
        if value is None or value == 0:
            return BAD
        pulses = device.meter.counted[index]
        if pulses <= 0:
            device.say("Error:EnergyMeter:Calibration incorrect - connect load first.")
            return FAILED
        factor = value / pulses
        device.config.set_factor(index, factor)
        if 0 <= factor < SMALLEST:
            device.say("Error:EnergyMeter:Calibration incorrect - the value is zero.")
            return FAILED
        return OK


def c_float(text: str) -> float | None:
    """A number as C reads it: up to the first character that does not fit ("232,5" is 232)."""
    found = re.match(r"[-+]?\d+(?:\.\d*)?|[-+]?\.\d+", text)
    return float(found.group()) if found else None


def number_of(text: str) -> int:
    """A whole number as C reads it; 0 for text."""
    found = re.match(r"[-+]?\d{1,9}", text)
    return int(found.group()) if found else 0


def _set_pin_role(me: Commands, args: list[str], rest: str) -> Outcome:
    pin = me.pin(args[0])
    names = {name.lower(): number for number, name in enumerate(ROLES)}
    role = names.get(args[1].lower())
    if pin < 0 or role is None:
        return BAD
    if pin < PINS:
        me.device.config.set_pin(pin, role=role)
    return OK


def _set_pin_channel(me: Commands, args: list[str], rest: str) -> Outcome:
    pin, channel = number_of(args[0]), number_of(args[1])
    second = number_of(args[2]) if len(args) > 2 else None
    if pin < PINS and channel < len(me.device.channels):
        me.device.config.set_pin(pin, channel=channel, channel2=second)
    return OK


def _set_channel(me: Commands, args: list[str], rest: str) -> Outcome:
    me.device.set_channel(number_of(args[0]), number_of(args[1]))
    return OK


def _add_channel(me: Commands, args: list[str], rest: str) -> Outcome:
    channel = number_of(args[0])
    if channel < len(me.device.channels):
        me.device.set_channel(channel, me.device.channels[channel] + number_of(args[1]))
    return OK


def _toggle_channel(me: Commands, args: list[str], rest: str) -> Outcome:
    return me._switch(number_of(args[0]), ["TOGGLE"])


def _set_channel_type(me: Commands, args: list[str], rest: str) -> Outcome:
    names = {name.lower(): number for number, name in enumerate(CHANNEL_TYPES)}
    kind = names.get(args[1].lower())
    if kind is None:
        return BAD
    if number_of(args[0]) < len(me.device.channels):
        me.device.config.set_type(number_of(args[0]), kind)
    return OK


def _set_start_value(me: Commands, args: list[str], rest: str) -> Outcome:
    if number_of(args[0]) < len(me.device.channels):
        me.device.config.set_start(number_of(args[0]), number_of(args[1]))
    return OK


def _set_flag(me: Commands, args: list[str], rest: str) -> Outcome:
    flag, on = number_of(args[0]), number_of(args[1])
    if flag in range(64):
        flags = me.device.config.flags
        me.device.config.flags = flags | 1 << flag if on else flags & ~(1 << flag)
    return OK


def _flags(me: Commands, args: list[str], rest: str) -> Outcome:
    if args[0].isdecimal():
        me.device.config.flags = int(args[0])
    return OK


def _echo(me: Commands, args: list[str], rest: str) -> Outcome:
    me.device.say(f"Info:CMD:{expand(me, rest)}")
    return OK


def expand(me: Commands, text: str) -> str:
    """`$CHn` by its value, as echo does it."""
    return re.sub(r"\$CH\d{1,2}", lambda found: str(me.constant(found.group())), text)


def _power_max(me: Commands, args: list[str], rest: str) -> Outcome:
    watts = c_float(args[0])
    if watts is not None and 200 <= watts <= 7200:
        me.device.config.set_factor(3, watts)
    return OK


def _energy_reset(me: Commands, args: list[str], rest: str) -> Outcome:
    me.device.meter.total = (c_float(args[0]) or 0.0) if args else 0.0
    return OK


def _alias(me: Commands, args: list[str], rest: str) -> Outcome:
    name, _, command = rest.partition(" ")
    me.device.aliases[name] = command
    return OK


def _lfs_write(me: Commands, args: list[str], rest: str) -> Outcome:
    name, _, text = rest.partition(" ")
    me.device.files[name] = text.encode()
    return OK


def _lfs_size(me: Commands, args: list[str], rest: str) -> Outcome:
    me.device.say("Info:CMD:unchanged LFS size 0x8000 configured 0x8000")
    return OK


def _lfs_format(me: Commands, args: list[str], rest: str) -> Outcome:
    me.device.files.clear()
    me.device.say("Info:CMD:LFS formatted size 0x8000 (err 0)")
    me.device.say("Info:CMD:LFS mounted")
    return OK


def _clear(me: Commands, args: list[str], rest: str) -> Outcome:
    me.device.config.reset()
    me.device.save()
    return OK


def _do(action: Callable[[Commands, list[str]], object]) -> Handler:
    """A command that always says OK."""

    def handler(me: Commands, args: list[str], rest: str) -> Outcome:
        action(me, args)
        return OK

    return handler


def _restart(me: Commands, args: list[str]) -> None:
    me.device.reboot(float(number_of(args[0])) if args else None)


def _all_relays(me: Commands, args: list[str]) -> None:
    for channel in me.device.relay_channels:
        me._switch(channel, args)


HANDLERS: dict[str, Handler] = {
    "setpinrole": _set_pin_role,
    "setpinchannel": _set_pin_channel,
    "setchannel": _set_channel,
    "addchannel": _add_channel,
    "togglechannel": _toggle_channel,
    "getchannel": _do(lambda me, args: None),
    "setchanneltype": _set_channel_type,
    "setstartvalue": _set_start_value,
    "setflag": _set_flag,
    "flags": _flags,
    "echo": _echo,
    "alias": _alias,
    "powerall": _do(_all_relays),
    "restart": _do(_restart),
    "reboot": _do(_restart),
    "startdriver": _do(lambda me, args: me.device.start_driver(args[0])),
    "stopdriver": _do(lambda me, args: me.device.stop_driver(args[0])),
    "cleario": _do(lambda me, args: me.device.config.clear_io()),
    "clearconfig": _clear,
    "clearall": _clear,
    "lfs_write": _lfs_write,
    "lfs_size": _lfs_size,
    "lfs_format": _lfs_format,
    "lfs_remove": _do(lambda me, args: me.device.files.pop(args[0], None)),
    "ota_http": _do(lambda me, args: me.device.say(f"Info:OTA:{args[0]}")),
    "status": _do(lambda me, args: None),
    "state": _do(lambda me, args: None),
    "sensor": _do(lambda me, args: None),
    "json": _do(lambda me, args: None),
    "pinginterval": _do(lambda me, args: None),
}
METER: dict[str, Handler] = {
    "voltageset": lambda me, args, rest: me.calibrate(VOLTS, args),
    "currentset": lambda me, args, rest: me.calibrate(AMPERES, args),
    "powerset": lambda me, args, rest: me.calibrate(WATTS, args),
    "powermax": _power_max,
    "energycntreset": _energy_reset,
}
