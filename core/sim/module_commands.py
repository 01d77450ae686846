"""What each request makes the simulated programmer do, and how long it takes.

Source: TLSRPGM sheet 2.2, 6, 7 (programmer).
"""

from __future__ import annotations

from dataclasses import dataclass

from core.sim.module_options import READ_SECONDS, WRITE_SECONDS, ModuleOptions
from core.sim.module_target import PC_AT, Target
from core.sim.module_wire import (
    BAD_BAUD,
    BAUDS,
    LENGTH_ERROR,
    TIMEOUT,
    UNKNOWN_FUNCTION,
    Request,
    answer,
    crc16,
    framed,
)

CHIP_OF_PROGRAMMER = b"\x62\x55"
POWER_ON = bytes.fromhex("05035a0006020005")
REPEAT_SECONDS = 90.625e-6
SMALL = 8
MOST_SENT = 260
SINCE = {0x0E: 3, 0x0F: 4, 0x10: 5}
"""The firmware version that brought a command; older ones do not know it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The reply and what follows it; `payload` and `crc` say what SWire noise could change."""

    reply: bytes
    speed: int
    payload: bytes = b""
    events: tuple[bytes, ...] = ()
    reboot: bool = False
    crc: bool = False

    def noisy(self) -> bytes:
        """The same reply, sound, with one bit of what was read turned over."""
        head = self.reply[:4]
        if self.crc:
            return framed(head[:2] + bytes([head[2] ^ 1, head[3]]))
        if not self.payload:
            return self.reply
        return framed(head + bytes([self.payload[0] ^ 1]) + self.payload[1:])


