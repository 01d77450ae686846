"""Finds out what is connected, without changing it.

Runs at 115200, before any change of speed, because reading the key takes register writes and
frames carry no checksum (rulings P8).  Source: BK7231 sheet 6.
"""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass
from typing import Any

from core.beken import faults, wire
from core.beken.client import SHORT, TRIES, Client
from core.beken.efuse import read_key
from core.beken.flash_ids import FLASH_CHIPS, FlashChip, generic, size_by_id
from core.beken.wiring import SUPPLY_TEXT
from core.bkimage import flashmap, rf
from core.bkimage.cipher import Key
from core.fault import FaultError

CHIP_ID = 0x800000
FINGERPRINT_END = 0x101
BK7231N = 0x7231C
BK7238 = 0x7238
ROM_CHIPS = {BK7231N: flashmap.N.chip, BK7238: "bk7238"}
"""Chips whose mask ROM answers, and that can at least be backed up (rulings P18)."""
RF_PLACES = {
    "bk7231n": (0x1D0000, 0x1E0000, 0x1E3000),
    "bk7231t": (0x1E0000,),
    "bk7238": (0x1E3000, 0x1E0000, 0x1D0000),
}
"""Where an RF block may lie, the likely place first."""
RF_HEAD = 0x40
"""Bytes of the RF sector in which its MAC is."""
PROBED = 0x12000
SIZES = tuple(mib << 20 for mib in (2, 4, 8, 16))
OTHER_CHIPS = {
    0x7236: "BK7236",
    0x7252: "BK7252",
    0x7252A: "BK7252N",
    0x7231: "BK7231Q",
    0x7231A: "BK7231T",
}


@dataclass(frozen=True, slots=True)
class Device:
    """What is connected.

    `chip` is `bk7231n`, `bk7231t` or `bk7238`; `flash_id` six hex digits, empty on a T, which
    cannot tell; `size` bytes; `status` the flash chip's status registers, second one in the high
    byte; `fingerprint` the CRC-32 over the first 257 (T: 256) bytes; `mac` as people read it,
    empty when the RF sector has none.  `flash_key` is None when it could not be read; `key_note`
    says why.  `basic`: the loader is a T's.
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
    basic: bool = False

    @property
    def flash_chip(self) -> FlashChip | None:
        """How its flash is unprotected; None on a T, whose loader does that itself."""
        jedec = bytes.fromhex(self.flash_id)
        if self.basic:
            return None
        return FLASH_CHIPS.get(jedec) or generic(jedec, self.status)

    @property
    def known_flash(self) -> bool:
        """True when the flash chip is in the table."""
        return self.basic or bytes.fromhex(self.flash_id) in FLASH_CHIPS

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
    """The connected device; sets the client to the rules of its loader.

    Raises BK-NOT-YET for a chip that is not supported, BK-DEAD-FLASH, BK-FLASH-ID, and with
    `key_needed` BK-KEY-READ and BK-KEY-DAMAGED; a backup goes without the key.
    """
    chip_id = await client.probe_reg(CHIP_ID)
    if chip_id is None:
        return await _identify_basic(client)
    if chip_id not in ROM_CHIPS:
        name = OTHER_CHIPS.get(chip_id, "an unknown chip")
        raise _not_yet(f"The chip id is {chip_id:#x}: this is {name}.")
    return await _identify_rom(client, chip_id, key_needed)


async def _identify_rom(client: Client, chip_id: int, key_needed: bool) -> Device:
    """An N, or a BK7238, whose registers nobody has established: its key is left alone."""
    name = ROM_CHIPS[chip_id]
    fingerprint = await client.crc(0, FINGERPRINT_END)
    flash_id = await client.get_mid()
    if fingerprint == flashmap.DEAD_FLASH[257] or flash_id in (bytes(3), b"\xff" * 3):
        raise _dead(fingerprint, flash_id)
    chip = FLASH_CHIPS.get(flash_id)
    size = chip.size if chip else size_by_id(flash_id)
    if size is None:
        size = await _probe_size(client)
    if size is None:
        raise _no_size(flash_id)
    status = await read_status(client, chip)
    part = chip or generic(flash_id, status)
    key, key_note = None, "Only a BK7231N's key can be read."
    if chip_id == BK7231N:
        key, key_note = await _key_or_note(client, key_needed)
    return Device(
        chip=name,
        chip_id=chip_id,
        flash_id=flash_id.hex(),
        size=size,
        part=part.part,
        status=status,
        protected=bool(status & part.mask),
        fingerprint=fingerprint,
        boot=_boot_text(257, fingerprint),
        flash_key=key,
        key_note=key_note,
        mac=await _mac(client, name, size),
    )


async def _identify_basic(client: Client) -> Device:
    """A loader without registers: a T, or something that only looks like one (sheet 6.1)."""
    text = await _boot_version(client)
    fingerprint = await client.crc(0, FINGERPRINT_END)
    boot = flashmap.fingerprint(256, fingerprint)
    if not (text.startswith("BK7231S") or (boot and boot.chip == flashmap.T.letter)):
        name = (boot.text if boot else "") or (repr(text) if text else "a BK7231U, Q or 7252")
        raise _not_yet(f"The loader answers, but has no registers to read: this is {name}.")
    client.basic = True
    size = await _probe_size(client)
    if size is None:
        raise _no_size(b"")
    client.alias = size
    return Device(
        chip=flashmap.T.chip,
        chip_id=0,
        flash_id="",
        size=size,
        part=text or "no version text",
        status=0,
        protected=True,
        fingerprint=fingerprint,
        boot=_boot_text(256, fingerprint),
        flash_key=None,
        key_note="",
        mac=await _mac(client, flashmap.T.chip, size),
        basic=True,
    )


async def _boot_version(client: Client) -> str:
    """The T loader's version text; empty when it does not say.  Raises BK-NO-ANSWER for a ROM
    whose register answers were lost: it knows that it does not know this question."""
    for _ in range(TRIES):
        reply = await client.exchange(wire.boot_version(), SHORT)
        if reply is not None and reply.status == wire.Status.OK:
            text = reply.payload.rstrip(b"\0").decode("ascii", "replace")
            return text if text.isprintable() else ""
        if reply is not None:
            raise faults.NO_ANSWER(
                what="The chip id was asked for twice and never answered; the loader is a ROM.",
                cause="Bytes are lost or damaged on the line.",
                next="Shorter wires, GND at the module; then try again.",
                evidence=client.evidence,
            )
        await client.recover()
    return ""


async def _probe_size(client: Client) -> int | None:
    """The distance after which the flash repeats itself (rulings P18): bootloader and the first
    sector of the application, compared by the chip's own CRC before any alias is used."""
    first = await client.crc(0, PROBED)
    for size in SIZES:
        if await client.crc(size, size + PROBED) == first:
            return size
    return None


