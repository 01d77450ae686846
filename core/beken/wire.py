"""Frames of the BK7231 serial loader: what they are made of, and requests to bytes.

Short frames carry a one-byte length, long ones a 16-bit length and a status.  Nothing on the wire
has a checksum; only the flash CRC proves data.  All numbers are little-endian.  Replies are found
by `core.beken.replies`.
Source: BK7231 sheet 2.1 to 2.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import pack, unpack_from
from typing import Self

COMMAND = b"\x01\xe0\xfc"
LONG_COMMAND = b"\xff\xf4"
REPLY = b"\x04\x0e"
LONG_REPLY_HEAD = b"\x04\x0e\xff\x01\xe0\xfc\xf4"
SECTOR = 4096
PAGE = 256


class OpenEnum(IntEnum):
    """A byte with known names; any other byte is a member too, named by its value."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"0x{value:02X}"
        member._value_ = value
        return member


class Short(OpenEnum):
    """Operations in short frames.  LinkCheck is answered with LINK_OK."""

    LINK_CHECK = 0x00
    WRITE_REG = 0x01
    LINK_OK = 0x01
    READ_REG = 0x03
    REBOOT = 0x0E
    SET_BAUD = 0x0F
    CHECK_CRC = 0x10
    BOOT_VERSION = 0x11
    STAY = 0xAA


class Long(OpenEnum):
    """Operations in long frames."""

    WRITE = 0x06
    WRITE_4K = 0x07
    READ = 0x08
    READ_4K = 0x09
    ERASE_ALL = 0x0A
    ERASE_4K = 0x0B
    READ_SR = 0x0C
    WRITE_SR = 0x0D
    SPI = 0x0E
    ERASE = 0x0F


class Status(OpenEnum):
    """The status of a long reply, and of short error replies (BK7231 sheet 2.2)."""

    OK = 0
    BUSY = 1
    SPI_TIMEOUT = 2
    FLASH_TIMEOUT = 3
    BAD_LENGTH = 4
    MISSING_PAYLOAD = 5
    BAD_PARAMETER = 6
    UNKNOWN_COMMAND = 7
    INTERNAL = 8
    SPI_WRITE = 9
    PROTECTED = 0x0A


class Unit(OpenEnum):
    """Erase sizes, named by the SPI opcode that the chip sends; it aligns down to the unit."""

    SECTOR = 0x20
    HALF_BLOCK = 0x52
    BLOCK = 0xD8

    @property
    def size(self) -> int:
        """Bytes that one erase clears; 0 for a code that is not known."""
        return UNIT_SIZES.get(int(self), 0)


UNIT_SIZES = {0x20: 0x1000, 0x52: 0x8000, 0xD8: 0x10000}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the right answer looks like: `size` payload bytes, the first ones equal to `echo`."""

    op: int
    long: bool
    size: int
    echo: bytes = b""

    @property
    def frame_size(self) -> int:
        """Bytes of the whole reply frame."""
        return (11 if self.long else 7) + self.size


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `frame` is the bytes to send, `expected` None where no answer comes."""

    name: str
    frame: bytes
    expected: Expected | None


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: `payload` without operation and status.  Short frames have status OK unless
    they are the one-byte error form."""

    op: int
    status: Status
    payload: bytes


# -- requests ------------------------------------------------------------------------------------


def short_frame(op: int, payload: bytes = b"") -> bytes:
    """A short command."""
    return COMMAND + bytes((1 + len(payload), op)) + payload


def long_frame(op: int, payload: bytes = b"") -> bytes:
    """A long command."""
    return COMMAND + LONG_COMMAND + pack("<HB", 1 + len(payload), op) + payload


def _short(name: str, op: int, payload: bytes, answer: Expected | None) -> Request:
    return Request(name, short_frame(op, payload), answer)


def _long(name: str, op: int, payload: bytes, size: int, echo: bytes) -> Request:
    return Request(name, long_frame(op, payload), Expected(op, True, size, echo))


def link_check() -> Request:
    """Is the loader there?"""
    return _short("LinkCheck", Short.LINK_CHECK, b"", Expected(Short.LINK_OK, False, 1, b"\0"))


def read_reg(address: int) -> Request:
    """Read the 32-bit register at `address`; the payload is address and value."""
    echo = pack("<I", address)
    return _short("ReadReg", Short.READ_REG, echo, Expected(Short.READ_REG, False, 8, echo))


def write_reg(address: int, value: int) -> Request:
    """Write a 32-bit register.  The echo is left to the caller, who must stop on a wrong one."""
    payload = pack("<II", address, value)
    return _short("WriteReg", Short.WRITE_REG, payload, Expected(Short.WRITE_REG, False, 8))


def set_baud(baud: int, delay_ms: int) -> Request:
    """Change the loader's speed; the echo comes `delay_ms` later at the new speed."""
    payload = pack("<IB", baud, delay_ms)
    answer = Expected(Short.SET_BAUD, False, 5, payload)
    return _short("SetBaudRate", Short.SET_BAUD, payload, answer)


