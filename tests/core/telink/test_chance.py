"""Faults by chance, several in one job: never a hole that counts as done, never half a firmware."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.events import Failed
from core.fault import Touched
from core.sim.module import Module
from core.sim.module_target import MARK_AT
from tests.core.telink.bench import MAX, NEW, Bench, bench, result_of
from tests.virtual_clock import virtual

FATES = ("drop", "mute", "corrupt", "garbled", "noise", "lose", "late", "trash", "short", "reset",
         "reboot", "vanish")  # fmt: skip
KINDS = {
    "version": 4, "pins": 4, "activate": 3, "baud": 3, "read": 60, "write": 70, "erase": 6,
    "jedec": 3, "status": 40, "swread": 8, "swwrite": 6, "spi": 5, "crc": 560,
}  # fmt: skip
"""How many requests of a kind a flash job makes, about."""


def some_orders(dice: random.Random) -> list[str]:
    """One to five faults."""
    found = []
    for _ in range(dice.randrange(1, 6)):
        kind, fate = dice.choice(list(KINDS)), dice.choice(FATES)
        more = f":{dice.randrange(1, 4)}" if dice.random() < 0.3 and fate != "vanish" else ""
        found.append(f"{fate}:{kind}:{dice.randrange(1, KINDS[kind] + 1)}{more}")
    return found


@pytest.mark.parametrize("seed", range(16))
def test_done_is_right_and_everything_else_can_go_on(seed: int, tmp_path: Path) -> None:
    @virtual
    async def run() -> None:
        dice = random.Random(seed)
        orders = some_orders(dice)
        baud, version = dice.choice((0, 230400, 1500000)), dice.choice((8, 8, 2))
        table = bench(tmp_path, *orders, baud=baud, version=version)
        outcome = await table.job("flash")
        assert table.module.flash[0x5000:] == table.before[0x5000:], orders
        if not isinstance(outcome, Failed):
            assert table.right, orders
            return
        flash = bytes(table.module.flash)
        whole = flash[: len(NEW)] == NEW or flash[:0x4000] == table.before[:0x4000]
        assert flash[MARK_AT] != 0x4B or whole, orders
        if outcome.fault.touched is Touched.PARTIAL:
            after = Bench(table.folder, Module(flash, MAX))
            after.before = table.before
            result_of(await after.job("resume"))
            assert after.right, orders

    run()
