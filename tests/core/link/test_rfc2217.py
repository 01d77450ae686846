"""rfc2217 ports against the server side of pyserial, which was written by others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import serial
from serial import rfc2217

from core.fault import FaultError
from core.link import serial_port
from core.link.leases import Leases
from core.link.tape import TapedLink

# pyserial 3.5 calls Thread.setDaemon and setName, which Python wants to drop.
pytestmark = pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\):DeprecationWarning")


class Adapter(serial.serial_for_url("loop://", do_not_open=True).__class__):  # type: ignore[misc]
    """What the server has: TX joined to RX, and no speed above 921600."""

    breaks = 0

    def _reconfigure_port(self) -> None:
        if self.baudrate > 921600:
            raise ValueError("no such speed")
        super()._reconfigure_port()

    def _update_break_state(self) -> None:
        self.breaks += self._break_state


class Server:
    """Serves one client after the other on loopback."""

    def __init__(self, speaks: bool = True, adapter: serial.SerialBase | None = None) -> None:
        self.adapter = adapter or Adapter("loop://", timeout=0.05)
        self.speaks = speaks
        self.clients: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"rfc2217://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.clients.append(client)
                thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        lock = self._lock = threading.Lock()
        self._client = client
        manager = rfc2217.PortManager(self.adapter, self)
        back = threading.Thread(target=self._pump, args=(client, manager, lock), daemon=True)
        back.start()
        with contextlib.suppress(OSError):
            while data := client.recv(1024):
                if self.speaks:
                    self.adapter.write(b"".join(manager.filter(data)))
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        back.join(5)
        client.close()

    def _pump(
        self, client: socket.socket, manager: rfc2217.PortManager, lock: threading.Lock
    ) -> None:
        with contextlib.suppress(OSError):
            while client.fileno() >= 0 and client.getpeername():
                if data := self.adapter.read(self.adapter.in_waiting or 1):
                    with lock:
                        client.sendall(b"".join(manager.escape(data)))

    def write(self, data: bytes) -> None:
        """What the port manager answers by itself."""
        with self._lock:
            self._client.sendall(data)

    def hang_up(self) -> None:
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.hang_up()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        end = time.monotonic() + 5
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self.adapter.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


async def opened(server: Server, baud: int = 115200, **options: object) -> TapedLink:
    return await serial_port.open_port(server.url, baud, holder="Test", **options)  # type: ignore[arg-type]


async def test_every_byte_value_passes_unchanged(server: Server) -> None:
    link = await opened(server)
    every = bytes(range(256)) * 4  # FF is the escape of telnet
    await link.write(every)
    await link.flush()
    assert await link.read_exactly(1024, 5) == every
    assert (link.name, link.baud) == (server.url, 115200)
    await link.close()


async def test_speed_lines_and_break_reach_the_adapter(
    server: Server, eventually: Callable[..., object]
) -> None:
    link = await opened(server, 57600)
    assert server.adapter.baudrate == 57600
    assert (server.adapter.dtr, server.adapter.rts) == (False, False)
    await link.set_baud(460800)
    assert (link.baud, server.adapter.baudrate) == (460800, 460800)
    await link.set_lines(dtr=True, rts=False)
    assert (server.adapter.dtr, server.adapter.rts) == (True, False)
    await link.send_break(0.01)
    assert server.adapter.breaks == 1
    await link.close()


async def test_a_speed_that_the_server_refuses_leaves_the_old_one(server: Server) -> None:
    link = await opened(server)
    with pytest.raises(FaultError, match="LINK-BAUD"):
        await link.set_baud(2_000_000)
    with pytest.raises(FaultError, match="LINK-BAUD"):
        await link.set_baud(0)
    assert link.baud == server.adapter.baudrate == 115200
    await link.write(b"still here")
    assert await link.read_exactly(10, 5) == b"still here"
    await link.close()


async def test_a_server_that_goes_away_is_a_fault_now_and_later(server: Server) -> None:
    link = await opened(server)
    asyncio.get_running_loop().call_later(0.05, server.hang_up)
    with pytest.raises(FaultError, match="LINK-GONE"):
        await link.read(1, 5)
    for call in (link.write(b"x"), link.read(1, 0), link.set_baud(9600), link.flush()):
        with pytest.raises(FaultError, match="LINK-GONE"):
            await call
    await link.close()
    await link.close()


async def test_deadlines_hold(server: Server) -> None:
    link = await opened(server)
    began = asyncio.get_running_loop().time()
    assert await link.read(1, 0.1) == b""
    assert await link.quiet(0.05, 1) == b""
    assert asyncio.get_running_loop().time() - began < 2
    await link.close()
    with pytest.raises(FaultError, match="LINK-GONE"):
        await link.read(1, 0)


async def test_the_port_is_leased_and_taped_like_any_other(server: Server, tmp_path) -> None:  # type: ignore[no-untyped-def]
    leases, tape = Leases(), tmp_path / "tape"
    link = await opened(server, leases=leases, tape=tape)
    assert leases.holder(server.url) == "Test"
    await link.write(b"\x01\xe0")
    await link.close()
    assert leases.holder(server.url) is None
    assert '"hex": "01e0"' in tape.read_text()


async def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(FaultError, match="LINK-HOST") as error:
        await serial_port.open_port(f"rfc2217://127.0.0.1:{port}", holder="Test")
    assert "refused" in error.value.fault.what


async def test_a_raw_server_is_named_with_the_address_to_try() -> None:
    raw = Server(speaks=False)
    try:
        with pytest.raises(FaultError, match="LINK-RFC2217") as error:
            await serial_port.open_port(f"{raw.url}?timeout=0.3", holder="Test")
        assert f"socket://127.0.0.1:{raw.port}." in error.value.fault.next
    finally:
        raw.close()


@pytest.mark.parametrize(
    "url", ["rfc2217://", "rfc2217://host", "rfc2217://host:x", "rfc2217://host:1?logging=debug"]
)
async def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(FaultError, match="LINK-URL"):
        await serial_port.open_port(url, holder="Test")