def check_crc(start: int, end: int) -> Request:
    """CRC-32 without final xor over the flash; the N counts `end` in."""
    answer = Expected(Short.CHECK_CRC, False, 4)
    return _short("CheckCRC", Short.CHECK_CRC, pack("<II", start, end), answer)


def boot_version() -> Request:
    """The T loader's version text, 16 bytes padded with zeros."""
    return _short("BootVersion", Short.BOOT_VERSION, b"", Expected(Short.BOOT_VERSION, False, 16))


def reboot() -> Request:
    """Restart the chip; nothing answers."""
    return _short("Reboot", Short.REBOOT, b"\xa5", None)


def get_mid() -> Request:
    """The flash chip's JEDEC id; the payload is a dummy byte, maker, type, size."""
    return _long("GetMID", Long.SPI, b"\x9f\0\0\0", 4, b"")


def read_sr(register: int) -> Request:
    """A status register of the flash chip by its SPI read opcode."""
    echo = bytes((register,))
    return _long("ReadSR", Long.READ_SR, echo, 2, echo)


def write_sr(register: int, values: bytes) -> Request:
    """Write one or two status register bytes with an SPI write opcode."""
    payload = bytes((register,)) + values
    return _long("WriteSR", Long.WRITE_SR, payload, len(payload), payload)


def read_bytes(address: int, count: int) -> Request:
    """1 to 255 bytes of flash; the ROM knows it, the T loader does not."""
    echo = pack("<I", address)
    return _long("Read", Long.READ, echo + bytes((count,)), 4 + count, echo)


def read_4k(address: int) -> Request:
    """4096 bytes of flash."""
    echo = pack("<I", address)
    return _long("Read4K", Long.READ_4K, echo, 4 + SECTOR, echo)


def write_page(address: int, data: bytes) -> Request:
    """Program one page of 256 bytes; the answer also has a count, which chips give differently."""
    if len(data) != PAGE:
        raise ValueError("a page has 256 bytes")
    echo = pack("<I", address)
    return _long("WritePage", Long.WRITE, echo + data, 5, echo)


def write_4k(address: int, data: bytes) -> Request:
    """Program 4096 bytes; bits only go from 1 to 0."""
    if len(data) != SECTOR:
        raise ValueError("Write4K takes 4096 bytes")
    echo = pack("<I", address)
    return _long("Write4K", Long.WRITE_4K, echo + data, 4, echo)


def erase(unit: Unit, address: int) -> Request:
    """Erase the unit that holds `address`."""
    echo = pack("<BI", unit, address)
    return _long("Erase", Long.ERASE, echo, 5, echo)


def u32(reply: Reply, offset: int) -> int:
    """The 32-bit number at `offset` of the payload."""
    return int(unpack_from("<I", reply.payload, offset)[0])
