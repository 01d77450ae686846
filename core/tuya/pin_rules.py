"""What the fields of `user_param_key` mean, as data.

Pins first: which role OpenBeken has for them, by active level.  Then fields that are no pins.
Source: Tuya backup sheet 3.2, 3.3 and 3.6.
"""

from __future__ import annotations

import re
from typing import NamedTuple

TEXT = ""
"""The role of a pin that OpenBeken has none for by itself: it is shown, not set."""


class Rule(NamedTuple):
    """Fields that match `pattern` name a GPIO.

    `what` is its function in words, `{n}` the channel; `high` and `low` are the roles when it is
    active high or low, the same where polarity does not matter; `lv` is the field with the level
    and `level` what counts without it.  `channel` None takes the number in the field's name.
    """

    pattern: re.Pattern[str]
    what: str
    high: str
    low: str
    lv: str = ""
    level: int = 1
    channel: int | None = None


def _rule(
    pattern: str,
    what: str,
    high: str,
    low: str = "",
    *,
    lv: str = "",
    level: int = 1,
    channel: int | None = 0,
) -> Rule:
    return Rule(re.compile(pattern), what, high, low or high, lv, level, channel)


# A button role without _n is pressed when low, an output role without _n is active when high.
RULES = (
    _rule(r"rl(\d*)(?:_pin)?", "Relay {n}", "Rel", "Rel_n", lv="rl{d}_lv", channel=None),
    _rule(r"rl_on(\d*)_pin", "Relay {n} coil on", "BridgeFWD", channel=None),
    _rule(r"rl_off(\d*)_pin", "Relay {n} coil off", "BridgeREV", channel=None),
    _rule(r"bt(\d*)(?:_pin)?", "Button {n}", "Btn_n", "Btn", lv="bt{d}_lv", level=0, channel=None),
    _rule(r"total_bt_pin", "Button for all relays", "Btn_Tgl_All_n", "Btn_Tgl_All",
          lv="total_bt_lv", level=0),
    _rule(r"reset_pin|reset_bt_pin", "Pairing button", "Btn_n", "Btn", lv="reset_lv", level=0),
    _rule(r"k(\d+)pin_pin", "Key {n}", "Btn_n", "Btn", lv="k{d}pin_lv", level=0, channel=None),
    _rule(r"key_pin", "Key 1", "Btn_n", "Btn", lv="key_lv", level=0, channel=1),
    _rule(r"onoff(\d+)", "Switch input {n}", "TglChanOnTgl", channel=None),
    _rule(r"led(\d+)_pin", "LED {n}", "LED", "LED_n", lv="led{d}_lv", channel=None),
    _rule(r"netled_pin|netled", "Wi-Fi LED", "WifiLED", "WifiLED_n", lv="netled_lv", level=0),
    _rule(r"netled(\d+)_pin", "Wi-Fi LED", "WifiLED", "WifiLED_n", lv="netled{d}_lv", level=0),
    _rule(r"wfst_pin|wfst", "Wi-Fi LED", "WifiLED", "WifiLED_n", lv="wfst_lv", level=0),
    _rule(r"net_led_pin", "Wi-Fi LED", "WifiLED", "WifiLED_n", lv="net_led_lv", level=0),
    _rule(r"status_led_pin", "Wi-Fi LED", "WifiLED", "WifiLED_n", lv="status_led_lv", level=0),
    _rule(r"total_led_pin", "Common LED", "LED", "LED_n", lv="total_led_lv", channel=1),
    _rule(r"led_pin", "Common LED", "LED", "LED_n", lv="led_lv", channel=1),
    _rule(r"backlit_io_pin", "Backlight", "LED", "LED_n", lv="backlit_io_lv"),
    _rule(r"ele_pin|epin", "Meter CF", "BL0937CF"),
    _rule(r"vi_pin|ivpin", "Meter CF1", "BL0937CF1"),
    _rule(r"sel_pin_pin|ivcpin", "Meter SEL", "BL0937SEL", "BL0937SEL_n", lv="sel_pin_lv"),
    _rule(r"ele_rx(?:_pin)?", "Meter RX", TEXT),
    _rule(r"ele_tx(?:_pin)?", "Meter TX", TEXT),
    _rule(r"r_pin", "Red", "PWM", "PWM_n", lv="r_lv"),
    _rule(r"g_pin", "Green", "PWM", "PWM_n", lv="g_lv"),
    _rule(r"b_pin", "Blue", "PWM", "PWM_n", lv="b_lv"),
    _rule(r"c_pin", "Cold white", "PWM", "PWM_n", lv="c_lv"),
    _rule(r"w_pin", "Warm white", "PWM", "PWM_n", lv="w_lv"),
    _rule(r"firstpin_pin", "PWM 1", "PWM", "PWM_n", lv="firstpin_lv", channel=1),
    _rule(r"secpin_pin", "PWM 2", "PWM", "PWM_n", lv="secpin_lv", channel=2),
    _rule(r"iicsda", "LED driver data", TEXT),
    _rule(r"iicscl", "LED driver clock", TEXT),
    _rule(r"mosi|MOSI", "Addressable LEDs", "SM16703P_DIN"),
    _rule(r"infrr|irpin|ir", "IR receiver", "IRRecv"),
    _rule(r"infre", "IR sender", "IRSend"),
    _rule(r"remote_io", "433 MHz receiver", "RCRecv"),
    _rule(r"mic|micpin", "Microphone", "ADC"),
    _rule(r"door(\d+)_magt_pin", "Door contact {n}", "dInput", channel=None),
    _rule(r"gate_sensor_pin_pin", "Gate contact", "dInput"),
    _rule(r"basic_pin_pin", "Motion or contact", "dInput"),
    _rule(r"samp_pin", "Battery voltage", "BAT_ADC"),
    _rule(r"samp_sw_pin", "Battery measuring switch", "BAT_Relay", "BAT_Relay_n", lv="samp_sw_lv"),
    _rule(r"ctrl_pin", "Light supply switch", TEXT),
    _rule(r"pirin_pin|pirsense_pin", "Motion sensor", TEXT),
    _rule(r"bz_pin_pin|buzzer_io", "Buzzer", TEXT),
    _rule(r"sound_pin", "Sound", TEXT),
    _rule(r"i2c_scl_pin|SCL", "I2C clock", TEXT),
    _rule(r"i2c_sda_pin", "I2C data", TEXT),
    _rule(r"one_wire_pin", "One-wire bus", TEXT),
    _rule(r"CS|miso", "SPI", TEXT),
    _rule(r"\w+_pin", "Unknown function", TEXT),
)  # fmt: skip
"""In order of precedence: where two fields name one GPIO, the upper rule has it."""

