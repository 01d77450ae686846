"""bleak's own BlueZ backend against the stand-in: scanning, connecting, every row of errors."""

import asyncio
import os

import pytest
from bleak import BleakScanner

from core.fault import FaultError
from core.radio.errors import fault_of
from core.radio.status import Mode
from core.sim.bluez_records import FAILED, IN_PROGRESS, SimAdapter
from core.sim.meter_adverts import AdvertisingMeter, Readings
from tests.core.radio.bleak_bus import forget_bleak
from tests.core.radio.gadget import ADDRESS, ECHO, LOCKED, MUTE, Gadget

METER = "A4:C1:38:00:00:07"
FCD2 = "0000fcd2-0000-1000-8000-00805f9b34fb"
QUICK = (0.02, 0.03)


def meter(address=METER):
    made = AdvertisingMeter(address)
    made.interval = QUICK
    made.adverts.update(Readings())
    return made


def gadget():
    made = Gadget()
    made.interval, made.setup, made.delay = QUICK, 0.02, 0.002
    return made


def ignore(_device, _data):
    """What bleak wants to call."""


async def until(true, limit=10.0):
    async with asyncio.timeout(limit):
        while not true():  # noqa: ASYNC110 - what is waited for is on another connection
            await asyncio.sleep(0.01)


async def code_of(work):
    with pytest.raises(FaultError) as caught:
        await work
    return caught.value.fault.code


# -- scanning ------------------------------------------------------------------------------


async def test_every_advert_of_both_kinds_and_the_name(stand):
    async with stand() as s:
        s.air.add(meter())
        heard = []
        radio = s.radio()
        await radio.listen(heard.append)
        assert radio.status.mode is Mode.BOTH
        await until(lambda: heard)
        sent = s.air.advertised - len(heard)
        await until(lambda: len(heard) > 60)
        await asyncio.sleep(0.1)
        assert abs(s.air.advertised - sent - len(heard)) <= 1
        assert heard[-1].name == "Electricity_meter_000007"
        assert {a.service_data[FCD2][3] for a in heard[-4:]} == {0x0A, 0x0B}
        assert heard[-1].rssi == -60


async def test_active_where_monitors_are_not(stand):
    async with stand(monitors=False) as s:
        s.air.add(meter())
        heard = []
        radio = s.radio()
        await radio.listen(heard.append)
        assert radio.status.mode is Mode.ACTIVE and "experimental" in radio.status.remedy
        await until(lambda: len(heard) > 20)


async def test_passive_alone_hears_meters_and_no_others(stand, monkeypatch):
    monkeypatch.setattr("core.radio.scanner.ACTIVE_FIRST", 0.1)
    monkeypatch.setattr("core.radio.scanner.TICK", 0.1)
    async with stand() as s:
        other = Gadget("AA:BB:CC:00:00:01")
        other.advert = lambda: bytes.fromhex("0201060303aafe")
        other.interval = QUICK
        s.air.add(meter())
        s.air.add(other)
        heard = []
        radio = s.radio()
        await radio.listen(heard.append)
        await until(lambda: radio.status.mode is Mode.PASSIVE)
        heard.clear()
        await until(lambda: len(heard) > 40)
        assert {a.address for a in heard} == {METER}


# -- errors: what bleak raises, what the radio says ------------------------------------------


def no_bus(monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'none'}")


async def starts(adapter=""):
    """What bleak raises, as a fault."""
    bluez = {"adapter": adapter} if adapter else {}
    try:
        async with BleakScanner(ignore, bluez=bluez):
            return "runs"
    except Exception as error:
        return fault_of(error, "Starting").fault.code
    finally:
        await forget_bleak()


OFF = SimAdapter(powered=False)


@pytest.mark.parametrize(
    ("options", "adapter", "code", "command"),
    [
        ({"service": False}, "", "RADIO-NO-BLUEZ", "sudo systemctl enable --now bluetooth"),
        ({"denied": True}, "", "RADIO-DENIED", "sudo usermod -aG bluetooth $USER"),
        ({"adapters": (OFF,)}, "", "RADIO-OFF", "bluetoothctl power on"),
        ({"adapters": (OFF,)}, "hci0", "RADIO-OFF", "bluetoothctl power on"),
        ({}, "hci7", "RADIO-ADAPTER", ""),
    ],
)
async def test_a_scan_that_cannot_start(stand, options, adapter, code, command):
    async with stand(**options) as s:
        assert await starts(adapter) == code
        with pytest.raises(FaultError) as caught:
            await s.radio(adapter).listen(print)
        assert (caught.value.fault.code, " ".join(caught.value.fault.command)) == (code, command)


