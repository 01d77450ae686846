"""From Tuya's fields to OpenBeken's roles: the table of the sheet, line by line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.profile import check
from core.profile.tables import ROLES
from core.profile.toml_file import SHIPPED, load
from core.sim.tuya_values import LSC_N, LSC_T
from core.tuya import lights, loose, to_profile
from core.tuya.modules import PADS, chip_of, pad_of
from core.tuya.pin_rules import RULES
from core.tuya.pins import translate
from core.tuya.schema import parse_schema
from core.tuya.survey import survey
from tests.core.tuya.dumps import real

# field, value, further fields -> OpenBeken's text for the pin
TABLE = [
    ("rl1_pin", 8, {"rl1_lv": 1}, "Rel;1"),
    ("rl1_pin", 8, {"rl1_lv": 0}, "Rel_n;1"),
    ("rl1_pin", 8, {}, "Rel;1"),
    ("rl4_pin", 8, {}, "Rel;4"),
    ("rl", 8, {}, "Rel;0"),
    ("rl_on1_pin", 8, {}, "BridgeFWD;1"),
    ("rl_off2_pin", 8, {}, "BridgeREV;2"),
    ("bt1_pin", 7, {"bt1_lv": 0}, "Btn;1"),
    ("bt1_pin", 7, {"bt1_lv": 1}, "Btn_n;1"),
    ("bt_pin", 7, {}, "Btn;0"),
    ("bt", 7, {}, "Btn;0"),
    ("total_bt_pin", 7, {"total_bt_lv": 0}, "Btn_Tgl_All;0"),
    ("total_bt_pin", 7, {"total_bt_lv": 1}, "Btn_Tgl_All_n;0"),
    ("reset_pin", 7, {}, "Btn;0"),
    ("reset_pin", 7, {"rl1_pin": 8, "rl2_pin": 9}, "Btn_ScriptOnly;0"),
    ("key_pin", 7, {}, "Btn;1"),
    ("key_pin", 7, {"r_pin": 6}, "Btn_SmartLED;0"),
    ("k2pin_pin", 7, {}, "Btn;2"),
    ("onoff3", 26, {}, "TglChanOnTgl;3"),
    ("led2_pin", 6, {"led2_lv": 1}, "LED;2"),
    ("led2_pin", 6, {"led2_lv": 0}, "LED_n;2"),
    ("netled_pin", 10, {}, "WifiLED_n;0"),
    ("netled1_pin", 10, {"netled1_lv": 1}, "WifiLED;0"),
    ("netled1_pin", 10, {"netled1_lv": 0}, "WifiLED_n;0"),
    ("netled1_pin", 10, {"netled1_lv": 2}, "WifiLED_n;0"),
    ("wfst_pin", 10, {"wfst_lv": 1}, "WifiLED;0"),
    ("net_led_pin", 10, {}, "WifiLED_n;0"),
    ("status_led_pin", 10, {}, "WifiLED_n;0"),
    ("total_led_pin", 6, {}, "LED;1"),
    ("led_pin", 6, {"led_lv": 0}, "LED_n;1"),
    ("backlit_io_pin", 6, {"rl1_pin": 8, "rl2_pin": 9}, "LED;3"),
    ("ele_pin", 26, {}, "BL0937CF;0"),
    ("vi_pin", 24, {}, "BL0937CF1;0"),
    ("sel_pin_pin", 11, {"sel_pin_lv": 1}, "BL0937SEL;0"),
    ("sel_pin_pin", 11, {}, "BL0937SEL;0"),
    ("sel_pin_pin", 11, {"sel_pin_lv": 0}, "BL0937SEL_n;0"),
    ("mosi", 16, {}, "SM16703P_DIN;0"),
    ("infrr", 7, {}, "IRRecv;0"),
    ("infre", 26, {}, "IRSend;0"),
    ("remote_io", 7, {}, "RCRecv;0"),
    ("micpin", 23, {}, "ADC;0"),
    ("firstpin_pin", 6, {}, "PWM;1"),
    ("secpin_pin", 8, {}, "PWM;2"),
    ("door1_magt_pin", 7, {}, "dInput;1"),
    ("gate_sensor_pin_pin", 7, {}, "dInput;0"),
    ("basic_pin_pin", 7, {}, "dInput;0"),
    ("samp_pin", 23, {}, "BAT_ADC;0"),
    ("samp_sw_pin", 14, {"samp_sw_lv": 0}, "BAT_Relay_n;0"),
    ("r_pin", 6, {"r_lv": 1}, "PWM;1"),
    ("w_pin", 6, {"r_pin": 7}, "PWM;5"),
    ("w_pin", 6, {"c_pin": 7}, "PWM;2"),
    ("c_pin", 6, {}, "PWM;1"),
    ("c_pin", 6, {"c_lv": 0}, "PWM_n;1"),
    ("ctrl_pin", 7, {}, ""),
    ("ele_rx", 10, {}, ""),
    ("buzzer_io", 9, {}, ""),
    ("something_new_pin", 9, {}, ""),
]


@pytest.mark.parametrize(("name", "gpio", "more", "role"), TABLE)
def test_one_line_of_the_table(name, gpio, more, role):
    (use,) = [use for use in translate({name: gpio, **more}).uses if use.gpio == gpio]
    assert use.field == name
    assert (f"{use.role};{use.channel}" if use.role else "") == role


def test_every_role_is_one_that_the_firmware_has():
    roles = {rule.high for rule in RULES} | {rule.low for rule in RULES}
    roles |= {name for driver in lights.DRIVERS for name in (driver.data, driver.clock)}
    assert roles - {""} <= set(ROLES)


def text_of(config):
    return translate(loose.parse(config).fields)


def roles_of(wiring):
    return {use.gpio: f"{use.role};{use.channel}" for use in wiring.uses}


LSC_ROLES = {
    6: "LED;1", 7: "Btn;1", 8: "Rel;1", 10: "WifiLED;0", 11: "BL0937SEL;0", 24: "BL0937CF1;0",
    26: "BL0937CF;0",
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "chip", "shipped"),
    [(LSC_N, "n", "lsc-3202087.toml"), (LSC_T, "t", "lsc-3202088.toml")],
)
def test_the_lsc_plugs_come_out_as_their_shipped_profiles(config, chip, shipped):
    wiring = text_of(config)
    profile = to_profile.profile_of(wiring, chip)
    wanted = load(SHIPPED / shipped)
    assert {n: p.role for n, p in profile.pins.items()} == {
        n: p.role for n, p in wanted.pins.items()
    }
    assert (profile.chip, profile.module, profile.channels, profile.drivers) == (
        wanted.chip, wanted.module, wanted.channels, wanted.drivers,
    )  # fmt: skip
    check.require_possible(profile)


def test_the_lsc_plug_in_words():
    wiring = text_of(LSC_N)
    assert roles_of(wiring) == LSC_ROLES
    assert wiring.lines == [
        "LED 1 on P6, active high (pad 2)",
        "Button 1 on P7, active low (pad 4)",
        "Relay 1 on P8, active high (pad 6)",
        "Wi-Fi LED on P10, active high (pad 5)",
        "Meter SEL on P11, active high (pad 7)",
        "Meter CF1 on P24 (pad 9)",
        "Meter CF on P26 (pad 11)",
    ]
    assert wiring.meter == "BL0937"
    assert not wiring.warnings


REAL = {
    "mirabella-genio-i003632-plug": (
        "CB2S",
        {6: "Rel;1", 7: "Btn_Tgl_All;0", 8: "LED;1", 26: "WifiLED;0"},
    ),
    "tuya-generic-ap-smt-breaker02-1ch-smart-relay": (
        "CBU",
        {6: "Rel;1", 8: "Btn_Tgl_All;0", 24: "WifiLED_n;0", 26: "TglChanOnTgl;1"},
    ),
    "tuya-generic-ds-101jl-4-gang-smart-switch": (
        "WB3S",
        {1: "WifiLED_n;0", 6: "Rel;1", 9: "Rel;2", 7: "Rel;3", 26: "Rel;4", 24: "Btn;1",
         10: "Btn;2", 8: "Btn;3", 14: "Btn;4"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_the_pins_of_real_dumps(name):
    wiring = survey(real(name)).wiring
    assert (wiring.module, roles_of(wiring)) == REAL[name]
    assert not wiring.warnings


# -- odd input --------------------------------------------------------------------------------


def test_two_fields_on_one_pin():
    wiring = translate({"led1_pin": 8, "rl1_pin": 8})
    assert roles_of(wiring) == {8: "Rel;1"}
    assert wiring.warnings == (
        "P8 is named twice: Relay 1 (rl1_pin) and LED 1 (led1_pin); the first is used.",
    )


@pytest.mark.parametrize("value", [29, -1, "", "x", [1], None, 10**9, "007"])
def test_a_value_that_is_no_pin(value):
    wiring = translate({"rl1_pin": value})
    assert not wiring.uses
    assert "rl1_pin" in wiring.warnings[0]


def test_a_level_that_is_none_is_named():
    assert "netled1_lv is '2'" in translate({"netled1_pin": 1, "netled1_lv": 2}).warnings[0]


def test_unknown_fields_are_all_there():
    fields = {"zz": 1, "what_ever": "x", "rl1_pin": 8, "crc": 3}
    found = {field.name: field for field in translate(fields).fields}
    assert set(found) == {"zz", "what_ever", "crc"}
    assert (found["zz"].meaning, found["crc"].meaning) == ("", "check number")


def test_polarity_can_be_turned_over_and_back():
    wiring = text_of(LSC_N)
    turned = wiring.with_flipped(frozenset({10, 24}))
    assert roles_of(turned) == {**LSC_ROLES, 10: "WifiLED_n;0"}
    assert "Wi-Fi LED on P10, active low (pad 5)" in turned.lines
    assert turned.with_flipped(frozenset({10})) == wiring


FIELDS = st.dictionaries(
    st.sampled_from([name for name, *_ in TABLE] + ["rl1_lv", "cwtype", "over_cur", "module"])
    | st.text("abl1_pinv", max_size=10),
    st.integers(-5, 40) | st.text(max_size=5) | st.none() | st.lists(st.integers(), max_size=2),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(FIELDS)
def test_nothing_is_dropped_and_what_comes_out_is_possible(fields):
    wiring = translate(fields)
    named = {use.field for use in wiring.uses} | {field.name for field in wiring.fields}
    assert named == set(fields)
    assert len({use.gpio for use in wiring.uses}) == len(wiring.uses)
    profile = to_profile.profile_of(wiring, "n")
    assert set(profile.pins) <= set(range(29))
    check.require_possible(profile)


# -- meters, lights ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "meter", "commands"),
    [
        ({"ele_pin": 26, "vi_pin": 24, "sel_pin_pin": 11, "chip_type": 0}, "BL0937", ()),
        ({"ele_pin": 26, "vi_pin": 24, "sel_pin_pin": 11, "chip_type": 1}, "HLW8012", ()),
        ({"ele_pin": 26, "vi_pin": 24, "sel_pin_pin": 11}, "BL0937", ()),
        ({"ele_rx": 10, "ele_tx": 11, "chip_type": 2}, "HLW8032", ("startDriver CSE7766",)),
        ({"ele_rx": 10, "ele_tx": 11, "chip_type": 3}, "BL0942", ("startDriver BL0942",)),
        ({"ele_rx": 10, "ele_tx": 11}, "BL0942", ("startDriver BL0942",)),
        ({"rl1_pin": 8}, "", ()),
    ],
)
def test_meters(fields, meter, commands):
    wiring = translate(fields)
    assert (wiring.meter, wiring.commands) == (meter, commands)
    serial = [use for use in wiring.uses if use.field in ("ele_rx", "ele_tx")]
    assert not any(use.role for use in serial)


def test_a_meter_without_all_its_pins():
    assert "one of them is not named" in translate({"ele_pin": 26}).warnings[0]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"over_cur": 17800, "over_vol": 264}, "AddChangeHandler Current > 16000 SetChannel 1 0"),
        ({"over_cur": 11000}, "AddChangeHandler Current > 11000 SetChannel 1 0"),
        ({"over_vol": 264}, "AddChangeHandler Current > 16000 SetChannel 1 0"),
        ({"over_cur": 0, "over_vol": 0}, ""),
        ({}, ""),
    ],
)
def test_the_overload_line(fields, line):
    wiring = translate({"rl1_pin": 8, **fields})
    assert wiring.trip == line
    assert (to_profile.profile_of(wiring, "n").startup or "") == line
    assert to_profile.profile_of(wiring, "n", trip=False).startup == ""


def test_every_relay_gets_its_overload_line():
    wiring = translate({"rl1_pin": 8, "rl2_pin": 9, "over_cur": 9000})
    startup = to_profile.profile_of(wiring, "n").startup
    assert startup == (
        "backlog AddChangeHandler Current > 9000 SetChannel 1 0; "
        "AddChangeHandler Current > 9000 SetChannel 2 0"
    )


LIGHTS = [
    ({"ehccur": 2, "ehwcur": 8}, "SM2135", "SM2135_Current 2 8"),
    ({"iicccur": 1, "iicwcur": 4}, "SM2135", "SM2135_Current 1 4"),
    ({"campere": 20, "wampere": 50}, "SM2135", "SM2135_Current 2 8"),
    ({"drgbcur": 14, "dccur": 30, "dwcur": 40}, "BP5758D", "BP5758D_Current 14 40"),
    ({"drcur": 10, "dgcur": 12, "dbcur": 11, "dwcur": 9}, "BP5758D", "BP5758D_Current 12 9"),
    ({"cjccur": 3, "cjwcur": 5}, "BP1658CJ", "BP1658CJ_Current 3 5"),
    ({"2235ccur": 4, "2235wcur": 6}, "SM2235", "SM2235_Current 4 6"),
    ({"2335ccur": 4, "2335wcur": 6}, "SM2235", "SM2235_Current 4 6"),
    ({"kp58ccur": 7, "kp58wcur": 9}, "KP18058", "KP18058_Current 7 9"),
]


@pytest.mark.parametrize(("fields", "driver", "current"), LIGHTS)
def test_led_drivers(fields, driver, current):
    pins = {"iicsda": 24, "iicscl": 26, "iicr": 2, "iicg": 1, "iicb": 0, "iicc": 4, "iicw": 3}
    wiring = translate({**pins, **fields})
    assert wiring.driver == driver
    assert wiring.commands == (current, "LED_Map 2 1 0 4 3")
    assert {use.gpio for use in wiring.uses if use.role.startswith(driver)} == {24, 26}


@pytest.mark.parametrize(
    ("outputs", "line"),
    [
        ({"iicr": 0, "iicg": 1, "iicb": 2}, "LED_Map 0 1 2 255 255"),
        ({"iicr": 0, "iicg": 1, "iicb": 2, "iicc": 3, "iicw": 3}, "LED_Map 0 1 2 3 255"),
    ],
)
def test_colours_that_are_not_there(outputs, line):
    fields = {"iicsda": 24, "iicscl": 26, "ehccur": 1, "ehwcur": 1, **outputs}
    assert translate(fields).commands[-1] == line


def test_a_driver_is_told_by_its_number_where_no_current_is_given():
    assert translate({"iicsda": 24, "iicscl": 26, "dmod": 5}).driver == "BP1658CJ"
    unknown = translate({"iicsda": 24, "iicscl": 26})
    assert unknown.driver == ""
    assert "nothing says which" in unknown.warnings[0]


def test_brightness_and_temperature_instead_of_two_whites():
    wiring = translate({"c_pin": 6, "w_pin": 24, "cwtype": 1})
    assert roles_of(wiring) == {6: "PWM;2", 24: "PWM;1"}
    assert wiring.flags == (8,)
    assert to_profile.profile_of(wiring, "n").flags == {8: True}


def test_further_commands():
    assert translate({"mosi": 16}).commands == ("startDriver SM16703P",)
    assert translate({"c_pin": 6, "pwmhz": 2000}).commands == ("PWMFrequency 2000",)
    battery = {"samp_pin": 23, "min_V": 2100, "max_V": 3000}
    assert translate(battery).commands == ("Battery_Setup 2100 3000",)


def test_power_up_state():
    states = [translate({"total_stat": n}).power_up for n in (0, 1, 2, 7)]
    assert states == ["off", "on", "remember", ""]
    assert to_profile.profile_of(translate({}), "n").on_power_up == "off"


# -- a second chip, modules -------------------------------------------------------------------

SCHEMA = (
    b'[{"id":1,"type":"obj","mode":"rw","property":{"type":"bool"}},'
    b'{"id":2,"type":"obj","mode":"rw","property":{"type":"value","min":0}},'
    b'{"id":3,"property":{"type":"enum"}},{"id":"x"},7]\0'
)


def test_a_device_with_a_second_chip():
    profile = to_profile.mcu_profile("n", 115200, parse_schema(SCHEMA))
    assert profile.startup == (
        "backlog startDriver TuyaMCU; tuyaMcu_setBaudRate 115200; "
        "linkTuyaMCUOutputToChannel 1 1 1; linkTuyaMCUOutputToChannel 2 2 2; "
        "linkTuyaMCUOutputToChannel 3 4 3"
    )
    assert to_profile.mcu_profile("t", 9600, []).startup == "startDriver TuyaMCU"


@pytest.mark.parametrize("value", [b"", b"{}", b"[", b"[" * 100_000, b"\xff"])
def test_a_schema_that_is_none(value):
    assert parse_schema(value) == []


@pytest.mark.parametrize(
    ("module", "chip"),
    [
        ("CB2S", "bk7231n"), ("wb3s", "bk7231t"), ("WBR2", "rtl8720c"), ("T34", "bk7231n"),
        ("T2", "bk7231n"), ("T1", "bk7238"), ("CR3L", "rtl8720c"), ("XR3", "xr809"), ("?", ""),
    ],
)  # fmt: skip
def test_the_chip_of_a_module(module, chip):
    assert chip_of(module) == chip


def test_pads():
    assert set(PADS) >= {"CB2S", "WB2S", "CBU", "CB3S", "WB3S", "WB3L", "CB2L", "WB2L"}
    assert [pad_of("cb2s", n) for n in (6, 7, 8, 10, 11, 24, 26, 28)] == [
        "2", "4", "6", "5", "7", "9", "11", "",
    ]  # fmt: skip
