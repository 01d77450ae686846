"""Profiles as TOML: mistakes are named with their line, bases lie underneath."""

import os
from dataclasses import fields
from pathlib import Path

import pytest

from core.fault import FaultError
from core.profile import faults
from core.profile.check import require_possible, warnings
from core.profile.flags import FLAG_TEXTS
from core.profile.model import (
    SECTIONS,
    Channel,
    Mqtt,
    Names,
    Network,
    Pin,
    Ping,
    Profile,
    Secret,
    Wifi,
    flat,
    for_mac,
    merged,
)
from core.profile.tables import FLAGS
from core.profile.toml_file import SHIPPED, dump, load, parse

MISTAKES = [
    ("x = 1", "line 1", "unknown key"),
    ('[pins]\n8 = { role = "Rel" }\n9 = { rol = "x" }', "line 3", "unknown key"),
    ('[wifi]\nssid = "a"\npasword = "b"', "line 3", "unknown key"),
    ("[flags]\n10 = 1", "line 2", "must be true or false"),
    ("[pins]\nP8 = 1", "line 2", "number"),
    ("[pins]\n8 = { channel = 1 }", "line 2", "needs a role"),
    ("[mqtt]\nport = true", "line 2", "must be a whole number"),
    ('chip = "a"\n[mqtt]\nhost = 1', "line 3", "must be a text in quotes"),
    ("[calibration]\npower = true", "line 2", "must be a number"),
    ("pins = 1", "line 1", "must be a table"),
    ('drivers = "NTP"', "line 1", "must be a list"),
    ("a = ", "line 1", ""),
]


@pytest.mark.parametrize(("text", "line", "why"), MISTAKES)
def test_a_mistake_is_named_with_its_line(text: str, line: str, why: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse(text, "mine.toml")
    fault = caught.value.fault
    assert (fault.code, fault.exit) == ("PROFILE-TEXT", 3)
    assert "mine.toml" in fault.what and why in fault.what
    assert line in fault.what or text == "a = "


def test_a_base_lies_underneath(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(
        'chip = "bk7231n"\n[pins]\n8 = { role = "Rel", channel = 1 }\n[names]\nlong = "L"\n'
    )
    (tmp_path / "mine.toml").write_text(
        'base = "base.toml"\n[pins]\n7 = { role = "Btn" }\n[names]\nshort = "plug-{mac6}"\n'
    )
    found = load(tmp_path / "mine.toml")
    assert found.pins == {8: Pin("Rel", 1), 7: Pin("Btn")}
    assert found.names == Names("plug-{mac6}", "L")
    assert for_mac(found, "a4:c1:38:5c:94:fa").names.short == "plug-5C94FA"


def test_bases_that_chase_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('base = "b.toml"')
    (tmp_path / "b.toml").write_text('base = "a.toml"')
    with pytest.raises(FaultError) as caught:
        load(tmp_path / "a.toml")
    assert caught.value.fault.code == "PROFILE-BASE"


def test_profiles_folder_comes_before_the_shipped_ones(tmp_path: Path) -> None:
    mine, profiles = tmp_path / "mine", tmp_path / "profiles"
    mine.mkdir()
    profiles.mkdir()
    (mine / "p.toml").write_text('base = "lsc-3202087.toml"')
    assert load(mine / "p.toml", profiles).pins[8] == Pin("Rel", 1)
    (profiles / "lsc-3202087.toml").write_text('[pins]\n8 = { role = "LED" }')
    assert load(mine / "p.toml", profiles).pins == {8: Pin("LED")}


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda p: p.stem)
def test_shipped_profiles_are_possible_and_warn_of_the_serial_pins(path: Path) -> None:
    profile = load(path)
    require_possible(profile)
    assert [w.split()[0] for w in warnings(profile)] == ["P10", "P11"]
    assert profile.on_power_up == "off"
    assert parse(dump(profile)) == profile


def test_the_lsc_plug_as_its_guide_wires_it() -> None:
    roles = {n: pin.role for n, pin in load(SHIPPED / "lsc-3202087.toml").pins.items()}
    assert roles == {
        6: "LED", 7: "Btn", 8: "Rel", 10: "WifiLED", 11: "BL0937SEL", 24: "BL0937CF1",
        26: "BL0937CF",
    }  # fmt: skip


def test_what_is_no_file_of_text_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "huge.toml").write_bytes(b" " * (2 << 20))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "folder.toml").mkdir()
    for name in ("pipe", "huge", "folder", "missing"):
        with pytest.raises(FaultError, match="STORE-UNREADABLE"):
            load(tmp_path / f"{name}.toml")
    with pytest.raises(FaultError, match="PROFILE-TEXT"):
        load(tmp_path / "binary.toml")


def test_the_record_of_a_backup_is_no_profile(tmp_path: Path) -> None:
    (tmp_path / "dump.toml").write_text('sha256 = "00"\ntrue = true\nwhole = true\nchip = "x"\n')
    with pytest.raises(FaultError) as caught:
        load(tmp_path / "dump.toml")
    fault = caught.value.fault
    assert fault.code == "PROFILE-TEXT" and "record of a backup, not a profile" in fault.what


