"""Flash images for the simulated bench, made here from nothing: no vendor's byte is in them.

They have what a BK7231 image is recognised by: stride checksums, a partition table, containers
with checksum and hash, ARM vectors under the flash cipher, names, an RF block, and a bootloader
whose first bytes have the fingerprint of a real one.  The code itself is seeded noise and runs
nowhere.  The same arguments always give the same bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from core.bkimage import cipher, fal, rbl, rf, strides
from core.bkimage.cipher import Key
from core.bkimage.flashmap import (
    APP_LOGICAL,
    APP_START,
    CHIPS,
    FINGERPRINTS,
    SIZE,
    TUYA_STORE,
    ChipMap,
)
from core.sim.tuya_values import LSC_N, LSC_T, stock_values
from core.tuya import encode, files
from core.tuya.crypt import SHARED_KEYS

_VECTORS = bytes.fromhex("0e0000ea") + bytes.fromhex("14f09fe5") * 7
_BUILT = 1_735_689_600
"""Time in the container headers: 2025-01-01."""
_APP_LENGTH = 0x108700
"""Logical bytes of the application partition."""
_TABLE_AT = {"n": 0xE95C, "t": 0xDC50}
"""Where the bootloader ends with its partition table; logical."""
_CLEAR_NAME_AT = 0x100
"""Logical address of the text that an N's bootloader carries unencrypted."""
_STOCK_APP = 0xE8130
_OPEN_APP = 0xD9F00
"""Raw bytes of the applications, near those of real ones."""
_CALIBRATION = 440
"""Bytes of made-up radio calibration."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an image is made of.

    `table` and `words` name the chip in the partition table and in the code; a test sets them
    against each other.  `texts` stand in the code, each ended by a zero byte.
    """

    chip: str
    key: Key
    seed: int
    length: int
    texts: tuple[str, ...]
    table: str
    words: str


def stock_n(
    mac: bytes = bytes.fromhex("c0ffee001234"),
    seed: int = 1,
    overlay: Mapping[int, bytes] | None = None,
) -> bytes:
    """The 2 MiB flash of an LSC plug with a Tuya firmware on a BK7231N, never paired.

    `overlay` puts bytes at flash offsets, such as another key-value store at 0x1EE000.
    """
    texts = ("oem_bk7231n_plug", "< TUYA IOT SDK V:2.3.1 BS:40.00_PT:2.2 >", "FOR ty AT bk7231n >")
    return _stock(Recipe("n", cipher.TUYA, seed, _STOCK_APP, texts, "n", "n"), mac, overlay or {})


def stock_t(
    mac: bytes = bytes.fromhex("c0ffee005678"),
    seed: int = 2,
    overlay: Mapping[int, bytes] | None = None,
) -> bytes:
    """The 2 MiB flash of a device with a Tuya firmware on a BK7231T, see `stock_n`."""
    texts = ("oem_bk7231t_plug", "< TUYA IOT SDK V:1.0.6 BS:40.00_PT:2.2 >", "FOR ty AT bk7231t >")
    return _stock(Recipe("t", cipher.TUYA, seed, _STOCK_APP, texts, "t", "t"), mac, overlay or {})


def openbeken_qio(
    version: str = "1.18.100",
    chip: str = "n",
    *,
    key: Key = cipher.TUYA,
    table: str = "",
    words: str = "",
    seed: int = 3,
) -> bytes:
    """A QIO image of OpenBeken: bootloader, application and container, 0x129F70 bytes.

    `table` and `words` default to `chip`; another letter makes an image that contradicts itself.
    """
    name = f"OpenBK7231{chip.upper()}"
    texts = (f"{name}_{version}", "https://github.com/openshwprojects/OpenBK7231T_App/", version)
    recipe = Recipe(chip, key, seed, _OPEN_APP, texts, table or chip, words or chip)
    return _bootloader(recipe) + _on_flash(_application(recipe))


def openbeken_ua(version: str = "1.18.100", chip: str = "t", *, key: Key = cipher.TUYA) -> bytes:
    """The application of such an image alone, as it is written at 0x11000."""
    image = openbeken_qio(version, chip, key=key)[APP_START:]
    return image[: strides.physical(_OPEN_APP)]


def openbeken_rbl(version: str = "1.18.100", packed: int = 0x60000, seed: int = 4) -> bytes:
    """An update file with a packed body of noise, as a running OpenBeken takes it."""
    body = Random(seed).randbytes(packed)
    header = rbl.Rbl(
        algorithm=0x0102,
        time=_BUILT,
        name="app",
        version=version,
        serial="0" * 23,
        crc=zlib.crc32(body),
        fnv=rbl.fnv1a(body[:64]),
        raw_size=_OPEN_APP,
        packed_size=packed,
    )
    return rbl.build(header) + body


def tuya_ug(version: str = "1.18.100") -> bytes:
    """An update package for a running Tuya firmware: its header before an update file."""
    inner = openbeken_rbl(version)
    head = rbl.UG_MAGIC + version.encode("ascii").ljust(12, b"\0")
    head += len(inner).to_bytes(4) + (sum(inner) & 0xFFFFFFFF).to_bytes(4)
    return head + (sum(head) & 0xFFFFFFFF).to_bytes(4) + rbl.UG_TAIL + inner