async def test_no_message_bus(stand, monkeypatch, tmp_path):
    async with stand() as s:
        no_bus(monkeypatch, tmp_path)
        assert await starts() == "RADIO-NO-DBUS"
        assert await code_of(s.radio().listen(print)) == "RADIO-NO-DBUS"


async def test_the_bus_does_not_know_the_user(stand, monkeypatch):
    async with stand() as s:
        monkeypatch.setenv("BLEAK_DBUS_AUTH_UID", str(os.getuid() + 4242))
        assert await starts() == "RADIO-AUTH"
        assert await code_of(s.radio().listen(print)) == "RADIO-AUTH"


async def test_no_adapter(stand):
    async with stand() as s:
        s.stack.unplug("hci0")
        assert await starts() == "RADIO-NO-ADAPTER"
        assert await code_of(s.radio().listen(print)) == "RADIO-NO-ADAPTER"


async def test_blocked_by_rfkill(stand):
    async with stand() as s:
        s.stack.block("hci0", True)
        assert await starts("hci0") == "RADIO-OFF"  # bleak cannot tell the two apart
        assert await code_of(s.radio().listen(print)) == "RADIO-BLOCKED"


async def test_second_active_scan_in_one_process(stand, monkeypatch):
    monkeypatch.setattr("core.radio.scans.IN_PROGRESS_PAUSES", (0.1,))
    async with stand(monitors=False) as s, BleakScanner(ignore):
        with pytest.raises(Exception, match="InProgress") as caught:
            await BleakScanner(ignore).start()
        assert fault_of(caught.value, "Starting").fault.code == "RADIO-BUSY"
        assert await code_of(s.radio().listen(print)) == "RADIO-BUSY"


async def test_in_progress_for_a_moment(stand):
    async with stand(monitors=False) as s:
        s.stack.order("StartDiscovery", IN_PROGRESS, "Operation already in progress", times=2)
        await s.radio().listen(print)


@pytest.fixture
def patient(monkeypatch):
    monkeypatch.setattr("core.radio.scanner.PAUSES", (0.2,))


async def survives(s, strike, mend):
    """A running scan is struck, then mended; adverts come again.  The status between."""
    s.air.add(meter())
    heard = []
    radio = s.radio()
    await radio.listen(heard.append)
    await until(lambda: heard)
    await strike()
    states = []
    radio.on_status(states.append)
    with_fault = None
    if mend is not None:
        await until(lambda: radio.status.fault)
        with_fault = radio.status.fault.code
        await mend()
    await until(lambda: radio.status.restarts or radio.status.fault is None)
    seen = len(heard)
    await until(lambda: len(heard) > seen + 10)
    return with_fault


async def test_power_cycled_during_a_scan(stand, patient):
    async with stand() as s:

        async def strike():
            s.stack.set_power("hci0", False)
            s.stack.set_power("hci0", True)

        await survives(s, strike, None)


async def test_unplugged_during_a_scan(stand, patient):
    async with stand() as s:
        kept = []

        async def strike():
            kept.append(s.stack.unplug("hci0"))

        async def mend():
            s.stack.plug(kept[0])

        assert await survives(s, strike, mend) == "RADIO-NO-ADAPTER"


async def test_bluetoothd_restarted_during_a_scan(stand, patient):
    async with stand() as s:
        assert await survives(s, s.bluez.end, s.bluez.begin) == "RADIO-NO-BLUEZ"


async def test_the_bus_dies_during_a_scan(stand, patient):
    async with stand() as s:
        s.air.add(meter())
        heard = []
        radio = s.radio()
        await radio.listen(heard.append)
        await until(lambda: heard)
        s.bluez.kill_bus()
        await until(lambda: radio.status.fault)
        assert radio.status.fault.code in ("RADIO-NO-DBUS", "RADIO-STACK")
        assert any("bleak" in line for line in s.log)  # in the log, not on the terminal


# -- connections ---------------------------------------------------------------------------


