"""The map of a dump: what lies where, told by content first and by the chip's plan where the
content says nothing.  The areas cover the dump without a gap, in flash addresses.

Source: Tuya backup sheet 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from core.bkimage import rbl, strides
from core.bkimage.flashmap import APP_START, CHIPS, SECTOR
from core.tuya import connect
from core.tuya.files import FileSystem
from core.tuya.keyvalue import Store
from core.tuya.layout import DATA_BLOCKS
from core.tuya.protected import Protected


class Kind(StrEnum):
    """What an area is; colours and legends go by this."""

    BOOT = "bootloader"
    CODE = "code"
    HEADER = "header"
    DOWNLOAD = "download"
    RF = "rf"
    CONNECT = "fast connect"
    OPENBEKEN = "openbeken"
    FILES = "files"
    PROTECTED = "protected"
    STORE = "store"
    SPARE = "spare"


PRIVATE = (Kind.CONNECT, Kind.OPENBEKEN, Kind.FILES, Kind.PROTECTED, Kind.STORE, Kind.DOWNLOAD)
"""Areas whose bytes may hold secrets."""


@dataclass(frozen=True, slots=True)
class Area:
    """`start` inclusive, `end` exclusive.  `found` says by what it was recognised, `state` is
    `good`, `damaged`, `blank` or empty where there is nothing to judge by."""

    name: str
    start: int
    end: int
    kind: Kind
    found: str = "by its place"
    state: str = ""
    note: str = ""


_KINDS = {
    "bootloader": Kind.BOOT,
    "app": Kind.CODE,
    "download": Kind.DOWNLOAD,
    "rf": Kind.RF,
    "config": Kind.CONNECT,
    "fast connect": Kind.CONNECT,
    "tuya files": Kind.FILES,
    "tuya files 2": Kind.FILES,
    "tuya files 3": Kind.FILES,
    "spare": Kind.SPARE,
    "protected": Kind.PROTECTED,
    "tuya store": Kind.STORE,
}
_EMPTY_CONFIG = "empty (fast connect of Tuya, configuration of OpenBeken)"
_NAMES = (b"bootloader\0", b"app\0")
_NAME_AT = 12
_LITTLEFS = b"littlefs"


def areas_of(
    data: bytes,
    base: int,
    chip: str,
    rf_at: int | None,
    store: Store | None,
    protected: Protected | None,
    files: FileSystem | None,
) -> tuple[Area, ...]:
    """The map of `data`, whose first byte has flash address `base`."""
    end = base + len(data)
    found = list(_plan(chip, base, end))
    for area in _by_content(data, base, chip, rf_at, store, protected, files):
        inside = replace(area, start=max(base, area.start), end=min(end, area.end))
        if inside.start < inside.end:
            found = list(_laid_over(found, inside))
    return tuple(_judged(area, data, base) for area in found if area.start < area.end)


def _plan(chip: str, base: int, end: int) -> Iterator[Area]:
    """The chip's plan as far as the dump reaches."""
    at = base
    for region in CHIPS[chip].regions if chip else ():
        start, stop = max(base, region.start), min(end, region.end)
        if start < stop:
            yield Area(region.name, start, stop, _KINDS[region.name])
            at = stop
    if at < end:
        yield Area("not known", at, end, Kind.SPARE, "")


def _laid_over(areas: list[Area], new: Area) -> Iterator[Area]:
    """`areas` with `new` cut in."""
    placed = False
    for area in areas:
        if area.end <= new.start or area.start >= new.end:
            if not placed and area.start >= new.end:
                yield new
                placed = True
            yield area
            continue
        if area.start < new.start:
            yield replace(area, end=new.start)
        if not placed:
            yield new
            placed = True
        if area.end > new.end:
            yield replace(area, start=new.end)
    if not placed:
        yield new


def _by_content(
    data: bytes,
    base: int,
    chip: str,
    rf_at: int | None,
    store: Store | None,
    protected: Protected | None,
    files: FileSystem | None,
) -> Iterator[Area]:
    if base == 0:
        yield from _code(data)
    if rf_at is not None:
        at = base + rf_at
        yield Area("RF and MAC", at, at + SECTOR, Kind.RF, "TLV block with a MAC", "good")
    yield from _settings(data, base, chip)
    if files:
        for at in files.directories:
            start = base + at
            yield Area("file directory", start, start + SECTOR, Kind.FILES, "its checksum", "good")
        for file in files.files:
            if file.at is not None:
                at = base + file.at
                name = f"file {file.name}"
                yield Area(name, at, at + SECTOR, Kind.FILES, "the directory", "good")
    if protected:
        at = base + protected.at
        names = ", ".join(protected.values)
        yield Area(
            "protected sector", at, at + SECTOR, Kind.PROTECTED, "its checksum", "good", names
        )
    if store:
        yield from _store(store, base, len(data))


