"""What Linux knows about an open serial line beyond pyserial.  None of these calls waits."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import struct
import termios
from collections.abc import Iterator

NOT_THERE = {errno.ENOTTY, errno.EINVAL}
"""What a port without modem lines or break says, a pty for one (BK7231 sheet 1.6)."""
TCGETS2 = 0x802C542A
"""The settings with true speeds: eleven words, the last is the output speed."""


def claim(fd: int) -> None:
    """No further open of this device, but by root (TIOCEXCL)."""
    with contextlib.suppress(OSError):
        fcntl.ioctl(fd, termios.TIOCEXCL)


def unclaim(fd: int) -> None:
    """Take `claim` back: the mark stays while any process has the device open, and the far side
    of a pty may keep it open for the next client."""
    with contextlib.suppress(OSError):
        fcntl.ioctl(fd, termios.TIOCNXCL)


def true_baud(fd: int) -> int:
    """The speed that the driver says it makes; 0 where the kernel does not tell."""
    try:
        return int(struct.unpack("11I", fcntl.ioctl(fd, TCGETS2, bytes(44)))[10])
    except OSError:
        return 0


def queued(fd: int) -> int:
    """Bytes that the kernel has not handed to the adapter yet.  Raises OSError when it is gone."""
    return int(struct.unpack("I", fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)))[0])


@contextlib.contextmanager
def may_be_missing() -> Iterator[None]:
    """Around calls for modem lines: a port that has none is no fault."""
    try:
        yield
    except OSError as error:
        if error.errno not in NOT_THERE:
            raise
