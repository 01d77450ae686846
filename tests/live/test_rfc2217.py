"""A plug behind a serial server on the network: the whole way, with a server of others."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import serial

from core.bkimage import rf
from core.sim.firmware import stock_n
from tests.core.link.test_rfc2217 import Server
from tests.live.processes import sim_plug, wattbench

MAC = bytes.fromhex("a4c1385c94fa")
pytestmark = pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\):DeprecationWarning")


class Pty(serial.Serial):
    """A pseudo terminal has no modem lines."""

    cts = dsr = ri = cd = False

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass


def test_a_plug_is_identified_through_a_serial_server(tmp_path: Path) -> None:
    with sim_plug(tmp_path, stock_n(mac=MAC)) as plug:
        server = Server(adapter=Pty(plug.port, 115200, timeout=0.02))
        try:
            ended = subprocess.run(
                wattbench("plug", "info", "--port", server.url, "--home", tmp_path / "home",
                          "--json", "--link-timeout", "20"),
                capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=100,
            )  # fmt: skip
        finally:
            server.close()
    last = json.loads(ended.stdout.splitlines()[-1])
    assert (ended.returncode, last["event"]) == (0, "result"), ended.stderr
    assert (last["chip"], last["mac"]) == ("bk7231n", rf.mac_text(MAC))
