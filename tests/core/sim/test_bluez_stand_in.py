"""The stand-in itself: bleak's own GATT table of a device, and `wattbench sim meter`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.fault import FaultError
from core.sim.air import Air
from core.sim.bluez import BlueZ
from core.sim.bluez_host import StackHost

needs_bus = pytest.mark.skipif(
    shutil.which("dbus-daemon") is None,
    reason="dbus-daemon is not installed (sudo apt install dbus-daemon)",
)

SCAN = """
import asyncio
from core.radio.radio import Radio

async def main():
    radio, got = Radio(), []
    await radio.listen(got.append)
    async with asyncio.timeout(10):
        while not (got and got[-1].name):
            await asyncio.sleep(0.02)
    async with await radio.connect(got[-1].address, "test") as link:
        print(got[-1].name, [c.handle for c in link.characteristics()][-8:])
    await radio.close()

asyncio.run(main())
"""


async def test_without_dbus_daemon_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    air = Air()
    with pytest.raises(FaultError) as caught:
        await BlueZ(StackHost(air)).start()
    assert caught.value.fault.command == ("sudo", "apt", "install", "dbus-daemon")


@needs_bus
def test_sim_meter_prints_one_line_and_bleak_finds_and_connects_the_module(root):
    command = [sys.executable, "-m", "tui", "sim", "meter"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as sim:
        try:
            name, _, address = sim.stdout.readline().strip().partition("=")
            assert name == "DBUS_SYSTEM_BUS_ADDRESS"
            ended = subprocess.run(
                [sys.executable, "-c", SCAN],
                cwd=root,
                env={**os.environ, name: address},
                capture_output=True,
                text=True,
                timeout=60,
            )
            # The handles of declarations, as BlueZ shows them (meter sheet 2.1).
            assert ended.stdout == "Electricity_meter_5C94FA [26, 29, 32, 35, 38, 41, 45, 49]\n"
            assert ended.stderr == ""
        finally:
            sim.terminate()
        assert sim.stdout.read() == ""
    assert sim.returncode == 0
    assert not Path(address.removeprefix("unix:path=")).parent.exists()
