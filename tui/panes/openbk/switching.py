"""The job of the relay key."""

from __future__ import annotations

from core.job import Reporter, Result
from core.openbk.client import Connect
from tui.work import Tools, Work


def switch_work(connect: Connect, host: str, channel: int) -> Work:
    """Switch a relay to its other state."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.openbk.tasks.switch import SwitchOptions, switch

        options = SwitchOptions(host=host, channel=channel)
        return await switch(report, options, connect=connect, store=tools.store)

    return Work("openbk-switch", f"Relay: {host}", task)
