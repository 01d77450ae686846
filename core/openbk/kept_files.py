"""A device's file system kept on disk while an update may take it (HTTP sheet 12).

The block lies beside the device's history until it was read back equal from the device.  Whatever
ends a job in between, the next update of that device puts it back first.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shlex import quote

from core.events import Question
from core.fault import FaultError, Touched
from core.job import Reporter
from core.openbk import faults, wire
from core.openbk.client import Client
from core.openbk.read import Device
from core.openbk.still import require_same
from core.store.clock import stamp
from core.store.files import disk, free, read
from core.store.store import Store

BLOCK = "/api/fsblock"
ENDING = ".lfs"
LISTED = "files_saved"
LARGEST = 1 << 20
PUT_BACK_TRIES = 3
PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Kept:
    """The bytes of a file system, and where they lie."""

    path: Path
    block: bytes

    @property
    def where(self) -> str:
        """Where it is and how it is put back, for people."""
        return (
            f"The device's files are saved in {self.path}; the next update of this device puts "
            f"them back first, and so does `wattbench openbk restore HOST --raw --backup "
            f"{quote(str(self.path))}`."
        )

    def said_in(self, error: FaultError) -> FaultError:
        """The same fault, which also says where the files are."""
        fault = error.fault
        return FaultError(replace(fault, state=f"{fault.state} {self.where}"))

    async def forget(self) -> None:
        """The device has them again.  Raises STORE-*."""

        def remove() -> None:
            with disk(self.path):
                self.path.unlink(missing_ok=True)

        await asyncio.to_thread(remove)


@contextmanager
def saying(kept: Kept | None) -> Iterator[None]:
    """A fault in the block also says where the files are."""
    try:
        yield
    except FaultError as error:
        if kept is None:
            raise
        raise kept.said_in(error) from error


async def keep(store: Store, client: Client, device: Device, job_id: str) -> Kept | None:
    """Save the device's file system; None when it has no files.  Raises STORE-*, OBK-*."""
    present = await client.files()
    if not present:
        return None
    block = await client.raw(BLOCK)
    path = _path(store, device.mac)
    if path is None:
        path = store.devices.root / f"unknown-{job_id}{ENDING}"
    else:
        await asyncio.to_thread(
            partial(store.devices.remember, device.mac, **{LISTED: _of(present)})
        )
    await asyncio.to_thread(store.files.write, path, block)
    return Kept(path, block)


def _of(present: Iterable[wire.Entry]) -> str:
    """What lies in the root folder, as a digest: an upload that broke off damages files without
    changing it."""
    return hashlib.sha256(repr(sorted(present)).encode("utf-8", "backslashreplace")).hexdigest()


async def left(store: Store, device: Device) -> Kept | None:
    """What an earlier update of this very device did not put back.  Raises STORE-*."""
    path = _path(store, device.mac)
    if path is None or not await asyncio.to_thread(path.is_file):
        return None
    return Kept(path, await asyncio.to_thread(read, path, LARGEST))


async def put_left_back(report: Reporter, client: Client, device: Device, store: Store) -> bool:
    """Put back what an earlier update lost, if the device has no other files by now; True when it
    was.  Raises DECLINED, OBK-DIFFERS, READ-ONLY."""
    kept = await left(store, device)
    if kept is None:
        return False
    present = await client.files()
    if present and await client.raw(BLOCK) == kept.block:
        await kept.forget()
        return False
    newer = bool(present) and _of(present) != store.devices.head(device.mac).get(LISTED)
    if newer and not await _replace(report, device, [entry.name for entry in present]):
        aside = free(kept.path.with_name(f"{kept.path.stem}-{stamp(store.now())}{ENDING}"))
        await asyncio.to_thread(_rename, kept.path, aside)
        report.warn(
            "OTA-FILES",
            "An earlier update saved this device's files, and it has other files now. The saved "
            f"ones were not put back; they are in {aside}.",
        )
        return False
    if not newer:
        await _ask(report, device)
    await require_same(client, device)
    await report.point_of_no_return(f"Files were being put back. {kept.where}")
    with saying(kept):
        await put_back(client, kept)
    await kept.forget()
    report.note("FILES-BACK", "The files that an earlier update took are back, read back equal.")
    return True


async def _ask(report: Reporter, device: Device) -> None:
    await report.confirm(
        Question(
            "files-back",
            f"An earlier update of {device.name} ({device.mac}) did not put its files back. Put "
            "the saved ones back now?",
        )
    )


async def _replace(report: Reporter, device: Device, names: list[str]) -> bool:
    """Whether the saved files go over others; somebody may have written those since."""
    answer = await report.ask(
        Question(
            "files-replace",
            f"An earlier update of {device.name} ({device.mac}) saved its files. It has others "
            f"now: {', '.join(names)[:200]}. Put the saved ones over them?",
            assumed="no",
        )
    )
    return answer == "yes"


async def put_back(client: Client, kept: Kept) -> None:
    """Send the file system and read it back; only with the size just read (rulings O7).

    Raises OBK-DIFFERS, OBK-BROKEN and so on.
    """
    for tries in range(1, PUT_BACK_TRIES + 1):
        present = await client.raw(BLOCK)
        if present == kept.block:
            return
        if len(present) != len(kept.block):
            raise _differs(
                f"{client.host}: the file system has another size now ({len(present)}, was "
                f"{len(kept.block)}).",
                "This firmware divides the flash in another way.",
            )
        try:
            await client.upload(BLOCK, kept.block)
        except FaultError as error:  # perhaps only its answer was lost: it is read back
            if error.fault.code != faults.BROKEN.code or tries == PUT_BACK_TRIES:
                raise
            await asyncio.sleep(PAUSE)
    if await client.raw(BLOCK) != kept.block:
        raise _differs(
            f"{client.host}: the file system reads back other bytes than were sent.",
            "The connection was disturbed, or a script on the device writes files.",
        )


async def put_file_back(
    report: Reporter, client: Client, device: Device, path: Path, block: bytes
) -> None:
    """Put a saved file system back that a person names.  Raises OBK-OTHER-DEVICE, DECLINED,
    OBK-DIFFERS."""
    owner = re.match(r"[0-9a-f]{12}(?![0-9a-z])", path.stem)
    if owner and device.mac and owner[0] != device.mac.replace(":", "").lower():
        raise faults.OTHER_DEVICE(
            what=f"{path.name} was saved from {owner[0].upper()}, the device is {device.mac}.",
            cause="The file of another device was chosen.",
            next="Choose the file that is named by this device's MAC.",
        )
    kept = Kept(path, block)
    await report.confirm(
        Question(
            "files-back",
            f"Put the files saved in {path.name} over those of {device.name} ({device.mac})?",
        )
    )
    await require_same(client, device)
    await report.point_of_no_return(f"Files were being put back. {kept.where}")
    with saying(kept):
        await put_back(client, kept)


def _differs(what: str, cause: str) -> FaultError:
    return faults.DIFFERS(
        what=what,
        cause=cause,
        next="Put the files back as said below, or write them anew from a profile.",
        state="The firmware runs; its files are not as they were.",
        touched=Touched.PARTIAL,
    )


def _path(store: Store, mac: str) -> Path | None:
    return store.devices.path(mac).with_suffix(ENDING) if mac else None


def _rename(path: Path, to: Path) -> None:
    with disk(path):
        path.replace(to)
