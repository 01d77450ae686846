"""Requests to one device and their answers as they come: turns, deadlines, safe retries.

The device serves one request at a time, so one is sent at a time (rulings O6), and whoever talks
to the same device shares a `Turn`.  Reads are repeated when an answer breaks off; what changes
something is sent once.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from core.fault import FaultError
from core.openbk import faults
from core.openbk.transport import NO_STATUS, DeviceTransport, Endless

USER = "admin"
REALM = "OpenBeken"
"""In what the device asks a password for (HTTP sheet 3); nobody else is given one."""
TIMEOUT = 8.0
CONNECT_TIMEOUT = 3.0
READ_TRIES = 3
RETRY_PAUSE = 0.3
WHOLE, WHOLE_MORE, SLOWEST = 4, 60.0, 512
"""A whole answer may take so many times the silence that is allowed, at most a minute more than
that, and the time that a body needs at so many bytes a second: who sends a byte now and then would
otherwise hold the program for ever."""
WITHOUT_STATUS = ("/api/del/",)
"""What is answered without a status line (HTTP sheet 0, point 3)."""
SETTLE = 0.3
"""Seconds that the device gets after anything that changes its state (rulings O6)."""


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
    return bare.removesuffix(":80") if bare.count(":") == 1 or "]" in bare else bare


def require_host(host: str) -> None:
    """Raise OBK-RANGE, with the reason, unless `host` is `name`, `address`, `[IPv6 address]`, or
    one of them with `:port`."""
    why = _mistake(host)
    if why:
        raise faults.NETWORK(
            what=f"'{host[:60]}' is no address: {why}.",
            cause="It is mistyped.",
            next="Give a name, an address, or address:port.",
        )


def _mistake(host: str) -> str:
    if host.startswith("https:"):
        return "the device speaks http, not https"
    has_port = re.search(r"[^:]:[^:\]]*$", host)
    name, colon, port = host.rpartition(":") if has_port else (host, "", "")
    if colon and not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 1 << 16):
        return f"'{port[:20]}' is no port, which is a number from 1 to 65535"
    if name.startswith("[") or ":" in name:
        try:
            ipaddress.IPv6Address(name.strip("[]"))
        except ValueError:
            return "it has more than one colon, and is no IPv6 address"
        return "" if name == f"[{name.strip('[]')}]" else "an IPv6 address stands in [ ]"
    if not re.fullmatch(r"[\w.-]{1,253}", name):
        return "a name has 1 to 253 letters, digits, '.' and '-'"
    labels = name.removesuffix(".").split(".")
    if not all(0 < len(label) < 64 for label in labels):
        return "the parts of a name between dots have 1 to 63 characters"
    if all(label.isdecimal() for label in labels) and not all(
        len(label) < 4 and int(label) < 256 for label in labels
    ):
        return "the numbers of an address go to 255"
    return ""


class Exchange:
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
        require_host(self.host)
        self.password = password
        self._turn = turn or Turn()
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self.tries = tries
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
        is busy with somebody else (it keeps nobody waiting, it refuses).  An answer without an
        end has taken all the time there is."""
        for tries in range(1, self.tries + 1):
            try:
                return await self._exchange("GET", target, timeout=timeout)
            except FaultError as error:
                broken = error.fault.code == faults.BROKEN.code
                again = (broken and not isinstance(error.__cause__, Endless)) or _busy(error)
                if not again or tries == self.tries:
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
        """Send once; then the device gets time to settle before the next request.

        What comes back without a status line does not count as the device's answer.
        """
        try:
            answer = await self._exchange(method, target, body, timeout=timeout, sent=sent)
            if answer.status_code == NO_STATUS and not target.startswith(WITHOUT_STATUS):
                raise self._broken(httpx.RemoteProtocolError("the answer has no status line"))
            return answer
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
            except (httpx.TransportError, httpx.InvalidURL, ValueError) as error:
                raise self._broken(error) from error
        if answer.status_code == 401:
            asks = answer.headers.get("www-authenticate", "")
            raise self._no_password() if REALM in asks else self._other_lock(asks)
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
        whole = min(WHOLE * timeout, timeout + WHOLE_MORE) + len(body) / SLOWEST
        patience = {"connect": self._connect_timeout, "read": timeout, "whole": whole}
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

    def _other_lock(self, asks: str) -> FaultError:
        return faults.NOT_OPENBEKEN(
            what=f"{self.host} asks for a password, but not as OpenBeken does ({asks[:60]}).",
            cause="Another kind of device has this address, such as a router or a camera.",
            next="Check the address.",
            command=("wattbench", "openbk", "find"),
        )

    def _no_password(self) -> FaultError:
        return faults.PASSWORD(
            what=f"{self.host} asks for a password"
            + (", and the one given is wrong." if self.password else "."),
            cause="A web password is set on the device.",
            next="Give it with --password-file.",
        )


def _busy(error: FaultError) -> bool:
    """True when the connection was refused, not when nobody is there."""
    cause = error.__cause__
    return cause is not None and isinstance(cause.__cause__, ConnectionRefusedError)
