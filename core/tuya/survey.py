"""A whole look at one dump: what it is, its map, its store, its pins.

Takes any bytes up to 16 MiB and always gives a survey; what is missing stands in `warnings`.
Offsets count in `data`, which is in the order of the flash; `address` and `file_offset` translate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.bkimage import backup, cipher, code, rbl, rotation, strides
from core.bkimage.backup import DumpInfo
from core.bkimage.cipher import Key
from core.bkimage.flashmap import (
    APP_END_MAX,
    APP_LOGICAL,
    APP_START,
    BOOTLOADER_RBL,
    SECTOR,
    SIZE,
    TUYA_STORE,
)
from core.tuya import (
    areas,
    blocks,
    connect,
    crypt,
    files,
    firmware,
    keyvalue,
    mcu,
    pin_text,
    protected,
)
from core.tuya.areas import Area
from core.tuya.connect import FastConnect
from core.tuya.files import FileSystem
from core.tuya.firmware import Firmware
from core.tuya.keyvalue import Store
from core.tuya.modules import chip_of
from core.tuya.pin_text import PinText
from core.tuya.protected import Protected

if TYPE_CHECKING:
    from core.tuya.pins import Wiring

LARGEST = 16 << 20
MCU_KEYS = ("baud_cfg", "uart_adapt_params")
_CONNECT_AT = {"n": 0x1D1000, "t": 0x1E2000}
_RF_CHIP = {0x1D0000: "n", 0x1E0000: "t"}
_FILES_CHIP = {0x1D2000: "n", 0x1E3000: "t"}


@dataclass(frozen=True)
class Survey:
    """One dump.  `base` is the flash address of its first byte; `shift` by how much the file was
    rotated; `chip` is `n`, `t` or empty; `key` opens its code."""

    data: bytes = field(repr=False)
    base: int
    shift: int
    info: DumpInfo
    chip: str
    key: Key | None
    store: Store | None
    protected: Protected | None
    files: FileSystem | None
    connect: FastConnect | None
    warnings: tuple[str, ...]

    @cached_property
    def areas(self) -> tuple[Area, ...]:
        """The map, in flash addresses, without a gap."""
        return areas.areas_of(
            self.data, self.base, self.chip, self.info.rf_at, self.store, self.protected, self.files
        )

    @cached_property
    def app(self) -> bytes:
        """The application in plain, without stride checksums; empty if it cannot be decrypted."""
        if self.base or self.key is None:
            return b""
        return code.plain_app(self.data[:APP_END_MAX], self.key)

    @cached_property
    def firmware(self) -> Firmware:
        """What the code names itself."""
        if self.base or self.key is None:
            return Firmware()
        loader = cipher.crypt(strides.strip(self.data[:APP_START]), 0, self.key)
        return firmware.describe(self.app, loader)

    @cached_property
    def pins(self) -> PinText | None:
        """The pin configuration, wherever it was found."""
        found = pin_text.find(self.data, self.store, self.files, base=self.base)
        return found or pin_text.find(b"", None, None, self.app)

    @cached_property
    def wiring(self) -> Wiring | None:
        """The pins in OpenBeken's words."""
        from core.tuya.pins import translate  # its tables take longer to load than a value to find

        return translate(self.pins.fields) if self.pins else None

    @property
    def has_mcu(self) -> bool:
        """True for a device whose pins belong to a second chip."""
        values = self.store.values if self.store else {}
        own = self.wiring is not None and self.wiring.uses
        return not own and any(name in values for name in MCU_KEYS)

    def address(self, offset: int) -> int:
        """The flash address of a byte of `data`."""
        return self.base + offset

    def file_offset(self, address: int) -> int:
        """Where the byte of a flash address lies in the file."""
        offset = address - self.base
        return (offset - self.shift) % len(self.data) if self.shift else offset

    def decrypted(self, *, store: bool = True, software: bool = True) -> bytes:
        """The same bytes with store and code in plain, each at its place."""
        out = bytearray(self.data)
        if software and self.key is not None and not self.base:
            loader = self.data[:BOOTLOADER_RBL]
            out[: len(loader)] = code.in_place(loader, 0, self.key)
            end = next((a.start for a in self.areas if a.name == "app header"), APP_END_MAX)
            raw = self.data[APP_START:end]
            out[APP_START : APP_START + len(raw)] = code.in_place(raw, APP_LOGICAL, self.key)
        if store:
            self._open_store(out)
        return bytes(out)

    def _open_store(self, out: bytearray) -> None:
        if self.store is not None:
            for block in (*self.store.blocks, *self.store.stale):
                out[block.at : block.at + SECTOR] = block.plain
            for bad in self.store.damaged:
                raw = self.data[bad.at : bad.at + SECTOR]
                if len(raw) == SECTOR and bad.at >= 0:
                    out[bad.at : bad.at + SECTOR] = crypt.decrypt(raw, self.store.aes)
            at = self.store.at
            raw = self.data[at : at + SECTOR] if at >= 0 else b""
            if len(raw) == SECTOR and self.store.candidate.at == at:
                out[at : at + SECTOR] = crypt.decrypt(raw, crypt.MASTER)
        if self.protected is not None:
            at = self.protected.at
            out[at : at + SECTOR] = self.protected.plain

    def mcu_settings(self) -> tuple[int, list[Any]]:
        """(baud, data points) of a TuyaMCU device."""
        return mcu.settings(self.store.values if self.store else {})


