"""Bytes on the line between host and TLSRPGM programmer.

A request is `command, 3 bytes, payload, CRC16`; its end is a silence on the line, so each goes out
in one write.  A reply is `command, error, count, payload, CRC16`; how long it is follows from the
request.  Source: TLSRPGM sheet 2.1, 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

BAUDS = {
    230400: 1, 1500000: 6, 1000000: 5, 921600: 4, 2000000: 7, 3000000: 8, 500000: 3, 115200: 0,
}  # fmt: skip
"""Speed -> index, in the order in which a lost programmer is looked for.  Index 2 is left out: it
should be 460800 and makes 615385 in every published programmer."""
BASE_BAUD = 230400
LARGEST = 1024
PAGE = 256
SECTOR = 4096
REPEAT_SECONDS = 90.625e-6
"""Line time of one CPU stop during activation, at the default SWire speed."""
MOST_REPEATS = 0xFFFF
CHIP_ID_AT, CPU_AT, PC_AT, RESET_AT = 0x7D, 0x602, 0x6BC, 0x6F
CPU_STOP, CPU_STOPPED = b"\x05", 0x05
SOFT_RESET = b"\x20"
FLOADER = bytes.fromhex("00116255b97e")
"""What a TLSR8253 answers that runs pvvx's loader in RAM; version 1.0 has another second byte."""


def _table() -> tuple[int, ...]:
    found = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        found.append(value)
    return tuple(found)


_TABLE = _table()


def crc16(data: bytes | bytearray | memoryview) -> int:
    """CRC-16/MODBUS; 0 over a whole sound frame."""
    crc, table = 0xFFFF, _TABLE
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc


BLANK_CRC = crc16(b"\xff" * LARGEST)
"""What the programmer answers for 1 KiB of erased flash."""


class Error(IntEnum):
    """The error byte of a reply."""

    NONE = 0
    UNKNOWN_FUNCTION = 1
    LENGTH = 2
    TIMEOUT = 3
    ANALOG_BUSY = 4
    BAD_BAUD = 6


class Verdict(Enum):
    """What a reply means for its request."""

    OK = "done"
    SILENT = "no answer"
    DAMAGED = "damaged answer"
    UNHEARD = "the request arrived damaged"
    NO_TARGET = "nothing answered over SWS"
    UNKNOWN = "the programmer does not know the request"
    REFUSED = "the programmer refused the request"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to send.

    `count` is what a sound answer states (None: anything); `sent` is how many bytes of it are not
    in the answer's payload; `bare` answers have no payload whatever they count.  `changes` marks
    requests after which the flash is busy.
    """

    name: str
    frame: bytes
    count: int | None
    sent: int = 0
    bare: bool = False
    changes: bool = False

    @property
    def command(self) -> int:
        return self.frame[0]


@dataclass(frozen=True, slots=True)
class Reply:
    """One sound reply frame."""

    command: int
    error: int
    count: int
    payload: bytes = b""


def _request(name: str, command: int, field: int, payload: bytes, count: int | None, *,
             sent: int = 0, bare: bool = False, changes: bool = False) -> Request:  # fmt: skip
    body = bytes([command]) + field.to_bytes(3, "little") + payload
    frame = body + crc16(body).to_bytes(2, "little")
    return Request(name, frame, count, sent, bare, changes)


def _control(name: str, function: int, value: int, count: int | None) -> Request:
    return _request(name, 0x00, function | value << 8, b"", count)


def _u16(value: int) -> bytes:
    return value.to_bytes(2, "little")


def get_version() -> Request:
    """Version, chip and settings of the programmer: the only proof that it is one."""
    return _control("get version", 0, 0, 13)


def set_config(divider: int) -> Request:
    """Default SWire settings with this clock divider."""
    payload = bytes([divider, 3]) + bytes.fromhex("5a0006020005")
    return _request("SWire settings", 0x00, 2, payload, 8)


def pins(*, high: bool) -> Request:
    """Drive RST and supply; the answer is the level read back at RST."""
    return _control("RST pin", 3, int(high), 1)


def activate(repeats: int) -> Request:
    """Let go of RST and write CPU stop so often."""
    return _control("activate", 4, repeats, 4)


def set_baud(index: int) -> Request:
    """Change the programmer's speed; answered at the old one."""
    return _control("speed", 5, index, 0)


def read(address: int, size: int) -> Request:
    """Flash content, 1..1024 bytes."""
    return _request("read", 0x01, address, _u16(size), size)


