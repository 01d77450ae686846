"""What a Tuya plug keeps in its key-value store; licence and ids are made up.

The pins are those of the Action LSC plugs 3202087 (N) and 3202088 (T).  Source: Tuya backup sheet
2 and 3.7.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from string import ascii_lowercase, digits

_SETTINGS = (
    b"netled_reuse:1,net_trig:2,ffc_select:1,ele_fun_en:1,reset_t:5,ch_num:1,ch_dpid1:1,"
    b"ch_cddpid1:9,ch1_stat:0,vol_def:0,chip_type:0,resistor:1,over_cur:17800,over_vol:264,"
    b"lose_vol:80,sel_pin_pin:11,sel_pin_lv:1,vi_pin:24,ele_pin:26,netled1_pin:10,netled1_lv:1,"
    b"bt1_pin:7,bt1_lv:0,"
)
LSC_N = b"{" + _SETTINGS + b"led1_pin:6,led1_lv:1,rl1_pin:8,rl1_lv:1,module:CB2S,jv:1.0.4,crc:92,}"
LSC_T = b"{" + _SETTINGS + b"led1_pin:8,led1_lv:1,rl1_pin:6,rl1_lv:1,module:WB2S,jv:1.0.4,crc:57,}"


def stock_values(chip: str, seed: int, pins: bytes) -> dict[str, bytes]:
    """The values of a plug that was never paired.  The same arguments give the same bytes."""
    chance = Random(seed * 1000 + 3)
    platform = {"n": b"bk7231n", "t": b"BK7231S_2M"}[chip]

    def word(length: int) -> str:
        return "".join(chance.choices(ascii_lowercase + digits, k=length))

    licence = {
        "uuid": word(16),
        "psk_key": word(37),
        "auth_key": word(32),
        "ap_ssid": "SmartLife",
        "ap_passwd": None,
        "country_code": "EU",
        "bt_mac": None,
        "bt_hid": None,
        "prod_test": False,
        "fac_pin": word(16),
    }
    wifi = dict.fromkeys(("ssid", "passwd", "token", "region", "reg_key"))
    key = f"key{word(13)}"
    device = {"abi": 0, "id": None, "swv": "1.1.8", "bv": "40.00", "pv": "2.2", "lpv": "3.3",
              "pk": key, "firmk": key, "s_id": None}  # fmt: skip
    return {
        "gw_bi": _json(licence),
        "user_param_key": pins,
        "gw_wsm": _json({"nc_tp": 0, **wifi, "wfb64": 1, "stat": 0}),
        "gw_di": _json(device),
        "gw_ai": _json({"key": None, "lckey": None, "h_url": None, "mq_url": None, "time_z": None}),
        "em_sys_env": platform.ljust(20, b"\0"),
        "wf_start_md": b"3\0",
    }


def _json(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()
