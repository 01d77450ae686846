"""Is a backup worth trusting?  Every reason against it is a sentence; what is only good to know
is a note.

Trust needs the size of the flash, a known bootloader, code that agrees with its own checksums, an
RF block with a MAC, no failed reads, and a store without lost blocks.  Source: rulings P14, and
the Tuya backup sheet 8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.bkimage import backup, checks, cipher, entropy, rbl, strides
from core.bkimage.flashmap import APP_END_MAX, APP_START, SECTOR
from core.tuya.areas import Kind
from core.tuya.keyvalue import Store
from core.tuya.layout import DATA_BLOCKS
from core.tuya.secrets import secret_fields
from core.tuya.survey import Survey

_ZEROS_DOUBTED = 16
"""Sectors of nothing but 00 that make a read doubtful: 64 KiB."""
_DULL = 5.0
"""Bits a byte; code, encrypted or not, has more."""
_BLANK_CODE = 0x4000


@dataclass(frozen=True, slots=True)
class Health:
    """`trusted` is True when there is no reason against it."""

    trusted: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...]


def judge(seen: Survey, *, thorough: bool = False) -> Health:
    """The verdict on a dump by its contents alone.

    `thorough` also computes the hashes in the container headers, which takes a moment.
    """
    reasons = tuple(dict.fromkeys((*_reasons(seen), *(_hashes(seen) if thorough else ()))))
    return Health(not reasons, reasons, tuple(_notes(seen)))


def _reasons(seen: Survey) -> Iterator[str]:
    own = _boot_agrees(seen)  # a version that is not in the table is not a bad one
    yield from (r for r in seen.info.reasons if not (own and r.startswith(backup.UNKNOWN_BOOT)))
    if seen.info.constant is not None or not seen.data:
        return
    if seen.shift:
        yield f"Its contents are rotated by {seen.shift:#x}: written back so, it would not boot."
    if seen.base:
        yield f"It is only a part of a flash, from {seen.base:#08x} on."
        return
    if seen.info.mac and not any(seen.info.mac[3:]):
        yield "Half of its MAC is 00: a redacted copy, made for sharing."
    yield from _code(seen)
    zeros = entropy.blank_sectors(seen.data, 0)
    if len(zeros) >= _ZEROS_DOUBTED:
        yield f"{len(zeros)} sectors are all 00, the first at {zeros[0]:#08x}: a failed read."
    if seen.store is not None:
        yield from _store(seen.store)


def _store(store: Store) -> Iterator[str]:
    """A damaged home block would be replaced by an older copy when the device starts."""
    for bad in store.damaged:
        if (bad.at - store.at) // SECTOR - 1 < DATA_BLOCKS:
            yield f"A block of the Tuya store is damaged ({bad.why})."
    yield from (f"Block {number} of the Tuya store is lost." for number in store.lost)
    for entry in store.entries:
        if not entry.intact:
            yield f"The value {entry.name} in the Tuya store is damaged."


def _boot_agrees(seen: Survey) -> bool:
    """True if the bootloader agrees with its own container."""
    return any(a.kind is Kind.BOOT and a.state == "good" for a in seen.areas)


def _code(seen: Survey) -> Iterator[str]:
    """What bootloader and application say of themselves."""
    damaged = [a for a in seen.areas if a.state == "damaged" and a.kind in (Kind.BOOT, Kind.CODE)]
    yield from (area.note for area in damaged)
    headers = {a.name for a in seen.areas if a.kind is Kind.HEADER}
    loader, app = seen.data[:APP_START], seen.data[APP_START:APP_END_MAX]
    if "bootloader header" not in headers:
        yield from (p.text for p in checks.stride_problems(loader, 0, "bootloader"))
    if not app.strip(b"\xff"):
        yield "There is no application in it."
    elif "app header" not in headers:
        yield from _app_without_header(app)
    at = next((a.start for a in seen.areas if a.name == "app header"), 0)
    if at and not damaged:
        stale = seen.data[at : at + rbl.ON_FLASH]
        if strides.check(stale) is not None:
            yield "The container header of the application has a wrong checksum."
    dull = entropy.entropy(app[:SECTOR])
    if app.strip(b"\xff") and dull < _DULL:
        yield f"The application has {dull:.1f} bits a byte: too regular to be code."


def _hashes(seen: Survey) -> Iterator[str]:
    """Both checks of each container, checksum and hash."""
    for header in (a for a in seen.areas if a.kind is Kind.HEADER):
        start = 0 if header.name.startswith("bootloader") else APP_START
        at = header.start
        told = rbl.parse_on_flash(seen.data[at : at + rbl.ON_FLASH])
        if told is not None:
            yield from rbl.verify(told, strides.strip(seen.data[start:at]))


def _app_without_header(app: bytes) -> Iterator[str]:
    """An application that another firmware wrote: its strides up to the first long gap."""
    gap = app.find(b"\xff" * _BLANK_CODE)
    used = app[: gap if gap >= 0 else len(app)]
    used = used[: len(used) // strides.STRIDE * strides.STRIDE]
    yield from (p.text for p in checks.stride_problems(used, APP_START, "application"))


def _notes(seen: Survey) -> Iterator[str]:
    if seen.info.boot is None and not seen.base and _boot_agrees(seen):
        yield "Its bootloader is of a version not in the table, but agrees with its own checksums."
    if seen.key is None and not seen.base and seen.info.boot:
        yield "The code is under a key that is not known; that does not harm the backup."
    elif seen.key is not None and seen.key != cipher.TUYA:
        yield f"The code is under the key '{seen.key.name}', not Tuya's."
    product = seen.firmware.product
    if product and product != "Tuya":
        yield f"The application is {product}: the device was converted before."
    zeros = entropy.blank_sectors(seen.data, 0)
    if 0 < len(zeros) < _ZEROS_DOUBTED:
        yield f"{len(zeros)} sectors hold nothing but 00."
    if seen.store is None and not seen.info.constant:
        yield "It has no Tuya store that can be opened; pins cannot be taken from it."
    elif seen.store is not None:
        yield from seen.store.notes
        if not _paired(seen):
            yield "The device was never paired: no device id, no Wi-Fi password in it."


def _paired(seen: Survey) -> bool:
    assert seen.store is not None
    told = secret_fields("gw_ai", seen.store.value("gw_ai")) or {}
    joined = secret_fields("gw_wsm", seen.store.value("gw_wsm")) or {}
    return bool(told or joined)
