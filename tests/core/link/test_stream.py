"""A serial server on the network: socket://HOST:PORT."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from core.fault import FaultError
from core.link import stream
from core.link.serial_port import open_port


@dataclass
class Server:
    """Echoes; `!` makes it hang up."""

    port: int = 0
    clients: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.clients.append(writer)
        while (data := await reader.read(100)) and data != b"!":
            writer.write(data)
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()
    for client in made.clients:
        client.close()
        await asyncio.wait_for(client.wait_closed(), 5)


async def test_bytes_go_both_ways_and_the_speed_is_only_remembered(server: Server) -> None:
    link = await open_port(f"socket://127.0.0.1:{server.port}", 921600, holder="Test")
    await link.write(b"\x01\xe0\xfc")
    assert await link.read_exactly(3, 5) == b"\x01\xe0\xfc"
    assert link.baud == 921600
    await link.set_baud(115200)
    assert link.baud == 115200
    with pytest.raises(FaultError, match="LINK-BAUD"):
        await link.set_baud(0)
    await link.set_lines(dtr=True, rts=False)
    await link.send_break(1)
    await link.flush()
    await link.close()
    await link.close()
    with pytest.raises(FaultError, match="is closed"):
        await link.write(b"x")


async def test_a_server_that_hangs_up_is_gone(server: Server) -> None:
    link = await open_port(f"socket://127.0.0.1:{server.port}", holder="Test")
    await link.write(b"!")
    with pytest.raises(FaultError) as error:
        await link.read(1, 30)
    assert error.value.fault.code == "LINK-GONE"
    with pytest.raises(FaultError, match="LINK-GONE"):
        await link.write(b"x")
    await link.close()


async def test_a_server_that_reads_nothing_gets_the_link_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"socket://127.0.0.1:{deaf.getsockname()[1]}"
        link = await open_port(url, 1_000_000_000, holder="Test")
        with pytest.raises(FaultError) as error:
            await link.write(bytes(20_000_000))
        assert error.value.fault.code == "LINK-STUCK"
        await link.close()


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(FaultError) as error:
        await open_port(f"socket://127.0.0.1:{port}", holder="Test")
    assert error.value.fault.code == "LINK-HOST"


@pytest.mark.parametrize("address", ["", "host", "host:", ":80", "host:x", "host:99999", "[::1"])
async def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(FaultError) as error:
        await open_port(f"socket://{address}", holder="Test")
    assert error.value.fault.code == "LINK-URL"
