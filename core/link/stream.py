"""A `Link` over any asyncio transport.  As it is, it carries a raw TCP serial server; the tty in
`core.link.serial_port` adds what only a real line has."""

from __future__ import annotations

import asyncio
from typing import cast
from urllib.parse import urlsplit

from core.link import faults
from core.link.buffered import BufferedLink

PATIENCE = 2.0
"""Seconds beyond twice the line time until a port that takes nothing counts as stuck."""
CONNECT = 5.0
"""Seconds a serial server on the network has to accept."""


class StreamLink(BufferedLink, asyncio.Protocol):
    """A `Link`, and the asyncio protocol that its transport feeds."""

    def __init__(self, name: str, baud: int) -> None:
        super().__init__(name, baud)
        self._room: asyncio.Future[None] | None = None
        self._carrier: asyncio.Transport

    # -- what the transport calls ------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._carrier = cast(asyncio.Transport, transport)
        # No high-water mark: a write is done when the operating system has all of it.
        self._carrier.set_write_buffer_limits(0)

    def data_received(self, data: bytes) -> None:
        self._inbox.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        seen = (getattr(exc, "strerror", "") or str(exc)) if exc else "the other end closed it"
        self._inbox.fail(faults.gone(self._name, seen).fault)
        self.resume_writing()

    def pause_writing(self) -> None:
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None

    # -- the link ----------------------------------------------------------------------------

    async def write(self, data: bytes) -> None:
        self._inbox.check()
        self._carrier.write(data)
        if self._room is not None:
            try:
                async with asyncio.timeout(PATIENCE + self._line_time(2 * len(data))):
                    await self._room
            except TimeoutError:
                self._give_up(len(data))
        self._inbox.check()

    async def flush(self) -> None:
        self._inbox.check()  # the server's line is not ours to know

    async def close(self) -> None:
        self._inbox.fail(faults.closed(self._name).fault)
        if not self._carrier.is_closing():
            self._carrier.abort()

    def _give_up(self, count: int) -> None:
        """The port takes nothing: what is half sent can never be mended, so the link ends."""
        self._inbox.fail(
            faults.STUCK(
                what=f"The port {self._name} did not take {count} bytes in time.",
                cause="The adapter hangs, or nobody reads at the other end.",
                next="Pull the adapter out, plug it in again, then repeat the step.",
                state="The last request went out only in part, or not at all.",
            ).fault
        )
        self._carrier.abort()


async def open_socket(url: str, baud: int) -> StreamLink:
    """Connect to `socket://HOST:PORT`; `baud` is only remembered.

    Raises FaultError LINK-URL (no such address) or LINK-HOST (nobody accepts within 5 s).
    """
    host, port = address_of(url)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT):
            _, link = await loop.create_connection(lambda: StreamLink(url, baud), host, port)
    except (OSError, TimeoutError) as error:
        seen = f"no answer within {CONNECT:.0f} s" if isinstance(error, TimeoutError) else error
        raise faults.unreachable(url, host, str(seen)) from error
    return link


def address_of(url: str) -> tuple[str, int]:
    """Host and TCP port of a `scheme://HOST:PORT`.  Raises LINK-URL."""
    scheme = url.partition("://")[0]
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        raise faults.URL(
            what=f"'{url}' names no host and TCP port.",
            cause=f"The form is {scheme}://HOST:PORT.",
            next=f"Give the address as for example {scheme}://192.168.1.20:3333.",
        )
    return host, port