async def test_connect_read_write_notify(stand):
    async with stand() as s:
        s.air.add(gadget())
        device = s.air.devices[ADDRESS]
        async with await s.radio().connect(ADDRESS, "test") as link:
            assert [(c.uuid, c.handle) for c in link.characteristics()] == [
                (ECHO, 0x31),
                (LOCKED, 0x34),
                (MUTE, 0x36),
            ]
            got = []
            await link.subscribe(ECHO, got.append)
            await link.write(ECHO, b"\x01\x02")
            await link.write(ECHO, b"\x03\x04", response=True)
            assert await link.read(ECHO) == b"\x03\x04"
            await until(lambda: len(got) == 2)
            assert got == [b"\x02\x01", b"\x04\x03"]
            assert await code_of(link.read(LOCKED)) == "RADIO-GATT"
            assert await code_of(link.read(MUTE, timeout=0.3)) == "RADIO-SLOW"
            assert device.written == [(b"\x01\x02", False), (b"\x03\x04", True)]
        await until(lambda: device.central is None)


async def test_hang_up_during_a_request(stand):
    async with stand() as s:
        s.air.add(gadget())
        async with await s.radio().connect(ADDRESS, "test") as link:
            asyncio.get_running_loop().call_later(0.2, s.air.devices[ADDRESS].central.hang_up)
            assert await code_of(link.read(MUTE)) == "RADIO-LOST"
            assert link.lost.is_set()


async def test_adapter_off_while_connected(stand):
    async with stand() as s:
        s.air.add(gadget())
        async with await s.radio().connect(ADDRESS, "test") as link:
            s.stack.set_power("hci0", False)
            await asyncio.wait_for(link.lost.wait(), 5)
            assert await code_of(link.read(ECHO)) == "RADIO-LOST"


async def test_connect_errors(stand):
    async with stand() as s:
        s.air.add(gadget())
        radio = s.radio()
        s.stack.order("Connect", FAILED, "le-connection-refused", times=2)
        assert await code_of(radio.connect(ADDRESS, "test")) == "RADIO-CONNECT"
        s.stack.order("Connect", FAILED, "le-connection-refused")
        await (await radio.connect(ADDRESS, "test")).close()


async def test_bound_elsewhere(stand, monkeypatch):
    monkeypatch.setattr("core.radio.connecting.CONNECTED", 0.6)
    async with stand() as s:
        device = gadget()
        device.locked_to = "00:00:00:00:00:01"
        s.air.add(device)
        assert await code_of(s.radio().connect(ADDRESS, "test")) == "RADIO-BOUND"


async def test_a_radio_that_gives_up_again_and_again_is_bound_elsewhere(stand, monkeypatch):
    monkeypatch.setattr("core.radio.connecting.CONNECTED", 0.3)
    async with stand() as s:
        s.air.add(gadget())
        s.stack.order("Connect", FAILED, "le-connection-abort-by-local", times=2)
        assert await code_of(s.radio().connect(ADDRESS, "test")) == "RADIO-BOUND"


async def test_cancelled_while_connecting(stand):
    async with stand() as s:
        device = gadget()
        device.locked_to = "00:00:00:00:00:01"
        s.air.add(device)
        radio = s.radio()
        connecting = asyncio.ensure_future(radio.connect(ADDRESS, "test"))
        await until(lambda: radio.status.mode is Mode.PAUSED)
        await asyncio.sleep(0.1)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        device.locked_to = ""
        async with await radio.connect(ADDRESS, "test") as link:
            assert await link.read(ECHO) == b"\x01"
        assert len(device.links) == 1


async def test_bond_forget_and_stale_bond(stand):
    async with stand() as s:
        device = gadget()
        device.wants_bond = True
        s.air.add(device)
        radio = s.radio()
        async with await radio.connect(ADDRESS, "test") as link:
            assert not (await link.known()).bonded
            assert not await radio.can_bond()
        async with radio.agent():
            assert await radio.can_bond()
            async with await radio.connect(ADDRESS, "test") as link:
                assert (await link.known()).bonded
        assert not await radio.can_bond()
        device.bonds.clear()
        assert await code_of(radio.connect(ADDRESS, "test")) == "RADIO-STALE-BOND"
        await radio.forget(ADDRESS)
        async with await radio.connect(ADDRESS, "test") as link:
            await link.forget()
            assert link.lost.is_set()
        await radio.forget(ADDRESS)


async def test_pair_with_an_agent(stand):
    async with stand() as s:
        s.air.add(gadget())
        radio = s.radio()
        async with radio.agent(), await radio.connect(ADDRESS, "test") as link:
            await link.pair()
            assert (await link.known()).bonded
