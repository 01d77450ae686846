"""What the module puts into the air, held against what it says over the connection.

A connected module does not advertise, so the last advert before and the first ones after the
connection are compared.  Source: meter sheet 1; rulings M7; user pain 30.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.bthome.cipher import BindKey
from core.bthome.objects import BATTERY, CURRENT, ENERGY24, POWER, VOLTAGE
from core.bthome.packet import UUIDS, V2, decode, mac_bytes
from core.bthome.reading import State
from core.meter.scale import QUANTITIES, steps
from core.radio.advert import Advert

NAME = "Electricity_meter"
PREFIX = "A4:C1:38:"
BLANK_NOTE = "The module has not read its meter since it started: zeros are not values."

_ENERGY = ("tariff1", "tariff2", "tariff3")
_SINGLE = {POWER: "power", VOLTAGE: "voltage", CURRENT: "current", BATTERY: "battery"}
_FRAMES = ([ENERGY24] * 3, [POWER, VOLTAGE])
DRIFT_KWH = 0.5
"""How far a tariff may grow between two looks at it."""
FACTOR = 3.0
"""Power, voltage and current move; a wrong scale is wrong by ten."""


def readings(advert: Advert, key: bytes | None = None) -> dict[str, float]:
    """The values of one advert by name, in their units; empty for what is no frame of a module
    or cannot be opened with `key`."""
    mac, bind = mac_bytes(advert.address), BindKey(key) if key is not None else None
    found: dict[str, float] = {}
    for uuid, data in advert.service_data.items():
        if UUIDS.get(uuid) != V2:
            continue
        packet = decode(V2, data, mac, bind)
        if packet.state not in (State.PLAIN, State.OPENED):
            continue
        for reading in packet.readings:
            number = reading.number
            if number is None:
                continue
            if reading.id == ENERGY24 and 1 <= reading.instance <= 3:
                found[_ENERGY[reading.instance - 1]] = number
            elif reading.id in _SINGLE:
                found[_SINGLE[reading.id]] = number
    return found


def is_module(advert: Advert) -> bool:
    """Whether an advert looks like one of a meter module: by name, else by its frames and
    address.  The name comes with active scans only."""
    if advert.name.startswith(NAME):
        return True
    if not any(UUIDS.get(uuid) == V2 for uuid in advert.service_data):
        return False
    return advert.address.startswith(PREFIX) and bool(_shape(advert))


def _shape(advert: Advert) -> str:
    for uuid, data in advert.service_data.items():
        if UUIDS.get(uuid) != V2:
            continue
        packet = decode(V2, data)
        if packet.encrypted:
            return "encrypted" if len(data) in (18, 20, 23) else ""
        ids = [number for number in packet.ids if number]
        if any(ids[: len(frame)] == frame for frame in _FRAMES):
            return "plain"
    return ""


def merged(adverts: Iterable[Advert], key: bytes | None = None) -> dict[str, float]:
    """The newest values of several adverts: the two frames of a module come in turn."""
    found: dict[str, float] = {}
    for advert in adverts:
        found |= readings(advert, key)
    return found


def disagreements(
    heard: Mapping[str, float], live: Mapping[str, int], word: int | None
) -> tuple[str, ...]:
    """Sentences about each value whose advert does not fit the connection's."""
    found = []
    for name, raw in live.items():
        if name not in heard:
            continue
        quantity = QUANTITIES[name]
        whole = steps(name, raw, word)
        wraps, rest = divmod(whole, quantity.limit)
        expected, got = rest / quantity.per, heard[name]
        if name in _ENERGY:
            wrapped = got + wraps * quantity.limit / quantity.per
            if wraps and abs(got - expected) <= DRIFT_KWH:
                found.append(
                    f"{quantity.label}: the advert has wrapped, {got:.3f} kWh stand for "
                    f"{wrapped:.3f} kWh."
                )
                continue
            fits = abs(got - expected) <= DRIFT_KWH
        else:
            if wraps:
                found.append(
                    f"{quantity.label}: {whole / quantity.per:g} {quantity.unit} do not fit into "
                    f"the advert, it says {got:g} {quantity.unit}."
                )
                continue
            low, high = sorted((got, expected))
            fits = high <= low * FACTOR or high - low <= 10 * FACTOR / quantity.per
        if not fits:
            found.append(
                f"{quantity.label}: the advert says {got:g} {quantity.unit}, the connection "
                f"{expected:g} {quantity.unit}."
            )
    return tuple(found)


def blank(heard: Mapping[str, float]) -> bool:
    """All zero, battery too: nothing was polled yet (rulings S5)."""
    return bool(heard) and not any(heard.values())
