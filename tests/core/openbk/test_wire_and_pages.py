"""What the recorded JSON and pages of the real firmware say."""

from __future__ import annotations

import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.openbk import pages, wire
from core.openbk.tolerant import loads
from tests.core.openbk.bench import SAMPLES, body_of, needs_samples


def page(name: str) -> str:
    return body_of(name).decode("utf-8", "replace")


@needs_samples
def test_info_of_the_recorded_plug() -> None:
    info = wire.Info.of(loads(body_of("400_plug_api_info")).value)
    assert (info.short_name, info.chip, info.version) == ("plug1", "BK7231T", "Lin_Test")
    assert (info.mqtt, info.client, info.low_flags) == ("10.0.0.5:1883", "plug1", 1028)
    assert info.mac == "00:00:00:00:00:00"


@needs_samples
def test_flags_are_signed_on_the_wire_and_unsigned_here() -> None:
    info = wire.Info.of(loads(body_of("140_")).value)
    assert info.low_flags == 1 << 31 | 1 << 10


@needs_samples
def test_pins_with_names_channels_and_second_channels() -> None:
    pins = wire.Pins.of(loads(body_of("400_plug_api_pins")).value)
    named = {n: pins.role(p.role) for n, p in enumerate(pins.pins) if p.role}
    assert named == {6: "LED", 7: "Btn", 8: "Rel", 10: "WifiLED", 11: "BL0937SEL",
                     24: "BL0937CF1", 26: "BL0937CF"}  # fmt: skip
    assert pins.pins[8].channel == 1 and pins.pins[8].state == 1
    assert wire.Pins.of(loads(body_of("413_")).value).pins[7].channel2 == 2
    assert wire.Pins.of(loads(body_of("069_")).value).role(250) == "role250"


@needs_samples
def test_status_energy_and_relays() -> None:
    status = wire.Status.of(loads(body_of("400_plug_cm_status0")).value)
    assert status.openbeken and status.chip == "BK7231T" and status.version == "Lin_Test"
    assert status.relays == {"POWER": True}
    assert status.energy is not None
    assert status.energy.voltage == pytest.approx(236.862793)
    assert status.energy.total == pytest.approx(0.426941)
    two = wire.Status.of(loads(body_of("412_")).value)
    assert two.relays == {"POWER1": True, "POWER2": True}
    assert wire.Energy.of(loads(body_of("171_")).value["StatusSNS"]) is None


@needs_samples
def test_replies_of_commands() -> None:
    failed = wire.Reply.of(400, loads(body_of("207_")).value)
    assert (failed.ok, failed.message) == (False, "Command found but returned error")
    assert wire.Reply.of(400, loads(body_of("093_")).value).value == {"MQTTHost": "10.0.0.5"}


@needs_samples
def test_folders_and_factors() -> None:
    assert wire.listing(loads(body_of("254_")).value) == (
        wire.Entry("autoexec.bat", False, 19),
        wire.Entry("dir", True, 0),
    )
    factors = wire.Factors.unpack(body_of("244_"))
    assert factors.power == pytest.approx(1.50685, rel=1e-4)
    assert factors == wire.Factors(*struct.unpack("<3f", body_of("244_")))


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        ("a4:c1:38:5c:94:fa ", "A4:C1:38:5C:94:FA"),
        ("A4C1385C94FA", "A4:C1:38:5C:94:FA"),
        ("a4-c1-38-5c-94-fa", "A4:C1:38:5C:94:FA"),
        ("a4:c1", ""),
        ("zz:c1:38:5c:94:fa", ""),
    ],
)
def test_macs_in_every_notation(text: str, mac: str) -> None:
    assert wire.normal_mac(text) == mac


@needs_samples
def test_forms() -> None:
    mqtt = pages.inputs(page("136_"), pages.MQTT)
    assert mqtt["port"] == "1883" and mqtt["host"] == "10.0.0.9" and mqtt["password"] == "secret"
    names = pages.inputs(page("133_"), pages.NAMES)
    assert names == {"shortName": "obk_plug", "name": "Plug One"}
    address = pages.inputs(page("150_"), pages.ADDRESS)
    assert address["IP"] == "192.168.1.77" and address["gate"] == "192.168.1.1"
    assert pages.inputs(page("148_"), pages.PING)["disconnectTime"] == "60"
    wifi = pages.inputs(page("308_"), pages.WIFI)
    assert (wifi["ssid"], wifi["pass"], wifi["ssid2"]) == ("HomeNet", "secret pass!", "")


@needs_samples
def test_values_with_quotes_and_brackets_are_read_whole() -> None:
    mqtt = pages.inputs(page("510_"), pages.MQTT)
    assert mqtt["user"] == 'u"x'
    assert mqtt["password"] == '$e;&%c"'


@needs_samples
def test_flags_with_the_devices_own_texts() -> None:
    flags = pages.flags(page("138_"))
    assert [f.number for f in flags] == list(range(52))
    assert {f.number for f in flags if f.on} == {2, 10, 38}
    assert flags[38].text == "[Power] Set power and current to zero if all relays are open"


