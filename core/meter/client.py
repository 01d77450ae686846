"""One conversation with one module: subscribed, identified, every write read back.

The module acknowledges nothing and may be deaf for seconds (connection latency 2.5 s, and a poll
of the meter stops everything), so `identify` asks again each second until a status comes, and a
setting counts as made when a status shows it.  Source: meter sheet 2.2 to 2.5; rulings M1.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core.fault import FaultError
from core.meter import faults, wire
from core.meter.log import LogText
from core.meter.wire import KeyIs, LogPiece, MadeIs, SerialIs, Status, Strange
from core.radio.connection import Connection

CONNECTION = 300.0
"""Seconds after which the module hangs up, whatever happens."""
ASK_AGAIN = 1.0
IDENTIFY = 20.0
"""How long a status is waited for: latency, a dead meter, a whole poll, and some lost packets."""
READ_BACKS = 3
"""Fresh statuses that are compared before a setting counts as not made."""


T = TypeVar("T")
LINES = 500


Watch = Callable[[str], None]


class Client:
    """`log` gets each whole line of the module's log; `changed` is called after anything new."""

    def __init__(
        self,
        connection: Connection,
        log: Watch | None = None,
        changed: Callable[[], None] | None = None,
    ) -> None:
        self._connection = connection
        self._log, self._changed = log, changed
        self._log_text = LogText()
        self._news = asyncio.Event()
        self._statuses = 0
        self._strange: Strange | None = None
        self._live_names: list[str] = []
        self._began = asyncio.get_running_loop().time()
        self.status: Status | None = None
        self.key: bytes | None = None
        self.serial = self.made = ""
        self.texts = 0
        """How many serial numbers and dates have come, empty ones too."""
        self.lines: deque[str] = deque(maxlen=LINES)
        self.live: dict[str, int] = {}

    @property
    def seconds_left(self) -> float:
        """Until the module hangs up."""
        spent = asyncio.get_running_loop().time() - self._began
        return max(CONNECTION - spent, 0.0)

    # -- opening ---------------------------------------------------------------------------

    async def open(self) -> Status:
        """Subscribe and identify.  Raises METER-NOT-ONE, -SILENT, -STATUS, -LOST."""
        here = self._connection
        if not here.has(wire.CONFIG, service=wire.CONFIG_SERVICE):
            raise faults.NO_METER(
                what="The device has no characteristic 1F1F in a service 1F10.",
                cause="Another kind of device, or another firmware on the module.",
                next="Choose another device.",
            )
        self._live_names = [
            name for name, uuid in wire.LIVE.items() if here.has(uuid, service=wire.LIVE_SERVICE)
        ]
        await self._within(here.subscribe(wire.CONFIG, self._heard, service=wire.CONFIG_SERVICE))
        return await self.identify()

    async def watch_live(self) -> None:
        """Subscribe to the live values and read them once."""
        for name in self._live_names:
            heard = self._live_heard(name)
            await self._within(
                self._connection.subscribe(wire.LIVE[name], heard, service=wire.LIVE_SERVICE)
            )
        await self.read_live()

    async def read_live(self) -> dict[str, int]:
        """Raw live values by name, read anew: for some of them firmware tells no change."""
        for name in self._live_names:
            reading = self._connection.read(wire.LIVE[name], service=wire.LIVE_SERVICE)
            number = wire.live_value(await self._within(reading))
            if number is not None:
                self.live[name] = number
        self._tell()
        return dict(self.live)

    async def version_text(self) -> str:
        """2A28, "V1.7"; empty where it is missing."""
        if not self._connection.has(wire.SOFTWARE_REVISION, service=wire.INFO_SERVICE):
            return ""
        reading = self._connection.read(wire.SOFTWARE_REVISION, service=wire.INFO_SERVICE)
        data = await self._within(reading)
        return "".join(
            c for c in data.split(b"\0")[0].decode("ascii", "replace") if c.isprintable()
        )

    # -- asking ----------------------------------------------------------------------------

    async def identify(self, timeout: float = IDENTIFY) -> Status:
        """Ask for the status, again each second, until one comes.  Raises as `open`."""
        before = self._statuses
        try:
            async with asyncio.timeout(timeout):
                while self._statuses == before:
                    self._news.clear()
                    await self.send(wire.IDENTIFY)
                    await self._news_within(ASK_AGAIN, lambda: self._statuses > before)
        except TimeoutError:
            raise self._no_status(timeout) from None
        assert self.status is not None
        return self.status

    def _no_status(self, timeout: float) -> FaultError:
        if self._strange is not None:
            return faults.STATUS(
                what=f"The module sent {self._strange.why}.",
                cause="Firmware that this program does not know.",
                next="Update the module to V1.7, or use another program for it.",
                evidence=self._strange.data.hex(" "),
            )
        return faults.SILENT(
            what=f"No status came within {timeout:.0f} s, though it was asked each second.",
            cause="The module is busy with its meter, hangs, or the connection is very poor.",
            next="Take the module's supply away for 5 s, wait 10 s, then repeat nearby.",
        )

    async def read_back(self, shows: Callable[[Status], bool], timeout: float = IDENTIFY) -> bool:
        """Whether a status shows what was written.  Old ones may still be under way, so some
        fresh ones are looked at before the answer is no."""
        for _ in range(READ_BACKS):
            await self.identify(timeout)
            if await self.until(lambda: self.status is not None and shows(self.status), ASK_AGAIN):
                return True
        return False

    async def until(self, met: Callable[[], bool], timeout: float) -> bool:
        """Wait for notifications until `met`, at most `timeout` seconds.  Raises METER-LOST."""
        return await self._news_within(timeout, met)

    async def send(self, command: bytes) -> None:
        """Write a command; nothing tells whether it arrived.  Raises METER-LOST."""
        writing = self._connection.write(wire.CONFIG, command, service=wire.CONFIG_SERVICE)
        await self._within(writing)

    # -- hearing ---------------------------------------------------------------------------

    def _heard(self, data: bytes) -> None:
        match wire.parse(bytes(data)):
            case Status() as status:
                self.status = status
                self._statuses += 1
            case KeyIs(key):
                self.key = key
            case SerialIs(text):
                self.serial, self.texts = text, self.texts + 1
            case MadeIs(text):
                self.made, self.texts = text, self.texts + 1
            case LogPiece() as piece:
                for line in self._log_text.add(piece):
                    self.lines.append(line)
                    if self._log is not None:
                        self._log(line)
            case Strange() as strange:
                if strange.data[:2] == b"\xda\xfe":
                    self._strange = strange
        self._tell()

    def _live_heard(self, name: str) -> Callable[[bytes], None]:
        def heard(data: bytes) -> None:
            number = wire.live_value(bytes(data))
            if number is not None:
                self.live[name] = number
            self._tell()

        return heard

    def _tell(self) -> None:
        self._news.set()
        if self._changed is not None:
            self._changed()

    # -- waiting ---------------------------------------------------------------------------

    async def _news_within(self, timeout: float, met: Callable[[], bool]) -> bool:
        deadline = asyncio.get_running_loop().time() + timeout
        while not met():
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            self._news.clear()
            await self._news_or_loss(left)
        return True

    async def _news_or_loss(self, left: float) -> None:
        """Wait for news or the end of the connection, at most `left` seconds."""
        news = asyncio.ensure_future(self._news.wait())
        lost = asyncio.ensure_future(self._connection.lost.wait())
        try:
            await asyncio.wait([news, lost], timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
            lost.cancel()
        if self._connection.lost.is_set():
            raise self.lost_fault()

    async def _within(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except FaultError:
            if self._connection.lost.is_set():
                raise self.lost_fault() from None
            raise

    def lost_fault(self, what: str = "") -> FaultError:
        """The connection is over; why follows from how long it was."""
        cause = "Out of range, or the module lost its supply."
        if not self.seconds_left:
            cause = "The module ends every connection after five minutes."
        return faults.LOST(
            what=what or "The module ended the connection, or it broke.",
            cause=cause,
            next="Go nearer and repeat.",
        )
