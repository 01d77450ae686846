"""A backup of the flash over HTTP: copied, which is less than proven (rulings O8)."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from core.bkimage import backup as judge
from core.fault import FaultError
from core.job import Reporter, Result
from core.openbk import faults, history, wire
from core.openbk.client import Client, Connect
from core.openbk.fleet import on_host
from core.openbk.read import identify, read_device
from core.store.backups import Part, SidecarFacts
from core.store.clock import stamp
from core.store.store import Store

PIECE = 0x1000
TRIES = 10
PHASES = 3
COPIED = "It was copied over HTTP: no checksum of the chip proves it."


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOptions:
    """`host` as typed; the whole flash is read, or with `sector` its configuration alone."""

    host: str
    sector: bool = False


async def backup(
    report: Reporter, options: BackupOptions, *, connect: Connect, store: Store
) -> Result:
    """Copy the whole flash and keep the configuration; changes nothing.

    Result: file, sha256, marks.  The backup is never `true`: it opens an erase only after the
    chip's own checksums agreed with it.  Raises OBK-SHORT, OBK-BROKEN, STORE-*.
    """
    work = _sector if options.sector else _backup
    return await on_host(connect, options.host, lambda client: work(report, client, store))


async def _sector(report: Reporter, client: Client, store: Store) -> Result:
    """The configuration sector in a file of its own, which `restore` takes."""
    report.phase("Read the configuration", 1, 1)
    device = await read_device(client)
    await history.keep(store, device, "read")
    if not device.sector:
        raise faults.WRONG_CHIP(
            what=f"Where a {device.chip} keeps its configuration is not known.",
            cause="Only BK7231N and BK7231T are.",
            next="Export it as a profile.",
            command=("wattbench", "openbk", "export", client.host),
        )
    name = device.mac.replace(":", "").lower() or "unknown"
    stamped = f"{stamp(store.now())}-{device.chip.lower()}-config.sector"
    path = store.home / "backups" / name / stamped
    await asyncio.to_thread(store.files.write, path, device.sector)
    return {
        "summary": f"Configuration sector of {device.name}: {path.name}",
        "mac": device.mac,
        "size": len(device.sector),
        "file": str(path),
        "sha256": hashlib.sha256(device.sector).hexdigest(),
    }


async def _backup(report: Reporter, client: Client, store: Store) -> Result:
    report.phase("Read the configuration", 1, PHASES)
    await identify(client)
    device = await read_device(client)
    await history.keep(store, device, "read")
    report.phase("Copy the flash", 2, PHASES)
    part = store.backups.begin(device.mac or None, device.chip.lower(), wire.FLASH_SIZE)
    try:
        data = await copy_flash(report, client, part)
        report.phase("Keep", 3, PHASES)
        info = await asyncio.to_thread(judge.examine, data)
        kept = await part.finish(
            SidecarFacts(
                chip=device.chip.lower(),
                flash_id="",
                mac=device.mac,
                size=len(data),
                true=False,
                whole=info.whole,
                reasons=(COPIED, *info.reasons),
                chip_crc="",
                source="HTTP",
            )
        )
    finally:
        part.close()
    return {
        "summary": f"Copy {kept.path.name} of {device.name}: not proven by the chip",
        "chip": kept.facts.chip,
        "mac": kept.facts.mac,
        "size": kept.facts.size,
        "file": str(kept.path),
        "sha256": kept.sha256,
        "true": False,
        "whole": kept.facts.whole,
        "reasons": list(kept.facts.reasons),
    }


async def copy_flash(report: Reporter, client: Client, part: Part) -> bytes:
    """Every sector, each with its length checked and up to ten tries."""
    data = bytearray()
    for at in range(0, wire.FLASH_SIZE, PIECE):
        piece = await read_piece(client, at)
        await part.write(at, piece)
        part.mark(at // PIECE, "r")
        data += piece
        report.progress(len(data), wire.FLASH_SIZE)
    return bytes(data)


async def read_piece(client: Client, start: int) -> bytes:
    """One sector of flash.  Raises the last fault after ten tries."""
    retried = (faults.BROKEN.code, faults.SHORT.code, faults.SILENT.code)
    for tries in range(1, TRIES + 1):
        try:
            return await client.flash(start, PIECE)
        except FaultError as error:
            if error.fault.code not in retried or tries == TRIES:
                raise
            await asyncio.sleep(0.3 * tries)
    raise AssertionError("unreachable")
