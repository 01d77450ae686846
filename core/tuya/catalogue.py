"""Every backup that is kept: whose it is, what hangs on its pins, whether it can be relied on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from core.fault import FaultError
from core.store.backups import Backup, Backups
from core.store.files import read
from core.tuya import blocks, files, keyvalue, pin_text
from core.tuya.health import Health, judge
from core.tuya.opening import Opened
from core.tuya.pins import Wiring, translate
from core.tuya.survey import Survey

_TAIL = 0x1D0000
"""Store and file system lie behind this address on both chips."""


@dataclass(frozen=True, slots=True)
class Item:
    """One backup.  `label` says what the device is by its pins; `number` counts the backups of
    this device, of `count`.  `reasons` say why it should not be relied on."""

    path: Path
    when: str
    chip: str
    mac: str
    size: int
    true: bool
    whole: bool
    label: str
    number: int
    count: int
    trusted: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Growing:
    """A backup that is being read, or was not finished; `cells` has one character a sector."""

    path: Path
    cells: str

    @property
    def done(self) -> int:
        """Sectors that are there."""
        return sum(cell != " " for cell in self.cells)


def items(backups: Backups) -> list[Item]:
    """Every finished backup, newest first.  Reads each file once: not for the loop's thread."""
    kept = backups.all()
    counts = Counter(backup.path.parent for backup in kept)
    seen: Counter[Path] = Counter()
    found = []
    for backup in kept:
        seen[backup.path.parent] += 1
        found.append(_item(backup, seen[backup.path.parent], counts[backup.path.parent]))
    return sorted(found, key=lambda item: (item.when, item.path.name), reverse=True)


def _item(backup: Backup, number: int, count: int) -> Item:
    facts, reasons, label = backup.facts, list(backup.facts.reasons), ""
    if not facts.true:
        reasons.append("Its bytes were not proven by the chip's checksum.")
    try:
        label = label_of(backup.read())
    except FaultError as error:
        reasons.append(error.fault.what)
    return Item(
        path=backup.path,
        when=backup.when,
        chip=facts.chip,
        mac=facts.mac,
        size=facts.size,
        true=facts.true,
        whole=facts.whole,
        label=label,
        number=number,
        count=count,
        trusted=facts.true and facts.whole and not reasons,
        reasons=tuple(reasons),
    )


def growing(backups: Backups) -> list[Growing]:
    """Backups without their final name, with the map of what is there."""
    found = []
    for path in sorted(backups.root.glob("*/*.bin.part")):
        try:
            cells = read(path.with_suffix(".map"), 1 << 16).decode("ascii", "replace")
        except FaultError:
            cells = ""
        found.append(Growing(path, cells))
    return found


def earlier(backups: Backups, mac: str) -> list[Backup]:
    """Backups of the device with this MAC that are kept already, oldest first."""
    return [backup for backup in backups.all() if mac and backup.facts.mac == mac]


def label_of(data: bytes) -> str:
    """What the device is: its module and what is on its pins; empty where that is not known."""
    tail = data[_TAIL:] if len(data) > _TAIL else data
    sectors = blocks.find(tail)
    store = keyvalue.read(sectors) if sectors else None
    found = pin_text.find(tail, store, files.find(tail, len(data) - len(tail)))
    if found is None:
        values = store.values if store else {}
        return "TuyaMCU device" if "baud_cfg" in values or "uart_adapt_params" in values else ""
    return summary(translate(found.fields))


def summary(wiring: Wiring) -> str:
    """`CB2S: 1 relay, 1 button, 2 LEDs, meter BL0937`."""
    kinds = Counter(_kind(use.role) for use in wiring.uses)
    parts = [
        f"{kinds[kind]} {kind if kinds[kind] == 1 else plural}"
        for kind, plural in _PLURALS.items()
        if kinds[kind]
    ]
    parts += [f"meter {wiring.meter}"] if wiring.meter else []
    parts += [f"LED driver {wiring.driver}"] if wiring.driver else []
    return f"{wiring.module or 'module not named'}: {', '.join(parts) or 'no pins'}"


_PLURALS = {"relay": "relays", "button": "buttons", "switch": "switches", "LED": "LEDs",
            "PWM": "PWMs"}  # fmt: skip
_ROLE_KINDS = (("Rel", "relay"), ("Bridge", "relay"), ("Btn", "button"), ("Tgl", "switch"),
               ("LED", "LED"), ("WifiLED", "LED"), ("PWM", "PWM"))  # fmt: skip


def _kind(role: str) -> str:
    return next((kind for start, kind in _ROLE_KINDS if role.startswith(start)), "")


def verdict(opened: Opened, seen: Survey, *, thorough: bool = False) -> Health:
    """Whether a file is worth trusting: by its contents, and by its record if it has one."""
    by_contents = judge(seen, thorough=thorough)
    reasons, notes = list(by_contents.reasons), list(by_contents.notes)
    if opened.changed:
        reasons.append("It is not what its record says: the file was changed after the backup.")
    if opened.record_problem:
        reasons.append(opened.record_problem)
    if opened.record is None:
        notes.append("No record beside it: that it equals the chip is not proven.")
    elif not opened.record.facts.true:
        reasons.append("Its bytes were not proven by the chip's checksum.")
        told = opened.record.facts.reasons
        reasons += [f"It was {text}." for text in told if text.startswith("edited: ")]
    else:
        notes.append("Every byte was proven by the chip's own checksum when it was read.")
    if opened.path.suffix == ".part":
        reasons.append("It was not finished.")
    return Health(not reasons, tuple(reasons), tuple(notes))
