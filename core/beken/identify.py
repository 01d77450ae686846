"""Finds out what is connected, without changing it.

Runs at 115200, before any change of speed, because reading the key takes register writes and
frames carry no checksum (rulings P8).  Source: BK7231 sheet 6.
"""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import asdict, dataclass
from typing import Any

from core.beken import faults, wire
from core.beken.client import SHORT, TRIES, Client
from core.beken.flash_ids import FLASH_CHIPS, PROTECT_BITS, FlashChip, size_by_id
from core.beken.wiring import SUPPLY_TEXT
from core.bkimage import cipher, flashmap, rf
from core.bkimage.cipher import Key
from core.fault import FaultError

CHIP_ID = 0x800000
EFUSE_CONTROL = 0x800074
EFUSE_RESULT = 0x800078
EFUSE_START = 0x01
EFUSE_CLEARED = 0x00FF1F02
"""Direction (burn!), byte index and write data: never carried over into a write."""
EFUSE_VALID = 0x100
KEY_SIZE = 16
KEY_READS = 3
POLLS = 20
FINGERPRINT_END = 0x101
BK7231N = 0x7231C
OTHER_CHIPS = {
    0x7236: "BK7236",
    0x7238: "BK7238",
    0x7252: "BK7252",
    0x7252A: "BK7252N",
    0x7231: "BK7231Q",
    0x7231A: "BK7231T",
}


@dataclass(frozen=True, slots=True)
class Device:
    """What is connected.

    `chip` is `bk7231n`; `flash_id` six hex digits; `size` bytes; `status` the flash chip's status
    registers, second one in the high byte; `fingerprint` the CRC-32 over 0..0x100; `mac` as
    people read it, empty when the RF sector has none.  `flash_key` is None when it could not be
    read; `key_note` says why.
    """

    chip: str
    chip_id: int
    flash_id: str
    size: int
    part: str
    status: int
    protected: bool
    fingerprint: int
    boot: str
    flash_key: Key | None
    key_note: str
    mac: str

    @property
    def flash_chip(self) -> FlashChip | None:
        """The table's entry, or None for an id that is not known."""
        return FLASH_CHIPS.get(bytes.fromhex(self.flash_id))

    def facts(self) -> dict[str, Any]:
        """For the screen and JSON; numbers that people read in hex are text."""
        values = asdict(self)
        values.update(
            chip_id=f"{self.chip_id:#x}",
            status=f"{self.status:04X}",
            fingerprint=f"{self.fingerprint:08X}",
            flash_key=self.flash_key.name if self.flash_key else "unreadable",
        )
        return values


async def identify(client: Client, *, key_needed: bool) -> Device:
    """The connected device.

    Raises BK-NOT-YET for anything but a BK7231N, BK-DEAD-FLASH, and with `key_needed` BK-KEY-READ
    and BK-KEY-DAMAGED; a backup goes without the key.
    """
    chip_id = await _chip_id(client)
    fingerprint = await client.crc(0, FINGERPRINT_END)
    flash_id = await client.get_mid()
    if fingerprint == flashmap.DEAD_FLASH[257] or flash_id in (bytes(3), b"\xff" * 3):
        raise _dead(fingerprint, flash_id)
    chip = FLASH_CHIPS.get(flash_id)
    size = chip.size if chip else size_by_id(flash_id)
    if size is None:
        raise _no_size(flash_id)
    status = await read_status(client, chip)
    key, key_note = await _key_or_note(client, key_needed)
    boot = flashmap.fingerprint(257, fingerprint)
    erased = fingerprint == flashmap.ERASED_BOOT[257]
    return Device(
        chip=flashmap.N.chip,
        chip_id=chip_id,
        flash_id=flash_id.hex(),
        size=size,
        part=chip.part if chip else "unknown",
        status=status,
        protected=bool(status & (chip.mask if chip else PROTECT_BITS)),
        fingerprint=fingerprint,
        boot=boot.text if boot else "erased" if erased else "unknown",
        flash_key=key,
        key_note=key_note,
        mac=await _mac(client, size),
    )


async def _chip_id(client: Client) -> int:
    """The chip id register; refuses what is not an N (BK7231 sheet 6.1)."""
    chip_id = await client.probe_reg(CHIP_ID)
    if chip_id == BK7231N:
        return chip_id
    if chip_id is None:
        version = await client.exchange(wire.boot_version(), SHORT)
        text = version.payload.rstrip(b"\0").decode("ascii", "replace") if version else ""
        name = f"a BK7231T ({text!r})" if text.isprintable() and text else "a BK7231T or U"
        seen = "The loader answers, but has no registers to read"
    else:
        name = OTHER_CHIPS.get(chip_id, "an unknown chip")
        seen = f"The chip id is {chip_id:#x}"
    raise faults.NOT_YET(
        what=f"{seen}: this is {name}.",
        cause="Only the BK7231N can be backed up and flashed so far.",
        next="Leave it as it is; nothing was changed.",
    )


