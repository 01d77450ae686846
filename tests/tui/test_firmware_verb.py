"""`wattbench firmware`: the shelf as lines and as JSON, a fetch from a server on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.sim.firmware import openbeken_qio
from core.sim.module_images import meter_image


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "www").mkdir()
    (tmp_path / "www/electricity_meter_V1.7.bin").write_bytes(meter_image())
    made = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "www")))
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{made.server_address[1]}"
    made.shutdown()
    thread.join()
    made.server_close()


def ran(home: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, last JSON line, what people read."""
    proxies = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    environment = {k: v for k, v in os.environ.items() if k not in proxies}
    ended = subprocess.run(
        [sys.executable, "-m", "tui", "firmware", *words, "--home", str(home), "--json"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, env=environment,
    )  # fmt: skip
    return ended.returncode, json.loads(ended.stdout.splitlines()[-1]), ended.stderr


def test_a_shelf_is_filled_listed_and_checked(tmp_path: Path, server: str) -> None:
    home = tmp_path / "home"
    code, last, said = ran(home, "list")
    assert (code, last["firmware"]) == (0, [])
    assert "firmware get" in said

    (home / "firmware").mkdir(parents=True)
    (home / "firmware/renamed.bin").write_bytes(openbeken_qio())
    (home / "firmware/half.bin").write_bytes(openbeken_qio()[:0x50000])
    code, last, _ = ran(home, "get", "--chip", "meter", "--meter-files", server)
    assert (code, last["name"], last["fresh"]) == (0, "electricity_meter_V1.7.bin", True)

    code, last, said = ran(home, "list")
    found = {f["name"]: (f["chip"], f["use"]) for f in last["firmware"]}
    assert found == {
        "renamed.bin": ("bk7231n", "wires"),
        "half.bin": ("bk7231n", "nothing"),
        "electricity_meter_V1.7.bin": ("tlsr8253", "wires"),
    }
    assert "OpenBeken 1.18.100 for BK7231N" in said

    code, last, said = ran(home, "check", "renamed.bin")
    assert (code, last["key"]) == (0, "tuya")
    assert "sound" in said
    code, last, _ = ran(home, "check", str(home / "firmware/half.bin"))
    assert (code, last["event"], last["code"]) == (3, "fault", "IMG-TRUNCATED")


def test_without_a_server_it_says_so_and_the_job_is_on_record(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:1"
    code, last, said = ran(tmp_path, "get", "--chip", "n", "--releases", nobody)
    assert (code, last["code"], last["touched"]) == (1, "SHELF-OFFLINE", "nothing")
    assert "firmware list" in said
    assert list(tmp_path.glob("jobs/*firmware-get*/journal.jsonl"))
