"""Read a whole device: who it is, what it can do, and its configuration as a `Profile`.

The pages say what is in memory now.  The configuration sector in flash is exact where a page is
not: its texts are not escaped, and some values are on no page.  It lags behind memory by up to a
second, so a page wins wherever it is clear.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from core.fault import FaultError
from core.openbk import faults, pages, wire
from core.openbk.client import Client
from core.profile.block import Block
from core.profile.model import (
    Calibration,
    Channel,
    Mqtt,
    Names,
    Network,
    Pin,
    Ping,
    Profile,
    Secret,
    Wifi,
)
from core.profile.tables import FILE_PARTS, FILE_ROOM

REQUESTS = 15
"""Requests of a full read without files; see `tests/bench/openbk.py`."""

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Device:
    """All that was read.  `profile` holds secrets as values.  `sector` is the configuration
    sector as it lies in flash, empty when this chip's place of it is not known."""

    host: str
    status: wire.Status
    info: wire.Info
    pins: wire.Pins
    types: wire.ChannelTypes
    flags: tuple[pages.Flag, ...]
    aliases: Mapping[int, str]
    role_channels: Mapping[str, int]
    state: pages.State
    profile: Profile
    sector: bytes
    notes: tuple[str, ...]

    @property
    def mac(self) -> str:
        return self.info.mac or self.status.mac

    @property
    def chip(self) -> str:
        return self.info.chip or self.status.chip

    @property
    def name(self) -> str:
        return self.info.short_name or self.host

    @property
    def relays(self) -> tuple[int, ...]:
        """Channels of relay pins."""
        found = {p.channel for p in self.profile.pins.values() if p.role in ("Rel", "Rel_n")}
        return tuple(sorted(channel for channel in found if channel is not None))


async def identify(client: Client) -> wire.Status:
    """Who answers at this address.  Raises OBK-OTHER-HOST, OBK-SAFE-MODE."""
    status = await client.status()
    try:
        await client.info()
    except FaultError as error:
        if error.fault.code != faults.NO_PATH.code:
            raise
        state = await client.state()
        if not state.safe_mode:
            raise
        raise faults.SAFE_MODE(
            what=f"{client.host} is in safe mode.",
            cause="Several starts in a row were shorter than five seconds.",
            next="Let it run for 10 s, then restart it from its page; unplug the load before.",
        ) from error
    return status


async def read_device(client: Client, tell: Tell | None = None) -> Device:
    """Everything, one request after the other; `tell(done, of)` after each.

    Raises OBK-OTHER-HOST, OBK-SAFE-MODE, OBK-NO-PATH, OBK-UNREADABLE and what reading raises.
    """
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if tell is not None:
            tell(done, REQUESTS)

    async def page(target: str) -> str:
        text = await client.page(target)
        step()
        return text

    status = await client.status()
    step()
    state = await client.state()
    step()
    if state.safe_mode:
        await identify(client)
    info = await client.info()
    step()
    pins = await client.pins()
    step()
    types = await client.channel_types()
    step()
    forms = Forms(
        pins=await page("/cfg_pins"),
        generic=await page("/cfg_generic"),
        startup=await page("/cfg_startup"),
        mqtt=await page("/cfg_mqtt"),
        wifi=await page("/cfg_wifi"),
        names=await page("/cfg_name"),
        address=await page("/cfg_ip"),
        ping=await page("/cfg_ping"),
        command=await page("/startup_command"),
    )
    sector = await config_sector(client, info.chip)
    step()
    files, notes = await read_files(client)
    profile = assembled(info, pins, types, state, forms, sector)
    return Device(
        host=client.host,
        status=status,
        info=info,
        pins=pins,
        types=types,
        flags=pages.flags(forms.generic),
        aliases=pages.aliases(forms.pins),
        role_channels=pages.role_channels(forms.pins),
        state=state,
        profile=replace(profile, files=files),
        sector=sector,
        notes=tuple(notes),
    )


async def config_sector(client: Client, chip: str) -> bytes:
    """The 4096 bytes of the configuration sector; empty for a chip whose layout is not known."""
    start = wire.CONFIG_AT.get(chip)
    return b"" if start is None else await client.flash(start, wire.CONFIG_SIZE)


@dataclass(frozen=True, slots=True)
class Forms:
    """The text of every configuration page."""

    pins: str
    generic: str
    startup: str
    mqtt: str
    wifi: str
    names: str
    address: str
    ping: str
    command: str


