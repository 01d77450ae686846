"""An update file for one chip: what it is, judged before anything is sent (HTTP sheet 12)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.bkimage import rbl
from core.bkimage.faults import OTA as not_for_the_wire
from core.bkimage.image import Image, Kind
from core.bkimage.image import identify as judge
from core.job import Reporter
from core.openbk import faults, wire

NAME = re.compile(r"Open(BK7231[A-Z]+)_([0-9A-Za-z._]+)\.rbl")

VERSION = re.compile(r"\d+\.\d+\.\d{2,}")
"""As OpenBeken numbers itself; packaging tools put other things into the header, too."""


def says(text: str, version: str) -> bool:
    """True when a name like 1.18.300 or ALT_1.18.300 names that version."""
    return bool(version) and version in (text, *text.split("_"))


@dataclass(frozen=True, slots=True)
class Update:
    """An update file: the version in its `name`, and `inside` in its header; either may be
    empty."""

    name: str
    named: str
    inside: str

    @property
    def versions(self) -> list[str]:
        return list(dict.fromkeys(v for v in (self.named, self.inside) if v))

    @property
    def title(self) -> str:
        """The version as the question says it."""
        if self.named and self.inside and not says(self.named, self.inside):
            return f"{self.named} by its name, {self.inside} by its content"
        return self.named or self.inside or self.name

    def says(self, version: str) -> bool:
        """True when name or content name that version."""
        return any(says(text, version) for text in self.versions)

    def warn(self, report: Reporter) -> None:
        """What about the file deserves a second look."""
        if not self.named:
            report.warn(
                "OTA-NAME", "The file's name does not say chip and version; check its source."
            )
        elif self.inside and not says(self.named, self.inside):
            report.warn(
                "OTA-NAME",
                f"The file is named {self.named}, and its content says {self.inside}.",
            )


def require_fitting(name: str, data: bytes, chip: str) -> Update:
    """What the file says that it is.  Raises OBK-FILE, OBK-CHIP."""
    room = wire.OTA_ROOM.get(chip)
    image = judge(data)
    wrong = ""
    if image.kind is not Kind.OTA or data[:3] != b"RBL":
        wrong = f"{name} is {image.title}, not an update (.rbl)."
    elif room is None:
        wrong = f"Updates of a {chip} are not known here."
    elif len(data) > room:
        wrong = f"{name} has {len(data)} bytes; the {chip} has room for {room}."
    else:
        damage = [p.text for p in image.problems if p.kind is not not_for_the_wire]
        wrong = f"{name} is damaged: {damage[0]}" if damage else ""
    if wrong:
        raise faults.FILE(
            what=wrong,
            cause="Another file was chosen, or it was not downloaded whole.",
            next=f"Take Open{chip}_<version>.rbl.",
        )
    named = _require_chip(name, image, chip)
    header = rbl.parse(data)
    inside = header.version if header else ""
    return Update(name, named, inside if VERSION.fullmatch(inside) else "")


def _require_chip(name: str, image: Image, chip: str) -> str:
    found = NAME.fullmatch(name)
    by_content = f"BK7231{image.chip.upper()}" if image.chip else ""
    for other in (found.group(1) if found else "", by_content):
        if other and other != chip:
            raise faults.WRONG_CHIP(
                what=f"{name} is for a {other}, the device is a {chip}.",
                cause="Firmware of another chip can make the device unusable.",
                next=f"Take Open{chip}_<version>.rbl.",
            )
    return found.group(2) if found else ""