def _code(data: bytes) -> Iterator[Area]:
    """Container headers, where the code before each begins, and whether the two agree."""
    starts = {"bootloader": 0, "app": APP_START}
    at = data.find(rbl.MAGIC)
    while at >= 0:
        named = data.startswith(_NAMES, at + _NAME_AT)  # hostile files have a million marks
        header = rbl.parse_on_flash(data[at : at + rbl.ON_FLASH]) if named else None
        start = starts.get(header.name) if header else None
        if header and header.intact and start is not None and start < at:
            used = start + strides.physical(header.packed_size + strides.DATA - 1)
            wrong = _wrong(header, data[start:at])
            state = "damaged" if wrong else "good"
            name, kind = (
                ("bootloader", Kind.BOOT) if header.name == "bootloader" else ("app", Kind.CODE)
            )
            code = Area(
                name, start, min(used, at), kind, "container header", state, " ".join(wrong)
            )
            yield code
            head = Area(f"{name} header", at, at + rbl.ON_FLASH, Kind.HEADER, "RBL", "good")
            yield head
        at = data.find(rbl.MAGIC, at + 1)


def _wrong(header: rbl.Rbl, raw: bytes) -> tuple[str, ...]:
    """What the container says of its code, and the whole strides in it of themselves."""
    whole = header.packed_size // strides.DATA * strides.STRIDE
    bad = strides.bad_strides(raw[:whole])
    text = f"{len(bad)} stride checksums of the {header.name} are wrong."
    return rbl.verify(header, strides.strip(raw), both=False) + ((text,) if bad else ())


def _settings(data: bytes, base: int, chip: str) -> Iterator[Area]:
    """Fast-connect data, or OpenBeken's configuration and files, in the sectors made for them."""
    for start in (0x1D1000, 0x1E1000, 0x1E2000):
        sector = data[start - base : start - base + SECTOR] if start >= base else b""
        if sector[:3] == b"CFG" and start != 0x1E2000:
            yield Area("OpenBeken configuration", start, start + SECTOR, Kind.OPENBEKEN, "CFG")
            continue
        record = connect.parse(sector) if sector[:4] != b"TLV\0" else None
        if record is not None:
            form = "masked record" if record.masked else "record"
            yield Area("fast connect", start, start + SECTOR, Kind.CONNECT, form, "good")
    at = data.find(_LITTLEFS, max(0, 0x12A000 - base))
    while at >= 0:
        start = base + at - at % SECTOR
        if start >= 0x12A000:
            yield Area("OpenBeken files", start, start + SECTOR, Kind.OPENBEKEN, "LittleFS")
        at = data.find(_LITTLEFS, at - at % SECTOR + SECTOR)


def _store(store: Store, base: int, size: int) -> Iterator[Area]:
    """Key sector, blocks and swap, each with its state."""
    first = base + store.at
    if store.at >= 0:
        own = store.candidate.at == store.at
        state, found = ("good", "magic") if own else ("damaged", "the blocks behind it")
        yield Area("store key", first, first + SECTOR, Kind.STORE, found, state)
    live = {block.at: block for block in store.blocks}
    stale = {block.at: block for block in store.stale}
    bad = {damaged.at: damaged for damaged in store.damaged}
    for at in sorted({*live, *stale, *bad, *range(store.at + SECTOR, store.end, SECTOR)}):
        if not 0 <= at < size:
            continue
        number = (at - store.at) // SECTOR - 1
        home = f"block {number}" if number < DATA_BLOCKS else f"swap {number - DATA_BLOCKS}"
        start, end = base + at, base + min(at + SECTOR, size)
        block = live.get(at) or stale.get(at)
        if block:
            use = "" if at in live else "an older copy"
            text = f"block {block.header.id}, generation {block.header.generation}"
            note = ", ".join(filter(None, (text, use)))
            yield Area(f"store {home}", start, end, Kind.STORE, "its checksum", "good", note)
        elif at in bad:
            yield Area(f"store {home}", start, end, Kind.STORE, "", "damaged", bad[at].why)
        else:
            yield Area(f"store {home}", start, end, Kind.STORE)


def _judged(area: Area, data: bytes, base: int) -> Area:
    """Blank areas are called blank, whatever they are for."""
    raw = data[area.start - base : area.end - base]
    if raw.strip(b"\xff"):
        return area
    name = _EMPTY_CONFIG if area.name == "config" else area.name
    return replace(area, name=name, state=area.state or "blank")