def survey(file: bytes) -> Survey:
    """Look at a dump.  Any bytes; never raises."""
    shift = rotation.shift_of(file)
    data = rotation.corrected(file, shift)
    info = backup.examine(data)
    sectors = blocks.find(data)
    base = _base(data, info, sectors.at if sectors else None)
    store = keyvalue.read(sectors, base) if sectors else None
    found_files = files.find(data, base)
    chip = _chip(info, base, store, found_files)
    saved = protected.find(data)
    record = _connect(data, base, chip)
    key = code.key_for(data) if not base else None
    return Survey(
        data=data,
        base=base,
        shift=shift,
        info=info,
        chip=chip,
        key=key,
        store=store,
        protected=saved,
        files=found_files,
        connect=record,
        warnings=tuple(_warnings(data, base, shift, info, store)),
    )


def _begins_flash(data: bytes, info: DumpInfo) -> bool:
    header = rbl.parse_on_flash(data[BOOTLOADER_RBL : BOOTLOADER_RBL + rbl.ON_FLASH])
    return (
        info.boot is not None
        or header is not None
        or cipher.key_of(data[: strides.DATA], 0) is not None
    )


def _base(data: bytes, info: DumpInfo, store_at: int | None) -> int:
    """The flash address of the first byte: 0, unless a store says that the file is only a part."""
    if len(data) >= SIZE or _begins_flash(data, info):
        return 0
    tail = SIZE - len(data)
    if store_at is None:
        return tail if info.rf_at is not None and tail + info.rf_at in _RF_CHIP else 0
    if tail + store_at == TUYA_STORE or store_at > TUYA_STORE:
        return max(0, tail)
    return TUYA_STORE - store_at


def _chip(info: DumpInfo, base: int, store: Store | None, found_files: FileSystem | None) -> str:
    """By bootloader, place of RF block and file system, then what the store says."""
    if info.chip:
        return info.chip
    if info.rf_at is not None and base + info.rf_at in _RF_CHIP:
        return _RF_CHIP[base + info.rf_at]
    if found_files and found_files.directories:
        chip = _FILES_CHIP.get(base + min(found_files.directories))
        if chip:
            return chip
    values = store.values if store else {}
    platform = values.get("em_sys_env", b"").rstrip(b"\0").lower()
    if platform.startswith(b"bk7231n"):
        return "n"
    if platform.startswith((b"bk7231s", b"bk7231t")):
        return "t"
    text = pin_text.find(b"", store, found_files)
    module = text.fields.get("module", "") if text else ""
    letter = chip_of(module)[-1:] if isinstance(module, str) else ""
    return letter if letter in _CONNECT_AT else ""


def _connect(data: bytes, base: int, chip: str) -> FastConnect | None:
    at = _CONNECT_AT.get(chip, -1) - base
    return connect.parse(data[at : at + SECTOR]) if at >= 0 else None


def _warnings(data: bytes, base: int, shift: int, info: DumpInfo, store: Store | None) -> list[str]:
    found = []
    if shift:
        found.append(
            f"The file is rotated by {shift:#x}: its end belongs to its beginning. It was put "
            "right on a copy; addresses are those of the flash."
        )
    if base:
        found.append(f"This is a part of a flash, from {base:#08x} on.")
    elif info.reasons:
        found += info.reasons
    if store is None:
        found.append("No Tuya store could be opened.")
    else:
        found += store.notes
        if base + store.at != TUYA_STORE:
            found.append(f"The Tuya store is at {base + store.at:#08x}, not at {TUYA_STORE:#08x}.")
    return found
