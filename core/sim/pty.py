"""A simulated device behind a pseudo terminal: any program that opens serial ports can use it.

The kernel's half that we keep (the master) is never blocked on: what the client does not take yet
waits here.  A pseudo terminal has no modem lines; setting them fails with ENOTTY at the client.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import select
import struct
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from core.fault import FaultError
from core.sim import faults

# Speeds as plain numbers, also those without a B constant (Linux asm-generic ioctls.h).
TCGETS2 = 0x802C542A
TERMIOS2 = struct.Struct("4IB19B2I")
CHUNK = 65536
# How often a port without a client is looked at; a closed terminal cannot be waited for.
LOOK = 0.02
# What a client may leave unread before the rest is lost, as in the buffer of an adapter.
UNREAD = 1 << 20


class Device(Protocol):
    """What can be put behind a port."""

    def attach(self, send: Callable[[bytes], None]) -> None:
        """`send` takes every byte that reaches the host."""

    def received(self, data: bytes, baud: int) -> None:
        """Bytes from the host, sent at `baud`."""


class PtyPort:
    """Runs one device on one pseudo terminal until `unplug`.  Needs a running loop.

    `path` is what a client opens; `symlink`, if given, is made to point there and removed again.
    Clients may come and go.  Raises FaultError SIM-PTY.
    """

    def __init__(self, device: Device, symlink: Path | None = None) -> None:
        self._device = device
        self._symlink = symlink
        self._loop = asyncio.get_running_loop()
        self._pending = bytearray()
        self._client = False
        self._look: asyncio.TimerHandle | None = None
        try:
            self._master, self._slave = os.openpty()
        except OSError as error:
            raise _no_port(f"No pseudo terminal: {error.strerror}.") from error
        try:
            self.path = os.ttyname(self._slave)
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            if symlink is not None:
                _point(symlink, self.path)
        except OSError as error:
            os.close(self._master)
            self._let_go()
            raise _no_port(f"{error.filename or 'The port'}: {error.strerror}.") from error
        device.attach(self._send)
        self._wait_for_client()

    @property
    def host_baud(self) -> int:
        """The speed that the client has set, 0 when it cannot be told."""
        if self._master < 0:
            return 0
        try:
            raw = fcntl.ioctl(self._master, TCGETS2, bytes(TERMIOS2.size))
        except OSError:
            return 0
        return int(TERMIOS2.unpack(raw)[-1])

    def unplug(self) -> None:
        """Close the port as if the adapter were pulled; the client sees it vanish."""
        if self._master < 0:
            return
        self._stop_listening()
        self._let_go()
        if self._look is not None:
            self._look.cancel()
        os.close(self._master)
        self._master = -1
        if self._symlink is not None and self._symlink.is_symlink():
            with contextlib.suppress(OSError):
                self._symlink.unlink()

    # -- the client comes and goes ---------------------------------------------------------

    def _let_go(self) -> None:
        """Close the client's half that we hold open so that the first client is heard at once.

        Later it would hide that a client has left, and keep that one's exclusive mark alive.
        """
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1

    def _wait_for_client(self) -> None:
        self._look = None
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        seen = dict(poll.poll(0)).get(self._master, 0)
        if seen & select.POLLHUP:
            if seen & select.POLLIN:  # said by a client that has already left
                self._hear()
            self._look = self._loop.call_later(LOOK, self._wait_for_client)
            return
        self._client = True
        self._loop.add_reader(self._master, self._readable)

    def _client_left(self) -> None:
        self._stop_listening()
        self._wait_for_client()

    def _stop_listening(self) -> None:
        self._client = False
        self._pending.clear()
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)

    # -- bytes -----------------------------------------------------------------------------

    def _readable(self) -> None:
        if not self._hear():
            self._client_left()

    def _hear(self) -> bool:
        """Pass on what the client has sent; False when it has left."""
        try:
            data = os.read(self._master, CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._let_go()
        self._device.received(data, self.host_baud)
        return True

    def _send(self, data: bytes) -> None:
        """Bytes for the client; without one they are lost, as on a wire."""
        if not self._client:
            return
        if self._pending:
            self._pending += data[: max(0, UNREAD - len(self._pending))]
            return
        sent = self._write(data)
        if self._client and sent < len(data):
            self._pending += data[sent:]
            self._loop.add_writer(self._master, self._writable)

    def _writable(self) -> None:
        del self._pending[: self._write(self._pending)]
        if self._client and not self._pending:
            self._loop.remove_writer(self._master)

    def _write(self, data: bytes | bytearray) -> int:
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            self._client_left()
            return 0


def _point(symlink: Path, path: str) -> None:
    """Make the link, over an old one but never over a file."""
    if symlink.is_symlink():
        symlink.unlink()
    symlink.symlink_to(path)


def _no_port(what: str) -> FaultError:
    return faults.PTY(
        what=what,
        cause="The kernel or the file system refused it.",
        next="Check /dev/pts and the folder of the link, then start the simulation again.",
    )
