"""A serial server that takes speed and modem lines by telnet (RFC 2217), as pyserial speaks it.

pyserial's port blocks and has a reader of its own; a thread of ours carries what it heard to the
loop.  Every call that waits for the server goes off the loop with a deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import serial
from serial import rfc2217

from core.fault import FaultError
from core.link import faults
from core.link.buffered import BufferedLink
from core.link.offloop import off_loop
from core.link.stream import address_of

T = TypeVar("T")

OPEN_PATIENCE = 10.0
CALL_PATIENCE = 8.0
"""pyserial gives the server 3 s for each of the settings."""
CLOSE_PATIENCE = 1.0
LOOK = 0.2
"""Seconds after which the reader looks whether it is still wanted."""
OPTIONS = {"ign_set_control", "poll_modem", "timeout"}
"""Of pyserial's; its `logging` would write to the terminal."""
REFUSALS = (OSError, ValueError)


class Rfc2217Link(BufferedLink):
    """A `Link` through a serial server.  What the server still holds is beyond our knowledge, so
    `flush` waits the line time."""

    def __init__(self, name: str, port: rfc2217.Serial) -> None:
        super().__init__(name, int(port.baudrate))
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._reader = threading.Thread(target=self._pump, name="link-rfc2217", daemon=True)
        self._reader.start()

    def _pump(self) -> None:
        """The reader's thread."""
        seen = ""
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody listens
            while not self._closed:
                try:
                    data = self._port.read(1)
                    data += self._port.read(self._port.in_waiting)
                except (OSError, TypeError) as error:  # TypeError: closed under its hands
                    seen = str(error)
                    break
                if data:
                    self._loop.call_soon_threadsafe(self._inbox.feed, data)
            if not self._closed:
                fault = faults.gone(self._name, seen).fault
                self._loop.call_soon_threadsafe(self._inbox.fail, fault)

    async def write(self, data: bytes) -> None:
        self._sends(len(data))
        await self._call(partial(self._port.write, data))

    async def set_baud(self, baud: int) -> None:
        if not 0 < baud < 1 << 32:
            raise faults.bad_baud(self._name, baud, "it is not a speed")
        if baud == self._baud:
            self._inbox.check()
            return
        why = await self._call(partial(_set_baud, self._port, baud))
        if why:
            raise faults.bad_baud(self._name, baud, why)
        self._baud = baud

    async def set_lines(self, *, dtr: bool, rts: bool) -> None:
        await self._call(partial(_set_lines, self._port, dtr, rts))

    async def send_break(self, seconds: float) -> None:
        await self._call(partial(_set_break, self._port, True))
        try:
            await asyncio.sleep(seconds)
        finally:  # also when the job is cancelled: a line held low answers nobody
            await self._call(partial(_set_break, self._port, False))

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._inbox.fail(faults.closed(self._name).fault)
        with contextlib.suppress(*REFUSALS):  # TimeoutError is one: it ends by itself
            await off_loop(partial(_shut, self._port), CLOSE_PATIENCE)

    async def _call(self, call: Callable[[], T]) -> T:
        """A call that waits for the server; a server that fails it is gone."""
        self._inbox.check()
        try:
            return await off_loop(call, CALL_PATIENCE)
        except TimeoutError:
            raise self._lost("the server does not answer") from None
        except REFUSALS as error:
            raise self._lost(str(error)) from error

    def _lost(self, seen: str) -> FaultError:
        fault = faults.gone(self._name, seen)
        self._inbox.fail(fault.fault)
        return fault


async def open_rfc2217(url: str, baud: int) -> Rfc2217Link:
    """Connect and set 8N1 at `baud`, DTR and RTS off.

    Raises FaultError LINK-URL, LINK-HOST (nobody accepts) or LINK-RFC2217 (no such server).
    """
    host, _ = address_of(url)
    unknown = set(parse_qs(urlsplit(url).query, keep_blank_values=True)) - OPTIONS
    if unknown:
        raise faults.URL(
            what=f"{url} has the option {', '.join(sorted(unknown))}.",
            cause=f"Known are {', '.join(sorted(OPTIONS))}.",
            next="Leave it away.",
        )
    try:
        port = await off_loop(partial(_open, url, baud), OPEN_PATIENCE, undo=_shut)
    except TimeoutError as error:
        raise faults.unreachable(url, host, f"no answer within {OPEN_PATIENCE:.0f} s") from error
    except REFUSALS as error:
        if isinstance(error.__context__, OSError):  # the socket's own
            raise faults.unreachable(url, host, str(error.__context__)) from error
        raise faults.RFC2217(
            what=f"{url} does not speak RFC 2217: {error}.",
            cause="It is a raw TCP server, or another kind of service.",
            next=f"Try {url.replace('rfc2217://', 'socket://', 1).partition('?')[0]}.",
        ) from error
    return Rfc2217Link(url, port)


def _open(url: str, baud: int) -> rfc2217.Serial:
    """Blocking."""
    port = rfc2217.Serial()
    port.port = url
    port.baudrate = baud
    port.timeout = LOOK
    port.dtr = False
    port.rts = False
    try:
        port.open()
    except BaseException:
        _shut(port)
        raise
    return port


def _shut(port: rfc2217.Serial) -> None:
    """Blocking.  pyserial forgets to close the socket when the other side went first."""
    socket = getattr(port, "_socket", None)
    with contextlib.suppress(OSError):
        port.close()
    if socket is not None:
        socket.close()


def _set_baud(port: rfc2217.Serial, baud: int) -> str:
    """Blocking.  Why the server refuses, and the old speed is back."""
    before = port.baudrate
    try:
        port.baudrate = baud
    except (serial.SerialException, ValueError) as error:
        port.baudrate = before
        return str(error)
    return ""


def _set_lines(port: rfc2217.Serial, dtr: bool, rts: bool) -> None:
    port.dtr = dtr
    port.rts = rts


def _set_break(port: rfc2217.Serial, low: bool) -> None:
    port.break_condition = low
