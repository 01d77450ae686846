"""Adverts of modules are known by name or shape, and held against the connection."""

from __future__ import annotations

import pytest

from core.meter import adverts
from core.radio.advert import Advert
from tests.core.meter.bench import KEY, MAC

FCD2 = "0000fcd2-0000-1000-8000-00805f9b34fb"
TARIFFS = "4000020a38856f0a9885690ace588d"
POWER = "4000020be02e004a380943b400013a"
SEALED = "4175ad3963464c9f9ac9726247dcb001000000094375db"
OLD_POWER = "4000020bb004004a8057"
LIVE = {"tariff1": 730860, "tariff2": 691548, "tariff3": 926331, "power": 12, "voltage": 23600,
        "current": 180}  # fmt: skip


def advert(data: str, address: str = MAC, name: str = "") -> Advert:
    return Advert(0.0, address, name, -60, {FCD2: bytes.fromhex(data)})


@pytest.mark.parametrize("data", [TARIFFS, POWER, SEALED, OLD_POWER])
def test_a_module_without_its_name(data: str) -> None:
    assert adverts.is_module(advert(data))
    assert not adverts.is_module(advert(data, "3C:2E:F5:00:00:01"))


@pytest.mark.parametrize("data", ["", "40", "440109", "4000 02ca09", "ff" * 15])
def test_others_with_the_same_maker(data: str) -> None:
    assert not adverts.is_module(advert(data))
    assert adverts.is_module(advert(data, name="Electricity_meter_5C94FA"))


def test_values_of_both_frames_and_of_an_encrypted_one() -> None:
    found = adverts.merged([advert(TARIFFS), advert(POWER)])
    assert found["tariff1"] == 7308.6 and found["voltage"] == 236.0 and found["battery"] == 58
    assert adverts.readings(advert(SEALED)) == {}
    assert adverts.readings(advert(SEALED), KEY)["tariff3"] == 9263.31


def test_agreement() -> None:
    heard = adverts.merged([advert(TARIFFS), advert(POWER)])
    assert adverts.disagreements(heard, LIVE, 0x0A0F) == ()
    assert adverts.disagreements(heard, {**LIVE, "power": 13}, 0x0A0F) == ()


@pytest.mark.parametrize(
    ("live", "word", "name"),
    [
        ({"voltage": 23600}, 0x0A07, "Voltage"),
        ({"power": 12}, 0x0A09, "Power"),
        ({"tariff1": 730860}, 0x0C0F, "T1"),
        ({"current": 18000}, 0x0A0F, "Current"),
    ],
)
def test_a_scale_that_does_not_fit_is_seen(live: dict[str, int], word: int, name: str) -> None:
    heard = adverts.merged([advert(TARIFFS), advert(POWER)])
    (said,) = adverts.disagreements(heard, live, word)
    assert said.startswith(f"{name}:")


def test_voltage_that_does_not_fit_into_the_advert() -> None:
    (said,) = adverts.disagreements({"voltage": 0.0}, {"voltage": 23600}, 0x0A2F)
    assert "do not fit into the advert" in said


def test_zeros_with_battery_zero_are_no_values() -> None:
    zeros = adverts.merged([advert("4000020a0000000a0000000a000000")])
    assert adverts.blank(zeros) and not adverts.blank({})
    assert not adverts.blank({"power": 0.0, "battery": 58.0})