def _dead(fingerprint: int, flash_id: bytes) -> FaultError:
    return faults.DEAD_FLASH(
        what=f"The flash answers with id {flash_id.hex(' ')} and CRC {fingerprint:08X} "
        f"({flashmap.DEAD_FLASH[257]:08X} is nothing but zeros).",
        cause="The chip's program memory does not answer: weak supply, loaded flash pins, or "
        "a damaged chip.",
        next=f"{SUPPLY_TEXT} Then try with P24 connected to GND during reset.",
        state="Nothing was changed. This is not a backup.",
    )


def _no_size(flash_id: bytes) -> FaultError:
    return faults.FLASH_ID(
        what=f"The flash id {flash_id.hex(' ')} is not known and states no likely size.",
        cause="A new flash chip, or a damaged answer.",
        next="Try again; if the id stays the same, report it.",
    )


async def read_status(client: Client, chip: FlashChip | None) -> int:
    """The flash chip's protection status: first register, second one in the high byte."""
    operations = chip.read_ops[:2] if chip else b"\x05\x35"
    status = 0
    for place, operation in enumerate(operations):
        status |= await client.read_sr(operation) << 8 * place
    return status


async def _mac(client: Client, size: int) -> str:
    """The MAC in the RF sector; empty text when there is none."""
    region = flashmap.N.rf
    if region.end > size:
        return ""
    for _ in range(TRIES):
        sector = await client.read_4k(region.start)
        if zlib.crc32(sector) == await client.crc(region.start, region.end):
            mac = rf.mac_of(sector)
            return rf.mac_text(mac) if mac else ""
    raise faults.UNPROVEN(
        what=f"The RF sector at {region.start:#x} was read {TRIES} times and never proven.",
        cause="Bytes are lost or damaged on the line.",
        next="Shorter wires, GND at the module; then try again.",
    )


# -- the key ---------------------------------------------------------------------------------


async def read_key(client: Client) -> Key:
    """The flash cipher key from eFuse bytes 0 to 15, read three times.

    Raises BK-KEY-READ when the reads differ, BK-KEY-DAMAGED for Tuya's key with bits knocked out.
    """
    reads = [await _efuse(client, KEY_SIZE) for _ in range(KEY_READS)]
    if len(set(reads)) > 1:
        raise faults.KEY_READ(
            what=f"{KEY_READS} reads of the flash key gave {len(set(reads))} different values.",
            cause="Noise on the line or a weak supply.",
            next="GND at the module, short wires, a separate 3.3 V supply; then try again.",
        )
    damaged = _damaged(reads[0], cipher.to_efuse(cipher.TUYA))
    if damaged:
        raise faults.KEY_DAMAGED(
            what=f"The key is the normal Tuya key with {damaged} damaged bytes.",
            cause="A wiring or supply fault; it is not another chip.",
            next="GND at the module, short wires, a separate 3.3 V supply; then try again.",
        )
    return cipher.from_efuse(reads[0])


def _damaged(read: bytes, usual: bytes) -> int:
    """How many bytes of `read` are the usual ones with bits fallen to 0; 0 if it is no such key."""
    pairs = list(zip(read, usual, strict=True))
    fallen = sum(a != b for a, b in pairs)
    subset = all(a & b == a for a, b in pairs)
    return fallen if subset and 0 < fallen <= KEY_SIZE // 2 else 0


async def _key_or_note(client: Client, needed: bool) -> tuple[Key | None, str]:
    try:
        return await read_key(client), ""
    except FaultError as error:
        if needed or error.fault.code not in (faults.KEY_READ.code, faults.KEY_DAMAGED.code):
            raise
        return None, error.fault.what


async def _efuse(client: Client, count: int) -> bytes:
    return bytes([await _efuse_byte(client, index) for index in range(count)])


async def _efuse_byte(client: Client, index: int) -> int:
    """One eFuse byte.  The only place that writes a register, and the only register written."""
    for _ in range(TRIES):
        control = await client.read_reg(EFUSE_CONTROL)
        command = control & ~EFUSE_CLEARED & 0xFFFFFFFF | index << 8 | EFUSE_START
        if not await client.write_reg(EFUSE_CONTROL, command):
            await client.recover()
            continue
        if await _efuse_done(client):
            result = await client.read_reg(EFUSE_RESULT)
            if result & EFUSE_VALID:
                return result & 0xFF
    raise faults.KEY_READ(
        what=f"Byte {index} of the flash key could not be read.",
        cause="The chip did not finish the read, or marked it as not valid.",
        next="Check the 3.3 V supply, then try again.",
    )


async def _efuse_done(client: Client) -> bool:
    for _ in range(POLLS):
        if not await client.read_reg(EFUSE_CONTROL) & EFUSE_START:
            return True
        await asyncio.sleep(0.001)
    return False
