"""Connecting on the simulated air: the two tries, what failures mean, requests, bonds."""

import asyncio

import pytest

from core.fault import FaultError
from core.radio.radio import Radio
from core.radio.status import Mode
from core.sim import bluez_link
from core.sim.air import Air, backends
from core.sim.bluez_records import FAILED
from core.sim.peripheral import uuid16
from tests.core.radio.gadget import ADDRESS, ECHO, LOCKED, MUTE, Gadget
from tests.virtual_clock import virtual

OWN = "B8:27:EB:00:00:01"


class Bench:
    def __init__(self, gadget=None):
        self.air = Air(noise=0)
        self.gadget = gadget or Gadget()
        self.air.add(self.gadget)
        self.backends = backends(self.air)
        self.stack = self.backends.stack
        self.radio = Radio(backends=self.backends)

    async def __aenter__(self):
        self.limit = asyncio.timeout(3600)  # of the jumping clock, so that nothing hangs
        await self.limit.__aenter__()
        return self

    async def __aexit__(self, *error):
        await self.limit.__aexit__(*error)
        await self.radio.close()
        self.backends.close()
        self.air.close()

    async def fails(self, code):
        with pytest.raises(FaultError) as caught:
            await self.radio.connect(ADDRESS, "test")
        assert caught.value.fault.code == code, caught.value.fault
        return caught.value.fault


def now():
    return asyncio.get_running_loop().time()


async def fault_of(work):
    with pytest.raises(FaultError) as caught:
        await work
    return caught.value.fault


@virtual
async def test_read_write_notify():
    async with Bench() as b:
        async with await b.radio.connect(ADDRESS, "test") as link:
            assert [c.uuid for c in link.characteristics()] == [ECHO, LOCKED, MUTE]
            assert link.has(ECHO) and not link.has(uuid16(0x2AEE))
            got = []
            await link.subscribe(ECHO, got.append)
            await link.write(ECHO, b"\x01\x02")
            await link.write(ECHO, b"\x03\x04", response=True)
            assert await link.read(ECHO) == b"\x03\x04"
            assert got == [b"\x02\x01", b"\x04\x03"]
            assert b.gadget.written == [(b"\x01\x02", False), (b"\x03\x04", True)]
        assert b.gadget.central is None
        assert link.lost.is_set()


@virtual
async def test_the_scan_pauses_for_connecting_and_goes_on():
    async with Bench() as b:
        modes = []
        b.radio.on_status(lambda status: modes.append(status.mode))
        await b.radio.listen(lambda _: None)
        link = await b.radio.connect(ADDRESS, "test")
        await asyncio.sleep(1)
        assert modes[modes.index(Mode.PAUSED) + 1] is Mode.PASSIVE  # no asking beside a connection
        await link.close()


@virtual
async def test_a_device_object_that_has_become_old_waits_for_the_next_advert():
    async with Bench() as b:
        await b.radio.listen(lambda _: None)
        await asyncio.sleep(5)
        b.air.remove(ADDRESS)
        await asyncio.sleep(3)  # still known to BlueZ, and older than 2 s
        connecting = asyncio.ensure_future(b.radio.connect(ADDRESS, "test"))
        await asyncio.sleep(3)
        assert not connecting.done() and not b.gadget.links
        assert f"hci0/{ADDRESS}" in b.stack.devices
        b.air.add(b.gadget)
        await (await connecting).close()


@virtual
async def test_closing_the_radio_disconnects():
    async with Bench() as b:
        link = await b.radio.connect(ADDRESS, "test")
        await b.radio.close()
        assert link.lost.is_set() and b.gadget.central is None


@virtual
async def test_one_connection_at_a_time():
    async with Bench() as b:
        link = await b.radio.connect(ADDRESS, "Meter: show")
        fault = await b.fails("RADIO-TAKEN")
        assert "Meter: show" in fault.what
        await link.close()
        await (await b.radio.connect(ADDRESS, "test")).close()


@virtual
async def test_bound_elsewhere_is_said_after_two_tries():
    async with Bench() as b:
        b.gadget.locked_to = "00:00:00:00:00:01"
        began = now()
        fault = await b.fails("RADIO-BOUND")
        assert "-60 dBm" in fault.what and 24 <= now() - began < 40
        b.gadget.locked_to = ""
        await (await b.radio.connect(ADDRESS, "test")).close()


@virtual
async def test_bound_elsewhere_and_far_cannot_be_told():
    async with Bench(Gadget(rssi=-88)) as b:
        b.gadget.locked_to = "00:00:00:00:00:01"
        assert "-88 dBm" in (await b.fails("RADIO-WEAK")).what


@virtual
async def test_silent_after_having_been_strong_is_connected_elsewhere():
    async with Bench() as b:
        await b.radio.listen(lambda _: None)
        await asyncio.sleep(3)
        b.air.remove(ADDRESS)
        await asyncio.sleep(25)
        fault = await b.fails("RADIO-ELSEWHERE")
        assert "-60 dBm until 40 s ago" in fault.what
        assert "back within 5 minutes" in fault.next


@virtual
async def test_never_heard():
    async with Bench() as b:
        b.air.remove(ADDRESS)
        fault = await b.fails("RADIO-NOT-SEEN")
        assert "Nobody else is heard" in fault.cause


@virtual
async def test_radio_that_does_not_work_is_the_reason():
    async with Bench() as b:
        b.stack.set_power("hci0", False)
        await b.fails("RADIO-OFF")
        b.stack.set_power("hci0", True)
        await (await b.radio.connect(ADDRESS, "test")).close()