def test_the_help_page_lists_every_key_with_its_limit() -> None:
    page = faults.TEXT.help
    for name, section in SECTIONS.items():
        keys = page.partition(f"\n[{name}]\n")[2].partition("\n\n")[0]
        assert [line.partition(":")[0] for line in keys.splitlines()] == [
            field.name for field in fields(section)
        ]
    for said in ("short: a text in quotes; up to 31 bytes", "port: a whole number; 1 to 65535",
                 "pin 0 to 28", "on_power_up: ", "drivers: ", "[files]", "BL0937SEL"):  # fmt: skip
        assert said in page, said
    with pytest.raises(FaultError) as caught:
        parse("x = 1")
    assert "README" not in caught.value.fault.next
    assert caught.value.fault.command == ("wattbench", "info", "PROFILE-TEXT")


def test_values_of_secrets_are_not_written() -> None:
    text = dump(Profile(wifi=Wifi("net", Secret("hunter2"), password2=Secret(name="home"))))
    assert "hunter2" not in text
    assert parse(text).wifi == Wifi("net", None, password2=Secret(name="home"))


def test_what_is_named_above_wins() -> None:
    low = Profile(chip="bk7231n", flags={1: True, 2: True}, channels={1: Channel("Toggle")})
    high = Profile(flags={2: False}, startup="x")
    assert flat(merged(low, high)) == {
        "chip": "bk7231n",
        "startup": "x",
        "channels.1": Channel("Toggle"),
        "flags.1": True,
        "flags.2": False,
    }


IMPOSSIBLE = [
    Profile(pins={29: Pin("Rel")}),
    Profile(pins={8: Pin("Rell")}),
    Profile(pins={8: Pin("Rel", 64)}),
    Profile(channels={64: Channel()}),
    Profile(channels={12: Channel(start=-1)}),
    Profile(flags={52: True}),
    Profile(on_power_up="maybe"),
    Profile(names=Names("ü" * 16)),
    Profile(wifi=Wifi(web_password=Secret("1234"))),
    Profile(wifi=Wifi(ssid="a\0b")),
    Profile(mqtt=Mqtt("192.168.1.300")),
    Profile(mqtt=Mqtt("1.2.3.4:1883")),
    Profile(mqtt=Mqtt("broker.lan:1883")),
    Profile(mqtt=Mqtt("mqtt://broker.lan")),
    Profile(mqtt=Mqtt("my broker")),
    Profile(mqtt=Mqtt(" 192.168.1.2")),
    Profile(mqtt=Mqtt("10.0.0")),
    Profile(mqtt=Mqtt("brok,er")),
    Profile(mqtt=Mqtt("a..b")),
    Profile(mqtt=Mqtt("-x.lan")),
    Profile(mqtt=Mqtt("fe80::1")),
    Profile(ping=Ping("192.168.1.256")),
    Profile(ping=Ping("8.8.8.8:53")),
    Profile(network=Network("192.168.1.300")),
    Profile(network=Network(gateway="1.2.3.4:80")),
    Profile(network=Network(mask="255.255.255")),
    Profile(network=Network(dns=" 8.8.8.8")),
    Profile(files={"": "x"}),
    Profile(files={"a//b": "x"}),
    Profile(files={"../b": "x"}),
    Profile(files={"a/b/c/d": "x"}),
    Profile(files={"a\nb": "x"}),
    Profile(files={"a\\b": "x"}),
    Profile(files={"ü" * 128: "x"}),
    Profile(files={"autoexec.bat": "ü" * 16385}),
]


@pytest.mark.parametrize("profile", IMPOSSIBLE)
def test_what_the_firmware_cannot_hold_is_refused(profile: Profile) -> None:
    with pytest.raises(FaultError) as caught:
        require_possible(profile)
    assert caught.value.fault.code == "PROFILE-VALUE"


@pytest.mark.parametrize(
    "host", ["", "192.168.1.2", "broker", "broker.lan", "my_broker-2.fritz.box", "mqtt.lan.", "9a"]
)
def test_addresses_and_names_of_hosts_are_possible(host: str) -> None:
    require_possible(Profile(mqtt=Mqtt(host), ping=Ping(host)))


def test_a_port_behind_the_broker_is_told_where_it_belongs() -> None:
    with pytest.raises(FaultError) as caught:
        require_possible(Profile(mqtt=Mqtt("1.2.3.4:1883")))
    assert "mqtt.host" in caught.value.fault.what and "field of its own" in caught.value.fault.what


def test_a_file_may_fill_the_file_system_and_lie_in_a_folder() -> None:
    require_possible(Profile(files={"web/page v1.html": "x" * 32768, "autoexec.bat": ""}))


def test_every_flag_has_a_text() -> None:
    assert len(set(FLAG_TEXTS)) == FLAGS and FLAG_TEXTS[36].startswith("no driver autostart")


def test_warnings_say_why() -> None:
    meter = Profile(pins={24: Pin("BL0937CF1"), 26: Pin("BL0937CF")})
    assert "CF, CF1 and SEL" in warnings(meter)[0]
    two = Profile(pins={8: Pin("Rel", 1), 9: Pin("Rel_n", 1)})
    assert "2 relays are on channel 1" in warnings(two)[0]
