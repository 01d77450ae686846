"""One conversation with one device over HTTP, in its own terms: typed reads and changes.

What an answer is, is checked here: a page in place of data, JSON that was cut, too few bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from core.fault import FaultError
from core.openbk import faults, pages, tolerant, wire
from core.openbk.exchange import RETRY_PAUSE, Exchange

SLOW_TIMEOUT = 20.0
UPLOAD_TIMEOUT = 300.0
PIECE = 0x1000


class Client(Exchange):
    """Knows what to ask a device for.  Every call may raise OBK-SILENT, -BROKEN and -PASSWORD."""

    # -- answers ---------------------------------------------------------------------------

    async def json(self, target: str, *, timeout: float = 0.0) -> Any:
        """The JSON at `target`.  Raises OBK-NO-PATH for a page, OBK-UNREADABLE, OBK-REFUSED."""
        for tries in range(1, self.tries + 1):
            answer = await self.read(target, timeout=timeout)
            self._require_path(answer, target)
            parsed = tolerant.loads(answer.content)
            if "cut off" not in parsed.notes:
                return parsed.value
            if tries < self.tries:
                await asyncio.sleep(RETRY_PAUSE * tries)
        raise self._cut(target)

    async def page(self, target: str, *, timeout: float = 0.0) -> str:
        """The HTML at `target`, complete to its end; the state part has none to look for."""
        for tries in range(1, self.tries + 1):
            answer = await self.read(target, timeout=timeout)
            body = answer.content.decode("utf-8", "replace")
            if pages.unknown_path(body):
                raise self._unknown_path(target)
            if not body.startswith("<!DOCTYPE") or "</html>" in body:
                return body
            if tries < self.tries:
                await asyncio.sleep(RETRY_PAUSE * tries)
        raise self._cut(target)

    async def raw(self, target: str, size: int | None = None) -> bytes:
        """Bytes at `target`, exactly `size` of them.  Raises OBK-SHORT, OBK-NO-PATH."""
        data = b""
        for tries in range(1, self.tries + 1):
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
        for tries in range(1, self.tries + 1):
            body = await self.page("/index?state=1")
            found = pages.state(body)
            if found.mqtt or found.safe_mode:
                return found
            if tries < self.tries:
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
        """Ask for a restart; it comes about 3 s later, after the answer.  Raises OBK-REFUSED,
        OBK-NO-PATH for what is no yes."""
        answer = await self.change("POST", "/api/reboot")
        self._require_path(answer, "/api/reboot")
        if answer.status_code != 200:
            raise self.refused("/api/reboot", {"msg": f"code {answer.status_code}"})


_REFUSED = faults.REFUSED.code


Connect = Callable[[str], Client]
"""Makes a client of a host: with its password, and its turn among other jobs."""


def _path(target: str) -> str:
    """A target without its query: queries hold secrets."""
    return target.partition("?")[0]
