"""Clears the flash chip's protection bits, and nothing else (rulings P9).

At 115200 only, with read-back: the protection bits must be 0 and every other bit but WIP and WEL
as before (QE, LB, SRP, SRP1), else the job stops.  Source: BK7231 sheet 4.1.
"""

from __future__ import annotations

import asyncio

from core.beken import faults
from core.beken.client import Client
from core.beken.flash_ids import KEPT_EXCEPT, FlashChip
from core.beken.identify import read_status
from core.beken.permit import Permit
from core.beken.wiring import SUPPLY_TEXT

BUSY = 0x01
POLLS = 100
POLL_GAP = 0.01
SECOND_REGISTER = 0x31


async def unprotect(client: Client, permit: Permit, chip: FlashChip) -> bool:
    """Clear the protection.  True when something had to be cleared.  Raises BK-PROTECTED."""
    before = await _settled(client, chip)
    if not before & chip.mask:
        return False
    wanted = before & ~chip.mask & ~KEPT_EXCEPT
    low, high = bytes((wanted & 0xFF,)), bytes((wanted >> 8,))
    one = chip.registers == 1
    await client.write_sr(permit, chip.write_ops[0], low if one else low + high)
    after = await _settled(client, chip)
    if after & chip.mask and SECOND_REGISTER in chip.write_ops and not _harmed(before, after, chip):
        # These parts may take their second register only with its own opcode.
        await client.write_sr(permit, chip.write_ops[0], low)
        await _settled(client, chip)
        await client.write_sr(permit, SECOND_REGISTER, high)
        after = await _settled(client, chip)
    harmed = _harmed(before, after, chip)
    if after & chip.mask or harmed:
        raise faults.PROTECTED(
            what=f"The flash status was {before:04X}, should be {wanted:04X}, reads {after:04X}"
            + (f"; bits {harmed:04X} changed that must not" if harmed else "")
            + ".",
            cause="The flash chip did not take the write: write-protect pin, status lock, or "
            "weak supply.",
            next=f"{SUPPLY_TEXT} Then try again; if it stays so, report id and status.",
            state="No byte of the flash was erased or written.",
            evidence=client.evidence,
        )
    return True


def _harmed(before: int, after: int, chip: FlashChip) -> int:
    """Bits outside the mask that changed, WIP and WEL aside."""
    return (before ^ after) & ~chip.mask & ~KEPT_EXCEPT


async def _settled(client: Client, chip: FlashChip) -> int:
    """The status once the flash is no longer busy; the last one read if that never ends."""
    status = await read_status(client, chip)
    for _ in range(POLLS):
        if not status & BUSY:
            break
        await asyncio.sleep(POLL_GAP)
        status = await read_status(client, chip)
    return status
