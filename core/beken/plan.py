"""What a job will write, and the permission to do it.

A plan names every range that changes and every range that stays; together they are the whole
flash.  Only this module makes a `Permit`, for the makers of plans in `core.beken.planning`.
Source: rulings P10 and P12.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from core.beken.grounds import Identity
from core.beken.identify import Device
from core.beken.permit import _SEAL, Permit
from core.bkimage.flashmap import APP_END_MAX, APP_START, ChipMap, Region
from core.store.backups import Backup

RF_NAME = "RF calibration and MAC"


@dataclass(frozen=True, slots=True)
class Span:
    """One range to be written: `data`, whole sectors, goes to `start`."""

    name: str
    start: int
    data: bytes = field(repr=False)

    @property
    def end(self) -> int:
        return self.start + len(self.data)


@dataclass(frozen=True, slots=True)
class Plan:
    """One write, complete.

    `spans` are written in this order; `kept` is the rest of the flash.  `backup` holds what the
    device was, `before` its bytes; `source_sha256` names what is written.  `job` is what the plan
    is for: flash, restore or config.
    """

    job: str
    title: str
    device: Device
    backup: Backup
    before: bytes = field(repr=False)
    spans: tuple[Span, ...]
    kept: tuple[Region, ...]
    identity: Identity
    key: str
    source_sha256: str
    permit: Permit

    @property
    def target(self) -> bytes:
        """All bytes to be written, span after span."""
        return b"".join(span.data for span in self.spans)

    @property
    def start(self) -> int:
        return min(span.start for span in self.spans)

    @property
    def end(self) -> int:
        return max(span.end for span in self.spans)

    @property
    def writes_rf(self) -> bool:
        """True when the RF sector is one of the spans."""
        return any(span.name == RF_NAME for span in self.spans)

    def after(self, start: int, end: int) -> bytes:
        """What [start, end), inside one span or one kept region, holds once this is done."""
        for span in self.spans:
            if span.start <= start and end <= span.end:
                return span.data[start - span.start : end - span.start]
        return self.before[start:end]

    @property
    def lines(self) -> tuple[str, ...]:
        """The plan for people, one line a range."""
        found = [
            (r.start, f"keep         {text_of(r.start, r.end)}  {r.name} (yours)")
            for r in self.kept
        ]
        found += [
            (s.start, f"erase, write {text_of(s.start, s.end)}  {s.name}") for s in self.spans
        ]
        return tuple(text for _, text in sorted(found))

    def to_json(self) -> dict[str, Any]:
        """For `plan.json` and the screen; no secrets, no key bytes."""
        device = self.device
        return {
            "job": self.job,
            "chip": device.chip,
            "mac": device.mac,
            "flash_id": device.flash_id,
            "size": device.size,
            "flash_key": self.key,
            "image": self.title,
            "image_sha256": self.source_sha256,
            "target_sha256": hashlib.sha256(self.target).hexdigest(),
            "start": self.start,
            "end": self.end,
            "spans": [[s.name, s.start, s.end] for s in self.spans],
            "backup": str(self.backup.path),
            "backup_sha256": self.backup.sha256,
            "bootloader_crc": f"{self.identity.bootloader:08x}",
            "rf_crc": f"{self.identity.rf:08x}",
            "lines": list(self.lines),
        }


def build(
    job: str,
    title: str,
    device: Device,
    layout: ChipMap,
    base: tuple[Backup, bytes],
    spans: Sequence[Span],
    identity: Identity,
    key: str,
    source: str,
) -> Plan:
    """The plan that writes `spans`; `base` is the backup that it rests on.

    Who calls this has refused everything that must be refused: see `core.beken.planning`.
    """
    backup, data = base
    permit = Permit(
        chip=device.chip,
        mac=device.mac,
        flash_id=device.flash_id,
        backup_sha256=backup.sha256,
        ranges=tuple((span.start, span.end) for span in spans),
        seal=_SEAL,
    )
    return Plan(
        job=job,
        title=title,
        device=device,
        backup=backup,
        before=data,
        spans=tuple(spans),
        kept=kept_regions(layout, [(span.start, span.end) for span in spans]),
        identity=identity,
        key=key,
        source_sha256=source,
        permit=permit,
    )


def kept_regions(layout: ChipMap, written: Sequence[tuple[int, int]]) -> tuple[Region, ...]:
    """What stays when the ranges `written` change, cut where something else begins."""
    names = {
        0: "bootloader",
        APP_START: "application",
        APP_END_MAX: "everything between application and RF",
        layout.rf.start: RF_NAME,
        layout.rf.end: "configuration and Tuya store",
    }
    edges = sorted({*names, layout.size, *(edge for pair in written for edge in pair)})
    kept: list[Region] = []
    for start, end in pairwise(edges):
        if any(a <= start < b for a, b in written):
            continue
        name = names[max(at for at in names if at <= start)]
        if start == layout.config.end:
            name = "Tuya files and store"
        kept.append(Region(name, start, end))
    return tuple(kept)


def text_of(start: int, end: int) -> str:
    """A range as people read it, both ends counted in."""
    return f"0x{start:06X}-0x{end - 1:06X}"
