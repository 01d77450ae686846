"""The real serial port: the one module that knows pyserial and pyserial-asyncio.

What the libraries do badly is mended here.  The stock transport reads 1 KiB at a time through
`select`, and at its end waits in `tcdrain` on the loop, for ever on a dead adapter.  Ours reads
what there is, and everything that may block inside a driver runs off the loop with a deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import termios
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import serial
import serial_asyncio
from serial.tools import list_ports, list_ports_common

from core.fault import FaultError
from core.link import faults, tty
from core.link.api import Link
from core.link.leases import Leases
from core.link.offloop import off_loop
from core.link.opening import Describe, open_fault, scheme_fault
from core.link.rfc2217 import open_rfc2217
from core.link.stream import PATIENCE, StreamLink, open_socket
from core.link.tape import Tape, TapedLink

T = TypeVar("T")

OPEN_PATIENCE = 5.0
CALL_PATIENCE = 2.0
CLOSE_PATIENCE = 1.0
CHUNK = 65536
BAUD_SLACK = 0.03
"""A UART reads wrongly from about 3 % speed error on."""
REFUSALS = (OSError, ValueError, OverflowError, termios.error)
"""All that pyserial raises for a port or a setting that it cannot have."""


def scan() -> list[list_ports_common.ListPortInfo]:
    """The serial ports that the kernel lists.  Reads /sys: call it in a thread."""
    return list(list_ports.comports())


async def open_port(
    url: str,
    baud: int = 115200,
    *,
    holder: str,
    tape: Path | None = None,
    leases: Leases | None = None,
    describe_holder: Describe | None = None,
) -> TapedLink:
    """Open a device path, `socket://HOST:PORT` or `rfc2217://HOST:PORT` at 8N1 with DTR and RTS
    off.

    `holder` names the job, for whoever finds the port busy.  With `tape` everything goes to that
    new private file too.  `leases` are this process's; `describe_holder` turns the pid of another
    wattbench into the job that it runs.

    Raises FaultError LINK-NO-PORT, LINK-DENIED, LINK-BUSY, LINK-OPEN, LINK-OPEN-HUNG, LINK-BAUD,
    LINK-URL, LINK-HOST, LINK-RFC2217 or LINK-TAPE.
    """
    lease = leases.take(url, holder) if leases else None
    try:
        link: Link
        if url.startswith("socket://"):
            link = await open_socket(url, baud)
        elif url.startswith("rfc2217://"):
            link = await open_rfc2217(url, baud)
        elif "://" in url:
            raise scheme_fault(url)
        else:
            link = await _open_tty(url, baud, describe_holder)
        try:
            return TapedLink(link, Tape.create(tape) if tape else None, lease)
        except BaseException:
            await link.close()
            raise
    except BaseException:
        if lease:
            lease.release()
        raise


class _Transport(serial_asyncio.SerialTransport):  # type: ignore[misc]
    """pyserial-asyncio's transport with direct reads and writes; it never closes the port."""

    def write(self, data: bytes) -> None:
        if self._closing:
            return
        rest = data if self._write_buffer else self._put(data)
        if rest:
            super().write(rest)

    def _put(self, data: bytes) -> bytes:
        """Hand over what the port takes now; the rest comes back."""
        try:
            return data[os.write(self._serial.fd, data) :]
        except (BlockingIOError, InterruptedError):
            return data
        except OSError as error:
            self._abort(error)
            return b""

    def _write_ready(self) -> None:
        data = b"".join(self._write_buffer)
        self._write_buffer.clear()
        rest = self._put(data)
        if rest:
            self._write_buffer.append(rest)
        else:
            self._remove_writer()
        self._maybe_resume_protocol()

    def _read_ready(self) -> None:
        try:
            data = os.read(self._serial.fd, CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._abort(error)
            return
        if data:
            self._protocol.data_received(data)
        else:  # ready without data: hung up, or a second reader took it
            self._abort(OSError(errno.EIO, "it reports data and has none"))

    def _call_connection_lost(self, exc: Exception | None) -> None:
        self._write_buffer.clear()
        self._protocol.connection_lost(exc)


class _SerialLink(StreamLink):
    """A `Link` on a tty."""

    def __init__(self, name: str, port: serial.Serial) -> None:
        super().__init__(name, port.baudrate)
        self._port = port
        self._closed = False
        self.connection_made(_Transport(asyncio.get_running_loop(), self, port))

    def data_received(self, data: bytes) -> None:
        self._sent()  # else a pty, faster than its nominal speed, would owe line time for ever
        super().data_received(data)

    async def write(self, data: bytes) -> None:
        self._sends(len(data))
        await super().write(data)

    async def flush(self) -> None:
        """The kernel's queue says what has not reached the adapter, the line time what the
        adapter may still hold; neither is waited for inside a call."""
        self._inbox.check()
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(self._owed)
        end = clock() + PATIENCE
        while queued := self._queued():
            if clock() > end:
                self._give_up(queued)
                break
            await asyncio.sleep(max(0.0005, self._line_time(queued)))
        self._inbox.check()

    def _queued(self) -> int:
        self._inbox.check()
        try:
            return tty.queued(self._port.fileno())
        except OSError as error:
            raise self._lost(error) from error

    async def set_baud(self, baud: int) -> None:
        if baud <= 0:
            raise faults.bad_baud(self._name, baud, "it is not a speed")
        why = await self._driver(partial(_set_baud, self._port, baud))
        if why:
            raise faults.bad_baud(self._name, baud, why)
        self._baud = baud

    async def set_lines(self, *, dtr: bool, rts: bool) -> None:
        await self._driver(partial(_set_lines, self._port, dtr, rts))

    async def send_break(self, seconds: float) -> None:
        await self._driver(partial(_set_break, self._port, True))
        try:
            await asyncio.sleep(seconds)
        finally:  # also when the job is cancelled: a line held low answers nobody
            await self._driver(partial(_set_break, self._port, False))

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await super().close()
        with contextlib.suppress(OSError, TimeoutError):
            await off_loop(partial(_shut, self._port), CLOSE_PATIENCE)

    async def _driver(self, call: Callable[[], T]) -> T:
        """Run a call into the driver off the loop; a port that fails it is gone."""
        self._inbox.check()
        try:
            return await off_loop(call, CALL_PATIENCE)
        except TimeoutError:
            raise self._lost(OSError(errno.ETIMEDOUT, "its driver does not answer")) from None
        except OSError as error:
            raise self._lost(error) from error

    def _lost(self, error: OSError) -> FaultError:
        """This call and all later ones fail alike."""
        fault = faults.gone(self._name, error.strerror or str(error))
        self._inbox.fail(fault.fault)
        return fault


async def _open_tty(path: str, baud: int, describe: Describe | None) -> _SerialLink:
    try:
        port = await off_loop(partial(_open, path, baud), OPEN_PATIENCE, undo=_shut)
    except TimeoutError:
        raise faults.HUNG(
            what=f"Opening {path} did not end within {OPEN_PATIENCE:.0f} s.",
            cause="The adapter's driver hangs.",
            next="Pull the adapter out, plug it in again, then repeat the step.",
        ) from None
    except REFUSALS as error:
        raise await asyncio.to_thread(open_fault, path, error, scan, describe) from error
    link = _SerialLink(path, port)
    try:
        await link.set_baud(baud)  # once more, for the check of what the adapter really makes
    except BaseException:  # also a cancel
        await link.close()
        raise
    return link


def _open(path: str, baud: int) -> serial.Serial:
    """Blocking.  DTR and RTS are chosen before the open: asserted they would hold a chip whose
    reset is wired to them (BK7231 sheet 1.6)."""
    port = serial.Serial()
    port.port = path
    port.baudrate = baud
    port.exclusive = True  # flock
    port.dtr = False
    port.rts = False
    # VMIN 1, VTIME 0: an empty read then means hung up, and "nothing yet" is EAGAIN.
    port.inter_byte_timeout = 0.01
    port.timeout = 0
    port.write_timeout = 0
    port.open()
    tty.claim(port.fileno())
    with contextlib.suppress(OSError, ValueError):
        port.set_low_latency_mode(True)  # an FTDI holds short replies back for 16 ms otherwise
    return port


def _shut(port: serial.Serial) -> None:
    """Blocking, once."""
    if port.is_open:
        tty.unclaim(port.fileno())
        with contextlib.suppress(OSError):
            port.close()


def _set_baud(port: serial.Serial, baud: int) -> str:
    """Blocking.  Change the speed in place; says why the port refuses, and the old speed is back.
    Raises OSError when the port takes no speed at all any more."""
    before = port.baudrate
    try:
        port.baudrate = baud
        made = tty.true_baud(port.fileno())
        if abs((made or baud) - baud) <= baud * BAUD_SLACK:
            return ""
        why = f"it makes {made} instead"
    except REFUSALS as error:
        why = str(error)
    try:
        port.baudrate = before
    except REFUSALS as error:
        raise OSError(errno.EIO, f"it takes no settings ({error})") from error
    return why


def _set_lines(port: serial.Serial, dtr: bool, rts: bool) -> None:
    with tty.may_be_missing():
        port.dtr = dtr
        port.rts = rts


def _set_break(port: serial.Serial, low: bool) -> None:
    with tty.may_be_missing():
        port.break_condition = low
