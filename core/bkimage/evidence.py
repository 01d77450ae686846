"""What the contents of an image say about itself: for which chip, what product, what version.

File names never count.  Source: BK7231 sheet 7.2; the names of OpenBeken builds from 7.5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.bkimage import fal
from core.bkimage.flashmap import CHIPS, Fingerprint

_CONFIG_WORD = {letter: chip.config.start.to_bytes(4, "little") for letter, chip in CHIPS.items()}
"""Code that knows where its configuration lies carries this word."""

# Every OpenBeken build names its source, "OpenBK7231T_App", whatever the chip.
_OPEN = re.compile(rb"OpenBK7231([NTMU])(?!_App)(?:[_ ](\d[\w.]{0,30}))?")
_STOCK = re.compile(rb"(?i)(?<!open)bk7231([nt])(?![A-Za-z0-9])")
_OPEN_VERSION = re.compile(rb"(?<![\w.])(1\.\d{1,3}\.\d{1,4}(?:_\w{1,20})?)(?=\0)")
_TUYA_SDK = re.compile(rb"TUYA IOT SDK V:([\w.]{1,20})")
_CHIP_OF = {b"N": "n", b"M": "n", b"T": "t", b"U": "t"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """For which chip (`n`, `t` or None), why, and what contradicts that."""

    chip: str | None
    reasons: tuple[str, ...]
    conflict: str = ""


def chip_of(
    partitions: tuple[fal.Partition, ...], boot: Fingerprint | None, plain: bytes
) -> Verdict:
    """The chip by partition table, bootloader, addresses in the code and names, in that order.

    `plain` is the decrypted application, empty if it could not be decrypted.
    """
    votes = [
        ("the partition table", _by_table(partitions)),
        ("the bootloader", boot.chip if boot and boot.chip else None),
        ("addresses in the code", _by_literals(plain)),
    ]
    if not any(chip for _, chip in votes):
        votes.append(("names in the code", _by_names(plain)))
    cast = [(source, chip) for source, chip in votes if chip]
    if not cast:
        return Verdict(None, ())
    first_source, first = cast[0]
    reasons = tuple(f"{source}: {CHIPS[chip].chip}" for source, chip in cast)
    for source, chip in cast:
        if chip != first:
            text = f"{first_source} says {CHIPS[first].chip}, {source} say {CHIPS[chip].chip}"
            return Verdict(first, reasons, text)
    return Verdict(first, reasons)


def _by_table(partitions: tuple[fal.Partition, ...]) -> str | None:
    offsets = {p.offset for p in partitions if p.name == "download"}
    return next((k for k, chip in CHIPS.items() if chip.download in offsets), None)


def _by_literals(plain: bytes) -> str | None:
    """The chip whose configuration address the code holds as a word; None if both or neither."""
    found = [k for k, word in _CONFIG_WORD.items() if _holds_word(plain, word)]
    return found[0] if len(found) == 1 else None


def _holds_word(plain: bytes, word: bytes) -> bool:
    return any(m.start() % 4 == 0 for m in re.finditer(re.escape(word), plain))


def _by_names(plain: bytes) -> str | None:
    letters = {_CHIP_OF[m[1]] for m in _OPEN.finditer(plain)}
    if not letters:
        letters = {m[1].decode().lower() for m in _STOCK.finditer(plain)}
    return letters.pop() if len(letters) == 1 else None


def product_of(plain: bytes) -> tuple[str, str]:
    """(product, version) as the application names itself; empty text for what is not found.

    The product is `OpenBeken` or `Tuya`, where the version is that of Tuya's SDK.
    """
    builds = list(_OPEN.finditer(plain))
    if builds:
        named = next((m[2] for m in builds if m[2]), None)
        loose = _OPEN_VERSION.search(plain)
        version = named or (loose[1] if loose else b"")
        return "OpenBeken", version.decode("ascii", "replace")
    sdk = _TUYA_SDK.search(plain)
    return ("Tuya", sdk[1].decode("ascii", "replace")) if sdk else ("", "")
