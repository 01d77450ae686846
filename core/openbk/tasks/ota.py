"""Update the firmware over HTTP: checked before, sent once and whole, read back before the
restart, proven by what runs after it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from core.bkimage.flashmap import CHIPS
from core.fault import FaultError, Touched
from core.job import Reporter, Result
from core.openbk import faults, history, wire
from core.openbk.carry import restarted, wait_back
from core.openbk.client import UPLOAD_TIMEOUT, Client, Connect
from core.openbk.fleet import on_host
from core.openbk.kept_files import Kept, keep, put_back, put_left_back, saying
from core.openbk.lost import may_switch, switching
from core.openbk.read import Device, read_device
from core.openbk.still import require_same
from core.openbk.tasks.backup import read_piece
from core.openbk.update_file import Update, require_fitting, says
from core.store.files import read
from core.store.store import Store

PHASES = 7
RESTART_TRIES = 3
RESTART_WITHIN = 15.0
POLL = 1.0
PIECE = 0x1000


@dataclass(frozen=True, slots=True, kw_only=True)
class OtaOptions:
    """`image` is the .rbl file; its name as published says chip and version."""

    host: str
    image: Path


async def ota(report: Reporter, options: OtaOptions, *, connect: Connect, store: Store) -> Result:
    """Update one device.  Result: `before` and `after` version, the `proof` in words, `files`
    True when there were files and they were read back equal.

    Raises OBK-FILE, OBK-CHIP, OBK-SHORT, OBK-NOT-BACK, OBK-OLD-VERSION, OBK-UNPROVEN,
    OBK-DIFFERS.
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
    image = await asyncio.to_thread(require_fitting, options.image.name, data, device.chip)
    image.warn(report)
    report.phase("Save the files", 2, PHASES)
    if await put_left_back(report, client, device, store) and image.says(device.info.version):
        return _only_files(device)
    await _ask(report, device, image)
    await require_same(client, device)
    kept = await keep(store, client, device, report.job_id)
    if kept is not None:
        report.note("FILES-SAVED", kept.where)
    sending = "An update was being sent; do not switch the plug off."
    await report.point_of_no_return(f"{sending} {kept.where}" if kept else sending)
    with switching(store, device, device.relays):
        with saying(kept):
            await _send(report, client, device, data)
            there = await _restart(report, client, device, connect, kept)
        try:
            report.phase("Put the files back", 6, PHASES)
            if kept is not None:
                with saying(kept):
                    await put_back(there, kept)
                await kept.forget()
            report.phase("Check", 7, PHASES)
            now = await there.info()
        finally:
            if there is not client:
                await there.close()
    proof = proven(report, device, now, image)
    return {
        "summary": f"{device.name}: {device.info.version} -> {now.version}, {proof}",
        "mac": device.mac,
        "before": device.info.version,
        "after": now.version,
        "proof": proof,
        "files": kept is not None,
    }


def _only_files(device: Device) -> Result:
    version = device.info.version
    return {
        "summary": f"{device.name}: files put back; it runs {version} already, nothing was sent",
        "mac": device.mac,
        "before": version,
        "after": version,
        "proof": "the files were read back equal",
        "files": True,
    }


async def _ask(report: Reporter, device: Device, image: Update) -> None:
    again = (
        "It runs this version already, so the version cannot show whether the update was taken. "
        if image.says(device.info.version)
        else ""
    )
    await report.confirm(
        may_switch(
            "ota",
            f"Update {device.name} ({device.mac}) from {device.info.version} to {image.title}. "
            f"{again}Do not switch the plug off meanwhile. Its relay switches while it restarts.",
        )
    )


async def _send(report: Reporter, client: Client, device: Device, data: bytes) -> None:
    """Upload, and read every byte of it back before anything restarts."""
    report.phase("Send", 3, PHASES)
    waiting: list[asyncio.Task[None]] = []

    def sent(done: int, total: int) -> None:
        report.progress(done, total)
        if done == total and not waiting:
            waiting.append(asyncio.ensure_future(_writing(report)))

    try:
        taken = await client.upload("/api/ota", data, sent)
    except FaultError as error:
        raise _not_complete(f"The upload was not answered: {error.fault.what}") from error
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    if taken != len(data):
        raise _not_complete(f"{client.host} took {taken} of {len(data)} bytes of the update.")
    report.phase("Read it back", 4, PHASES)
    start = CHIPS[device.chip[-1].lower()].download
    for at in range(0, len(data), PIECE):
        want = data[at : at + PIECE]
        try:
            found = await read_piece(client, start + at)
        except FaultError as error:
            raise _not_complete(f"It could not be read back: {error.fault.what}") from error
        if found[: len(want)] != want:
            raise _not_complete(
                f"{client.host} says that it took the update, and 0x{start + at:X} reads back "
                "other bytes than were sent."
            )
        report.progress(min(at + PIECE, len(data)), len(data))


