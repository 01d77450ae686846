"""Devices whose work is done by a second chip: the line to it, and its data points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.tuya import loose
from core.tuya.schema import parse_schema

USUAL_BAUD = 9600
_FIELDS = (("baud_cfg", "baud"), ("uart_adapt_params", "uart_baud"))


def settings(values: Mapping[str, bytes]) -> tuple[int, list[Any]]:
    """(baud, data points) as a store tells them; 9600 and none where it does not."""
    baud = USUAL_BAUD
    for name, field in _FIELDS:
        told = loose.parse(values.get(name, b"")).fields.get(field)
        if isinstance(told, int) and 300 <= told <= 2_000_000:
            baud = told
            break
    return baud, schema(values)


def schema(values: Mapping[str, bytes]) -> list[Any]:
    """The first list of data points among the values; the device's schema id names it."""
    for name, value in values.items():
        if name.startswith("gw_") or not value.startswith(b"["):
            continue
        points = parse_schema(value)
        if points and all(isinstance(p, Mapping) and "id" in p for p in points):
            return points
    return []
