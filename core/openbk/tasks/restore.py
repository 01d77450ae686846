"""Bring a configuration back: by its values, or byte for byte with a power cut (rulings O7)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote

from core.events import Question
from core.fault import FaultError, Touched
from core.job import Reporter, Result
from core.openbk import faults, history, wire
from core.openbk.client import Client, Connect
from core.openbk.difference import complete
from core.openbk.fleet import on_host
from core.openbk.foreign import Origin
from core.openbk.in_file import MAC_AT, MAC_SIZE, owner_of
from core.openbk.kept_files import ENDING, put_file_back
from core.openbk.lost import switching
from core.openbk.read import Device, read_device
from core.openbk.still import require_same
from core.openbk.tasks.apply import ApplyOptions, apply
from core.profile.block import Block
from core.profile.in_dump import Place, find
from core.profile.model import Calibration, Profile
from core.store.files import read
from core.store.store import Store

PHASES = 4
COUNTED, UNCOUNTED = 0x010, 0x014
"""Where a configuration counts its changes and updates (HTTP sheet 13.1)."""
BACK_WITHIN = 600.0
POLL = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions:
    """`backup` is a flash dump or a configuration sector; `raw` writes its bytes instead of
    its values."""

    host: str
    backup: Path
    raw: bool = False


async def restore(
    report: Reporter, options: RestoreOptions, *, connect: Connect, store: Store
) -> Result:
    """Restore the configuration in a backup.  Result: as `apply` with the paths that are
    `left_out`, and of the secrets that the backup does not have (`emptied`); for `raw` the place.

    One of another device is asked for by typing the MAC.  Raises OBK-FILE, OBK-CHIP and what
    applying raises.
    """
    data = await asyncio.to_thread(read, options.backup)
    if options.raw:
        return await on_host(
            connect, options.host, lambda client: _raw(report, client, data, options, store)
        )
    profile = config_profile(data, options.backup.name)
    report.phase("Read", 1, PHASES)
    tell_other(report, config_place(data, options.backup.name), options.backup.name)
    device = await on_host(connect, options.host, read_device)
    origin = origin_of(data, options.backup, device.mac, device.profile)
    for text in origin.losses(_factors_back(options)):
        report.warn("LEFT-OUT", text)
    if origin.foreign:
        await report.confirm(origin.question())
    result = await apply(
        report,
        ApplyOptions(hosts=(options.host,), profile=profile, taking_over=origin.foreign),
        connect=connect,
        store=store,
    )
    return {**result, "left_out": origin.factors, "emptied": origin.emptied}


def _factors_back(options: RestoreOptions) -> str:
    backup = quote(str(options.backup))
    return (
        f"Put them back with `wattbench openbk export {backup} --out factors.toml` and "
        f"`wattbench openbk calibrate {options.host} --factors factors.toml`."
    )


def config_place(data: bytes, name: str) -> Place:
    """The configuration in a dump or a bare sector.  Raises OBK-FILE when there is none."""
    try:
        return find(data)
    except FaultError as error:
        raise faults.FILE(
            what=f"{name}: {error.fault.what}", cause=error.fault.cause, next=error.fault.next
        ) from error


def tell_other(report: Reporter, place: Place, name: str) -> None:
    """Two configurations in one dump: which one is taken, and why."""
    if place.other:
        report.warn(
            "TWO-CONFIGURATIONS",
            f"{name} also holds a configuration where a {place.other.upper()} keeps it. The one of "
            f"the {place.chip.upper()} is taken: its radio calibration lies beside it.",
        )


def origin_of(data: bytes, backup: Path, mac: str, now: Profile) -> Origin:
    """Whose configuration the bytes of `backup` are, beside the device that has `mac` and `now`.
    Raises OBK-FILE."""
    inside = config_place(data, backup.name).block.profile()
    return Origin(backup.name, owner_of(data, backup.absolute()), mac, inside, now)


def config_profile(data: bytes, name: str) -> Profile:
    """The values in a dump's configuration, free pins included; factors are left out, they cannot
    be sent."""
    profile = complete(config_place(data, name).block.profile())
    return replace(profile, calibration=Calibration())


async def _raw(
    report: Reporter, client: Client, data: bytes, options: RestoreOptions, store: Store
) -> Result:
    report.phase("Read", 1, PHASES)
    device = await read_device(client)
    await history.keep(store, device, "before")
    if options.backup.suffix == ENDING:
        await put_file_back(report, client, device, options.backup, data)
        summary = f"{device.name}: files put back, read back equal"
        return {"summary": summary, "mac": device.mac, "identical": True}
    found = config_place(data, options.backup.name)
    tell_other(report, found, options.backup.name)
    place = wire.CONFIG_AT.get(device.chip)
    if place is None or (found.chip and found.chip.upper() != device.chip):
        raise faults.WRONG_CHIP(
            what=f"{options.backup.name} is of a {found.chip}, the device is a {device.chip}.",
            cause="The sector lies elsewhere on this chip.",
            next="Restore without --raw: values fit every chip.",
        )
    sector = found.block.sector()
    report.phase("Ask", 2, PHASES)
    origin = origin_of(data, options.backup, device.mac, device.profile)
    if origin.foreign:
        await report.confirm(origin.question())
    await report.confirm(
        Question(
            "raw-restore",
            f"Write the configuration sector of {device.name} ({device.mac}) at 0x{place:X}? Its "
            "power must be cut right after: a restart by software would lose it. What hangs on "
            "the plug will lose power, too.",
        )
    )
    await require_same(client, device)
    await report.point_of_no_return("The configuration sector may be half written.")
    report.phase("Write", 3, PHASES)
    with switching(store, device, device.relays):
        await write_sector(client, place, sector)
        report.phase("Power cut", 4, PHASES)
        report.note("CUT-POWER", "Pull the plug now, wait 3 s, and plug it in again.")
        web = found.block.profile().wifi.web_password
        passwords = {client.password, web.value if web else ""}
        macs = {device.mac, mac_in(sector)}
        await report.waiting(_until_cut(client, device, passwords, macs))
        require_restored(device, place, await _after(client, device, place), sector)
    return {
        "summary": f"{device.name}: configuration sector restored, read back after the power cut",
        "mac": device.mac,
        "start": place,
        "identical": True,
    }


async def _after(client: Client, device: Device, place: int) -> bytes:
    """The sector as the device has it after its start.  Raises OBK-HALF-SENT."""
    try:
        return await client.flash(place, wire.CONFIG_SIZE)
    except FaultError as error:
        raise faults.HALF(
            what=f"{device.name} started anew and could not be read back: {error.fault.what}",
            cause=error.fault.cause,
            next="Look at the device's configuration.",
            state="The sector was written; what the device made of it was not read back.",
            touched=Touched.UNKNOWN,
            command=("wattbench", "openbk", "show", client.host),
        ) from error


def mac_in(sector: bytes) -> str:
    """The MAC in a configuration, which the device may take for its own."""
    return wire.normal_mac(sector[MAC_AT : MAC_AT + MAC_SIZE].hex())


def require_restored(device: Device, place: int, after: bytes, sector: bytes) -> None:
    """Raise OBK-DIFFERS when the device came back with another configuration."""
    if same_settings(after, sector):
        return
    lost = same_settings(after, device.sector)
    raise faults.DIFFERS(
        what=f"{device.name} started anew, and its sector at 0x{place:X} "
        + ("holds the configuration from before." if lost else "is not the one that was written."),
        cause="It was restarted by software before its power was cut: it then saves its memory "
        "over the restored sector."
        if lost
        else "Something was changed or saved between the write and the power cut.",
        next="Repeat the same command, and then only pull the plug: no restart from a page, no "
        "command, no update.",
        state="The configuration was not restored; the device runs on the one from before."
        if lost
        else "The configuration was not restored as it is in the backup.",
        touched=Touched.COMPLETE,
        command=("wattbench", "openbk", "show", device.host),
    )


async def write_sector(client: Client, place: int, sector: bytes) -> None:
    """Write exactly one sector and read it back.  Raises OBK-SHORT, OBK-DIFFERS."""
    taken = await client.upload(f"/api/flash/{place:x}", sector)
    if taken != len(sector) or await client.flash(place, len(sector)) != sector:
        raise faults.DIFFERS(
            what=f"The sector at 0x{place:X} reads back other bytes than were sent.",
            cause="The connection was disturbed while it was written.",
            next="Do not cut the power. Repeat the same command.",
            state="The device still runs on its old configuration, from memory.",
            touched=Touched.PARTIAL,
        )


def same_settings(after: bytes, sector: bytes) -> bool:
    """True when both hold the same configuration; the device counts its changes in there."""
    if after[4:COUNTED] + after[UNCOUNTED:] == sector[4:COUNTED] + sector[UNCOUNTED:]:
        return True
    try:
        return Block.parse(after).profile() == Block.parse(sector).profile()
    except FaultError:
        return False


async def _until_cut(
    client: Client, device: Device, passwords: Collection[str], macs: Collection[str]
) -> None:
    """Return when the device, known by its MAC, answers with an uptime that began anew; it may
    have the old password still, or the restored one.  Raises OBK-NOT-BACK."""
    loop = asyncio.get_running_loop()
    began, uptime, stranger = loop.time(), device.info.uptime, ""
    while loop.time() - began < BACK_WITHIN:
        await asyncio.sleep(POLL)
        for password in sorted(passwords):
            client.password = password
            try:
                info = await client.info()
            except FaultError as error:
                if error.fault.code == faults.PASSWORD.code:
                    continue
                break
            if device.mac and info.mac and info.mac not in macs:
                stranger = info.mac
            elif info.uptime + 3 < uptime + loop.time() - began:
                return
            break
    if stranger:
        raise faults.GONE(
            what=f"{client.host} was not seen switched off and on; {stranger} answers there now.",
            cause="Another device got the address while the plug was without power.",
            next=f"Find {device.mac} by its MAC, and look at its configuration.",
            state="The sector is written; whether it counts was not read back.",
            touched=Touched.UNKNOWN,
            command=("wattbench", "openbk", "find"),
        )
    raise faults.GONE(
        what=f"{client.host} was not switched off and on within {BACK_WITHIN:.0f} s.",
        cause="The plug was not pulled, or it has another address with the restored Wi-Fi.",
        next="Pull the plug now, without any restart before; then look for it.",
        state="The sector is written; it counts after a power cut only.",
        touched=Touched.COMPLETE,
        command=("wattbench", "openbk", "find"),
    )
