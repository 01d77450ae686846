"""A simulated TLSRPGM programmer on its serial line, with a module at its other end.

Built from the TLSRPGM sheet: a request ends with a silence on the line, one that comes while
another is carried out is lost, writes over SWire are always answered "ok".  Lives on the running
loop's clock; a front end attaches a `send` function and hands over what the host sends.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from core.sim.module_commands import Commands, Outcome
from core.sim.module_flash import Change, Flash
from core.sim.module_options import DEFAULT, ModuleOptions
from core.sim.module_orders import Order, Orders
from core.sim.module_target import Target
from core.sim.module_wire import BAUDS, LENGTH_ERROR, Request, answer, crc16, parse

__all__ = ["Module", "ModuleOptions"]

BAUD_TOLERANCE = 0.03
IDLE_BITS = 24
STOP_BITS = 10.5
RUBBISH = bytes.fromhex("00f8e0ff80")
LATE = 0.15
GARBLE = bytes((0x00, 0x80, 0xE0, 0xF8, 0xFE, 0xFF)[byte % 6] for byte in range(256))


class Module:
    """One programmer, one module.

    `requests` counts what the programmer understood, by kind; `log` is every sound request.
    `on_vanish` is called when the adapter is pulled on order; attaching again is plugging it back
    in.  `host_baud`, if given, says how fast the host listens now; else its last byte tells.
    """

    def __init__(self, flash: bytes, options: ModuleOptions = DEFAULT) -> None:
        self.options = options
        self.requests: Counter[str] = Counter()
        self.log: list[Request] = []
        self.on_vanish: Callable[[], None] | None = None
        self.host_baud: Callable[[], int] | None = None
        self.memory = Flash(flash, options, self._now)
        self.target = Target(self.memory, options, self._now)
        self.commands = Commands(self.target, options)
        self.commands.speed = options.left_at
        self._orders = Orders(options.orders)
        self._send: Callable[[bytes], None] | None = None
        self._buffer = bytearray()
        self._host_baud = 0
        self._line_free = self._busy_until = self._out_free = 0.0
        self._frame_timer: asyncio.TimerHandle | None = None
        self._pending: set[asyncio.TimerHandle] = set()
        self._gone = False

    # -- what a test looks at --------------------------------------------------------------

    @property
    def flash(self) -> bytearray:
        """The content of the flash, as it is now."""
        return self.memory.cells

    @property
    def changes(self) -> list[Change]:
        return self.memory.changes

    @property
    def baud(self) -> int:
        """The speed that the programmer really has."""
        return BAUDS[self.commands.speed]

    # -- the line --------------------------------------------------------------------------

    def attach(self, send: Callable[[bytes], None]) -> None:
        """Plug the adapter in."""
        self._send = send

    def detach(self) -> None:
        """Pull the adapter out; it loses its power, the module keeps its own."""
        self._send = None
        self._buffer.clear()
        self.commands.power_on()
        for timer in (self._frame_timer, *self._pending):
            if timer is not None:
                timer.cancel()
        self._pending.clear()

    def received(self, data: bytes, baud: int) -> None:
        """Bytes that the host begins to send now, at `baud` (0: as fast as we listen)."""
        if self._send is None or not self.options.present or not data:
            return
        if self.options.echo:
            self._later(self._line(len(data), 10, baud or self.baud), lambda: self._deliver(data))
            return
        self._host_baud = baud
        if not self._hears(baud):
            data = data.translate(GARBLE)
        line = self._line(len(data), 10, baud or self.baud)
        self._line_free = max(self._now(), self._line_free) + line
        self._buffer += data
        if self._frame_timer is not None:
            self._frame_timer.cancel()
        silence = self.options.gap + self._line(IDLE_BITS, 1, self.baud)
        loop = asyncio.get_running_loop()
        self._frame_timer = loop.call_at(self._line_free + silence, self._frame)

    def _line(self, count: int, bits: float, baud: int) -> float:
        return count * bits / baud if self.options.rate == "line" else 0.0

    def _hears(self, host: int) -> bool:
        return not host or abs(host - self.baud) <= BAUD_TOLERANCE * self.baud

    def _frame(self) -> None:
        """The line has been silent: what came is one request."""
        frame = bytes(self._buffer)
        self._buffer.clear()
        if self._now() < self._busy_until or self._gone:
            return
        if len(frame) < 6:
            self._say(answer(frame[0], LENGTH_ERROR, 0), 0.0)
            return
        request = parse(frame)
        sound = crc16(frame) == 0
        due = self._orders.due(request.kind) if sound else {}
        if "gone" in due:
            self._gone = True
        if "vanish" in due:
            self.detach()
            if self.on_vanish is not None:
                self.on_vanish()
            return
        if "drop" in due or self._gone:
            return
        if "garbled" in due or not sound:
            self._say(answer(request.command | 5, 0, 0), 0.0)
            return
        self.requests[request.kind] += 1
        self.log.append(request)
        self._carry_out(request, due)

    def _carry_out(self, request: Request, due: dict[str, Order]) -> None:
        if "reset" in due:  # a while ago: its firmware runs already
            self.target.reboot(self._now() - 1.0)
        if "reboot" in due:
            self._reboot()
            return
        seconds = self.commands.seconds(request, timed=self.options.rate == "line")
        self._busy_until = began = self._now()
        self._busy_until += seconds
        if "busy" in due:
            self.memory.stay_busy = due["busy"].seconds

        def finish() -> None:
            outcome = self.commands.execute(request, began, carried="lose" not in due)
            self._finish(outcome, due)

        self._later(seconds, finish)

    def _finish(self, outcome: Outcome, due: dict[str, Order]) -> None:
        if outcome.reboot:
            self._reboot()
            return
        reply = outcome.reply
        if "short" in due and len(outcome.payload) > 1:
            half = outcome.payload[: len(outcome.payload) // 2]
            reply = answer(reply[0], 3, len(half), half)
        if "noise" in due:
            reply = outcome.noisy()
        if "corrupt" in due:
            reply = bytes([reply[0] ^ 0x10]) + reply[1:]
        if "trash" in due:
            reply = RUBBISH + reply
        if "mute" not in due:
            self._say(reply, LATE if "late" in due else 0.0)
        for event in outcome.events:
            self._say(event, 0.0)
        self.commands.speed = outcome.speed

    def _reboot(self) -> None:
        """Power-on state, and the wires to the module float for a moment."""
        self.commands.power_on()
        self.target.reboot(self._now())

    def _say(self, reply: bytes, late: float) -> None:
        line = self._line(len(reply), STOP_BITS, self.baud)
        self._out_free = max(self._now(), self._out_free) + line
        host = self.options.host if self.options.rate == "line" else 0.0
        heard = self._hears(self.host_baud() if self.host_baud is not None else self._host_baud)
        data = reply if heard else reply.translate(GARBLE)
        self._later(self._out_free - self._now() + host + late, lambda: self._deliver(data))

    def _deliver(self, data: bytes) -> None:
        if self._send is not None:
            self._send(data)

    # -- time ------------------------------------------------------------------------------

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        if seconds <= 0:
            call()
            return

        def fire() -> None:
            self._pending.discard(timer)
            call()

        timer = asyncio.get_running_loop().call_later(seconds, fire)
        self._pending.add(timer)
