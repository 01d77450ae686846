"""The state of the air: nothing hidden, everything told apart."""

from itertools import pairwise

import pytest

from core.air.air import Air
from core.air.keystate import Verdict
from core.air.numbers import Relation
from core.air.views import ELSEWHERE, detail, view
from core.bthome.reading import State
from tests.core.air.module import ADDRESS, KEY, POWER, TARIFFS, Module, advert


def heard(air, adverts):
    return [frame for one in adverts for frame in air.hear(one)]


def shown(air, address=ADDRESS):
    device = air.devices[address]
    return {
        (v.reading.quantity, v.reading.instance): v.reading.value
        for v in view(device, device.time).values
    }


def marks(air, address=ADDRESS):
    return {code: mark.count for code, mark in air.devices[address].marks.items()}


def polled(key=None):
    module = Module(key)
    module.poll(TARIFFS, POWER)
    return module


EXPECTED = {
    ("energy", 1): 7308.6, ("energy", 2): 6915.48, ("energy", 3): 9263.31, ("power", 1): 120.0,
    ("voltage", 1): 236.0, ("current", 1): 0.18, ("battery", 1): 58,
}  # fmt: skip


@pytest.mark.parametrize("key", [None, KEY])
def test_both_frames_of_a_meter_are_shown_together(key):
    air = Air({ADDRESS: KEY} if key else None)
    frames = heard(air, polled(key).adverts(20))
    assert shown(air) == EXPECTED
    assert [f.kind for f in frames] == ["tariffs", "power"] * 10
    assert [f.relation for f in frames] == [Relation.FIRST] * 2 + [Relation.REPEAT] * 18
    assert not marks(air)
    device = air.devices[ADDRESS]
    assert device.count == 20 and device.lost == 0 and device.is_meter
    assert device.key_state.text == ("key ok" if key else "plain")


@pytest.mark.parametrize("key", [None, KEY])
def test_power_changes_for_an_hour_while_the_tariffs_stand(key):
    """The case in which bthome-ble refuses the tariff packet: its counter stays behind."""
    air = Air({ADDRESS: KEY} if key else None)
    module = polled(key)
    for minute in range(600):
        module.poll(TARIFFS, (12_000 + minute, *POWER[1:]))
        frames = heard(air, module.adverts(4))
        assert {f.packet.state for f in frames} == {State.OPENED if key else State.PLAIN}
    module.poll((TARIFFS[0] + 1, *TARIFFS[1:]), POWER)
    heard(air, module.adverts(4))
    assert shown(air)["energy", 1] == 7308.601
    assert not marks(air)
    assert air.devices[ADDRESS].lost == 0


def test_the_sheets_sequence_of_two_sealed_frames():
    """Vectors 54, 55, 54: tariffs, power, a harmless repeat of the tariffs."""
    address = "A4:C1:38:00:00:01"
    air = Air({address: KEY})
    packets = (
        "4117b709ee8d9278158494cc73de3b01000000c50f2e2a",
        "41040ee052d012c5c95fcd615cb1930200000067676bd2",
    )
    order = [packets[0], packets[1], packets[0]]
    frames = heard(air, (advert(bytes.fromhex(p), n * 0.3, address) for n, p in enumerate(order)))
    assert [f.kind for f in frames] == ["tariffs", "power", "tariffs"]
    assert frames[2].relation is Relation.REPEAT
    assert not marks(air, address)


def test_lost_frames_are_counted_from_ids_and_found_again():
    air = Air()
    module = polled()
    for step in range(50):
        module.poll(TARIFFS, (step, *POWER[1:]))
        adverts = list(module.adverts(2))
        if step % 10 != 5:
            heard(air, adverts)
    assert air.devices[ADDRESS].lost == 5


def test_a_shared_counter_loses_nothing_when_frames_come_in_another_order():
    air = Air({ADDRESS: KEY})
    module = polled(KEY)
    heard(air, module.adverts(2))
    for step in range(20):
        module.poll((TARIFFS[0] + step + 1, *TARIFFS[1:]), (step, *POWER[1:]))
        tariffs, power = module.adverts(2)
        heard(air, [power, tariffs])  # the higher counter first
    assert air.devices[ADDRESS].lost == 0
    assert not marks(air)


