"""Judging the picture of a whole flash: what it is, and whether it could bring a plug back.

A backup is *whole* when it is not one repeated byte, begins with a known bootloader and holds an
RF block with a MAC.  Whether it is *true*, that is equal to the chip, cannot be told from a file.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.bkimage import cipher, evidence, fal, rbl, rf, strides
from core.bkimage.flashmap import (
    APP_LOGICAL,
    APP_START,
    SIZE,
    Fingerprint,
    fingerprint_of,
)

UNKNOWN_BOOT = "It does not begin with a known bootloader"
"""How the reason begins that the table of fingerprints gives."""
_LOADER_NAME = b"bootloader\0"
_NAME_AT = 12


@dataclass(frozen=True, slots=True)
class DumpInfo:
    """What a dump is.

    `chip` is `n`, `t` or None; `constant` the one byte that it consists of, or None; `rf_at` the
    offset of the RF block; `mac` its six bytes; `key` the name of the key that its application
    is made for.  `reasons` say why it is not whole, and are empty if it is.
    """

    size: int
    chip: str | None
    constant: int | None
    boot: Fingerprint | None
    rf_at: int | None
    mac: bytes | None
    key: str | None
    whole: bool
    reasons: tuple[str, ...]


def examine(dump: bytes) -> DumpInfo:
    """Judge a dump.  Any bytes; never raises."""
    constant = dump[0] if dump and not dump.strip(dump[:1]) else None
    boot = fingerprint_of(dump)
    rf_at = rf.find(dump)
    mac = rf.mac_of(dump[rf_at:]) if rf_at is not None else None
    key = cipher.key_of(dump[APP_START : APP_START + strides.DATA], APP_LOGICAL)
    verdict = evidence.chip_of(fal.find(strides.strip(dump[:APP_START])), boot, b"")
    reasons = _reasons(dump, constant, boot, mac)
    return DumpInfo(
        size=len(dump),
        chip=verdict.chip,
        constant=constant,
        boot=boot,
        rf_at=rf_at,
        mac=mac,
        key=key.name if key else None,
        whole=not reasons,
        reasons=reasons,
    )


def _reasons(
    dump: bytes, constant: int | None, boot: Fingerprint | None, mac: bytes | None
) -> tuple[str, ...]:
    if not dump:
        return ("It is empty.",)
    if constant is not None:
        return (f"Every byte is {constant:02X}: an erased or silent flash chip.",)
    found = []
    if len(dump) != SIZE:
        found.append(f"It has {len(dump)} bytes; the flash has {SIZE}.")
    if boot is None:
        shift = _shift(dump)
        moved = f"; its contents are moved by {shift:#x} bytes" if shift else ""
        found.append(f"{UNKNOWN_BOOT}{moved}.")
    if mac is None:
        found.append("It holds no RF block with a MAC.")
    return tuple(found)


def _shift(dump: bytes) -> int:
    """How far the bootloader's container header is from where it belongs; 0 if in place."""
    name = dump.find(rbl.MAGIC)
    while name >= 0:
        if dump[name + _NAME_AT : name + _NAME_AT + len(_LOADER_NAME)] == _LOADER_NAME:
            return (name + rbl.ON_FLASH - APP_START) % SIZE
        name = dump.find(rbl.MAGIC, name + 1)
    return 0
