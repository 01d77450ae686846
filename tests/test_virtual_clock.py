"""The clock that the other tests trust."""

from __future__ import annotations

import asyncio
import socket
import threading
from time import monotonic

import pytest

from tests import virtual_clock
from tests.virtual_clock import START, run, virtual


@virtual
async def test_an_hour_takes_no_time_and_timers_keep_their_order() -> None:
    began, clock = monotonic(), asyncio.get_running_loop().time
    seen: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append((name, clock() - START))

    await asyncio.gather(sleeper("b", 3600.0), sleeper("a", 0.5), sleeper("c", 7200.0))
    assert seen == [("a", 0.5), ("b", 3600.0), ("c", 7200.0)]
    assert monotonic() - began < 5


@virtual
async def test_time_stands_still_while_something_can_run() -> None:
    clock = asyncio.get_running_loop().time
    for _ in range(100):
        await asyncio.sleep(0)
    assert clock() == START


@virtual
async def test_a_thread_is_waited_for_without_a_jump() -> None:
    loop = asyncio.get_running_loop()
    go = threading.Event()
    fired: list[float] = []
    loop.call_later(60, lambda: fired.append(loop.time()))
    threading.Timer(0.05, go.set).start()
    assert await asyncio.to_thread(go.wait, 5)
    assert loop.time() == START
    assert fired == []


@virtual
async def test_ready_bytes_win_over_a_timer() -> None:
    near, far = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=near)
    with far:
        far.sendall(b"hello")
        async with asyncio.timeout(1):
            assert await reader.readexactly(5) == b"hello"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await reader.readexactly(1)
        writer.close()
        await writer.wait_closed()


def test_a_stuck_test_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_clock, "STALL", 0.05)

    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="nothing can happen"):
        run(never())


def test_a_spinning_test_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_clock, "ROUNDS", 1000)

    async def spin() -> None:
        while asyncio.get_running_loop().time() < START + 1:  # noqa: ASYNC110 - the mistake
            await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="spins"):
        run(spin())


def test_run_hands_back_the_result() -> None:
    async def seven() -> int:
        await asyncio.sleep(7)
        return await asyncio.to_thread(lambda: 7)

    assert run(seven()) == 7