COLOURS = {"r_pin": 1, "g_pin": 2, "b_pin": 3, "c_pin": 4, "w_pin": 5}
"""PWM channels of a light with five colours."""
METER_PULSES = ("BL0937CF", "BL0937CF1", "BL0937SEL", "BL0937SEL_n")
METER_CHIPS = {0: "BL0937", 1: "HLW8012", 2: "HLW8032", 3: "BL0942"}
"""By `chip_type`."""
METER_DRIVERS = {2: "CSE7766", 3: "BL0942"}
"""OpenBeken's driver where the meter speaks over a UART."""

MEANINGS = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"module", "module"),
        (r"jv|Jsonver", "version of this configuration"),
        (r"crc", "check number"),
        (r".*_lv", "active level of its pin: 1 high, 0 low"),
        (r"ch_num", "number of channels"),
        (r"ch_dpid\d*", "Tuya data point of the switch"),
        (r"ch_cddpid\d*", "Tuya data point of the countdown"),
        (r"ch\d+_stat|total_stat", "state after power-up: 0 off, 1 on, 2 as before"),
        (r"(init_conf|\w+_dpid|\w+_dp|remote_\w+_dp)", "Tuya data point of a function"),
        (r"reset_t|rsthold|ktime", "seconds to hold for pairing"),
        (r"net_trig", "how pairing is started"),
        (r"netn_led|nety_led", "LED while offline / online"),
        (r"netled_reuse", "1: the Wi-Fi LED also shows the relay"),
        (r"bt\d*_type|rl\d*_type", "kind of button or relay (1 latching)"),
        (r"rl\d*_drvtime", "pulse of a latching relay, ms"),
        (r"onoff_\w+|on_off_cnt", "wall switch settings"),
        (r"zero_select", "switching at zero crossing"),
        (r"chip_type", "meter chip: 0 BL0937, 1 HLW8012, 2 HLW8032, 3 BL0942"),
        (r"resistor|sample_resistor", "shunt, milliohm"),
        (r"over_cur", "trips above this current, mA"),
        (r"over_vol", "trips above this voltage, V"),
        (r"lose_vol", "trips below this voltage, V"),
        (r"vol_def|work_voltage", "nominal voltage"),
        (r"ele_fun_en", "1: metering is on"),
        (r"cmod", "colours of the light"),
        (r"cwtype", "0 cold and warm, 1 brightness and temperature"),
        (r"dmod", "LED driver"),
        (r"category", "kind of light"),
        (r"pwmhz", "PWM frequency, Hz"),
        (r"iic[rgbcw]", "output of the LED driver"),
        (r"\w*cur|campere|wampere", "current of the LED driver"),
        (r"bright(min|max)|color(min|max)|cwmaxp|colormaxp", "limits of the light, %"),
        (r"def(color|bright|temp)", "first state of the light"),
        (r"pmemory", "1: the light remembers its state"),
        (r"rst(num|cor|br|temp)", "switching on and off to pair"),
        (r"gm[kw]\w*", "gamma, %"),
        (r"cagt", "minutes of the ageing test"),
        (r"irk\d+(val|fun)", "remote control code and its action"),
        (r"max_V|min_V", "battery, mV"),
        (r"baud", "UART speed (TuyaMCU or meter)"),
    )
)


def meaning(name: str) -> str:
    """What a field that is no pin is for; empty where nobody knows."""
    return next((text for pattern, text in MEANINGS if pattern.fullmatch(name)), "")
