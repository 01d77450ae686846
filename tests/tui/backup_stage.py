"""Backups in a folder of the test, made at a fixed time, and a dump whose secrets are known."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from core.sim.firmware import stock_n
from core.store.backups import Backups, Part, SidecarFacts
from tests.tui.stage import StageHost

MAC = "C0:FF:EE:00:12:34"
WHEN = datetime(2026, 11, 20, 14, 2, 33, tzinfo=UTC)
RELAY_AT = 0x1EF300
"""Where user_param_key begins in the stock flash."""


@cache
def stock() -> bytes:
    """The stock flash of a plug."""
    return stock_n()


def changed(*places: tuple[int, bytes]) -> bytes:
    """The stock flash with other bytes at these addresses."""
    data = bytearray(stock())
    for at, new in places:
        data[at : at + len(new)] = new
    return bytes(data)


def facts(size: int, *, true: bool = True) -> SidecarFacts:
    reasons = () if true else ("Two sectors could not be proven.",)
    return SidecarFacts("bk7231n", "eb6015", MAC, size, true, true, reasons, "00000000", "uart")


def begin(host: StageHost, size: int) -> Part:
    """A backup that is being read."""
    backups = host.store.backups
    return Backups(backups.root, host.store.files, lambda: WHEN).begin(MAC, "bk7231n", size)


async def keep(host: StageHost, data: bytes, *, true: bool = True) -> Path:
    """A finished backup; its name is the same in every run."""
    part = begin(host, len(data))
    await part.write(0, data)
    return (await part.finish(facts(len(data), true=true))).path
