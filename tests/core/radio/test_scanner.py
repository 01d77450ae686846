"""The scan on the simulated air, on a clock that jumps: modes, watchdog, restarts, names."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from core.fault import FaultError
from core.radio.radio import Radio
from core.radio.status import Mode
from core.sim.air import Air, backends
from core.sim.bluez_records import IN_PROGRESS, SimAdapter
from core.sim.meter_adverts import AdvertisingMeter, Readings
from tests.virtual_clock import virtual

METER = "A4:C1:38:5C:94:FA"
FCD2 = "0000fcd2-0000-1000-8000-00805f9b34fb"


class Bench:
    """One air with a meter, one radio."""

    def __init__(self, **stack):
        adapter = stack.pop("adapter", "")
        self.air = Air()
        self.meter = AdvertisingMeter(METER)
        self.meter.adverts.update(Readings())
        self.air.add(self.meter)
        self.backends = backends(self.air, **stack)
        self.log = []
        self.radio = Radio(adapter=adapter, backends=self.backends, log=self.log.append)
        self.stack = self.backends.stack
        self.heard = []
        self.states = []
        self.faults = []
        self.radio.on_status(lambda status: self.states.append(status.mode))
        self.radio.on_status(lambda s: self.faults.append(s.fault.code if s.fault else ""))

    async def listen(self, **options):
        return await self.radio.listen(self.heard.append, **options)

    async def until(self, true, limit=600):
        async with asyncio.timeout(limit):
            while not true():  # noqa: ASYNC110 - the clock jumps
                await asyncio.sleep(0.05)

    async def hears(self, seconds):
        """How many adverts come in so many seconds."""
        before = len(self.heard)
        await asyncio.sleep(seconds)
        return len(self.heard) - before


@asynccontextmanager
async def bench(**stack):
    made = Bench(**stack)
    try:
        async with asyncio.timeout(7200):  # of the jumping clock, so that nothing hangs
            yield made
    finally:
        await made.radio.close()
        made.backends.close()
        made.air.close()


def now():
    return asyncio.get_running_loop().time()


@virtual
async def test_first_row_within_a_second_and_every_advert_after():
    async with bench() as b:
        began = now()
        await b.listen()
        await b.until(lambda: b.heard)
        assert now() - began < 1
        sent, got = b.air.advertised, len(b.heard)
        await asyncio.sleep(60)
        assert len(b.heard) - got == b.air.advertised - sent > 180
        assert {a.service_data[FCD2][3] for a in b.heard[-2:]} == {0x0A, 0x0B}  # both kinds


@virtual
async def test_asks_for_names_first_then_watches_passively():
    async with bench() as b:
        await b.listen()
        assert b.radio.status.mode is Mode.BOTH
        await b.until(lambda: b.radio.status.mode is Mode.PASSIVE)
        assert b.heard[-1].name == "Electricity_meter_5C94FA"
        assert b.radio.status.cost == ""
        await asyncio.sleep(300)
        assert b.states.count(Mode.BOTH) == 1


@virtual
async def test_a_newcomer_without_a_name_is_asked():
    async with bench() as b:
        await b.listen()
        await b.until(lambda: b.radio.status.mode is Mode.PASSIVE)
        other = "A4:C1:38:00:00:01"
        b.air.add(AdvertisingMeter(other))
        await b.until(lambda: any(a.address == other and a.name for a in b.heard), 60)
        assert Mode.BOTH in b.states[2:]


@virtual
async def test_without_monitors_it_is_active_and_says_what_that_costs():
    async with bench(monitors=False, controller="address") as b:
        await b.listen()
        status = b.radio.status
        assert status.mode is Mode.ACTIVE
        assert "11 s" in status.cost and "--experimental" in status.remedy
        await b.until(lambda: b.heard, 11)
        assert 5 <= await b.hears(60) <= 7  # one report in a scan cycle
        assert b.radio.status.restarts == 0


@virtual
async def test_a_monitor_beside_the_active_scan_takes_the_filter_away():
    async with bench(controller="address") as b:
        await b.listen(everything=True)
        assert await b.hears(30) > 90
        assert b.radio.status.mode is Mode.BOTH


@virtual
async def test_unchanged_adverts_are_told_by_a_newer_bluez_too():
    async with bench(monitors=False, quiet_rssi=True) as b:
        b.meter.adverts._packets[1] = b.meter.adverts._packets[0]  # nothing ever changes
        await b.listen()
        assert await b.hears(30) > 90


@virtual
async def test_nameless_devices_make_asking_rare():
    async with bench() as b:
        await b.listen()
        for number in range(60):
            stranger = AdvertisingMeter(f"C0:00:00:00:00:{number:02X}")
            stranger.scan_response, stranger.interval = lambda: b"", (20, 21)
            b.air.add(stranger)
            await asyncio.sleep(60)
        assert 5 <= b.states.count(Mode.BOTH) <= 20


@virtual
async def test_a_monitor_that_the_kernel_refused_is_found_out():
    async with bench(deaf_monitors=True) as b:
        await b.listen()
        await b.until(lambda: b.radio.status.mode is Mode.ACTIVE, 120)
        assert "kernel" in b.radio.status.cost
        assert await b.hears(30) > 90


@virtual
async def test_silence_restarts_the_scan_with_growing_pauses():
    async with bench() as b:
        b.air.remove(METER)
        await b.listen()
        await asyncio.sleep(600)
        assert 4 <= b.radio.status.restarts <= 9
        silent = [s for s in b.faults if s]
        assert set(silent) == {"RADIO-SILENT"} and not b.faults[0] and b.faults[-1]
        assert "RADIO-SILENT: Not one advert was heard for" in b.radio.status.text(now())
        await b.listen()  # the radio does what it can: this is no reason to refuse
        b.air.add(b.meter)
        assert await b.hears(15) > 10
        assert b.radio.status.fault is None


@virtual
async def test_a_short_silence_is_only_said():
    async with bench() as b:
        b.air.remove(METER)
        await b.listen()
        await asyncio.sleep(14)
        assert b.radio.status.text(now()) == "passive on hci0; nothing heard for 14 s"


@virtual
async def test_power_cycle_of_the_adapter_is_survived():
    async with bench() as b:
        await b.listen()
        await b.until(lambda: b.heard)
        b.stack.set_power("hci0", False)
        b.stack.set_power("hci0", True)  # both before anybody looked
        assert await b.hears(5) > 10
        assert b.radio.status.restarts == 1


@virtual
async def test_adapter_off_says_so_and_goes_on_when_it_is_on_again():
    async with bench() as b:
        await b.listen()
        b.stack.set_power("hci0", False)
        await b.until(lambda: b.radio.status.fault)
        fault = b.radio.status.fault
        assert (fault.code, fault.command) == ("RADIO-OFF", ("bluetoothctl", "power", "on"))
        b.stack.set_power("hci0", True)
        assert await b.hears(5) > 10
        assert b.radio.status.fault is None


@virtual
async def test_rfkill_is_told_from_switched_off():
    async with bench() as b:
        await b.listen()
        b.stack.block("hci0", True)
        await b.until(lambda: b.radio.status.fault)
        fault = b.radio.status.fault
        assert (fault.code, fault.command[:2]) == ("RADIO-BLOCKED", ("sudo", "rfkill"))
        b.stack.block("hci0", False)
        b.stack.set_power("hci0", True)
        assert await b.hears(5) > 10


@virtual
async def test_adapter_unplugged_and_plugged_in():
    async with bench() as b:
        await b.listen()
        adapter = b.stack.unplug("hci0")
        await b.until(lambda: b.radio.status.fault)
        assert b.radio.status.fault.code == "RADIO-NO-ADAPTER"
        b.stack.plug(adapter)
        assert await b.hears(5) > 10


@virtual
async def test_in_progress_is_waited_for():
    async with bench(monitors=False) as b:
        b.stack.order("StartDiscovery", IN_PROGRESS, "Operation already in progress", times=3)
        await b.listen()
        assert b.radio.status.mode is Mode.ACTIVE
    async with bench(monitors=False) as b:
        b.stack.order("StartDiscovery", IN_PROGRESS, "Operation already in progress", times=4)
        with pytest.raises(FaultError) as caught:
            await b.listen()
        assert caught.value.fault.code == "RADIO-BUSY"


@virtual
async def test_a_failed_start_leaves_nothing_running_and_persist_tries_again():
    async with bench() as b:
        b.stack.set_power("hci0", False)
        with pytest.raises(FaultError):
            await b.listen()
        assert b.radio.status.mode is Mode.OFF
        await b.listen(persist=True)
        await b.until(lambda: b.radio.status.fault)
        b.stack.set_power("hci0", True)
        assert await b.hears(5) > 10


def two():
    return (
        SimAdapter("hci0", "B8:27:EB:00:00:01", powered=False),
        SimAdapter("hci1", "00:1A:7D:DA:71:13"),
    )


@virtual
async def test_of_two_adapters_the_one_that_is_on_or_the_named_one():
    async with bench(adapters=two()) as b:
        await b.listen()
        assert b.radio.status.adapter.name == "hci1"
    async with bench(adapters=two(), adapter="00:1a:7d:da:71:13") as b:
        await b.listen()
        assert b.radio.status.adapter.name == "hci1"
        b.stack.set_power("hci0", True)
        b.radio.choose("B8:27:EB:00:00:01")
        await b.until(lambda: b.radio.status.adapter and b.radio.status.adapter.name == "hci0")
        assert await b.hears(5) > 10
    async with bench(adapters=two(), adapter="hci7") as b:
        with pytest.raises(FaultError) as caught:
            await b.listen()
        assert caught.value.fault.code == "RADIO-ADAPTER"
        assert "00:1A:7D:DA:71:13 (hci1)" in caught.value.fault.what
    async with bench(adapters=two(), adapter="hci0") as b:
        with pytest.raises(FaultError) as caught:
            await b.listen()
        assert caught.value.fault.code == "RADIO-OFF"


@virtual
async def test_last_listener_stops_the_scan_and_a_broken_one_deafens_nobody():
    def broken(_):
        raise ValueError("no")

    async with bench() as b:
        first = await b.radio.listen(broken)
        second = await b.listen()
        assert await b.hears(5) > 10
        assert "ValueError: no" in b.log[0]
        await first.close()
        await second.close()
        await second.close()
        assert b.radio.status.mode is Mode.OFF
        assert await b.hears(5) == 0
