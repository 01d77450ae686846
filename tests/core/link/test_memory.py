"""The in-memory link, and with it the waiting that all links share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from core.fault import FaultError
from core.link.api import Link
from core.link.memory import MemoryLink
from tests.virtual_clock import virtual


class Recorder:
    """A device that keeps what it hears and sends what the test says."""

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, int]] = []
        self.send: Callable[[bytes], None] = lambda data: None

    def attach(self, send: Callable[[bytes], None]) -> None:
        self.send = send

    def received(self, data: bytes, baud: int) -> None:
        self.heard.append((data, baud))

    def later(self, seconds: float, data: bytes) -> None:
        asyncio.get_running_loop().call_later(seconds, self.send, data)


def now() -> float:
    return asyncio.get_running_loop().time()


@virtual
async def test_it_is_a_link_and_carries_the_speed() -> None:
    device = Recorder()
    link: Link = MemoryLink(device, name="bench")
    await link.write(b"\x01\xe0")
    await link.set_baud(921600)
    await link.write(b"\xfc")
    assert device.heard == [(b"\x01\xe0", 115200), (b"\xfc", 921600)]
    assert (link.name, link.baud) == ("bench", 921600)


@virtual
async def test_read_returns_at_the_first_byte() -> None:
    device = Recorder()
    link = MemoryLink(device)
    device.later(0.25, b"abc")
    device.later(0.30, b"def")
    began = now()
    assert await link.read(2, 1.0) == b"ab"
    assert now() - began == pytest.approx(0.25)
    assert await link.read(100, 1.0) == b"c"
    assert await link.read(100, 1.0) == b"def"
    assert now() - began == pytest.approx(0.30)


@virtual
async def test_read_of_nothing_lasts_exactly_its_timeout() -> None:
    link = MemoryLink(Recorder())
    began = now()
    assert await link.read(10, 0.4) == b""
    assert now() - began == pytest.approx(0.4)
    assert await link.read(10, 0) == b""
    assert now() - began == pytest.approx(0.4)


@virtual
async def test_a_poll_sees_what_is_already_under_way() -> None:
    device = Recorder()
    link = MemoryLink(device)
    asyncio.get_running_loop().call_soon(device.send, b"x")
    assert await link.read(10, 0) == b"x"


@virtual
async def test_read_exactly_waits_for_all_and_gives_what_it_has() -> None:
    device = Recorder()
    link = MemoryLink(device)
    for index in range(8):
        device.later(0.1 * (index + 1), bytes([index]))
    began = now()
    assert await link.read_exactly(5, 2.0) == bytes(range(5))
    assert now() - began == pytest.approx(0.5)
    assert await link.read_exactly(5, 0.35) == bytes([5, 6, 7])
    assert now() - began == pytest.approx(0.85)


@virtual
async def test_quiet_throws_away_until_silence() -> None:
    device = Recorder()
    link = MemoryLink(device)
    for index in range(10):
        device.later(0.05 * index, bytes([index]) * 100)
    began = now()
    assert await link.quiet(0.1, 5.0) == b"\x07" * 56 + b"\x08" * 100 + b"\x09" * 100
    assert now() - began == pytest.approx(0.55)
    assert await link.read(10, 0.01) == b""


@virtual
async def test_quiet_gives_up_on_a_babbling_line() -> None:
    device = Recorder()
    link = MemoryLink(device)
    for index in range(100):
        device.later(0.05 * index, b"u")
    began = now()
    await link.quiet(0.1, 1.0)
    assert now() - began == pytest.approx(1.0)


@virtual
async def test_flush_waits_for_the_line_time() -> None:
    link = MemoryLink(Recorder())
    began = now()
    await link.write(bytes(1152))
    await link.write(bytes(1152))
    assert now() == began
    await link.flush()
    assert now() - began == pytest.approx(0.2)


@virtual
async def test_unplug_ends_the_waiting_call_and_all_later_ones() -> None:
    link = MemoryLink(Recorder())
    asyncio.get_running_loop().call_later(0.5, link.unplug)
    began = now()
    with pytest.raises(FaultError) as seen:
        await link.read_exactly(4, 60)
    assert seen.value.fault.code == "LINK-GONE"
    assert now() - began == pytest.approx(0.5)
    calls = [
        link.write(b"x"),
        link.flush(),
        link.read(1, 1),
        link.quiet(1, 1),
        link.set_baud(9600),
        link.set_lines(dtr=False, rts=False),
        link.send_break(1),
    ]
    for call in calls:
        with pytest.raises(FaultError, match="LINK-GONE"):
            await call
    assert now() - began == pytest.approx(0.5)


@virtual
async def test_a_device_that_vanishes_on_a_request_is_noticed_by_its_write() -> None:
    device = Recorder()
    link = MemoryLink(device)
    device.received = lambda data, baud: link.unplug()  # type: ignore[method-assign]
    with pytest.raises(FaultError, match="LINK-GONE"):
        await link.write(b"x")


@virtual
async def test_close_may_be_repeated_and_ends_the_line() -> None:
    device = Recorder()
    link = MemoryLink(device)
    await link.close()
    await link.close()
    device.send(b"late")
    with pytest.raises(FaultError, match="is closed"):
        await link.read(1, 0)


@virtual
async def test_a_line_that_nobody_reads_does_not_fill_the_memory() -> None:
    device = Recorder()
    link = MemoryLink(device)
    for index in range(200):
        device.send(bytes([index]) * 65536)
    kept = await link.read(1 << 30, 1)
    assert len(kept) <= 1 << 22
    assert kept.endswith(bytes([199]) * 65536)


@virtual
async def test_a_speed_of_zero_is_refused() -> None:
    link = MemoryLink(Recorder())
    with pytest.raises(FaultError, match="LINK-BAUD"):
        await link.set_baud(0)
    assert link.baud == 115200


@virtual
async def test_a_cancelled_read_leaves_the_link_usable() -> None:
    device = Recorder()
    link = MemoryLink(device)
    reading = asyncio.ensure_future(link.read(1, 10))
    await asyncio.sleep(0.1)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    device.send(b"k")
    assert await link.read(1, 1) == b"k"