def _boot_text(span: int, fingerprint: int) -> str:
    boot = flashmap.fingerprint(span, fingerprint)
    if boot is not None:
        return boot.text
    return "erased" if fingerprint == flashmap.ERASED_BOOT[span] else "unknown"


def _not_yet(what: str) -> FaultError:
    return faults.NOT_YET(
        what=what,
        cause="BK7231N and BK7231T can be backed up and flashed, a BK7238 backed up.",
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


async def _mac(client: Client, chip: str, size: int) -> str:
    """The MAC in the RF sector, which is found by its content; empty text when there is none."""
    for start in RF_PLACES[chip]:
        if start + flashmap.SECTOR > size:
            continue
        mac = rf.mac_of(await _proven_head(client, start))
        if mac:
            return rf.mac_text(mac)
    return ""


async def _proven_head(client: Client, start: int) -> bytes:
    """The beginning of a sector, which the chip's CRC proves; whole where less cannot be read."""
    count = flashmap.SECTOR if client.basic else RF_HEAD
    for _ in range(TRIES):
        data = await (client.read_4k(start) if client.basic else client.read_bytes(start, count))
        if zlib.crc32(data) == await client.crc(start, start + count):
            return data
    raise faults.UNPROVEN(
        what=f"The RF sector at {start:#x} was read {TRIES} times and never proven.",
        cause="Bytes are lost or damaged on the line.",
        next="Shorter wires, GND at the module; then try again.",
    )


async def _key_or_note(client: Client, needed: bool) -> tuple[Key | None, str]:
    try:
        return await read_key(client), ""
    except FaultError as error:
        if needed or error.fault.code not in (faults.KEY_READ.code, faults.KEY_DAMAGED.code):
            raise
        return None, error.fault.what
