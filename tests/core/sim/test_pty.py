"""A device behind a pseudo terminal: clients come and go, speeds are seen, nothing blocks."""

import asyncio
import os
import shutil
import sys
import threading
import time

import pytest
import serial

from core.fault import FaultError
from core.sim.faults_on_order import parse_fault
from core.sim.plug import PlugOptions
from core.sim.pty import PtyPort
from core.sim.serve import serve_plug
from tests.core.sim.plug_bench import LINK, LINKED, erase, forged_flash, read_4k, set_baud

MAX = PlugOptions(rate="max", protected=False)


class Recorder:
    """A device that keeps what it hears and says what it is told to."""

    def __init__(self):
        self.heard, self.bauds, self.send = b"", [], None

    def attach(self, send):
        self.send = send

    def received(self, data, baud):
        self.heard += data
        self.bauds.append(baud)


def talk(path, baud, request, size):
    """A whole client: open, ask, read, close."""
    with serial.Serial(path, baud, timeout=5) as port:
        port.write(request)
        return port.read(size)


async def until(condition):
    """Bounded wait for something the loop does soon."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the device under test has no event to wait for
            await asyncio.sleep(0.005)


async def test_clients_come_and_go_and_get_every_byte():
    plug, port = await serve_plug(forged_flash(), MAX)
    try:
        for _ in range(3):
            assert await asyncio.to_thread(talk, port.path, 115200, LINK, 8) == LINKED
            reply = await asyncio.to_thread(talk, port.path, 115200, read_4k(0), 4111)
            assert reply[15:] == forged_flash()[:4096]
        assert plug.requests == {"LinkCheck": 3, "FlashRead4K": 3}
    finally:
        port.unplug()


async def test_an_idle_port_without_a_client_costs_next_to_nothing():
    _plug, port = await serve_plug(forged_flash(), MAX)
    try:
        await asyncio.to_thread(talk, port.path, 115200, LINK, 8)
        began = time.process_time()
        await asyncio.sleep(0.5)
        assert time.process_time() - began < 0.1
    finally:
        port.unplug()


async def test_an_exclusive_client_leaves_the_port_free_for_the_next():
    # Without this capability, which root has, an exclusive port can be opened by nobody.
    drop = ("setpriv", "--inh-caps=-sys_admin", "--bounding-set=-sys_admin")
    if os.geteuid() or not shutil.which(drop[0]):
        drop = ()
    client = (
        "import fcntl, serial, sys, termios\n"
        "with serial.Serial(sys.argv[1], 115200, timeout=5) as port:\n"
        "    fcntl.ioctl(port.fd, termios.TIOCEXCL)\n"
        f"    port.write({LINK!r})\n"
        f"    sys.exit(port.read(8) != {LINKED!r})\n"
    )
    _plug, port = await serve_plug(forged_flash(), MAX)
    try:
        for _ in range(2):
            process = await asyncio.create_subprocess_exec(
                *drop, sys.executable, "-c", client, port.path
            )
            assert await process.wait() == 0
    finally:
        port.unplug()


@pytest.mark.parametrize("baud", [9600, 115200, 921600, 1500000, 2000000, 777777])
async def test_the_clients_speed_is_seen(baud):
    device = Recorder()
    port = PtyPort(device)
    try:
        await asyncio.to_thread(talk, port.path, baud, b"hello", 0)
        await until(lambda: device.heard == b"hello")
        assert set(device.bauds) == {baud}
    finally:
        port.unplug()


async def test_speed_changed_between_request_and_reply():
    plug, port = await serve_plug(forged_flash(), MAX)

    def client():
        with serial.Serial(port.path, 115200, timeout=5) as line:
            line.write(set_baud(921600, 60))
            for _ in range(1000):
                if plug.baud == 921600:
                    break
                threading.Event().wait(0.002)
            line.baudrate = 921600
            first = line.read(12)
            line.write(LINK)
            second = line.read(8)
            line.baudrate = 115200
            line.timeout = 0.2
            line.write(LINK)
            return first, second, line.read(8)

    try:
        first, second, third = await asyncio.to_thread(client)
        assert first.hex() == "040e0901e0fc0f00100e003c"
        assert (second, third) == (LINKED, b"")
    finally:
        port.unplug()


async def test_a_client_that_does_not_read_holds_nobody_up():
    device = Recorder()
    port = PtyPort(device)
    sent = os.urandom(300_000)
    line = serial.Serial(port.path, 115200, timeout=5)
    try:
        line.write(b"?")
        await until(lambda: device.heard == b"?")
        began = asyncio.get_running_loop().time()
        for at in range(0, len(sent), 4111):
            device.send(sent[at : at + 4111])
        assert asyncio.get_running_loop().time() - began < 0.5
        assert await asyncio.to_thread(line.read, len(sent)) == sent
    finally:
        line.close()
        port.unplug()


async def test_unplug_is_seen_by_the_client_and_may_be_repeated(tmp_path):
    link = tmp_path / "plug"
    port = PtyPort(Recorder(), link)
    assert str(link.readlink()) == port.path
    descriptor = os.open(link, os.O_RDWR | os.O_NOCTTY)
    try:
        port.unplug()
        port.unplug()
        assert port.host_baud == 0
        assert not link.is_symlink()
        with pytest.raises(OSError):
            os.write(descriptor, LINK)
    finally:
        os.close(descriptor)


async def test_vanish_on_order_closes_the_port_until_it_is_plugged_in_again(tmp_path):
    options = PlugOptions(rate="max", protected=False, faults=(parse_fault("vanish:change:1"),))
    plug, port = await serve_plug(forged_flash(), options, tmp_path / "plug", returns_after=0.01)
    first = str((tmp_path / "plug").readlink())
    with pytest.raises(serial.SerialException):
        await asyncio.to_thread(talk, first, 115200, erase(0x11000), 16)
    try:
        await until((tmp_path / "plug").is_symlink)
        assert await asyncio.to_thread(talk, port.path, 115200, LINK, 8) == LINKED
        assert len(await asyncio.to_thread(talk, port.path, 115200, erase(0x12000), 16)) == 16
        assert len(plug.changes) == 2
    finally:
        port.unplug()
    assert not (tmp_path / "plug").is_symlink()


async def test_vanish_on_order_is_for_good_without_a_return():
    options = PlugOptions(rate="max", protected=False, faults=(parse_fault("vanish:erase:1"),))
    plug, port = await serve_plug(forged_flash(), options)
    with pytest.raises(serial.SerialException):
        await asyncio.to_thread(talk, port.path, 115200, erase(0x11000), 16)
    assert plug.changes == []
    port.unplug()


async def test_an_old_link_is_replaced_but_a_file_is_not(tmp_path):
    link = tmp_path / "plug"
    link.symlink_to(tmp_path / "gone")
    port = PtyPort(Recorder(), link)
    port.unplug()
    link.write_text("mine")
    with pytest.raises(FaultError) as caught:
        PtyPort(Recorder(), link)
    assert caught.value.fault.code == "SIM-PTY"
    assert link.read_text() == "mine"
