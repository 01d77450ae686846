"""Calls into a driver that may hang for ever, kept away from the loop.

Opening, setting up and closing a port on a dead adapter can block inside the kernel.  Each such
call gets a daemon thread, so that neither the loop nor the end of the program waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def off_loop(
    work: Callable[[], T], patience: float, undo: Callable[[T], object] | None = None
) -> T:
    """The result of `work()`, run in a thread of its own.

    Raises what `work` raises, or TimeoutError after `patience` seconds.  A result that comes too
    late, or after a cancel, is handed to `undo` in a thread.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def deliver(result: T) -> None:
        if not answer.done():
            answer.set_result(result)
        else:
            _undo(undo, result)

    def refuse(error: BaseException) -> None:
        if not answer.done():
            answer.set_exception(error)

    def body() -> None:
        try:
            result = work()
        except BaseException as error:
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits
                loop.call_soon_threadsafe(refuse, error)
            return
        try:
            loop.call_soon_threadsafe(deliver, result)
        except RuntimeError:
            _undo(undo, result)

    threading.Thread(target=body, name="link-call", daemon=True).start()
    try:
        async with asyncio.timeout(patience):
            return await answer
    except BaseException:
        # A cancel can arrive between the answer and our waking up: then nobody else has it.
        if answer.done() and not answer.cancelled() and answer.exception() is None:
            _undo(undo, answer.result())
        raise


def _undo(undo: Callable[[T], object] | None, result: T) -> None:
    if undo is not None:
        threading.Thread(target=undo, args=(result,), daemon=True).start()
