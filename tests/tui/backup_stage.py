"""Backups in a folder of the test, made at a fixed time, and a dump whose secrets are known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from core.profile.block import Block
from core.profile.model import Names
from core.profile.toml_file import SHIPPED, load
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


@cache
def own_sector() -> bytes:
    """The configuration of an OpenBeken that was set up on that plug."""
    profile = load(SHIPPED / "lsc-3202087.toml")
    mine = replace(
        profile,
        names=Names(short="kitchen", long="Kitchen"),
        mqtt=replace(profile.mqtt, host="192.0.2.7"),
        flags={**profile.flags, 21: True},
    )
    return Block.new().with_profile(mine).sector()


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