def _stock(recipe: Recipe, mac: bytes, overlay: Mapping[int, bytes]) -> bytes:
    chip = CHIPS[recipe.chip]
    noise = Random(recipe.seed * 1000 + 7)
    flash = bytearray(b"\xff" * SIZE)
    pins = {"n": LSC_N, "t": LSC_T}[recipe.chip]
    values = stock_values(recipe.chip, recipe.seed, pins)
    image = _bootloader(recipe) + _on_flash(_application(recipe))
    parts = {
        0: image,
        chip.rf.start: rf.build(mac, noise.randbytes(_CALIBRATION)),
        chip.region("tuya files").start: files.build({"log_seq_stat": b"", "oem_cfg": pins}),
        TUYA_STORE: encode.store(values, SHARED_KEYS[0]),
        **overlay,
    }
    for address, data in parts.items():
        if not 0 <= address <= SIZE - len(data):
            raise ValueError(f"{len(data)} bytes at {address:#x} do not fit the flash")
        flash[address : address + len(data)] = data
    return bytes(flash)


def _on_flash(plain: bytes) -> bytes:
    """Stride checksums added; a stride of 32 x FF stays erased, as no tool ever writes it."""
    raw = bytearray(strides.add(plain))
    erased = b"\xff" * strides.DATA
    for at in range(0, len(raw), strides.STRIDE):
        if raw[at : at + strides.DATA] == erased:
            raw[at : at + strides.STRIDE] = strides.BLANK
    return bytes(raw)


def _partition(body: bytes, name: str, length: int) -> bytes:
    """A stripped partition: body, its filling, erased bytes, and the container header at the end.

    The filling counts itself, and the checksum in the header covers it.
    """
    header = rbl.for_body(body, name, "1.00", _BUILT)
    fill = header.packed_size - len(body)
    start = body + bytes([fill]) * fill
    return start.ljust(length - rbl.SIZE, b"\xff") + rbl.build(header)


def _application(recipe: Recipe) -> bytes:
    """The stripped application partition, encrypted."""
    noise = Random(recipe.seed)
    config = CHIPS[recipe.words].config.start.to_bytes(4, "little")
    texts = b"".join(text.encode("ascii") + b"\0" for text in recipe.texts)
    head = _VECTORS + noise.randbytes(0x400) + config * 4 + texts
    plain = head + noise.randbytes(recipe.length - len(head))
    return _partition(cipher.crypt(plain, APP_LOGICAL, recipe.key), "app", _APP_LENGTH)


def _bootloader(recipe: Recipe) -> bytes:
    """The first 0x11000 bytes of a flash."""
    chip = CHIPS[recipe.chip]
    noise = Random(recipe.seed * 1000 + 1)
    name = {"n": b"BK7231N_1.0.1\0", "t": b"BK7231S_1.0.5\0"}[recipe.chip]
    plain = _VECTORS + noise.randbytes(0x1000) + name
    plain += noise.randbytes(_TABLE_AT[recipe.chip] - len(plain))
    code = bytearray(cipher.crypt(plain, 0, recipe.key))
    if recipe.chip == "n":
        code[_CLEAR_NAME_AT : _CLEAR_NAME_AT + 8] = b"BK7231\0\0"
    known = _known_fingerprint(chip, recipe.key)
    if known is not None:
        _forge(code, chip.fingerprint_span, known)
    body = bytes(code) + _table(CHIPS[recipe.table])
    return _on_flash(_partition(body, "bootloader", APP_LOGICAL))


def _table(chip: ChipMap) -> bytes:
    return fal.build(
        (
            fal.Partition("bootloader", fal.CODE_DEVICE, 0, APP_LOGICAL),
            fal.Partition("app", fal.CODE_DEVICE, APP_LOGICAL, _APP_LENGTH),
            fal.Partition("download", fal.RAW_DEVICE, chip.download, 0xA6000),
        )
    )


def _known_fingerprint(chip: ChipMap, key: Key) -> int | None:
    """The usual bootloader's fingerprint for that chip and key: 1.0.1 on N, 1.0.5 on T."""
    usual = {("n", "tuya"): 0xE14191BA, ("t", "tuya"): 0xBA54C1B8}
    if (chip.letter, key.name) in usual:
        return usual[chip.letter, key.name]
    known = (k.crc for k in FINGERPRINTS if (k.chip, k.key) == (chip.letter, key.name))
    return next(known, None)


def _forge(code: bytearray, span: int, target: int) -> None:
    """Change four bytes of stripped `code` so that its first `span` flash bytes have that CRC-32.

    The four are the last of the span.  They are data bytes of the eighth stride, whose own
    checksum comes behind the span and so cannot disturb it.
    """
    raw = strides.add(bytes(code[:0x100]))
    at = strides.logical(span - 4)
    code[at : at + 4] = _bytes_for_crc(raw[: span - 4], target)


def _bytes_for_crc(prefix: bytes, target: int) -> bytes:
    """Four bytes that bring the CRC-32 of `prefix` plus them to `target`.

    The checksum is undone from its end four bytes back, where it has to meet that of `prefix`.
    """
    # crc32 of one byte from register 0 is the table of the algorithm, by its unique top bytes.
    table = [zlib.crc32(bytes([i]), 0xFFFFFFFF) ^ 0xFFFFFFFF for i in range(256)]
    by_top = {entry >> 24: i for i, entry in enumerate(table)}
    register = target ^ 0xFFFFFFFF
    for _ in range(4):
        index = by_top[register >> 24]
        register = (register ^ table[index]) << 8 & 0xFFFFFFFF | index
    return (register ^ zlib.crc32(prefix) ^ 0xFFFFFFFF).to_bytes(4, "little")
