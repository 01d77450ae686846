"""HTTP as the device speaks it, under httpx's client.

httpx's own transport refuses status -1 and answers without a status line, and it writes header
and body apart, which the device may never see (HTTP sheet 0, points 3 to 5).  Here a request is
one connection and one write, and an answer is read to its end: Content-Length if there is one,
else until the device closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable

import httpx

LARGEST_ANSWER = 4 << 20
LARGEST_HEAD = 16 << 10
SLICE = 16384
NO_STATUS = 0
"""The status code of an answer that has no status line at all (`/api/del/...`)."""
STATUS_LINE = b"HTTP/"
HANG_EVERY, HANG_AT = 1024, 1022
"""A request of 1022 + n * 1024 bytes makes the device wait for more for ever."""
PADDING = b"X-Pad: 0\r\n"

_CHUNK = re.compile(rb"[ \t]{0,8}([0-9A-Fa-f]{1,8})[ \t]{0,8}(?:;[^\r\n]{0,200})?\r\n")

Sent = Callable[[int, int], None]
"""Called with (bytes sent, bytes in all) while a body goes out."""


class Endless(httpx.ReadTimeout):
    """Bytes came again and again, and the end did not."""


class DeviceTransport(httpx.AsyncBaseTransport):
    """One connection a request.  Raises httpx's transport errors, and nothing else.

    Extensions of a request: `timeout` as httpx sets it, with `whole` for how long request and
    answer may take together; `sent` a `Sent` callback.
    """

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        timeout = request.extensions.get("timeout", {})
        reader, writer = await _connect(request, timeout.get("connect"))
        try:
            async with asyncio.timeout(timeout.get("whole")) as whole:
                await _send(writer, request_bytes(request, body), request.extensions.get("sent"))
                raw = await _receive(reader, timeout.get("read"))
        except TimeoutError as error:
            if whole.expired():
                raise Endless("the answer does not end", request=request) from error
            raise httpx.ReadTimeout("no answer in time", request=request) from error
        except OSError as error:
            raise httpx.ReadError(str(error) or type(error).__name__, request=request) from error
        finally:
            if writer.transport.get_write_buffer_size():  # nobody takes it: closing would wait
                writer.transport.abort()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        return response_of(raw, request)


async def _connect(
    request: httpx.Request, timeout: float | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    url = request.url
    try:
        async with asyncio.timeout(timeout):
            return await asyncio.open_connection(url.host, url.port or 80)
    except TimeoutError as error:
        raise httpx.ConnectTimeout("nobody took the connection", request=request) from error
    except OSError as error:
        raise httpx.ConnectError(error.strerror or str(error), request=request) from error
    except (ValueError, OverflowError) as error:  # a name or a port that no resolver takes
        raise httpx.ConnectError(str(error), request=request) from error


def request_bytes(request: httpx.Request, body: bytes) -> bytes:
    """The whole request: few header lines, one of them a pad where the length would hang."""
    target = request.url.raw_path.decode("ascii")
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {request.url.netloc.decode('ascii')}"]
    if "authorization" in request.headers:
        lines.append(f"Authorization: {request.headers['authorization']}")
    if body or request.method == "POST":
        kind = request.headers.get("content-type", "text/plain")
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines.append("Connection: close")
    head = "\r\n".join(lines).encode("ascii") + b"\r\n"
    if (len(head) + 2 + len(body)) % HANG_EVERY == HANG_AT:
        head += PADDING
    return head + b"\r\n" + body


async def _send(writer: asyncio.StreamWriter, data: bytes, sent: Sent | None) -> None:
    """Header and body in one write; only what is longer than a slice goes out in several."""
    for at in range(0, len(data), SLICE):
        writer.write(data[at : at + SLICE])
        await writer.drain()
        if sent is not None:
            sent(min(at + SLICE, len(data)), len(data))


async def _receive(reader: asyncio.StreamReader, timeout: float | None) -> bytes:
    """Everything until the end; `timeout` is how long the line may be silent."""
    raw = bytearray()
    while len(raw) < LARGEST_ANSWER:
        async with asyncio.timeout(timeout):
            more = await reader.read(65536)
        if not more:
            break
        raw += more
        if _complete(raw):
            break
    return bytes(raw)


def _complete(raw: bytearray) -> bool:
    """True when a Content-Length says that all has come; the device itself sends none."""
    head, body = _split(bytes(raw[:8192]))
    if head is None or not head.startswith(b"HTTP/"):
        return False
    length = _length(_headers(head))
    return length is not None and len(raw) - (min(len(raw), 8192) - len(body)) >= length


def _split(raw: bytes) -> tuple[bytes | None, bytes]:
    """(header block, body); the device ends lines with LF or CR LF as it likes."""
    ends = [(at, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0]
    if not ends:
        return None, raw
    at, length = min(ends)
    return raw[:at], raw[at + length :]


def _headers(head: bytes) -> httpx.Headers:
    pairs = []
    for line in head.decode("latin-1").replace("\r", "").split("\n")[1:]:
        name, colon, value = line.partition(":")
        if colon and name.strip():
            pairs.append((name.strip().encode("latin-1"), value.strip().encode("latin-1")))
    return httpx.Headers(pairs)


def _length(headers: httpx.Headers) -> int | None:
    """What Content-Length says; more than any answer has where it has too many digits."""
    text = headers.get("content-length", "")
    if not (text.isascii() and text.isdecimal()):
        return None
    return int(text) if len(text) < 12 else LARGEST_ANSWER + 1


def response_of(raw: bytes, request: httpx.Request) -> httpx.Response:
    """The answer in `raw`, whatever its status; without a status line it is all body.

    Raises httpx.RemoteProtocolError for no byte at all, a header without an end or of more than
    16 KB, and a body that is shorter than its Content-Length.
    """
    if not raw:
        raise httpx.RemoteProtocolError("closed without a byte", request=request)
    if not raw.startswith(STATUS_LINE):
        if STATUS_LINE.startswith(raw):
            raise httpx.RemoteProtocolError("the answer ends in its first word", request=request)
        return httpx.Response(NO_STATUS, content=raw, request=request)
    head, body = _split(raw)
    if head is None or len(head) > LARGEST_HEAD:
        raise httpx.RemoteProtocolError("the answer ends inside its header", request=request)
    headers = _headers(head)
    length = _length(headers)
    if length is not None and len(body) < length:
        raise httpx.RemoteProtocolError("the answer is shorter than it says", request=request)
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _dechunked(body)
    for name in ("content-encoding", "transfer-encoding"):  # the bytes are given as they came
        headers.pop(name, None)
    return httpx.Response(_status(head), headers=headers, content=body, request=request)


def _status(head: bytes) -> int:
    words = head.split(b"\n", 1)[0].split(None, 2)
    found = re.fullmatch(rb"-?\d{1,3}", words[1]) if len(words) > 1 else None
    return int(found.group()) if found else NO_STATUS


def _dechunked(body: bytes) -> bytes:
    """The chunks put together; other servers than the device send them."""
    found, at = bytearray(), 0
    while head := _CHUNK.match(body, at):
        count = int(head.group(1), 16)
        if count == 0:
            break
        found += body[head.end() : head.end() + count]
        at = head.end() + count + 2
    return bytes(found)
