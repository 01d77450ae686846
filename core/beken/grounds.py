"""On what grounds a device may be changed: the backup, the identity, the key.

Everything that could make a write a mistake is refused here, before the first erase.
Source: rulings P14 to P16 and P18; BK7231 sheet 6.4, 7.7.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from core.beken import faults
from core.beken.client import TRIES, Client
from core.beken.identify import Device
from core.bkimage import cipher, flashmap, strides
from core.bkimage.cipher import Key
from core.bkimage.flashmap import APP_LOGICAL, APP_START, SIZE, ChipMap
from core.events import Question
from core.fault import FaultError
from core.store.backups import Backup


@dataclass(frozen=True, slots=True)
class Identity:
    """The chip's own CRC-32 of bootloader and RF sector: with the MAC they name a device."""

    bootloader: int
    rf: int


def identity_of(data: bytes, chip: str) -> Identity:
    """What a device should answer whose flash holds `data`."""
    rf = flashmap.chip_map(chip).rf
    return Identity(zlib.crc32(data[:APP_START]), zlib.crc32(data[rf.start : rf.end]))


async def prove_identity(client: Client, chip: str, likely: Identity) -> Identity:
    """Ask the chip who it is; `likely` is what a backup says.  Raises BK-UNPROVEN."""
    rf = flashmap.chip_map(chip).rf
    return Identity(
        await agreed_crc(client, 0, APP_START, likely.bootloader),
        await agreed_crc(client, rf.start, rf.end, likely.rf),
    )


async def agreed_crc(client: Client, start: int, end: int, likely: int) -> int:
    """The chip's CRC-32 of [start, end).

    An answer carries no checksum itself: one that is not the `likely` one is asked for again and
    counts only when two agree.  Raises BK-UNPROVEN.
    """
    answers = {likely}
    for _ in range(TRIES):
        answer = await client.crc(start, end)
        if answer in answers:
            return answer
        answers.add(answer)
    raise faults.UNPROVEN(
        what=f"The chip gave {TRIES} different checksums for 0x{start:06X}-0x{end - 1:06X}.",
        cause="Noise on the line or a weak supply.",
        next="A separate 3.3 V supply, GND at the module, short wires; then try again.",
        evidence=client.evidence,
    )


def question_if_not_whole(backup: Backup) -> Question | None:
    """The typed confirmation that a true but not whole backup needs."""
    if backup.facts.whole:
        return None
    reasons = " ".join(backup.facts.reasons)
    return Question(
        key="not-whole",
        text=f"Every byte of the backup is proven, but it may not bring the plug back: {reasons} "
        "Write all the same?",
        expect=backup.facts.mac or backup.facts.flash_id or backup.facts.chip,
        flag="--confirm",
    )


def require_layout(device: Device) -> ChipMap:
    """The map of a chip whose flash may be written.  Raises BK-NOT-YET, BK-SIZE."""
    if device.chip not in (flashmap.N.chip, flashmap.T.chip):
        raise faults.NOT_YET(
            what=f"This is a {device.chip.upper()}.",
            cause="Its backup is supported, writing to it is not yet.",
            next="Make a backup and leave the firmware as it is.",
        )
    if device.size != SIZE:
        raise faults.SIZE(
            what=f"The flash has {device.size} bytes, not {SIZE}.",
            cause="Another module than the ones whose layout is known.",
            next="Make a backup and leave the firmware as it is.",
        )
    return flashmap.chip_map(device.chip)


def differences(device: Device, backup: Backup, data: bytes, identity: Identity) -> list[str]:
    """In what a backup differs from the linked device, by name (rulings P15)."""
    facts, own = backup.facts, identity_of(data, device.chip)
    checks = (
        ("chip", facts.chip == device.chip),
        ("size", facts.size == device.size == len(data)),
        ("flash id", facts.flash_id == device.flash_id),
        ("MAC", facts.mac == device.mac),
        ("bootloader", own.bootloader == identity.bootloader),
        ("RF sector", own.rf == identity.rf),
    )
    return [name for name, same in checks if not same]


def require_true(backup: Backup, confirmed: bool) -> None:
    """Refuse a backup that proves nothing.  Raises BK-NOT-TRUE."""
    if not backup.facts.true:
        raise faults.NOT_TRUE(
            what=f"{backup.path.name} was not proven by the chip.",
            cause="It was made in another way, or before it was finished.",
            next="Leave --backup away: a new one is made first.",
        )
    if not (backup.facts.whole or confirmed):
        raise faults.NOT_TRUE(
            what=f"{backup.path.name} is true, but not whole: {' '.join(backup.facts.reasons)}",
            cause="It may not bring the plug back.",
            next="Confirm by typing the MAC, or make another backup.",
        )


def require_backup(
    device: Device, backup: Backup, data: bytes, identity: Identity, confirmed: bool
) -> None:
    """Refuse to change a device without a true backup of it.  Raises BK-NOT-TRUE, BK-FOREIGN."""
    require_true(backup, confirmed)
    differs = differences(device, backup, data, identity)
    if differs:
        raise foreign(backup, device, differs)


def foreign(
    backup: Backup,
    device: Device,
    differs: list[str],
    advice: str = "Leave --backup away: a new one of this device is made first.",
) -> FaultError:
    """The refusal of a backup that is of another device."""
    return faults.FOREIGN(
        what=f"{backup.path.name} differs from the connected device in: {', '.join(differs)}. "
        f"Backup {backup.facts.mac or 'without MAC'}, device {device.mac or 'without MAC'}.",
        cause="The backup is of another plug, or the plug was changed since.",
        next=advice,
    )


def effective_key(device: Device, data: bytes) -> Key:
    """The key that the chip decrypts with, proven by its backup where it cannot be read
    (rulings P16).  Raises BK-KEY-UNKNOWN."""
    key = device.flash_key
    if key in (cipher.TUYA, cipher.UASCENT):
        return key
    stock = cipher.key_of(strides.strip(data[APP_START : APP_START + strides.STRIDE]), APP_LOGICAL)
    if device.basic:
        # The loader that answers is itself encrypted: it proves the key of a half-written plug.
        stock = stock or cipher.key_of(data[: strides.DATA], 0)
        if stock == cipher.TUYA:
            return stock
        raise _unknown_key("cannot be read, and the backup's program does not fit Tuya's")
    if key == cipher.ZERO and stock in (cipher.ZERO, cipher.TUYA):
        return stock
    seen = "all zero, and the backup's program fits neither no key nor Tuya's"
    raise _unknown_key(f"is {seen}" if key == cipher.ZERO else "is not a known one")


def _unknown_key(seen: str) -> FaultError:
    return faults.KEY_UNKNOWN(
        what=f"The key of this chip {seen}.",
        cause="A module of another maker, or a key that cannot be read.",
        next="Keep the backup and leave the plug as it is.",
    )
