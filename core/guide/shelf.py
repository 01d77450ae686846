"""Firmware images that are here: found by their contents, never by their names.

Images for BK7231 plugs and for the meter module lie in one folder; a technician copies files into
it, or `core.guide.download` fetches them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.bkimage import faults as bk_faults
from core.bkimage import image as bk
from core.bkimage.checks import Problem
from core.bkimage.flashmap import chip_map
from core.bkimage.image import Kind
from core.fault import FaultError
from core.store import files
from core.store.files import Files
from core.tlimage import image as tl

LARGEST = 16 << 20
SUM = ".sha256"
METER = "tlsr8253"
WIRES, NETWORK, NOTHING = "wires", "network", "nothing"
_SUM_LINE = re.compile(r"\A([0-9a-f]{64})\b")


@dataclass(frozen=True, slots=True)
class Firmware:
    """One file.

    `chip` is `bk7231n`, `bk7231t`, `tlsr8253` or empty; `kind` as in `bkimage.image.Kind`, `meter`
    for the module.  `use` says how it gets onto a device: `wires`, `network` (a running OpenBeken
    unpacks it), or `nothing`.  `code` and `problem` say why not.
    """

    name: str
    path: str
    size: int
    sha256: str
    chip: str
    kind: str
    product: str
    version: str
    key: str
    use: str
    code: str
    problem: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def title(self) -> str:
        """The file in some words."""
        if self.use == NOTHING:
            return self.problem
        known = f"{self.product} {self.version}".strip() or "unnamed"
        how = "" if self.use == WIRES else ", for updates over the network"
        return f"{known} for {self.chip.upper() or 'an unknown chip'}{how}"


def examine(data: bytes, path: Path) -> Firmware:
    """What the bytes of a file are.  Any bytes; never raises."""
    return _judged(data, path)[0]


def _judged(data: bytes, path: Path) -> tuple[Firmware, FaultError | None]:
    """What a file is, and the refusal of one that is of no use."""
    meter = data[tl.MAGIC_AT :][: len(tl.MAGIC)] == tl.MAGIC
    said, error = _meter(data) if meter else _plug(data)
    known = {
        "chip": "",
        "kind": "",
        "product": "",
        "version": "",
        "key": "",
        "use": NOTHING,
        **said,
    }
    return Firmware(
        name=path.name,
        path=str(path),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        code=error.fault.code if error else "",
        problem=error.fault.what if error else "",
        **known,
    ), error


def _meter(data: bytes) -> tuple[dict[str, str], FaultError | None]:
    said = {"chip": METER, "kind": "meter", "product": "electricity_meter"}
    try:
        return {**said, "version": tl.identify(data).version, "use": WIRES}, None
    except FaultError as error:
        return said, error


def _plug(data: bytes) -> tuple[dict[str, str], FaultError | None]:
    image = bk.identify(data)
    update = image.kind is Kind.OTA
    problems = [p for p in image.problems if not (update and p.kind is bk_faults.OTA)]
    if not problems and not update and image.chip is None:
        problems = [Problem(bk_faults.UNKNOWN, "The file does not say for which chip it is.")]
    said = {
        "chip": chip_map(image.chip).chip if image.chip else "",
        "kind": str(image.kind),
        "product": image.product or ("OpenBeken" if update else ""),
        "version": image.version,
        "key": image.key or "",
        "use": NOTHING if problems else NETWORK if update else WIRES,
    }
    return said, _refusal(problems[0]) if problems else None


def _refusal(problem: Problem) -> FaultError:
    return problem.kind(
        what=problem.text,
        cause=f"{problem.kind.title}.",
        next="Get the file again, or take another one.",
    )


class Shelf:
    """The folder of images."""

    def __init__(self, folder: Path, store: Files) -> None:
        self.folder, self._files = folder, store

    def all(self) -> list[Firmware]:
        """Every file that is there, by name.  Reads and decrypts each: call it in a thread."""
        found = []
        for path in sorted(self.folder.glob("*")):
            if path.is_file() and path.suffix not in (SUM, ".part") and path.name[0] != ".":
                try:
                    found.append(examine(files.read(path, LARGEST), path))
                except FaultError as error:  # too large, or not ours to read
                    found.append(_unread(path, error))
        return found

    def check(self, path: Path) -> Firmware:
        """One file, here or elsewhere, a bare name also from the shelf.

        Raises the IMG-* or TLIMG-* fault of what cannot be used, STORE-UNREADABLE, and
        STORE-CHANGED when a checksum stands beside it that does not fit.
        """
        if not path.exists() and path.name == str(path):
            path = self.folder / path.name
        found, error = _judged(files.read(path, LARGEST), path)
        self._require_sum(path, found.sha256)
        if error is not None:
            raise error
        return found

    def keep(self, name: str, data: bytes) -> Path:
        """Put a new image on the shelf, its checksum beside it.  Never writes over anything.

        Raises FileExistsError when a file of this name is there, and the store's faults.
        """
        path = self.folder / name
        if path.exists():
            raise FileExistsError(path)
        digest = hashlib.sha256(data).hexdigest()
        self._files.write(path, data)
        self._files.write(path.with_name(name + SUM), f"{digest}  {name}\n".encode())
        return path

    def _require_sum(self, path: Path, sha256: str) -> None:
        beside = path.with_name(path.name + SUM)
        if not beside.is_file():
            return
        said = _SUM_LINE.match(files.read(beside, 4096).decode("ascii", "replace"))
        if said is None or said[1] != sha256:
            raise store_changed(path, beside)


def store_changed(path: Path, beside: Path) -> FaultError:
    """STORE-CHANGED for an image that is not what its checksum says."""
    from core.store import faults

    return faults.CHANGED(
        what=f"{path.name} does not have the checksum in {beside.name}.",
        cause="The file was changed or damaged after it was put here.",
        next="Get it again.",
    )


def _unread(path: Path, error: FaultError) -> Firmware:
    fault = error.fault
    return Firmware(
        name=path.name, path=str(path), size=0, sha256="", chip="", kind="unknown", product="",
        version="", key="", use=NOTHING, code=fault.code, problem=fault.what,
    )  # fmt: skip
