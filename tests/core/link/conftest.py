"""Both ends of a real pty, for everything in this folder."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import select
import termios
import tty
from collections.abc import Callable, Iterator

import pytest


class Pty:
    """A pty whose far side (`master`) the test drives by hand."""

    def __init__(self) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(slave)
        # Kept open, as a simulator keeps it, so that the far side survives its clients.
        self._slave = slave

    def send(self, data: bytes) -> None:
        assert os.write(self.master, data) == len(data)

    async def heard(self, count: int, patience: float = 5.0) -> bytes:
        """`count` bytes from our side, read as they come."""
        got = b""
        async with asyncio.timeout(patience):
            while len(got) < count:
                await self._readable()
                with contextlib.suppress(BlockingIOError):
                    got += os.read(self.master, count - len(got))
        return got

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        loop.add_reader(self.master, lambda: ready.done() or ready.set_result(None))
        try:
            await ready
        finally:
            loop.remove_reader(self.master)

    @property
    def speed(self) -> int:
        """The speed that the near side has set, as the kernel's constant."""
        return termios.tcgetattr(self.master)[5]

    @property
    def silent(self) -> bool:
        return not select.select([self.master], [], [], 0)[0]

    def unplug(self) -> None:
        for fd in (self.master, self._slave):
            with contextlib.suppress(OSError):
                os.close(fd)

    def lock(self) -> int:
        """Open and lock the near side as another program would; returns its descriptor."""
        fd = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return fd


@pytest.fixture
def pty() -> Iterator[Pty]:
    made = Pty()
    yield made
    made.unplug()


@pytest.fixture
def eventually() -> Callable[..., object]:
    """Bounded polling for what another process or the kernel does."""

    async def wait(condition: Callable[[], object], patience: float = 5.0) -> object:
        async with asyncio.timeout(patience):
            while not (found := condition()):  # noqa: ASYNC110 - nothing tells us
                await asyncio.sleep(0.005)
        return found

    return wait
