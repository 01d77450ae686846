"""What the mask ROM of a BK7231N does with each request (BK7231 sheet 2.3, 3, 6.3, 6.4).

The opcode table is data: name, stage, how long the payload may be, and which method answers.
The chip erase (0a) is answered as unknown: its reply is not established and newer ROMs ignore it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from core.sim.faults_on_order import Orders
from core.sim.plug_flash import ERASE_SIZES, Memory
from core.sim.plug_options import PlugOptions
from core.sim.plug_wire import (
    BAD_LENGTH,
    BAD_PARAMETER,
    INCOMPLETE,
    OK,
    UNKNOWN,
    Request,
    error_reply,
    long_reply,
    short_reply,
)

SECTOR = 4096
EFUSE_CONTROL = 0x800074
EFUSE_RESULT = 0x800078
EFUSE_START = 1
EFUSE_BURN = 2
EFUSE_VALID = 0x100
# What a divider of the 26 MHz clock can form (BK7231 sheet 3).
BAUDS = (400, 6_500_000)
# A CRC over more than this many times the flash is refused; it would take the chip minutes.
MAX_TURNS = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes of a request.

    `reply` is empty when the chip says nothing.  `seconds` is the chip's own time, `wait` a pause
    that belongs to the protocol.  `baud` not 0: the chip changes its speed at once.
    """

    reply: bytes = b""
    seconds: float = 0.0
    wait: float = 0.0
    baud: int = 0
    reset: bool = False


class Op(NamedTuple):
    """One opcode: payload length from `least` to `most`; `stage` is what it is a part of."""

    name: str
    stage: str
    least: int
    most: int


OPS: dict[tuple[bool, int], Op] = {
    (False, 0x00): Op("LinkCheck", "link", 0, 0),
    (False, 0x01): Op("WriteReg", "identify", 8, 8),
    (False, 0x03): Op("ReadReg", "identify", 4, 4),
    (False, 0x0E): Op("Reboot", "reboot", 1, 1),
    (False, 0x0F): Op("SetBaudRate", "baud", 5, 5),
    (False, 0x10): Op("CheckCRC", "verify", 8, 8),
    (False, 0x11): Op("BootVersion", "identify", 0, 0),
    (False, 0x70): Op("Reset", "reboot", 4, 4),
    (False, 0xAA): Op("StayRom", "link", 1, 1),
    (True, 0x06): Op("FlashWrite", "write", 5, 260),
    (True, 0x07): Op("FlashWrite4K", "write", 4 + SECTOR, 4 + SECTOR),
    (True, 0x08): Op("FlashRead", "backup", 5, 5),
    (True, 0x09): Op("FlashRead4K", "backup", 4, 4),
    (True, 0x0B): Op("FlashErase4K", "erase", 4, 4),
    (True, 0x0C): Op("ReadSR", "unprotect", 1, 1),
    (True, 0x0D): Op("WriteSR", "unprotect", 2, 3),
    (True, 0x0E): Op("GetMID", "identify", 1, 256),
    (True, 0x0F): Op("FlashErase", "erase", 5, 5),
}
UNKNOWN_OP = Op("Unknown", "", 0, 0)


def op_of(request: Request) -> Op:
    """The table's line for a request."""
    return OPS.get((request.long, request.op), UNKNOWN_OP)


def u32(data: bytes) -> int:
    """A word of four bytes, little-endian."""
    return int.from_bytes(data[:4], "little")


