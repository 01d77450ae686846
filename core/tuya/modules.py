"""Tuya's modules: which chip, and which pad carries which GPIO.  Data from the Tuya sheet 3.1."""

from __future__ import annotations

_PADS = {
    "CB2S": "2:6 4:7 5:10 6:8 7:11 8:23 9:24 11:26 CSN:21 RX2:1 TX2:0",
    "WB2S": "2:8 4:7 5:10 6:6 7:11 8:23 9:24 11:26 t:21 t:9 t:1 t:20 t:22 t:0",
    "CBU": "1:14 2:16 3:20 4:22 5:23 6:1 7:0 8:8 9:7 10:6 11:26 12:24 15:11 16:10 17:28 19:9"
    " 20:17 21:15",
    "CB3S": "2:23 4:14 5:26 6:24 7:6 10:9 11:0 12:21 13:8 14:7 15:10 16:11 18:22 20:20",
    "WB3S": "2:23 4:14 5:26 6:24 7:6 10:7 11:0 12:1 13:9 14:8 15:10 16:11 18:22 19:21 20:20",
    "WB3L": "2:23 4:14 5:26 6:24 7:6 10:9 11:0 12:16 13:8 14:7 15:10 16:11 18:22 19:21 20:20 21:1",
    "CB2L": "1:8 2:7 3:6 4:26 5:24",
    "WB2L": "1:8 2:7 3:6 4:26 5:24",
    "CBLC5": "3:24 4:26 5:6",
    "WBLC5": "3:24 4:26 5:6",
}
"""`pad:gpio`; pad `t` is a test pad without a number."""

PADS: dict[str, dict[int, str]] = {
    module: {
        int(gpio): "test pad" if pad == "t" else pad
        for pad, _, gpio in (entry.partition(":") for entry in pads.split())
    }
    for module, pads in _PADS.items()
}
"""Pad by GPIO, by module."""

_PREFIXES = (
    ("T34", "bk7231n"), ("T2", "bk7231n"), ("T1", "bk7238"), ("T3", "bk7236"), ("T4", "bk7252n"),
    ("T5", "bk7258"), ("CR", "rtl8720c"), ("C", "bk7231n"), ("X", "xr809"),
)  # fmt: skip

FUNCTIONS = {
    0: "TX2", 1: "RX2", 6: "PWM0", 7: "PWM1", 8: "PWM2", 9: "PWM3", 10: "RX1", 11: "TX1",
    14: "SCK", 15: "CS", 16: "MOSI", 17: "MISO", 20: "TCK/SCL1", 21: "TMS/CSN", 22: "TDI",
    23: "TDO/ADC3", 24: "PWM4", 26: "PWM5", 28: "",
}  # fmt: skip
"""What a GPIO can do besides; P10 and P11 are the flashing UART."""


def chip_of(module: str) -> str:
    """The chip that a module's name stands for; empty for names that are not known."""
    name = module.upper()
    if name.startswith("W"):
        other = {"R": "rtl8720c", "D": "rda5981"}.get(name[2:3])
        return other or "bk7231t"
    return next((chip for prefix, chip in _PREFIXES if name.startswith(prefix)), "")


def pad_of(module: str, gpio: int) -> str:
    """The pad that carries a GPIO on this module; empty where that is not known."""
    return PADS.get(module.upper(), {}).get(gpio, "")
