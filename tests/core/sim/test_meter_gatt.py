"""The simulated module against the fidelity checklist of the meter sheet, section 8."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from core.sim.meter_gatt import MeterModule
from core.sim.meter_gatt_options import House, MeterOptions, ModuleOptions
from core.sim.meter_gatt_tables import CONFIG, LIVE, OTA, RELEASES
from core.sim.peripheral import AttError
from tests.virtual_clock import virtual

OURS, FOREIGN = "B8:27:EB:00:00:01", "00:11:22:33:44:55"
SET_UP = ModuleOptions(meter_address=20109)
KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")


class Central:
    """A central that writes down what it is told."""

    def __init__(self, module: MeterModule, address: str = OURS) -> None:
        self.module, self.address = module, address
        self.told: list[tuple[int, bytes]] = []
        self.ended: float | None = None

    def notify(self, handle: int, data: bytes) -> None:
        self.told.append((handle, data))

    def hang_up(self) -> None:
        if self.ended is None:
            self.ended = asyncio.get_running_loop().time()
            self.module.disconnected()

    async def connect(self, *, listen: bool = True) -> Central:
        self.ended = None
        self.module.connected(self)
        await asyncio.sleep(0.5)
        if listen:
            self.module.subscribe(self.handle, True)
        return self

    @property
    def handle(self) -> int:
        return self.module.handle_of(CONFIG)

    async def send(self, text: str, *, handle: int | None = None) -> list[bytes]:
        """Write; what the configuration channel says until the module is idle."""
        self.told.clear()
        await self.module.write(handle or self.handle, bytes.fromhex(text), response=False)
        await self.module.settled()
        return [data for told, data in self.told if told == self.handle]

    def leave(self) -> None:
        self.hang_up()


async def at(options: ModuleOptions = SET_UP) -> tuple[MeterModule, Central]:
    module = MeterModule(options)
    central = await Central(module).connect()
    await module.settled()
    return module, central


def log_of(told: list[bytes]) -> str:
    pieces = {d[1]: d[3:].rstrip(b"\0") for d in told if d[:1] == b"\x78"}
    return b"".join(pieces.values()).decode()


@virtual
async def test_1_two_packets_in_turn_name_only_in_the_scan_response() -> None:
    module = MeterModule(SET_UP)
    module.advert()
    await module.settled()
    first, second = module.advert(), module.advert()
    assert {len(first), len(second)} == {22}
    assert {first[10], second[10]} == {0x0A, 0x0B}
    assert b"Electricity_meter_5C94FA" in module.scan_response()
    assert b"Elec" not in first + second


@virtual
async def test_2_the_counter_begins_anew_at_a_restart_and_when_encryption_is_switched_on() -> None:
    module, central = await at()
    await central.send("f5" + KEY.hex())
    assert {module.advert()[-8], module.advert()[-8]} == {1, 2}
    await central.send("f1 02")
    assert len(module.advert()) == 30


def test_3_attribute_tables_have_the_handles_of_the_sheet() -> None:
    new, old = MeterModule(SET_UP), MeterModule(replace(SET_UP, release="1.2"))
    assert [new.handle_of(n) for n in LIVE] == [26, 29, 32, 35, 38, 41]
    assert (new.handle_of(OTA), new.handle_of(CONFIG)) == (45, 49)
    assert old.handle_of(CONFIG) + 1 == 0x2F and old.handle_of(OTA) + 1 == 0x2B
    assert len([c for s in old.services() for c in s.characteristics if "2aee" in c.uuid]) == 0


@virtual
async def test_3_strings_with_their_nul_and_the_version_without() -> None:
    module, _ = await at()
    assert await module.read(module.handle_of(0x2A28)) == b"V1.7"
    assert await module.read(module.handle_of(0x2A24)) == b"Electricity_meter\0"


def test_4_and_17_no_subscription_to_the_update_and_the_others_last() -> None:
    module = MeterModule(SET_UP)
    with pytest.raises(AttError) as caught:
        module.subscribe(module.handle_of(OTA), True)
    assert caught.value.code == 0x03


@virtual
async def test_17_subscriptions_survive_a_reconnect_but_no_restart() -> None:
    _module, central = await at()
    central.leave()
    await central.connect(listen=False)
    assert len(await central.send("f4")) > 3
    await central.send("f3")
    central.leave()
    await asyncio.sleep(3)
    await central.connect(listen=False)
    assert len(await central.send("f4")) == 1, "only the forced one"


@virtual
async def test_5_reads_of_the_command_and_writes_to_the_read_only() -> None:
    module, _ = await at()
    assert await module.read(module.handle_of(CONFIG)) == bytes(16)
    with pytest.raises(AttError):
        await module.write(module.handle_of(0x2A24), b"x", response=True)
    await module.write(module.handle_of(0x2A24), b"x", response=False)


@virtual
async def test_6_the_order_of_an_identify() -> None:
    _, central = await at(replace(SET_UP, key=KEY))
    kinds = [d[:2] if d[1:2] == b"\xfe" else d[:1] for d in await central.send("f4")]
    marks = [b"\xda\xfe"] * 3 + [b"\xdb\xfe"] * 2 + [b"\xdc\xfe"] * 2 + [b"\xdd\xfe"] * 2
    assert kinds[:11] == [*marks, b"\x78", b"\x78"]
    told = [d for d in await central.send("f4") if d[:1] == b"\x78"]
    assert all(one == two for one, two in zip(told[::2], told[1::2], strict=True))
    assert told[0][1] != told[2][1]


@virtual
async def test_7_f7_and_fa_leave_the_status_stale_until_f4() -> None:
    module, central = await at()
    assert not [d for d in await central.send("f7 1f07") if d[:2] == b"\xda\xfe"]
    assert not [d for d in await central.send("fa 0249") if d[:2] == b"\xda\xfe"]
    assert module.brain.status.address == 20109
    status = (await central.send("f4"))[0]
    assert status[6:10] == (7943).to_bytes(4, "little") and status[11:13] == b"\x49\x02"


@virtual
async def test_7_f8_sends_a_status_that_is_stale_in_parts() -> None:
    _, central = await at(replace(SET_UP, key=KEY, kind=2, scale=0x0A05))
    status = (await central.send("f8"))[0]
    assert status[6:10] == bytes(4) and status[5] == 1 and status[10] == 2
    assert (await central.send("f4"))[0][5] == 0


@virtual
async def test_8_restart_after_the_disconnect_and_release_keeps_the_link() -> None:
    module, central = await at()
    await central.send("f3")
    assert central.ended is None and module.boots == 1
    central.leave()
    assert module.boots == 2 and module.advert() == b""
    await asyncio.sleep(2.6)
    assert module.advert()


@virtual
async def test_8_the_module_hangs_up_after_301_s() -> None:
    _, central = await at()
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(400)
    assert central.ended is not None and 297 < central.ended - began <= 301


@virtual
async def test_9_a_poll_stops_everything() -> None:
    module, _ = await at()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await module.write(module.handle_of(CONFIG), b"\xf7\x4e\x8d", response=False)
    await asyncio.sleep(0.01)
    await module.read(module.handle_of(0x2A28))
    assert loop.time() - began >= 6 * 0.35


@virtual
async def test_9_an_answer_to_a_write_request_comes_after_the_handler() -> None:
    module, _ = await at()
    began = asyncio.get_running_loop().time()
    await module.write(module.handle_of(CONFIG), b"\xf7\x4e\x8d", response=True)
    assert asyncio.get_running_loop().time() - began >= 6 * 0.35


@virtual
async def test_10_notifications_are_lost_after_discovery_and_while_pairing() -> None:
    module = MeterModule(SET_UP)
    central = Central(module)
    module.connected(central)
    module.subscribe(central.handle, True)
    await module.write(central.handle, b"\xf4", response=False)
    await asyncio.sleep(0.1)
    assert not central.told


@virtual
async def test_11_and_12_the_lock_falls_at_the_disconnect_and_survives_a_restart() -> None:
    module, central = await at()
    module.bonded(OURS)
    assert module.accepts(FOREIGN)
    await central.send("f3")
    central.leave()
    await asyncio.sleep(3)
    assert module.accepts(OURS) and not module.accepts(FOREIGN) and module.knows(OURS)
    await central.connect()
    await central.send("f2")
    assert not module.knows(OURS), "a stored key does not fit any more"
    central.leave()
    assert module.accepts(FOREIGN)


@virtual
async def test_14_oddities_of_commands() -> None:
    module, central = await at()
    await central.send("f1 00")
    assert module.settings.period == 0
    await central.send("f1 0500")
    assert module.settings.period == 0, "a wrong length is ignored"
    await central.send("f7 ff00004e8d")
    assert module.settings.address == 0x4E8D, "the last four bytes count"
    for kind in ("00", "05", "ff"):
        await central.send("f9" + kind)
        assert module.settings.kind == 1 and module.settings.scale == 0x0A0F


@virtual
async def test_14_incomplete_commands_are_logged() -> None:
    _, central = await at()
    await central.send("f4")
    assert "Unknown or incomplete command 0xf1" in log_of(await central.send("f1"))


@pytest.mark.parametrize("mood", ["silent", "noise", "bad-crc", "three-phase", "answers"])
@virtual
async def test_15_meters_and_what_they_bring(mood: str) -> None:
    kind = 2 if mood == "three-phase" else 1
    meter = MeterOptions(mood=mood, kind=kind)
    module, _central = await at(replace(SET_UP, meter=meter, kind=kind))
    v = module.brain.values
    assert bool(v.serial) is (mood in ("three-phase", "answers"))
    assert (v.voltage == 23600) is (mood == "answers")


@virtual
async def test_15_energy_wraps_in_adverts_only_and_never_falls() -> None:
    house = House(tariffs=(16778.0, 1.0, 1.0))
    module, _central = await at(replace(SET_UP, meter=MeterOptions(house=house)))
    packet = next(p for p in (module.advert(), module.advert()) if p[10] == 0x0A)
    assert int.from_bytes(packet[11:14], "little") == 16778000 - (1 << 24)
    assert module._live(0) == (1677800).to_bytes(4, "little")
    module.meter.house = replace(house, tariffs=(1.0, 1.0, 1.0))
    await module.brain.poll()
    assert module.brain.values.tariffs[0] == 1677800


@pytest.mark.parametrize(("kind", "sent"), [(1, {1, 2}), (2, {0}), (3, {0})])
@virtual
async def test_15_missing_tariff_notifications(kind: int, sent: set[int]) -> None:
    meter = MeterOptions(kind=kind, address=20109)
    module, central = await at(replace(SET_UP, meter=meter, kind=kind))
    for number in LIVE:
        module.subscribe(module.handle_of(number), True)
    central.told.clear()
    house = module.meter.house
    module.meter.house = replace(house, tariffs=(house.tariffs[0], 7000.0, 9999.0))
    await module.brain.poll()
    assert {
        LIVE.index(n) for n in LIVE for h, _ in central.told if h == module.handle_of(n)
    } == sent


def test_16_wrong_defaults_of_v1_7_as_shipped() -> None:
    assert RELEASES["1.7"].scales == (0x0A0F, 0x0A05, 0x0D46, 0)


@pytest.mark.parametrize(
    ("release", "length", "highest"),
    [("1.1", 8, 0xF8), ("1.2", 8, 0xF8), ("1.3-10", 10, 0xF8), ("1.3-11", 11, 0xF9),
     ("1.3-13", 13, 0xFA), ("1.7", 13, 0xFA)],
)  # fmt: skip
@virtual
async def test_18_personalities(release: str, length: int, highest: int) -> None:
    module, central = await at(replace(SET_UP, release=release))
    told = await central.send("f4")
    assert len(told[0]) == length
    assert any(d[:2] == b"\xdc\xfe" for d in told) is (release != "1.1")
    await central.send("f9 02")
    assert (module.settings.kind == 2) is (highest >= 0xF9)


@virtual
async def test_13_the_update_by_its_state_machine() -> None:
    def code(*messages: str, **options: Any) -> Any:
        from core.sim.meter_gatt_ota import Update

        update = Update(**options)
        found = None
        for text in messages:
            found = update.write(bytes.fromhex(text), 0.0)
        return found

    first = "0000568000000000 5d024b4e4c5454078800d677"
    assert code(first) == 6 and code("01ff", "01ff") == 6 and code("02ff0000ffff") == 6
    assert code("01ff", first) is None
    assert code("01ff", first, first) == 1
    assert code("01ff", first[:-4] + "0000") == 3
    assert code("01ff", first[:-2]) == 9
    assert code("01ff", "01fe") == 2
    assert code("01ff", "0200" + "00" * 18) == 0x0B
    assert code("01ff", first, "02ff0100feff") == 7


@virtual
async def test_13_the_updates_deadlines() -> None:
    for wait, code in ((5.1, 0x0C), (0.0, 0x0D)):
        module, central = await at()
        central.told.clear()
        handle = module.handle_of(OTA)
        await module.write(handle, b"\x01\xff", response=False)
        if wait:
            await asyncio.sleep(wait)
        else:
            module.update.last_block += 1000
            await asyncio.sleep(40.1)
        assert (handle, bytes([6, 0xFF, code, 0])) in central.told
        assert central.ended is not None