# -- restart, wrap, a step back ------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, KEY])
def test_a_restart_is_one_restart_and_zeros_are_no_poll_yet(key):
    air = Air({ADDRESS: KEY} if key else None)
    module = polled(key)
    for step in range(120):
        module.poll((TARIFFS[0] + step, *TARIFFS[1:]), (step, *POWER[1:]))
        heard(air, module.adverts(2))
    before = shown(air)
    module.reboot()
    frames = heard(air, module.adverts(2))
    assert [f.relation for f in frames] == [Relation.RESTART] * 2
    assert marks(air) == {"restart": 1}
    device = air.devices[ADDRESS]
    assert device.no_poll
    assert any("no poll yet" in note for note in frames[1].notes)
    assert shown(air) == before  # the zeros are not values
    module.poll((TARIFFS[0] + 500, *TARIFFS[1:]), POWER)
    heard(air, module.adverts(2))
    assert not device.no_poll
    assert shown(air)["energy", 1] == 7309.1
    assert marks(air) == {"restart": 1}
    least = {v.reading.id: v.least for v in view(device, device.time).values}
    assert least[0x0A] > 0 and least[0x4A] > 0


def test_a_module_heard_for_the_first_time_before_its_poll():
    air = Air()
    heard(air, Module().adverts(4))
    assert air.devices[ADDRESS].no_poll
    assert not shown(air)


def test_a_house_that_draws_nothing_is_a_value():
    air = Air()
    module = Module()
    module.poll((0, 0, 0), (0, 2_300, 0, 58))
    heard(air, module.adverts(4))
    assert not air.devices[ADDRESS].no_poll
    assert shown(air)["power", 1] == 0 and shown(air)["energy", 1] == 0


@pytest.mark.parametrize("battery", [101, 200, 255])
def test_the_meters_own_battery_may_exceed_100(battery):
    air = Air()
    module = Module()
    module.poll(TARIFFS, (*POWER[:3], battery))
    heard(air, module.adverts(4))
    assert shown(air)["battery", 1] == battery


def test_packet_ids_wrap_without_a_mark():
    air = Air()
    module = polled()
    relations = []
    for step in range(300):
        module.poll(TARIFFS, (step, *POWER[1:]))
        relations += [f.relation for f in heard(air, module.adverts(2))]
    assert relations.count(Relation.WRAP) == 1
    assert not marks(air)
    assert air.devices[ADDRESS].lost == 0


@pytest.mark.parametrize("end", [1 << 16, 1 << 32])
def test_counters_wrap(end):
    air = Air({ADDRESS: KEY})
    module = polled(KEY)
    module.counters, module.counter = end, end - 3
    relations = []
    for step in range(8):
        module.poll(TARIFFS, (step, *POWER[1:]))
        relations += [f.relation for f in heard(air, module.adverts(2)) if f.kind == "power"]
    assert relations.count(Relation.WRAP) == 1
    assert Relation.BACK not in relations
    assert air.devices[ADDRESS].lost == 0


def test_an_old_frame_sent_again_is_a_step_back_and_shown():
    air = Air({ADDRESS: KEY})
    module = polled(KEY)
    module.counter = 5000
    old = None
    for step in range(30):
        module.poll(TARIFFS, (1000 + step, *POWER[1:]))
        adverts = list(module.adverts(2))
        old = old or adverts[1]
        heard(air, adverts)
    replayed = advert(old.service_data[next(iter(old.service_data))], module.time + 1)
    (frame,) = air.hear(replayed)
    assert frame.relation is Relation.BACK
    assert shown(air)["power", 1] == 10.0  # shown all the same
    module.poll(TARIFFS, (2000, *POWER[1:]))
    assert [f.relation for f in heard(air, module.adverts(2))][1] is Relation.NEXT
    assert marks(air) == {"back": 1}


def test_a_restart_at_a_random_counter_settles_as_a_restart():
    air = Air({ADDRESS: KEY})
    module = polled(KEY)
    module.counter = 60_000
    module.poll(TARIFFS, (1, *POWER[1:]))
    heard(air, module.adverts(2))
    module.counter = 19_911
    relations = []
    for step in range(6):
        module.poll(TARIFFS, (10 + step, *POWER[1:]))
        relations += [f.relation for f in heard(air, module.adverts(2)) if f.kind == "power"]
    assert relations == [Relation.BACK] * 2 + [Relation.RESTART] + [Relation.NEXT] * 3
    assert marks(air)["restart"] == 1


