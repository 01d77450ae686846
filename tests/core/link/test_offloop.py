"""Calls that may hang: the caller goes on, and what comes too late is undone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from core.link.offloop import off_loop


async def test_result_and_error_come_back() -> None:
    assert await off_loop(threading.get_ident, 5) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        await off_loop(lambda: 1 // 0, 5)


async def test_a_late_result_is_undone(eventually: Callable[..., Any]) -> None:
    go, undone = threading.Event(), []
    with pytest.raises(TimeoutError):
        await off_loop(lambda: go.wait(10) and "port", 0.02, undo=undone.append)
    assert undone == []
    go.set()
    await eventually(lambda: undone == ["port"])


async def test_a_cancel_right_after_the_answer_loses_nothing(
    eventually: Callable[..., Any],
) -> None:
    undone: list[str] = []
    loop = asyncio.get_running_loop()
    answered = threading.Event()

    def work() -> str:
        # The cancel is queued right behind the answer, before the caller can wake up.
        loop.call_soon_threadsafe(lambda: answered.wait(5) and loop.call_soon(task.cancel))
        threading.Timer(0.02, answered.set).start()
        return "port"

    task = asyncio.ensure_future(off_loop(work, 5, undo=undone.append))
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: undone == ["port"])


def test_a_loop_that_is_gone_is_no_trouble() -> None:
    go, undone = threading.Event(), threading.Event()

    async def start() -> None:
        with pytest.raises(TimeoutError):
            await off_loop(lambda: go.wait(10), 0.01, undo=lambda _: undone.set())

    asyncio.run(start())
    go.set()
    assert undone.wait(5)