def assembled(
    info: wire.Info,
    pins: wire.Pins,
    types: wire.ChannelTypes,
    state: pages.State,
    forms: Forms,
    sector: bytes,
) -> Profile:
    """The profile that all of it means."""
    try:
        stored: Profile | None = Block.parse(sector).profile()
    except FaultError:
        stored = None
    wifi = pages.inputs(forms.wifi, pages.WIFI)
    mqtt = pages.inputs(forms.mqtt, pages.MQTT)
    names = pages.inputs(forms.names, pages.NAMES)
    address = pages.inputs(forms.address, pages.ADDRESS)
    ping = pages.inputs(forms.ping, pages.PING)
    web = wifi.get("web_admin_password", "") if pages.web_password_on(forms.wifi) else ""
    found = Profile(
        chip=info.chip.lower() or None,
        startup=pages.startup_command(forms.command) or "",
        drivers=state.drivers,
        names=Names(names.get("shortName"), names.get("name")),
        wifi=Wifi(
            wifi.get("ssid"),
            Secret(wifi.get("pass", "")),
            wifi.get("ssid2"),
            Secret(wifi.get("pass2", "")),
            Secret(web),
        ),
        mqtt=Mqtt(
            mqtt.get("host"),
            wire.int_of(mqtt.get("port", ""), 1883),
            mqtt.get("user"),
            Secret(mqtt.get("password", "")),
            mqtt.get("client"),
            mqtt.get("group"),
        ),
        network=Network(
            address.get("IP"), address.get("mask"), address.get("gate"), address.get("dns")
        ),
        ping=Ping(ping.get("host"), wire.int_of(ping.get("disconnectTime", ""))),
        pins=_pins(pins),
        channels=_channels(types, pages.start_values(forms.startup), stored),
        flags={flag.number: flag.on for flag in pages.flags(forms.generic)},
    )
    return found if stored is None else _exact(found, stored)


def _pins(pins: wire.Pins) -> dict[int, Pin]:
    return {
        number: Pin(pins.role(pin.role), pin.channel, pin.channel2 or None)
        for number, pin in enumerate(pins.pins)
        if pin.role
    }


def _channels(
    types: wire.ChannelTypes, starts: Mapping[int, int], stored: Profile | None
) -> dict[int, Channel]:
    """Types as the device says; start values from its page, else from the sector."""
    old = {} if stored is None else {n: c.start for n, c in stored.channels.items()}
    values = {**old, **starts}
    found = {}
    for number, kind in enumerate(types.types):
        channel = Channel(types.name(kind) if kind else None, values.get(number) or None)
        if channel != Channel():
            found[number] = channel
    return found


def _exact(found: Profile, stored: Profile) -> Profile:
    """Texts that a page cannot show clearly are taken from the sector; so is what is on no page."""

    def text(shown: str | None, kept: str | None) -> str | None:
        if shown is None or kept is None:
            return kept if shown is None else shown
        unclear = any(mark in kept or mark in shown for mark in '"<>\n\r')
        return kept if unclear else shown

    def secret(shown: Secret | None, kept: Secret | None) -> Secret | None:
        value = text(None if shown is None else shown.value, None if kept is None else kept.value)
        return None if value is None else Secret(value)

    w, m, kept_w, kept_m = found.wifi, found.mqtt, stored.wifi, stored.mqtt
    return replace(
        found,
        startup=text(found.startup, stored.startup),
        names=Names(
            text(found.names.short, stored.names.short), text(found.names.long, stored.names.long)
        ),
        wifi=Wifi(
            text(w.ssid, kept_w.ssid),
            secret(w.password, kept_w.password),
            text(w.ssid2, kept_w.ssid2),
            secret(w.password2, kept_w.password2),
            secret(w.web_password, kept_w.web_password),
        ),
        mqtt=Mqtt(
            text(m.host, kept_m.host),
            m.port,
            text(m.user, kept_m.user),
            secret(m.password, kept_m.password),
            text(m.client, kept_m.client),
            text(m.group, kept_m.group),
        ),
        ping=Ping(
            text(found.ping.host, stored.ping.host), found.ping.seconds, stored.ping.interval
        ),
        calibration=Calibration(
            stored.calibration.voltage,
            stored.calibration.current,
            stored.calibration.power,
            stored.calibration.power_max,
        ),
    )


async def read_files(client: Client) -> tuple[dict[str, str], list[str]]:
    """The text files of the device's file system, and what was left out."""
    found: dict[str, str] = {}
    notes: list[str] = []
    folders = [("", 0)]
    while folders:
        folder, depth = folders.pop()
        for entry in await client.files(folder):
            path = f"{folder}/{entry.name}".lstrip("/")
            if entry.folder:
                if depth + 1 < FILE_PARTS:
                    folders.append((path, depth + 1))
                continue
            if entry.size > FILE_ROOM:
                notes.append(f"{path} has {entry.size} bytes and is left out.")
                continue
            data = await client.file(path, entry.size)
            try:
                found[path] = data.decode()
            except UnicodeDecodeError:
                notes.append(f"{path} is no text and is left out.")
    return dict(sorted(found.items())), notes
