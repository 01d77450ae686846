"""The D-Bus connection that bleak keeps for each loop."""

from __future__ import annotations

import asyncio

from bleak.backends.bluezdbus import manager


async def forget_bleak() -> None:
    """bleak keeps one bus connection a loop for ever: close it, as the end of a process does."""
    kept = manager._global_instances.pop(asyncio.get_running_loop(), None)
    if kept is not None and kept._bus is not None:
        kept._bus.disconnect()
        if kept._bus_watcher_task is not None:
            await asyncio.wait([kept._bus_watcher_task])
