"""Fetches one image: from OpenBeken's releases, the meter firmware's repository, or an address.

Only reads from the network, only when asked.  What arrives is checked by size, by the checksum
that the server states, and by its contents before it gets its name on the shelf.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from core.fault import FaultError
from core.guide import faults
from core.guide.shelf import LARGEST, METER, NOTHING, Firmware, Shelf, examine
from core.job import Reporter, Result

if TYPE_CHECKING:
    import httpx  # loaded where it is used: it brings a terminal library along

    Clients = Callable[[], httpx.AsyncClient]

RELEASES = "https://api.github.com/repos/openshwprojects/OpenBK7231T_App/releases"
METER_FILES = "https://raw.githubusercontent.com/slacky1965/electricity_meter_ble/main"
METER_VERSIONS = tuple(f"V{n // 10}.{n % 10}" for n in range(20, 9, -1))
"""Newest first; that repository has files and no releases (electricity meter sheet 4.1)."""
METER_NEWEST = "V1.7"
"""As far as this program knows."""
ASSETS = {"bk7231n": "OpenBK7231N_QIO_", "bk7231t": "OpenBK7231T_UA_"}
"""How the names of the files for the wires begin."""
UPDATES = {"bk7231n": "OpenBK7231N_", "bk7231t": "OpenBK7231T_"}
PATIENCE, CONNECT = 15.0, 10.0
AGENT = {"User-Agent": "wattbench", "Accept": "application/vnd.github+json"}
LISTING = 4 << 20
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,120}")
OK, NOT_FOUND = 200, 404


def client() -> httpx.AsyncClient:
    """The one that talks to the real servers."""
    import httpx

    patience = httpx.Timeout(PATIENCE, connect=CONNECT)
    return httpx.AsyncClient(timeout=patience, headers=AGENT, follow_redirects=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetOptions:
    """What to fetch.

    `chip` is `bk7231n`, `bk7231t` or `tlsr8253`.  `what` is a release ("1.18.100"), a version of
    the meter firmware ("V1.7"), an address, or empty for the newest.  `update` takes the file for
    an update over the network.  `releases` and `meter_files` are the servers.
    """

    chip: str
    what: str = ""
    update: bool = False
    releases: str = RELEASES
    meter_files: str = METER_FILES


@dataclass(frozen=True, slots=True)
class Source:
    """Where one file is, and what the server says of it (-1 and empty: nothing)."""

    name: str
    url: str
    size: int = -1
    sha256: str = field(default="")


async def get(
    report: Reporter, options: GetOptions, *, shelf: Shelf, clients: Clients = client
) -> Result:
    """Fetch one image onto the shelf.  Result: the fields of `Firmware`, `url`, `fresh` (False
    when it was there already), `summary`.

    Raises SHELF-*, IMG-* or TLIMG-* for what is no image, and the store's faults.
    """
    import httpx

    async with clients() as web:
        report.phase("Find", 1, 3)
        try:
            source = await _find(web, options)
            report.facts("source", name=source.name, url=source.url, size=source.size)
            known = await asyncio.to_thread(_already, shelf, source)
            if known is not None:
                return _result(known, source, fresh=False)
            report.phase("Download", 2, 3)
            data = await _download(web, source, report)
        except httpx.TransportError as error:
            raise _offline(error, options, shelf) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _odd(f"{type(error).__name__}: {error}") from error
    report.phase("Check and keep", 3, 3)
    return _result(await asyncio.to_thread(_keep, shelf, source, options, data), source, fresh=True)


# -- where it is -----------------------------------------------------------------------------


async def _find(web: httpx.AsyncClient, options: GetOptions) -> Source:
    if "://" in options.what:
        return _address(options.what)
    if options.chip == METER:
        return await _meter(web, options)
    return await _release(web, options)


def _address(url: str) -> Source:
    parts = urlsplit(url)
    name = PurePosixPath(unquote(parts.path)).name
    if parts.scheme not in ("http", "https") or not NAME.fullmatch(name):
        raise faults.NO_RELEASE(
            what=f"{url} is not the http address of a file.",
            cause="It has another scheme, or no plain file name at its end.",
            next="Give the address of the .bin file itself.",
        )
    return Source(name, url)


async def _meter(web: httpx.AsyncClient, options: GetOptions) -> Source:
    for version in (options.what,) if options.what else METER_VERSIONS:
        name = f"electricity_meter_{version}.bin"
        if not NAME.fullmatch(name):
            break
        url = f"{options.meter_files}/{name}"
        answer = await web.head(url)
        if answer.status_code == OK:
            return Source(name, url)
        if answer.status_code != NOT_FOUND:
            raise _refused(answer)
    raise _nothing(f"electricity_meter {options.what}".strip())


async def _release(web: httpx.AsyncClient, options: GetOptions) -> Source:
    tail = f"/tags/{options.what}" if options.what else "/latest"
    if options.what and not NAME.fullmatch(options.what):
        raise _nothing(f"release {options.what!r}")
    async with web.stream("GET", options.releases + tail) as answer:
        if answer.status_code == NOT_FOUND:
            raise _nothing(f"release {options.what or '(newest)'}")
        if answer.status_code != OK:
            raise _refused(answer)
        text = await _body(answer, LISTING)
    beginning, ending = ASSETS[options.chip], ".bin"
    if options.update:
        beginning, ending = UPDATES[options.chip], ".rbl"
    for asset in _assets(text):
        if asset.name.startswith(beginning) and asset.name.endswith(ending):
            return asset
    raise _nothing(f"file {beginning}*{ending} in the release")


def _assets(text: bytes) -> list[Source]:
    """The files of a release; whatever is odd about one, it is left out."""
    try:
        listed = json.loads(text)["assets"]
        entries = [entry for entry in listed if isinstance(entry, dict)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _odd(f"The list of releases cannot be read ({type(error).__name__}).") from error
    return [source for entry in entries if (source := _asset(entry)) is not None]


def _asset(entry: dict[str, Any]) -> Source | None:
    name, url, size = (entry.get(key) for key in ("name", "browser_download_url", "size"))
    if not isinstance(name, str) or not isinstance(url, str) or not NAME.fullmatch(name):
        return None
    digest = entry.get("digest")
    sha256 = digest.removeprefix("sha256:") if isinstance(digest, str) else ""
    return Source(name, url, size if isinstance(size, int) else -1, sha256.lower())


# -- bringing it here ------------------------------------------------------------------------


async def _download(web: httpx.AsyncClient, source: Source, report: Reporter) -> bytes:
    async with web.stream("GET", source.url) as answer:
        if answer.status_code == NOT_FOUND:
            raise _nothing(source.name)
        if answer.status_code != OK:
            raise _refused(answer)
        stated = answer.headers.get("content-length", "")
        total = source.size if source.size >= 0 else int(stated) if stated.isdecimal() else 0
        data = await _body(answer, LARGEST, lambda done: report.progress(done, max(done, total)))
    if source.size >= 0 and len(data) != source.size:
        raise _broken(f"{source.name} has {len(data)} bytes, announced were {source.size}.")
    if source.sha256 and hashlib.sha256(data).hexdigest() != source.sha256:
        raise _broken(f"{source.name} does not have the checksum that the server states.")
    return data


async def _body(
    answer: httpx.Response, limit: int, tell: Callable[[int], None] = lambda done: None
) -> bytes:
    data = bytearray()
    async for chunk in answer.aiter_bytes():
        data += chunk
        if len(data) > limit:
            raise _odd(f"It sends more than {limit >> 20} MiB.")
        tell(len(data))
    return bytes(data)


def _already(shelf: Shelf, source: Source) -> Firmware | None:
    """The file that is here already, if it is surely the same.  Raises SHELF-EXISTS when it is
    surely another, or when nothing tells."""
    path = shelf.folder / source.name
    if not path.is_file():
        return None
    found = shelf.check(path)
    if source.sha256 == found.sha256 or (not source.sha256 and source.size == found.size):
        return found
    if source.sha256 or source.size >= 0:
        raise _exists(source.name)
    return found  # an address that states nothing: what is here passed its check


def _keep(shelf: Shelf, source: Source, options: GetOptions, data: bytes) -> Firmware:
    found = examine(data, shelf.folder / source.name)
    if found.use == NOTHING:
        raise faults.SERVER(
            what=f"{source.name} is no firmware: {found.problem}",
            cause="A log-in page of this network, or a damaged file on the server.",
            next="Open the address in a browser, or use another network.",
        )
    if found.chip and found.chip != options.chip:
        raise faults.NO_RELEASE(
            what=f"{source.name} is for {found.chip}, wanted was {options.chip}.",
            cause="The address leads to the file of another chip.",
            next="Give the right --chip, or the address of the other file.",
        )
    try:
        shelf.keep(source.name, data)
    except FileExistsError as error:
        raise _exists(source.name) from error
    return found


def _result(found: Firmware, source: Source, *, fresh: bool) -> Result:
    how = "fetched and checked" if fresh else "is here already"
    summary = f"{found.name}: {how}, {found.title}"
    return {**found.to_json(), "url": source.url, "fresh": fresh, "summary": summary}


# -- what can go wrong -----------------------------------------------------------------------


def _offline(error: httpx.TransportError, options: GetOptions, shelf: Shelf) -> FaultError:
    where = (
        options.what
        if "://" in options.what
        else (options.meter_files if options.chip == METER else options.releases)
    )
    host = urlsplit(where).hostname or where
    seen = str(error) or type(error).__name__
    return faults.OFFLINE(
        what=f"{host} cannot be reached: {seen}.",
        cause="This computer has no internet here, or the connection broke off.",
        next=f"Copy {_wanted(options)} into {shelf.folder} from a stick, or go online and repeat.",
        command=("wattbench", "firmware", "list"),
    )


def _wanted(options: GetOptions) -> str:
    """The name of the file that would do, as its makers call it."""
    if options.chip == METER:
        return f"electricity_meter_{options.what or METER_NEWEST}.bin"
    version = options.what if options.what and "://" not in options.what else "*"
    ending = f"{UPDATES[options.chip]}{version}.rbl"
    return ending if options.update else f"{ASSETS[options.chip]}{version}.bin"


def _refused(answer: httpx.Response) -> FaultError:
    limit = answer.status_code in (403, 429)
    return faults.SERVER(
        what=f"{answer.request.url.host} answered {answer.status_code} {answer.reason_phrase}.",
        cause="It limits how often one address may ask." if limit else "The server has a fault.",
        next="Wait an hour and repeat." if limit else "Try again later.",
    )


def _odd(what: str) -> FaultError:
    return faults.SERVER(
        what=what,
        cause="Something else answered in the server's place, such as a log-in page.",
        next="Open a web page in a browser here; then repeat.",
    )


def _nothing(what: str) -> FaultError:
    return faults.NO_RELEASE(
        what=f"The server has no {what}.",
        cause="The name is wrong, or it was withdrawn.",
        next="Leave the name away for the newest one.",
    )


def _broken(what: str) -> FaultError:
    return faults.BROKEN(
        what=what,
        cause="The connection broke off, or the file was changed on its way.",
        next="Get it again.",
    )


def _exists(name: str) -> FaultError:
    return faults.EXISTS(
        what=f"{name} is on the shelf with other contents.",
        cause="It was changed, or the release was built anew under its old name.",
        next="Move the old file away, then repeat.",
        command=("wattbench", "firmware", "check", name),
    )
