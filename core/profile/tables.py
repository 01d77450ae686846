"""Roles, channel types and field sizes of the firmware, as of 1.18.299 (OpenBeken HTTP sheet 7,
8, 14).  A running device's own lists win over these; they serve sectors, dumps and offline work.
"""

from __future__ import annotations

ROLES: tuple[str, ...] = tuple(
    """\
None Rel Rel_n Btn Btn_n LED LED_n PWM WifiLED WifiLED_n Btn_Tgl_All Btn_Tgl_All_n dInput dInput_n
TglChanOnTgl dInput_NoPullUp dInput_NoPullUp_n BL0937SEL BL0937CF BL0937CF1 ADC SM2135DAT
SM2135CLK BP5758D_DAT BP5758D_CLK BP1658CJ_DAT BP1658CJ_CLK PWM_n IRRecv IRSend Btn_NextColor
Btn_NextColor_n Btn_NextDimmer Btn_NextDimmer_n AlwaysHigh AlwaysLow UCS1912_DIN SM16703P_DIN
Btn_NextTemperature Btn_NextTemperature_n Btn_ScriptOnly Btn_ScriptOnly_n DHT11 DHT12 DHT21 DHT22
CHT83XX_SDA CHT83XX_SCK SHT3X_SDA SHT3X_SCK SoftSDA SoftSCL SM2235DAT SM2235CLK BridgeFWD
BridgeREV Btn_SmartLED Btn_SmartLED_n DoorSnsrWSleep DoorSnsrWSleep_nPup BAT_ADC BAT_Relay
TM1637_DIO TM1637_CLK BL0937SEL_n DoorSnsrWSleep_pd SGP_CLK SGP_DAT ADC_Button GN6932_CLK
GN6932_DAT GN6932_STB TM1638_CLK TM1638_DAT TM1638_STB BAT_Relay_n KP18058_CLK KP18058_DAT
DS1820_IO PWM_ScriptOnly PWM_ScriptOnly_n Counter_f Counter_r IRRecv_nPup StripState StripState_n
HLW_8112_SCSN RCRecv RCRecv_nPup Btn_pd Btn_pd_n TglChanOnTgl_pd ShutterA ShutterB BtnShutterUp
BtnShutterDown BL0939_SCLK BL0939_MOSI BL0939_MISO""".split()  # noqa: SIM905 - a table reads better so
)
"""Index is the number on the wire and in the sector."""

CHANNEL_TYPES: tuple[str, ...] = tuple(
    """\
Default Error Temperature Humidity Humidity_div10 Temperature_div10 Toggle Dimmer LowMidHigh
TextField ReadOnly OffLowMidHigh OffLowestLowMidHighHighest LowestLowMidHighHighest Dimmer256
Dimmer1000 Frequency_div100 Voltage_div10 Power Current_div100 ActivePower PowerFactor_div1000
ReactivePower EnergyTotal_kWh_div1000 EnergyExport_kWh_div1000 EnergyToday_kWh_div1000
Current_div1000 EnergyTotal_kWh_div100 OpenClosed OpenClosed_Inv BatteryLevelPercent OffDimBright
LowMidHighHighest OffLowMidHighHighest Custom Power_div10 ReadOnlyLowMidHigh SmokePercent
Illuminance Toggle_Inv OffOnRemember Voltage_div100 Temperature_div2 TimerSeconds Frequency_div10
PowerFactor_div100 Pressure_div100 Temperature_div100 LeakageCurrent_div1000 Power_div100 Motion
ReadOnly_div10 ReadOnly_div100 ReadOnly_div1000 Ph Orp Tds Motion_n Frequency_div1000
OpenStopClose Percent StopUpDown EnergyImport_kWh_div1000 Enum ReadOnlyEnum Current_div10
Illuminance_div10 Frequency""".split()  # noqa: SIM905 - a table reads better so
)

RELAYS = ("Rel", "Rel_n")
PINS = 29
CHANNELS = 64
REMEMBERED_CHANNELS = 12
FLAGS = 52
FLASHING_PINS = (10, 11)
"""RX1 and TX1: a role here takes the serial line away at the next boot (rulings P5)."""

# Usable bytes of each text (HTTP sheet 14).
TEXT_ROOM = {
    "names.short": 31,
    "names.long": 63,
    "wifi.ssid": 63,
    "wifi.password": 63,
    "wifi.ssid2": 63,
    "wifi.password2": 63,
    "wifi.web_password": 32,
    "mqtt.host": 127,
    "mqtt.user": 63,
    "mqtt.password": 127,
    "mqtt.client": 63,
    "mqtt.group": 63,
    "ping.host": 63,
    "startup": 1567,
}

FILE_ROOM = 32768
"""Bytes of a file: the whole file system as the firmware makes it (HTTP sheet 4)."""
FILE_NAME_ROOM = 255
"""Bytes of a file's name together with its folders."""
FILE_PARTS = 3
"""Folders and name of a file; what lies deeper is not read back."""

LONGEST_PING = 86_400
"""Seconds of a ping watchdog."""
