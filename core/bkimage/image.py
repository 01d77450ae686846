"""What a firmware file is, told by its contents, and what of it may be written.

`identify` takes any bytes and never raises; what is wrong stands in `Image.problems`.
`require_flashable` turns the first of them into a refusal.  Source: BK7231 sheet 7.2-7.7.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from core.bkimage import checks, cipher, evidence, fal, faults, rbl, rf, strides
from core.bkimage.checks import Problem
from core.bkimage.cipher import Key
from core.bkimage.flashmap import (
    APP_END_MAX,
    APP_LOGICAL,
    APP_RBL,
    APP_START,
    BOOTLOADER_RBL,
    CHIPS,
    SECTOR,
    SIZE,
    Fingerprint,
    chip_map,
    fingerprint_of,
)
from core.fault import FaultError


class Kind(StrEnum):
    """What a file is."""

    DUMP = "dump"
    QIO = "qio"
    UA = "ua"
    OTA = "ota"
    UG = "ug"
    BLANK = "blank"
    UNKNOWN = "unknown"


TITLES = {
    Kind.DUMP: "picture of a whole flash",
    Kind.QIO: "bootloader and application (QIO)",
    Kind.UA: "application only (UA)",
    Kind.OTA: "packed update for a running OpenBeken (RBL)",
    Kind.UG: "update package for a running Tuya firmware (UG)",
    Kind.BLANK: "one repeated byte",
    Kind.UNKNOWN: "no BK7231 firmware",
}


@dataclass(frozen=True, slots=True)
class Image:
    """A file and what is known of it.

    `chip` is `n`, `t` or None; `key` is the name of the cipher key that its code is made for
    (`tuya`, `zero`, `uascent`) or None.  `evidence` says what `chip` rests on.  `product` and
    `version` are text out of the file.
    """

    data: bytes = field(repr=False)
    kind: Kind
    chip: str | None = None
    key: str | None = None
    boot: Fingerprint | None = None
    partitions: tuple[fal.Partition, ...] = ()
    containers: tuple[rbl.Rbl, ...] = ()
    evidence: tuple[str, ...] = ()
    product: str = ""
    version: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def title(self) -> str:
        return TITLES[self.kind]

    @property
    def has_app(self) -> bool:
        """True for the kinds that hold an application as it lies on flash."""
        return self.kind in (Kind.DUMP, Kind.QIO, Kind.UA)

    def app(self) -> bytes:
        """The application as it lies on flash from 0x11000 on; empty if there is none.

        Of a longer file the part behind the application area is left out; where that part is
        not blank, `problems` say so.
        """
        if not self.has_app:
            return b""
        start = 0 if self.kind is Kind.UA else APP_START
        return self.data[start : start + APP_END_MAX - APP_START]

    def app_range(self) -> tuple[int, int]:
        """The flash range that writing the application touches, in whole sectors."""
        return APP_START, APP_START + len(self.app()) + -len(self.app()) % SECTOR


def identify(data: bytes) -> Image:
    """What `data` is.  Any bytes, any length; never raises."""
    if not data.strip(data[:1]):
        return Image(data, Kind.BLANK, problems=(_blank(data),))
    if data[:4] == rbl.MAGIC:
        return _update(data, Kind.OTA, 0)
    if rbl.is_ug(data):
        return _update(data, Kind.UG, rbl.UG_SIZE)
    stripped = strides.strip(data[:APP_START])
    partitions = fal.find(stripped)
    boot = fingerprint_of(data)
    loader = rbl.parse_on_flash(data[BOOTLOADER_RBL:])
    if partitions or boot or loader or _key_at(data, APP_START):
        return _with_bootloader(data, stripped, partitions, boot)
    if _key_at(data, 0):
        return _application(data)
    nothing = Problem(faults.UNKNOWN, "No bootloader, partition table or ARM vectors were found.")
    return Image(data, Kind.UNKNOWN, problems=(nothing,))


def _key_at(data: bytes, offset: int) -> Key | None:
    # The first 32 bytes stand before the first stride checksum.
    return cipher.key_of(data[offset : offset + strides.DATA], APP_LOGICAL)


def _blank(data: bytes) -> Problem:
    text = f"All {len(data)} bytes are {data[0]:02X}." if data else "The file is empty."
    return Problem(faults.BLANK, text)


def _update(data: bytes, kind: Kind, at: int) -> Image:
    """An update file whose container header is at `at`."""
    header = rbl.parse(data[at:])
    what = faults.OTA if kind is Kind.OTA else faults.UG
    problems = [Problem(what, f"The file is this: {TITLES[kind]}.")]
    if header is None:
        problems.append(Problem(faults.TRUNCATED, "The container header is incomplete.", at))
        return Image(data, kind, problems=tuple(problems))
    wrong = rbl.verify_packed(header, data[at + rbl.SIZE :])
    problems += [Problem(faults.DAMAGED, text, at) for text in wrong]
    return Image(data, kind, containers=(header,), version=header.version, problems=tuple(problems))


def _with_bootloader(
    data: bytes,
    stripped: bytes,
    partitions: tuple[fal.Partition, ...],
    boot: Fingerprint | None,
) -> Image:
    whole = len(data) == SIZE or (len(data) > APP_END_MAX and rf.find(data) is not None)
    kind = Kind.DUMP if whole else Kind.QIO
    problems = checks.size_problems(data, whole)
    problems += checks.stride_problems(data[:APP_START], 0, "bootloader")
    containers, wrong = checks.container(stripped, "bootloader", strides.logical(BOOTLOADER_RBL), 0)
    problems += wrong
    app = data[APP_START:APP_END_MAX]
    image = _judge(data, kind, app, APP_START, partitions, boot, problems, containers)
    ends = [APP_START + strides.physical(p.length) for p in partitions if p.name == "app"]
    has_container = any(c.name == "app" for c in image.containers)
    if kind is Kind.QIO and not has_container and ends and len(data) < ends[0]:
        text = f"The application should end at {ends[0]:#x}; the file ends at {len(data):#x}."
        cut = Problem(faults.TRUNCATED, text, len(data))
        return replace(image, problems=(cut, *image.problems))
    return image


def _application(data: bytes) -> Image:
    problems = []
    if len(data.rstrip(b"\xff")) > APP_END_MAX - APP_START:
        problems.append(checks.too_big(APP_START + len(data)))
    return _judge(data, Kind.UA, data, 0, (), None, problems, ())


def _judge(
    data: bytes,
    kind: Kind,
    app: bytes,
    at: int,
    partitions: tuple[fal.Partition, ...],
    boot: Fingerprint | None,
    problems: list[Problem],
    containers: tuple[rbl.Rbl, ...],
) -> Image:
    """The image with everything that its application says; `at` is its place in the file."""
    code = strides.strip(app)
    key = cipher.key_of(code, APP_LOGICAL)
    plain = cipher.crypt(code, APP_LOGICAL, key) if key else b""
    verdict = evidence.chip_of(partitions, boot, plain)
    product, version = evidence.product_of(plain)
    problems = problems + checks.stride_problems(app, at, "application")
    app_containers, wrong = checks.container(code, "app", strides.logical(APP_RBL - APP_START), at)
    problems += wrong
    if not app.strip(b"\xff"):
        problems.append(Problem(faults.TRUNCATED, "There is no application in the file.", at))
    elif key is None:
        text = "The application starts with ARM vectors under none of the known keys."
        problems.append(Problem(faults.KEY, text, at))
    if verdict.conflict:
        problems.append(Problem(faults.WRONG_CHIP, f"In this file {verdict.conflict}."))
    return Image(
        data=data,
        kind=kind,
        chip=verdict.chip,
        key=key.name if key else None,
        boot=boot,
        partitions=partitions,
        containers=containers + app_containers,
        evidence=verdict.reasons,
        product=product,
        version=version,
        problems=tuple(problems),
    )


_UNTOUCHED = "The chip is as it was; the image was looked at before anything was changed."


def require_flashable(image: Image, chip: str, key: Key | None = None) -> None:
    """Refuse what must not be written to `chip` (`bk7231n`, `n` ...) whose cipher key is `key`.

    `key` None means that the chip's key is not known; then any known key passes.
    Raises FaultError IMG-* for the first reason not to.
    """
    target = chip_map(chip)
    if image.problems:
        raise _refusal(image.problems[0])
    if image.chip is None:
        text = "Nothing in the file says whether it is for BK7231N or BK7231T."
        raise _refusal(Problem(faults.UNKNOWN, text))
    if image.chip != target.letter:
        text = f"The image is for {CHIPS[image.chip].chip}, the chip is a {target.chip}"
        raise _refusal(Problem(faults.WRONG_CHIP, f"{text} ({'; '.join(image.evidence)})."))
    if key is not None and image.key != key.name:
        text = f"The image is made for the key '{image.key}', the chip has the key '{key.name}'."
        raise _refusal(Problem(faults.KEY, text))


_NEXT = {
    faults.OTA.code: "Take the QIO or UA file of the same version, or update from the OpenBK pane.",
    faults.UG.code: "Take the QIO file (BK7231N) or the UA file (BK7231T).",
    faults.WRONG_CHIP.code: "Take the file for this chip.",
    faults.KEY.code: "Take the build for this module's key; the help page lists them.",
    faults.TOO_BIG.code: "Take a smaller build.",
}


def _refusal(problem: Problem) -> FaultError:
    return problem.kind(
        what=problem.text,
        cause=problem.kind.title + ".",
        next=_NEXT.get(problem.kind.code, "Get the file again, then check it."),
        state=_UNTOUCHED,
    )


def payload_for_flash(image: Image) -> tuple[int, bytes]:
    """(address, bytes) that writing the image's application puts on the flash.

    The bytes are filled with FF to whole sectors and end at or before 0x12A000.
    Raises FaultError IMG-* if the image has no application or too big a one.
    """
    app = image.app()
    oversize = next((p for p in image.problems if p.kind is faults.TOO_BIG), None)
    if oversize or not app:
        none = Problem(faults.UNKNOWN, "There is no application in the file.")
        raise _refusal(oversize or next(iter(image.problems), none))
    return APP_START, app + b"\xff" * (-len(app) % SECTOR)
