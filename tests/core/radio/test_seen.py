"""One callback, one honest advert: what BlueZ's device object adds is taken away again."""

import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from core.radio.seen import MOST, Seen

V2, V1 = "0000fcd2-0000-1000-8000-00805f9b34fb", "0000181c-0000-1000-8000-00805f9b34fb"


def callback(services, *, rssi=-60, name=None, address="A4:C1:38:5C:94:FA", **props):
    """What bleak hands over."""
    device = BLEDevice(address, name, {"props": props})
    found = AdvertisementData(name, {}, services, [], None, rssi, ("path", props))
    return device, found


def take(seen, services, **more):
    advert = seen.take(*callback(services, **more), 1.0)
    return None if advert is None else dict(advert.service_data)


def test_service_data_that_only_stayed_is_left_out():
    seen = Seen()
    assert take(seen, {V1: b"1"}) == {V1: b"1"}
    assert take(seen, {V1: b"1", V2: b"a"}) == {V2: b"a"}
    assert take(seen, {V1: b"1", V2: b"a"}) == {V2: b"a"}  # a repeat
    assert take(seen, {V1: b"1", V2: b"b"}) == {V2: b"b"}
    assert take(seen, {V1: b"2", V2: b"b"}) == {V1: b"2"}
    assert take(seen, {V1: b"2"}) == {V1: b"2"}


def test_a_packet_with_two_kinds_of_service_data_stays_whole():
    seen = Seen()
    assert take(seen, {V1: b"1", V2: b"a"}) == {V1: b"1", V2: b"a"}
    assert take(seen, {V1: b"1", V2: b"a"}) == {V1: b"1", V2: b"a"}


def test_changes_of_a_connected_device_are_no_adverts():
    seen = Seen()
    assert take(seen, {V2: b"a"}, Connected=False) is not None
    assert take(seen, {V2: b"a"}, Connected=True) is None
    assert take(seen, {V2: b"a"}, Connected=True, ServicesResolved=True) is None
    assert take(seen, {V2: b"a"}, Connected=False) is None  # this only says that it is over
    assert take(seen, {V2: b"a"}, Connected=False) is not None


def test_a_device_that_was_not_received_now_is_no_advert():
    assert take(Seen(), {V2: b"a"}, rssi=-127) is None


def test_a_name_once_heard_stays():
    seen = Seen()
    seen.take(*callback({V2: b"a"}, name="Electricity_meter_5C94FA"), 1.0)
    assert seen.take(*callback({V2: b"b"}), 2.0).name == "Electricity_meter_5C94FA"


@pytest.mark.parametrize("spelling", ["a4:c1:38:5c:94:fa", "A4:C1:38:5C:94:FA"])
def test_addresses_in_any_case(spelling):
    seen = Seen()
    take(seen, {V2: b"a"}, address=spelling)
    assert seen.of("a4:C1:38:5c:94:fa").rssi == -60
    seen.drop(spelling)
    assert seen.of("A4:C1:38:5C:94:FA") is None


def test_addresses_without_end_take_no_memory_without_end():
    seen = Seen()
    for number in range(3 * MOST):
        address = ":".join(f"{number:012X}"[i : i + 2] for i in range(0, 12, 2))
        seen.take(*callback({V2: b"a"}, address=address), float(number))
    assert len(seen._all) <= MOST
    assert seen.of(address) is not None
