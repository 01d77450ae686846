"""The simulated module's packets against the worked examples of the meter sheet (1.6, 1.7)."""

import pytest

from core.sim.meter_adverts import BLANK, FIRMWARES, MeterAdverts, Readings

MAC = bytes.fromhex("a4c1385c94fa")
KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")

PLAIN_TARIFFS = "0201061216d2fc4000020a38856f0a9885690ace588d"
PLAIN_POWER = "0201061216d2fc4000020be02e004a380943b400013a"
SEALED_TARIFFS = "0201061a16d2fc4175ad3963464c9f9ac9726247dcb001000000094375db"
SEALED_POWER = "0201061a16d2fc41418fb8e118697f7dabe24f8618c302000000194425d1"


def meter(firmware="1.7", key=None, readings=Readings()):  # noqa: B008 - it is frozen
    """A module whose first packets on air carry these readings, as in the sheet."""
    made = MeterAdverts(MAC, FIRMWARES[firmware], key)
    made.readings = readings
    made._ids, made._counter = [FIRMWARES[firmware].first_id - 1] * 2, 0
    made.rebuild()
    return made


def test_worked_frames():
    plain = meter()
    assert [plain.next().hex() for _ in range(3)] == [PLAIN_TARIFFS, PLAIN_POWER, PLAIN_TARIFFS]
    sealed = meter(key=KEY)
    assert [sealed.next().hex() for _ in range(2)] == [SEALED_TARIFFS, SEALED_POWER]


def test_first_voltages_were_ten_times_too_high():
    old = meter("1.1", readings=Readings(power=1200, voltage=0x5780))
    old.next()
    assert old.next().hex() == "0201060d16d2fc4000010bb004004a8057"


def test_sealed_frame_of_the_readme_era():
    # The sheet prints a 28th byte, 27, which is the packet's length and not part of it.
    old = meter("1.2", key=KEY, readings=Readings(voltage=23300))
    old._ids[1], old._counter = 2, 6
    old._build(1)
    old.next()
    assert old.next().hex() == "0201061716d2fc4126940918048ac39f6ef43b0700000061eb17b1"


@pytest.mark.parametrize(
    ("firmware", "size"),
    [("1.1", 17), ("1.2-early", 17), ("1.2", 19), ("1.3-0305", 17), ("1.3", 22), ("1.7", 22)],
)
def test_power_packets_by_firmware(firmware, size):
    for key, more in ((None, 0), (KEY, 8)):
        made = meter(firmware, key)
        assert len(made.next()) == 22 + more
        assert len(made.next()) == size + more


def test_ids_are_of_each_kind_and_rise_when_the_content_changes():
    made = MeterAdverts(MAC)
    made.update(Readings())
    made.update(Readings(power=13))
    made.update(Readings(power=13))
    tariffs, power = made.next(), made.next()
    assert (tariffs[9], power[9]) == (3, 4)


def test_one_counter_for_both_kinds_and_each_repeats_its_last():
    made = MeterAdverts(MAC, key=KEY)
    counters = lambda: [made.next()[-8:-4].hex() for _ in range(4)]  # noqa: E731
    assert counters() == ["01000000", "02000000"] * 2
    made.update(Readings(tariffs=BLANK.tariffs))
    assert counters() == ["01000000", "03000000"] * 2


def test_new_key_keeps_counting_and_off_to_on_begins_anew():
    made = MeterAdverts(MAC, key=KEY)
    made.set_key(bytes(16))
    assert made.next()[-8] == 3
    made.set_key(None)
    made.next()
    made.set_key(KEY)
    assert [made.next()[-8], made.next()[-8]] == [1, 2]


def test_reboot_loses_values_and_begins_with_the_tariffs():
    made = meter()
    made.next()
    made.reboot()
    assert made.next().hex().endswith("40" + "0002" + "0a000000" * 3)


def test_energy_wraps_at_24_bits():
    made = meter(readings=Readings(tariffs=(1_677_722, 0, 0)))
    assert made.next()[11:14] == (16_777_220 - (1 << 24)).to_bytes(3, "little")


def test_name_is_in_the_scan_response_only():
    made = meter()
    assert made.scan_response()[2:].decode() == "Electricity_meter_5C94FA"
    assert b"Electricity" not in made.next()
