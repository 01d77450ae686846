"""Fetching firmware from a server on loopback: nothing here leaves this computer."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.events import Failed, Finished
from core.guide.download import GetOptions, get
from core.guide.shelf import Shelf
from core.job import Job
from core.sim import firmware
from core.sim.module_images import meter_image
from core.stops import Stop
from core.store.files import Files
from tests.core.beken.bench import fault_of, qio, result_of

N_NAME = "OpenBK7231N_QIO_1.18.100.bin"
T_NAME = "OpenBK7231T_UA_1.18.100.bin"
RBL_NAME = "OpenBK7231N_1.18.100.rbl"
METER_NAME = "electricity_meter_V1.7.bin"


@cache
def ua() -> bytes:
    return firmware.openbeken_ua()


@cache
def rbl() -> bytes:
    return firmware.openbeken_rbl()


@cache
def meter() -> bytes:
    return meter_image()


class Server(ThreadingHTTPServer):
    """Pages by path; a page is bytes, a status, or a function of the handler."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.pages: dict[str, Any] = {}
        self.asked: list[str] = []
        files = {N_NAME: qio(), T_NAME: ua(), RBL_NAME: rbl()}
        self.pages |= {f"/files/{name}": data for name, data in files.items()}
        self.pages[f"/meter/{METER_NAME}"] = meter()
        self.release(**{name: self.asset(name, data) for name, data in files.items()})

    def asset(self, name: str, data: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        url = f"{self.url}/files/{name}"
        return {
            "name": name, "size": len(data), "browser_download_url": url,
            "digest": f"sha256:{digest}",
        }  # fmt: skip

    def release(self, **assets: dict[str, Any]) -> None:
        self.assets = assets
        page = json.dumps({"tag_name": "1.18.100", "assets": list(assets.values())}).encode()
        self.pages["/releases/latest"] = self.pages["/releases/tags/1.18.100"] = page


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *words: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def answer(self, with_body: bool) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        page = self.server.pages.get(self.path, 404)
        if callable(page):
            page(self)
            return
        self.send_response(page if isinstance(page, int) else 200)
        body = b"" if isinstance(page, int) else page
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


class Room:
    def __init__(self, folder: Path, server: Server) -> None:
        self.shelf, self.server = Shelf(folder / "firmware", Files()), server
        self.events: list[Any] = []

    async def get(self, chip: str = "bk7231n", **more: Any) -> Finished | Failed:
        return await self.job(chip, **more).run()

    def job(self, chip: str = "bk7231n", **more: Any) -> Job:
        options = GetOptions(
            chip=chip, releases=f"{self.server.url}/releases",
            meter_files=f"{self.server.url}/meter", **more,
        )  # fmt: skip

        def clients() -> httpx.AsyncClient:
            return httpx.AsyncClient(timeout=5, follow_redirects=True, trust_env=False)

        return Job(
            "j", "firmware-get", "Fetch",
            lambda report: get(report, options, shelf=self.shelf, clients=clients),
            sinks=[self.events.append],
        )  # fmt: skip

    @property
    def files(self) -> set[str]:
        return {path.name for path in self.shelf.folder.glob("*")}


@pytest.fixture
def room(tmp_path: Path, server: Server) -> Room:
    return Room(tmp_path, server)


@pytest.mark.parametrize(
    ("chip", "more", "name", "use"),
    [
        ("bk7231n", {}, N_NAME, "wires"),
        ("bk7231n", {"what": "1.18.100"}, N_NAME, "wires"),
        ("bk7231t", {}, T_NAME, "wires"),
        ("bk7231n", {"update": True}, RBL_NAME, "network"),
        ("tlsr8253", {}, METER_NAME, "wires"),
        ("tlsr8253", {"what": "V1.7"}, METER_NAME, "wires"),
    ],
)
async def test_the_right_file_comes_onto_the_shelf(
    room: Room, chip: str, more: dict[str, Any], name: str, use: str
) -> None:
    result = result_of(await room.get(chip, **more))
    assert (result["name"], result["use"], result["fresh"]) == (name, use, True)
    assert room.files == {name, f"{name}.sha256"}
    assert room.shelf.check(room.shelf.folder / name).sha256 == result["sha256"]
    done = [e.body.done for e in room.events if e.body.event == "progress"]
    assert done[-1] == result["size"]


async def test_a_file_by_its_address(room: Room) -> None:
    url = f"{room.server.url}/files/{N_NAME}"
    assert result_of(await room.get(what=url))["url"] == url
    assert room.server.asked == [f"GET /files/{N_NAME}"]


async def test_a_redirect_is_followed(room: Room) -> None:
    def elsewhere(handler: Handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", f"/files/{N_NAME}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    room.server.pages["/files/x.bin"] = elsewhere
    room.server.release(
        x={**room.server.assets[N_NAME], "browser_download_url": f"{room.server.url}/files/x.bin"}
    )
    assert result_of(await room.get())["fresh"]


async def test_what_is_here_already_is_not_fetched_again(room: Room) -> None:
    result_of(await room.get())
    room.server.asked.clear()
    again = result_of(await room.get())
    assert (again["fresh"], again["name"]) == (False, N_NAME)
    assert room.server.asked == ["GET /releases/latest"]


async def test_another_file_of_that_name_is_never_written_over(room: Room) -> None:
    other = firmware.openbeken_qio("1.18.1")
    path = room.shelf.keep(N_NAME, other)
    fault = fault_of(await room.get())
    assert (fault.code, fault.exit) == ("SHELF-EXISTS", 3)
    assert path.read_bytes() == other


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (b"<html>Please log in</html>", "SHELF-SERVER"),
        (b"[]", "SHELF-SERVER"),
        (b'{"assets": 7}', "SHELF-SERVER"),
        (b'{"assets": [7, {"name": 3}]}', "SHELF-NO-RELEASE"),
        (b'{"assets": [{"name": "../../OpenBK7231N_QIO_1.bin", "browser_download_url": "x"}]}',
         "SHELF-NO-RELEASE"),
        (b'{"assets": []}', "SHELF-NO-RELEASE"),
        (b"[" * 100_000, "SHELF-SERVER"),
        (404, "SHELF-NO-RELEASE"),
        (403, "SHELF-SERVER"),
        (500, "SHELF-SERVER"),
    ],
    ids=[f"page{n}" for n in range(10)],
)  # fmt: skip
async def test_an_odd_list_of_releases(room: Room, page: Any, code: str) -> None:
    room.server.pages["/releases/latest"] = page
    assert fault_of(await room.get()).code == code
    assert room.files == set()