@needs_samples
def test_start_values_startup_command_aliases_and_role_channels() -> None:
    assert pages.start_values(page("142_"))[1] == -1
    assert pages.startup_command(page("143_")) == "backlog startDriver NTP; startDriver BL0937"
    assert pages.startup_command(page("036_")) is None
    assert pages.aliases(page("031_"))[26] == "PWM5"
    assert 3 not in pages.aliases(page("031_"))
    channels = pages.role_channels(page("031_"))
    assert (channels["Btn"], channels["Rel"], channels["WifiLED"]) == (2, 1, 0)


@needs_samples
def test_state_page() -> None:
    state = pages.state(page("400_plug_index_state"))
    assert state.readings["Voltage"] == 236.9
    assert state.drivers == ("BL0937",)
    assert state.signal == -1 and state.mqtt == "disconnected"
    assert pages.state(page("022_")).mqtt == "not configured"
    assert pages.state(page("601_")).safe_mode and not state.safe_mode
    assert pages.state(page("287_")).updating


@needs_samples
def test_unknown_paths_are_recognised_though_they_answer_200() -> None:
    for name in ("015_", "025_", "531_", "602_", "529_"):
        assert pages.unknown_path(page(name)), name
    for name in ("030_", "033_", "602_")[:2]:
        assert not pages.unknown_path(page(name)), name


@needs_samples
def test_every_page_is_survived_by_every_reader() -> None:
    for file in sorted(SAMPLES.glob("*.http")):
        everything(file.read_bytes().decode("utf-8", "replace"))


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_is_survived(text: str) -> None:
    everything(text)
    everything('<input type="text" id="host" name="host" value="' + text)


def everything(text: str) -> None:
    pages.flags(text)
    pages.start_values(text)
    pages.startup_command(text)
    pages.aliases(text)
    pages.role_channels(text)
    pages.state(text)
    for names in (pages.WIFI, pages.MQTT, pages.NAMES, pages.ADDRESS, pages.PING):
        pages.inputs(text, names)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from([10**400, -(10**4200), 1e308, "--5", "9" * 5000]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["roles", "channels", "types", "flags", "mac", "content", "name",
                         "StatusFWR", "StatusSTS", "StatusSNS", "ENERGY", "Wifi", "POWER"]),
        inner, max_size=5),
    max_leaves=10,
))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_any_json_value_makes_a_record(value: object) -> None:
    wire.Info.of(value)
    pins, types = wire.Pins.of(value), wire.ChannelTypes.of(value)
    assert all(pins.role(pin.role) is not None for pin in pins.pins)
    assert all(types.name(number) is not None for number in types.types)
    wire.Status.of(value)
    wire.Energy.of(value)
    wire.Reply.of(200, value)
    wire.listing(value)


@pytest.mark.parametrize("value", [10**400, -(10**400), 1e300, 1 << 64, "9" * 22, "--5", "+"])
def test_a_number_that_nothing_can_hold_is_none(value: object) -> None:
    assert wire.int_of(value, -1) == -1
    assert wire.text_of(10**5000) == ""
    assert wire.float_of(10**400) is None


@pytest.mark.parametrize("number", [-1, -99999, 5, 1 << 40])
def test_a_number_without_a_name_is_called_by_itself(number: int) -> None:
    assert wire.Pins(("a", "b"), ()).role(number) == f"role{number}"
    assert wire.ChannelTypes(("a", "b"), ()).name(number) == f"type{number}"


@pytest.mark.parametrize(("value", "number"), [("-5", -5), (" 12 ", 12), (7.9, 7), (True, 1)])
def test_whole_numbers_in_every_notation(value: object, number: int) -> None:
    assert wire.int_of(value) == number


@pytest.mark.parametrize(
    "piece",
    [
        'id="flag1" value="1"><label for="flag1">',
        'id="flag1" value="1"><label for="flag1">x</label>',
        "<textarea>",
        "9",
        '<input type="text" id="ssid" name="ssid" value="',
        'name="idx" value="1"/>',
        "<b>x</b></td><td>1",
        "MQTT State: <",
        '" pattern="',
        'var r = [["x",1',
    ],
)
def test_a_page_of_any_kind_costs_no_time(piece: str) -> None:
    """Work that grows with the square of the length would take minutes here."""
    text = piece * ((1 << 20) // len(piece))
    began = time.process_time()
    everything(text)
    assert time.process_time() - began < 10


def test_readings_of_the_state_page_are_finite() -> None:
    rows = "".join(f"<b>{n}</b></td><td>{n}</td>" for n in ("nan", "inf", "1e999", "2.5", "x"))
    assert pages.state(rows).readings == {"2.5": 2.5}


def test_a_startup_command_may_hold_anything_but_has_an_end() -> None:
    assert pages.startup_command("<textarea id=x>a</textarea>b</textarea>") == "a</textarea>b"
    assert pages.startup_command("</textarea><textarea>a") is None
