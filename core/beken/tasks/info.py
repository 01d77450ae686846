"""Who is there: link, identify, say so."""

from __future__ import annotations

from dataclasses import dataclass

from core.beken.tasks.session import PlugOptions, session
from core.job import Reporter, Result
from core.link.api import OpenPort


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoOptions(PlugOptions):
    """Nothing more than how to reach the plug."""


async def info(report: Reporter, options: InfoOptions, *, ports: OpenPort) -> Result:
    """Identify the plug; changes nothing.  Result: the fields of `Device` and `summary`."""
    async with session(report, options, ports, "Info: who is there", (1, 2)) as plug:
        device = plug.device
    name = device.mac or "no MAC"
    found = device.facts()
    summary = f"{device.chip.upper()}, {device.part}, key {found['flash_key']}, {name}"
    return {**found, "summary": summary}
