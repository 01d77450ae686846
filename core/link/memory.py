"""A serial line in memory: a device client on one end, a simulated device on the other.

No file descriptor, no thread: with a loop whose clock jumps, minutes of line time take
milliseconds.  The host's bytes reach the peer at once together with the host's speed; how long
they take on the wire is the peer's business, in both directions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from core.fault import FaultError
from core.link import faults
from core.link.buffered import BufferedLink


class Peer(Protocol):
    """A device at the far end."""

    def attach(self, send: Callable[[bytes], None]) -> None:
        """Called once; the device calls `send` at the moment its bytes reach the host."""

    def received(self, data: bytes, baud: int) -> None:
        """The host handed `data` to its port, set to `baud` bits a second."""


class MemoryLink(BufferedLink):
    """A `Link` to `peer`.  Must be made and used inside a running loop."""

    def __init__(self, peer: Peer, name: str = "memory", baud: int = 115200) -> None:
        super().__init__(name, baud)
        self._open = True
        self._peer = peer
        peer.attach(self._arrived)

    def _arrived(self, data: bytes) -> None:
        if self._open:
            self._sent()
            self._inbox.feed(data)

    async def write(self, data: bytes) -> None:
        self._inbox.check()
        self._sends(len(data))
        self._peer.received(bytes(data), self._baud)
        self._inbox.check()  # a peer may vanish on exactly these bytes

    async def close(self) -> None:
        self._stop(faults.closed(self._name))

    def unplug(self) -> None:
        """Pull the adapter out: the call that waits now and every later one raise LINK-GONE."""
        self._stop(faults.gone(self._name, "it was unplugged"))

    def _stop(self, why: FaultError) -> None:
        self._open = False
        self._inbox.fail(why.fault)
