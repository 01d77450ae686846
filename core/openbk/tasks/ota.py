"""Update the firmware over HTTP: checked before, sent once and whole, proven by the version."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from core.bkimage.faults import OTA as not_for_the_wire
from core.bkimage.image import Image, Kind
from core.bkimage.image import identify as judge
from core.events import Question
from core.fault import FaultError, Touched
from core.job import Reporter, Result
from core.openbk import faults, history, wire
from core.openbk.carry import wait_back
from core.openbk.client import Client, Connect
from core.openbk.fleet import on_host
from core.openbk.lost import switching
from core.openbk.read import Device, read_device
from core.openbk.still import require_same
from core.store.files import read
from core.store.store import Store

PHASES = 6
LFS_SIZE = 0x8000
NAME = re.compile(r"Open(BK7231[A-Z]+)_([0-9A-Za-z._]+)\.rbl")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtaOptions:
    """`image` is the .rbl file; its name as published says chip and version."""

    host: str
    image: Path


async def ota(report: Reporter, options: OtaOptions, *, connect: Connect, store: Store) -> Result:
    """Update one device.  Result: `before` and `after` version, `files` put back.

    Raises OBK-FILE, OBK-CHIP, OBK-SHORT, OBK-NOT-BACK, OBK-OLD-VERSION.
    """
    data = await asyncio.to_thread(read, options.image)
    return await on_host(
        connect, options.host, lambda client: _ota(report, client, options, data, connect, store)
    )


async def _ota(
    report: Reporter,
    client: Client,
    options: OtaOptions,
    data: bytes,
    connect: Connect,
    store: Store,
) -> Result:
    report.phase("Read", 1, PHASES)
    device = await read_device(client)
    await history.keep(store, device, "before")
    version = await asyncio.to_thread(require_fitting, options.image.name, data, device.chip)
    if not version:
        report.warn("OTA-NAME", "The file's name does not say chip and version; check its source.")
    report.phase("Save the files", 2, PHASES)
    before = await client.files()
    block = await client.raw("/api/fsblock") if before else b""
    await _ask(report, device, options.image.name, version)
    await require_same(client, device)
    await report.point_of_no_return("An update was being sent; do not switch the plug off.")
    with switching(store, device, device.relays):
        report.phase("Send", 3, PHASES)
        await _send(report, client, data)
        report.phase("Restart", 4, PHASES)
        asked = asyncio.get_running_loop().time()
        await client.reboot()
        there = await report.waiting(wait_back(client, device, asked, connect, moves=False))
        try:
            report.phase("Put the files back", 5, PHASES)
            files = await _put_back(report, there, before, block)
            report.phase("Check", 6, PHASES)
            now = await there.info()
        finally:
            if there is not client:
                await there.close()
    if now.version == device.info.version and version != device.info.version:
        raise _old_version(device)
    return {
        "summary": f"{device.name}: {device.info.version} -> {now.version}",
        "mac": device.mac,
        "before": device.info.version,
        "after": now.version,
        "files": files,
    }


def require_fitting(name: str, data: bytes, chip: str) -> str:
    """The version in the file's name, or nothing.  Raises OBK-FILE, OBK-CHIP."""
    room = wire.OTA_ROOM.get(chip)
    image = judge(data)
    wrong = ""
    if image.kind is not Kind.OTA or data[:3] != b"RBL":
        wrong = f"{name} is {image.title}, not an update (.rbl)."
    elif room is None:
        wrong = f"Updates of a {chip} are not known here."
    elif len(data) > room:
        wrong = f"{name} has {len(data)} bytes; the {chip} has room for {room}."
    else:
        damage = [p.text for p in image.problems if p.kind is not not_for_the_wire]
        wrong = f"{name} is damaged: {damage[0]}" if damage else ""
    if wrong:
        raise faults.FILE(
            what=wrong,
            cause="Another file was chosen, or it was not downloaded whole.",
            next=f"Take Open{chip}_<version>.rbl.",
        )
    return _require_chip(name, image, chip)


def _require_chip(name: str, image: Image, chip: str) -> str:
    found = NAME.fullmatch(name)
    by_content = f"BK7231{image.chip.upper()}" if image.chip else ""
    for other in (found.group(1) if found else "", by_content):
        if other and other != chip:
            raise faults.WRONG_CHIP(
                what=f"{name} is for a {other}, the device is a {chip}.",
                cause="Firmware of another chip can make the device unusable.",
                next=f"Take Open{chip}_<version>.rbl.",
            )
    return found.group(2) if found else ""


async def _ask(report: Reporter, device: Device, name: str, version: str) -> None:
    await report.confirm(
        Question(
            "ota",
            f"Update {device.name} ({device.mac}) from {device.info.version} to {version or name}? "
            "Its relay switches while it restarts. What hangs on it? Nothing that must not lose "
            "power, such as this computer or its router. Do not switch the plug off meanwhile.",
        )
    )


async def _send(report: Reporter, client: Client, data: bytes) -> None:
    taken = await client.upload("/api/ota", data, report.progress)
    if taken != len(data):
        raise faults.SHORT(
            what=f"{client.host} took {taken} of {len(data)} bytes of the update.",
            cause="The connection was disturbed.",
            next="Do not restart the device. Repeat the same command.",
            state="The old firmware runs; the update is not complete and not installed.",
            touched=Touched.PARTIAL,
        )


async def _put_back(
    report: Reporter, client: Client, before: tuple[wire.Entry, ...], block: bytes
) -> int:
    """The saved file system, where the update took it; only with the size just read (O7)."""
    if not block or set(before) <= set(await client.files()):
        return 0
    present = await client.raw("/api/fsblock")
    if len(present) != len(block):
        report.warn(
            "OTA-FILES",
            f"The file system has another size now ({len(present)}, was {len(block)}); the files "
            "are in the history, apply them from there.",
        )
        return 0
    await client.upload("/api/fsblock", block)
    return len(before)


def _old_version(device: Device) -> FaultError:
    return faults.OLD_VERSION(
        what=f"{device.name} came back with {device.info.version}, as before.",
        cause="The boot loader did not take the update, mostly because drivers disturbed it.",
        next="Stop the drivers (stopDriver *) and try once more; else update over the serial line.",
        state="The old firmware runs with its configuration.",
        touched=Touched.PARTIAL,
        command=("wattbench", "plug", "flash"),
    )
