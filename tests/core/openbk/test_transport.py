"""One connection and one write a request; every answer of the real firmware is readable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.openbk.transport import DeviceTransport, request_bytes, response_of
from tests.core.openbk.bench import SAMPLES, needs_samples, sample
from tests.virtual_clock import run, virtual

GET = httpx.Request("GET", "http://plug/api/info")
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[str]:
    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    listening = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


def says(*pieces: bytes) -> Serve:
    """Reads once, then sends these pieces and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)

    return serve


async def ask(url: str, **more: object) -> httpx.Response:
    async with httpx.AsyncClient(transport=DeviceTransport(), trust_env=False) as client:
        return await client.get(url, **more)  # type: ignore[arg-type]


@needs_samples
def test_every_recorded_answer_is_read_with_its_status_and_body() -> None:
    files = sorted(SAMPLES.glob("*.http"))
    assert len(files) > 300
    for file in files:
        raw = file.read_bytes()
        if not raw.strip():
            continue
        found = response_of(raw, GET)
        if raw.startswith(b"HTTP/"):
            assert found.status_code == int(raw.split()[1]), file.name
            assert raw.endswith(found.content)
        else:
            assert (found.status_code, found.content) == (0, raw), file.name


@needs_samples
@pytest.mark.parametrize("name", ["013_", "258_", "010_", "020_", "272_"])
def test_httpx_client_takes_the_odd_ones_from_a_socket(name: str) -> None:
    raw = sample(name)

    async def main() -> int:
        async with server(says(raw[:20], raw[20:])) as url:
            return (await ask(url)).status_code

    status = raw.split()[1] if raw.startswith(b"HTTP/") else b"0"
    assert run(main()) == int(status)


@virtual
async def test_header_and_body_come_in_one_write() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(65536))  # one recv, as the device does it
        writer.write(b"HTTP/1.1 200 OK\nContent-type: text/plain\r\n\r\nok")

    async with server(serve) as url, httpx.AsyncClient(transport=DeviceTransport()) as client:
        answer = await client.post(url, content=b"x" * 900)
    assert answer.content == b"ok"
    assert seen[0].endswith(b"\r\n\r\n" + b"x" * 900)
    assert seen[0].count(b"\r\n") <= 16


@given(st.integers(0, 5000), st.sampled_from(["GET", "POST"]), st.integers(1, 1500))
@settings(max_examples=200, deadline=None)
def test_no_request_has_a_length_that_hangs_the_device(size: int, method: str, path: int) -> None:
    body = b"b" * size if method == "POST" else b""
    request = httpx.Request(method, f"http://plug/{'p' * path}", content=body)
    data = request_bytes(request, body)
    assert len(data) % 1024 != 1022
    assert data.endswith(b"\r\n\r\n" + body)


def test_lengths_that_would_hang_are_padded_by_a_header() -> None:
    hits = 0
    for path in range(1, 1100):
        request = httpx.Request("GET", f"http://plug/{'p' * path}")
        data = request_bytes(request, b"")
        hits += b"X-Pad" in data
        assert len(data) % 1024 != 1022
    assert 1 <= hits <= 2


@virtual
async def test_an_answer_that_says_its_length_ends_there_though_the_line_stays_open() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        await asyncio.sleep(100)

    loop = asyncio.get_running_loop()
    began = loop.time()
    async with server(serve) as url:
        assert (await ask(url)).content == b"ok"
    assert loop.time() - began < 1


@virtual
async def test_chunks_of_another_server_are_put_together() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n"
    async with server(says(raw)) as url:
        assert (await ask(url)).content == b"abcde"


@virtual
async def test_too_short_for_its_length_nothing_at_all_and_half_a_header_are_errors() -> None:
    for raw in (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", b"", b"HTTP/1.1 200 OK\r\nCon"):
        async with server(says(raw)) as url:
            with pytest.raises(httpx.RemoteProtocolError):
                await ask(url)


@virtual
async def test_silence_is_a_timeout() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(100)

    async with server(serve) as url:
        with pytest.raises(httpx.ReadTimeout):
            await ask(url, timeout=5.0)


@virtual
async def test_a_body_larger_than_any_answer_ends_the_reading() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"HTTP/1.1 200 OK\n\n")
        for _ in range(200):
            writer.write(b"x" * 65536)
            await writer.drain()

    async with server(serve) as url:
        assert len((await ask(url)).content) < 5 << 20


def test_nobody_there_is_a_connect_error() -> None:
    async def main() -> None:
        async with server(says(b"")) as url:
            pass
        await ask(url)

    with pytest.raises(httpx.ConnectError):
        run(main())


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_answer_or_a_protocol_error(raw: bytes) -> None:
    for data in (
        raw,
        b"HTTP/1.1 " + raw,
        b"HTTP/1.1 " + raw + b"\n\n",
        b"HTTP/1.1 200 OK\r\n" + raw + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + raw,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + raw,
    ):
        try:
            found = response_of(data, GET)
        except httpx.RemoteProtocolError:
            continue
        assert isinstance(found.content, bytes)


@virtual
async def test_a_length_of_thousands_of_digits_is_a_protocol_error() -> None:
    raw = b"HTTP/1.1 200 OK\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nok"
    async with server(says(raw)) as url:
        with pytest.raises(httpx.RemoteProtocolError):
            await ask(url)


@pytest.mark.parametrize("word", [b"9" * 5000, b"abc", b"", b"1_0", b"\xd9\xa3"])
def test_what_is_no_status_is_none(word: bytes) -> None:
    assert response_of(b"HTTP/1.1 " + word + b" OK\n\nbody", GET).status_code == 0


@pytest.mark.parametrize("raw", [b"H", b"HT", b"HTT", b"HTTP", b"HTTP/", b"HTTP/1.1 200 OK\n"])
def test_a_status_line_that_was_cut_is_no_answer(raw: bytes) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        response_of(raw, GET)


def test_a_header_without_bounds_is_a_protocol_error() -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        response_of(b"HTTP/1.1 200 OK\n" + b"a: b\n" * 9999 + b"\n", GET)


def test_very_many_chunks_are_put_together_in_one_go() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 600_000
    assert response_of(raw, GET).content == b"a" * 600_000


def drips(first: bytes, piece: bytes = b"x", every: float = 3.0) -> Serve:
    """Sends a piece every few seconds, for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(first)
        while not writer.is_closing():
            writer.write(piece)
            await asyncio.sleep(every)
            await writer.drain()

    return serve


@virtual
async def test_an_answer_that_never_ends_is_given_up_though_the_line_is_never_silent() -> None:
    loop = asyncio.get_running_loop()
    request = httpx.Request("GET", "http://plug/")
    async with server(drips(b"HTTP/1.1 200 OK\r\n\r\n")) as url:
        request = httpx.Request("GET", url, extensions={"timeout": {"read": 8.0, "whole": 32.0}})
        began = loop.time()
        with pytest.raises(httpx.ReadTimeout, match="does not end"):
            await DeviceTransport().handle_async_request(request)
        assert loop.time() - began == pytest.approx(32.0, abs=0.5)


@virtual
async def test_a_body_that_nobody_takes_is_given_up_and_the_connection_with_it() -> None:
    taken = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await taken.wait()

    loop = asyncio.get_running_loop()
    async with server(serve) as url:
        more = {"timeout": {"read": 8.0, "whole": 60.0}}
        request = httpx.Request("POST", url, content=b"x" * (16 << 20), extensions=more)
        began = loop.time()
        with pytest.raises(httpx.ReadTimeout):
            await DeviceTransport().handle_async_request(request)
        assert loop.time() - began < 61
        taken.set()