@virtual
async def test_adapter_off_while_connecting_and_while_connected():
    async with Bench() as b:
        b.gadget.locked_to = "00:00:00:00:00:01"
        connecting = asyncio.ensure_future(b.fails("RADIO-OFF"))
        await asyncio.sleep(3)
        b.stack.set_power("hci0", False)
        await connecting
        b.gadget.locked_to = ""
        b.stack.set_power("hci0", True)
        async with await b.radio.connect(ADDRESS, "test") as link:
            b.stack.set_power("hci0", False)
            assert (await fault_of(link.read(ECHO))).code == "RADIO-LOST"


@virtual
async def test_adapter_unplugged_while_connected():
    async with Bench() as b, await b.radio.connect(ADDRESS, "test") as link:
        reading = asyncio.ensure_future(fault_of(link.read(MUTE)))
        await asyncio.sleep(1)
        b.stack.unplug("hci0")
        assert (await reading).code == "RADIO-LOST"


@virtual
async def test_an_error_of_the_radio_is_tried_again_then_named():
    async with Bench() as b:
        b.stack.order("Connect", FAILED, "le-connection-timeout")
        await (await b.radio.connect(ADDRESS, "test")).close()
        b.stack.order("Connect", FAILED, "le-connection-refused", times=2)
        assert (await b.fails("RADIO-CONNECT")).cause == "The device refused the connection."


@pytest.mark.parametrize(
    "detail",
    ["invalid-arguments", "adapter-not-powered", "not-supported", "already-connected",
     "bad-socket", "memory-allocation", "busy", "refused", "create-socket", "timeout",
     "concurrent-connection-limit", "abort-by-remote", "link-layer-protocol-error",
     "gatt-browsing", "key-missing", "unknown"],
)  # fmt: skip
@virtual
async def test_each_detail_of_bluez_has_its_cause(detail):
    async with Bench() as b:
        b.stack.order("Connect", FAILED, f"le-connection-{detail}", times=2)
        fault = await b.fails("RADIO-CONNECT")
        assert detail in fault.what and fault.next
        assert (fault.cause == "Not known.") is (detail == "unknown")


@virtual
async def test_requests_fail_with_faults():
    async with Bench() as b, await b.radio.connect(ADDRESS, "test") as link:
        fault = await fault_of(link.read(uuid16(0x2AEE)))
        assert (fault.code, "no characteristic" in fault.what) == ("RADIO-GATT", True)
        fault = await fault_of(link.read(LOCKED))
        assert (fault.code, "0x0E" in fault.what) == ("RADIO-GATT", True)
        fault = await fault_of(link.read(MUTE, timeout=3))
        assert (fault.code, "within 3 s" in fault.what) == ("RADIO-SLOW", True)


@virtual
async def test_device_hangs_up():
    async with Bench() as b, await b.radio.connect(ADDRESS, "test") as link:
        reading = asyncio.ensure_future(fault_of(link.read(MUTE)))
        await asyncio.sleep(1)
        b.gadget.central.hang_up()
        assert (await reading).code == "RADIO-LOST"
        assert link.lost.is_set()
        assert (await fault_of(link.read(ECHO))).code == "RADIO-LOST"
        assert (await fault_of(link.write(ECHO, b"x"))).code == "RADIO-LOST"


@virtual
async def test_a_cancelled_connect_leaves_the_device_free():
    async with Bench() as b:
        b.gadget.locked_to = "00:00:00:00:00:01"
        connecting = asyncio.ensure_future(b.radio.connect(ADDRESS, "test"))
        await asyncio.sleep(5)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        b.gadget.locked_to = ""
        await asyncio.sleep(1)
        assert b.gadget.central is None
        await (await b.radio.connect(ADDRESS, "test")).close()


@virtual
async def test_the_connection_of_a_program_that_died_is_ended_first():
    async with Bench() as b:
        await b.radio.listen(lambda _: None)
        await asyncio.sleep(2)
        device = b.stack.devices[f"hci0/{ADDRESS}"]
        await bluez_link.connect(b.stack, device)
        await asyncio.sleep(20)
        async with await b.radio.connect(ADDRESS, "test") as link:
            assert await link.read(ECHO) == b"\x01"
        assert len(b.gadget.links) == 2


@virtual
async def test_a_security_request_bonds_only_with_an_agent():
    gadget = Gadget()
    gadget.wants_bond = True
    async with Bench(gadget) as b:
        async with await b.radio.connect(ADDRESS, "test") as link:
            assert not (await link.known()).bonded
            assert not await b.radio.can_bond()
        async with b.radio.agent():
            assert await b.radio.can_bond()
            async with await b.radio.connect(ADDRESS, "test") as link:
                assert (await link.known()).bonded
        assert gadget.bonds == {OWN}


@virtual
async def test_pair_and_forget():
    async with Bench() as b, b.radio.agent():
        async with await b.radio.connect(ADDRESS, "test") as link:
            await link.pair()
            assert (await link.known()).bonded
            await link.forget()
            assert link.lost.is_set()
        assert not (await b.radio.known(ADDRESS)).bonded


@virtual
async def test_a_bond_that_the_device_forgot():
    gadget = Gadget()
    gadget.wants_bond = True
    async with Bench(gadget) as b:
        async with b.radio.agent():
            await (await b.radio.connect(ADDRESS, "test")).close()
        gadget.bonds.clear()
        fault = await b.fails("RADIO-STALE-BOND")
        assert fault.command == ("bluetoothctl", "remove", ADDRESS)
        await b.radio.forget(ADDRESS)
        await (await b.radio.connect(ADDRESS, "test")).close()