def test_other_data_under_the_same_number():
    air = Air()
    heard(air, [advert(bytes.fromhex("4000050104"), 1), advert(bytes.fromhex("4000050105"), 2)])
    assert marks(air) == {"same number": 1}
    assert shown(air)["battery", 1] == 5


def test_packets_without_numbers_are_told_apart_by_their_bytes():
    air = Air()
    data = [bytes.fromhex(t) for t in ("400105", "400105", "400106")]
    frames = heard(air, (advert(d, n) for n, d in enumerate(data)))
    assert [f.relation for f in frames] == [Relation.FIRST, Relation.REPEAT, Relation.FREE]


# -- energy --------------------------------------------------------------------------------------


def test_the_24_bit_register_wraps_and_the_total_goes_on():
    air = Air()
    module = Module()
    for raw in (16_777_000, 16_777_200, 16_777_300, 16_777_400):
        module.poll((raw, 5, 6), POWER)
        heard(air, module.adverts(2))
    assert shown(air)["energy", 1] == pytest.approx(0.184)
    assert marks(air) == {"energy-wrapped": 1}
    device = air.devices[ADDRESS]
    totals = [q.total for s in detail(device, device.time).streams for q in s.quantities]
    assert totals[:3] == [16777.4, None, None]


def test_energy_that_falls_is_said_and_shown():
    air = Air()
    module = Module()
    for raw in (9_000_000, 100):
        module.poll((raw, 5, 6), POWER)
        heard(air, module.adverts(2))
    assert marks(air) == {"energy-wrapped": 1}
    module.poll((50, 5, 6), POWER)
    heard(air, module.adverts(2))
    assert marks(air) == {"energy-wrapped": 1, "energy-back": 1}
    assert shown(air)["energy", 1] == 0.05


def test_switching_to_encryption_keeps_the_register():
    air = Air({ADDRESS: KEY})
    module = Module()
    module.poll((16_777_000, 5, 6), POWER)
    heard(air, module.adverts(2))
    module.set_key(KEY)
    module.poll((16_777_300, 5, 6), POWER)
    heard(air, module.adverts(2))
    assert marks(air)["energy-wrapped"] == 1
    assert shown(air)["energy", 1] == pytest.approx(0.084)


# -- keys ----------------------------------------------------------------------------------------


