"""A simulated BK7231N or T on its serial line: power, speed, time and the loader behind them.

`Plug` lives on the running loop's clock and has no thread of its own.  A front end (an in-memory
link, a pseudo terminal) attaches a `send` function and hands over what the host sends.  Built
from the BK7231 sheet, section 11; where a byte is lost on the real chip it is lost here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from core.sim.faults_on_order import Fate, Orders
from core.sim.plug_flash import Change, Memory
from core.sim.plug_line import Incoming, Outgoing, Piece, garbled, stage_of
from core.sim.plug_loader import RING, Loader, StrictDeframer
from core.sim.plug_options import DEFAULT, PlugOptions
from core.sim.plug_rom import Rom, op_of
from core.sim.plug_timers import Timers
from core.sim.plug_wire import Deframer, Request

__all__ = ["Change", "Plug", "PlugOptions"]

BOOT_BAUD = 115200
# UARTs understand each other up to about this difference of speed.
BAUD_TOLERANCE = 0.03


class Plug:
    """One plug with its flash.

    `requests` counts what the ROM understood, by opcode name; `changes` is every erase and
    program that took effect, `ignored` how many did not because of the protection;
    `register_writes` and `status_writes` are all writes to registers.  `burned` is True once
    anything asked the eFuse to be burned.  `on_vanish` is called when the adapter is pulled on
    order; attaching again is plugging it back in.  `on_app` is called with True when the
    application starts and with False when its power goes; `app_runs` is which of both it was.
    `host_baud`, if given, says how fast the host listens now; otherwise its last sent byte tells.
    """

    def __init__(self, flash: bytes, options: PlugOptions = DEFAULT) -> None:
        self.options = options
        self.requests: Counter[str] = Counter()
        self.on_vanish: Callable[[], None] | None = None
        self.on_app: Callable[[bool], None] | None = None
        self.host_baud: Callable[[], int] | None = None
        self.baud = BOOT_BAUD
        self.linked = False
        self.power_cycles = 0
        self._orders = Orders(options.faults)
        self._memory = Memory(flash, options, self._orders, self._now)
        basic = options.chip == "t"
        self._rom = (Loader if basic else Rom)(self._memory, options, self._orders)
        self._deframer = StrictDeframer() if basic else Deframer()
        self._ring = RING if basic else 0
        self._idle = options.idle_reboot if basic else 0.0
        self._held = False
        self._send: Callable[[bytes], None] | None = None
        self._in = Incoming()
        self._out = Outgoing(self._deliver)
        self._listening = options.window is None or self._memory.blank
        self.app_runs = not self._listening
        self._busy_until = 0.0
        self._host_baud = 0
        self._sent_stage = self._reply_stage = ""
        self._timers = Timers()

    # -- what a test looks at --------------------------------------------------------------

    @property
    def flash(self) -> bytearray:
        """The content of the flash, as it is now."""
        return self._memory.cells

    @property
    def changes(self) -> list[Change]:
        return self._memory.changes

    @property
    def ignored(self) -> int:
        return self._memory.ignored

    @property
    def status(self) -> int:
        """The 16-bit status register of the flash."""
        return self._memory.status

    @property
    def unprotected(self) -> bool:
        return self._memory.unprotected

    @property
    def burned(self) -> bool:
        return self._rom.burned

    @property
    def register_writes(self) -> list[tuple[int, int]]:
        return self._rom.register_writes

    @property
    def status_writes(self) -> list[tuple[int, bytes]]:
        return self._rom.status_writes

    @property
    def listening(self) -> bool:
        """True while the ROM has the chip, False while the application runs."""
        return self._listening

    # -- the line --------------------------------------------------------------------------

    def attach(self, send: Callable[[bytes], None]) -> None:
        """Plug the adapter in: `send` gets every byte that reaches the host."""
        self._send = send
        self._host_baud = 0
        if not self._listening:
            self._app_talks()

    def detach(self) -> None:
        """Pull the adapter out; the chip stays powered."""
        self._send = None
        self._in.clear()
        self._out.clear()
        self._deframer.reset()
        self._timers.cancel("gap", "wake", "talk", "idle")

    def received(self, data: bytes, baud: int) -> None:
        """Bytes that the host begins to send now, at `baud` (0: as fast as the chip listens)."""
        if self._send is None or not data:
            return
        self._host_baud = baud
        self._sent_stage = stage_of(data) or self._sent_stage
        data = self._orders.passing("host", data, self._sent_stage)
        step = 10 / (baud or self.baud) if self.options.rate == "line" else 0.0
        self._in.add(data, self._now(), step, baud)
        lead = self.options.power_cycle_after
        if self._deaf() and lead is not None and "lead" not in self._timers:
            self._timers.set("lead", self._now() + lead, self._lead_pulled)
        self._pump()

    def _pump(self) -> None:
        """Let the chip take what has arrived, then wait for what is still on the wire."""
        self._timers.cancel("wake")
        now = self._now()
        while (piece := self._in.first) is not None:
            if not self._listening:
                piece.drop(piece.arrived(now))
                if piece.left:
                    return
                continue
            if self._waits(piece, now):
                return
            ready = min(piece.arrived(now), self._deframer.wanting())
            if not ready:
                if piece.left:
                    first = piece.before(self._busy_until)
                    when = piece.time_of(first + self._deframer.wanting())
                    self._timers.set("wake", when, self._pump)
                    return
                continue
            data, at = piece.take(ready)
            if not self._hears(piece.baud):
                data = garbled(data)
            self._keeps_awake()
            request = self._deframer.feed(data)
            self._watch_gap(at)
            if request is not None:
                self._execute(request, at)

    def _waits(self, piece: Piece, now: float) -> bool:
        """What comes while the chip is busy: the ROM loses it, the loader has a ring for it."""
        early = min(piece.arrived(now), piece.before(self._busy_until))
        piece.drop(max(0, early - self._ring))
        if not (self._ring and now < self._busy_until and piece.left):
            return False
        self._timers.set("wake", self._busy_until, self._pump)
        return True

    def _keeps_awake(self) -> None:
        """A T's loader stays once it has heard any byte, and restarts after a long silence."""
        self.linked = self.linked or bool(self._ring)
        if self._idle:
            self._timers.set(
                "idle", max(self._now(), self._busy_until) + self._idle, self.power_cycle
            )

    def lines(self, *, dtr: bool, rts: bool) -> None:
        """The adapter's modem lines; an asserted one holds CEN low, letting go starts the chip."""
        held = {"rts": rts, "dtr": dtr}.get(self.options.cen, False)
        if held and not self._held:
            self._pump_away()
            self._app(False)
        elif self._held and not held:
            self.power_cycle()
        self._held = held

    def _deaf(self) -> bool:
        """True when a person would reach for the lead: no answer can come."""
        return not self._listening or not self._hears(self._host_baud)

    def _hears(self, host: int) -> bool:
        return not host or abs(host - self.baud) <= BAUD_TOLERANCE * self.baud

    # -- requests --------------------------------------------------------------------------

    def _execute(self, request: Request, at: float) -> None:
        op = op_of(request)
        self.requests[op.name] += 1
        fate = self._orders.request(op.stage)
        if fate is Fate.VANISH:
            self._vanish()
            return
        if fate is Fate.RESET:
            self.power_cycle()
            return
        if fate is Fate.SILENT:
            return
        changes = len(self.changes)
        answer = self._rom.execute(request)
        if len(self.changes) > changes:
            fate = self._orders.at_change(len(self.changes)) or fate
            if fate in (Fate.VANISH, Fate.RESET):
                self._vanish() if fate is Fate.VANISH else self.power_cycle()
                return
        if op.stage == "link":
            self.linked = True
        if answer.reset:
            self.power_cycle()
            return
        if answer.baud:
            self.baud, self._host_baud = answer.baud, 0
        own = answer.seconds if self.options.rate == "line" else 0.0
        self._reply_stage = op.stage
        lost = fate is Fate.LOST
        self._busy_until = self._say(b"" if lost else answer.reply, at + own + answer.wait)
        self._keeps_awake()

    def _say(self, data: bytes, start: float) -> float:
        """Begin to send at `start`; the time at which the last byte is out."""
        data = self._orders.passing("chip", data, self._reply_stage)
        line = self.options.rate == "line"
        return self._out.add(data, start, 10 / self.baud if line else 0.0, self.options.latency)

    def _deliver(self, data: bytes) -> None:
        host = self.host_baud() if self.host_baud is not None else self._host_baud
        if self._send is not None:
            self._send(data if self._hears(host) else garbled(data))

    def _watch_gap(self, at: float) -> None:
        self._timers.cancel("gap")
        if self._deframer.begun:
            self._timers.set("gap", at + self.options.gap, self._gap_over)

    def _gap_over(self) -> None:
        self._timers.cancel("gap")
        self._pump()
        if "gap" in self._timers:  # more of the packet had come
            return
        request = self._deframer.abandon()
        if request is not None:
            self._execute(request, self._now())

    def _vanish(self) -> None:
        self.detach()
        if self.on_vanish is not None:
            self.on_vanish()

    # -- power -----------------------------------------------------------------------------

    def power_cycle(self) -> None:
        """Off and on again: 115200, nothing linked, the link window starts."""
        self._pump_away()
        self._app(False)
        self.power_cycles += 1
        self.baud, self.linked, self._busy_until = BOOT_BAUD, False, 0.0
        for part in (self._orders, self._memory, self._rom):
            part.power_on()
        self._listening = True
        self._timers.cancel("window", "talk", "idle")
        if self.options.window is not None and not self._memory.blank:
            self._timers.set("window", self._now() + self.options.window, self._window_over)
        self._pump()

    def _pump_away(self) -> None:
        """What is in flight towards a chip without power, or from it, is gone."""
        self._listening = False
        self._pump()
        self._deframer.reset()
        self._timers.cancel("gap")
        self._out.clear()

    def _window_over(self) -> None:
        self._timers.cancel("window")
        self._pump()
        if self.linked:
            return
        self._listening = False
        self._deframer.reset()
        self._timers.cancel("gap")
        self._memory.app_protects()
        self._app(True)
        self._app_talks()

    def _app(self, runs: bool) -> None:
        before, self.app_runs = self.app_runs, runs
        if self.on_app is not None and before != runs:
            self.on_app(runs)

    def _lead_pulled(self) -> None:
        self._timers.cancel("lead")
        if self._deaf():
            self.power_cycle()

    def _app_talks(self) -> None:
        if self.options.boot_noise and not self._listening and self._send is not None:
            self._reply_stage = ""
            self._say(self.options.boot_noise, self._now())
            self._timers.set("talk", self._now() + self.options.noise_every, self._app_talks)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
