"""The standard streams when their other end is gone, or was never there."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TextIO


def fill_streams() -> None:
    """A standard stream that is closed gets the null device: no file of ours may take its place
    and be written to as output."""
    for stream in (0, 1, 2):
        try:
            os.fstat(stream)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def drop_terminal() -> None:
    """Point the standard streams that were a terminal at the null device: a dead terminal must
    not raise again.  Files and pipes stay; a log wants its end."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        with contextlib.suppress(OSError):
            if stat.S_ISCHR(os.fstat(stream).st_mode):
                os.dup2(null, stream)
    os.close(null)


def drop_output(stream: TextIO, error: OSError) -> str:
    """This stream takes no more: write on into the null device.

    Returns nothing where its reader went away, who has read enough, else what is to be said: the
    output is not whole, such as on a full disk.
    """
    told = "" if _reader_gone(stream, error) else f"The output is not whole: {error.strerror}."
    with contextlib.suppress(OSError, ValueError):  # a stream without a descriptor
        handle = stream.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, handle)
        os.close(null)
    return told


def _reader_gone(stream: TextIO, error: OSError) -> bool:
    if error.errno in (errno.EPIPE, errno.ECONNRESET):
        return True
    try:
        return error.errno == errno.EIO and os.isatty(stream.fileno())  # its terminal hung up
    except (OSError, ValueError):
        return False