def program(address: int, data: bytes) -> Request:
    """Program 1..256 bytes inside one page."""
    return _request("page write", 0x02, address, data, len(data), bare=True, changes=True)


def erase(address: int) -> Request:
    """Erase one sector of 4 KiB."""
    return _request("sector erase", 0x03, address, b"", 0, changes=True)


def jedec() -> Request:
    return _request("flash id", 0x05, 0, b"", 3)


def status() -> Request:
    return _request("flash status", 0x06, 0, b"", 1)


def peek(address: int, size: int) -> Request:
    """Registers or SRAM of the module."""
    return _request("register read", 0x07, address, _u16(size), size)


def poke(address: int, data: bytes) -> Request:
    """Write registers or SRAM of the module; answered "ok" with no module, too."""
    return _request("register write", 0x08, address, data, len(data), bare=True)


def spi(send: bytes, size: int = 0, *, changes: bool = False) -> Request:
    """A raw SPI transaction.  Fewer than 3 payload bytes would hang the programmer (rulings T5)."""
    if not send:
        raise ValueError("an SPI transaction needs an opcode")
    payload = _u16(size) + send
    return _request("SPI", 0x0D, 0, payload, len(send) + size, sent=len(send), changes=changes)


WRITE_ENABLE, WRITE_STATUS, WAKE, UNIQUE_ID = 0x06, 0x01, 0xAB, 0x4B


def crc(address: int, size: int) -> Request:
    """CRC-16 of 1..1024 bytes of flash, in the count of the answer."""
    return _request("checksum", 0x0E, address, _u16(size), None, bare=True)


# -- replies -------------------------------------------------------------------------------------


def is_unknown(head: bytes) -> bool:
    """True for the 3-byte answer to a command that the programmer does not have."""
    return len(head) == 3 and crc16(head) == 0


def rest_of(request: Request, head: bytes) -> int:
    """How many bytes follow the first four of an answer."""
    count = int.from_bytes(head[2:4], "little")
    if head[0] != request.command or request.bare:
        return 2
    if head[0] == 0x0D:
        return max(0, min(count, 2 * LARGEST) - request.sent) + 2
    if head[1] in (Error.UNKNOWN_FUNCTION, Error.LENGTH, Error.BAD_BAUD):
        return 2
    return min(count, LARGEST) + 2


def judge(request: Request, frame: bytes) -> tuple[Verdict, Reply | None]:
    """What a whole answer frame means.

    The programmer answers a damaged request with `command | 5`, error 0, count 0; for four
    commands that is the command itself, so the count has to fit, too.
    """
    if len(frame) < 6 or crc16(frame) != 0:
        return Verdict.DAMAGED, None
    reply = Reply(frame[0], frame[1], int.from_bytes(frame[2:4], "little"), frame[4:-2])
    if reply.command != request.command:
        unheard = reply.command == request.command | 5 or reply.error == Error.LENGTH
        return (Verdict.UNHEARD if unheard else Verdict.DAMAGED), reply
    if reply.error == Error.TIMEOUT:
        return Verdict.NO_TARGET, reply
    if reply.error == Error.LENGTH:
        return Verdict.UNHEARD, reply
    if reply.error != Error.NONE:
        return Verdict.REFUSED, reply
    if request.count is not None and reply.count != request.count:
        return Verdict.UNHEARD, reply
    return Verdict.OK, reply


@dataclass(frozen=True, slots=True)
class Programmer:
    """What the version reply says; `version` as one number, `level` of the RST pin."""

    version: int
    chip: int
    level: int
    divider: int
    address_bytes: int
    config: bytes

    @property
    def clock(self) -> int:
        """MHz, by the chip of the programmer."""
        return 24 if self.chip == 0x5562 else 32

    @property
    def has_crc(self) -> bool:
        """Version 3 and later compute checksums of the flash."""
        return self.version >= 3

    @property
    def right_divider(self) -> int:
        """The SWire divider that makes 0.96 Mbit/s."""
        return round(self.clock / 4.8)


def programmer(payload: bytes) -> Programmer:
    """The fields of the 13-byte version reply."""
    return Programmer(
        version=int.from_bytes(payload[0:2], "little"),
        chip=int.from_bytes(payload[2:4], "little"),
        level=payload[4],
        divider=payload[5],
        address_bytes=payload[6],
        config=payload[7:13],
    )
