"""The form of a configuration in a flash dump: no device, and what is sent is a new file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from core.openbk import in_file
from core.openbk.difference import Change
from core.profile.in_dump import Place, find
from core.store.files import read
from core.store.store import Store
from tui.panes.openbk.sheet import Sheet

TYPE = "type"
"""Instead of one that is kept: type a path."""


@dataclass
class DumpSheet(Sheet):
    """`path` is the dump, `data` its bytes, `chip` empty for a bare sector."""

    path: Path = Path()
    data: bytes = field(default=b"", repr=False)
    chip: str = ""

    LACKS: ClassVar[tuple[str, ...]] = ("drivers", "files")

    @property
    def title(self) -> str:
        return self.path.name

    @property
    def address(self) -> str:
        return str(self.path.absolute())

    @property
    def nobody(self) -> str:
        return "  ".join(("dump", self.path.name, self.chip.upper() or "any chip", "no device"))

    @property
    def holder(self) -> str:
        return "Now in the dump"

    def changes(self) -> list[Change]:
        """What would differ in the new file.  Raises PROFILE-VALUE."""
        return in_file.compare(self.data, self.wanted, self.mac)

    def ways(self) -> list[str]:
        how = f"A new dump with these is kept beside the backups; {self.title} stays as it is."
        return ["", how, *(f"! {text}" for text in self.warnings())]

    def made(self) -> bytes:
        """The dump as the form has it.  Raises PROFILE-VALUE."""
        return in_file.apply(self.data, self.wanted, self.mac)


def open_dump(path: Path) -> DumpSheet:
    """The form of a dump or a configuration sector.  Raises STORE-*, PROFILE-BLOCK."""
    data = read(path)
    return DumpSheet(
        "",
        mac=in_file.owner_of(data, path),
        base=in_file.configuration(data),
        when="in a dump",
        path=path,
        data=data,
        chip=find(data).chip,
    )


def choices(store: Store, chip: str = "") -> list[tuple[str, str]]:
    """Backups that hold a configuration, the newest first, as (path, text); with `chip` those
    whose bytes fit that chip only."""
    found = [
        (str(path), _line(path, place))
        for path, place in in_file.kept(store)
        if not chip or place.chip in ("", chip)
    ]
    return [*found, (TYPE, "type a path")]


def _line(path: Path, place: Place) -> str:
    name = place.block.profile().names.short or "no name"
    return f"{path.name}  {name}  {path.parent.name}"


def path_of(text: str) -> Path:
    """A path that was typed."""
    bare = text.strip()
    return Path.home() / bare[2:] if bare.startswith("~/") else Path(bare)


def as_path(text: str) -> Path | None:
    """The path that was typed where an address may be typed, too; None for an address."""
    path = path_of(text)
    meant = text.strip().startswith(("/", "~/", "./", "../"))
    return path if meant or path.suffix in (".bin", ".sector") else None