def cut(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1220464")
    handler.end_headers()
    handler.wfile.write(qio()[:5000])
    handler.close_connection = True


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (qio()[:-1], "SHELF-BROKEN"),
        (qio()[:-1] + b"?", "SHELF-BROKEN"),
        (cut, "SHELF-OFFLINE"),
        (404, "SHELF-NO-RELEASE"),
        (503, "SHELF-SERVER"),
    ],
    ids=["short", "changed", "cut", "missing", "down"],
)
async def test_a_download_that_is_not_whole_leaves_nothing(
    room: Room, page: Any, code: str
) -> None:
    room.server.pages[f"/files/{N_NAME}"] = page
    assert fault_of(await room.get()).code == code
    assert room.files == set()


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (b"<html>Please log in</html>", "SHELF-SERVER"),
        (qio()[:5000], "SHELF-SERVER"),
        (ua(), "SHELF-NO-RELEASE"),
        (bytes(17 << 20), "SHELF-SERVER"),
    ],
    ids=["page", "part", "other chip", "too long"],
)
async def test_an_address_that_gives_something_else(room: Room, page: bytes, code: str) -> None:
    room.server.pages["/x/file.bin"] = page
    fault = fault_of(await room.get(what=f"{room.server.url}/x/file.bin"))
    assert fault.code == code
    assert room.files == set()


@pytest.mark.parametrize("what", ["ftp://host/a.bin", "http://host/", "http://host/%2e%2e%2f"])
async def test_an_address_that_names_no_file(room: Room, what: str) -> None:
    assert fault_of(await room.get(what=what)).code == "SHELF-NO-RELEASE"


@pytest.mark.parametrize("chip", ["bk7231n", "tlsr8253"])
@pytest.mark.parametrize("what", ["9.9.9", "../../etc/passwd", "a b"])
async def test_a_release_that_does_not_exist(room: Room, chip: str, what: str) -> None:
    assert fault_of(await room.get(chip, what=what)).code == "SHELF-NO-RELEASE"


async def test_without_internet_it_says_what_to_do_instead(room: Room) -> None:
    room.server.url = "http://127.0.0.1:1"
    fault = fault_of(await room.get())
    assert (fault.code, fault.touched) == ("SHELF-OFFLINE", "nothing")
    assert str(room.shelf.folder) in fault.next and "127.0.0.1" in fault.what
    assert "OpenBK7231N_QIO_*.bin" in fault.next
    assert METER_NAME in fault_of(await room.get("tlsr8253")).next
    assert (
        "OpenBK7231T_1.18.1.rbl"
        in fault_of(await room.get("bk7231t", what="1.18.1", update=True)).next
    )
    assert fault.command == ("wattbench", "firmware", "list")


async def test_a_cancel_in_the_middle_leaves_nothing(room: Room) -> None:
    release = threading.Event()

    def slow(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(qio())))
        handler.end_headers()
        handler.wfile.write(qio()[:5000])
        handler.wfile.flush()
        release.wait(10)

    room.server.pages[f"/files/{N_NAME}"] = slow
    job = room.job()

    def on_event(event: Any) -> None:
        if event.body.event == "progress":
            asyncio.get_running_loop().call_soon(job.stop, Stop.CANCEL)

    job._sinks.append(on_event)
    try:
        assert fault_of(await job.run()).code == "CANCELLED"
    finally:
        release.set()
    assert room.files == set()
