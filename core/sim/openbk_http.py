"""The web server of a simulated OpenBeken, with the habits of the real one (HTTP sheet 3).

It reads until one short piece comes and takes that as the whole request, ends its first line with
a bare LF, says neither length nor chunk, serves one request at a time, and closes.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
from urllib.parse import unquote_plus

from core.sim import openbk_forms as forms
from core.sim import openbk_pages as html
from core.sim.openbk_commands import Commands
from core.sim.openbk_device import OpenBeken
from core.sim.openbk_options import OpenBkOptions, Trouble
from core.sim.openbk_pages import Page
from core.sim.openbk_rest import BYTES, HTML, JSON, TEXT, UPLOADS, Answer, Rest, answer
from core.sim.openbk_status import reply_to

FIRST, MORE = 1022, 1024
HEADERS_KEPT = 16
TWICE = 123
"""A /cm command that is longer runs two times."""
VALUE = 127
METHODS = ("GET", "PUT", "POST", "OPTIONS")
COMMON = (
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Allow-Headers: Origin, X-Requested-With, Content-Type, Accept\r\n"
    "Connection: close\r\n\r\n"
)
PAGES: dict[str, Page] = {
    "/index": html.index, "/about": html.about, "/cfg": forms.cfg, "/cfg_pins": forms.cfg_pins,
    "/cfg_wifi": forms.cfg_wifi, "/cfg_wifi_set": forms.cfg_wifi_set,
    "/cfg_mqtt": forms.cfg_mqtt, "/cfg_mqtt_set": forms.cfg_mqtt_set,
    "/cfg_name": forms.cfg_name, "/cfg_generic": forms.cfg_generic,
    "/cfg_startup": forms.cfg_startup, "/startup_command": forms.startup_command,
    "/cfg_ip": forms.cfg_ip, "/cfg_ping": forms.cfg_ping, "/cfg_webapp": forms.cfg_webapp,
    "/cfg_webapp_set": forms.cfg_webapp_set, "/cfg_mac": html.cfg_mac, "/ha_cfg": html.ha_cfg,
    "/cfg_loglevel_set": html.cfg_loglevel_set, "/ota": html.ota, "/ota_exec": html.ota_exec,
    "/cmd_tool": html.cmd_tool, "/logs": html.logs, "/app": html.app,
}  # fmt: skip

TURNS_TO_END = 4
"""Turns of the loop until a connection that was taken has its task, and one that was closed is
gone."""

LOCKED = (
    b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n"
    b'WWW-Authenticate: Basic realm="OpenBeken HTTP Server"\r\n\r\n'
)


class Site:
    """What one device answers to a request, without any network."""

    def __init__(self, device: OpenBeken) -> None:
        self.device = device
        self.commands = Commands(device)
        self.rest = Rest(device, self.commands)
        self.last = ""

    def handle(self, method: str, target: str, headers: list[str], body: bytes) -> bytes:
        """The bytes that go out; empty closes without a word."""
        if method not in METHODS:
            return b""
        if method == "OPTIONS":  # answered without a password, with what lies in the buffer
            return reply(answer(200, HTML, f"ose\r\n\r\n{self.last}"))
        if not self._allowed(headers):
            return LOCKED
        if target == "/":
            return b"HTTP/1.1 302 OK\nLocation: /index\nConnection: close\n\n"
        if target == "/testmsg":
            return b"This is just a test msg\n\n"
        self.device.tick()
        found = self._route(method, target, body)
        self.last = found.body[:300].decode("utf-8", "replace")
        return reply(found)

    def _allowed(self, headers: list[str]) -> bool:
        password = self.device.config.get("wifi.web_password")
        if not password:
            return True
        for line in headers[:HEADERS_KEPT]:
            name, _, value = line.partition(":")
            if name.lower() == "authorization" and value.strip().startswith("Basic "):
                with contextlib.suppress(ValueError):
                    given = base64.b64decode(value.strip()[6:]).decode("utf-8", "replace")
                    user, _, word = given.partition(":")
                    return user.lower() == "admin" and word == password
        return False

    def _route(self, method: str, target: str, body: bytes) -> Answer:
        device = self.device
        path, _, query_text = target.partition("?")
        if path.startswith("/api/") and method != "PUT" and not device.safe_mode:
            return self.rest.handle(method, target[5:], body)
        if path == "/cm":
            text = body.decode("utf-8", "replace") if method == "POST" else query_text
            return self._cm(query_of(text, long=True).get("cmnd", ""))
        if path == "/lograw":
            lines = "".join(f"{line}\n" for line in device.log)
            device.log.clear()
            return answer(200, HTML, lines)
        if path == "/ha_discovery":
            return answer(200, TEXT, "MQTT not running.")
        page = PAGES.get(path)
        if page is None or (method == "PUT"):
            return answer(200, HTML, html.not_found(device))
        query = query_of(query_text, long=path in ("/startup_command", "/cfg_pins"))
        text = page(device, query, self.commands)
        if query:
            device.changed()
        return answer(200, HTML, text)

    def _cm(self, line: str) -> Answer:
        """Always 200, whatever comes of it; a long command runs twice."""
        if not line:
            return answer(200, JSON, "")
        self.commands.run(line)
        if len(line) > TWICE:
            self.commands.run(line)
        return answer(200, JSON, reply_to(self.commands, line))


def query_of(text: str, *, long: bool = False) -> dict[str, str]:
    """The parameters of a URL; most handlers keep 127 bytes of a value."""
    found = {}
    for pair in text.split("&"):
        name, equals, value = pair.partition("=")
        if equals:
            raw = unquote_plus(value, errors="surrogateescape")
            found[name] = raw if long else raw.encode("utf-8", "surrogateescape")[:VALUE].decode(
                "utf-8", "surrogateescape"
            )  # fmt: skip
    return found


def reply(found: Answer) -> bytes:
    """An answer as it goes over the wire."""
    if found.status == 0:
        return found.body
    head = f"HTTP/1.1 {found.status} OK\nContent-type: {found.kind}\r\n{COMMON}"
    return head.encode() + found.body


class Served:
    """A device behind a TCP port, until `close`.  `url` is where it is, `host` without http.

    `requests` holds every (method, target) that it has read; `overlaps` counts connections that
    came while another was being served.
    """

    def __init__(self, options: OpenBkOptions) -> None:
        loop = asyncio.get_running_loop()
        self.options = options
        self.device = OpenBeken(options, lambda: loop.time() * options.speed)
        self.site = Site(self.device)
        self.device.on_reboot = self._reboot_in
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[bytes] = []
        self.overlaps = 0
        self.address, self.port = options.ip, 0
        self._turn = asyncio.Lock()
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.gone = False

    async def open(self, port: int = 0) -> None:
        """Listen; the port stays the same over restarts.  Raises OSError."""
        self._server = await asyncio.start_server(
            self._serve, self.address, port or self.port, backlog=16, start_serving=False
        )  # known before it listens, so that `stop` in between closes it
        self.port = self._server.sockets[0].getsockname()[1]
        await self._server.start_serving()

    @property
    def host(self) -> str:
        return f"{self.address}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def stop(self) -> None:
        """Stop for good, without waiting; may be repeated."""
        self.gone = True
        if self._timer is not None:
            self._timer.cancel()
        self.stop_listening()
        for task in tuple(self._tasks):
            task.cancel()

    async def close(self) -> None:
        """Stop, and wait until every connection has ended, also one that was only just taken."""
        for _ in range(TURNS_TO_END):
            self.stop()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0)

    def stop_listening(self) -> None:
        """Refuse connections; `open` takes them again."""
        if self._server is not None:
            self._server.close()
            self._server = None

    # -- restart ---------------------------------------------------------------------------

    def _reboot_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._go_down)

    def _go_down(self) -> None:
        self.device.going_down()
        self.stop_listening()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self.options.boot, self._come_back)

    def _come_back(self) -> None:
        self._timer = None
        if self.device.wifi_changed and self.options.moves_to:
            self.address = self.device.ip = self.options.moves_to
        self.device.wifi_changed = False
        self.device.boot()
        if not self.gone:
            task = asyncio.get_running_loop().create_task(self.open())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    # -- one connection --------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.overlaps += self._turn.locked()
        try:
            async with self._turn:
                await self._one(reader, writer)
        except (OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self.options.late_body)
        raw = await self._receive(reader)
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        if len(words) < 2:
            return
        method, target = words[0], words[1]
        if target.startswith(UPLOADS) and method == "POST":
            body = await self._rest_of(reader, lines, body)
        self.requests.append((method, target))
        self.bodies.append(body)
        troubles = [t for t in self.options.faults if t.hits(len(self.requests), target)]
        await asyncio.sleep(self.options.latency + _slow(troubles))
        kinds = {trouble.kind for trouble in troubles}
        if kinds & {"reset", "vanish", "reboot"}:
            self._fail(kinds, writer)
            return
        if "401" in kinds:
            writer.write(LOCKED)
        else:
            writer.write(damaged(self.site.handle(method, target, lines[1:], body), troubles))
        await writer.drain()

    def _fail(self, kinds: set[str], writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        if "vanish" in kinds:
            self.stop_listening()
        if "reboot" in kinds:
            self._go_down()

    async def _receive(self, reader: asyncio.StreamReader) -> bytes:
        """Read until a piece does not fill the buffer; a piece that fills it exactly waits on."""
        data = await reader.read(FIRST)
        free = FIRST
        while len(data) == free:
            more = await reader.read(MORE)
            data += more
            free += MORE
            if not more:
                break
        return data

    async def _rest_of(self, reader: asyncio.StreamReader, lines: list[str], body: bytes) -> bytes:
        for line in lines[1:]:
            found = re.fullmatch(r"content-length:\s*(\d+)", line, re.IGNORECASE)
            if found:
                return body + await reader.readexactly(max(0, int(found.group(1)) - len(body)))
        return body


def _slow(troubles: list[Trouble]) -> float:
    return sum(trouble.value for trouble in troubles if trouble.kind == "slow")


def damaged(data: bytes, troubles: list[Trouble]) -> bytes:
    """What of an answer goes out: cut after some bytes, or with its JSON broken."""
    for trouble in troubles:
        if trouble.kind == "cut":
            data = data[: int(trouble.value)]
        if trouble.kind == "json":
            head, sep, body = data.partition(b"\r\n\r\n")
            data = head + sep + body[: len(body) // 2] + b'"' + body[len(body) // 2 :]
    return data


async def serve_openbk(options: OpenBkOptions, port: int = 0) -> Served:
    """A device that listens on `options.ip`; close it at the end."""
    served = Served(options)
    await served.open(port)
    return served


__all__ = ["BYTES", "OpenBkOptions", "Served", "Site", "serve_openbk"]