def changing(module, count):
    """Adverts that are all different."""
    for step in range(count // 2):
        module.poll((step + 1, 2, 3), (step + 1, *POWER[1:]))
        yield from module.adverts(2)


def test_a_key_is_tried_at_once_on_what_was_heard():
    air = Air()
    heard(air, changing(Module(KEY), 40))
    device = air.devices[ADDRESS]
    assert device.key_state.text == "no key"
    assert not shown(air)
    assert air.try_key(ADDRESS, bytes(16)).opened == 0
    assert device.key_state.verdict is Verdict.NO_KEY  # trying changes nothing
    state = air.set_key(ADDRESS, bytes(16))
    assert state.text == "key wrong 0 of 12"
    state = air.set_key(ADDRESS, KEY)
    assert (state.text, state.opened, state.tried) == ("key ok", 12, 12)
    assert shown(air)["power", 1] == 0.2 and shown(air)["voltage", 1] == 236.0
    assert not marks(air)
    assert air.set_key(ADDRESS, None).text == "no key"
    assert not shown(air)


def test_a_right_key_and_a_damaged_frame_are_told_apart():
    air = Air({ADDRESS: KEY})
    adverts = list(changing(Module(KEY), 24))
    for number, one in enumerate(adverts):
        uuid, data = next(iter(one.service_data.items()))
        if number == 20:
            data = data[:5] + bytes([data[5] ^ 4]) + data[6:]
        for _ in range(5):  # the same bytes again do not count again
            air.hear(advert(data, one.time, uuid=uuid))
    device = air.devices[ADDRESS]
    assert device.key_state.text == "key ok 1 bad"
    assert "the radio damaged them" in device.key_state.sentence
    assert not marks(air)
    assert device.lost == 1


def test_a_key_that_was_changed_on_the_module_is_wrong_after_some_frames():
    air = Air({ADDRESS: KEY})
    module = Module(KEY)
    heard(air, changing(module, 20))
    module.key = bytes(range(16))
    states = [air.devices[ADDRESS].key_state.verdict for one in changing(module, 10)
              if air.hear(one)]  # fmt: skip
    assert states[0] is Verdict.OK
    assert states[-1] is Verdict.WRONG


def test_plaintext_with_a_key_is_shown_and_marked():
    air = Air({ADDRESS: KEY})
    heard(air, polled().adverts(2))
    assert shown(air) == EXPECTED
    assert "plaintext" in marks(air)


def test_without_a_key_the_order_in_which_kinds_are_first_heard_does_not_matter():
    air = Air()
    module = polled(KEY)
    for minute in range(300):
        module.poll(TARIFFS, (12_000 + minute, *POWER[1:]))
    tariffs, power = module.adverts(2)
    assert [f.relation for f in heard(air, [power, tariffs])] == [Relation.FIRST, Relation.NEXT]
    heard(air, module.adverts(10))
    assert not marks(air)
    module.reboot()
    heard(air, module.adverts(4))
    module.poll(TARIFFS, POWER)
    heard(air, module.adverts(4))
    assert "restart" in marks(air)


def test_without_a_key_the_kind_that_stands_still_is_no_restart():
    air = Air()
    module = polled(KEY)
    for minute in range(50):
        module.poll(TARIFFS, (12_000 + minute, *POWER[1:]))
        heard(air, module.adverts(4))
    assert not marks(air)
    assert air.devices[ADDRESS].lost == 0
    assert air.set_key(ADDRESS, KEY).verdict is Verdict.OK


# -- the device as a whole -----------------------------------------------------------------------


def test_older_firmware_is_named():
    air = Air()
    (frame,) = air.hear(advert(bytes.fromhex("4000020bb004004a8057")))
    assert frame.kind == "power"
    assert shown(air) == {("power", 1): 12.0, ("voltage", 1): 2240.0}
    assert any("ten times too high" in note for note in frame.notes)


def test_a_strong_meter_that_falls_silent_is_connected_elsewhere():
    air = Air()
    heard(air, polled().adverts(20))
    device = air.devices[ADDRESS]
    record = view(device, device.time)
    assert record.absence(device.time + 39) == ""
    assert record.absence(device.time + 41) == ELSEWHERE
    assert record.absence(device.time + 400) == "silent for 400 s"
    heard(air, [advert(bytes.fromhex("400105"), 1, "11:22:33:44:55:66", rssi=-90)])
    weak = view(air.devices["11:22:33:44:55:66"], 1)
    assert weak.absence(60).startswith("silent")


def test_silence_of_a_trigger_based_device_means_nothing():
    air = Air()
    heard(air, [advert(bytes.fromhex("443a01"), 1)])
    assert view(air.devices[ADDRESS], 1).absence(10_000) == ""


def test_rate_and_rssi():
    air = Air()
    heard(air, polled().adverts(400))
    record = view(air.devices[ADDRESS], air.time)
    assert record.per_minute == pytest.approx(200, rel=0.05)
    assert record.rssi_mean == pytest.approx(-60)


def test_history_holds_a_quarter_of_an_hour():
    air = Air()
    module = polled()
    for step in range(1500):
        module.poll(TARIFFS, (step * 100, *POWER[1:]))
        module.time += 1
        heard(air, module.adverts(2))
    device = air.devices[ADDRESS]
    series = next(
        q.series for s in detail(device, device.time).streams for q in s.quantities
        if q.reading.quantity == "power"
    )  # fmt: skip
    assert len(series) == 60 and None not in series
    assert all(a < b for a, b in pairwise(series))
    assert series[-1] == 1499.0
    later = next(
        q.series for s in detail(device, device.time + 300).streams for q in s.quantities
        if q.reading.quantity == "power"
    )  # fmt: skip
    assert later[-20:] == (None,) * 20 and later[:40] == series[20:]


def test_changed_devices_are_told_once():
    air = Air()
    heard(air, polled().adverts(2))
    assert air.changed() == {ADDRESS}
    assert air.changed() == set()
    air.pin(ADDRESS, True)
    assert air.changed() == {ADDRESS}
