"""What a profile makes of the configuration sector, and which profiles are refused."""

from pathlib import Path

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from core.beken.config import (
    block_in,
    change_lines,
    sector_with,
    serial_pins,
    set_values,
)
from core.fault import FaultError
from core.profile.block import Block
from core.profile.model import Mqtt, Names, Pin, Profile, Secret, Wifi
from core.profile.toml_file import SHIPPED, load, parse

MAC = "A4:C1:38:5C:94:FA"
BLANK = b"\xff" * 4096
PLUG = load(SHIPPED / "lsc-3202087.toml")
HOME = Profile(wifi=Wifi("Home", Secret("tops3cret")), mqtt=Mqtt("10.0.0.2"))


def refused(profile: Profile, chip: str = "bk7231n", before: bytes = BLANK) -> str:
    with pytest.raises(FaultError) as error:
        sector_with(before, profile, chip, MAC)
    assert error.value.fault.exit == 3
    return error.value.fault.code


@pytest.mark.parametrize("before", [BLANK, bytes(4096), b"vendor data" + bytes(4085)])
def test_what_is_no_configuration_gives_way_to_a_new_one(before: bytes) -> None:
    """Stock devices leave other data there (rulings P19, BK7231 sheet 7.1)."""
    sector = sector_with(before, HOME, "bk7231n", MAC)
    assert len(sector) == 4096 and sector[3584:] == b"\xff" * 512
    profile = Block.parse(sector).profile()
    assert (profile.wifi.ssid, profile.wifi.password) == ("Home", Secret("tops3cret"))
    assert profile.names == Names("obk385C94FA", "OpenBK7231N_385C94FA")
    assert profile.mqtt.client == "obk385C94FA"


def test_other_fields_of_a_configuration_stay() -> None:
    before = sector_with(BLANK, HOME, "bk7231n", MAC)
    after = sector_with(before, Profile(pins={8: Pin("Rel", 1)}), "bk7231n", MAC)
    assert change_lines(before, after) == ["pins.8: - -> Rel 1"]
    assert set_values(after).wifi == HOME.wifi


def test_names_take_the_last_six_digits_of_the_mac() -> None:
    names = Profile(names=Names("plug-{mac6}", "Kitchen {mac6}"))
    profile = Block.parse(sector_with(BLANK, names, "bk7231n", MAC)).profile()
    assert profile.names == Names("plug-5C94FA", "Kitchen 5C94FA")


def test_a_profile_is_bound_to_its_chip() -> None:
    assert refused(PLUG, "bk7231t") == "PROFILE-CHIP"
    assert sector_with(BLANK, PLUG, "bk7231n", MAC)
    assert sector_with(BLANK, Profile(chip="N"), "bk7231n", MAC)


def test_what_the_firmware_cannot_hold_is_refused() -> None:
    assert refused(Profile(pins={8: Pin("Nonsense")})) == "PROFILE-VALUE"


def test_roles_on_the_serial_pins_are_found_wherever_they_come_from() -> None:
    with_led = sector_with(BLANK, PLUG, "bk7231n", MAC)
    assert serial_pins(with_led) == [10, 11]
    assert serial_pins(sector_with(with_led, HOME, "bk7231n", MAC)) == [10, 11]
    assert serial_pins(sector_with(BLANK, HOME, "bk7231n", MAC)) == []
    assert serial_pins(BLANK) == []


def test_changes_are_told_without_secrets() -> None:
    after = sector_with(BLANK, HOME, "bk7231n", MAC)
    lines = change_lines(BLANK, after)
    assert "a new configuration, with the firmware's defaults" in lines
    assert "wifi.ssid:  -> Home" in lines
    assert "wifi.password:  -> ****" in lines
    assert "tops3cret" not in " ".join(lines)
    assert change_lines(after, after) == []


def test_nothing_is_set_where_no_configuration_is() -> None:
    assert set_values(BLANK) == Profile()
    assert block_in(BLANK) is None
    assert set_values(Block.new().sector()) == Profile()


def test_every_shipped_profile_fits_the_sector() -> None:
    for path in Path(SHIPPED).glob("*.toml"):
        profile = load(path)
        sector = sector_with(BLANK, profile, profile.chip or "bk7231n", MAC)
        roles = {n: pin.role for n, pin in set_values(sector).pins.items()}
        assert roles == {n: pin.role for n, pin in profile.pins.items()}


@pytest.mark.parametrize(
    "text",
    [
        '[network]\nip = "abc"',
        '[network]\ndns = "1.2.3"',
        "[ping]\nseconds = 99999999999",
        "[ping]\ninterval = -1",
        "[calibration]\nvoltage = 1e300",
        "[calibration]\npower = nan",
        "[calibration]\ncurrent = -1.0",
        "[channels]\n3 = { start = 99999 }",
        '[pins]\n8 = { role = "Rel", channel2 = 300 }',
        'on_power_up = "remember"\n[pins]\n8 = { role = "Rel", channel = 20 }',
        "[mqtt]\nport = 0",
        "a = " + "[" * 20000,
        "[ping]\nseconds = " + "9" * 5000,
    ],
    ids=lambda text: text[:24].replace("\n", " "),
)
def test_every_value_that_has_no_place_is_a_refusal(text: str) -> None:
    with pytest.raises(FaultError, match=r"PROFILE-(VALUE|TEXT)"):
        sector_with(BLANK, parse(text), "bk7231n", MAC)


numbers = st.one_of(st.integers(), st.floats(), st.text(max_size=4), st.booleans())
tables = st.dictionaries(
    st.sampled_from(["ip", "seconds", "host", "voltage", "port", "ssid", "3", "8", "short"]),
    st.one_of(numbers, st.dictionaries(st.sampled_from(["role", "channel", "start"]), numbers)),
)
names = st.sampled_from(
    ["network", "ping", "calibration", "mqtt", "wifi", "names", "pins", "channels", "flags",
     "startup", "on_power_up", "chip"]
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(names, st.one_of(tables, numbers)))
def test_any_profile_is_a_sector_or_a_refusal(values: dict[str, object]) -> None:
    try:
        sector = sector_with(BLANK, parse(tomli_w.dumps(values)), "bk7231n", MAC)
    except FaultError as error:
        assert error.fault.exit == 3
    else:
        assert block_in(sector) is not None
