"""One conversation with one device over HTTP: typed calls, deadlines, retries of what is safe.

The device serves one request at a time, so a `Client` sends one at a time (rulings O6), and
clients of the same device share a `Turn`.  Reads are repeated when an answer breaks off; what
changes something is sent once.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from core.fault import FaultError
from core.openbk import faults, pages, tolerant, wire
from core.openbk.transport import DeviceTransport

USER = "admin"
TIMEOUT = 8.0
CONNECT_TIMEOUT = 3.0
SLOW_TIMEOUT = 20.0
UPLOAD_TIMEOUT = 300.0
READ_TRIES = 3
RETRY_PAUSE = 0.3
SETTLE = 0.3
"""Seconds that the device gets after anything that changes its state (rulings O6)."""
PIECE = 0x1000


@dataclass
class Turn:
    """The right to talk to one device: its lock, and when the device is settled again."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    settled: float = 0.0


class Turns:
    """One `Turn` for each address, shared by all clients of this process."""

    def __init__(self) -> None:
        self._turns: dict[str, Turn] = {}

    def of(self, host: str) -> Turn:
        return self._turns.setdefault(host, Turn())


def normal_host(text: str) -> str:
    """`host` or `host:port` out of what a person types, a browser's address included."""
    bare = text.strip().removeprefix("http://").split("/")[0].rsplit("@", 1)[-1]
    return bare.removesuffix(":80")


