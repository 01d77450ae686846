"""One advert as the radio gives it; what everything above the radio works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Advert:
    """One received advert.

    `time` is the loop's time in seconds when it was received, `rssi` is in dBm.  `name` is the
    local name, empty where none is known.  `service_data` is keyed by the 128-bit UUID in lower
    case, `manufacturer_data` by the company number.  Names and payloads are hostile data.
    """

    time: float
    address: str
    name: str
    rssi: int
    service_data: Mapping[str, bytes] = field(default_factory=dict)
    manufacturer_data: Mapping[int, bytes] = field(default_factory=dict)
    connectable: bool = True