class Commands:
    """The programmer's state: speed index, SWire settings, the level it drives RST to."""

    def __init__(self, target: Target, options: ModuleOptions) -> None:
        self.target, self._options = target, options
        self.speed = 1
        self.config = bytearray(POWER_ON)
        self.level = 1

    def power_on(self) -> None:
        """State after power-up."""
        self.speed, self.config, self.level = 1, bytearray(POWER_ON), 1

    @property
    def _reached(self) -> bool:
        return self.target.answers(self.config[0], self.config[1])

    # -- time ------------------------------------------------------------------------------

    def seconds(self, request: Request, *, timed: bool) -> float:
        """How long the request takes; without `timed` only what reset and activation take."""
        command = request.command
        if command == 0:
            scale = self.config[0] / 5 * (self.config[1] + 5.7) / 8.7
            return request.value * REPEAT_SECONDS * scale if request.function == 4 else 0.0
        if not timed:
            return 0.0
        if command in (1, 7, 9, 0x0B, 0x0E):
            return (self._read_size(request) + SMALL) * READ_SECONDS
        if command == 0x0D:
            return (len(request.payload) * WRITE_SECONDS) + request.wanted * READ_SECONDS
        return (len(request.payload) + SMALL) * WRITE_SECONDS

    @staticmethod
    def _read_size(request: Request) -> int:
        wanted = request.wanted
        return wanted if 1 <= wanted <= 1024 else 1024

    # -- what they do ----------------------------------------------------------------------

    def execute(self, request: Request, began: float, *, carried: bool) -> Outcome:
        """Carry the request out; with `carried` false SWire loses what goes to the module."""
        version, command = self._options.version, request.command
        if command > 0x0D and version < SINCE.get(command, 99):
            return self._said(framed(bytes([command])))
        if command == 0:
            return self._control(request, began)
        if command in (1, 5, 6, 7, 9, 0x0B, 0x0E):
            return self._reads(request)
        if command == 0x0D:
            return self._spi(request, carried)
        if command == 0x10:
            return self._wait(request)
        return self._writes(request, carried)

    def _said(self, reply: bytes, **more: bytes | bool) -> Outcome:
        return Outcome(reply, self.speed, **more)  # type: ignore[arg-type]

    def _control(self, request: Request, began: float) -> Outcome:
        function, value = request.function, request.value
        if function == 0:
            body = self._options.version.to_bytes(2, "little") + CHIP_OF_PROGRAMMER
            body += bytes([self.level]) + self.config
            return self._said(answer(0, 0, 13, body))
        if function == 1:
            return Outcome(b"", self.speed, reboot=True)
        if function == 2:
            given = request.payload[:8]
            self.config[: len(given)] = given
            if len(given) > 1:
                self.config[1] = 2 if given[1] == 2 else 3
            return self._said(answer(0, 0, 8, bytes(self.config)))
        if function == 3:
            self.level = 1 if value else 0
            self.target.pin(bool(value), began)
            read_back = 0 if self._options.rst_held else self.level
            return self._said(answer(0, 0, 1, bytes([read_back])))
        if function == 4:
            self.level = 1
            self.target.pin(True, began)
            if self._options.partial is not None:
                count = self._options.partial
                return self._said(answer(0, TIMEOUT, count, b"\xa5" * count))
            self.target.activate(began, began + self.seconds(request, timed=True))
            if not self._reached:
                return self._said(answer(0, TIMEOUT, 0))
            return self._said(answer(0, 0, 4, self.target.read(PC_AT, 4)))
        if function == 5:
            if value >= len(BAUDS):
                return self._said(answer(0, BAD_BAUD, 0))
            return Outcome(answer(0, 0, 0), value)
        return self._said(answer(0, UNKNOWN_FUNCTION, 0))

    def _reads(self, request: Request) -> Outcome:
        command, address = request.command, request.address
        if not self._reached:
            return self._said(answer(command, TIMEOUT, 0))
        if command == 0x0E:
            found = self._flash(b"\x03" + address.to_bytes(3, "big"), self._read_size(request))
            return self._said(answer(command, 0, crc16(found)), crc=True)
        if command == 1:
            data = self._flash(b"\x03" + address.to_bytes(3, "big"), self._read_size(request))
        elif command == 5:
            data = self._flash(b"\x9f", 3)
        elif command == 6:
            data = self._flash(b"\x05", 1)
        elif command == 9:
            data = self.target.analog(address, min(self._read_size(request), 256))
        else:
            step = 0 if command == 0x0B else 1
            count = self._read_size(request)
            data = (
                self.target.read(address, count) if step else self.target.read(address, 1) * count
            )
        return self._said(answer(command, 0, len(data), data), payload=data)

    def _flash(self, sent: bytes, count: int) -> bytes:
        return self.target.flash.transact(sent, count)

    def _writes(self, request: Request, carried: bool) -> Outcome:
        command, data = request.command, request.payload
        reached = carried and self._reached
        address = request.address.to_bytes(3, "big")
        if command in (2, 8, 0x0C, 0x0F) and not 1 <= len(data) <= (256 if command == 2 else 1024):
            return self._said(answer(command, LENGTH_ERROR, 0))
        if command in (3, 4):
            if reached:
                self._flash(b"\x06", 0)
                self._flash(b"\x20" + address if command == 3 else b"\x60", 0)
            return self._said(answer(command, 0, 0))
        if reached and command == 2:
            self._flash(b"\x06", 0)
            self._flash(b"\x02" + address + data, 0)
        elif reached and command != 0x0A:  # the firmware sends stale bytes there
            self.target.write(request.address, data)
        return self._said(answer(command, 0, len(data)))

    def _spi(self, request: Request, carried: bool) -> Outcome:
        sent = request.payload[2:]
        if not 1 <= len(sent) <= MOST_SENT:
            return self._said(answer(request.command, LENGTH_ERROR, 0))
        if request.wanted and not self._reached:
            return self._said(answer(request.command, TIMEOUT, 0))
        data = b""
        if carried and self._reached:
            data = self._flash(sent, request.wanted)
        return self._said(answer(request.command, 0, len(sent) + len(data), data), payload=data)

    def _wait(self, request: Request) -> Outcome:
        if request.payload and not 4 <= len(request.payload) <= 7:
            return self._said(answer(request.command, LENGTH_ERROR, 0))
        events: tuple[bytes, ...] = ()
        if self._reached:
            found = self.target.read(request.address, 4)
            if request.payload:
                where = int.from_bytes(request.payload[:3], "little")
                self.target.write(where, request.payload[3:])
            events = (answer(request.command, 0, 4, found),)
        return Outcome(answer(request.command, 0, 0), self.speed, events=events)