class Rom:
    """The command interpreter and the registers it reaches."""

    def __init__(self, memory: Memory, options: PlugOptions, orders: Orders) -> None:
        self.burned = False
        self.register_writes: list[tuple[int, int]] = []
        self.status_writes: list[tuple[int, bytes]] = []
        self._memory, self._options, self._orders = memory, options, orders
        self._efuse_control = self._efuse_result = 0
        self._do: dict[str, Callable[[Request], Answer]] = {
            "LinkCheck": self._link_check,
            "WriteReg": self._write_reg,
            "ReadReg": self._read_reg,
            "Reboot": self._reboot,
            "SetBaudRate": self._set_baud,
            "CheckCRC": self._check_crc,
            "Reset": self._reset,
            "StayRom": self._stay,
            "FlashWrite": self._write,
            "FlashWrite4K": self._write,
            "FlashRead": self._read,
            "FlashRead4K": self._read,
            "FlashErase4K": self._erase,
            "ReadSR": self._read_sr,
            "WriteSR": self._write_sr,
            "GetMID": self._spi,
            "FlashErase": self._erase,
        }

    def power_on(self) -> None:
        """Registers start at 0."""
        self._efuse_control = self._efuse_result = 0

    def execute(self, request: Request) -> Answer:
        """Carry out one request."""
        if request.status:
            return Answer(error_reply(request, request.status))
        op = op_of(request)
        if op.name not in self._do:
            return Answer(error_reply(request, UNKNOWN))
        if not op.least <= len(request.payload) <= op.most:
            return Answer(error_reply(request, BAD_LENGTH if request.long else INCOMPLETE))
        return self._do[op.name](request)

    # -- link and speed --------------------------------------------------------------------

    def _link_check(self, request: Request) -> Answer:
        return Answer(self._orders.noise() + short_reply(request.op + 1, b"\0"))

    def _stay(self, request: Request) -> Answer:
        if request.payload != b"\x55":
            return Answer(error_reply(request, BAD_PARAMETER))
        return Answer(short_reply(request.op, b"\x55"))

    def _set_baud(self, request: Request) -> Answer:
        if not BAUDS[0] <= u32(request.payload) <= BAUDS[1]:
            return Answer(error_reply(request, BAD_PARAMETER))
        reply = short_reply(request.op, request.payload)
        return Answer(reply, wait=request.payload[4] / 1000, baud=u32(request.payload))

    def _reboot(self, request: Request) -> Answer:
        if request.payload == b"\xa5":
            return Answer(reset=True)
        return Answer(short_reply(request.op, request.payload))

    def _reset(self, request: Request) -> Answer:
        if request.payload == b"SEAN":
            return Answer(reset=True)
        return Answer(error_reply(request, BAD_PARAMETER))

    # -- registers -------------------------------------------------------------------------

    def _read_reg(self, request: Request) -> Answer:
        value = {
            0x800000: self._options.chip_id,
            0x800004: self._options.device_id,
            EFUSE_CONTROL: self._efuse_control,
            EFUSE_RESULT: self._efuse_result,
        }.get(u32(request.payload), 0)
        return Answer(short_reply(request.op, request.payload + value.to_bytes(4, "little")))

    def _write_reg(self, request: Request) -> Answer:
        address, value = u32(request.payload), u32(request.payload[4:])
        self.register_writes.append((address, value))
        if address == EFUSE_CONTROL:
            # The start bit clears itself; the byte is there before the host can ask again.
            self._efuse_control = value & ~EFUSE_START
            if value & EFUSE_BURN:
                self.burned = True
            elif value & EFUSE_START:
                self._efuse_result = EFUSE_VALID | self._options.efuse[value >> 8 & 0x1F]
        return Answer(short_reply(request.op, request.payload))

    # -- flash -----------------------------------------------------------------------------

    def _check_crc(self, request: Request) -> Answer:
        start, end = u32(request.payload), u32(request.payload[4:])
        length = max(0, end - start + 1)
        if length > MAX_TURNS * len(self._memory.cells):
            return Answer(error_reply(request, BAD_PARAMETER))
        crc = self._memory.crc(start, end)
        if self._orders.lies():
            crc ^= 1
        reply = short_reply(request.op, crc.to_bytes(4, "little"))
        return Answer(reply, seconds=length / self._options.crc_rate)

    def _read(self, request: Request) -> Answer:
        address = request.payload[:4]
        size = request.payload[4] if len(request.payload) > 4 else SECTOR
        return Answer(long_reply(request.op, OK, address + self._memory.read(u32(address), size)))

    def _write(self, request: Request) -> Answer:
        address, data = request.payload[:4], request.payload[4:]
        self._memory.program(u32(address), data)
        count = bytes([len(data) & 0xFF]) if len(data) < SECTOR else b""
        seconds = self._options.program_4k * len(data) / SECTOR
        return Answer(long_reply(request.op, OK, address + count), seconds)

    def _erase(self, request: Request) -> Answer:
        payload = request.payload
        code, address = (payload[0], payload[1:]) if len(payload) > 4 else (0x20, payload)
        if code not in ERASE_SIZES:
            return Answer(error_reply(request, BAD_PARAMETER))
        self._memory.erase(u32(address), ERASE_SIZES[code])
        options = self._options
        seconds = {0x20: options.erase_4k, 0x52: options.erase_32k, 0xD8: options.erase_64k}[code]
        return Answer(long_reply(request.op, OK, payload), seconds)

    def _read_sr(self, request: Request) -> Answer:
        value = self._memory.read_status(request.payload[0])
        return Answer(long_reply(request.op, OK, request.payload + bytes([value])))

    def _write_sr(self, request: Request) -> Answer:
        op, value = request.payload[0], request.payload[1:]
        self.status_writes.append((op, value))
        self._memory.write_status(op, value)
        return Answer(long_reply(request.op, OK, request.payload))

    def _spi(self, request: Request) -> Answer:
        """Bytes clocked in while the host's go out: only the JEDEC id (9f) has an answer."""
        found = bytes(len(request.payload))
        if request.payload[:1] == b"\x9f":
            found = (b"\0" + bytes(self._options.flash_id)).ljust(len(found), b"\0")[: len(found)]
        return Answer(long_reply(request.op, OK, found))
