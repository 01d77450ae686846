"""What the module said, as lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.text import duration

_LEFT = (("tariff1", "T1"), ("tariff2", "T2"), ("tariff3", "T3"))
_RIGHT = (("power", "Power"), ("voltage", "Voltage"), ("current", "Current"))


def lines(facts: Mapping[str, Any], connected: bool) -> list[str]:
    """Up to nine lines of at most 78 letters; the countdown only while `connected`."""
    if not facts:
        return _INTRODUCTION.splitlines()
    meter = f"meter {facts['serial']}" if facts.get("serial") else "meter: no answer yet"
    if facts.get("made"):
        meter += f"  made {facts['made']}"
    if facts.get("battery") is not None:
        meter += f"  its battery {facts['battery']} %"
    address = facts.get("meter_address") or "not set"
    sealed = "encrypted" if facts.get("encrypted") else "not encrypted"
    scale = f"scale {facts['scale']} ({facts['scale_word']})" if facts.get("scale") else "no scale"
    return [
        meter,
        f"{facts.get('mac')}  {facts.get('firmware')}, {facts.get('generation')}",
        f"{facts.get('type_title')}, address {address}",
        f"every {facts.get('period')} min  {sealed}  {scale}",
        "",
        *(_row(facts, left, right) for left, right in zip(_LEFT, _RIGHT, strict=True)),
        f"{facts.get('rssi')} dBm{_countdown(facts) if connected else '   as last read'}",
    ]


def _countdown(facts: Mapping[str, Any]) -> str:
    return f"   the module hangs up in {duration(facts.get('seconds_left'))}"


def _row(facts: Mapping[str, Any], left: tuple[str, str], right: tuple[str, str]) -> str:
    return f"{_cell(facts, *left)}   {_cell(facts, *right)}"


def _cell(facts: Mapping[str, Any], name: str, label: str) -> str:
    values, raw = facts.get("values", {}), facts.get("raw", {})
    if name not in values:
        return f"{label:<8}{'-':>14}{'':14}"
    return f"{label:<8}{values[name]:>14}  raw {raw[name]:<8}"


_INTRODUCTION = """\
Stand near the meter. Press a, type the digits after "ID-" on its display,
Enter: the module is set, read back, and the meter asked.

Release: w takes the whitelist's lock off. It is a pairing: the module lets
only the computer in that it first paired with.
Bound to another computer? g guides through the release at the module."""

SWS = """\
Off the meter and out of the cabinet; 5 V from a power bank.

A wire from SWS (PA7) to GND stays for 10 s. It acts after 6 to 7 s, and not
while the module asks its meter. The module shows nothing.

Then the wire is taken away, and connecting proves that the lock is off."""
