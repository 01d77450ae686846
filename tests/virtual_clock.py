"""An event loop whose clock jumps: tests of minutes of line time take milliseconds.

Time stands still while anything can run.  When nothing can, and no file descriptor is ready, the
clock moves at once to the next timer.  It starts at 1000.0, so that a forgotten zero shows.

Two ways to use it::

    from tests.virtual_clock import run, virtual

    @virtual
    async def test_one(tmp_path):        # fixtures work; async fixtures have another loop
        await asyncio.sleep(3600)

    def test_two():
        assert run(work()) == 7          # for use inside a hypothesis test

What to know:

- Inside, `asyncio.get_running_loop().time()` is the virtual time; measure with that.
- `asyncio.to_thread` and everything else in `run_in_executor` is waited for in real time: the
  clock does not move until the thread is done.  So a deadline never fires on a thread call.  A
  thread started in another way is not seen; the clock runs past it.
- Sockets and ptys work when both ends live in this loop.  Another process would be too slow for
  the jumping clock: use a real loop there.
- A loop that spins with `sleep(0)` until a deadline never lets time move; after a million rounds
  at one instant RuntimeError says so.  When nothing can ever happen any more (a future that
  nobody will set), RuntimeError says so after `STALL` real seconds instead of hanging.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

START = 1000.0
STALL = 10.0
"""Real seconds without any timer, thread or ready descriptor until a test counts as stuck."""
ROUNDS = 1_000_000
"""Rounds of the loop at one instant until a test counts as spinning."""


class _JumpingSelector(selectors.DefaultSelector):
    """Asks the kernel without waiting, and moves the clock where the loop wanted to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.threads = 0
        self._rounds = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            self._rounds += 1
            if self._rounds > ROUNDS:
                self._rounds = 0  # the clean-up after this error needs some rounds, too
                raise RuntimeError(f"the loop spins: {ROUNDS} rounds at t={self.now}")
            return ready
        self._rounds = 0
        if self.threads:
            return super().select(None)  # the thread wakes the loop when it is done
        if timeout is None:
            ready = super().select(STALL)
            if not ready:
                raise RuntimeError(f"nothing can happen any more at t={self.now}")
            return ready
        self.now += timeout
        return ready


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """The loop; see the module's text."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self._jumping.threads += 1
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _: asyncio.Future[Any]) -> None:
        self._jumping.threads -= 1

    async def shutdown_default_executor(self, *args: Any) -> None:
        # Newer Pythons put a deadline on this; the clock must not jump to it.
        self._jumping.threads += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self._jumping.threads -= 1


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end on a fresh virtual clock; left-over tasks are cancelled."""
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(main)


def virtual(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Makes an async test an ordinary one that runs on a virtual clock of its own."""

    @functools.wraps(test)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs))

    return wrapped
