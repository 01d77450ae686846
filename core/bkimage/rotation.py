"""Dumps whose beginning and end are swapped, put right on a copy.

Old tools for BK7231T read from 0x11000 on and wrap at the end of the flash: the file then begins
with the application and ends with the bootloader.  Source: Tuya backup sheet 1.1.
"""

from __future__ import annotations

from core.bkimage import rbl
from core.bkimage.flashmap import APP_START, SIZE

_NAME = slice(12, 12 + len(b"bootloader\0"))


def shift_of(dump: bytes) -> int:
    """By how many bytes a whole dump is rotated: file offset = (address - shift) mod size.

    Told by the bootloader's container header, which ends at `APP_START`; 0 when it is in place, or
    is nowhere, or the file is no whole flash.
    """
    if len(dump) != SIZE:
        return 0
    at = dump.find(rbl.MAGIC)
    while at >= 0:
        if dump[at : at + rbl.ON_FLASH][_NAME] == b"bootloader\0":
            header = rbl.parse_on_flash(dump[at : at + rbl.ON_FLASH])
            if header is not None and header.intact:
                return (APP_START - at - rbl.ON_FLASH) % SIZE
        at = dump.find(rbl.MAGIC, at + 1)
    return 0


def corrected(dump: bytes, shift: int) -> bytes:
    """A copy in the order of the flash."""
    return dump[len(dump) - shift :] + dump[: len(dump) - shift] if shift else dump
