"""Unlock and live values through bleak's own BlueZ backend, on the stand-in's bus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.events import Event
from core.fault import Touched
from core.job import Job
from core.meter.tasks.live import LiveOptions, live
from core.meter.tasks.whitelist import WhitelistOptions, bind, unlock
from core.sim.meter_gatt import MeterModule
from core.sim.meter_gatt_options import ModuleOptions
from core.stops import Stop
from tests.core.meter.bench import FOREIGN, MAC, Bench, Given, module_of
from tests.core.radio.conftest import stand

__all__ = ["stand"]
YES = {"sws-safe": "yes", "sws-start": "yes", "sws-away": "yes"}
HERE = WhitelistOptions(address=MAC, tick=0.1)


def bench_on(s: Any, folder: Path, options: ModuleOptions) -> Bench:
    """A bench whose radio is bleak on the bus of the stand."""
    module = MeterModule(options)
    module.interval = (0.05, 0.06)
    s.air.add(module)
    return Bench(folder, s.air, s.radio(), s, [module], answers=Given(YES))


async def test_unlock_releases_a_foreign_lock_and_proves_it(stand: Any, tmp_path: Path) -> None:
    async with stand() as s:
        b = bench_on(s, tmp_path, module_of(pace=0.01, bonded_to=FOREIGN))

        def on_event(_job: Job, event: Event) -> None:
            if event.body.event == "progress" and event.to_json()["done"] == 7:
                b.module.short_sws()

        found = await b.result(unlock, HERE, on_event=on_event)
        assert found == {
            "mac": MAC,
            "summary": "unlocked by SWS",
            "touched": str(Touched.COMPLETE),
        }
        assert "METER-OPEN The module accepts this computer: the lock is off." in b.said()
        assert not b.module.locked_to and b.module._central is None


async def test_unlock_forgets_the_old_pairing_of_this_computer(stand: Any, tmp_path: Path) -> None:
    async with stand() as s:
        b = bench_on(s, tmp_path, module_of(pace=0.01))
        await b.result(bind, HERE)
        assert b.module.locked_to and s.stack.bonds
        b.module.short_sws()
        await b.result(unlock, HERE)
        assert "METER-FORGOT The old pairing of this computer is removed." in b.said()
        assert not b.module.locked_to and not s.stack.bonds


async def test_a_stop_at_the_stopwatch_lets_go_of_the_radio(stand: Any, tmp_path: Path) -> None:
    async with stand() as s:
        b = bench_on(s, tmp_path, module_of(pace=0.01, bonded_to=FOREIGN))

        def on_event(job: Job, event: Event) -> None:
            if event.body.event == "progress" and event.to_json()["done"] == 3:
                job.stop(Stop.CANCEL)

        fault = await b.fault(unlock, HERE, on_event=on_event)
        assert fault.code == "STOPPED" and "less than 6 s" in fault.state
        assert b.module.locked_to == FOREIGN and not b.module.received


async def test_live_values_come_and_a_stop_ends_the_connection(stand: Any, tmp_path: Path) -> None:
    async with stand() as s:
        b = bench_on(s, tmp_path, module_of(pace=0.01))

        watching = False

        def on_event(job: Job, event: Event) -> None:
            nonlocal watching
            told = event.to_json()
            watching |= told.get("name") == "Live"
            if watching and told.get("key") == "meter":
                job.stop(Stop.CANCEL)

        fault = await b.fault(live, LiveOptions(address=MAC, visits=1), on_event=on_event)
        assert fault.code == "CANCELLED" and fault.touched is Touched.NOTHING
        values = [e.body.values for e in b.events
                  if e.body.event == "facts" and e.body.key == "meter"][-1]  # fmt: skip
        assert values["values"]["power"] == "120.00 W" and values["serial"] == "3171112520109"
        assert 290 < values["seconds_left"] <= 300
        assert b.module._central is None and not b.module.locked_to
