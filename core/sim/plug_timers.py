"""Timers by name: setting one again moves it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Timers:
    """What a simulated plug waits for, on the running loop's clock."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.TimerHandle] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._running

    def set(self, name: str, when: float, call: Callable[[], None]) -> None:
        """Call `call` at `when` (the loop's time)."""
        self.cancel(name)
        self._running[name] = asyncio.get_running_loop().call_at(when, call)

    def cancel(self, *names: str) -> None:
        """Forget these."""
        for name in names:
            timer = self._running.pop(name, None)
            if timer is not None:
                timer.cancel()
