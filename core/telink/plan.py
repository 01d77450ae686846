"""What a job on the module will do, and the permission to do it.

Everything that could make a write a mistake is refused here, before the first erase.  Only this
module makes a `Permit`.  Source: rulings T2, T3; TLSRPGM sheet 5.5.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from core.events import Question
from core.fault import FaultError
from core.store.backups import Backup
from core.telink import faults
from core.telink.identify import CHIP, Module
from core.telink.permit import _SEAL, Permit
from core.tlimage import image as images
from core.tlimage import ring
from core.tlimage.flashmap import (
    BANK_SIZE,
    BOOTABLE_SIZES,
    IDENTITY,
    RING,
    SECTOR,
    SETTINGS,
    untouchable,
    writable,
)
from core.tlimage.image import Image

FLASH, RESTORE, WIPE = "flash", "restore", "wipe"


@dataclass(frozen=True, slots=True)
class Plan:
    """One change of the flash, complete.

    `target` has the wanted bytes of each of `ranges`, one after the other; `known` is the flash
    as it is now when a backup was just taken, else empty: then every sector is asked for first.
    """

    kind: str
    title: str
    module: Module
    backup: str
    backup_sha256: str
    ranges: tuple[tuple[int, int], ...]
    target: bytes
    known: bytes
    permit: Permit

    @property
    def sectors(self) -> tuple[int, ...]:
        """Addresses of all sectors that are planned, lowest first."""
        return tuple(at for start, end in self.ranges for at in range(start, end, SECTOR))

    def wanted(self, at: int) -> bytes:
        """What the sector at `at` shall hold."""
        found = self._from(at)
        if found is None:
            raise KeyError(at)
        return found[:SECTOR]

    def _from(self, at: int) -> bytes | None:
        """What is wanted from `at` to the end of the range that holds it; None where none does."""
        offset = 0
        for start, end in self.ranges:
            if start <= at < end:
                return self.target[offset + at - start : offset + end - start]
            offset += end - start
        return None

    @property
    def outcome(self) -> Module:
        """The module as it is once the plan is carried out."""
        banks = []
        for bank in self.module.banks:
            planned = self._from(bank.base)
            found = bank if planned is None else images.bank(planned[:BANK_SIZE], bank.base)
            banks.append(found)
        planned = self._from(RING.start)
        settings = self.module.settings if planned is None else ring.newest(planned)
        return replace(self.module, banks=tuple(banks), settings=settings)

    @property
    def lines(self) -> tuple[str, ...]:
        """The plan for people, one line a range."""
        verb = "erase       " if self.kind == WIPE else "erase, write"
        found = [
            (start, f"{verb} {text_of(start, end)}  {self.title}") for start, end in self.ranges
        ]
        found += [(start, f"keep         {text_of(start, end)}  {name}") for start, end, name in
                  self._kept()]  # fmt: skip
        return tuple(text for _, text in sorted(found))

    def _kept(self) -> list[tuple[int, int, str]]:
        """The rest of the flash, by what lies there."""
        size = self.module.size
        names = [
            (0, BANK_SIZE, "first boot bank"),
            (BANK_SIZE, 2 * BANK_SIZE, "second boot bank"),
            (SETTINGS.start, SETTINGS.end, SETTINGS.name),
            *((r.start, r.end, f"{r.name} (never touched)") for r in untouchable(size)),
            *((a, b, "unused") for a, b in writable(size)[1:]),
        ]
        found = []
        for start, end, name in names:
            at = start
            for a, b in self.ranges:
                if a < end and b > at:
                    if a > at:
                        found.append((at, a, f"rest of {name}"))
                    at = max(at, b)
            if at < end:
                found.append((at, end, name if at == start else f"rest of {name}"))
        return found

    @property
    def question(self) -> Question:
        """The consent that the plan needs; to lose settings the MAC has to be typed."""
        loses = {
            WIPE: "Meter address, encryption key, period and pairing are erased. ",
            RESTORE: "The module goes back to what it was when the backup was made. ",
        }.get(self.kind, "")
        text = "\n".join((*self.lines, f"Backup: {self.backup}", f"{loses}Write this now?"))
        if self.kind != WIPE:
            return Question("write-plan", text)
        return Question("wipe-plan", text, expect=self.module.mac or "wipe", flag="--confirm")

    def to_json(self) -> dict[str, Any]:
        """For `plan.json` and the screen; no secrets."""
        module = self.module
        return {
            "kind": self.kind,
            "title": self.title,
            "chip": CHIP,
            "mac": module.mac,
            "flash_id": module.flash_id,
            "uid": module.uid,
            "size": module.size,
            "identity_sha256": hashlib.sha256(module.identity).hexdigest(),
            "ranges": [list(pair) for pair in self.ranges],
            "target_sha256": hashlib.sha256(self.target).hexdigest(),
            "backup": self.backup,
            "backup_sha256": self.backup_sha256,
            "lines": list(self.lines),
        }


def text_of(start: int, end: int) -> str:
    """A range as people read it, both ends counted in."""
    return f"0x{start:06X}-0x{end - 1:06X}"


def flash_plan(module: Module, backup: Backup, data: bytes, image: Image, *, fresh: bool) -> Plan:
    """The plan to write `image` to the first boot bank: only the sectors that it needs.

    `data` is what `backup` holds; `fresh` says that it was read from this module a moment ago.
    Raises TL-SIZE, TL-NOT-TRUE, TL-FOREIGN.
    """
    require_backup(module, backup, data, fresh=fresh)
    end = -(-len(image.data) // SECTOR) * SECTOR
    target = image.data.ljust(end, b"\xff")
    return _plan(FLASH, image.title, module, backup, ((0, end),), target, data if fresh else b"")


def wipe_plan(module: Module, backup: Backup, data: bytes, *, fresh: bool) -> Plan:
    """The plan to erase configuration and pairing, and nothing else."""
    require_backup(module, backup, data, fresh=fresh)
    ranges = ((SETTINGS.start, SETTINGS.end),)
    target = b"\xff" * (SETTINGS.end - SETTINGS.start)
    known = data if fresh else b""
    return _plan(WIPE, SETTINGS.name, module, backup, ranges, target, known)


def restore_plan(module: Module, backup: Backup, data: bytes) -> Plan:
    """The plan to put a backup of this module back, all but MAC and calibration.

    Raises TL-SIZE, TL-NOT-TRUE, TL-FOREIGN.
    """
    require_backup(module, backup, data, fresh=False)
    ranges = writable(module.size)
    target = b"".join(data[start:end] for start, end in ranges)
    return _plan(RESTORE, f"backup {backup.path.name}", module, backup, ranges, target, b"")


def resume_plan(module: Module, found: dict[str, Any], target: bytes) -> Plan:
    """The plan of an interrupted job again, made anew for the module that is connected now.

    `found` is its plan.json, `target` its target.bin.  Raises TL-FOREIGN, TL-NO-RESUME.
    """
    differs = [
        name
        for name, value in (
            ("flash id", module.flash_id),
            ("unique id", module.uid),
            ("size", module.size),
            ("MAC", module.mac),
            ("identity_sha256", hashlib.sha256(module.identity).hexdigest()),
        )
        if found.get(_FIELDS.get(name, name)) != value
    ]
    if differs:
        raise _foreign("The interrupted job", module, differs)
    try:
        ranges = tuple((int(a), int(b)) for a, b in found["ranges"])
        whole = all(a % SECTOR == b % SECTOR == 0 for a, b in ranges)
        sound = hashlib.sha256(target).hexdigest() == found["target_sha256"]
        if not (ranges and whole and sound and sum(b - a for a, b in ranges) == len(target)):
            raise ValueError("the bytes to be written are not the ones that were planned")
        backup, sha256 = str(found["backup"]), str(found["backup_sha256"])
        permit = _permit(module, sha256, ranges)
        kind, title = str(found["kind"]), str(found["title"])
    except (ValueError, KeyError, TypeError) as error:
        raise faults.NO_RESUME(
            what=f"The plan of the interrupted job cannot be used: {error}.",
            cause="Its folder was changed or damaged.",
            next="Start a new job; a backup of this module exists.",
        ) from error
    return Plan(kind, title, module, backup, sha256, ranges, target, b"", permit)


_FIELDS = {"flash id": "flash_id", "unique id": "uid", "MAC": "mac"}


def _plan(kind: str, title: str, module: Module, backup: Backup,
          ranges: tuple[tuple[int, int], ...], target: bytes, known: bytes) -> Plan:  # fmt: skip
    permit = _permit(module, backup.sha256, ranges)
    path = str(backup.path)
    return Plan(kind, title, module, path, backup.sha256, ranges, target, known, permit)


def _permit(module: Module, sha256: str, ranges: tuple[tuple[int, int], ...]) -> Permit:
    return Permit(
        mac=module.mac,
        flash_id=module.flash_id,
        size=module.size,
        backup_sha256=sha256,
        ranges=ranges,
        seal=_SEAL,
    )


def require_backup(module: Module, backup: Backup, data: bytes, *, fresh: bool) -> None:
    """Refuse a backup that is not true, or not of this module, and a flash without the layout that
    is protected here.  Raises TL-SIZE, TL-NOT-TRUE, TL-FOREIGN."""
    if module.size not in BOOTABLE_SIZES:
        raise faults.SIZE(
            what=f"The flash has {module.size // 1024} KiB.",
            cause="The meter firmware starts on 512 KiB and 1 MiB only.",
            next="Keep the backup and leave the module as it is.",
        )
    facts = backup.facts
    if not facts.true:
        raise faults.NOT_TRUE(
            what=f"{backup.path.name} is not proven.",
            cause="It was made in another way, or before it was finished.",
            next="Leave --backup away: a new one is made first.",
        )
    differs = [
        name
        for name, same in (
            ("chip", facts.chip == CHIP),
            ("size", facts.size == module.size == len(data)),
            ("flash id", facts.flash_id == module.flash_id),
            ("MAC", facts.mac == module.mac and (fresh or bool(module.mac))),
            ("MAC and calibration", data[IDENTITY.start : IDENTITY.end] == module.identity),
        )
        if not same
    ]
    if differs:
        raise _foreign(backup.path.name, module, differs)


def _foreign(what: str, module: Module, differs: list[str]) -> FaultError:
    return faults.FOREIGN(
        what=f"{what} differs from the connected module ({module.mac or 'without MAC'}) in: "
        f"{', '.join(differs)}.",
        cause="It is of another module.",
        next="Connect that module, or leave --backup away: a new one is made first.",
    )


def marks_bank(data: bytes) -> bool:
    """True when the hardware would boot the bank that begins with `data`."""
    return data[images.MAGIC_AT : images.MAGIC_AT + 1] == bytes([images.BOOT_MARK])
