"""From the simulated air through bleak's classes and the radio into the feed."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from core.air.feed import Feed
from core.fault import FaultError
from core.radio.radio import Radio
from core.sim.air import Air, backends
from core.sim.air_crowd import LivingMeter, neighbours
from core.store.store import Store
from tests.virtual_clock import virtual
from tui.airsource import RadioSource
from tui.host import Host, Options

PLAIN, SEALED = "A4:C1:38:00:00:01", "A4:C1:38:00:00:02"
KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")


class Tools:
    """One radio for whoever asks."""

    def __init__(self, radio: Radio) -> None:
        self._radio = radio

    def radio(self, adapter: str = "") -> Radio:
        return self._radio


@virtual
async def test_the_simulated_meters_show_right_and_nothing_is_lost(tmp_path: Path) -> None:
    air = Air()
    air.add(LivingMeter(PLAIN, rssi=-60))
    air.add(LivingMeter(SEALED, key=KEY, rssi=-70))
    for other in neighbours():
        air.add(other)
    radio = Radio(backends=backends(air))
    source = RadioSource(Tools(radio), persist=True)  # type: ignore[arg-type]
    feed = Feed(Store(tmp_path), keys={SEALED: KEY})
    assert source.says == "the radio starts"
    running = asyncio.create_task(feed.run(source))
    await asyncio.sleep(200)
    snapshot = feed.snapshot()
    views = {view.address: view for view in snapshot.changed}
    for address, key in ((PLAIN, "plain"), (SEALED, "key ok")):
        view = views[address]
        assert view.meter and view.key.text == key and not view.marks
        assert view.lost == 0 and 180 < view.per_minute < 260
        kinds = {(v.reading.quantity, v.reading.instance) for v in view.values}
        assert {("energy", 3), ("power", 1), ("voltage", 1), ("battery", 1)} <= kinds
    assert snapshot.fault is None and "hci0" in snapshot.says
    assert not snapshot.hint
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await radio.close()
    air.close()


@virtual
async def test_a_radio_that_does_not_work_is_a_fault_that_stays_or_ends_it(tmp_path: Path) -> None:
    air = Air()
    radio = Radio(adapter="hci9", backends=backends(air))
    tools = Tools(radio)
    with pytest.raises(FaultError) as caught:
        await Feed(Store(tmp_path)).run(RadioSource(tools, persist=False))  # type: ignore[arg-type]
    assert caught.value.fault.code.startswith("RADIO-")
    source = RadioSource(tools, persist=True)  # type: ignore[arg-type]
    feed = Feed(Store(tmp_path))
    running = asyncio.create_task(feed.run(source))
    await asyncio.sleep(5)
    fault = feed.snapshot().fault
    assert fault is not None and fault.code == caught.value.fault.code
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await radio.close()
    air.close()


def test_a_stream_ends_with_the_host(tmp_path: Path) -> None:
    host = Host(Options(home=str(tmp_path)))
    began = threading.Event()

    async def forever() -> None:
        began.set()
        await asyncio.Event().wait()

    stream = host.stream(forever())
    assert began.wait(20)
    host.join()
    assert stream.cancelled()
