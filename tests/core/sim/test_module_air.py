"""A module that was flashed is heard: its adverts follow from what is on its flash."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.sim.air import Air, Heard
from core.sim.module_air import ModuleInAir
from tests.core.telink.bench import MAC, bench, result_of
from tests.virtual_clock import virtual


@virtual
async def test_it_is_heard_once_the_flashed_firmware_runs(tmp_path: Path) -> None:
    table = bench(tmp_path)
    air, heard = Air(), list[Heard]()
    air.listen(heard.append)
    air.add(ModuleInAir(table.module))
    await asyncio.sleep(30)
    assert not heard  # V1.6: what it sends is in no sheet
    result_of(await table.job("flash"))
    await asyncio.sleep(30)
    assert {h.peripheral.address for h in heard} == {MAC}
    assert b"Electricity_meter_AABBCC" in heard[-1].scan_response
    sealed = {h.advert[7] & 1 for h in heard}

    result_of(await table.job("wipe"))
    heard.clear()
    await asyncio.sleep(30)
    assert (sealed, {h.advert[7] & 1 for h in heard}) == ({1}, {0})  # the key is gone with the ring

    table.module.target.halted = True
    await asyncio.sleep(1)
    heard.clear()
    await asyncio.sleep(30)
    assert not heard
    air.close()
