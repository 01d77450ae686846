"""The simulated air: intervals, one connection a device, other loops, bleak's own front end."""

import asyncio
import threading

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError

from core.sim.air import Air, backends
from core.sim.air_crowd import HOSTILE, LivingMeter, Thermometer, neighbours
from core.sim.bluez_host import TEMPORARY
from core.sim.bluez_records import properties_of, structures
from core.sim.meter_adverts import AdvertisingMeter
from core.sim.peripheral import uuid16
from tests.core.radio.gadget import ADDRESS, ECHO, Gadget
from tests.virtual_clock import virtual

METER = "A4:C1:38:5C:94:FA"
PATTERNS = [(0, 0x16, b"\xd2\xfc")]


def ignore(_device, _data):
    """What bleak wants to call."""


async def heard_in(seconds, made, **options):
    """(device, data) of every callback of one scan."""
    got = []
    async with BleakScanner(lambda d, a: got.append((d, a)), backend=made.scanner, **options):
        await asyncio.sleep(seconds)
    return got


@virtual
async def test_interval_of_the_meter():
    air = Air()
    air.add(AdvertisingMeter(METER))
    await asyncio.sleep(60)
    assert 60 / 0.31 <= air.advertised <= 60 / 0.25 + 1  # 250 to 300 ms and up to 10 ms by chance
    air.close()


@virtual
async def test_name_comes_only_with_an_active_scan_and_then_stays():
    air = Air()
    air.add(AdvertisingMeter(METER))
    made = backends(air)
    passive = {"scanning_mode": "passive", "bluez": {"or_patterns": PATTERNS}}
    assert {a.local_name for _, a in await heard_in(3, made, **passive)} == {None}
    assert {a.local_name for _, a in await heard_in(3, made)} == {"Electricity_meter_5C94FA"}
    assert {a.local_name for _, a in await heard_in(3, made, **passive)} == {
        "Electricity_meter_5C94FA"
    }
    air.close()


@virtual
async def test_old_service_data_stays_unless_duplicates_are_asked_for():
    class Changing(Thermometer):
        def advert(self):
            self._version = 3 - self._version
            return super().advert()

    air = Air()
    air.add(Changing(METER))
    made = backends(air)
    both = {uuid16(0xFCD2), uuid16(0x181C)}
    found = await heard_in(10, made)
    assert set(found[-1][1].service_data) == both
    found = await heard_in(10, made, bluez={"filters": {"DuplicateData": True}})
    assert {len(a.service_data) for _, a in found[1:]} == {1}
    air.close()


@virtual
async def test_a_filtering_controller_shows_a_device_once_a_cycle_unless_a_monitor_is_there():
    air = Air()
    air.add(AdvertisingMeter(METER))
    made = backends(air, controller="address")
    assert 5 <= len(await heard_in(60, made)) <= 7
    passive = {"scanning_mode": "passive", "bluez": {"or_patterns": PATTERNS}}
    async with BleakScanner(ignore, backend=made.scanner, **passive):
        assert len(await heard_in(30, made)) > 90
    air.close()


@virtual
async def test_a_silent_device_is_forgotten():
    air = Air()
    air.add(AdvertisingMeter(METER))
    made = backends(air)
    await heard_in(2, made)
    assert made.stack.devices
    air.remove(METER)
    await asyncio.sleep(TEMPORARY + 4)
    assert not made.stack.devices
    made.close()


@virtual
async def test_bleaks_errors():
    air = Air()
    made = backends(air, monitors=False)
    with pytest.raises(BleakError, match="passive scanning on Linux requires"):
        await heard_in(1, made, scanning_mode="passive", bluez={"or_patterns": PATTERNS})
    with pytest.raises(BleakError, match="adapter 'hci7' not found"):
        await heard_in(1, made, bluez={"adapter": "hci7"})
    async with BleakScanner(ignore, backend=made.scanner):
        with pytest.raises(BleakDBusError, match="InProgress"):
            await heard_in(1, made)
    made.stack.set_power("hci0", False)
    with pytest.raises(BleakBluetoothNotAvailableError):
        await heard_in(1, made)
    with pytest.raises(BleakDBusError, match="NotReady"):
        await heard_in(1, made, bluez={"adapter": "hci0"})
    made.stack.unplug("hci0")
    with pytest.raises(BleakBluetoothNotAvailableError):
        await heard_in(1, made)
    air.close()


@virtual
async def test_a_connected_device_does_not_advertise_and_accepts_nobody_else():
    air = Air()
    gadget = Gadget()
    air.add(gadget)
    made = backends(air)
    device = (await heard_in(1, made))[-1][0]
    async with BleakClient(device, backend=made.client) as client:
        sent = air.advertised
        await asyncio.sleep(5)
        assert air.advertised == sent
        await client.write_gatt_char(ECHO, b"abc", response=True)
        assert await client.read_gatt_char(ECHO) == b"abc"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await air.connect(ADDRESS, "00:00:00:00:00:01", lambda *_: None, lambda: None)
    await asyncio.sleep(1)
    assert air.advertised > sent
    air.close()


def test_a_radio_on_another_loop_than_the_air():
    """As with --demo: the bench has a thread of its own."""
    ready, stop = threading.Event(), threading.Event()
    made = []

    async def bench():
        air = Air()
        gadget = Gadget()
        gadget.interval, gadget.setup = (0.01, 0.02), 0.01
        air.add(gadget)
        made.append(backends(air))
        ready.set()
        await asyncio.to_thread(stop.wait)
        air.close()

    thread = threading.Thread(target=asyncio.run, args=(bench(),))
    thread.start()
    ready.wait()

    async def program():
        device = (await heard_in(0.3, made[0]))[-1][0]
        got = []
        async with BleakClient(device, backend=made[0].client) as client:
            await client.start_notify(ECHO, lambda _, data: got.append(bytes(data)))
            await client.write_gatt_char(ECHO, b"abc", response=True)
            assert await client.read_gatt_char(ECHO) == b"abc"
            await asyncio.sleep(0.05)
        assert got == [b"cba"]

    try:
        asyncio.run(program())
    finally:
        stop.set()
        thread.join()


@virtual
async def test_neighbours_and_living_meters_send_what_fits():
    air = Air()
    meter = LivingMeter(METER)
    crowd = [*neighbours(), meter]
    packets = set()
    for _ in range(20):
        for device in crowd:
            for packet in (device.advert(), device.scan_response()):
                assert len(packet) <= 31
                assert sum(2 + len(body) for _, body in structures(packet)) == len(packet)
        packets.add(meter.advert())
        await asyncio.sleep(6)
    assert len(packets) > 5
    names = {properties_of(device.scan_response()).get("Name", "").encode() for device in crowd}
    assert set(HOSTILE) <= names
    air.close()


def test_cut_and_odd_packets_are_read_as_far_as_they_go():
    assert structures(b"\x05\x16\xd2") == []
    assert structures(b"\x02\x01\x06\x00\xff\xff") == [(1, b"\x06")]
    assert properties_of(b"\x02\x16\xd2\x01\x09\x02\xff\x00") == {"Name": ""}
