"""What a flash job will do, and the permission to do it.

Everything that could make a write a mistake is refused here, before the first erase: another
chip, another device's backup, an image for another key.  Only `make_plan` makes a `Permit`.
Source: rulings P10, P12, P14 to P16; BK7231 sheet 7.7.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import Any

from core.beken import faults
from core.beken.client import TRIES, Client
from core.beken.identify import Device
from core.beken.permit import _SEAL, Permit
from core.bkimage import cipher, flashmap, strides
from core.bkimage.cipher import Key
from core.bkimage.flashmap import APP_END_MAX, APP_LOGICAL, APP_START, SECTOR, SIZE, Region
from core.bkimage.image import Image, payload_for_flash, require_flashable
from core.events import Question
from core.fault import FaultError
from core.store.backups import Backup

KEPT_REGIONS = (
    Region("bootloader", 0, APP_START),
    Region("everything between application and RF", APP_END_MAX, flashmap.N.rf.start),
    Region("RF calibration and MAC", flashmap.N.rf.start, flashmap.N.rf.end),
    Region("configuration and Tuya store", flashmap.N.rf.end, SIZE),
)
"""What a normal flash leaves as it is; with the application these cover the whole flash."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The chip's own CRC-32 of each of `KEPT_REGIONS`, and of the first sector to be written.

    Bootloader and RF sector identify a device (rulings P15); the rest may have changed since an
    older backup and only has to survive the write.
    """

    kept: tuple[int, ...]
    first_sector: int

    @property
    def bootloader(self) -> int:
        return self.kept[0]

    @property
    def rf(self) -> int:
        return self.kept[2]


@dataclass(frozen=True, slots=True)
class Plan:
    """One write, complete: `target` goes to [start, end); `proof` is the chip before it."""

    device: Device
    image: Image
    backup: Backup
    target: bytes
    start: int
    end: int
    key: str
    proof: Proof
    permit: Permit

    @property
    def title(self) -> str:
        """The image in a few words."""
        return " ".join(filter(None, (self.image.product, self.image.version, "N")))

    @property
    def lines(self) -> tuple[str, ...]:
        """The plan for people, one line a range."""
        kept = [
            (r.start, f"keep         {_span(r.start, r.end)}  {r.name} (yours)")
            for r in KEPT_REGIONS
        ]
        write = (self.start, f"erase, write {_span(self.start, self.end)}  {self.title}")
        return tuple(text for _, text in sorted([*kept, write]))

    def to_json(self) -> dict[str, Any]:
        """For `plan.json` and the screen; no secrets, no key bytes."""
        device = self.device
        return {
            "chip": device.chip,
            "mac": device.mac,
            "flash_id": device.flash_id,
            "size": device.size,
            "flash_key": self.key,
            "image": self.title,
            "image_sha256": hashlib.sha256(self.image.data).hexdigest(),
            "target_sha256": hashlib.sha256(self.target).hexdigest(),
            "start": self.start,
            "end": self.end,
            "backup": str(self.backup.path),
            "backup_sha256": self.backup.sha256,
            "bootloader_crc": f"{self.proof.bootloader:08x}",
            "rf_crc": f"{self.proof.rf:08x}",
            "kept_crc": [f"{crc:08x}" for crc in self.proof.kept],
            "lines": list(self.lines),
        }


def proof_of(data: bytes) -> Proof:
    """What the chip should answer if its flash holds `data`."""
    kept = tuple(zlib.crc32(data[r.start : r.end]) for r in KEPT_REGIONS)
    return Proof(kept, zlib.crc32(data[APP_START : APP_START + SECTOR]))


async def prove(client: Client, likely: Proof) -> Proof:
    """Ask the chip for the checksums of what will be kept.

    An answer carries no checksum itself: one that is not the `likely` one is asked for again and
    counts only when two agree.  Raises BK-UNPROVEN.
    """
    kept = [
        await _agreed(client, region.start, region.end, crc)
        for region, crc in zip(KEPT_REGIONS, likely.kept, strict=True)
    ]
    first = await _agreed(client, APP_START, APP_START + SECTOR, likely.first_sector)
    return Proof(tuple(kept), first)


async def _agreed(client: Client, start: int, end: int, likely: int) -> int:
    answers = {likely}
    for _ in range(TRIES):
        answer = await client.crc(start, end)
        if answer in answers:
            return answer
        answers.add(answer)
    raise faults.UNPROVEN(
        what=f"The chip gave {TRIES} different checksums for {_span(start, end)}.",
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
        expect=backup.facts.mac or backup.facts.flash_id,
        flag="--confirm",
    )


def make_plan(
    device: Device, image: Image, backup: Backup, data: bytes, proof: Proof, *, confirmed: bool
) -> Plan:
    """The plan to write `image` to `device`, whose backup holds `data`.

    `proof` comes from the chip that is linked now; `confirmed` says that a backup which is not
    whole was accepted by typing.  Raises BK-SIZE, BK-FLASH-ID, BK-NOT-TRUE, BK-FOREIGN,
    BK-KEY-UNKNOWN, IMG-*.
    """
    require_known_flash(device)
    require_backup(device, backup, data, proof, confirmed)
    key = _effective_key(device, data)
    require_flashable(image, device.chip, key)
    start, payload = payload_for_flash(image)
    target = payload.ljust(APP_END_MAX - start, b"\xff")
    permit = Permit(
        chip=device.chip,
        mac=device.mac,
        flash_id=device.flash_id,
        backup_sha256=backup.sha256,
        ranges=((start, APP_END_MAX),),
        seal=_SEAL,
    )
    return Plan(
        device=device,
        image=image,
        backup=backup,
        target=target,
        start=start,
        end=APP_END_MAX,
        key=key.name,
        proof=proof,
        permit=permit,
    )


def require_known_flash(device: Device) -> None:
    """Refuse a flash chip whose layout or protection is not known.  Raises BK-SIZE, BK-FLASH-ID."""
    if device.flash_chip is None:
        raise faults.FLASH_ID(
            what=f"The flash chip {device.flash_id} (status {device.status:04X}) is not in the "
            "table.",
            cause="A part this program has not met.",
            next="Make a backup; report the id, the status and the marking on the chip.",
        )
    if device.size != SIZE:
        raise faults.SIZE(
            what=f"The flash has {device.size} bytes, not {SIZE}.",
            cause="Another module than the ones whose layout is known.",
            next="Make a backup and leave the firmware as it is.",
        )


def require_backup(
    device: Device, backup: Backup, data: bytes, proof: Proof, confirmed: bool
) -> None:
    """Refuse a backup that is not true, not whole and not `confirmed`, or not of this device
    (rulings P14, P15).  Raises BK-NOT-TRUE, BK-FOREIGN."""
    facts = backup.facts
    if not facts.true:
        raise faults.NOT_TRUE(
            what=f"{backup.path.name} was not proven by the chip.",
            cause="It was made in another way, or before it was finished.",
            next="Leave --backup away: a new one is made first.",
        )
    if not (facts.whole or confirmed):
        raise faults.NOT_TRUE(
            what=f"{backup.path.name} is true, but not whole: {' '.join(facts.reasons)}",
            cause="It may not bring the plug back.",
            next="Confirm by typing the MAC, or make another backup.",
        )
    rf = flashmap.N.rf
    differs = [
        name
        for name, same in (
            ("chip", facts.chip == device.chip),
            ("size", facts.size == device.size == len(data)),
            ("flash id", facts.flash_id == device.flash_id),
            ("MAC", facts.mac == device.mac),
            ("bootloader", zlib.crc32(data[:APP_START]) == proof.bootloader),
            ("RF sector", zlib.crc32(data[rf.start : rf.end]) == proof.rf),
        )
        if not same
    ]
    if differs:
        raise _foreign(backup, device, differs)


def _foreign(backup: Backup, device: Device, differs: list[str]) -> FaultError:
    return faults.FOREIGN(
        what=f"{backup.path.name} differs from the connected device in: {', '.join(differs)}. "
        f"Backup {backup.facts.mac or 'without MAC'}, device {device.mac or 'without MAC'}.",
        cause="The backup is of another plug, or the plug was changed since.",
        next="Leave --backup away: a new one of this device is made first.",
    )


def _effective_key(device: Device, data: bytes) -> Key:
    """The key that the chip decrypts with (rulings P16)."""
    key = device.flash_key
    if key in (cipher.TUYA, cipher.UASCENT):
        return key
    stock = cipher.key_of(strides.strip(data[APP_START : APP_START + strides.STRIDE]), APP_LOGICAL)
    if key == cipher.ZERO and stock in (cipher.ZERO, cipher.TUYA):
        return stock
    seen = "all zero, and the backup's program fits neither no key nor Tuya's"
    raise faults.KEY_UNKNOWN(
        what=f"The key of this chip is {seen if key == cipher.ZERO else 'not a known one'}.",
        cause="A module of another maker, or a key that cannot be read.",
        next="Keep the backup and leave the plug as it is.",
    )


def _span(start: int, end: int) -> str:
    return f"0x{start:06X}-0x{end - 1:06X}"