async def _writing(report: Reporter) -> None:
    """While the device writes what this computer has handed over: its network holds the rest."""
    report.note("OTA-SENT", "Sent; waiting until the device has written it.")
    report.phase("Sent, the device writes it", 3, PHASES)
    for seconds in range(int(UPLOAD_TIMEOUT)):
        report.progress(seconds, int(UPLOAD_TIMEOUT), unit="s")
        await asyncio.sleep(1.0)


def _not_complete(what: str) -> FaultError:
    return faults.SHORT(
        what=what,
        cause="The connection was disturbed.",
        next="Do not restart the device. Repeat the same command.",
        state="The old firmware runs; the update is not complete and not installed.",
        touched=Touched.PARTIAL,
    )


async def _restart(
    report: Reporter, client: Client, device: Device, connect: Connect, kept: Kept | None
) -> Client:
    """Ask for the restart and find the device again.  A lost answer is no failure: what counts is
    whether it restarts.  With files to put back no stop ends the wait: it is short, and they are
    lost otherwise.  Raises OBK-NOT-BACK, STOPPED."""
    report.phase("Restart", 5, PHASES)
    loop = asyncio.get_running_loop()
    asked = loop.time()
    for tries in range(1, RESTART_TRIES + 1):
        asked_now = loop.time()
        try:
            await client.reboot()
            break
        except FaultError as error:
            if error.fault.code not in (faults.BROKEN.code, faults.SILENT.code):
                raise
            report.note("OTA-RESTART", "The restart was not answered; looking whether it came.")
        while loop.time() < asked_now + RESTART_WITHIN:
            await asyncio.sleep(POLL)
            if await restarted(client, device.mac, device.info.uptime + loop.time() - asked):
                return client
        if tries == RESTART_TRIES or not await _answers(client):
            break
        report.note("OTA-RESTART", "It did not restart; asking once more.")
    back = wait_back(client, device, asked_now, connect, moves=False)
    return await (back if kept is not None else report.waiting(back))


async def _answers(client: Client) -> bool:
    try:
        await client.info()
    except FaultError:
        return False
    return True


def proven(report: Reporter, device: Device, now: wire.Info, image: Update) -> str:
    """What proves that the update runs, in words.  Raises OBK-OLD-VERSION, OBK-UNPROVEN,
    OBK-DIFFERS when nothing does."""
    before = device.info
    if now.version == before.version and now.build != before.build:
        return f"proven by its build: {now.build}"
    if now.version == before.version:
        raise _unproven(device) if image.says(now.version) else _old_version(device)
    if not image.versions:
        return "proven by the version, which is another than before"
    if not image.says(now.version):
        raise faults.DIFFERS(
            what=f"{device.name} came back with {now.version}; the file is {image.title}.",
            cause="The file is another version than it says, or something else was installed.",
            next="Look at the device, then at where the file came from.",
            state=f"It runs {now.version}; before it ran {before.version}.",
            touched=Touched.COMPLETE,
            command=("wattbench", "openbk", "show", device.host),
        )
    if image.named and not says(image.named, now.version):
        report.warn(
            "OTA-NAME",
            f"The file is named {image.named} and holds {now.version}; it was installed as that.",
        )
    return "proven by the version"


def _unproven(device: Device) -> FaultError:
    return faults.UNPROVEN(
        what=f"{device.name} restarted and runs {device.info.version} of the same build, as "
        "before.",
        cause="The file holds the version that ran already: whether it was taken cannot be told "
        "from the version.",
        next="Nothing needs to be done. To see an update being taken, send another version.",
        state="The update was written and read back equal, and the device restarted; which copy "
        "of this version runs is not known.",
        touched=Touched.COMPLETE,
    )


def _old_version(device: Device) -> FaultError:
    return faults.OLD_VERSION(
        what=f"{device.name} came back with {device.info.version}, as before.",
        cause="The boot loader did not take the update, mostly because drivers disturbed it.",
        next="Stop the drivers (stopDriver *) and try once more; else update over the serial line.",
        state="The old firmware runs with its configuration.",
        touched=Touched.PARTIAL,
        command=("wattbench", "plug", "flash"),
    )
