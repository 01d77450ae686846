"""A simulated device behind a pseudo terminal: any program that opens serial ports can use it.

The kernel's half that we keep (the master) is never blocked on: what the client does not take yet
waits here.  A pseudo terminal has no modem lines; setting them fails with ENOTTY at the client.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import struct
import termios
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
    Clients may come and go: the client's half is held open here too, so nothing ends when one
    leaves, and what it left unread waits for the next, as in the buffer of an adapter.
    Raises FaultError SIM-PTY.
    """

    def __init__(self, device: Device, symlink: Path | None = None) -> None:
        self._device = device
        self._symlink = symlink
        self._loop = asyncio.get_running_loop()
        self._pending = bytearray()
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
            self._close()
            raise _no_port(f"{error.filename or 'The port'}: {error.strerror}.") from error
        self._loop.add_reader(self._master, self._readable)
        device.attach(self._send)

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
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        self._close()
        if self._symlink is not None and self._symlink.is_symlink():
            with contextlib.suppress(OSError):
                self._symlink.unlink()

    def _close(self) -> None:
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    # -- bytes -----------------------------------------------------------------------------

    def _readable(self) -> None:
        try:
            data = os.read(self._master, CHUNK)
        except BlockingIOError:
            return
        # A pseudo terminal keeps a client's exclusive mark after the client is gone, and would
        # then refuse every later one.
        fcntl.ioctl(self._slave, termios.TIOCNXCL)
        self._device.received(data, self.host_baud)

    def _send(self, data: bytes) -> None:
        """Bytes for the client, in order; beyond `UNREAD` they are lost."""
        if self._master < 0:
            return
        sent = 0 if self._pending else self._write(data)
        if sent == len(data):
            return
        if not self._pending:
            self._loop.add_writer(self._master, self._writable)
        self._pending += data[sent : sent + max(0, UNREAD - len(self._pending))]

    def _writable(self) -> None:
        del self._pending[: self._write(self._pending)]
        if not self._pending:
            self._loop.remove_writer(self._master)

    def _write(self, data: bytes | bytearray) -> int:
        try:
            return os.write(self._master, data)
        except BlockingIOError:
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