class Client:
    """Talks to `host`.  Every call may raise OBK-SILENT, OBK-BROKEN and OBK-PASSWORD.

    `password` is the web password; it can be changed while talking, when a plan changes it.
    """

    def __init__(
        self,
        host: str,
        password: str = "",
        *,
        turn: Turn | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = TIMEOUT,
        connect_timeout: float = CONNECT_TIMEOUT,
        tries: int = READ_TRIES,
    ) -> None:
        self.host = normal_host(host)
        self.password = password
        self._turn = turn or Turn()
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._tries = tries
        self._transport = transport or DeviceTransport()
        try:
            self._base = httpx.URL(f"http://{self.host}")
        except httpx.InvalidURL as error:
            raise faults.NETWORK(
                what=f"'{self.host[:60]}' is no address: {error}.",
                cause="It is mistyped.",
                next="Give a name, an address, or address:port.",
            ) from error

    async def close(self) -> None:
        await self._transport.aclose()

    # -- requests --------------------------------------------------------------------------

    async def read(self, target: str, *, timeout: float = 0.0) -> httpx.Response:
        """GET something that changes nothing; repeated when the answer breaks off or the device
        is busy with somebody else (it keeps nobody waiting, it refuses)."""
        for tries in range(1, self._tries + 1):
            try:
                return await self._exchange("GET", target, timeout=timeout)
            except FaultError as error:
                again = error.fault.code == faults.BROKEN.code or _busy(error)
                if not again or tries == self._tries:
                    raise
            await asyncio.sleep(RETRY_PAUSE * tries)
        raise AssertionError("unreachable")

    async def change(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        timeout: float = 0.0,
        sent: Callable[[int, int], None] | None = None,
    ) -> httpx.Response:
        """Send once; then the device gets time to settle before the next request."""
        try:
            return await self._exchange(method, target, body, timeout=timeout, sent=sent)
        finally:
            self._turn.settled = asyncio.get_running_loop().time() + SETTLE

    async def _exchange(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        timeout: float = 0.0,
        sent: Callable[[int, int], None] | None = None,
    ) -> httpx.Response:
        loop = asyncio.get_running_loop()
        async with self._turn.lock:
            pause = self._turn.settled - loop.time()
            if pause > 0:
                await asyncio.sleep(pause)
            try:
                request = self._request(method, target, body, timeout or self._timeout, sent)
                answer = await self._transport.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise self._silent(error) from error
            except (httpx.TransportError, httpx.InvalidURL, UnicodeError) as error:
                raise self._broken(error) from error
        if answer.status_code == 401:
            raise self._no_password()
        return answer

    def _request(
        self,
        method: str,
        target: str,
        body: bytes,
        timeout: float,
        sent: Callable[[int, int], None] | None,
    ) -> httpx.Request:
        """For the transport itself: httpx's client logs targets, and they hold secrets."""
        headers = {}
        if self.password:
            token = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        patience = {"connect": self._connect_timeout, "read": timeout}
        return httpx.Request(
            method,
            self._base.join(target),
            content=body,
            headers=headers,
            extensions={"timeout": patience, "sent": sent},
        )

    def _silent(self, error: Exception) -> FaultError:
        late = isinstance(error, httpx.ConnectTimeout)
        return faults.SILENT(
            what=f"{self.host}: {error}.",
            cause="No device has this address, or it is switched off or in another network."
            if late
            else "The address is reachable, but nobody serves HTTP there right now.",
            next="Check the power of the plug and the address; ask the router by MAC.",
            command=("wattbench", "openbk", "find"),
        )

    def _broken(self, error: Exception) -> FaultError:
        late = isinstance(error, httpx.TimeoutException)
        return faults.BROKEN(
            what=f"{self.host}: {error}.",
            cause="The device is busy with another request, or hangs."
            if late
            else "The device restarted, or its Wi-Fi lost the connection.",
            next="Close its web page elsewhere, then repeat.",
        )

    def _no_password(self) -> FaultError:
        return faults.PASSWORD(
            what=f"{self.host} asks for a password"
            + (", and the one given is wrong." if self.password else "."),
            cause="A web password is set on the device.",
            next="Give it with --password-file.",
        )

    # -- answers ---------------------------------------------------------------------------

    async def json(self, target: str, *, timeout: float = 0.0) -> Any:
        """The JSON at `target`.  Raises OBK-NO-PATH for a page, OBK-UNREADABLE, OBK-REFUSED."""
        for tries in range(1, self._tries + 1):
            answer = await self.read(target, timeout=timeout)
            self._require_path(answer, target)
            parsed = tolerant.loads(answer.content)
            if "cut off" not in parsed.notes:
                return parsed.value
            if tries < self._tries:
                await asyncio.sleep(RETRY_PAUSE * tries)
        raise self._cut(target)

    async def page(self, target: str, *, timeout: float = 0.0) -> str:
        """The HTML at `target`, complete to its end; the state part has none to look for."""
        for tries in range(1, self._tries + 1):
            answer = await self.read(target, timeout=timeout)
            body = answer.content.decode("utf-8", "replace")
            if pages.unknown_path(body):
                raise self._unknown_path(target)
            if not body.startswith("<!DOCTYPE") or "</html>" in body:
                return body
            if tries < self._tries:
                await asyncio.sleep(RETRY_PAUSE * tries)
        raise self._cut(target)

    async def raw(self, target: str, size: int | None = None) -> bytes:
        """Bytes at `target`, exactly `size` of them.  Raises OBK-SHORT, OBK-NO-PATH."""
        data = b""
        for tries in range(1, self._tries + 1):
            answer = await self.read(target, timeout=SLOW_TIMEOUT)
            if answer.headers.get("content-type", "").startswith("text/html"):
                raise self._unknown_path(target)
            if answer.status_code != 200:
                raise self.refused(target, tolerant.loads(answer.content).value)
            data = answer.content
            if size is None or len(data) == size:
                return data
            await asyncio.sleep(RETRY_PAUSE * tries)
        raise faults.SHORT(
            what=f"{self.host}: {target} gave {len(data)} bytes instead of {size}.",
            cause="The connection ended early each time.",
            next="Come closer to the access point, then repeat.",
        )

    def _require_path(self, answer: httpx.Response, target: str) -> None:
        kind = answer.headers.get("content-type", "")
        body = answer.content.decode("utf-8", "replace")
        if pages.is_page(kind, body):
            raise self._unknown_path(target)
        if answer.status_code not in (200, 400, 501):
            raise self.refused(target, {"msg": f"code {answer.status_code}"})

    def _unknown_path(self, target: str) -> FaultError:
        return faults.NO_PATH(
            what=f"{self.host} answers {_path(target)} with a page.",
            cause="This build has no such request, or the device is in safe mode.",
            next="Look at the device first: its version and mode.",
            command=("wattbench", "openbk", "show", self.host),
        )

    def refused(self, target: str, value: Any) -> FaultError:
        message = wire.text_of(wire.fields_of(value).get("msg")).strip() or "no reason given"
        return faults.REFUSED(
            what=f"{self.host} refused {_path(target)}: {message[:120]}.",
            cause="The device cannot do it in its present state.",
            next="Read the message; check the arguments.",
        )

    def _cut(self, target: str) -> FaultError:
        return faults.BROKEN(
            what=f"{self.host}: the answer to {_path(target)} was cut short each time.",
            cause="The connection ends inside the answer.",
            next="Close its web page elsewhere, come closer to the access point, then repeat.",
        )

    # -- typed reads -----------------------------------------------------------------------

    async def status(self) -> wire.Status:
        """`Status 0`, which answers in every mode.  Raises OBK-OTHER-HOST."""
        try:
            found = wire.Status.of(await self.json("/cm?cmnd=STATUS%200"))
        except FaultError as error:
            if error.fault.code in (faults.NO_PATH.code, faults.UNREADABLE.code, _REFUSED):
                raise self._other_host("no answer to STATUS") from error
            raise
        if not found.openbeken:
            raise self._other_host(found.sdk)
        return found

    def _other_host(self, seen: str) -> FaultError:
        tasmota = seen not in ("", "no answer to STATUS")
        return faults.NOT_OPENBEKEN(
            what=f"{self.host} is no OpenBeken device ({seen[:40] or 'no SDK named'}).",
            cause="It is a Tasmota." if tasmota else "Another kind of device has this address.",
            next="Check the address.",
            command=("wattbench", "openbk", "find"),
        )

    async def info(self) -> wire.Info:
        return wire.Info.of(await self.json("/api/info"))

    async def pins(self) -> wire.Pins:
        return wire.Pins.of(await self.json("/api/pins"))

    async def channel_types(self) -> wire.ChannelTypes:
        return wire.ChannelTypes.of(await self.json("/api/channelTypes"))

    async def energy(self) -> wire.Energy | None:
        """The meter's readings, or None when no metering driver runs."""
        value = await self.json("/cm?cmnd=Status%208")
        return wire.Energy.of(wire.fields_of(value).get("StatusSNS"))

    async def state(self) -> pages.State:
        """The state page.  It has no end to look for; MQTT comes after all that is read."""
        for tries in range(1, self._tries + 1):
            body = await self.page("/index?state=1")
            found = pages.state(body)
            if found.mqtt or found.safe_mode:
                return found
            if tries < self._tries:
                await asyncio.sleep(RETRY_PAUSE * tries)
        if "drivers active" not in body:
            raise self._cut("/index")
        return found  # a build without MQTT

    async def flash(self, start: int, size: int) -> bytes:
        """`size` bytes of flash from `start`; longer reads go in pieces of a sector."""
        data = bytearray()
        for at in range(start, start + size, PIECE):
            count = min(PIECE, start + size - at)
            data += await self.raw(f"/api/flash/{at:x}-{count:x}", count)
        return bytes(data)

    async def files(self, folder: str = "") -> tuple[wire.Entry, ...]:
        """What lies in a folder; empty when the device has no file system yet."""
        try:
            return wire.listing(await self.json(f"/api/lfs/{quote(folder)}"))
        except FaultError as error:
            if error.fault.code == faults.REFUSED.code:  # 404: there is none
                return ()
            raise

    async def file(self, path: str, size: int) -> bytes:
        return await self.raw(f"/api/lfs/{quote(path)}", size)

    # -- typed changes ---------------------------------------------------------------------

    async def command(self, line: str) -> wire.Reply:
        """Run a command once through `/api/cmnd`, which says whether it worked."""
        answer = await self.change("POST", "/api/cmnd", line.encode())
        self._require_path(answer, "/api/cmnd")
        return wire.Reply.of(answer.status_code, tolerant.loads(answer.content).value)

    async def must(self, line: str) -> wire.Reply:
        """The same.  Raises OBK-REFUSED with the device's own words."""
        reply = await self.command(line)
        if not reply.ok:
            raise self.refused(f"'{line.split()[0]}'", {"msg": reply.message})
        return reply

    async def form(self, page: str, values: Mapping[str, str | int]) -> str:
        """Send a form the way the pages do; returns the page that answers."""
        answer = await self.change("GET", f"{page}?{urlencode(values)}")
        body = answer.content.decode("utf-8", "replace")
        if pages.unknown_path(body):
            raise self._unknown_path(page)
        return body

    async def upload(
        self, target: str, data: bytes, sent: Callable[[int, int], None] | None = None
    ) -> int:
        """POST bytes and never give up half-way, which would hang the device; the size it took.

        Raises OBK-REFUSED and OBK-BROKEN.
        """
        work = asyncio.ensure_future(
            self.change("POST", target, data, timeout=UPLOAD_TIMEOUT, sent=sent)
        )
        try:
            answer = await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            raise
        value = tolerant.loads(answer.content).value
        if answer.status_code != 200:
            raise self.refused(target, value)
        return wire.int_of(wire.fields_of(value).get("size"), -1)

    async def reboot(self) -> None:
        """Ask for a restart; it comes about 3 s later, after the answer."""
        await self.change("POST", "/api/reboot")


_REFUSED = faults.REFUSED.code


Connect = Callable[[str], Client]
"""Makes a client of a host: with its password, and its turn among other jobs."""


def _busy(error: FaultError) -> bool:
    """True when the connection was refused, not when nobody is there."""
    cause = error.__cause__
    return cause is not None and isinstance(cause.__cause__, ConnectionRefusedError)


def _path(target: str) -> str:
    """A target without its query: queries hold secrets."""
    return target.partition("?")[0]
