"""Show: every generation, what is odd, and what cannot be shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from core.events import Event, Private, Warned
from core.job import Job
from core.meter import adverts
from core.meter.tasks.show import ShowOptions, show
from core.sim.bluez_records import SimAdapter
from core.sim.meter_gatt_options import House
from core.sim.peripheral import Characteristic, Peripheral, Service
from tests.core.meter.bench import KEY, MAC, TWIN, bench, meter_of, module_of
from tests.virtual_clock import virtual

HERE = ShowOptions(address=MAC)


@virtual
async def test_all_that_a_module_says(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(key=KEY)) as b:
        found = await b.result(show, HERE)
        assert (found["serial"], found["made"]) == ("3171112520109", "04.10.2017")
        assert found["tariff1"] == "7308.600 kWh" and found["tariff1_raw"] == 730860
        assert found["firmware"] == found["software_revision"] == "V1.7"
        assert KEY.hex() not in str([e.to_json() for e in b.events])
        assert "its key is not stored here" in b.said(Warned)


@pytest.mark.parametrize(
    ("release", "length"),
    [("1.1", 8), ("1.2", 8), ("1.3-10", 10), ("1.3-11", 11), ("1.3-13", 13), ("1.7", 13)],
)
@virtual
async def test_every_generation_can_be_read(tmp_path: Path, release: str, length: int) -> None:
    async with bench(tmp_path, module_of(release)) as b:
        found = await b.result(show, HERE)
        assert found["status_bytes"] == length and found["meter_address"] == 20109
        assert ("current_raw" in found) is (release >= "1.3-11")
        assert bool(found["scale"]) is (length == 13)


@virtual
async def test_the_key_is_read_from_the_module_and_stored(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(key=KEY)) as b:
        found = await b.result(show, replace(HERE, keep_key=True))
        assert b.store.keys.bind_key(MAC) == KEY and "key" not in found
        found = await b.result(show, replace(HERE, reveal=True))
        assert found["key"] == KEY.hex()
        assert isinstance(found["key"], Private)  # which no journal keeps


@virtual
async def test_a_wrong_scale_is_recognised(tmp_path: Path) -> None:
    meter = meter_of(kind=4)
    async with bench(tmp_path, module_of(kind=4, meter=meter)) as b:
        await b.result(show, HERE)
        assert "0x0000" in b.said(Warned) and "0x0A09" in b.said(Warned)


@virtual
async def test_energy_that_has_wrapped_in_the_advert(tmp_path: Path) -> None:
    house = House(tariffs=(16778.0, 2.0, 3.0))
    async with bench(tmp_path, module_of(meter=meter_of(house=house))) as b:
        await asyncio.sleep(10)
        await b.result(show, HERE)
        assert "T1: the advert has wrapped, 0.784 kWh stand for 16778.000 kWh." in b.said(Warned)


@virtual
async def test_not_set_up_yet(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(meter_address=0)) as b:
        await b.result(show, HERE)
        assert "address is not set up yet" in b.said(Warned)


@virtual
async def test_zeros_before_the_first_poll_are_no_values(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(meter=meter_of(mood="silent"))) as b:
        await b.result(show, HERE)
        assert adverts.BLANK_NOTE in b.said(Warned)


class Lamp(Peripheral):
    """Something else that can be connected."""

    def services(self) -> tuple[Service, ...]:
        flags = ("read",)
        uuid = "00002a00-0000-1000-8000-00805f9b34fb"
        service = "00001800-0000-1000-8000-00805f9b34fb"
        return (Service(1, service, (Characteristic(2, uuid, flags),)),)

    def advert(self) -> bytes:
        return bytes.fromhex("020106")


@virtual
async def test_a_device_that_is_no_meter(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.air.add(Lamp("C0:00:00:00:00:01"))
        fault = await b.fault(show, ShowOptions(address="C0:00:00:00:00:01"))
        assert fault.code in ("METER-NOT-ONE", "RADIO-NOT-SEEN")


@virtual
async def test_two_modules_with_the_same_name(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(), module_of(address="A4:C2:39:5C:94:FA")) as b:
        fault = await b.fault(show, ShowOptions(address="5C94FA"))
        assert fault.code == "METER-TWINS" and MAC in fault.what and "A4:C2:39" in fault.what


@virtual
async def test_the_end_of_a_name_is_enough(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(), module_of(address=TWIN)) as b:
        assert (await b.result(show, ShowOptions(address="112233")))["mac"] == TWIN


@virtual
async def test_the_adapter_is_off(tmp_path: Path) -> None:
    off = (SimAdapter(powered=False),)
    async with bench(tmp_path, adapters=off) as b:
        with pytest.raises(Exception, match="RADIO-OFF"):
            await b.radio.listen(lambda _: None)
        fault = await b.fault(show, HERE)
        assert fault.code == "RADIO-OFF" and fault.command


@pytest.mark.parametrize("at", ["Find and connect", "Identify"])
@virtual
async def test_the_adapter_goes_away(tmp_path: Path, at: str) -> None:
    async with bench(tmp_path) as b:

        def on_event(_job: Job, event: Event) -> None:
            if getattr(event.body, "name", "") == at:
                b.stack.stack.set_power("hci0", False)
                b.module._hang_up()

        fault = await b.fault(show, HERE, on_event=on_event)
        assert fault.code.startswith(("RADIO-", "METER-LOST"))


@virtual
async def test_settings_that_an_update_has_scrambled(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(period=0x656C)) as b:
        await b.result(show, HERE)
        assert "METER-SCRAMBLED" in b.said(Warned)
