"""The RBL container header, and the UG header that Tuya puts before one.

On flash the 96 header bytes stand at the end of a partition; they carry stride checksums there
(102 bytes) but are not encrypted.  The body starts at the partition's first byte, and is checked
after its stride checksums are taken out, still encrypted.  Source: BK7231 sheet 7.4.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from core.bkimage import strides

MAGIC = b"RBL\0"
UG_MAGIC = bytes.fromhex("55aa55aa")
UG_TAIL = bytes.fromhex("aa55aa55")
SIZE = 96
"""Header bytes without stride checksums."""
ON_FLASH = 102
"""Header bytes with them."""
UG_SIZE = 32

_HEAD = struct.Struct("<4sII16s24s24sIIIII")
_FNV_START = 0x811C9DC5
_FNV_PRIME = 0x01000193


@dataclass(frozen=True, slots=True)
class Rbl:
    """One header.  `time` is seconds since 1970, sizes are bytes.

    `name`, `version` and `serial` come from the file: text to be shown, never trusted.
    `intact` says whether the header's own checksum matches.
    """

    algorithm: int
    time: int
    name: str
    version: str
    serial: str
    crc: int
    fnv: int
    raw_size: int
    packed_size: int
    intact: bool = True

    @property
    def plain(self) -> bool:
        """True if the body is neither packed nor encrypted by the container."""
        return self.algorithm & 0xFFFF == 0


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("ascii", "replace")


def parse(header: bytes) -> Rbl | None:
    """The header in 96 bytes without stride checksums; None if there is none."""
    if len(header) < SIZE or header[:4] != MAGIC:
        return None
    _, algorithm, time, name, version, serial, crc, fnv, raw, packed, check = _HEAD.unpack(
        header[:SIZE]
    )
    return Rbl(
        algorithm=algorithm,
        time=time,
        name=_text(name),
        version=_text(version),
        serial=_text(serial),
        crc=crc,
        fnv=fnv,
        raw_size=raw,
        packed_size=packed,
        intact=zlib.crc32(header[: SIZE - 4]) == check,
    )


def parse_on_flash(raw: bytes) -> Rbl | None:
    """The header in 102 bytes with stride checksums; None if there is none."""
    return parse(strides.strip(raw[:ON_FLASH]))


def build(rbl: Rbl) -> bytes:
    """The 96 bytes of a header, its own checksum computed."""
    head = _HEAD.pack(
        MAGIC,
        rbl.algorithm,
        rbl.time,
        rbl.name.encode("ascii"),
        rbl.version.encode("ascii"),
        rbl.serial.encode("ascii"),
        rbl.crc,
        rbl.fnv,
        rbl.raw_size,
        rbl.packed_size,
        0,
    )[:-4]
    return head + struct.pack("<I", zlib.crc32(head))


def for_body(body: bytes, name: str, version: str, time: int) -> Rbl:
    """The header of a plain body, packed size rounded up to 32 bytes."""
    packed = len(body) + -len(body) % 32
    return Rbl(
        algorithm=0,
        time=time,
        name=name,
        version=version,
        serial="0" * 23,
        crc=_body_crc(body, packed),
        fnv=fnv1a(body),
        raw_size=len(body),
        packed_size=packed,
    )


def fnv1a(data: bytes) -> int:
    """FNV-1a, 32 bits."""
    value = _FNV_START
    for byte in data:
        value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFF
    return value


def _body_crc(body: bytes, packed: int) -> int:
    fill = packed - len(body)
    return zlib.crc32(bytes([fill & 0xFF]) * fill, zlib.crc32(body))


def verify(rbl: Rbl, body: bytes, *, both: bool = True) -> tuple[str, ...]:
    """What is wrong with a plain container, as sentences; empty if nothing is.

    `body` starts at the partition's first byte, stride checksums taken out, and may be longer
    than the container says.  `both` False leaves out the hash, which takes long to compute and
    says nothing that the CRC-32 does not.
    """
    if not rbl.intact:
        return (f"The {rbl.name or 'container'} header does not match its checksum.",)
    if not rbl.plain:
        return (f"The {rbl.name} container is packed; its body cannot be checked here.",)
    if rbl.raw_size > len(body) or not 0 <= rbl.packed_size - rbl.raw_size <= 0xFF:
        return (f"The {rbl.name} container says {rbl.raw_size} bytes; {len(body)} are there.",)
    data = body[: rbl.raw_size]
    found = []
    if _body_crc(data, rbl.packed_size) != rbl.crc:
        found.append(f"The {rbl.name} does not match its CRC-32.")
    if both and fnv1a(data) != rbl.fnv:
        found.append(f"The {rbl.name} does not match its FNV hash.")
    return tuple(found)


def verify_packed(rbl: Rbl, body: bytes) -> tuple[str, ...]:
    """What is wrong with an update file's container; `body` follows its header.

    The checksum covers the packed body; the hash covers what it unpacks to and is not looked at.
    """
    if not rbl.intact:
        return ("The update header does not match its checksum.",)
    if rbl.packed_size > len(body):
        return (f"The update says {rbl.packed_size} bytes; {len(body)} are there.",)
    if zlib.crc32(body[: rbl.packed_size]) != rbl.crc:
        return ("The update does not match its CRC-32.",)
    return ()


def is_ug(data: bytes) -> bool:
    """True if a file begins with Tuya's update header: both marks in its 32 bytes."""
    return data[:4] == UG_MAGIC and data[UG_SIZE - 4 : UG_SIZE] == UG_TAIL
