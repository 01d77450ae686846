"""Secrets: found by name, filled in, never shown."""

import pytest

from core.fault import FaultError
from core.profile.model import Channel, Mqtt, Pin, Profile, Secret, Wifi, flat
from core.profile.secrets import filled, needed, secret_paths, shown
from core.profile.toml_file import parse

PROFILE = Profile(
    wifi=Wifi("Home", Secret(name="home-wifi"), "Barn", Secret(name="home-wifi")),
    mqtt=Mqtt(password=Secret("hunter2")),
    pins={8: Pin("Rel", 1)},
)


def test_each_name_is_needed_once() -> None:
    assert needed(PROFILE) == ["home-wifi"]
    assert needed(
        parse('[wifi]\npassword = { secret = "a" }\nweb_password = { secret = "b" }')
    ) == [
        "a",
        "b",
    ]


def test_names_become_values() -> None:
    done = filled(PROFILE, {"home-wifi": "tops3cret"})
    assert (done.wifi.password, done.wifi.password2) == (Secret("tops3cret"),) * 2
    assert needed(done) == []
    assert secret_paths(done) == ["wifi.password", "wifi.password2", "mqtt.password"]


def test_an_unknown_name_is_refused_without_a_value() -> None:
    with pytest.raises(FaultError) as error:
        filled(PROFILE, {"other": "tops3cret"})
    fault = error.value.fault
    assert (fault.code, fault.exit) == ("PROFILE-SECRET", 3)
    assert "home-wifi" in fault.what and "tops3cret" not in repr(fault)


def test_no_value_is_shown() -> None:
    text = " ".join(shown(value) for value in flat(PROFILE).values())
    assert "hunter2" not in text and "****" in text
    assert secret_paths(PROFILE) == ["mqtt.password"]
    assert shown(PROFILE.mqtt.password, reveal=True) == "hunter2"
    assert shown(Secret("")) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Pin("Rel", 1), "Rel 1"),
        (Channel("Toggle", -1), "Toggle -1"),
        (True, "on"),
        (None, "-"),
        (1883, "1883"),
        (Secret(name="w"), "secret 'w'"),
    ],
)
def test_values_for_people(value: object, text: str) -> None:
    assert shown(value) == text
