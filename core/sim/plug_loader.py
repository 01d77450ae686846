"""What the flash loader of a BK7231T does with each request (BK7231 sheet 1.3, 2.2 to 2.7).

It knows few requests and ignores the rest, refuses low addresses but not their aliases, counts
CRC lengths in whole 256 bytes, and locks the flash with every CRC: only a LinkCheck followed by
an erase opens it again.
"""

from __future__ import annotations

from core.sim.faults_on_order import Orders
from core.sim.plug_flash import ERASE_SIZES, Memory
from core.sim.plug_options import PROTECTION, PlugOptions
from core.sim.plug_rom import SECTOR, Answer, Rom, op_of, u32
from core.sim.plug_wire import BAD_PARAMETER, PREAMBLE, Deframer, Request, long_reply, short_reply

KNOWN = {
    "LinkCheck",
    "Reboot",
    "SetBaudRate",
    "CheckCRC",
    "BootVersion",
    "FlashWrite",
    "FlashWrite4K",
    "FlashRead4K",
    "FlashErase",
}
LOWEST = 0x10000
LOWEST_WRITE_4K = 0x20E0
CRC_UNIT = 256
TICK = 0.002
RING = 512
"""Bytes that wait while the loader is busy."""


class StrictDeframer(Deframer):
    """Any unexpected byte is dropped and the search begins anew, even when that byte could have
    begun a packet itself: `01 01 e0 fc` is lost."""

    def _hunt(self) -> None:
        buffer, at = self._buffer, 0
        for index, byte in enumerate(buffer):
            at = at + 1 if byte == PREAMBLE[at] else 0
            if at == len(PREAMBLE):
                del buffer[: index + 1 - at]
                return
        del buffer[: len(buffer) - at]

    def abandon(self) -> Request | None:
        """A packet that stops arriving is forgotten without a word."""
        super().abandon()
        return None


class Loader(Rom):
    """The command interpreter of a T."""

    def __init__(self, memory: Memory, options: PlugOptions, orders: Orders) -> None:
        super().__init__(memory, options, orders)
        self._armed = False
        self._do["BootVersion"] = self._version
        self._lock()

    def power_on(self) -> None:
        super().power_on()
        self._armed = False
        self._lock()

    def execute(self, request: Request) -> Answer:
        """Carry out one request; what is unknown or malformed has no answer."""
        op = op_of(request)
        if request.status or op.name not in KNOWN:
            return Answer()
        if not op.least <= len(request.payload) <= op.most:
            return Answer()
        return self._do[op.name](request)

    def _lock(self) -> None:
        self._memory.status |= PROTECTION

    def _version(self, request: Request) -> Answer:
        text = self._options.loader.encode("ascii").ljust(16, b"\0")[:16]
        return Answer(short_reply(request.op, text))

    def _link_check(self, request: Request) -> Answer:
        self._armed = True
        return super()._link_check(request)

    def _reboot(self, request: Request) -> Answer:
        return Answer(reset=request.payload == b"\xa5")

    def _set_baud(self, request: Request) -> Answer:
        answer = super()._set_baud(request)
        return Answer(answer.reply, wait=(request.payload[4] + 1) * TICK, baud=answer.baud)

    def _check_crc(self, request: Request) -> Answer:
        start, end = u32(request.payload), u32(request.payload[4:])
        length = max(0, end - start + 1) // CRC_UNIT * CRC_UNIT
        crc = self._memory.crc(start, start + length - 1) if length else 0xFFFFFFFF
        if self._orders.lies():
            crc ^= 1
        self._lock()
        self._armed = False
        reply = short_reply(request.op, crc.to_bytes(4, "little"))
        return Answer(reply, seconds=length / self._options.crc_rate)

    def _read(self, request: Request) -> Answer:
        if u32(request.payload) < LOWEST:
            return Answer(long_reply(request.op, BAD_PARAMETER, request.payload + b"\0"))
        return super()._read(request)

    def _write(self, request: Request) -> Answer:
        address, data = request.payload[:4], request.payload[4:]
        if len(data) == SECTOR:
            if u32(address) < LOWEST_WRITE_4K:
                mangled = LOWEST_WRITE_4K.to_bytes(2, "little") + address[2:]
                return Answer(long_reply(request.op, BAD_PARAMETER, mangled))
        elif u32(address) < LOWEST:
            return Answer(long_reply(request.op, BAD_PARAMETER, address + b"\0"))
        return super()._write(request)

    def _erase(self, request: Request) -> Answer:
        code, address = request.payload[0], u32(request.payload[1:])
        if address < LOWEST or code not in ERASE_SIZES:
            return Answer(long_reply(request.op, BAD_PARAMETER, request.payload))
        if self._armed:
            self._armed = False
            self._memory.status &= ~PROTECTION
        return super()._erase(request)
